"""Barcode scanner that types what it reads as a keyboard, grabbed so that no field gets it."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge.drivers.bridge import Bridge
from edge.drivers.contract import BarcodeScanner
from edge.drivers.errors import Reason
from edge.drivers.key_lines import KeyLines
from edge.drivers.options import option, read_options
from edge.drivers.stacks import EvdevStack, Stacks
from edge.events import BarcodeScanned, DeviceState

PORT_CHARACTERS_MIN = 4
"""A pattern shorter than this might grab the cashier's own keyboard."""


@dataclass(frozen=True, slots=True)
class Options:
    """`port` is a path below /dev/input/by-id, or a pattern for the input device's name."""

    port: str = option(low=PORT_CHARACTERS_MIN, high=255)


class KeyboardBarcodeScanner(BarcodeScanner):
    """See the module."""

    def __init__(self, name: str, options: Options, bridge: Bridge, evdev: EvdevStack) -> None:
        super().__init__(name, bridge)
        self._lines = KeyLines(evdev, options.port, self._on_line, self._report)

    async def open(self) -> None:
        self._lines.open()

    async def close(self) -> None:
        await self._lines.close()
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    def _on_line(self, line: str, at_ns: int) -> None:
        self._bridge.post(BarcodeScanned(self.name, line.strip(), at_ns))


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, stacks: Stacks
) -> KeyboardBarcodeScanner:
    """Raises DeviceConfigurationError."""
    return KeyboardBarcodeScanner(name, read_options(Options, table, where), bridge, stacks.evdev)
