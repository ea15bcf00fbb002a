"""The contracts of door relays and counters, on fake pins in the process and across a socket."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from edge.drivers.errors import DeviceAbsentError, DeviceFaultError
from edge.drivers.fake.gpio import Edge, FakeGpio, VirtualBoard
from edge.drivers.gpio_door_counter import GpioDoorCounter
from edge.drivers.gpio_door_counter import Options as CounterOptions
from edge.drivers.gpio_door_relay import GpioDoorRelay
from edge.drivers.gpio_door_relay import Options as RelayOptions
from edge.events import DeviceState, Direction, DoorCrossed
from tests.contracts.collector import DEADLINE_S, Collector

RELAY_PIN, COUNTER_PIN = 17, 27
HOLD_MS = 40
DEBOUNCE_MS = 20


class Wall(Protocol):
    """What the pins lead to."""

    gpio: FakeGpio

    def drive(self, pin: int, level: int) -> None: ...
    def edges(self, pin: int) -> list[Edge]: ...


class NearWall:
    """Pins in this process."""

    def __init__(self) -> None:
        self.gpio = FakeGpio()
        self.drive = self.gpio.drive

    def edges(self, pin: int) -> list[Edge]:
        return [edge for edge in self.gpio.edges if edge.pin == pin]


class FarWall:
    """Pins that lead to a board at the other end of a socket, as in the demo."""

    def __init__(self, path: Path) -> None:
        self.board = VirtualBoard(path)
        self.gpio = FakeGpio.dial(path)
        self.drive, self.edges = self.board.drive, self.board.edges


@pytest.fixture(params=["near", "far"])
def wall(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Wall]:
    if request.param == "near":
        yield NearWall()
        return
    far = FarWall(tmp_path / "gpio.sock")
    yield far
    far.gpio.close()
    far.board.close()


async def edges_of(wall: Wall, pin: int, count: int) -> list[Edge]:
    """The edges of an output, once there are so many."""
    async with asyncio.timeout(DEADLINE_S):
        while len(wall.edges(pin)) < count:  # noqa: ASYNC110  pins have no asyncio side
            await asyncio.sleep(0.001)
    return wall.edges(pin)


async def open_relay(
    wall: Wall, collector: Collector, *, active_low: bool = False
) -> GpioDoorRelay:
    options = RelayOptions(pin=RELAY_PIN, hold_ms=HOLD_MS, active_low=active_low)
    relay = GpioDoorRelay("door", options, collector.bridge, wall.gpio)
    await relay.open()
    await collector.state(DeviceState.OK)
    if isinstance(wall, FarWall):
        while wall.board.level(RELAY_PIN) is None:  # noqa: ASYNC110  as above
            await asyncio.sleep(0.001)
    return relay


@pytest.mark.parametrize("active_low", [False, True])
async def test_the_door_opens_for_the_hold_time(
    wall: Wall, collector: Collector, *, active_low: bool
) -> None:
    relay = await open_relay(wall, collector, active_low=active_low)
    relay.open_door()
    drawn, fell = await edges_of(wall, RELAY_PIN, 2)
    assert (drawn.level, fell.level) == ((0, 1) if active_low else (1, 0))
    held_ms = (fell.at_monotonic_ns - drawn.at_monotonic_ns) / 1e6
    assert HOLD_MS <= held_ms < HOLD_MS + 500
    await relay.close()


async def test_a_second_tap_holds_the_door_longer_in_one_pulse(
    wall: Wall, collector: Collector
) -> None:
    relay = await open_relay(wall, collector)
    relay.open_door()
    await asyncio.sleep(HOLD_MS / 2000)
    again_ns = time.monotonic_ns()
    relay.open_door()
    drawn, fell = await edges_of(wall, RELAY_PIN, 2)
    assert fell.at_monotonic_ns - again_ns >= HOLD_MS * 1_000_000
    assert drawn.at_monotonic_ns < again_ns
    await relay.close()


async def test_closing_lets_the_relay_fall_at_once(wall: Wall, collector: Collector) -> None:
    relay = await open_relay(wall, collector)
    relay.open_door()
    await relay.close()
    await relay.close()
    assert [edge.level for edge in await edges_of(wall, RELAY_PIN, 2)] == [1, 0]
    assert not any(thread.name == "relay:door" for thread in threading.enumerate())
    with pytest.raises(DeviceAbsentError):
        relay.open_door()


async def test_a_pin_that_fails_is_told_with_a_hint(wall: Wall, collector: Collector) -> None:
    relay = await open_relay(wall, collector)
    wall.gpio.cleanup(RELAY_PIN)  # as another program on the same pin would
    with pytest.raises(DeviceFaultError) as caught:
        relay.open_door()
    assert (caught.value.reason, caught.value.device) == ("pin_fault", "door")
    await collector.state(DeviceState.DEGRADED, "pin_fault")
    wall.gpio.setup(RELAY_PIN, wall.gpio.OUT, initial=wall.gpio.LOW)
    await relay.close()


@pytest.fixture
async def counter(wall: Wall, collector: Collector) -> AsyncIterator[GpioDoorCounter]:
    """A counter on a line at rest (pulled up), open and well."""
    options = CounterOptions(pin=COUNTER_PIN, direction="in", debounce_ms=DEBOUNCE_MS)
    driver = GpioDoorCounter("entrance", options, collector.bridge, wall.gpio)
    await driver.open()
    await collector.state(DeviceState.OK)
    if isinstance(wall, FarWall):  # once the line is up, what is driven arrives
        while not wall.board._listener._peers._links:  # noqa: ASYNC110  as above
            await asyncio.sleep(0.001)
    yield driver
    await driver.close()


async def settle() -> None:
    """Let the line be quiet for longer than the debounce."""
    await asyncio.sleep(3 * DEBOUNCE_MS / 1000)


async def cross(wall: Wall, collector: Collector, number: int) -> DoorCrossed:
    """One person walks through: the beam breaks and is free again."""
    wall.drive(COUNTER_PIN, 0)
    crossed = await collector.nth(DoorCrossed, number)
    wall.drive(COUNTER_PIN, 1)
    await settle()
    return crossed


async def test_each_person_is_counted_once(
    wall: Wall, counter: GpioDoorCounter, collector: Collector
) -> None:
    for number in (1, 2, 3):
        before_ns = time.monotonic_ns()
        crossed = await cross(wall, collector, number)
        assert (crossed.door, crossed.direction) == ("entrance", Direction.IN)
        assert before_ns <= crossed.at_monotonic_ns <= before_ns + DEBOUNCE_MS * 10_000_000
    assert len(collector.of(DoorCrossed)) == 3


async def test_bounces_at_both_ends_count_as_one_crossing(
    wall: Wall, counter: GpioDoorCounter, collector: Collector
) -> None:
    for level in (0, 1, 0, 1, 0):
        wall.drive(COUNTER_PIN, level)
    await collector.nth(DoorCrossed, 1)
    for level in (1, 0, 1, 0, 1):
        wall.drive(COUNTER_PIN, level)
    await settle()
    await cross(wall, collector, 2)
    assert len(collector.of(DoorCrossed)) == 2


async def test_a_spike_is_nobody(
    wall: Wall, counter: GpioDoorCounter, collector: Collector
) -> None:
    wall.drive(COUNTER_PIN, 0)
    wall.drive(COUNTER_PIN, 1)
    await settle()
    await cross(wall, collector, 1)
    assert len(collector.of(DoorCrossed)) == 1


async def test_a_storm_of_edges_counts_nobody_and_is_told(
    wall: Wall, counter: GpioDoorCounter, collector: Collector
) -> None:
    over = threading.Event()

    def storm() -> None:
        level = 0
        while not over.wait(0.0001):
            level ^= 1
            wall.drive(COUNTER_PIN, level)
        wall.drive(COUNTER_PIN, 1)

    storming = asyncio.create_task(asyncio.to_thread(storm))
    await collector.state(DeviceState.DEGRADED, "bouncing")
    assert collector.of(DoorCrossed) == []
    over.set()
    await storming
    await collector.state(DeviceState.OK)
    await cross(wall, collector, 1)
    assert collector.bridge.dropped == {}
