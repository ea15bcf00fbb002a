"""Time that only moves forward: hybrid logical clocks, clock segments, effective stamps.

A stamp is one int, milliseconds since 1970 in its high bits and a counter in the low 16 (Kulkarni
et al. 2014, "Logical Physical Clocks"). A node merges *effective* stamps only, those that the hub
gave: a box that boots 30 years ahead moves its own stamps and nobody else's.

A clock *segment* is a stretch of one boot without a step of the wall clock. Trust and measured
offset belong to a segment.
"""

from sync_protocol.ops import STAMP_MAX

COUNTER_BITS = 16
STEP_MS = 2000
"""A wall clock that departs this much from the monotonic one has been stepped: a new segment.

NTP slews up to 500 ppm, 1.8 s in an hour; a step is what moves further between two readings."""


def stamp_of(ms: int, counter: int = 0) -> int:
    """Return the stamp of a time in milliseconds since 1970."""
    return min(max(ms, 0) << COUNTER_BITS | counter, STAMP_MAX)


def stamp_ms(stamp: int) -> int:
    """Return the milliseconds since 1970 of a stamp."""
    return stamp >> COUNTER_BITS


class HybridClock:
    """The author's clock: above the wall clock, its own last stamp and all that it has seen."""

    __slots__ = ("last",)

    def __init__(self, last: int) -> None:
        self.last = last

    def next(self, wall_ms: int, seen_effective: int) -> int:
        """Return the next stamp, greater than any returned before and than what was seen.

        `seen_effective` is the greatest effective stamp at the author's cursor.
        """
        self.last = min(max(stamp_of(wall_ms), self.last + 1, seen_effective + 1), STAMP_MAX)
        return self.last


class SegmentTracker:
    """Notices boots and steps of the wall clock. The host records a segment op for each."""

    __slots__ = ("segment", "wall_ms", "monotonic_ms")

    def __init__(self, segment: int, wall_ms: int, monotonic_ms: int) -> None:
        self.segment = segment
        self.wall_ms = wall_ms
        self.monotonic_ms = monotonic_ms

    def observe(self, wall_ms: int, monotonic_ms: int) -> bool:
        """Compare the two clocks; on a step open the next segment and return True."""
        drift_ms = (wall_ms - self.wall_ms) - (monotonic_ms - self.monotonic_ms)
        self.wall_ms = wall_ms
        self.monotonic_ms = monotonic_ms
        if -STEP_MS <= drift_ms <= STEP_MS:
            return False
        self.segment += 1
        return True


def effective_stamp(
    stamp: int, offset_ms: int, hub_ms: int, previous_effective: int, seen_effective: int
) -> int:
    """Return the hub's stamp of an op, by which registers compare and expiry is judged.

    stamp: the author's; offset_ms: hub minus author as measured in the op's segment (0 if never);
    hub_ms: the hub's clock now, which caps the future; previous_effective: of the author's last
    op; seen_effective: the greatest at the op's seen cursor. Order within an author and
    causality across authors hold whatever the clocks say.
    """
    effective = stamp + (offset_ms << COUNTER_BITS) if offset_ms else stamp
    effective = min(effective, stamp_of(hub_ms, 0xFFFF))
    if effective <= previous_effective:
        effective = previous_effective + 1
    if effective <= seen_effective:
        effective = seen_effective + 1
    return effective
