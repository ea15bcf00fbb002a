"""The cash drawer: opened with a receipt or on demand, and watched where it has a switch.

A printer tells its drawer's switch only when it is asked, every few seconds: what is opened and
shut in between is not seen, and an opening soon after a kick is taken for that kick's.
"""

import logging
from collections.abc import Callable

from edge.drivers.errors import DeviceError, PrintOutcomeUnknownError
from edge.effects.print_routes import Printer
from edge.events import DrawerMoved

KICK_SEEN_NS = 60_000_000_000
"""An opening that is seen later than this after a kick was not that kick's: by then the longest
receipt is printed, and the printer was asked."""

log = logging.getLogger(__name__)


class CashDrawer:
    """The drawer that hangs on the receipts' printer; on the loop only."""

    def __init__(self, printer: Printer | None, monotonic_ns: Callable[[], int]) -> None:
        self._printer = printer
        self._monotonic_ns = monotonic_ns
        self._kicked_ns: int | None = None
        self._seen_shut = False
        self.is_open = False
        """As far as its switch tells; False without one."""

    @property
    def present(self) -> bool:
        """Whether there is a printer to open it by."""
        return self._printer is not None

    def kicked(self) -> None:
        """The box is about to open it: the next opening is nobody's secret."""
        self._kicked_ns = self._monotonic_ns()

    async def kick(self) -> bool:
        """Open it; whether its printer took the order. What is wrong with it stands on the page."""
        if self._printer is None:
            return False
        self.kicked()
        try:
            await self._printer.kick_drawer()
        except DeviceError as error:
            log.warning("drawer of %s: %s", self._printer.name, error.reason)
            if not isinstance(error, PrintOutcomeUnknownError):
                self._kicked_ns = None  # who opens it now does so without the box
            return False
        return True

    def moved(self, event: DrawerMoved) -> bool:
        """Note what the switch says; whether somebody opened it without the box.

        One that stands open when the box starts was opened by nobody knows whom, and is no opening.
        """
        opened = event.is_open and self._seen_shut
        self.is_open, self._seen_shut = event.is_open, not event.is_open
        if not opened:
            return False
        kicked_ns, self._kicked_ns = self._kicked_ns, None
        return kicked_ns is None or event.at_monotonic_ns - kicked_ns > KICK_SEEN_NS
