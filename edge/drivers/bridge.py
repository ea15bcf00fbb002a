"""The only door from driver threads to the asyncio loop: bounded, never blocking, counting drops.

Any thread calls `post`; the loop calls `deliver` for each event, in order. A full bridge refuses
the newest event and counts it, because a driver thread must never wait for the box. A state that
was refused is still right in `Device.status`.

`deliver` is called straight from the loop's wake-up: a queue and a task behind it cost 100 µs more
(250 against 150, measured on two cores). Even that is too long for a tap, which is begun on the
driver's own thread (`Straight`); the loop hears of it when it is over.
"""

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, Protocol

from edge.events import DeviceEvent

DEFAULT_CAPACITY = 1024
"""Events in wait: at one tap a second and twenty crossings, some fifty seconds of a stalled box."""


class Straight(Protocol):
    """What is begun without waiting for the loop."""

    def begin(self, event: DeviceEvent) -> "Future[Any] | None":
        """Begin an event's work on the thread that posts it, or leave it to `deliver` (None).

        Returns at once and does not raise.
        """

    def end(self, event: DeviceEvent, begun: "Future[Any]") -> None:
        """Called on the loop, in place of `deliver`, once `begun` is done."""


class Bridge:
    """A bounded queue with threads on one side and one consumer on the loop.

    Make it inside the running loop. `deliver` must be quick and not raise: whoever has to wait
    makes a task.
    """

    def __init__(
        self,
        deliver: Callable[[DeviceEvent], None],
        capacity: int = DEFAULT_CAPACITY,
        straight: Straight | None = None,
    ) -> None:
        if capacity < 1:
            raise ValueError(f"capacity {capacity}: at least 1")
        self._loop = asyncio.get_running_loop()
        self._deliver = deliver
        self._straight = straight
        self._capacity = capacity
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], None]] = deque()
        self._dropped: Counter[str] = Counter()

    @property
    def dropped(self) -> dict[str, int]:
        """How many events of each type were refused since the start."""
        with self._lock:
            return dict(self._dropped)

    def post(self, event: DeviceEvent) -> bool:
        """Hand an event over from any thread; False if it was dropped.

        What was begun straight away counts as handed over; if its end is dropped, pages miss it.
        """
        begun = self._straight.begin(event) if self._straight is not None else None
        if self._straight is None or begun is None:
            return self._hand_over(event, partial(self._deliver, event))
        end = partial(self._straight.end, event, begun)
        begun.add_done_callback(lambda _begun: self._hand_over(event, end))
        return True

    def _hand_over(self, event: DeviceEvent, call: Callable[[], None]) -> bool:
        with self._lock:
            if len(self._waiting) >= self._capacity:
                self._dropped[type(event).__name__] += 1
                return False
            self._waiting.append(call)
            first = len(self._waiting) == 1
        if first:
            self._loop.call_soon_threadsafe(self._drain)
        return True

    def _drain(self) -> None:
        with self._lock:
            calls = tuple(self._waiting)
            self._waiting.clear()
        for call in calls:
            call()
