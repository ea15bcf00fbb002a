"""Taps: the door, the visit, and check-in points exactly once a business day."""

from dataclasses import replace

import pytest

from edge.domain.decision import Decision, OpenDoor, PrintSlip
from edge.domain.points import EarnRule
from edge.domain.visits import TapFacts, leave, tap, visit_key
from sync_protocol.accounts import POINTS, POINTS_HELD
from sync_protocol.kinds import CARD, KINDS, MEMBER, VISIT
from sync_protocol.ops import OpRef
from sync_protocol.registers import RegisterRow, fold_write, write_from_body
from tests.edge.domain import facts
from tests.edge.domain.facts import EPOCH, HERE, NODE, TODAY, code_of, moved, row

SAME_TAP_MS = 3000
RULE = EarnRule(4, 1, 5)
CARD_ROW = row(CARD, {"member": facts.MEMBER, "status": "active"})
MEMBER_ROW = row(MEMBER, {"name": "王小明", "number": "SC", "status": "active"})
FACTS = TapFacts(55, MEMBER, CARD_ROW, MEMBER_ROW, None, None, RULE)


def _visit_after(decision: Decision, before: RegisterRow | None) -> RegisterRow:
    op = next(op for op in decision.ops if op.kind == VISIT)
    write = write_from_body(KINDS[VISIT], op.body)
    return fold_write(before, write, 1 << 16, OpRef(NODE, EPOCH, 9, bytes(8)), [])


def test_the_first_tap_opens_the_door_and_earns_points() -> None:
    decision = tap(HERE, FACTS, SAME_TAP_MS)
    assert isinstance(decision, Decision)
    assert OpenDoor() in decision.effects
    assert [effect.slip for effect in decision.effects if isinstance(effect, PrintSlip)] == [
        "check_in"
    ]
    assert moved(decision, POINTS_HELD, (NODE, EPOCH)) == {POINTS: -5}


def test_later_taps_of_the_day_open_the_door_and_earn_nothing() -> None:
    first = tap(HERE, FACTS, SAME_TAP_MS)
    assert isinstance(first, Decision)
    visit = _visit_after(first, None)
    again = tap(HERE, replace(FACTS, visit_row=visit, since_last_tap_ms=60_000), SAME_TAP_MS)
    assert isinstance(again, Decision)
    assert again.effects == (OpenDoor(),)
    assert moved(again, POINTS_HELD, (NODE, EPOCH)) == {}
    assert _visit_after(again, visit).value(5) == 2


@pytest.mark.parametrize("since_ms", [0, 1, SAME_TAP_MS - 1])
def test_the_same_tap_again_does_nothing(since_ms: int) -> None:
    decision = tap(HERE, replace(FACTS, since_last_tap_ms=since_ms), SAME_TAP_MS)
    assert isinstance(decision, Decision)
    assert (decision.ops, decision.effects) == ((), ())


def test_points_of_zero_write_no_ledger_op() -> None:
    decision = tap(HERE, replace(FACTS, rule=EarnRule(1, 1, 0)), SAME_TAP_MS)
    assert isinstance(decision, Decision)
    assert [op.kind for op in decision.ops] == [VISIT]


@pytest.mark.parametrize(
    ("card", "code"),
    [
        (None, "card_unknown"),
        ({"member": 1, "status": "lost"}, "card_lost"),
        ({"member": 1, "status": "void"}, "card_void"),
        ({"member": 1, "status": "suspended"}, "card_suspended"),
        ({"member": 1, "status": "active", "valid_to_day": TODAY - 1}, "card_expired"),
    ],
)
def test_a_card_that_may_not_be_used_opens_nothing(
    card: dict[str, object] | None, code: str
) -> None:
    card_row = row(CARD, card) if card is not None else None
    assert code_of(tap(HERE, replace(FACTS, card_row=card_row), SAME_TAP_MS)) == code


def test_a_member_who_left_or_was_erased_opens_nothing() -> None:
    closed = row(MEMBER, {"status": "closed"})
    assert code_of(tap(HERE, replace(FACTS, member_row=closed), SAME_TAP_MS)) == "member_closed"
    erased = RegisterRow(3, None)
    assert code_of(tap(HERE, replace(FACTS, member_row=erased), SAME_TAP_MS)) == "member_unknown"


def test_leaving_and_coming_back_is_one_visit() -> None:
    first = tap(HERE, FACTS, SAME_TAP_MS)
    assert isinstance(first, Decision)
    here = _visit_after(first, None)
    left = leave(HERE, facts.MEMBER, here)
    assert isinstance(left, Decision)
    gone = _visit_after(left, here)
    assert code_of(leave(HERE, facts.MEMBER, gone)) == "visit_not_open"
    back = tap(HERE, replace(FACTS, visit_row=gone, since_last_tap_ms=None), SAME_TAP_MS)
    assert isinstance(back, Decision)
    assert moved(back, POINTS_HELD, (NODE, EPOCH)) == {}
    assert code_of(leave(HERE, facts.MEMBER, None)) == "visit_not_open"


def test_a_visit_is_named_by_cafe_day_and_member() -> None:
    assert visit_key(3, TODAY, 812) == f"3.{TODAY}.812"
