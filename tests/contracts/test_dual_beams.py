"""A door with two beams: ways in and out, people who turn back, bad lines."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from edge.drivers.dual_beam_door_counter import BeamPair, DualBeamDoorCounter, Options
from edge.events import DeviceState, Direction, DoorCrossed
from tests.contracts.collector import DEADLINE_S, Collector
from tests.contracts.walls import Wall, storm

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


@asynccontextmanager
async def opened(
    wall: Wall, collector: Collector, debounce_ms: int
) -> AsyncIterator[DualBeamDoorCounter]:
    options = Options(pin_outer=OUTER, pin_inner=INNER, debounce_ms=debounce_ms)
    driver = DualBeamDoorCounter("door", options, collector.bridge, wall.gpio)
    await driver.open()
    await collector.state(DeviceState.OK)
    yield driver
    await driver.close()


@pytest.fixture
async def counter(wall: Wall, collector: Collector) -> AsyncIterator[DualBeamDoorCounter]:
    async with opened(wall, collector, DEBOUNCE_MS) as driver:
        yield driver


async def walk(wall: Wall, counter: DualBeamDoorCounter, *steps: tuple[bool, bool]) -> None:
    """Break and free the beams (0 V is broken), each step once the one before was seen."""
    async with asyncio.timeout(DEADLINE_S):
        for step in steps:
            for pin, broken in zip((OUTER, INNER), step, strict=True):
                wall.drive(pin, int(not broken))
            while tuple(counter._broken.values()) != step:  # noqa: ASYNC110  a thread's
                await asyncio.sleep(0.001)


@pytest.mark.covers("A170")
async def test_who_walks_in_and_out_is_told_once_with_the_way(
    wall: Wall, counter: DualBeamDoorCounter, collector: Collector
) -> None:
    for number, way in enumerate((WAY_IN, WAY_OUT), start=1):
        await walk(wall, counter, *way)
        crossed = await collector.nth(DoorCrossed, number)
        assert crossed.door == "door"
    assert [crossed.direction for crossed in collector.of(DoorCrossed)] == [
        Direction.IN,
        Direction.OUT,
    ]


async def test_who_turns_back_and_a_hand_in_a_beam_are_nobody(
    wall: Wall, counter: DualBeamDoorCounter, collector: Collector
) -> None:
    await walk(wall, counter, OUTER_ONLY, BOTH, OUTER_ONLY, FREE)
    await walk(wall, counter, INNER_ONLY, FREE)
    await walk(wall, counter, *WAY_IN)
    assert (await collector.nth(DoorCrossed, 1)).direction is Direction.IN
    assert len(collector.of(DoorCrossed)) == 1


async def test_a_storm_on_a_line_counts_nobody_and_is_told(
    wall: Wall, counter: DualBeamDoorCounter, collector: Collector
) -> None:
    async with storm(wall, OUTER):
        await collector.state(DeviceState.DEGRADED, "bouncing")
        assert collector.of(DoorCrossed) == []
    await collector.state(DeviceState.OK)
    await walk(wall, counter, *WAY_OUT)
    assert (await collector.nth(DoorCrossed, 1)).direction is Direction.OUT


async def test_closing_ends_the_thread(counter: DualBeamDoorCounter) -> None:
    await counter.close()
    await counter.close()
    assert counter.status.reason == "not_opened"
    assert not any(thread.name == "counter:door" for thread in threading.enumerate())
