"""The customer's display: two lines after each change, on whatever display the box has.

A display that is away or broken stops nobody's desk: what it missed is shown with the next change.
"""

import logging
from collections.abc import Sequence
from typing import Protocol

from edge.domain.customer_display import DisplayLines
from edge.drivers.errors import DeviceError

log = logging.getLogger(__name__)


class Display(Protocol):
    """What the effect needs of a display (`edge.drivers.contract.CustomerDisplay`)."""

    name: str

    async def show_lines(self, first: str, second: str) -> None:
        """Show two lines. Raises `DeviceError`."""

    async def show_qr(self, content: str) -> None:
        """Show a QR code beside them, where it can. Raises `DeviceError`."""


class CustomerDisplay:
    """All displays of the box, which show the same."""

    def __init__(self, displays: Sequence[Display], language: str) -> None:
        self._displays = displays
        self.language = language
        self._shown: DisplayLines | None = None

    @property
    def present(self) -> bool:
        """Whether there is any: without one nobody need look what to show."""
        return bool(self._displays)

    async def show(self, lines: DisplayLines) -> None:
        """Show two lines, and the receipt's code where there is one; the same again is not sent."""
        if lines == self._shown:
            return
        self._shown = lines
        for display in self._displays:
            try:
                await display.show_lines(lines.first, lines.second)
                if lines.qr:
                    await display.show_qr(lines.qr)
            except DeviceError as error:
                self._shown = None
                log.warning("customer display %s: %s", display.name, error.reason)
