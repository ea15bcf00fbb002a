"""A pin that another program holds, on a kernel's own lines; run by `python -m tests.pins`."""

import asyncio
import os
import sys
from pathlib import Path

from edge.drivers.gpio_door_relay import GpioDoorRelay, Options
from edge.events import DeviceState
from tests.contracts.collector import Collector
from tests.contracts.walls import shown
from tests.pins.lines import KernelWall

PIN = 17


async def test_a_pin_that_another_program_holds_is_told_and_taken_once_it_is_free() -> None:
    wall, collector = KernelWall(), Collector()
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.contracts.relay_holder", wall.stack, str(PIN)),
        *("30000", "False"),
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        await shown(wall, PIN, 1)
        relay = GpioDoorRelay("door", Options(PIN), collector.bridge, wall.gpio)
        await relay.open()
        await collector.state(DeviceState.ABSENT, "pin_fault")
        holder.kill()
        await collector.state(DeviceState.OK)
        await relay.close()
    finally:
        if holder.returncode is None:
            holder.kill()
        await holder.wait()
        wall.close()
