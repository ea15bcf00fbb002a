"""Typed amounts: whole fen within limits, or a refusal with its code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.domain.amounts import (
    AMOUNT_LIMIT_FEN,
    QUANTITY_LIMIT,
    check_amount,
    check_quantity,
    fen_of_yuan,
)
from edge.domain.refusals import Refusal
from tests.edge.domain.facts import code_of


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        (-1, "amount_negative"),
        (0, "amount_zero"),
        (1.5, "amount_fractional"),
        (float("nan"), "amount_fractional"),
        (float("inf"), "amount_fractional"),
        (AMOUNT_LIMIT_FEN + 1, "amount_too_large"),
        (10**40, "amount_too_large"),
        ("9" * 30, "amount_too_large"),
        ("-5", "amount_negative"),
        ("2.5", "amount_fractional"),
        ("ten", "amount_not_a_number"),
        ("1e3", "amount_not_a_number"),
        (None, "amount_missing"),
        ("", "amount_missing"),
        (True, "amount_not_a_number"),
        ([5], "amount_not_a_number"),
    ],
)
def test_what_is_no_amount_is_refused(typed: object, code: str) -> None:
    assert code_of(check_amount(typed)) == code


@pytest.mark.parametrize(
    ("typed", "fen"),
    [("20", 2000), ("20.5", 2050), ("¥20.50", 2050), ("1,200", 120_000), (".5", 50), (7, 700)],
)
def test_yuan_as_people_type_them(typed: object, fen: int) -> None:
    assert fen_of_yuan(typed) == fen


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("0.001", "amount_fractional"),
        ("-3", "amount_negative"),
        ("0", "amount_zero"),
        ("99999999", "amount_too_large"),
        ("9" * 40, "amount_too_large"),
        ("三十", "amount_not_a_number"),
        ("12,5", "amount_not_a_number"),
        ("1,20", "amount_not_a_number"),
        (2.5, "amount_fractional"),
    ],
)
def test_yuan_that_are_none(typed: object, code: str) -> None:
    assert code_of(fen_of_yuan(typed)) == code


@given(st.integers(1, AMOUNT_LIMIT_FEN))
def test_fen_and_yuan_agree(fen: int) -> None:
    assert check_amount(fen) == fen
    assert check_amount(str(fen)) == fen
    assert fen_of_yuan(f"{fen // 100}.{fen % 100:02d}") == fen


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.booleans()))
def test_nothing_typed_raises(typed: object) -> None:
    for read in (check_amount, fen_of_yuan):
        result = read(typed)
        assert isinstance(result, Refusal) or 1 <= result <= AMOUNT_LIMIT_FEN


@pytest.mark.parametrize("typed", [0, -1, 1.0, "x", "", True, QUANTITY_LIMIT + 1, "1.5"])
def test_what_is_no_quantity_is_refused(typed: object) -> None:
    assert code_of(check_quantity(typed)) == "quantity_invalid"
