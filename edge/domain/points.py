"""The earn rule of points: who earns how many with what; rounded down, once, by who writes.

Points come by the yuan paid, by the purchase, by the first tap of a day and by checking in. What
is bought weighs by its product and category, the customer by tier, card, birthday month and the
events of the day. All weights are percents and multiply; the rule bounds a day by points and by
purchases that earn.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from edge.domain.decision import Here, Posting, plain
from edge.domain.parts import Part, lowered, take, total
from edge.domain.refusals import Refusal, refuse
from sync_protocol.accounts import POINTS, POINTS_HELD, POINTS_ISSUED, POINTS_SPENT
from sync_protocol.ledger import (
    REASON_CARD_FEE,
    REASON_MEMBERSHIP_FEE,
    REASON_PASS_SALE,
    REASON_POINTS,
    REASON_SALE,
    REASON_SESSION,
    REASON_SPEND,
)
from sync_protocol.rights_rule import is_expired, month_after

RATE_PERCENT_DEFAULT = 100
"""A product without a rate of its own earns what the rule says."""
POINTS_OF_SALE_MAX = 10_000_000
"""Whatever the rules' percents multiply to."""
PURCHASE_REASONS = (
    REASON_SALE,
    REASON_SPEND,
    REASON_SESSION,
    REASON_PASS_SALE,
    REASON_MEMBERSHIP_FEE,
    REASON_CARD_FEE,
)
EARNING_REASONS = (*PURCHASE_REASONS, REASON_POINTS)
"""Entries by which points come of themselves: these count against the cap of a day."""


@dataclass(frozen=True, slots=True)
class EarnRule:
    """What earns how many points.

    `per_yuan` for each paid yuan, `per_sale` for each purchase, `per_visit` for the first tap of a
    business day, `check_in` for checking in. `months`: so long after the month of their business
    day points expire (`rights_rule`). `stored_value_percent` weighs what stored value pays,
    `categories` {category: percent} what is bought. 0 of `daily_cap` and `times_per_day`: no limit.
    """

    version: int
    per_yuan: int
    per_visit: int
    months: int = 0
    per_sale: int = 0
    check_in: int = 0
    stored_value_percent: int = 100
    birthday_percent: int = 100
    daily_cap: int = 0
    times_per_day: int = 0
    categories: tuple[tuple[str, int], ...] = ()


EARN_RULE_DEFAULT = EarnRule(0, 1, 5, birthday_percent=200)
"""Holds until head office publishes a rule (version 0: none)."""


def earn_rule(
    version: int,
    row: Mapping[str, Any],
    categories: Iterable[Mapping[str, Any]] = (),
    months: int = 0,
) -> EarnRule:
    """The rule of its row of `points` and the rows of `category_points`."""
    return EarnRule(
        version,
        row["per_yuan"],
        row["per_visit"],
        months,
        row["per_sale"],
        row["check_in"],
        row["stored_value_percent"],
        row["birthday_percent"],
        row["daily_cap"],
        row["times_per_day"],
        tuple((category["category"], category["percent"]) for category in categories),
    )


class Weight(NamedTuple):
    """What a customer's points weigh in percent, in a category; an empty one is all."""

    percent: int
    category: str = ""


class Bought(NamedTuple):
    """One line of a purchase: the fen that it costs, its product's rate, its category."""

    paid_fen: int
    rate_percent: int = RATE_PERCENT_DEFAULT
    category: str = ""


class EarnedToday(NamedTuple):
    """Points that came of themselves on this business day, and the purchases that earned."""

    points: int = 0
    purchases: int = 0


EARNED_NOTHING = EarnedToday()


@dataclass(frozen=True, slots=True)
class PointsFacts:
    """A member whose points move: name, the parts of them that this node holds, the rule."""

    member: int
    name: str
    parts: Sequence[Part]
    rule: EarnRule
    has: int = 0
    """All of the member's points, all holders together."""


def points_of_sale(
    rule: EarnRule,
    lines: Sequence[Bought],
    weights: Sequence[Weight] = (),
    *,
    offset_fen: int = 0,
    stored_value_fen: int = 0,
    today: EarnedToday = EARNED_NOTHING,
) -> int:
    """Points for a purchase.

    `offset_fen`: what of the lines points paid; `stored_value_fen` came from stored value.
    """
    gross_fen = sum(line.paid_fen for line in lines)
    due_fen = gross_fen - offset_fen
    if rule.times_per_day and today.purchases >= rule.times_per_day:
        return 0
    points = rule.per_sale if due_fen > 0 else 0
    if gross_fen > 0:
        weighed = sum(_weighed(rule, line, weights) for line in lines)
        paid = 100 * (due_fen - stored_value_fen) + rule.stored_value_percent * stored_value_fen
        scale = 100 ** (len(weights) + 2) * 100 * gross_fen
        points += weighed * rule.per_yuan * paid // (100 * scale)
    return within_cap(rule, min(points, POINTS_OF_SALE_MAX), today)


def _weighed(rule: EarnRule, line: Bought, weights: Iterable[Weight]) -> int:
    """A line's fen times its percents: 100 ** (weights + 2) times what it earns for."""
    weighed = line.paid_fen * line.rate_percent * dict(rule.categories).get(line.category, 100)
    for weight in weights:
        weighed *= weight.percent if weight.category in ("", line.category) else 100
    return weighed


def within_cap(rule: EarnRule, points: int, today: EarnedToday) -> int:
    """So many points, or what the day's cap leaves of them."""
    return min(points, max(rule.daily_cap - today.points, 0)) if rule.daily_cap else points


def points_of_part(points: int, part_fen: int, total_fen: int) -> int:
    """The share of a sale's points that belongs to a part of its money."""
    return points * part_fen // total_fen if total_fen > 0 else 0


def points_spent(
    here: Here, member: int, points: int, points_here: Sequence[Part], has: int = 0
) -> tuple[Posting, ...] | Refusal:
    """Postings that take points for something; only those that this node holds can be taken.

    Those whose month is over are none any more, though they lapse only at the next upkeep. `has`
    is all that the member has, where that is known: then the rest may be asked for.
    """
    if here.spending_stopped:
        return refuse("spending_stopped")
    live = [part for part in points_here if not is_expired(part.month, here.business_day)]
    held = total(live)
    if points > max(held, has):
        return refuse("points_too_few", points=points, held=max(held, has))
    if points > held:
        code = "points_cut_off" if here.cut_off else "points_elsewhere"
        return refuse(code, points=points, held=held)
    taken = take(live, points)
    return (*lowered(here, taken), plain(POINTS_SPENT, member, POINTS, -points))


def points_earned(here: Here, member: int, points: int, rule: EarnRule) -> tuple[Posting, ...]:
    """Postings that give points to a member; they may be used where they were earned."""
    month = month_after(here.business_day // 100, rule.months) if rule.months else 0
    return (
        plain(POINTS_ISSUED, member, POINTS, points),
        (POINTS_HELD, member, here.node, here.epoch, month, POINTS, -points),
    )
