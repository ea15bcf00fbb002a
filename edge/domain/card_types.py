"""Types of cards: what each gives, costs and how long it is valid, by the rule `card_types`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from edge.domain.business_day import date_of, day_number

DAYS_OF_A_YEAR = 365
DAYS_MAX = 36_500
YEAR_MAX = 2999
LAST_DAY_MAX = 29991231
"""Nothing is valid for longer: a card that is renewed without end stays a card."""


@dataclass(frozen=True, slots=True)
class CardType:
    """A row of the rule. Percents are of what others pay and earn; `valid_days` 0: no end."""

    code: str = ""
    name: str = ""
    name_en: str = ""
    price: str = "member"
    discount_percent: int = 100
    points_percent: int = 100
    deposit_fen: int = 0
    fee_fen: int = 0
    valid_days: int = 0
    renewal_fee_fen: int = 0


PLAIN = CardType()
"""A card of no type: no end, no fee."""


def card_types(rows: Iterable[Mapping[str, Any]]) -> dict[str, CardType]:
    """Code -> type of the rule's rows, in their order."""
    return {
        row["code"]: CardType(
            row["code"],
            row["name"],
            row["name_en"] or row["name"],
            row["price"],
            row["discount_percent"],
            row["points_percent"],
            row["deposit_fen"],
            row["fee_fen"],
            row["valid_days"],
            row["renewal_fee_fen"],
        )
        for row in rows
        if row["code"]
    }


def last_day(first_day: int, valid_days: int) -> int:
    """The last day (yyyymmdd) of a validity that begins with `first_day`; 0 for no end.

    Each 365 days are a year of the calendar, so that an annual card of 1 March ends with February.
    """
    first = date_of(first_day)
    if first is None or not valid_days:
        return 0
    years, days = divmod(min(valid_days, DAYS_MAX), DAYS_OF_A_YEAR)
    if first.year + years + 1 > YEAR_MAX:
        return LAST_DAY_MAX
    after = date_of((first.year + years) * 10_000 + first.month * 100 + first.day)
    if after is None:  # 29 February
        after = first.replace(year=first.year + years, day=28) + timedelta(days=1)
    return day_number(after + timedelta(days=days - 1))


def day_after(day: int) -> int:
    """The next day of the calendar."""
    known = date_of(day)
    if known is None or known.year > YEAR_MAX:
        return 0
    return day_number(known + timedelta(days=1))
