"""The chosen devices at work during the set-up: how they do, and the card that was tapped last."""

import asyncio
from collections.abc import Mapping, Sequence

from edge.desk.view_types import DeviceView
from edge.drivers.bridge import Bridge
from edge.drivers.errors import DeviceError
from edge.drivers.registry import Devices, build_devices
from edge.drivers.stacks import Stacks
from edge.events import CardTapped, CardUnread, DeviceEvent
from edge.receipt import Receipt


class Trial:
    """None, or one set of open devices; another set closes the one before. Used on one loop."""

    def __init__(self, stacks: Stacks) -> None:
        self._stacks = stacks
        self._devices = Devices(())
        self._one_change = asyncio.Lock()
        self.next_change = asyncio.Event()
        """Set when a device's state or the last card is another one; then it is a new event."""
        self.last_card: CardTapped | CardUnread | None = None

    @property
    def devices(self) -> tuple[DeviceView, ...]:
        """How each device does now."""
        return tuple(
            DeviceView(one.name, one.kind, one.status.state, one.status.reason, one.status.hint)
            for one in self._devices
        )

    @property
    def has_printer(self) -> bool:
        return bool(self._devices.receipt_printers)

    @property
    def has_card_reader(self) -> bool:
        return bool(self._devices.card_readers)

    async def use(self, tables: Sequence[Mapping[str, object]]) -> None:
        """Open the devices of these tables. Raises DeviceConfigurationError; then none is open."""
        async with self._one_change:
            await self._close()
            devices = build_devices(tables, Bridge(self._heard), self._stacks)
            await devices.open()
            self._devices = devices
            self._tell()

    async def close(self) -> None:
        """Close all; a second call does nothing."""
        async with self._one_change:
            await self._close()

    async def print_slip(self, slip: Receipt) -> None:
        """Print on the first printer. Raises DeviceError."""
        async with self._one_change:
            await self._devices.receipt_printers[0].print_receipt(slip)

    async def print_on_each(self, tables: Sequence[Mapping[str, object]], slip: Receipt) -> int:
        """Print on the open printers, else on those of `tables`; how many printed it."""
        async with self._one_change:
            if self.has_printer:
                return await _printed(self._devices, slip)
            devices = build_devices(tables, Bridge(self._heard), self._stacks)
            await devices.open()
            try:
                return await _printed(devices, slip)
            finally:
                await devices.close()

    async def _close(self) -> None:
        devices, self._devices = self._devices, Devices(())
        self.last_card = None
        await devices.close()

    def _heard(self, event: DeviceEvent) -> None:
        if isinstance(event, CardTapped | CardUnread):
            self.last_card = event
        self._tell()

    def _tell(self) -> None:
        """Wake all that wait; whoever waits next waits for the next change."""
        self.next_change.set()
        self.next_change = asyncio.Event()


async def _printed(devices: Devices, slip: Receipt) -> int:
    printed = 0
    for printer in devices.receipt_printers:
        try:
            await printer.print_receipt(slip)
            printed += 1
        except DeviceError:
            continue
    return printed
