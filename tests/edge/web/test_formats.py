"""Money, ids and times as pages write them."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.desk.facts import chain_code
from edge.web import formats
from sync_protocol.ops import OpRef

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("amount_fen", "text"),
    [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (123456789, "1,234,567.89"), (-100, "-1.00")],
)
def test_money_has_two_decimals_and_its_sign(amount_fen: int, text: str) -> None:
    assert formats.money(amount_fen) == text


@pytest.mark.parametrize(
    ("span_ms", "text"),
    [(0, "+0 ms"), (-999, "-999 ms"), (3_999, "+3 s"), (1_795_286_649_772, "+20,778 d")],
)
def test_a_span_is_in_its_largest_unit(span_ms: int, text: str) -> None:
    assert formats.signed_span(span_ms) == text


@given(st.integers(-(2**53), 2**53))
def test_money_reads_back_exactly(amount_fen: int) -> None:
    digits = formats.money(amount_fen).replace(",", "").replace(".", "")
    assert int(digits) == amount_fen


@given(st.integers(0, 2**53))
def test_short_ids_read_back_and_hold_no_letter_that_is_misheard(value: int) -> None:
    text = formats.short_id(value).replace("-", "")
    assert not set(text) & set("ILOU")
    read = 0
    for character in text:
        read = read * 32 + formats.CROCKFORD.index(character)
    assert read == value


def test_times_are_local_and_the_hover_has_the_offset() -> None:
    wall_ms = 1_772_323_199_123
    assert formats.clock(wall_ms, SHANGHAI) == "07:59"
    assert formats.day_and_clock(wall_ms, SHANGHAI) == "03-01 07:59"
    assert formats.full_stamp(wall_ms, SHANGHAI) == "2026-03-01T07:59:59.123+08:00"
    assert formats.iso_utc(wall_ms) == "2026-02-28T23:59:59.123+00:00"


@pytest.mark.parametrize(
    ("name", "letters"),
    [("王小明", "小明"), ("Zhang Wei", "ZW"), ("Ada", "AD"), ("", "?"), ("欧阳", "欧阳")],
)
def test_initials_stand_for_a_photo(name: str, letters: str) -> None:
    assert formats.initials(name) == letters


def test_no_day_is_a_dash() -> None:
    assert formats.day(20270301) == "2027-03-01"
    assert formats.day(0) == "–"


@given(st.binary(min_size=32, max_size=32))
def test_counter_and_head_office_name_an_op_alike(op_hash: bytes) -> None:
    reference = OpRef(3, 1, 52, op_hash[:8])
    assert formats.chain_code(3, 1, 52, op_hash) == chain_code(reference)
