"""Awards: points and gifts that are no purchase's: checking in, events, birthdays, steps, by hand.

What is given once is written down as a document whose key says so, before anything is handed over:
a check-in is the visit of the day, an entry or a gift a document of kind PASS. By hand, points are
given or taken only with a reason and a second person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    NewOp,
    PrintSlip,
    document_change,
    plain,
    read_int,
    transaction,
)
from edge.domain.parts import lowered, take, total
from edge.domain.points import (
    EarnedToday,
    EarnRule,
    PointsFacts,
    points_earned,
    points_spent,
    within_cap,
)
from edge.domain.products import Product
from edge.domain.redemptions import gift_given, goods_given
from edge.domain.refusals import Refusal, refuse
from edge.domain.tiers import Tier
from edge.domain.visits import visit_key
from sync_protocol.accounts import POINTS, POINTS_ISSUED
from sync_protocol.kinds import MEMBER, PASS, VISIT
from sync_protocol.ledger import (
    REASON_POINTS,
    REASON_POINTS_ADJUSTMENT,
    REASON_REDEMPTION,
)
from sync_protocol.registers import RegisterRow

AWARD, DEDUCT = "award", "deduct"
ADJUSTMENT_MAX = 100_000
"""Points at once: above what a member collects in years, below what a slipped key costs."""
ENTRY_FORM = "event"


def adjust_points(
    here: Here, facts: PointsFacts, form: str, points: int, reason: str, approver: int
) -> Judgement:
    """Give points by hand, or take them: a correction or a thank-you, with a second person."""
    if form not in (AWARD, DEDUCT):
        return refuse("field_invalid", field="form")
    if points > ADJUSTMENT_MAX:
        return refuse("quantity_invalid", limit=ADJUSTMENT_MAX)
    if form == AWARD:
        postings = points_earned(here, facts.member, points, facts.rule)
    else:
        if here.spending_stopped:
            return refuse("spending_stopped")
        if points > total(facts.parts):
            code = "points_elsewhere" if points <= facts.has else "points_too_few"
            return refuse(code, points=points, held=total(facts.parts))
        issued = plain(POINTS_ISSUED, facts.member, POINTS, -points)
        postings = (*lowered(here, take(facts.parts, points)), issued)
    version = facts.rule.version
    op = transaction(here, REASON_POINTS_ADJUSTMENT, postings, rule_version=version)
    signed = points if form == AWARD else -points
    slip = {"name": facts.name, "points": signed, "reason": reason}
    values = {"member": facts.member, "points": signed, "approver": approver}
    return Decision((op,), (PrintSlip("points_adjustment", slip),), values)


def check_in(
    here: Here,
    member: int,
    visit: RegisterRow | None,
    rule: EarnRule,
    today: EarnedToday,
) -> Judgement:
    """Sign in at the counter: points once for each cafe and business day; the door stays shut."""
    if not rule.check_in:
        return refuse("check_in_not_offered")
    if read_int(VISIT, visit, "checked_in_ms"):
        return refuse("checked_in_before")
    values: dict[str, object] = {"checked_in_ms": here.now_ms}
    if visit is None:
        values |= {"member": member, "entered_ms": here.now_ms, "business_day": here.business_day}
        values["taps"] = 0
    key = visit_key(here.cafe, here.business_day, member)
    points = within_cap(rule, rule.check_in, today)
    ops = [document_change(here, VISIT, key, visit, values)]
    if points:
        postings = points_earned(here, member, points, rule)
        ops.insert(0, transaction(here, REASON_POINTS, postings, rule_version=rule.version))
    return Decision(tuple(ops), values={"member": member, "points": points})


@dataclass(frozen=True, slots=True)
class Event:
    """An event that members may join: its entry in points, and the points that it gives."""

    code: str
    name: tuple[str, str]
    entry_points: int
    points: int


def event_of(row: Mapping[str, Any]) -> Event:
    """The event of its row of the rule `events`."""
    name = row["name"] or row["code"]
    code, entry, points = row["code"], row["entry_points"], row["points"]
    return Event(code, (name, row["name_en"] or name), entry, points)


def entry_key(member: int, event: str) -> str:
    """The key of the document that says who joined an event."""
    return f"event.{member}.{event}"


def join_event(here: Here, facts: PointsFacts, event: Event, joined: bool) -> Judgement:
    """Enter a member for an event, once: its entry is paid in points, its award is given."""
    if joined:
        return refuse("event_joined_before")
    member, rule = facts.member, facts.rule
    values = {
        "member": member,
        "code": event.code,
        "form": ENTRY_FORM,
        "sold_cafe": here.cafe,
        "from_day": here.business_day,
        "status": "active",
    }
    ops = [document_change(here, PASS, entry_key(member, event.code), None, values)]
    if event.points:
        earned = points_earned(here, member, event.points, rule)
        ops.insert(0, transaction(here, REASON_POINTS, earned, rule_version=rule.version))
    if event.entry_points:
        taken = points_spent(here, member, event.entry_points, facts.parts, facts.has)
        if isinstance(taken, Refusal):
            return taken
        ops.insert(0, transaction(here, REASON_REDEMPTION, taken))
    points = event.points - event.entry_points
    slip = {"name": facts.name, "event": event.name, "points": points}
    answer = {"member": member, "event": event.code, "points": points}
    return Decision(tuple(ops), (PrintSlip("event_entry", slip),), answer)


@dataclass(frozen=True, slots=True)
class DueGift:
    """A gift that a member may have now: why, and what, a sku or words."""

    code: str
    reason: tuple[str, str]
    what: str


def due_gifts(
    here: Here, row: RegisterRow | None, tier: Tier | None, birthday_gift: str
) -> tuple[DueGift, ...]:
    """The birthday's gift in its month, and the gift of the step that the member stands on."""
    found = []
    birth, today = read_int(MEMBER, row, "birth_date"), here.business_day
    if birthday_gift and birth and birth // 100 % 100 == today // 100 % 100:
        reason = ("生日礼品", "birthday gift")
        found.append(DueGift(f"birthday-{today // 10000}", reason, birthday_gift))
    if tier is not None and tier.gift:
        since = read_int(MEMBER, row, "tier_since_day")
        reason = (f"晋级{tier.name[0]}", f"reached {tier.name[1]}")
        found.append(DueGift(f"tier-{tier.code}-{since}", reason, tier.gift))
    return tuple(found)


def give_gift(
    here: Here, member: int, name: str, gift: DueGift, given: bool, product: Product | None
) -> Judgement:
    """Hand a gift over, once; a counted product leaves the stock."""
    if given:
        return refuse("gift_given_before")
    ops: list[NewOp] = [gift_given(here, member, gift.code)]
    postings = goods_given(here, product)
    if postings:
        ops.insert(0, transaction(here, REASON_REDEMPTION, postings))
    what = (product.name, product.name_en or product.name) if product else (gift.what, gift.what)
    facts = {"name": name, "reason": gift.reason, "what": what}
    values = {"member": member, "gift": gift.code, "what": what[0]}
    return Decision(tuple(ops), (PrintSlip("gift", facts),), values)
