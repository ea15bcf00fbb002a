"""One input pin, by the RPi.GPIO API: its level counts only once the line is quiet.

The stack's edge callback only notes the time. A thread of the input's own waits until the line has
been quiet for long enough and takes the level then: a bounce is one change, a spike shorter than
that is none, and a storm of edges changes nothing, but is told. (The stacks' own `bouncetime` is
not used: RPi.GPIO and rpi-lgpio mean different things by it.)
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from edge.drivers.contract import OnState
from edge.drivers.errors import Reason
from edge.drivers.gpio_pins import Lines, WatchedPins, pin_errors
from edge.drivers.stacks import GpioStack
from edge.events import DeviceState

STORM_MS = 1000
"""A line that is not quiet for so long is a fault."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """How an input is wired; `pin` counts as Broadcom does."""

    pin: int
    active_low: bool
    pull: str
    """Of PULLS."""
    active_ms: int
    """For so long the line must be quiet at its active level."""
    rest_ms: int
    """And for so long at rest."""


OnLevel = Callable[[bool, int], None]
"""The level became another one (True: active); the monotonic time of its first edge in ns."""


class QuietInput:
    """Both callbacks are called on the input's own thread, `on_state` after every look.

    Before there is one they are called on the loop: `on_state` while the pin cannot be taken and
    when it is, and `on_level` where the line is active at the start and `tells_start`.
    """

    def __init__(
        self,
        gpio: GpioStack,
        wiring: Wiring,
        name: str,
        on_level: OnLevel,
        on_state: OnState,
        *,
        tells_start: bool = False,
    ) -> None:
        self._gpio = gpio
        self._wiring = wiring
        self._on_level, self._on_state = on_level, on_state
        self._tells_start = tells_start
        self._active_level = gpio.LOW if wiring.active_low else gpio.HIGH
        self._last_edge_ns = 0
        lines = Lines((wiring.pin,), wiring.pull, gpio.BOTH)
        self._pins = WatchedPins(
            gpio, lines, name, self._run, self._on_edge, on_state, self._on_taken
        )
        self.active = False
        """The level that was taken last."""

    def open(self) -> None:
        """Take the pin and the level that its line has, now or once it can be taken."""
        self._pins.open()

    async def close(self) -> None:
        """Wait until the thread has ended. A second call does nothing."""
        await self._pins.close()

    def _on_taken(self) -> None:
        self.active = self._is_active()
        if self.active and self._tells_start:
            self._on_level(True, time.monotonic_ns())

    def _is_active(self) -> bool:
        return self._gpio.input(self._wiring.pin) == self._active_level

    def _on_edge(self, _pin: int) -> None:
        self._last_edge_ns = time.monotonic_ns()

    def _run(self) -> None:
        edge = self._pins.edge
        while True:
            edge.wait()
            first_edge_ns = self._last_edge_ns
            try:
                active = self._quiet_level(first_edge_ns)
            except pin_errors(self._gpio):
                edge.clear()
                self._on_state(DeviceState.DEGRADED, Reason.PIN_FAULT)
                if self._pins.stopping.is_set():
                    return
                continue
            if active is None:
                return
            if active != self.active:
                self.active = active
                self._on_level(active, first_edge_ns)
            self._on_state(DeviceState.OK, None)

    def _quiet_level(self, first_edge_ns: int) -> bool | None:
        """Whether the line is active, once it is quiet; None when the input stops meanwhile."""
        stopping = self._pins.stopping
        while not stopping.is_set():
            self._pins.edge.clear()  # an edge from here on is looked at after this one
            active = self._is_active()
            now_ns = time.monotonic_ns()
            quiet_ms = self._wiring.active_ms if active else self._wiring.rest_ms
            remaining_ns = quiet_ms * 1_000_000 - (now_ns - self._last_edge_ns)
            if remaining_ns <= 0:
                return active
            if now_ns - first_edge_ns > max(STORM_MS, 2 * quiet_ms) * 1_000_000:
                self._on_state(DeviceState.DEGRADED, Reason.BOUNCING)
            stopping.wait(remaining_ns / 1e9)
        return None
