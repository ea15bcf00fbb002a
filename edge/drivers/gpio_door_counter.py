"""Door counter on a GPIO pin (RPi.GPIO API): a beam or contact, debounced, one event a crossing.

From rest to active is a crossing, told with the time of its first edge. While the line storms, the
counter is degraded and counts nobody.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from edge.drivers.bridge import Bridge
from edge.drivers.contract import DoorCounter
from edge.drivers.errors import Reason
from edge.drivers.gpio_inputs import PULLS, QuietInput, Wiring, pin_errors
from edge.drivers.options import option, read_options
from edge.drivers.pin_retry import PinRetry
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
        self._options = options
        self._gpio = gpio
        self._retry = PinRetry(self._open_pins)
        self._input: QuietInput | None = None

    async def open(self) -> None:
        self._retry.start()

    def _open_pins(self) -> bool:
        options = self._options
        debounce_ms = options.debounce_ms
        wiring = Wiring(options.pin, options.active_low, options.pull, debounce_ms, debounce_ms)
        beam = QuietInput(
            self._gpio, wiring, f"counter:{self.name}", self._on_level, self._on_state
        )
        try:
            beam.open()
        except pin_errors(self._gpio):
            self._report(DeviceState.ABSENT, Reason.PIN_FAULT)
            return False
        self._input = beam
        self._report(DeviceState.OK)
        return True

    async def close(self) -> None:
        await self._retry.stop()
        beam, self._input = self._input, None
        if beam is None:
            return
        await asyncio.to_thread(beam.close)
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    def _on_level(self, active: bool, at_monotonic_ns: int) -> None:
        if active:
            direction = Direction(self._options.direction)
            self._bridge.post(DoorCrossed(self.name, direction, at_monotonic_ns))

    def _on_state(self, reason: Reason | None) -> None:
        self._report(DeviceState.DEGRADED if reason else DeviceState.OK, reason)


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, stacks: Stacks
) -> GpioDoorCounter:
    """Raises DeviceConfigurationError."""
    return GpioDoorCounter(name, read_options(Options, table, where), bridge, stacks.gpio)
