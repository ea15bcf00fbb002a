"""A door with two beams, on fake pins: ways in and out, people who turn back, bad lines."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest

from edge.drivers.dual_beam_door_counter import BeamPair, DualBeamDoorCounter, Options
from edge.drivers.fake.gpio import FakeGpio
from edge.events import DeviceState, Direction, DoorCrossed
from tests.contracts.collector import Collector

OUTER, INNER = 20, 21
DEBOUNCE_MS = 20
FREE, OUTER_ONLY, BOTH, INNER_ONLY = (False, False), (True, False), (True, True), (False, True)
WAY_IN = (OUTER_ONLY, BOTH, INNER_ONLY, FREE)
WAY_OUT = (INNER_ONLY, BOTH, OUTER_ONLY, FREE)


@pytest.mark.parametrize(
    ("shown", "directions"),
    [
        (WAY_IN, [Direction.IN]),
        (WAY_OUT, [Direction.OUT]),
        (WAY_IN + WAY_OUT + WAY_IN, [Direction.IN, Direction.OUT, Direction.IN]),
        ((OUTER_ONLY, FREE), []),
        ((OUTER_ONLY, BOTH, OUTER_ONLY, FREE), []),
        ((OUTER_ONLY, BOTH, INNER_ONLY, BOTH, OUTER_ONLY, FREE), []),
        ((OUTER_ONLY, BOTH, OUTER_ONLY, BOTH, INNER_ONLY, FREE), [Direction.IN]),
        ((BOTH, INNER_ONLY, FREE), [Direction.IN]),
        ((BOTH, OUTER_ONLY, FREE), [Direction.OUT]),
        ((OUTER_ONLY, INNER_ONLY, FREE), [Direction.IN]),
        ((BOTH, FREE), [Direction.UNKNOWN]),
    ],
)
def test_what_the_beams_show_is_a_way_through_or_nobody(
    shown: tuple[tuple[bool, bool], ...], directions: list[Direction]
) -> None:
    pair = BeamPair()
    ways = [pair.show(outer=outer, inner=inner) for outer, inner in shown]
    assert [way for way in ways if way is not None] == directions


@pytest.fixture
def gpio() -> FakeGpio:
    return FakeGpio()


@pytest.fixture
async def counter(gpio: FakeGpio, collector: Collector) -> AsyncIterator[DualBeamDoorCounter]:
    options = Options(pin_outer=OUTER, pin_inner=INNER, debounce_ms=DEBOUNCE_MS)
    driver = DualBeamDoorCounter("door", options, collector.bridge, gpio)
    await driver.open()
    await collector.state(DeviceState.OK)
    yield driver
    await driver.close()


def walk(gpio: FakeGpio, *steps: tuple[bool, bool]) -> None:
    """Break and free the beams (0 V is broken), each step longer than the debounce."""
    for outer, inner in steps:
        gpio.drive(OUTER, int(not outer))
        gpio.drive(INNER, int(not inner))
        time.sleep(4 * DEBOUNCE_MS / 1000)


@pytest.mark.covers("A170")
async def test_who_walks_in_and_out_is_told_once_with_the_way(
    gpio: FakeGpio, counter: DualBeamDoorCounter, collector: Collector
) -> None:
    for number, way in enumerate((WAY_IN, WAY_OUT), start=1):
        await asyncio.to_thread(walk, gpio, *way)
        crossed = await collector.nth(DoorCrossed, number)
        assert crossed.door == "door"
    assert [crossed.direction for crossed in collector.of(DoorCrossed)] == [
        Direction.IN,
        Direction.OUT,
    ]


async def test_who_turns_back_and_a_hand_in_a_beam_are_nobody(
    gpio: FakeGpio, counter: DualBeamDoorCounter, collector: Collector
) -> None:
    await asyncio.to_thread(walk, gpio, OUTER_ONLY, BOTH, OUTER_ONLY, FREE)
    await asyncio.to_thread(walk, gpio, INNER_ONLY, FREE)
    await asyncio.to_thread(walk, gpio, *WAY_IN)
    assert (await collector.nth(DoorCrossed, 1)).direction is Direction.IN
    assert len(collector.of(DoorCrossed)) == 1


async def test_a_storm_on_a_line_counts_nobody_and_is_told(
    gpio: FakeGpio, counter: DualBeamDoorCounter, collector: Collector
) -> None:
    over = threading.Event()

    def storm() -> None:
        level = 0
        while not over.wait(0.0001):
            level ^= 1
            gpio.drive(OUTER, level)
        gpio.drive(OUTER, 1)

    storming = asyncio.create_task(asyncio.to_thread(storm))
    try:
        await collector.state(DeviceState.DEGRADED, "bouncing")
        assert collector.of(DoorCrossed) == []
    finally:
        over.set()
        await storming
    await collector.state(DeviceState.OK)
    await asyncio.to_thread(walk, gpio, *WAY_OUT)
    assert (await collector.nth(DoorCrossed, 1)).direction is Direction.OUT


async def test_closing_ends_the_thread(counter: DualBeamDoorCounter) -> None:
    await counter.close()
    await counter.close()
    assert counter.status.reason == "not_opened"
    assert not any(thread.name == "counter:door" for thread in threading.enumerate())
