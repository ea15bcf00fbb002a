"""What the box's scanners read, for the page that its terminal was used last at."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from edge.effects.page_events import PageEvents, Region
from edge.events import BarcodeScanned

KEPT_MAX = 32
"""Scans that a page may still be about to show; more come in seconds of a page that hangs."""
WAITS_NS = 5_000_000_000
"""How long a scan waits for a page that opens or is loaded anew. Later nobody means it any more:
the cashier has seen that nothing came of it, and scans again."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A code, numbered in the order of reading since the start."""

    number: int
    terminal: int
    """0 before anybody did something since the start: whichever page hears of it first."""
    text: str
    read_ns: int
    id: str
    """The request id of what is done with it: once, however many pages hear of it."""


class Scans:
    """A scan goes to one terminal, so that no second page puts it on a ticket too."""

    def __init__(
        self, page_events: PageEvents, start: bytes, monotonic_ns: Callable[[], int]
    ) -> None:
        """`start` is another one after each start of the box: ids never come again."""
        self._page_events = page_events
        self._monotonic_ns = monotonic_ns
        self._scans: deque[Scan] = deque(maxlen=KEPT_MAX)
        self._start = start.hex()
        self._terminal = 0
        self.last_number = 0

    def used(self, terminal: int) -> None:
        """Somebody did something at a terminal: what is scanned next is meant for it."""
        self._terminal = terminal

    def scanned(self, event: BarcodeScanned) -> None:
        """A scanner read a code."""
        self.last_number += 1
        scan_id = f"scan-{self._start}-{self.last_number}"
        now_ns = self._monotonic_ns()
        scan = Scan(self.last_number, self._terminal, event.text, now_ns, scan_id)
        self._scans.append(scan)
        self._page_events.publish(Region.SCAN)

    def last_too_old(self) -> int:
        """The number of the last scan that a page which opens now comes too late for."""
        since_ns = self._monotonic_ns() - WAITS_NS
        return self.last_number - sum(scan.read_ns >= since_ns for scan in self._scans)

    def after(self, number: int, terminal: int) -> tuple[Scan, ...]:
        """The scans for a terminal since that one."""
        return tuple(
            scan for scan in self._scans if scan.number > number and scan.terminal in (0, terminal)
        )
