"""The doors as they stand: who is inside by the crossings, and who came in without a tap."""

from collections import deque
from dataclasses import dataclass, replace

ADMISSIONS_MAX = 64
"""Taps that may wait for their person at once; more come from no door."""


@dataclass(frozen=True, slots=True)
class DoorsToday:
    """What was counted since the business day began; crossings of an unknown way count for none."""

    business_day: int
    entered: int = 0
    left: int = 0
    untapped: int = 0
    """Came in while no tap admitted them."""
    untapped_at_ms: int = 0

    @property
    def inside(self) -> int:
        """How many are inside. Who came before the day began, or by a crossing of an unknown way,
        may leave uncounted: it is never below zero."""
        return max(self.entered - self.left, 0)

    def crossed(self, entered: int, left: int) -> "DoorsToday":
        """And so many more."""
        return replace(self, entered=self.entered + entered, left=self.left + left)

    def came_untapped(self, at_ms: int) -> "DoorsToday":
        """And one who came in without a tap."""
        return replace(self, untapped=self.untapped + 1, untapped_at_ms=at_ms)


class Admissions:
    """Taps that let somebody in, each good for one person within a time.

    `admit` may be called from another thread than the rest.
    """

    def __init__(self, within_ns: int) -> None:
        self._within_ns = within_ns
        self._taps: deque[int] = deque(maxlen=ADMISSIONS_MAX)

    def admit(self, tapped_at_ns: int) -> None:
        """A tap opened the door."""
        self._taps.append(tapped_at_ns)

    def is_admitted(self, came_at_ns: int) -> bool:
        """Whether a tap admitted who came in now, which uses it up."""
        while self._taps:
            if came_at_ns - self._taps.popleft() <= self._within_ns:
                return True
        return False
