"""Pins that cannot be used: what each stack raises for them is told, and ends no driver."""

import asyncio
from types import SimpleNamespace

import pytest

from edge.drivers.contract import Device
from edge.drivers.dual_beam_door_counter import DualBeamDoorCounter
from edge.drivers.dual_beam_door_counter import Options as BeamOptions
from edge.drivers.fake.gpio import FakeGpio
from edge.drivers.gpio_door_counter import GpioDoorCounter
from edge.drivers.gpio_door_counter import Options as CounterOptions
from edge.drivers.gpio_door_relay import GpioDoorRelay
from edge.drivers.gpio_door_relay import Options as RelayOptions
from edge.drivers.gpio_power_input import GpioPowerInput
from edge.drivers.gpio_power_input import Options as PowerOptions
from edge.drivers.gpio_tap_feedback import GpioTapFeedback
from edge.drivers.gpio_tap_feedback import Options as LampOptions
from edge.drivers.wiegand_card_reader import Options as WiegandOptions
from edge.drivers.wiegand_card_reader import WiegandCardReader
from edge.events import DeviceState, DoorCrossed, ExitPressed, PowerFailed, PowerReturned
from tests.contracts.collector import DEADLINE_S, Collector

PIN, HELD_PIN = 17, 18


class LgpioError(Exception):
    """As lgpio's: it descends from Exception alone."""


class BusyGpio(FakeGpio):
    """rpi-lgpio where another program holds the pin."""

    lgpio = SimpleNamespace(error=LgpioError)
    is_busy = True

    def setup(
        self, channel: int, direction: int, *, pull_up_down: int = 20, initial: int = -1
    ) -> None:
        if self.is_busy and channel == HELD_PIN:
            raise LgpioError("GPIO busy")
        super().setup(channel, direction, pull_up_down=pull_up_down, initial=initial)


class FlakyGpio(FakeGpio):
    """Pins that can be read and set only now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.is_faulty = False

    def input(self, channel: int, /) -> int:
        if self.is_faulty:
            raise OSError(5, "Input/output error")
        return super().input(channel)

    def output(self, channel: int, value: int, /) -> None:
        if self.is_faulty:
            raise OSError(5, "Input/output error")
        super().output(channel, value)


@pytest.mark.parametrize("kind", ["relay", "lamp", "counter", "power", "beams", "wiegand"])
async def test_a_pin_that_another_program_holds_is_told_and_taken_once_it_is_free(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.drivers.pin_retry.FIRST_WAIT_S", 0.001)
    collector, gpio = Collector(), BusyGpio()
    name, bridge = "device", collector.bridge
    devices: dict[str, Device] = {
        "relay": GpioDoorRelay(name, RelayOptions(HELD_PIN), bridge, gpio),
        "lamp": GpioTapFeedback(name, LampOptions("", PIN, HELD_PIN), bridge, gpio),
        "counter": GpioDoorCounter(name, CounterOptions(HELD_PIN), bridge, gpio),
        "power": GpioPowerInput(name, PowerOptions(HELD_PIN), bridge, gpio),
        "beams": DualBeamDoorCounter(name, BeamOptions(PIN, HELD_PIN), bridge, gpio),
        "wiegand": WiegandCardReader(name, WiegandOptions(PIN, HELD_PIN), bridge, gpio),
    }
    device = devices[kind]
    await device.open()
    await collector.state(DeviceState.ABSENT, "pin_fault")
    gpio.is_busy = False
    await collector.state(DeviceState.OK)
    await device.close()
    await device.close()
    assert device.status.reason == "not_opened"


async def test_the_door_opens_by_tap_while_another_program_holds_the_exit_buttons_pin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge.drivers.pin_retry.FIRST_WAIT_S", 0.001)
    collector, gpio = Collector(), BusyGpio()
    options = RelayOptions(PIN, hold_ms=30_000, exit_pin=HELD_PIN)
    relay = GpioDoorRelay("door", options, collector.bridge, gpio)
    await relay.open()
    await collector.state(DeviceState.DEGRADED, "exit_fault")
    relay.open_door()
    assert [edge.level for edge in gpio.edges] == [1]
    assert relay.status.reason == "exit_fault"
    gpio.is_busy = False
    await collector.state(DeviceState.OK)
    gpio.drive(HELD_PIN, 0)
    await collector.nth(ExitPressed, 1)
    await relay.close()
    assert gpio.edges[-1].level == 0


async def test_a_lamp_that_failed_shines_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.drivers.gpio_tap_feedback.RETRY_SECONDS", 0.01)
    collector, gpio = Collector(), FlakyGpio()
    lamp = GpioTapFeedback("lamp", LampOptions("", PIN), collector.bridge, gpio)
    await lamp.open()
    gpio.is_faulty = True
    lamp.signal(accepted=True)
    await collector.state(DeviceState.DEGRADED, "pin_fault")
    gpio.is_faulty = False
    await collector.state(DeviceState.OK)
    lamp.signal(accepted=True)
    async with asyncio.timeout(DEADLINE_S):
        while not gpio.edges:  # noqa: ASYNC110  pins have no asyncio side
            await asyncio.sleep(0.001)
    await lamp.close()


async def test_pins_that_fail_at_the_end_keep_no_driver_from_closing() -> None:
    collector, gpio = Collector(), FlakyGpio()
    relay = GpioDoorRelay("door", RelayOptions(PIN), collector.bridge, gpio)
    lamp = GpioTapFeedback("lamp", LampOptions("", HELD_PIN), collector.bridge, gpio)
    for device in (relay, lamp):
        await device.open()
    gpio.is_faulty = True
    for device in (relay, lamp):
        await device.close()
        assert device.status.reason == "not_opened"


async def test_closing_ends_the_tries() -> None:
    collector, gpio = Collector(), BusyGpio()
    relay = GpioDoorRelay("door", RelayOptions(HELD_PIN), collector.bridge, gpio)
    await relay.open()
    await collector.state(DeviceState.ABSENT, "pin_fault")
    assert len(asyncio.all_tasks()) == 2
    await relay.close()
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize("kind", ["counter", "beams"])
async def test_a_line_that_cannot_be_read_for_a_while_is_told_and_goes_on(kind: str) -> None:
    collector, gpio = Collector(), FlakyGpio()
    counters: dict[str, Device] = {
        "counter": GpioDoorCounter(
            kind, CounterOptions(PIN, debounce_ms=1), collector.bridge, gpio
        ),
        "beams": DualBeamDoorCounter(kind, BeamOptions(PIN, HELD_PIN), collector.bridge, gpio),
    }
    counter = counters[kind]
    await counter.open()
    await collector.state(DeviceState.OK)
    gpio.is_faulty = True
    gpio.drive(PIN, 0)
    await collector.state(DeviceState.DEGRADED, "pin_fault")
    gpio.is_faulty = False
    gpio.drive(PIN, 1)
    await collector.state(DeviceState.OK)
    if kind == "counter":
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
