"""What the box's scanners read, for the page that its terminal was used last at."""

from collections import deque
from dataclasses import dataclass

from edge.effects.page_events import PageEvents, Region
from edge.events import BarcodeScanned

KEPT_MAX = 32
"""Scans that a page may still be about to show; more come in seconds of a page that hangs."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A code, numbered in the order of reading since the start."""

    number: int
    terminal: int
    text: str
    id: str
    """The request id of what is done with it: once, however many pages hear of it."""


class Scans:
    """A scan goes to one terminal, so that no second page puts it on a ticket too."""

    def __init__(self, page_events: PageEvents, start: bytes) -> None:
        """`start` is another one after each start of the box: ids never come again."""
        self._page_events = page_events
        self._scans: deque[Scan] = deque(maxlen=KEPT_MAX)
        self._start = start.hex()
        self._terminal = 0
        self.last_number = 0

    def used(self, terminal: int) -> None:
        """Somebody did something at a terminal: what is scanned next is meant for it."""
        self._terminal = terminal

    def scanned(self, event: BarcodeScanned) -> None:
        """A scanner read a code; it goes nowhere before anybody used the box."""
        if not self._terminal:
            return
        self.last_number += 1
        scan_id = f"scan-{self._start}-{self.last_number}"
        self._scans.append(Scan(self.last_number, self._terminal, event.text, scan_id))
        self._page_events.publish(Region.SCAN)

    def after(self, number: int, terminal: int) -> tuple[Scan, ...]:
        """The scans for a terminal since that one."""
        return tuple(
            scan for scan in self._scans if scan.number > number and scan.terminal == terminal
        )
