"""What every driver owes the box: one base class per kind of device.

A descendant **must** override the abstract methods and nothing else. It **may** add options and
threads of its own. The rules for all of them:

- `open` starts the driver and returns at once. A device that is not there is no error: the
  driver says so as a state and goes on trying until `close`. No driver stands in for another.
- What the device does on its own goes to the bridge as an event; what somebody asked for is
  answered by the awaited call, as a return or as an error of `edge.drivers.errors`.
- Blocking calls run in a thread of the driver's own, never on the loop.
- `close` ends every thread, brings outputs to rest, and may be called twice.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from edge.drivers.bridge import Bridge
from edge.drivers.errors import HINTS, NEEDS_A_HAND, Reason
from edge.events import DeviceState, DeviceStateChanged
from edge.receipt import Receipt


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """A device's state, and why (a reason code, empty when ok)."""

    state: DeviceState
    reason: str = ""
    hint: str = ""


OnState = Callable[[DeviceState, Reason | None], None]
"""How a part of a driver, such as its line or its pins, tells the state; from any thread."""


class Device(ABC):
    """One device at the counter, known by the name that the configuration gives it."""

    kind: ClassVar[str]
    """The configuration's word for this kind; each base class below sets it."""

    def __init__(self, name: str, bridge: Bridge) -> None:
        self.name = name
        self._bridge = bridge
        self._status_lock = threading.Lock()
        self._status = DeviceStatus(DeviceState.ABSENT, Reason.NOT_OPENED, HINTS[Reason.NOT_OPENED])

    @property
    def status(self) -> DeviceStatus:
        """The state now; any thread may ask."""
        return self._status

    @abstractmethod
    async def open(self) -> None:
        """Start. Raises DeviceConfigurationError if the options can never work here."""

    @abstractmethod
    async def close(self) -> None:
        """End every thread and bring outputs to rest. A second call does nothing."""

    def _report_trouble(self, reason: Reason) -> None:
        """Tell that the device on a line cannot go on."""
        there = reason in NEEDS_A_HAND
        self._report(DeviceState.DEGRADED if there else DeviceState.ABSENT, reason)

    def _report(self, state: DeviceState, reason: Reason | None = None) -> None:
        """Tell a state, from any thread; only a change becomes an event."""
        status = DeviceStatus(state, reason.value, HINTS[reason]) if reason else DeviceStatus(state)
        with self._status_lock:
            if status == self._status:
                return
            self._status = status
        self._bridge.post(
            DeviceStateChanged(
                self.name,
                self.kind,
                status.state,
                status.reason,
                status.hint,
                time.monotonic_ns(),
            )
        )


class CardReader(Device):
    """Tells `CardTapped`, `CardRemoved` and `CardUnread`; it is asked for nothing.

    A card that already lies on the reader when the box first sees that reader is no tap: nobody
    put it there just now, and a restart must not open the door twice. Nor is the card that lay
    there before an outage and still lies there after it.
    """

    kind = "card_reader"

    async def cards_there(self) -> tuple[bytes, ...]:
        """The UIDs of the cards that lie there now, read anew; none where it cannot tell.

        A driver **may** override it. It never waits for long.
        """
        return ()


class BarcodeScanner(Device):
    """Tells `BarcodeScanned`; it is asked for nothing."""

    kind = "barcode_scanner"


class ReceiptPrinter(Device):
    """Prints receipts, and kicks and watches the drawer that hangs on the printer.

    `slips` are the groups of slips that it prints (`edge.receipt.SlipGroup`), none for all that no
    other printer names; `stands_in_for` are those that it prints while their own printer cannot.
    It tells `DrawerMoved` where the drawer has a switch.
    """

    kind = "receipt_printer"
    slips: frozenset[str] = frozenset()
    stands_in_for: frozenset[str] = frozenset()

    @abstractmethod
    async def print_receipt(self, receipt: Receipt, *, copy: bool = False) -> None:
        """Print, and return when the printer confirmed it. Jobs run one after the other.

        `copy` prints COPY on top. Raises DeviceAbsentError or DeviceFaultError when nothing was
        printed, and PrintOutcomeUnknownError when bytes went out and were not confirmed.
        Cancelling the wait does not take a job back.
        """

    @abstractmethod
    async def kick_drawer(self) -> None:
        """Open the cash drawer. Raises DeviceAbsentError or DeviceFaultError."""


class CustomerDisplay(Device):
    """Shows the customer two lines of 20 columns; a Chinese character takes two of them."""

    kind = "customer_display"

    @abstractmethod
    async def show_lines(self, first: str, second: str) -> None:
        """Show two lines instead of what stood there; what a line is short of is blank.

        Raises DeviceAbsentError or DeviceFaultError.
        """

    @abstractmethod
    async def show_qr(self, content: str) -> None:
        """Show a QR code with the lines until the next ones; without a place for it do nothing.

        Raises DeviceAbsentError or DeviceFaultError.
        """


class DoorRelay(Device):
    """Opens a door for a time. It tells `ExitPressed` where an exit button opened it."""

    kind = "door_relay"

    @abstractmethod
    def open_door(self) -> None:
        """Draw the relay now and let it fall after the hold time; a repeat extends the hold.

        Returns when the pin is set. Raises DeviceAbsentError or DeviceFaultError.
        """


class TapFeedback(Device):
    """Tells whoever holds the card by light and sound how the tap ended.

    `reader` names the card reader that it stands at; it may be empty for all of them.
    """

    kind = "feedback"
    reader: str = ""

    @abstractmethod
    def signal(self, *, accepted: bool) -> None:
        """Show and sound it, and return at once; a later signal takes an earlier one's place.

        Any thread may call. Raises DeviceAbsentError or DeviceFaultError.
        """


class DoorCounter(Device):
    """Tells `DoorCrossed`; it is asked for nothing."""

    kind = "door_counter"


class PowerInput(Device):
    """Tells `PowerFailed` and `PowerReturned`; it is asked for nothing.

    While the mains fails it is degraded. One that has failed before the start is told too.
    """

    kind = "power_input"
