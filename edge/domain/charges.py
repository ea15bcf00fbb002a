"""What time at a seat costs: minutes by zone and band, exact until it is rounded once, at the end.

A session is a list of stretches, the seat's zone in each; pauses lie between them. Its minutes are
counted from its beginning over all stretches together, and each costs what its own moment and zone
say. The last, begun one counts whole, and so does the last step of `step_minutes`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from edge.domain.bands import ALWAYS, DAY_MINUTES, Band
from edge.domain.business_day import local_time

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Rate:
    """A row of the `rates` rule: an hour's price in a zone and band, for a tier or for walk-ins.

    An empty zone or tier stands for all of them.
    """

    fen_per_hour: int
    zone: str = ""
    tier: str = ""
    walk_in: bool = False
    band: Band = ALWAYS

    def suits(self, zone: str, tier: str, walk_in: bool) -> bool:
        """Whether the rate may be charged to such a guest there."""
        return self.zone in ("", zone) and self.tier in ("", tier) and (not self.walk_in or walk_in)

    @property
    def closeness(self) -> tuple[bool, bool, bool, bool]:
        """How closely a rate describes a case; the closest holds, of equal ones the later row."""
        band = self.band
        narrow = bool(band.weekdays) or not band.is_all_day
        return (self.tier != "", self.walk_in, self.zone != "", narrow)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time at one seat without a pause, in milliseconds since 1970; `zone` is the seat's."""

    zone: str
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class Guest:
    """Who is charged: the tier ("" for none) and whether it is a walk-in."""

    tier: str = ""
    walk_in: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """The rest of the `sessions` rule."""

    step_minutes: int = 1
    minimum_fen: int = 0
    free_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Charge:
    """What a session costs so far: whole minutes that are charged, and fen."""

    minutes: int
    amount_fen: int


NO_CHARGE = Charge(0, 0)


def charge(
    stretches: Sequence[Stretch],
    rates: Sequence[Rate],
    guest: Guest,
    terms: Terms,
    utc_offset_min: int,
    covered_minutes: int = 0,
) -> Charge:
    """The charge of stretches in the order of time; down to the fen in the guest's favour.

    `rates` are those in force when the session began: a price that changes meanwhile is for those
    who come later. Time without a rate is free. The session's first `covered_minutes` are paid
    otherwise, by a package or a pass; beyond them there are no free minutes and no minimum.
    """
    used = used_minutes(stretches)
    if used <= max(terms.free_minutes, covered_minutes):
        return NO_CHARGE
    step = max(terms.step_minutes, 1)
    minutes = -(-(used - covered_minutes) // step) * step
    runs = _runs(stretches, covered_minutes + minutes, rates, guest, utc_offset_min)
    sixtieths = sum(
        count * rate.fen_per_hour
        for count, rate in _beyond(runs, covered_minutes)
        if rate is not None
    )
    minimum_fen = 0 if covered_minutes else terms.minimum_fen
    return Charge(minutes, max(sixtieths // 60, minimum_fen))


def used_minutes(stretches: Iterable[Stretch]) -> int:
    """The minutes of stretches, the begun one whole."""
    return -(-sum(stretch.to_ms - stretch.from_ms for stretch in stretches) // MINUTE_MS)


def minutes_for(
    amount_fen: int,
    stretches: Sequence[Stretch],
    rates: Sequence[Rate],
    guest: Guest,
    terms: Terms,
    utc_offset_min: int,
    most_minutes: int,
    covered_minutes: int = 0,
) -> int:
    """How many minutes a session may last in all before an amount is used up, at most so many.

    It goes on where its last stretch is. `charge` for so many minutes is within the amount.
    """
    left = amount_fen * 60
    minutes = 0
    runs = _runs(stretches, most_minutes, rates, guest, utc_offset_min)
    for count, rate in _beyond(runs, covered_minutes):
        price = rate.fen_per_hour if rate is not None else 0
        affordable = min(count, left // price) if price else count
        minutes += affordable
        left -= affordable * price
        if affordable < count:
            break
    if not covered_minutes and amount_fen < terms.minimum_fen:
        minutes = 0
    minutes -= minutes % max(terms.step_minutes, 1)
    return min(max(covered_minutes + minutes, terms.free_minutes), most_minutes)


def _beyond(
    runs: Iterable[tuple[int, Rate | None]], covered_minutes: int
) -> Iterator[tuple[int, Rate | None]]:
    """Runs without their first minutes."""
    left = covered_minutes
    for count, rate in runs:
        covered = min(count, left)
        left -= covered
        if count > covered:
            yield count - covered, rate


def _runs(
    stretches: Sequence[Stretch],
    minutes: int,
    rates: Sequence[Rate],
    guest: Guest,
    utc_offset_min: int,
) -> Iterator[tuple[int, Rate | None]]:
    """Runs of (minutes, rate): within one the zone, the weekday and all bands stay as they are."""
    edges = _edges(rates)
    for begin_ms, count, zone in _whole_minutes(stretches, minutes):
        suitable = [rate for rate in rates if rate.suits(zone, guest.tier, guest.walk_in)]
        done = 0
        while done < count:
            local = local_time(begin_ms + done * MINUTE_MS, utc_offset_min)
            minute = local.hour * 60 + local.minute
            weekday = local.isoweekday()
            run = min(count - done, next(edge for edge in edges if edge > minute) - minute)
            held = [rate for rate in suitable if rate.band.holds(weekday, minute)]
            yield run, max(reversed(held), key=lambda rate: rate.closeness, default=None)
            done += run


def _edges(rates: Iterable[Rate]) -> list[int]:
    """Minutes of the day at which a price may change, the day's end last."""
    edges = {DAY_MINUTES}
    for rate in rates:
        edges |= {rate.band.from_minute, rate.band.to_minute}
    return sorted(edge for edge in edges if 0 < edge <= DAY_MINUTES)


def _whole_minutes(stretches: Sequence[Stretch], minutes: int) -> Iterator[tuple[int, int, str]]:
    """(start, count, zone) of the session's minutes; each begins where the one before ended.

    A minute that a pause or a change of seat cuts belongs to where it began; what is charged
    beyond the last stretch goes on at its seat.
    """
    begun_ms = 0  # of the running minute, spent in earlier stretches
    left = minutes
    for stretch in stretches:
        from_ms = stretch.from_ms + (MINUTE_MS - begun_ms) % MINUTE_MS
        span_ms = stretch.to_ms - from_ms
        if span_ms <= 0:
            begun_ms = (begun_ms + stretch.to_ms - stretch.from_ms) % MINUTE_MS
            continue
        is_last = stretch is stretches[-1]
        count = min(left, left if is_last else -(-span_ms // MINUTE_MS))
        begun_ms = span_ms % MINUTE_MS
        left -= count
        yield from_ms, count, stretch.zone
    if left > 0 and stretches:
        last = stretches[-1]  # it ends within a minute that began before it
        yield last.to_ms + (MINUTE_MS - begun_ms) % MINUTE_MS, left, last.zone


def minutes_within(band: Band, from_ms: int, most_minutes: int, utc_offset_min: int) -> int:
    """How many minutes from a moment on lie in a band without a gap, at most so many."""
    local = local_time(from_ms, utc_offset_min)
    for number in range(most_minutes):
        if not band.holds(local.isoweekday(), local.hour * 60 + local.minute):
            return number
        local += timedelta(minutes=1)
    return most_minutes
