"""Receipts as documents, as bytes, and read back by the virtual printer's parser."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.drivers.fake.escpos_parser import (
    EscposParser,
    PrintedBarcode,
    PrintedItem,
    PrintedLine,
    PrintedQrCode,
)
from edge.drivers.fake.paper import PrintedReceipt
from edge.drivers.receipt_bytes import Press, render_drawer_kick, render_receipt
from edge.receipt import (
    Align,
    Barcode,
    Feed,
    Line,
    Pair,
    QrCode,
    Receipt,
    Rule,
    Text,
    from_json,
    to_json,
)

texts = st.text(max_size=120)
lines = st.one_of(
    st.builds(Text, texts, st.sampled_from(Align), st.booleans(), st.booleans()),
    st.builds(Pair, texts, texts, st.booleans()),
    st.just(Rule()),
    st.builds(Feed, st.integers(1, 20)),
    st.builds(QrCode, st.text(st.characters(codec="utf-8"), min_size=1, max_size=100)),
    st.builds(
        Barcode,
        st.text(
            st.characters(codec="ascii", min_codepoint=32, max_codepoint=126),
            min_size=1,
            max_size=13,
        ),
    ),
)
receipts = st.builds(Receipt, st.lists(lines, min_size=1, max_size=8).map(tuple), st.booleans())


class Reading:
    """What a printer makes of bytes."""

    def __init__(self, data: bytes, chunk: int = 1 << 16) -> None:
        self.items: list[PrintedItem] = []
        self.cuts = self.kicks = self.asked = 0
        self.parser = EscposParser(self._item, self._cut, self._kick, self._ask)
        for start in range(0, len(data), chunk):
            self.parser.feed(data[start : start + chunk])

    def _item(self, item: PrintedItem) -> bool:
        self.items.append(item)
        return True

    def _cut(self) -> None:
        self.cuts += 1

    def _kick(self) -> None:
        self.kicks += 1

    def _ask(self) -> None:
        self.asked += 1

    @property
    def text(self) -> str:
        return PrintedReceipt(tuple(self.items), 32, 0).text


def render(*content: Line, columns: int = 32) -> bytes:
    return render_receipt(Receipt(content), Press(columns), copy=False)


def test_the_bytes_of_a_line() -> None:
    """Checked against the command reference: reset, Chinese on, style, text, feed, cut."""
    assert render(Text("余额 ¥5", bold=True)) == (
        b"\x1b@\x1c&"  # ESC @, FS &
        b"\x1d!\x00\x1bE\x01\x1ba\x00"  # GS ! single size, ESC E bold, ESC a left
        b"\xd3\xe0\xb6\xee \xa3\xa45\n"  # GB18030; the half-width yen sign as the full-width one
        b"\x1bd\x06\x1dV\x00"  # ESC d 6, GS V full cut
    )


def test_the_bytes_of_a_drawer_kick() -> None:
    assert render_drawer_kick(2) == b"\x1bp\x00\x32\x32"
    assert render_drawer_kick(5) == b"\x1bp\x01\x32\x32"


def test_the_bytes_of_a_barcode() -> None:
    """64 dots high, bars of two dots, its characters beneath; a brace is doubled."""
    measures = b"\x1dh\x40\x1dw\x02\x1dH\x02\x1df\x00"
    assert measures + b"\x1dk\x49\x08{BK-{{77" in render(Barcode("K-{77"))


@pytest.mark.parametrize(
    ("cut", "last"), [("full", b"\x1dV\x00"), ("partial", b"\x1dV\x01"), ("none", b"\x1bd\x06")]
)
def test_a_job_ends_with_the_cut_that_the_printer_has(cut: str, last: bytes) -> None:
    data = render_receipt(Receipt((Text("x"),)), Press(32, cut=cut), copy=False)
    assert data.endswith(last)


@pytest.mark.covers("A432")
def test_a_receipt_kicks_the_drawer_at_its_own_pin() -> None:
    receipt = Receipt((Text("x"),), kick_drawer=True)
    data = render_receipt(receipt, Press(32, drawer_pin=5), copy=False)
    assert render_drawer_kick(5) in data
    assert render_drawer_kick(2) not in data


def test_a_member_cannot_command_the_printer() -> None:
    reading = Reading(render(Text("Bob\x1bp\x0022\x1dV\x00\x10\x04\x01\n\u200b end")))
    assert (reading.cuts, reading.kicks, reading.asked) == (1, 0, 0)
    assert reading.text.startswith("Bob p 22 V")


def test_gbk_prints_a_question_mark_for_what_it_lacks() -> None:
    data = render_receipt(Receipt((Text("坏😀"),)), Press(32, "gbk"), copy=False)
    assert Reading(data).text == "坏?"


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("time was measured as it passed", ["time was measured as", "it passed"]),
        ("measured as it is 20 long", ["measured as it is 20", "long"]),
        ("香辣牛肉面加蛋加肠套餐大份", ["香辣牛肉面加蛋加肠套", "餐大份"]),
        ("黄金会员 500 ml Coca-Cola", ["黄金会员 500 ml", "Coca-Cola"]),
        ("0123456789012345678901234", ["01234567890123456789", "01234"]),
        ("  0123456789012345678901", ["  012345678901234567", "8901"]),
    ],
)
def test_a_word_is_parted_only_where_it_fills_a_row(text: str, rows: list[str]) -> None:
    assert Reading(render(Text(text), columns=20)).text.rstrip("\n").split("\n") == rows


@pytest.mark.parametrize(
    ("left", "right", "rows"),
    [
        ("可乐", "￥3.50", ["可乐" + " " * 22 + "￥3.50"]),
        ("a" * 25, "1.00", ["a" * 25 + "   1.00"]),
        ("a" * 27, "1.00", ["a" * 27 + " 1.00"]),
        ("a" * 28, "1.00", ["a" * 28, " " * 28 + "1.00"]),
        ("长" * 17, "1.00", ["长" * 16, "长" + " " * 26 + "1.00"]),
        ("", "1.00", [" " * 28 + "1.00"]),
    ],
)
def test_a_pair_keeps_its_amount_at_the_right_edge(left: str, right: str, rows: list[str]) -> None:
    assert Reading(render(Pair(left, right))).text.splitlines() == rows


@given(
    receipt=receipts,
    columns=st.sampled_from([32, 48]),
    encoding=st.sampled_from(["gb18030", "gbk"]),
    copy=st.booleans(),
)
def test_nothing_runs_over_the_edge_and_no_command_is_unknown(
    receipt: Receipt, columns: int, encoding: str, *, copy: bool
) -> None:
    reading = Reading(render_receipt(receipt, Press(columns, encoding), copy=copy))
    assert reading.parser.unknown == []
    assert reading.cuts == 1
    assert reading.kicks == (1 if receipt.kick_drawer and not copy else 0)
    for item in reading.items:
        if isinstance(item, PrintedLine):
            cells = sum(1 if len(c.encode("gb18030")) == 1 else 2 for c in item.text)
            assert cells * item.width <= columns
    for printed, wanted in ((PrintedQrCode, QrCode), (PrintedBarcode, Barcode)):
        codes = [item.content for item in reading.items if isinstance(item, printed)]
        assert codes == [line.content for line in receipt.lines if isinstance(line, wanted)]


@settings(max_examples=30)
@given(receipts, st.integers(1, 7))
def test_a_line_that_brings_a_few_bytes_at_a_time_prints_the_same(
    receipt: Receipt, chunk: int
) -> None:
    data = render_receipt(receipt, Press(48), copy=False)
    assert Reading(data, chunk).items == Reading(data).items


@given(receipts)
def test_a_committed_receipt_is_the_receipt_that_was_made(receipt: Receipt) -> None:
    assert from_json(to_json(receipt)) == receipt


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"lines": [], "kick_drawer": false}',
        '{"lines": [["Text", {"colour": "red"}]], "kick_drawer": false}',
        '{"lines": [["Photo", {}]], "kick_drawer": false}',
        '{"lines": [["Feed", {"lines": 99}]], "kick_drawer": false}',
    ],
)
def test_what_is_no_receipt_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_json(text)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Receipt(()),
        lambda: Receipt((Rule(),) * 401),
        lambda: Text("x" * 501),
        lambda: Pair("x", "y" * 501),
        lambda: Feed(0),
        lambda: QrCode(""),
        lambda: QrCode("长" * 200),
        lambda: Barcode("K-00077-00000001"),
        lambda: Barcode("长"),
    ],
    ids=[
        "no lines",
        "many lines",
        "long text",
        "long amount",
        "feed",
        "no code",
        "long code",
        "long barcode",
        "no ASCII",
    ],
)
def test_limits_hold_when_a_receipt_is_made(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"\d"):
        make()
