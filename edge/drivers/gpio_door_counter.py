"""Door counter on a GPIO pin (RPi.GPIO API): a beam or contact, debounced, one event a crossing.

From rest to active is a crossing, told with the time of its first edge. While the line storms, the
counter is degraded and counts nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from edge.drivers.bridge import Bridge
from edge.drivers.contract import DoorCounter
from edge.drivers.errors import Reason
from edge.drivers.gpio_inputs import QuietInput, Wiring
from edge.drivers.gpio_pins import PULLS
from edge.drivers.options import option, read_options
from edge.drivers.stacks import GpioStack, Stacks
from edge.events import DeviceState, Direction, DoorCrossed


@dataclass(frozen=True, slots=True)
class Options:
    """`pin` counts as Broadcom does; `direction` is what a crossing of this beam means."""

    pin: int = option(low=0, high=27)
    direction: str = option("in", choices=("in", "out", "unknown"))
    active_low: bool = option(default=True)
    pull: str = option("up", choices=PULLS)
    debounce_ms: int = option(30, low=1, high=1000)


class GpioDoorCounter(DoorCounter):
    """See the module."""

    def __init__(self, name: str, options: Options, bridge: Bridge, gpio: GpioStack) -> None:
        super().__init__(name, bridge)
        self._direction = Direction(options.direction)
        debounce_ms = options.debounce_ms
        wiring = Wiring(options.pin, options.active_low, options.pull, debounce_ms, debounce_ms)
        self._beam = QuietInput(gpio, wiring, f"counter:{name}", self._on_level, self._report)

    async def open(self) -> None:
        self._beam.open()

    async def close(self) -> None:
        await self._beam.close()
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    def _on_level(self, active: bool, at_monotonic_ns: int) -> None:
        if active:
            self._bridge.post(DoorCrossed(self.name, self._direction, at_monotonic_ns))


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, stacks: Stacks
) -> GpioDoorCounter:
    """Raises DeviceConfigurationError."""
    return GpioDoorCounter(name, read_options(Options, table, where), bridge, stacks.gpio)
