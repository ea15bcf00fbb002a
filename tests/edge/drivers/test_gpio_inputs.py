"""Pins that cannot be used: what each stack raises for them is told, and ends no driver."""

from types import SimpleNamespace

import pytest

from edge.drivers.contract import Device
from edge.drivers.fake.gpio import FakeGpio
from edge.drivers.gpio_door_counter import GpioDoorCounter
from edge.drivers.gpio_door_counter import Options as CounterOptions
from edge.drivers.gpio_door_relay import GpioDoorRelay
from edge.drivers.gpio_door_relay import Options as RelayOptions
from edge.drivers.gpio_power_input import GpioPowerInput
from edge.drivers.gpio_power_input import Options as PowerOptions
from edge.events import DeviceState, DoorCrossed, PowerFailed, PowerReturned
from tests.contracts.collector import Collector

PIN = 17


class LgpioError(Exception):
    """As lgpio's: it descends from Exception alone."""


class BusyGpio(FakeGpio):
    """rpi-lgpio where another program holds the pin."""

    lgpio = SimpleNamespace(error=LgpioError)

    def setup(self, *_args: object, **_options: object) -> None:
        raise LgpioError("GPIO busy")


class FlakyGpio(FakeGpio):
    """Pins that can be read only now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.is_faulty = False

    def input(self, channel: int, /) -> int:
        if self.is_faulty:
            raise OSError(5, "Input/output error")
        return super().input(channel)


@pytest.mark.parametrize("kind", ["relay", "counter", "power"])
async def test_a_pin_that_another_program_holds_is_told(kind: str) -> None:
    collector, gpio = Collector(), BusyGpio()
    devices: dict[str, Device] = {
        "relay": GpioDoorRelay("device", RelayOptions(PIN), collector.bridge, gpio),
        "counter": GpioDoorCounter("device", CounterOptions(PIN), collector.bridge, gpio),
        "power": GpioPowerInput("device", PowerOptions(PIN), collector.bridge, gpio),
    }
    await devices[kind].open()
    await collector.state(DeviceState.ABSENT, "pin_fault")
    await devices[kind].close()


async def test_a_line_that_cannot_be_read_for_a_while_is_told_and_goes_on() -> None:
    collector, gpio = Collector(), FlakyGpio()
    options = CounterOptions(PIN, debounce_ms=1)
    counter = GpioDoorCounter("entrance", options, collector.bridge, gpio)
    await counter.open()
    await collector.state(DeviceState.OK)
    gpio.is_faulty = True
    gpio.drive(PIN, 0)
    await collector.state(DeviceState.DEGRADED, "pin_fault")
    gpio.is_faulty = False
    gpio.drive(PIN, 1)
    await collector.state(DeviceState.OK)
    gpio.drive(PIN, 0)
    await collector.nth(DoorCrossed, 1)
    await counter.close()


async def test_mains_that_failed_before_the_start_are_told_too() -> None:
    collector, gpio = Collector(), FakeGpio()
    gpio.drive(PIN, 0)
    options = PowerOptions(PIN, debounce_ms=1, back_ms=1)
    mains = GpioPowerInput("mains", options, collector.bridge, gpio)
    await mains.open()
    await collector.nth(PowerFailed, 1)
    await collector.state(DeviceState.DEGRADED, "power_failed")
    gpio.drive(PIN, 1)
    await collector.nth(PowerReturned, 1)
    await collector.state(DeviceState.OK)
    await mains.close()
    assert mains.status.reason == "not_opened"
