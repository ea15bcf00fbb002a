"""The list of lost cards: how old it may be before offline debits are kept small.

A card reported lost at another cafe is known here when the hub's log brings it. The longer the
line is down, the more likely a card on the reader is one that somebody else misses.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.domain.refusals import Refusal, refuse

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class LostListRule:
    """The columns `lost_list_...` of the rule `counter`; 0 hours: the list never goes stale."""

    stale_hours: int
    offline_limit_fen: int

    def is_stale(self, age_ms: int) -> bool:
        """Whether a list of this age is too old to debit large amounts by."""
        return self.stale_hours > 0 and age_ms > self.stale_hours * HOUR_MS


NEVER_STALE = LostListRule(0, 0)


def lost_list_rule(counter: Mapping[str, Any]) -> LostListRule:
    """The rule of its row."""
    return LostListRule(counter["lost_list_stale_hours"], counter["lost_list_offline_limit_fen"])


def list_age_ms(now_ms: int, log_ms: int, *, cut_off: bool) -> int:
    """How old the list is: with a line 0, without one the age of the last that the log brought.

    `log_ms` is that of the last op applied, 0 for a box that has heard of no other yet.
    """
    return max(now_ms - log_ms, 0) if cut_off and log_ms else 0


def lost_list_refusal(rule: LostListRule, age_ms: int, amount_fen: int) -> Refusal | None:
    """Why so much stored value may not be debited in a day while the list is that old, or None."""
    if not rule.is_stale(age_ms) or amount_fen <= rule.offline_limit_fen:
        return None
    return refuse("lost_list_stale", hours=age_ms // HOUR_MS, limit_fen=rule.offline_limit_fen)
