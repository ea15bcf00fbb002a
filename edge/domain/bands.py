"""Weekly bands: the hours and weekdays at which a rate, a package or a pass holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Band:
    """From `from_minute` to `to_minute` of the day, on the days that it begins on.

    Ends after midnight where it does not end after it begins; equal ends: all day long.
    `weekdays`: 1 is Monday (ISO 8601); none: every day.
    """

    from_minute: int = 0
    to_minute: int = 0
    weekdays: frozenset[int] = frozenset()

    @property
    def is_all_day(self) -> bool:
        """Whether it holds at every minute of its days."""
        return self.from_minute % DAY_MINUTES == self.to_minute % DAY_MINUTES

    def covers(self, minute: int) -> bool:
        """Whether a minute of the day lies in its hours, whatever the weekday."""
        if self.is_all_day:
            return True
        if self.from_minute < self.to_minute:
            return self.from_minute <= minute < self.to_minute
        return minute >= self.from_minute or minute < self.to_minute

    def holds(self, weekday: int, minute: int) -> bool:
        """Whether a local minute of a weekday lies in the band."""
        begun = (weekday - 2) % 7 + 1 if self._began_yesterday(minute) else weekday
        return self.covers(minute) and (not self.weekdays or begun in self.weekdays)

    def began_on(self, at: datetime) -> date:
        """The day that a local moment belongs to: after midnight, the one on which it began."""
        return at.date() - timedelta(days=self._began_yesterday(at.hour * 60 + at.minute))

    def _began_yesterday(self, minute: int) -> bool:
        over_midnight = self.from_minute > self.to_minute and not self.is_all_day
        return over_midnight and minute < self.to_minute

    @property
    def hours(self) -> str:
        """`23:00-08:00`; empty for all day long."""
        if self.is_all_day:
            return ""
        ends = (self.from_minute, self.to_minute)
        return "-".join(f"{one // 60:02d}:{one % 60:02d}" for one in ends)


ALWAYS = Band()


def band_of(row: Mapping[str, Any]) -> Band:
    """The band of a rule's row."""
    return Band(row["from_minute"], row["to_minute"], weekdays_of(row["weekdays"]))


def weekdays_of(text: str) -> frozenset[int]:
    """The weekdays of a text such as `6 7`."""
    return frozenset(int(day) for day in text.split())
