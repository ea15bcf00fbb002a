"""Light and sound at the reader: how a tap ended, told to whoever holds the card.

What cannot be told stops nobody's desk: the page says it too.
"""

import logging
from collections.abc import Sequence
from typing import Protocol

from edge.drivers.errors import DeviceError

log = logging.getLogger(__name__)


class Signal(Protocol):
    """What the effect needs of a device (`edge.drivers.contract.TapFeedback`)."""

    name: str
    reader: str

    def signal(self, *, accepted: bool) -> None:
        """Show and sound it, and return at once. Raises `DeviceError`."""


class TapFeedback:
    """The lights and buzzers of the box, each at the reader that it names, or at all of them."""

    def __init__(self, signals: Sequence[Signal]) -> None:
        self._signals = signals

    def tell(self, reader: str, *, accepted: bool) -> None:
        """A tap on a reader was let in, or was not. Called from any thread."""
        for one in self._signals:
            if one.reader not in ("", reader):
                continue
            try:
                one.signal(accepted=accepted)
            except DeviceError as error:
                log.warning("feedback %s: %s", one.name, error.reason)
