"""The business day: a night cafe's day ends at the cut-over hour, not at midnight."""

from datetime import date, datetime, timedelta, timezone

CUT_OVER_HOUR_MAX = 12
UTC_OFFSET_MIN_MAX = 1080
EPOCH = date(1970, 1, 1)


def business_day(now_ms: int, utc_offset_min: int, cut_over_hour: int) -> int:
    """The day (yyyymmdd) that a moment belongs to.

    `now_ms`: milliseconds since 1970, UTC; `cut_over_hour`: local hour at which a day begins.
    """
    since = timedelta(milliseconds=now_ms, minutes=utc_offset_min, hours=-cut_over_hour)
    return day_number(EPOCH + since)  # a date takes the whole days alone


def local_time(at_ms: int, utc_offset_min: int) -> datetime:
    """The local wall time of a moment."""
    zone = timezone(timedelta(minutes=utc_offset_min))
    return datetime(1970, 1, 1, tzinfo=zone) + timedelta(milliseconds=at_ms, minutes=utc_offset_min)


def day_number(day: date) -> int:
    """yyyymmdd of a date."""
    return day.year * 10000 + day.month * 100 + day.day


def date_of(number: int) -> date | None:
    """The date of yyyymmdd, None if there is no such day."""
    try:
        return date(number // 10000, number // 100 % 100, number % 100)
    except (ValueError, OverflowError):
        return None


def days_before(number: int, count: int) -> tuple[int, ...]:
    """A day (yyyymmdd) and those before it, `count` in all; none for no such day."""
    day = date_of(number)
    if day is None:
        return ()
    return tuple(day_number(day - timedelta(days=back)) for back in range(count))


def age_on(birth: int, today: int) -> int | None:
    """Whole years of age on a day, both yyyymmdd; None where the birth date is not known."""
    return None if birth <= 0 else (today - birth) // 10000


def is_birthday(birth: int, today: int) -> bool:
    """Whether a day is a birthday; born on 29 February, it is the 28th in other years."""
    if birth <= 0:
        return False
    born, day = date_of(birth), date_of(today)
    if born is None or day is None:
        return False
    if (born.month, born.day) == (2, 29) and (day.month, day.day) == (2, 28):
        return date_of(day.year * 10000 + 229) is None
    return (born.month, born.day) == (day.month, day.day)
