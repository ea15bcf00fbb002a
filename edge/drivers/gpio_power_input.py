"""Power-fail input on a GPIO pin (RPi.GPIO API): what a UPS or a mains sensor says of the mains.

A UPS has a dry contact or an open collector for it ("power fail", "on battery"). The mains has
failed when the line was active for `debounce_ms`, and is back only when it was at rest for
`back_ms`: what comes back in jerks would have the box begin and break off again and again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from edge.drivers.bridge import Bridge
from edge.drivers.contract import PowerInput
from edge.drivers.errors import Reason
from edge.drivers.gpio_inputs import QuietInput, Wiring
from edge.drivers.gpio_pins import PULLS
from edge.drivers.options import option, read_options
from edge.drivers.stacks import GpioStack, Stacks
from edge.events import DeviceState, PowerFailed, PowerReturned


@dataclass(frozen=True, slots=True)
class Options:
    """`pin` counts as Broadcom does; active is what the line is while the mains fails."""

    pin: int = option(low=0, high=27)
    active_low: bool = option(default=True)
    pull: str = option("up", choices=PULLS)
    debounce_ms: int = option(50, low=1, high=5000)
    back_ms: int = option(2000, low=1, high=60_000)


class GpioPowerInput(PowerInput):
    """See the module."""

    def __init__(self, name: str, options: Options, bridge: Bridge, gpio: GpioStack) -> None:
        super().__init__(name, bridge)
        wiring = Wiring(
            options.pin, options.active_low, options.pull, options.debounce_ms, options.back_ms
        )
        self._input = QuietInput(
            gpio, wiring, f"power:{name}", self._on_level, self._on_state, tells_start=True
        )

    async def open(self) -> None:
        self._input.open()

    async def close(self) -> None:
        await self._input.close()
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    def _on_level(self, active: bool, at_monotonic_ns: int) -> None:
        event = PowerFailed if active else PowerReturned
        self._bridge.post(event(self.name, at_monotonic_ns))

    def _on_state(self, state: DeviceState, reason: Reason | None) -> None:
        if reason is None and self._input.active:
            state, reason = DeviceState.DEGRADED, Reason.POWER_FAILED
        self._report(state, reason)


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, stacks: Stacks
) -> GpioPowerInput:
    """Raises DeviceConfigurationError."""
    return GpioPowerInput(name, read_options(Options, table, where), bridge, stacks.gpio)
