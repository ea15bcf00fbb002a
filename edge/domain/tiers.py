"""Tiers: the ladder of the rule `tiers`, who stands where, and when somebody goes up or down.

The ladder goes up row by row. A step is reached by points earned (redeemed ones count, expired ones
do not) or by what was bought, whichever the row names; one without a threshold is bought. A step
holds for its row's days from the day of the upgrade; on the day after, the same thresholds say
whether it is renewed for as long again, or where the member stands instead.

What lapses (points that expire) takes nobody down before that day. What is undone does: where a
refund, a cancelled top-up, a cash-out or a correction takes back what had reached the step, the
member stands again where they stood before it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from edge.domain.business_day import date_of, day_number
from edge.domain.decision import Here, NewOp, document_change, read_int, read_text
from sync_protocol.kinds import MEMBER
from sync_protocol.registers import RegisterRow

DAYS_MAX = 36_500
"""Of a step: a rule's number may be larger than the calendar."""


@dataclass(frozen=True, slots=True)
class Tier:
    """One step. `valid_days` 0: it holds for ever. `name` in (Chinese, English)."""

    code: str
    name: tuple[str, str]
    threshold_points: int
    threshold_fen: int
    discount_percent: int
    points_percent: int
    fee_fen: int
    valid_days: int
    booking: bool
    for_others: bool
    gift: str

    def reached(self, grown: "Grown") -> bool:
        """Whether somebody has earned or bought enough for this step."""
        by_points = 0 < self.threshold_points <= grown.points
        return by_points or 0 < self.threshold_fen <= grown.spent_fen


@dataclass(frozen=True, slots=True)
class Grown:
    """What counts for a step: points earned and not expired, fen spent, in the whole chain."""

    points: int
    spent_fen: int


Ladder = Sequence[Tier]


def ladder_of(rows: Iterable[Mapping[str, Any]]) -> tuple[Tier, ...]:
    """The steps of the rule's rows, the lowest first."""
    return tuple(
        Tier(
            row["code"],
            (row["name"] or row["code"], row["name_en"] or row["name"] or row["code"]),
            row["threshold_points"],
            row["threshold_fen"],
            row["discount_percent"],
            row["points_percent"],
            row["fee_fen"],
            row["valid_days"],
            row["booking"],
            row["for_others"],
            row["gift"],
        )
        for row in rows
    )


def tier_named(ladder: Ladder, code: str) -> Tier | None:
    """The step of a code."""
    return next((tier for tier in ladder if tier.code == code), None)


def tier_in_force(ladder: Ladder, row: RegisterRow | None, business_day: int) -> Tier | None:
    """The step that a member stands on today; one that has run out is none."""
    until = read_int(MEMBER, row, "tier_until_day")
    if until and until < business_day:
        return None
    return tier_named(ladder, read_text(MEMBER, row, "tier"))


def tier_due(
    ladder: Ladder, row: RegisterRow | None, grown: Grown, business_day: int
) -> Tier | None:
    """The step where a member belongs now: never below the one that is still in force."""
    reached = [step for step, tier in enumerate(ladder) if tier.reached(grown)]
    held = tier_in_force(ladder, row, business_day)
    if held is not None:
        reached.append(ladder.index(held))
    return ladder[max(reached)] if reached else None


def settled(
    here: Here, member: int, row: RegisterRow | None, ladder: Ladder, grown: Grown, salt: bytes
) -> NewOp | None:
    """The change of the member's register that puts them where they belong; None: they are."""
    due = tier_due(ladder, row, grown, here.business_day)
    if due == tier_in_force(ladder, row, here.business_day):
        return (
            None
            if due is not None or not read_text(MEMBER, row, "tier")
            else tier_change(here, member, row, None, salt)
        )
    return tier_change(here, member, row, due, salt)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a member stands, or stood: a step's code, empty for none, and its days."""

    tier: str = ""
    since_day: int = 0
    until_day: int = 0


def is_undone(step: Tier, before: Grown, after: Grown) -> bool:
    """Whether what had reached a step is taken back; one that is for sale may have been bought."""
    return not step.fee_fen and step.reached(before) and not step.reached(after)


def standing_after(
    here: Here,
    ladder: Ladder,
    standings: Iterable[Standing],
    before: Grown,
    after: Grown,
) -> Standing | None:
    """Where a member stands once something was undone; None: where they do now.

    `standings` are the present one and those before it, the latest first; where they are not all
    known and none that is known still counts, the member keeps the present one.
    """
    for number, standing in enumerate(standings):
        step = tier_named(ladder, standing.tier)
        over = 0 < standing.until_day < here.business_day
        if step is not None and not over and is_undone(step, before, after):
            continue
        if number == 0:
            return None
        reached = [one for one in ladder if one.reached(after)]
        held = step if not over else None
        if reached and (held is None or ladder.index(held) < ladder.index(reached[-1])):
            until_day = last_day(here.business_day, reached[-1].valid_days)
            return Standing(reached[-1].code, here.business_day, until_day)
        return standing if held is not None else Standing()
    return None


def stand(
    here: Here, member: int, row: RegisterRow | None, standing: Standing, salt: bytes
) -> NewOp:
    """Put a member where they stood."""
    values: dict[str, object] = {
        "tier": standing.tier,
        "tier_since_day": standing.since_day,
        "tier_until_day": standing.until_day,
    }
    return document_change(here, MEMBER, member, row, values, salt)


def tier_change(
    here: Here, member: int, row: RegisterRow | None, tier: Tier | None, salt: bytes
) -> NewOp:
    """Put a member on a step from today on; None: on none."""
    values: dict[str, object] = {"tier": "", "tier_since_day": 0, "tier_until_day": 0}
    if tier is not None:
        values = {
            "tier": tier.code,
            "tier_since_day": here.business_day,
            "tier_until_day": last_day(here.business_day, tier.valid_days),
        }
    return document_change(here, MEMBER, member, row, values, salt)


def last_day(from_day: int, days: int) -> int:
    """The day on which what holds for so many days from a day ends; 0 for ever."""
    day = date_of(from_day)
    days = min(days, DAYS_MAX)
    return day_number(day + timedelta(days=days)) if days and day is not None else 0
