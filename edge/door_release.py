"""`python -m edge.door_release FILE`: lets every door relay of a configuration fall.

The unit runs it after the box has ended, however it ended. A killed box cannot let its relays
fall itself, and not every kernel does it for one (see `edge.drivers.gpio_door_relay`). It is apart
from `edge.cli` so that it starts quickly. Exit code 1 where a relay could not be reached.
"""

import asyncio
import sys
from pathlib import Path

from edge.configuration import Configuration, ConfigurationError, load
from edge.drivers.bridge import Bridge
from edge.drivers.contract import DoorRelay
from edge.drivers.errors import DeviceConfigurationError
from edge.drivers.registry import build_devices
from edge.drivers.stacks import Stacks
from edge.events import DeviceState


async def release_doors(configuration: Configuration, stacks: Stacks) -> list[str]:
    """Set every relay to rest; the names of those that could not be.

    Exit buttons are left alone. Raises DeviceConfigurationError.
    """
    tables = [
        {key: value for key, value in table.items() if not key.startswith("exit_")}
        for table in configuration.devices
        if table.get("kind") == DoorRelay.kind
    ]
    devices = build_devices(tables, Bridge(lambda _event: None), stacks)
    await devices.open()
    failed = [device.name for device in devices if device.status.state is not DeviceState.OK]
    await devices.close()
    return failed


def main(path: Path) -> int:
    """Release the doors of a configuration file."""
    try:
        configuration = load(path)
        stacks = Stacks(configuration.stacks.pcsc, configuration.stacks.gpio)
        failed = asyncio.run(release_doors(configuration, stacks))
    except (ConfigurationError, DeviceConfigurationError) as error:
        sys.stderr.write(f"doors: {error}\n")
        return 1
    for name in failed:
        sys.stderr.write(f"doors: {name} could not be set to rest\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
