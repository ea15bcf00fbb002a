"""Where each event of a device goes: taps straight to the store's writer, else over the loop."""

import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any

from edge.desk.desk import Desk
from edge.desk.visits import Decided
from edge.drivers.bridge import Straight
from edge.effects.door import Door
from edge.events import (
    BarcodeScanned,
    CardTapped,
    CardUnread,
    DeviceEvent,
    DeviceStateChanged,
    DoorCrossed,
    DoorReported,
    DrawerMoved,
    ExitPressed,
    PowerFailed,
    PowerReturned,
)
from edge.machine import wall_ms

log = logging.getLogger(__name__)

Start = Callable[[Coroutine[None, None, None]], None]
"""Starts a task whose failure ends the box with words."""


class StraightTaps(Straight):
    """Taps go from the reader's thread to the store's writer."""

    def __init__(self, desk: Callable[[], Desk], start: Start) -> None:
        self._desk = desk
        self._start = start

    def begin(self, event: DeviceEvent) -> "Future[Any] | None":
        return self._desk().begin_tap(event) if isinstance(event, CardTapped) else None

    def end(self, event: DeviceEvent, begun: "Future[Any]") -> None:
        if isinstance(event, CardTapped):
            self._start(self._end_tap(event, begun))

    async def _end_tap(self, event: CardTapped, committed: "Future[Decided]") -> None:
        """A task, so that a fault of our own ends the box with words."""
        self._desk().end_tap(event, committed)


def deliver(event: DeviceEvent, desk: Desk, door: Door, start: Start) -> None:
    """Hand a device's event to whom it concerns; on the loop, in the order of arrival."""
    if isinstance(event, DoorReported):
        start(desk.doors.take(event))
    elif isinstance(event, DrawerMoved):
        start(desk.drawer.moved(event))
    elif isinstance(event, PowerFailed):
        log.warning("the mains fails", extra={"device": event.device})
        start(desk.mains_failed(wall_ms()))
    elif isinstance(event, PowerReturned):
        log.warning("the mains is back", extra={"device": event.device})
        desk.mains_returned()
    elif isinstance(event, CardUnread):
        desk.card_unread(event)
    elif isinstance(event, BarcodeScanned):
        desk.scans.scanned(event)
    elif isinstance(event, DoorCrossed):
        desk.doors.crossed(event)
    elif isinstance(event, ExitPressed):
        door.pulses["exit"] += 1
    elif isinstance(event, DeviceStateChanged):
        extra = {"device": event.device, "state": event.state, "why": event.reason}
        log.info("device", extra=extra)
        desk.device_changed()
