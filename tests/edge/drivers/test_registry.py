"""Devices from configuration tables, and errors that name the key and the remedy."""

from pathlib import Path

import pytest

from edge.drivers.bridge import Bridge
from edge.drivers.contract import CardReader, DoorCounter, DoorRelay, ReceiptPrinter
from edge.drivers.errors import HINTS, DeviceConfigurationError, Reason
from edge.drivers.registry import DRIVERS, Devices, build_devices
from edge.drivers.stacks import Stacks

READER = {"kind": "card_reader", "driver": "pcsc"}
PRINTER = {"kind": "receipt_printer", "driver": "serial", "port": "/dev/null"}
USB_PRINTER = {"kind": "receipt_printer", "driver": "usb", "port": "/dev/usb/lp0"}
NETWORK_PRINTER = {"kind": "receipt_printer", "driver": "network", "host": "192.0.2.1"}
DISPLAY = {"kind": "customer_display", "driver": "serial", "port": "/dev/null"}
RELAY = {"kind": "door_relay", "driver": "gpio", "pin": 17}
COUNTER = {"kind": "door_counter", "driver": "gpio", "pin": 27}
NODE_COUNTER = {"kind": "door_counter", "driver": "http", "key_file": "/nowhere"}
LINE_COUNTER = {**NODE_COUNTER, "driver": "serial", "port": "/dev/null"}
TAG_READER = {"kind": "card_reader", "driver": "rdm6300", "port": "/dev/null"}
WIRED_READER = {"kind": "card_reader", "driver": "wiegand", "pin_d0": 5, "pin_d1": 6}
TYPING_READER = {"kind": "card_reader", "driver": "keyboard", "port": "a reader"}
SCANNER = {"kind": "barcode_scanner", "driver": "keyboard", "port": "a scanner"}
TWO_BEAMS = {"kind": "door_counter", "driver": "dual_beam", "pin_outer": 20, "pin_inner": 21}
LAMP = {"kind": "feedback", "driver": "gpio", "pin_buzzer": 24}
READERS_LAMP = {"kind": "feedback", "driver": "pcsc"}
MAINS = {"kind": "power_input", "driver": "gpio", "pin": 22}
TABLES = (
    TWO_BEAMS,
    READER,
    TYPING_READER,
    SCANNER,
    TAG_READER,
    WIRED_READER,
    PRINTER,
    USB_PRINTER,
    NETWORK_PRINTER,
    DISPLAY,
    LAMP,
    READERS_LAMP,
    RELAY,
    COUNTER,
    NODE_COUNTER,
    LINE_COUNTER,
    MAINS,
)


@pytest.fixture
def stacks(tmp_path: Path) -> Stacks:
    """Fake stacks with nobody at the other end."""
    return Stacks(pcsc=f"fake:{tmp_path}/pcsc.sock", gpio=f"fake:{tmp_path}/gpio.sock")


@pytest.fixture
async def bridge() -> Bridge:
    return Bridge(lambda _event: None)


async def test_each_kind_is_built_and_found_again(bridge: Bridge, stacks: Stacks) -> None:
    devices = build_devices([READER, PRINTER, RELAY, COUNTER], bridge, stacks)
    kinds = (CardReader, ReceiptPrinter, DoorRelay, DoorCounter)
    assert all(isinstance(device, kind) for device, kind in zip(devices, kinds, strict=True))
    assert [device.name for device in devices] == [kind.kind for kind in kinds]
    groups = (
        devices.card_readers,
        devices.receipt_printers,
        devices.door_relays,
        devices.door_counters,
    )
    assert [group[0] for group in groups] == list(devices.all)
    assert {status.status.reason for status in devices} == {"not_opened"}


async def test_every_registered_driver_is_of_its_kind(bridge: Bridge, stacks: Stacks) -> None:
    tables = {(table["kind"], table["driver"]): table for table in TABLES}
    for kind, driver in DRIVERS:
        [device] = build_devices([tables[kind, driver]], bridge, stacks)
        assert device.kind == kind


@pytest.mark.parametrize(
    ("table", "key", "words"),
    [
        ({}, "devices[0].kind", ["missing", "card_reader"]),
        ({"kind": "feedback", "driver": "gpio"}, "devices[0].pin_accepted", ["no pin is set"]),
        ({**READER, "known_by": "chip", "number_block": 5}, "devices[0].number_block", ["chip"]),
        ({"kind": "toaster"}, "devices[0].kind", ["'toaster'", "receipt_printer"]),
        ({"kind": "door_relay"}, "devices[0].driver", ["missing", "gpio"]),
        ({**RELAY, "driver": "usb"}, "devices[0].driver", ["'usb'", "gpio"]),
        ({**RELAY, "name": ""}, "devices[0].name", ["empty"]),
        ({**RELAY, "name": 7}, "devices[0].name", ["7"]),
        ({"kind": "door_relay", "driver": "gpio"}, "devices[0].pin", ["missing", "0 to 27"]),
        ({**RELAY, "pin": 28}, "devices[0].pin", ["28", "0 to 27"]),
        ({**RELAY, "pin": "17"}, "devices[0].pin", ["str", "whole number"]),
        ({**RELAY, "pin": True}, "devices[0].pin", ["bool", "whole number"]),
        ({**RELAY, "active_low": 1}, "devices[0].active_low", ["int", "true or false"]),
        ({**RELAY, "hold_s": 3}, "devices[0].hold_s", ["unknown", "hold_ms"]),
        ({**COUNTER, "direction": "up"}, "devices[0].direction", ["'up'", "'out'"]),
        ({**PRINTER, "baud": 1200}, "devices[0].baud", ["1200", "9600"]),
        ({**PRINTER, "port": ""}, "devices[0].port", ["not empty"]),
        ({**READER, "port": "x" * 200}, "devices[0].port", ["text"]),
    ],
)
async def test_a_wrong_table_names_its_key_and_the_remedy(
    bridge: Bridge, stacks: Stacks, table: dict[str, object], key: str, words: list[str]
) -> None:
    with pytest.raises(DeviceConfigurationError) as caught:
        build_devices([table], bridge, stacks)
    assert caught.value.key == key
    for word in [key, *words]:
        assert word in str(caught.value)
    assert caught.value.hint


async def test_names_are_unique(bridge: Bridge, stacks: Stacks) -> None:
    with pytest.raises(DeviceConfigurationError) as caught:
        build_devices([RELAY, {**RELAY, "pin": 18}], bridge, stacks)
    assert caught.value.key == "devices[1].name"


async def test_there_is_a_limit(bridge: Bridge, stacks: Stacks) -> None:
    with pytest.raises(DeviceConfigurationError, match="33 devices"):
        build_devices([{**RELAY, "name": f"door {n}"} for n in range(33)], bridge, stacks)


@pytest.mark.parametrize("stack", ["faked", "fake:", ""])
async def test_an_unknown_stack_is_refused(bridge: Bridge, stack: str) -> None:
    with pytest.raises(DeviceConfigurationError, match="fake:<socket path>") as caught:
        build_devices([RELAY], bridge, Stacks(gpio=stack))
    assert caught.value.key == "stacks.gpio"


async def test_a_machine_without_pins_is_told_so(bridge: Bridge) -> None:
    """The real RPi.GPIO refuses to work off a Pi; nothing else is taken in its stead."""
    with pytest.raises(DeviceConfigurationError, match=r"RPi\.GPIO cannot be used here") as caught:
        build_devices([RELAY], bridge, Stacks())
    assert "cafebox[hardware]" in caught.value.hint


class Noted(DoorCounter):
    """Notes what is done to it; the one called "bad" cannot be opened, or closed."""

    def __init__(self, name: str, bridge: Bridge, notes: list[str], fault: str = "") -> None:
        super().__init__(name, bridge)
        self._notes, self._fault = notes, fault

    async def open(self) -> None:
        self._note("open")

    async def close(self) -> None:
        self._note("close")

    def _note(self, verb: str) -> None:
        self._notes.append(f"{verb} {self.name}")
        if self._fault == verb:
            raise OSError(f"cannot {verb}")


@pytest.mark.parametrize("fault", ["open", "close"])
async def test_one_device_that_fails_leaves_no_other_open(bridge: Bridge, fault: str) -> None:
    notes: list[str] = []
    devices = Devices(
        (
            Noted("first", bridge, notes),
            Noted("bad", bridge, notes, fault),
            Noted("last", bridge, notes),
        )
    )
    if fault == "close":
        await devices.open()
        notes.clear()
    with pytest.raises(OSError, match=f"cannot {fault}"):
        await (devices.open() if fault == "open" else devices.close())
    opened = ["open first", "open bad", "close first"]
    assert notes == (opened if fault == "open" else ["close last", "close bad", "close first"])


def test_each_reason_has_a_hint_of_its_own() -> None:
    """`cafebox doctor` says them: none may send its reader back there."""
    assert HINTS.keys() == set(Reason)
    assert not any("cafebox doctor" in hint for hint in HINTS.values())
