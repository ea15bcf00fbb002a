"""The earn rule of points: per yuan paid and per visit; rounded down, once, by who writes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from edge.domain.decision import Here, Posting, plain, read_int, read_list
from sync_protocol.accounts import POINTS, POINTS_HELD, POINTS_ISSUED
from sync_protocol.kinds import RULE
from sync_protocol.registers import RegisterRow
from sync_protocol.rights_rule import month_after

EARN_RULE_KEY = "earn"
"""Key of the rule's document of kind `rule`; its `values` are [per yuan, per visit]."""
RATE_PERCENT_DEFAULT = 100
"""A product without a rate of its own earns what the rule says."""


@dataclass(frozen=True, slots=True)
class EarnRule:
    """How many points a paid yuan and the first visit of a business day earn."""

    version: int
    per_yuan: int
    per_visit: int
    months: int = 0
    """So long after the month of their business day points expire (`rights_rule`); 0: never."""


EARN_RULE_DEFAULT = EarnRule(0, 1, 5)
"""Holds until head office publishes a rule (version 0: none)."""


def earn_rule(row: RegisterRow | None, months: int = 0) -> EarnRule:
    """The rule of its document, the default where there is none or it is not two counts."""
    version, values = read_int(RULE, row, "version"), read_list(RULE, row, "values")
    if len(values) >= 2 and isinstance(values[0], int) and isinstance(values[1], int):
        return EarnRule(version, max(values[0], 0), max(values[1], 0), months)
    return replace(EARN_RULE_DEFAULT, months=months)


def points_of_sale(rule: EarnRule, lines: Iterable[tuple[int, int]]) -> int:
    """Points for lines of (fen paid, rate in percent)."""
    hundredths = sum(paid_fen * rate_percent for paid_fen, rate_percent in lines)
    return hundredths * rule.per_yuan // (100 * 100)


def points_of_part(points: int, part_fen: int, total_fen: int) -> int:
    """The share of a sale's points that belongs to a part of its money."""
    return points * part_fen // total_fen if total_fen > 0 else 0


def points_earned(here: Here, member: int, points: int, rule: EarnRule) -> tuple[Posting, ...]:
    """Postings that give points to a member; they may be used where they were earned."""
    month = month_after(here.business_day // 100, rule.months) if rule.months else 0
    return (
        plain(POINTS_ISSUED, member, POINTS, points),
        (POINTS_HELD, member, here.node, here.epoch, month, POINTS, -points),
    )
