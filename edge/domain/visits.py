"""Visits: a tap opens the door and the visit, and earns the day's check-in points exactly once.

A member has one visit document per cafe and business day, with the key `visit_key`. Whether the
check-in points of the day were given is thus one look-up, and two taps at the same moment cannot
give them twice. Check-in points are per cafe: a cafe without a line cannot know of another's.
"""

from dataclasses import dataclass

from edge.domain.cards import card_refusal
from edge.domain.decision import (
    Decision,
    Effect,
    Here,
    Judgement,
    OpenDoor,
    PrintSlip,
    document_change,
    read_int,
    read_text,
    transaction,
)
from edge.domain.members import member_refusal
from edge.domain.points import (
    EARNED_NOTHING,
    EarnedToday,
    EarnRule,
    points_earned,
    within_cap,
)
from edge.domain.refusals import refuse
from sync_protocol.kinds import MEMBER, VISIT
from sync_protocol.ledger import REASON_POINTS
from sync_protocol.registers import RegisterRow


@dataclass(frozen=True, slots=True)
class TapFacts:
    """What is known of a tapped card. `since_last_tap_ms` is None for the card's first tap.

    `member` is whose card it is: of merged members the one that they were merged into.
    """

    card: int
    member: int
    card_row: RegisterRow | None
    member_row: RegisterRow | None
    visit_row: RegisterRow | None
    since_last_tap_ms: int | None
    rule: EarnRule
    today: EarnedToday = EARNED_NOTHING


def visit_key(cafe: int, business_day: int, member: int) -> str:
    """The key of a member's visit to a cafe on a business day."""
    return f"{cafe}.{business_day}.{member}"


def tap(here: Here, facts: TapFacts, same_tap_ms: int) -> Judgement:
    """A card on the entry reader. No ops and no effects mean: the same tap once more."""
    refusal = card_refusal(facts.card_row, here.business_day) or member_refusal(facts.member_row)
    if refusal is not None:
        return refusal
    member = facts.member
    since = facts.since_last_tap_ms
    if since is not None and 0 <= since < same_tap_ms:
        return Decision(values={"member": member, "points": 0, "card": facts.card})
    taps = read_int(VISIT, facts.visit_row, "taps")
    first = taps == 0  # who only checked in has not tapped
    values: dict[str, object] = {"taps": taps + 1}
    if facts.visit_row is None:
        values |= {"member": member, "entered_ms": here.now_ms, "business_day": here.business_day}
    if first or read_int(VISIT, facts.visit_row, "card") != facts.card:
        values["card"] = facts.card
    if read_int(VISIT, facts.visit_row, "left_ms"):
        values |= {"left_ms": 0, "entered_ms": here.now_ms}
    key = visit_key(here.cafe, here.business_day, member)
    ops = [document_change(here, VISIT, key, facts.visit_row, values)]
    effects: list[Effect] = [OpenDoor()]
    points = within_cap(facts.rule, facts.rule.per_visit, facts.today) if first else 0
    if points:
        postings = points_earned(here, member, points, facts.rule)
        version = facts.rule.version
        ops.insert(0, transaction(here, REASON_POINTS, postings, rule_version=version))
    if first:
        name = read_text(MEMBER, facts.member_row, "name")
        number = read_text(MEMBER, facts.member_row, "number")
        effects.append(PrintSlip("check_in", {"name": name, "number": number, "points": points}))
    answers = {"member": member, "points": points, "card": facts.card}
    return Decision(tuple(ops), tuple(effects), answers)


def leave(here: Here, member: int, visit_row: RegisterRow | None) -> Judgement:
    """The member left; another tap the same day opens the same visit again."""
    if visit_row is None or read_int(VISIT, visit_row, "left_ms"):
        return refuse("visit_not_open")
    key = visit_key(here.cafe, here.business_day, member)
    op = document_change(here, VISIT, key, visit_row, {"left_ms": here.now_ms})
    return Decision((op,), values={"member": member})
