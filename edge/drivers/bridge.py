"""The only door from driver threads to the asyncio loop: bounded, never blocking, counting drops.

Any thread calls `post`; one task of the loop iterates. A full bridge refuses the newest event
and counts it, because a driver thread must never wait for the box. A state that was refused is
still right in `Device.status`.
"""

import asyncio
import threading
from collections import Counter, deque
from collections.abc import AsyncIterator

from edge.events import DeviceEvent

DEFAULT_CAPACITY = 1024
"""Events in wait: at one tap a second and twenty crossings, some fifty seconds of a stalled box."""


class Bridge:
    """A bounded queue with threads on one side and one asyncio consumer on the other.

    Make it inside the running loop that consumes it.
    """

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        if capacity < 1:
            raise ValueError(f"capacity {capacity}: at least 1")
        self._loop = asyncio.get_running_loop()
        self._capacity = capacity
        self._lock = threading.Lock()
        self._waiting: deque[DeviceEvent] = deque()
        self._arrived = asyncio.Event()
        self._closed = False
        self._dropped: Counter[str] = Counter()

    @property
    def dropped(self) -> dict[str, int]:
        """How many events of each type were refused since the start."""
        with self._lock:
            return dict(self._dropped)

    def post(self, event: DeviceEvent) -> bool:
        """Hand an event over from any thread; False if it was dropped."""
        with self._lock:
            if self._closed or len(self._waiting) >= self._capacity:
                self._dropped[type(event).__name__] += 1
                return False
            self._waiting.append(event)
            if len(self._waiting) == 1:
                self._loop.call_soon_threadsafe(self._arrived.set)
        return True

    def close(self) -> None:
        """Take no more events and end the iteration once those in wait are handed out."""
        with self._lock:
            self._closed = True
        self._arrived.set()

    async def __aiter__(self) -> AsyncIterator[DeviceEvent]:
        while True:
            await self._arrived.wait()
            with self._lock:
                events = list(self._waiting)
                self._waiting.clear()
                if not events and self._closed:
                    return
                if not self._closed:
                    self._arrived.clear()
            for event in events:
                yield event
