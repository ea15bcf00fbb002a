"""Builds the box's devices from the `[[devices]]` tables of its configuration.

    [[devices]]
    kind = "card_reader"      # what it is: a base class of edge.drivers.contract
    driver = "pcsc"           # how it is spoken to: one module of edge.drivers
    name = "counter"          # how pages, logs and events call it; unique
    port = "ACS*PICC*"        # from here on: the driver's own options

To add a driver: write a module with `build(name, table, where, bridge, stacks) -> Device` and
enter it in DRIVERS. Modules are imported when a configuration names them, so that a machine
without their vendor stacks runs everything else.
"""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import ModuleType

from edge.drivers.bridge import Bridge
from edge.drivers.contract import (
    CardReader,
    CustomerDisplay,
    Device,
    DoorCounter,
    DoorRelay,
    ReceiptPrinter,
    TapFeedback,
)
from edge.drivers.errors import DeviceConfigurationError
from edge.drivers.stacks import Stacks

DRIVERS: Mapping[tuple[str, str], str] = {
    ("card_reader", "pcsc"): "edge.drivers.pcsc_card_reader",
    ("card_reader", "rdm6300"): "edge.drivers.rdm6300_card_reader",
    ("card_reader", "keyboard"): "edge.drivers.keyboard_card_reader",
    ("barcode_scanner", "keyboard"): "edge.drivers.keyboard_barcode_scanner",
    ("card_reader", "wiegand"): "edge.drivers.wiegand_card_reader",
    ("receipt_printer", "serial"): "edge.drivers.serial_receipt_printer",
    ("receipt_printer", "usb"): "edge.drivers.usb_receipt_printer",
    ("receipt_printer", "network"): "edge.drivers.network_receipt_printer",
    ("customer_display", "serial"): "edge.drivers.serial_customer_display",
    ("feedback", "gpio"): "edge.drivers.gpio_tap_feedback",
    ("feedback", "pcsc"): "edge.drivers.pcsc_tap_feedback",
    ("door_relay", "gpio"): "edge.drivers.gpio_door_relay",
    ("door_counter", "gpio"): "edge.drivers.gpio_door_counter",
    ("door_counter", "dual_beam"): "edge.drivers.dual_beam_door_counter",
    ("door_counter", "http"): "edge.drivers.http_door_counter",
    ("door_counter", "serial"): "edge.drivers.serial_door_counter",
    ("power_input", "gpio"): "edge.drivers.gpio_power_input",
}
"""(kind, driver) to the module that builds it."""

DEVICES_MAX = 32


@dataclass(frozen=True, slots=True)
class Devices:
    """The devices of one box, in the configuration's order."""

    all: tuple[Device, ...]

    def __iter__(self) -> Iterator[Device]:
        return iter(self.all)

    @property
    def card_readers(self) -> tuple[CardReader, ...]:
        return tuple(device for device in self.all if isinstance(device, CardReader))

    @property
    def receipt_printers(self) -> tuple[ReceiptPrinter, ...]:
        return tuple(device for device in self.all if isinstance(device, ReceiptPrinter))

    @property
    def customer_displays(self) -> tuple[CustomerDisplay, ...]:
        return tuple(device for device in self.all if isinstance(device, CustomerDisplay))

    @property
    def feedbacks(self) -> tuple[TapFeedback, ...]:
        return tuple(device for device in self.all if isinstance(device, TapFeedback))

    @property
    def door_relays(self) -> tuple[DoorRelay, ...]:
        return tuple(device for device in self.all if isinstance(device, DoorRelay))

    @property
    def door_counters(self) -> tuple[DoorCounter, ...]:
        return tuple(device for device in self.all if isinstance(device, DoorCounter))

    async def open(self) -> None:
        """Open all, or none: a driver that cannot be configured closes those before it."""
        async with AsyncExitStack() as opened:
            for device in self.all:
                await device.open()
                opened.push_async_callback(device.close)
            opened.pop_all()

    async def close(self) -> None:
        """Close all, last opened first; one that fails keeps none from it, and is raised then."""
        async with AsyncExitStack() as opened:
            for device in self.all:
                opened.push_async_callback(device.close)


def build_devices(
    tables: Sequence[Mapping[str, object]], bridge: Bridge, stacks: Stacks
) -> Devices:
    """One device for each table, none opened yet. Raises DeviceConfigurationError."""
    if len(tables) > DEVICES_MAX:
        raise DeviceConfigurationError(
            "devices", f"{len(tables)} devices", f"Keep at most {DEVICES_MAX}"
        )
    devices: list[Device] = []
    names: set[str] = set()
    for index, table in enumerate(tables):
        where = f"devices[{index}]"
        options = dict(table)
        kind = _take(options, where, "kind", sorted({kind for kind, _ in DRIVERS}))
        drivers = sorted(driver for known_kind, driver in DRIVERS if known_kind == kind)
        driver = _take(options, where, "driver", drivers)
        name = options.pop("name", kind)
        if not isinstance(name, str) or not name or name in names:
            raise DeviceConfigurationError(
                f"{where}.name", f"{name!r} is empty or taken", "Set a name of its own"
            )
        names.add(name)
        module = _module(where, kind, driver)
        devices.append(module.build(name, options, where, bridge, stacks))
    return Devices(tuple(devices))


def _take(options: dict[str, object], where: str, key: str, choices: list[str]) -> str:
    value = options.pop(key, None)
    if not isinstance(value, str) or value not in choices:
        problem = "missing" if value is None else f"{value!r} is not known"
        raise DeviceConfigurationError(
            f"{where}.{key}", problem, f"Set {key} to one of: {', '.join(choices)}"
        )
    return value


def _module(where: str, kind: str, driver: str) -> ModuleType:
    try:
        return importlib.import_module(DRIVERS[kind, driver])
    except ModuleNotFoundError as error:
        raise DeviceConfigurationError(
            f"{where}.driver",
            f"{driver} needs {error.name}",
            "Run: pip install 'cafebox[hardware]'",
        ) from error
