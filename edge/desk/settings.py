"""What the desk is told once at the start: the cafe's clock, its rules of time, the chain's key."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """Settings of the desk, checked by `edge.configuration`.

    `chain_key` keys the claims of phones, identity numbers and cards; enrolment brings it.
    `same_tap_ms`: within it a second tap of one card is the same tap. `release_after_ms`: so
    long after a member's last tap their rights go back to the hub. `tailgating_ms`: within it of
    a tap one person may come in for it; 0: nobody is held against taps.
    """

    chain_key: bytes = field(repr=False)
    utc_offset_min: int
    cut_over_hour: int
    same_tap_ms: int
    release_after_ms: int
    tailgating_ms: int = 0


@dataclass(frozen=True, slots=True)
class Clocks:
    """The machine's clocks: milliseconds since 1970, and nanoseconds that never step."""

    wall_ms: Callable[[], int]
    monotonic_ns: Callable[[], int]
