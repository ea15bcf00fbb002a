"""The entry door: one pulse for each tap that was let in, and none for a tap of long ago."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from edge.drivers.errors import DeviceError

STALE_NS = 3_000_000_000
"""Whoever tapped this long ago has gone away or has been let in by hand: an open door is a risk."""

log = logging.getLogger(__name__)


class Relay(Protocol):
    """What the door needs of a relay (`edge.drivers.contract.DoorRelay`)."""

    name: str

    def open_door(self) -> None:
        """Draw the relay. Raises `DeviceError`."""


class Door:
    """The relays of the entry door, pulsed together."""

    def __init__(
        self,
        relays: Sequence[Relay],
        monotonic_ns: Callable[[], int],
        opened_after: Callable[[float], None] | None = None,
    ) -> None:
        """`opened_after` is told the seconds from each tap to the relays' call."""
        self._relays = relays
        self._monotonic_ns = monotonic_ns
        self._opened_after = opened_after
        self.pulses: Counter[str] = Counter({"opened": 0, "stale": 0, "failed": 0, "exit": 0})
        """How pulses ended since the start; `exit`: by the exit button, without the desk."""

    def open(self, tapped_at_ns: int) -> None:
        """Open for a tap at `tapped_at_ns` (monotonic). A door that fails stops nobody's desk.

        Called from any thread, for one tap at a time.
        """
        if self._monotonic_ns() - tapped_at_ns > STALE_NS:
            self.pulses["stale"] += 1
            return
        for relay in self._relays:
            try:
                relay.open_door()
                self.pulses["opened"] += 1
            except DeviceError as error:
                self.pulses["failed"] += 1
                log.warning("door %s: %s", relay.name, error.reason)
        if self._opened_after is not None:
            self._opened_after((self._monotonic_ns() - tapped_at_ns) / 1e9)
