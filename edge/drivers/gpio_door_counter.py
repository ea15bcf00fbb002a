"""Door counter on a GPIO pin (RPi.GPIO API): a beam or contact, debounced, one event a crossing.

The stack's edge callback only notes the time. A thread of the driver's own waits until the line
has been quiet for `debounce_ms` and reads the level then: from rest to active is a crossing, told
with the time of its first edge. So a bounce counts once, a spike shorter than the debounce not at
all, and a storm of edges can neither flood the box nor count people; while it lasts, the counter
is degraded. (The stacks' own `bouncetime` is not used: RPi.GPIO and rpi-lgpio mean different
things by it.)
"""

import asyncio
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from edge.drivers.bridge import Bridge
from edge.drivers.contract import DoorCounter
from edge.drivers.errors import Reason
from edge.drivers.gpio_door_relay import GPIO_ERRORS
from edge.drivers.options import option, read_options
from edge.drivers.stacks import GpioStack, Stacks
from edge.events import DeviceState, Direction, DoorCrossed

STORM_MS = 1000
"""A line that is not quiet for so long is a fault, not a person."""


@dataclass(frozen=True, slots=True)
class Options:
    """`pin` counts as Broadcom does; `direction` is what a crossing of this beam means."""

    pin: int = option(low=0, high=27)
    direction: str = option("in", choices=("in", "out", "unknown"))
    active_low: bool = option(default=True)
    pull: str = option("up", choices=("up", "down", "off"))
    debounce_ms: int = option(30, low=1, high=1000)


class GpioDoorCounter(DoorCounter):
    """See the module."""

    def __init__(self, name: str, options: Options, bridge: Bridge, gpio: GpioStack) -> None:
        super().__init__(name, bridge)
        self._options = options
        self._gpio = gpio
        self._active_level = gpio.LOW if options.active_low else gpio.HIGH
        self._debounce_ns = options.debounce_ms * 1_000_000
        self._edge = threading.Event()
        self._last_edge_ns = 0
        self._active = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    async def open(self) -> None:
        gpio, options = self._gpio, self._options
        pulls = {"up": gpio.PUD_UP, "down": gpio.PUD_DOWN, "off": gpio.PUD_OFF}
        try:
            gpio.setwarnings(False)  # a pin still set from the run before is expected
            gpio.setmode(gpio.BCM)
            gpio.setup(options.pin, gpio.IN, pull_up_down=pulls[options.pull])
            self._active = gpio.input(options.pin) == self._active_level
            gpio.add_event_detect(options.pin, gpio.BOTH, callback=self._on_edge)
        except GPIO_ERRORS:
            self._report(DeviceState.ABSENT, Reason.PIN_FAULT)
            return
        self._thread = threading.Thread(target=self._run, name=f"counter:{self.name}", daemon=True)
        self._thread.start()
        self._report(DeviceState.OK)

    async def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._gpio.remove_event_detect(self._options.pin)
        self._stopping.set()
        self._edge.set()
        await asyncio.to_thread(thread.join)
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    def _on_edge(self, _channel: int) -> None:
        self._last_edge_ns = time.monotonic_ns()
        self._edge.set()

    def _run(self) -> None:
        while True:
            self._edge.wait()
            first_edge_ns = self._last_edge_ns
            self._edge.clear()
            if not self._wait_until_quiet(first_edge_ns):
                return
            active = self._gpio.input(self._options.pin) == self._active_level
            if active and not self._active:
                direction = Direction(self._options.direction)
                self._bridge.post(DoorCrossed(self.name, direction, first_edge_ns))
            self._active = active
            self._report(DeviceState.OK)

    def _wait_until_quiet(self, first_edge_ns: int) -> bool:
        """False when the driver stops meanwhile."""
        while not self._stopping.is_set():
            now_ns = time.monotonic_ns()
            quiet_ns = now_ns - self._last_edge_ns
            if quiet_ns >= self._debounce_ns:
                self._edge.clear()
                return True
            if now_ns - first_edge_ns > STORM_MS * 1_000_000:
                self._report(DeviceState.DEGRADED, Reason.BOUNCING)
            self._stopping.wait((self._debounce_ns - quiet_ns) / 1e9)
        return False


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, stacks: Stacks
) -> GpioDoorCounter:
    """Raises DeviceConfigurationError."""
    return GpioDoorCounter(name, read_options(Options, table, where), bridge, stacks.gpio)
