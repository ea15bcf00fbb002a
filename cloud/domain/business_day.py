"""The business day of an op whose author's clock was wrong, as the annotation says it. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

CLOCK_OFF_MS = 60_000
"""A clock this far off is not trusted with a day."""
LAST_MS = 253_000_000_000_000
"""In the year 9987; no day is counted beyond."""
BACK_ENTRY_DAYS_MAX = 31
"""A day this far from an op's time is no paper slip that was entered later."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The chain's: minutes east of UTC, and the local hour at which a business day begins."""

    utc_offset_min: int = 480
    starts_at_hour: int = 6

    def day(self, at_ms: int, utc_offset_min: int | None = None) -> int:
        """Return the business day (yyyymmdd) of a time in milliseconds since 1970."""
        return _number(self._date(at_ms, utc_offset_min))

    def _date(self, at_ms: int, utc_offset_min: int | None) -> date:
        offset_min = self.utc_offset_min if utc_offset_min is None else utc_offset_min
        within = min(max(at_ms, 0), LAST_MS)  # a lying clock may say anything
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=within)
        return (moment + timedelta(minutes=offset_min, hours=-self.starts_at_hour)).date()

    def corrected(
        self,
        written: int,
        times_ms: tuple[int, int],
        offset_ms: int,
        utc_offset_min: int | None = None,
    ) -> int:
        """Return the day that an op belongs to instead of the one it was written for; 0: it stays.

        times_ms: of the op's (own stamp, effective stamp); offset_ms: the hub's clock minus the
        author's, 0 if not known. A day that the author did not take from the clock stays: what was
        entered later, from paper, within `BACK_ENTRY_DAYS_MAX`.
        """
        stamp_ms, effective_ms = times_ms
        if abs(effective_ms - stamp_ms) < CLOCK_OFF_MS and abs(offset_ms) < CLOCK_OFF_MS:
            return 0
        true = self._date(effective_ms, utc_offset_min)
        said = (stamp_ms, effective_ms - offset_ms)
        by_clock = written in (self.day(at_ms, utc_offset_min) for at_ms in said)
        if by_clock or _days_between(written, true) > BACK_ENTRY_DAYS_MAX:
            return 0 if written == _number(true) else _number(true)
        return 0


def _number(day: date) -> int:
    return day.year * 10000 + day.month * 100 + day.day


def _days_between(number: int, day: date) -> int:
    """Return how far a day number is from a day; one that is no day is farther than any."""
    try:
        other = date(number // 10000, number // 100 % 100, number % 100)
    except ValueError:
        return BACK_ENTRY_DAYS_MAX + 1
    return abs((other - day).days)
