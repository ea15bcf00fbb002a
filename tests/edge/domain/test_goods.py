"""Stock, assets and transfers: what is sent is received or missing, and nothing is twice."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.domain.assets import (
    AssetApplication,
    asset_issue,
    asset_receipt,
    asset_receipt_cancel,
    asset_return,
    check_tag,
    check_tags,
)
from edge.domain.decision import Decision, Here
from edge.domain.products import Product
from edge.domain.stock import LINES_MAX, check_lines, goods_issue, goods_receipt
from edge.domain.transfers import (
    Addressee,
    DispatchFacts,
    Load,
    ReceiptFacts,
    dispatch,
    receive,
)
from sync_protocol.accounts import (
    ASSET_IN_STOCK,
    ASSET_SOURCE,
    ASSET_UNIT,
    ASSET_WRITTEN_OFF,
    ITEM,
    STOCK,
    STOCK_LOST,
    STOCK_RECEIVED,
    STOCK_USED,
    TRANSIT,
)
from sync_protocol.kinds import CAFE_TRANSACTION, TRANSFER
from tests.edge.domain.facts import (
    CAFE,
    EPOCH,
    HERE,
    NODE,
    NOW_MS,
    OTHER_CAFE,
    OTHER_NODE,
    TODAY,
    check,
    code_of,
    moved,
    row,
)

OWN, THEIRS = (NODE, EPOCH), (OTHER_NODE, 1)
HOME, EAST = ("本店", "Home"), ("东门店", "East Gate")
SKUS = [f"SKU{number}" for number in range(6)]
PRODUCTS = {sku: Product(sku, sku, "", 100, 0, True, 100, True) for sku in SKUS}
TAGS = ["PC-1", "PC-2", "PC-3"]
THERE = Addressee(OTHER_CAFE, EAST, THEIRS)

loads = st.builds(
    lambda lines, tags: Load(tuple(lines.items()), tuple(tags)),
    st.dictionaries(st.sampled_from(SKUS), st.integers(1, 999), min_size=1),
    st.lists(st.sampled_from(TAGS), unique=True),
)


def _facts(load: Load) -> DispatchFacts:
    return DispatchFacts(PRODUCTS, {}, load.tags, (), HOME)


def test_a_goods_receipt_and_issue() -> None:
    lines = (("SKU1", 10),)
    received = goods_receipt(HERE, 5, lines, PRODUCTS)
    assert moved(received, STOCK) == {"item:SKU1": 10}
    assert moved(received, STOCK_RECEIVED) == {"item:SKU1": -10}
    issued = goods_issue(HERE, 6, lines, "used", PRODUCTS, {"SKU1": 4})
    assert moved(issued, STOCK_USED) == {"item:SKU1": 10}
    assert isinstance(issued, Decision)
    assert issued.values["below_zero"] == ["SKU1"]
    assert [op.kind for op in issued.ops] == [CAFE_TRANSACTION]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([("A", 0)], "quantity_invalid"),
        ([("A", -1)], "quantity_invalid"),
        ([("A", 1.5)], "quantity_invalid"),
        ([("A", 1), ("A", 2)], "line_repeated"),
        ([(str(n), 1) for n in range(LINES_MAX + 1)], "lines_too_many"),
    ],
)
def test_faulty_lines_are_refused(lines: list[tuple[str, object]], code: str) -> None:
    assert code_of(check_lines(lines)) == code


def test_only_counted_products_are_moved() -> None:
    free = Product("WIFI", "网络", "Net", 0, 0, False, 100, True)
    assert code_of(goods_receipt(HERE, 5, (("X", 1),), PRODUCTS)) == "product_unknown"
    assert code_of(goods_receipt(HERE, 5, (("WIFI", 1),), {"WIFI": free})) == "product_not_counted"
    assert code_of(goods_receipt(HERE, 5, (), PRODUCTS)) == "lines_missing"
    assert code_of(goods_issue(HERE, 5, (("SKU1", 1),), "x", PRODUCTS, {})) == "field_invalid"


@pytest.mark.parametrize("tag", ["", "a b", "x" * 33, "电脑", "a:b"])
def test_what_is_no_tag_is_refused(tag: str) -> None:
    assert code_of(check_tag(tag)) == "asset_tag_invalid"


def test_tags_of_a_text() -> None:
    assert check_tags(" pc-1, PC-2、pc-3 ") == ("PC-1", "PC-2", "PC-3")
    assert code_of(check_tags("pc-1 PC-1")) == "line_repeated"


def test_an_asset_comes_is_issued_and_comes_back() -> None:
    unit = ASSET_UNIT + "PC-1"
    asset = AssetApplication("PC-1", "主机", "PC", "S1")
    received = asset_receipt(HERE, 99, asset, claimed=False)
    assert moved(received, ASSET_IN_STOCK, OWN) == {unit: 1}
    assert code_of(asset_receipt(HERE, 99, asset, claimed=True)) == "asset_tag_taken"
    issued = asset_issue(HERE, "PC-1", 1, 99)
    assert moved(issued, ASSET_IN_STOCK, OWN) == {unit: -1}
    assert code_of(asset_issue(HERE, "PC-1", 0, 99)) == "asset_not_here"
    back = asset_return(HERE, "PC-1", 1)
    assert moved(back, ASSET_IN_STOCK, OWN) == {unit: 1}
    assert code_of(asset_return(HERE, "PC-1", 0)) == "asset_not_here"
    for decision in (received, issued, back):
        assert isinstance(decision, Decision)
        for op in decision.ops:
            check(op)


@given(loads)
def test_what_is_sent_stands_in_transit_for_the_addressee(load: Load) -> None:
    decision = dispatch(HERE, 700, THERE, load, _facts(load))
    sent = {str(unit): quantity for unit, quantity in load.units()}
    assert moved(decision, TRANSIT, THEIRS) == sent
    assert moved(decision, STOCK) == {ITEM + sku: -count for sku, count in load.lines}


def test_a_dispatch_that_cannot_be_is_refused() -> None:
    load = Load((("SKU1", 1),), ("PC-1",))
    assert code_of(dispatch(HERE, 7, Addressee(CAFE, HOME, OWN), load, _facts(load))) == "cafe_own"
    no_box = Addressee(OTHER_CAFE, EAST, None)
    assert code_of(dispatch(HERE, 7, no_box, load, _facts(load))) == "cafe_without_box"
    nothing = DispatchFacts(PRODUCTS, {}, (), (), HOME)
    assert code_of(dispatch(HERE, 7, THERE, load, nothing)) == "asset_not_here"
    assert code_of(dispatch(HERE, 7, THERE, Load((), ()), nothing)) == "lines_missing"
    many = Load(tuple((f"S{n}", 1) for n in range(LINES_MAX)), ("PC-1",))
    assert code_of(dispatch(HERE, 7, THERE, many, nothing)) == "lines_too_many"


def _arriving(load: Load, **changes: object) -> ReceiptFacts:
    fields: dict[str, object] = {
        "from_cafe": OTHER_CAFE,
        "to_cafe": CAFE,
        "lines": load.units(),
        "status": "dispatched",
    }
    in_transit = {str(unit): int(str(quantity)) for unit, quantity in load.units()}
    document = row(TRANSFER, {**fields, **changes}, cafe=OTHER_CAFE)
    return ReceiptFacts(700, document, HOME, EAST, in_transit, PRODUCTS)


@given(loads, st.data())
def test_what_arrives_and_what_is_missing_is_what_was_sent(load: Load, data: st.DataObject) -> None:
    arrived = {sku: data.draw(st.integers(0, sent)) for sku, sent in load.lines}
    tags = tuple(data.draw(st.lists(st.sampled_from(load.tags), unique=True)) if load.tags else ())
    got = Load(tuple((sku, count) for sku, count in arrived.items() if count), tags)
    decision = receive(HERE, _arriving(load), got)
    sent = {str(unit): quantity for unit, quantity in load.units()}
    assert moved(decision, TRANSIT, OWN) == {unit: -quantity for unit, quantity in sent.items()}
    stock, lost = moved(decision, STOCK), moved(decision, STOCK_LOST)
    for sku, count in load.lines:
        assert stock.get(ITEM + sku, 0) == arrived[sku]
        assert stock.get(ITEM + sku, 0) + lost.get(ITEM + sku, 0) == count
    here, gone = moved(decision, ASSET_IN_STOCK, OWN), moved(decision, ASSET_WRITTEN_OFF, OWN)
    assert set(here) == {ASSET_UNIT + tag for tag in tags}
    assert set(here) | set(gone) == {ASSET_UNIT + tag for tag in load.tags}
    assert isinstance(decision, Decision)
    short = any(arrived[sku] < count for sku, count in load.lines) or len(tags) < len(load.tags)
    assert decision.values["status"] == ("short" if short else "received")
    for op in decision.ops:
        check(op)


def test_a_receipt_that_cannot_be_is_refused() -> None:
    load = Load((("SKU1", 3),), ())
    facts = _arriving(load)
    assert code_of(receive(HERE, facts, Load((("SKU1", 4),), ()))) == "transfer_surplus"
    assert code_of(receive(HERE, facts, Load((("SKU2", 1),), ()))) == "transfer_line_unknown"
    assert code_of(receive(HERE, _arriving(load, to_cafe=9), load)) == "transfer_not_ours"
    assert code_of(receive(HERE, _arriving(load, status="received"), load)) == "transfer_received"
    gone = ReceiptFacts(700, facts.row, HOME, EAST, {}, PRODUCTS)
    assert code_of(receive(HERE, gone, load)) == "transfer_held_elsewhere"
    half = replace(facts, elsewhere=True)
    assert code_of(receive(HERE, half, load)) == "transfer_held_elsewhere", "the rest would be lost"
    unknown = ReceiptFacts(700, None, HOME, EAST, {}, PRODUCTS)
    assert code_of(receive(HERE, unknown, load)) == "transfer_unknown"


def test_another_incarnation_of_the_addressee_cannot_take_it() -> None:
    """Only the holder lowers transit: the postings name this node's own part."""
    load = Load((("SKU1", 3),), ())
    newer = Here(CAFE, NODE, EPOCH + 1, NOW_MS, TODAY, 480)
    decision = receive(newer, _arriving(load), load)
    assert isinstance(decision, Decision)
    postings = decision.ops[0].body[7]
    assert isinstance(postings, list)
    holders = {(posting[2], posting[3]) for posting in postings if posting[0] == TRANSIT}
    assert holders == {(NODE, EPOCH + 1)}


def test_a_receipt_is_undone_only_where_the_tag_belongs_to_another_cafe() -> None:
    undone = asset_receipt_cancel(HERE, "PC-1", 1, 1, ours=False)
    unit = ASSET_UNIT + "PC-1"
    assert moved(undone, ASSET_IN_STOCK, OWN) == {unit: -1}
    assert moved(undone, ASSET_SOURCE, OWN) == {unit: 1}
    assert code_of(asset_receipt_cancel(HERE, "PC-1", 1, 1, ours=True)) == "asset_is_ours"
    for in_stock, received in ((0, 1), (1, 0)):
        refused = asset_receipt_cancel(HERE, "PC-1", in_stock, received, ours=False)
        assert code_of(refused) == "asset_not_here"
