"""The contracts of door relays and counters; see `conftest` for what their pins are."""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge.drivers.errors import DeviceAbsentError, DeviceConfigurationError, DeviceFaultError
from edge.drivers.gpio_door_counter import GpioDoorCounter
from edge.drivers.gpio_door_counter import Options as CounterOptions
from edge.drivers.gpio_door_relay import GpioDoorRelay
from edge.drivers.gpio_door_relay import Options as RelayOptions
from edge.drivers.registry import build_devices
from edge.drivers.stacks import Stacks
from edge.events import DeviceState, Direction, DoorCrossed, ExitPressed
from tests.contracts.collector import DEADLINE_S, Collector
from tests.contracts.walls import Board, Wall, edges_of, shown, storm

RELAY_PIN, EXIT_PIN, COUNTER_PIN = 17, 22, 27
HOLD_MS = 40
LONG_HOLD_MS = 30_000
"""Longer than any of these tests waits: what falls sooner, falls for another reason."""
QUICK_MS, BUSY_MS = 20, 400
"""Debounces; the second is longer than a busy machine stalls the hand that drives the line."""


@asynccontextmanager
async def opened_relay(
    wall: Wall,
    collector: Collector,
    *,
    hold_ms: int = HOLD_MS,
    active_low: bool = False,
    exit_pin: int = -1,
) -> AsyncIterator[GpioDoorRelay]:
    options = RelayOptions(RELAY_PIN, hold_ms, active_low, exit_pin)
    relay = GpioDoorRelay("door", options, collector.bridge, wall.gpio)
    await relay.open()
    try:
        await collector.state(DeviceState.OK)
        await shown(wall, RELAY_PIN, int(active_low))
        yield relay
    finally:
        await relay.close()


@pytest.mark.parametrize("active_low", [False, True])
async def test_the_door_opens_for_the_hold_time(
    wall: Wall, collector: Collector, *, active_low: bool
) -> None:
    async with opened_relay(wall, collector, active_low=active_low) as relay:
        relay.open_door()
        drawn, fell = await edges_of(wall, RELAY_PIN, 2)
        assert (drawn.level, fell.level) == ((0, 1) if active_low else (1, 0))
        held_ms = (fell.at_monotonic_ns - drawn.at_monotonic_ns) / 1e6
        assert held_ms >= HOLD_MS - wall.resolution_ms


async def test_a_second_tap_holds_the_door_longer_in_one_pulse(
    wall: Wall, collector: Collector
) -> None:
    async with opened_relay(wall, collector, hold_ms=LONG_HOLD_MS) as relay:
        relay.open_door()
        await edges_of(wall, RELAY_PIN, 1)
        falls_at_s = relay._falls_at_s
        relay.open_door()
        assert relay._falls_at_s > falls_at_s
    assert [edge.level for edge in await edges_of(wall, RELAY_PIN, 2)] == [1, 0]


async def test_closing_lets_the_relay_fall_at_once(wall: Wall, collector: Collector) -> None:
    async with opened_relay(wall, collector, hold_ms=LONG_HOLD_MS) as relay:
        relay.open_door()
        await edges_of(wall, RELAY_PIN, 1)
        await relay.close()
        await relay.close()
        assert [edge.level for edge in await edges_of(wall, RELAY_PIN, 2)] == [1, 0]
        assert not any(thread.name == "relay:door" for thread in threading.enumerate())
        with pytest.raises(DeviceAbsentError):
            relay.open_door()


async def test_a_pin_that_fails_is_told_with_a_hint(wall: Wall, collector: Collector) -> None:
    async with opened_relay(wall, collector) as relay:
        wall.gpio.cleanup(RELAY_PIN)  # as another program on the same pin would
        with pytest.raises(DeviceFaultError) as caught:
            relay.open_door()
        assert (caught.value.reason, caught.value.device) == ("pin_fault", "door")
        await collector.state(DeviceState.DEGRADED, "pin_fault")
        wall.gpio.setup(RELAY_PIN, wall.gpio.OUT, initial=wall.gpio.LOW)
        relay.open_door()
        await collector.state(DeviceState.OK)


async def test_the_exit_button_opens_without_the_desk_for_as_long_as_it_is_pressed(
    wall: Wall, collector: Collector
) -> None:
    async with opened_relay(wall, collector, exit_pin=EXIT_PIN):
        wall.drive(EXIT_PIN, 0)
        assert (await collector.nth(ExitPressed, 1)).door == "door"
        await edges_of(wall, RELAY_PIN, 1)
        await asyncio.sleep(5 * HOLD_MS / 1000)
        assert [edge.level for edge in wall.edges(RELAY_PIN)] == [1]
        wall.drive(EXIT_PIN, 1)
        assert [edge.level for edge in await edges_of(wall, RELAY_PIN, 2)] == [1, 0]
        assert len(collector.of(ExitPressed)) == 1


async def test_a_button_that_is_pressed_at_the_start_opens_too(
    wall: Wall, collector: Collector
) -> None:
    wall.drive(EXIT_PIN, 0)
    relay = GpioDoorRelay(
        "door", RelayOptions(RELAY_PIN, HOLD_MS, exit_pin=EXIT_PIN), collector.bridge, wall.gpio
    )
    await relay.open()
    wall.drive(EXIT_PIN, 0)
    await collector.nth(ExitPressed, 1)
    await shown(wall, RELAY_PIN, 1)
    await relay.close()


async def test_a_stuck_exit_button_is_told(
    wall: Wall, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.drivers.gpio_door_relay.EXIT_STUCK_SECONDS", 0.2)
    async with opened_relay(wall, collector, exit_pin=EXIT_PIN):
        wall.drive(EXIT_PIN, 0)
        await collector.state(DeviceState.DEGRADED, "exit_stuck")
        wall.drive(EXIT_PIN, 1)
        await collector.state(DeviceState.OK)
        assert [edge.level for edge in await edges_of(wall, RELAY_PIN, 2)] == [1, 0]


async def test_a_button_on_the_relays_own_pin_is_refused(collector: Collector) -> None:
    table = {"kind": "door_relay", "driver": "gpio", "pin": 17, "exit_pin": 17}
    with pytest.raises(DeviceConfigurationError, match="exit_pin"):
        build_devices([table], collector.bridge, Stacks(gpio="fake:/nowhere"))


@pytest.mark.parametrize("active_low", [False, True])
async def test_a_process_killed_during_the_hold_lets_the_lock_go(
    board: Board, *, active_low: bool
) -> None:
    rest, drawn = int(active_low), int(not active_low)
    board.drive(RELAY_PIN, rest)  # the resistor on the relay's board
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.contracts.relay_holder"),
        *(board.stack, str(RELAY_PIN), str(LONG_HOLD_MS), str(active_low)),
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        await shown(board, RELAY_PIN, drawn)
        holder.send_signal(signal.SIGKILL)
        await shown(board, RELAY_PIN, rest)
    finally:
        if holder.returncode is None:
            holder.kill()
        await holder.wait()


@asynccontextmanager
async def opened_counter(
    wall: Wall, collector: Collector, debounce_ms: int
) -> AsyncIterator[GpioDoorCounter]:
    """A counter on a line at rest (pulled up), open and well."""
    options = CounterOptions(pin=COUNTER_PIN, direction="in", debounce_ms=debounce_ms)
    driver = GpioDoorCounter("entrance", options, collector.bridge, wall.gpio)
    await driver.open()
    await collector.state(DeviceState.OK)
    yield driver
    await driver.close()


async def cross(
    wall: Wall, counter: GpioDoorCounter, collector: Collector, number: int
) -> DoorCrossed:
    """One person walks through: the beam breaks and is free again."""
    wall.drive(COUNTER_PIN, 0)
    crossed = await collector.nth(DoorCrossed, number)
    wall.drive(COUNTER_PIN, 1)
    await at_rest(counter)
    return crossed


async def at_rest(counter: GpioDoorCounter) -> None:
    """Wait until the counter has seen the beam free."""
    async with asyncio.timeout(DEADLINE_S):
        while counter._beam.active:  # noqa: ASYNC110  a thread's
            await asyncio.sleep(0.001)


async def test_each_person_is_counted_once(wall: Wall, collector: Collector) -> None:
    async with opened_counter(wall, collector, QUICK_MS) as counter:
        for number in (1, 2, 3):
            before_ns = time.monotonic_ns()
            crossed = await cross(wall, counter, collector, number)
            assert (crossed.door, crossed.direction) == ("entrance", Direction.IN)
            assert before_ns <= crossed.at_monotonic_ns <= time.monotonic_ns()
        assert len(collector.of(DoorCrossed)) == 3


async def test_bounces_at_both_ends_count_as_one_crossing(wall: Wall, collector: Collector) -> None:
    async with opened_counter(wall, collector, BUSY_MS) as counter:
        for level in (0, 1, 0, 1, 0):
            wall.drive(COUNTER_PIN, level)
        await collector.nth(DoorCrossed, 1)
        for level in (1, 0, 1, 0, 1):
            wall.drive(COUNTER_PIN, level)
        await at_rest(counter)
        await cross(wall, counter, collector, 2)
        assert len(collector.of(DoorCrossed)) == 2


async def test_a_spike_is_nobody(wall: Wall, collector: Collector) -> None:
    async with opened_counter(wall, collector, BUSY_MS) as counter:
        wall.drive(COUNTER_PIN, 0)
        wall.drive(COUNTER_PIN, 1)
        await asyncio.sleep(2 * BUSY_MS / 1000)
        assert collector.of(DoorCrossed) == []
        await cross(wall, counter, collector, 1)
        assert len(collector.of(DoorCrossed)) == 1


async def test_a_storm_of_edges_counts_nobody_and_is_told(wall: Wall, collector: Collector) -> None:
    async with opened_counter(wall, collector, BUSY_MS) as counter:
        async with storm(wall, COUNTER_PIN):
            await collector.state(DeviceState.DEGRADED, "bouncing")
            assert collector.of(DoorCrossed) == []
        await collector.state(DeviceState.OK)
        await cross(wall, counter, collector, 1)
        assert collector.bridge.dropped == {}
