"""Who went through the doors, by five minutes: totals of a door node become counts of buckets."""

from collections.abc import Iterable
from dataclasses import dataclass

from edge.domain.business_day import business_day, local_time
from edge.domain.decision import Here, NewOp, document_change, read_int
from edge.door_frames import Step, Totals
from sync_protocol.kinds import DOOR_COUNT
from sync_protocol.registers import RegisterRow

BUCKET_MIN = 5
BUCKETS_OF_DAY = 24 * 60 // BUCKET_MIN
MINUTE_MS = 60_000
AHEAD_MIN_MAX = 10
"""A minute that lies further ahead was told by a wrong clock."""
BEHIND_MIN_MAX = 31 * 24 * 60
"""Nor is one believed that lies further back than any cafe is without its box."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Five minutes of a cafe: `from_ms` is their start (UTC), `key` that of their document."""

    key: str
    business_day: int
    from_ms: int


@dataclass(frozen=True, slots=True)
class Crossed:
    """Crossings from one total to the next, at a moment."""

    at_ms: int
    entered: int
    left: int
    unknown: int

    def counts(self) -> tuple[int, int, int]:
        """Entered, left, unknown."""
        return self.entered, self.left, self.unknown


def bucket_prefix(cafe: int, day: int) -> str:
    """What the keys of all buckets of a cafe's business day begin with, and no others."""
    return f"{cafe}.{day}."


def bucket_key(cafe: int, day: int, number: int) -> str:
    """The key of a cafe's bucket number 0 to BUCKETS_OF_DAY - 1 of a business day."""
    return f"{bucket_prefix(cafe, day)}{number}"


def crossed_since(
    held: Totals, known: Totals, steps: Iterable[Step], now_ms: int
) -> tuple[tuple[Crossed, ...], Totals]:
    """What a report brings beyond what is counted, and the totals that are counted with it.

    `held` is what this box has counted; `known` what the node has an answer for, which a box that
    was replaced since has back from the hub.
    """
    counted = _greatest(held, known)
    found = []
    for step in steps:
        reached = _greatest(counted, step.totals)
        crossed = [
            after - before for before, after in zip(counted.counts(), reached.counts(), strict=True)
        ]
        if any(crossed):
            found.append(Crossed(_moment_ms(step.minute, now_ms), *crossed))
        counted = reached
    return tuple(found), counted


def bucket_of(here: Here, at_ms: int, cut_over_hour: int) -> Bucket:
    """The bucket that a moment belongs to."""
    from_ms = at_ms - at_ms % (BUCKET_MIN * MINUTE_MS)
    local = local_time(from_ms, here.utc_offset_min)
    day = business_day(from_ms, here.utc_offset_min, cut_over_hour)
    number = (local.hour * 60 + local.minute) // BUCKET_MIN
    return Bucket(bucket_key(here.cafe, day, number), day, from_ms)


def add_to_bucket(
    here: Here, bucket: Bucket, row: RegisterRow | None, crossings: Iterable[Crossed]
) -> NewOp:
    """The op that adds crossings to a bucket's document."""
    entered = left = unknown = 0
    for crossed in crossings:
        entered += crossed.entered
        left += crossed.left
        unknown += crossed.unknown
    counts = {"entered": entered, "left": left, "unknown": unknown}
    values = {
        name: read_int(DOOR_COUNT, row, name) + count for name, count in counts.items() if count
    }
    if row is None:
        values |= {"business_day": bucket.business_day, "from_ms": bucket.from_ms}
    return document_change(here, DOOR_COUNT, bucket.key, row, values)


def _greatest(one: Totals, other: Totals) -> Totals:
    return Totals(*(max(pair) for pair in zip(one.counts(), other.counts(), strict=True)))


def _moment_ms(minute: int, now_ms: int) -> int:
    """A step's moment, or now where its minute is not known."""
    ahead_min = minute - now_ms // MINUTE_MS
    if -BEHIND_MIN_MAX <= ahead_min <= AHEAD_MIN_MAX:
        return minute * MINUTE_MS
    return now_ms
