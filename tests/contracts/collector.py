"""Collects what a driver posts, so that a test can wait for it by condition and deadline."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from edge.drivers.bridge import Bridge
from edge.events import DeviceEvent, DeviceState, DeviceStateChanged

DEADLINE_S = 60.0
"""Of a machine that is very busy; what is waited for takes milliseconds."""

EventType = TypeVar("EventType")


class Collector:
    """The consuming side of a bridge. Make it inside the running loop."""

    def __init__(self) -> None:
        self.events: list[DeviceEvent] = []
        self._arrived = asyncio.Event()
        self.bridge = Bridge(self._deliver)

    def _deliver(self, event: DeviceEvent) -> None:
        self.events.append(event)
        self._arrived.set()

    def of(self, event_type: type[EventType]) -> list[EventType]:
        return [event for event in self.events if isinstance(event, event_type)]

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until a condition on the events holds."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not condition():
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            raise AssertionError(f"no {what} in {DEADLINE_S} s; seen: {self.events}") from None

    async def nth(self, event_type: type[EventType], count: int) -> EventType:
        """The event number `count` (from 1) of a type."""
        what = f"{event_type.__name__} number {count}"
        await self.until(lambda: len(self.of(event_type)) >= count, what)
        return self.of(event_type)[count - 1]

    async def state(self, state: DeviceState, reason: str = "") -> None:
        """Wait until the last state told is this one."""

        def told() -> bool:
            states = self.of(DeviceStateChanged)
            return bool(states) and (states[-1].state, states[-1].reason) == (state, reason)

        await self.until(told, f"state {state} {reason}")
