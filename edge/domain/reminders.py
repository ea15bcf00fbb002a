"""What the counter is reminded of, each so many days before it is due (rule `reminders`)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from edge.domain.business_day import date_of, day_number, is_birthday
from edge.domain.refusals import Sentence

CARD, PASS, TIER, BIRTHDAY, BALANCE, STOCK = "card", "pass", "tier", "birthday", "balance", "stock"
"""Values of the rule's `about`."""
KEPT_DAYS = 60
"""So long it is remembered that a reminder was seen to."""
SEEN, DONE = "seen", "done"
LEAD_DAYS_MAX = 366

Leads = Mapping[str, int]
"""About -> days before; what head office does not list is not reminded of."""
Settled = dict[str, tuple[str, int, int]]
"""Key -> (state, day, who) of what somebody saw to."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """One thing that falls due. `subject` is the record it is about; `state`: "", SEEN or DONE.

    `due_day` is the last day (of a card, a pass, a tier) or the birthday; for a low balance and
    low stock it is the day on which it was found. `amount` is fen or pieces.
    """

    about: str
    subject: int | str
    due_day: int
    member: int = 0
    name: str = ""
    amount: int = 0
    state: str = ""

    @property
    def key(self) -> str:
        """What a person settles: one reminder of one day."""
        return f"{self.about}:{self.subject}:{self.due_day}"

    @property
    def sentence(self) -> Sentence:
        """What to tell the cashier."""
        return Sentence(
            f"reminder_{self.about}",
            {
                "name": self.name,
                "day": str(date_of(self.due_day) or ""),
                "amount_fen": self.amount,
                "amount": self.amount,
            },
        )


def leads_of(rows: Iterable[Mapping[str, Any]]) -> Leads:
    """The lead times of the rule's rows; of two rows about one thing the longer counts."""
    leads: dict[str, int] = {}
    for row in rows:
        days = min(int(row["lead_days"]), LEAD_DAYS_MAX)
        leads[row["about"]] = max(leads.get(row["about"], 0), days)
    return leads


def falls_due(leads: Leads, about: str, due_day: int, today: int) -> bool:
    """Whether a last day is near: from today to so many days ahead."""
    return about in leads and today <= due_day <= ahead(today, leads[about])


def ahead(today: int, days: int) -> int:
    """The day (yyyymmdd) so many days after another."""
    day = date_of(today) or date.min
    return day_number(day + timedelta(days=days))


def next_birthday(birth: int, today: int, days: int) -> int:
    """The day within so many days on which it is somebody's birthday, 0 for none."""
    start = date_of(today)
    if birth <= 0 or start is None:
        return 0
    for offset in range(days + 1):
        day = day_number(start + timedelta(days=offset))
        if is_birthday(birth, day):
            return day
    return 0


def with_states(reminders: Iterable[Reminder], settled: Settled) -> list[Reminder]:
    """Reminders with what was done about them, the nearest first; those that are done last."""
    stated = [replace(one, state=settled.get(one.key, ("", 0, 0))[0]) for one in reminders]
    return sorted(stated, key=lambda one: (one.state == DONE, one.due_day, one.about, one.name))
