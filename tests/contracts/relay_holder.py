"""A program that draws a relay and keeps it drawn, to be killed: STACK PIN HOLD_MS ACTIVE_LOW."""

import asyncio
import sys

from edge.drivers.bridge import Bridge
from edge.drivers.registry import build_devices
from edge.drivers.stacks import Stacks


async def main(stack: str, pin: str, hold_ms: str, active_low: str) -> None:
    table = {"kind": "door_relay", "driver": "gpio", "pin": int(pin), "hold_ms": int(hold_ms)}
    table["active_low"] = active_low == "True"
    devices = build_devices([table], Bridge(lambda _event: None), Stacks(gpio=stack))
    await devices.open()
    devices.door_relays[0].open_door()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
