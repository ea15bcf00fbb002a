"""Door counter on two light beams one behind the other (GPIO): which breaks first tells the way.

The beams are read as a quadrature pair: who walks in breaks the outer, both, the inner, none; who
turns back undoes the steps and is nobody. Where a step was too quick to be seen, the rest decides;
where nothing tells, the way is unknown. The edge callbacks only note times; a thread of the
driver's own takes a beam's level once its line was quiet for `debounce_ms`.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from edge.drivers.bridge import Bridge
from edge.drivers.contract import DoorCounter
from edge.drivers.errors import DeviceConfigurationError, Reason
from edge.drivers.gpio_pins import PULLS, Lines, WatchedPins, pin_errors
from edge.drivers.options import option, read_options
from edge.drivers.stacks import GpioStack, Stacks
from edge.events import DeviceState, Direction, DoorCrossed

STORM_MS = 1000
"""Lines that are not quiet for so long are a fault, not a person."""
FULL_WAY = 4
"""Steps from free to free through both beams."""
_STEPS = {(False, False): 0, (True, False): 1, (True, True): 2, (False, True): 3}
"""(outer broken, inner broken) -> the step of one who walks in."""


@dataclass(frozen=True, slots=True)
class Options:
    """Pins count as Broadcom does. Beams 5 to 10 cm apart are 35 to 70 ms of a walk."""

    pin_outer: int = option(low=0, high=27)
    pin_inner: int = option(low=0, high=27)
    active_low: bool = option(default=True)
    pull: str = option("up", choices=PULLS)
    debounce_ms: int = option(8, low=1, high=100)


class BeamPair:
    """Turns what two beams show, one after the other, into ways through the door."""

    def __init__(self) -> None:
        self._step = 0
        self._position = 0
        self._torn = False

    def show(self, *, outer: bool, inner: bool) -> Direction | None:
        """The way of a person who has just left both beams, None before and for nobody."""
        step = _STEPS[outer, inner]
        change = (step - self._step) % 4
        self._step = step
        if change == 2:
            self._torn = True
        else:
            self._position += {0: 0, 1: 1, 3: -1}[change]
        if step != 0:
            return None
        position, torn = self._position, self._torn
        self._position, self._torn = 0, False
        if abs(position) < FULL_WAY and not torn:
            return None
        if position == 0:
            return Direction.UNKNOWN
        return Direction.IN if position > 0 else Direction.OUT


class DualBeamDoorCounter(DoorCounter):
    """See the module."""

    def __init__(self, name: str, options: Options, bridge: Bridge, gpio: GpioStack) -> None:
        super().__init__(name, bridge)
        self._options = options
        self._gpio = gpio
        self._active_level = gpio.LOW if options.active_low else gpio.HIGH
        self._pins = (options.pin_outer, options.pin_inner)
        self._pair = BeamPair()
        self._broken = dict.fromkeys(self._pins, False)
        self._last_edge_ns = dict.fromkeys(self._pins, 0)
        lines = Lines(self._pins, options.pull, gpio.BOTH)
        self._beams = WatchedPins(
            gpio, lines, f"counter:{name}", self._run, self._on_edge, self._report
        )

    async def open(self) -> None:
        self._beams.open()

    async def close(self) -> None:
        await self._beams.close()
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    def _on_edge(self, pin: int) -> None:
        self._last_edge_ns[pin] = time.monotonic_ns()

    def _run(self) -> None:
        edge, stopping = self._beams.edge, self._beams.stopping
        while not stopping.is_set():
            edge.wait()
            edge.clear()
            try:
                self._follow(stopping)
            except pin_errors(self._gpio):
                self._report(DeviceState.DEGRADED, Reason.PIN_FAULT)

    def _follow(self, stopping: threading.Event) -> None:
        """Take what the lines show until both are quiet. Raises `pin_errors`."""
        began_ns = time.monotonic_ns()
        while not self._take_quiet():
            if time.monotonic_ns() - began_ns > STORM_MS * 1_000_000:
                self._report(DeviceState.DEGRADED, Reason.BOUNCING)
            if stopping.wait(self._options.debounce_ms / 2000):
                return
        self._report(DeviceState.OK)

    def _take_quiet(self) -> bool:
        """Take the levels of the lines that are quiet, the longer quiet one first; whether all."""
        now_ns = time.monotonic_ns()
        edges = sorted((self._last_edge_ns[pin], pin) for pin in self._pins)
        quiet = [pin for at_ns, pin in edges if now_ns - at_ns >= self._options.debounce_ms * 1e6]
        for pin in quiet:
            broken = self._gpio.input(pin) == self._active_level
            if broken != self._broken[pin]:
                self._broken[pin] = broken
                self._show(self._last_edge_ns[pin])
        return len(quiet) == len(self._pins)

    def _show(self, at_ns: int) -> None:
        outer, inner = (self._broken[pin] for pin in self._pins)
        direction = self._pair.show(outer=outer, inner=inner)
        if direction is not None:
            self._bridge.post(DoorCrossed(self.name, direction, at_ns))


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, stacks: Stacks
) -> DualBeamDoorCounter:
    """Raises DeviceConfigurationError."""
    options = read_options(Options, table, where)
    if options.pin_outer == options.pin_inner:
        raise DeviceConfigurationError(
            f"{where}.pin_inner", f"{options.pin_inner} is pin_outer too", "Set the inner beam's"
        )
    return DualBeamDoorCounter(name, options, bridge, stacks.gpio)
