"""Virtual time: a heap of calls to come, and machines' clocks that are right or wrong about it."""

import heapq
from collections.abc import Callable
from typing import Any

START_MS = 1_780_000_000_000
"""True time at the start of every run: 28 May 2026."""


class Schedule:
    """Calls in order of their time, equal times in the order of planning."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.events = 0
        self.timers = 0
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._planned = 0

    def after(self, delay_ms: int, call: Callable[..., None], *arguments: Any) -> None:
        self._planned += 1
        heapq.heappush(self._heap, (self.now_ms + delay_ms, self._planned, call, arguments))

    def run_until(self, end_ms: int) -> None:
        """Make every call up to `end_ms`, those that are planned meanwhile among them."""
        heap = self._heap
        while heap and heap[0][0] <= end_ms:
            self.now_ms, _, call, arguments = heapq.heappop(heap)
            self.events += 1
            call(*arguments)
        self.now_ms = end_ms

    @property
    def true_ms(self) -> int:
        """Milliseconds since 1970, as the world has it."""
        return START_MS + self.now_ms


class MachineClock:
    """One machine's clocks. `offset_ms` is how far its wall clock is ahead of the truth."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._booted_ms = 0
        self.offset_ms = 0

    def boot(self) -> None:
        """The monotonic clock starts anew."""
        self._booted_ms = self._schedule.now_ms

    def wall_ms(self) -> int:
        wall_ms = START_MS + self._schedule.now_ms + self.offset_ms
        return wall_ms if wall_ms > 0 else 0

    def monotonic_ms(self) -> int:
        return self._schedule.now_ms - self._booted_ms

    def monotonic_ns(self) -> int:
        return self.monotonic_ms() * 1_000_000

    def step_to(self, wall_ms: int) -> None:
        """Somebody sets the wall clock."""
        self.offset_ms = wall_ms - self._schedule.true_ms
