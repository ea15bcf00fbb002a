"""Cards: terms by the calendar, what may follow on what, deposits, lists that go stale."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.domain.business_day import date_of, day_number
from edge.domain.card_fees import predecessors
from edge.domain.card_life import CHANGES, change_status
from edge.domain.card_types import LAST_DAY_MAX, day_after, last_day
from edge.domain.decision import Decision
from edge.domain.lost_cards import HOUR_MS, LostListRule, list_age_ms, lost_list_refusal
from edge.domain.refusals import Refusal
from sync_protocol.kinds import CARD, CARD_STATUS, field_index
from sync_protocol.registers import RegisterRow
from tests.edge.domain.facts import HERE, check, code_of

DAYS = st.dates(date(2000, 1, 1), date(2400, 1, 1)).map(day_number)
SEEN = [1, 1, 1, bytes(8)]
"""The reference of the op that the cards' fields come from."""


@pytest.mark.parametrize(
    ("first", "days", "last"),
    [
        (20270301, 365, 20280229),
        (20280229, 365, 20290228),
        (20261106, 365, 20271105),
        (20261106, 730, 20281105),
        (20270101, 30, 20270130),
        (20270101, 1, 20270101),
        (20270101, 0, 0),
        (29980101, 36_500, LAST_DAY_MAX),
    ],
)
def test_a_term_by_the_calendar(first: int, days: int, last: int) -> None:
    assert last_day(first, days) == last


@given(DAYS, st.integers(1, 36_500))
def test_a_term_is_never_shorter_than_it_says(first: int, days: int) -> None:
    end = last_day(first, days)
    start, ended, again = date_of(first), date_of(end), date_of(day_after(end))
    assert start is not None
    assert ended is not None
    assert again == ended + timedelta(days=1)
    # a year of the calendar may have a day more
    assert days - 1 <= (ended - start).days <= days + days // 365


def _card(status: str) -> RegisterRow:
    assert field_index(CARD, "status") == 1
    return RegisterRow(1, [[5, 1, SEEN], [status, 1, SEEN]])


@given(st.sampled_from(CARD_STATUS), st.lists(st.sampled_from(sorted(CHANGES)), max_size=8))
def test_a_void_card_never_comes_back(status: str, commands: list[str]) -> None:
    for command in commands:
        outcome = change_status(HERE, 7, _card(status), command)
        if isinstance(outcome, Refusal):
            assert outcome.code == f"card_is_{status}"
            continue
        for op in outcome.ops:
            check(op)
        assert status != "void"
        status = str(outcome.values["status"])


def test_a_card_of_nobody_and_an_unknown_one_are_refused() -> None:
    assert code_of(change_status(HERE, 7, None, "void_card")) == "card_unknown"
    blank = RegisterRow(1, [[0, 1, SEEN], ["active", 1, SEEN]])
    assert code_of(change_status(HERE, 7, blank, "void_card")) == "card_blank"
    assert isinstance(change_status(HERE, 7, _card("active"), "void_card"), Decision)


def test_the_deposits_of_all_that_a_card_replaced_are_its_own() -> None:
    replaced_by = {1: 2, 2: 3, 8: 3, 9: 10}
    assert set(predecessors(3, replaced_by)) == {3, 2, 8, 1}
    assert predecessors(10, {9: 10, 10: 9}) == (10, 9)


@pytest.mark.parametrize(
    ("age_hours", "amount_fen", "code"),
    [(0, 10_000, ""), (24, 10_000, ""), (25, 5_000, ""), (25, 5_001, "lost_list_stale")],
)
def test_a_stale_list_keeps_debits_small(age_hours: int, amount_fen: int, code: str) -> None:
    refusal = lost_list_refusal(LostListRule(24, 5_000), age_hours * HOUR_MS, amount_fen)
    assert (refusal.code if refusal is not None else "") == code


def test_the_age_of_the_list() -> None:
    assert list_age_ms(5000, 1000, cut_off=True) == 4000
    assert list_age_ms(5000, 1000, cut_off=False) == 0
    assert list_age_ms(5000, 9000, cut_off=True) == 0
    assert list_age_ms(5000, 0, cut_off=True) == 0
    assert lost_list_refusal(LostListRule(0, 0), 1 << 50, 1) is None
