"""One input pin, by the RPi.GPIO API: its level counts only once the line is quiet.

The stack's edge callback only notes the time. A thread of the input's own waits until the line has
been quiet for long enough and takes the level then: a bounce is one change, a spike shorter than
that is none, and a storm of edges changes nothing, but is told. (The stacks' own `bouncetime` is
not used: RPi.GPIO and rpi-lgpio mean different things by it.)
"""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from edge.drivers.errors import Reason
from edge.drivers.stacks import GpioStack

STORM_MS = 1000
"""A line that is not quiet for so long is a fault."""
PULLS = ("up", "down", "off")


def pin_errors(gpio: GpioStack) -> tuple[type[Exception], ...]:
    """What a stack raises for a pin that cannot be used.

    RPi.GPIO raises the first three. rpi-lgpio lets errors of lgpio through, such as that of a pin
    which another program holds, and these descend from Exception alone.
    """
    lgpio = getattr(gpio, "lgpio", None)
    own = (RuntimeError, ValueError, OSError)
    return own if lgpio is None else (*own, lgpio.error)


def forget_edges(gpio: GpioStack, pins: Iterable[int]) -> None:
    """Watch pins no more, of which some may never have been watched."""
    for pin in pins:
        with suppress(*pin_errors(gpio)):
            gpio.remove_event_detect(pin)


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
OnState = Callable[[Reason | None], None]
"""The line is well (None), bounces, or cannot be read."""


class QuietInput:
    """Both callbacks are called on the input's own thread, `on_state` after every look."""

    def __init__(
        self, gpio: GpioStack, wiring: Wiring, name: str, on_level: OnLevel, on_state: OnState
    ) -> None:
        self._gpio = gpio
        self._wiring = wiring
        self._on_level, self._on_state = on_level, on_state
        self._active_level = gpio.LOW if wiring.active_low else gpio.HIGH
        self._edge = threading.Event()
        self._last_edge_ns = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.active = False
        """The level that was taken last."""

    def open(self) -> None:
        """Take the level that the line has and watch it. Raises `pin_errors`."""
        gpio, wiring = self._gpio, self._wiring
        pulls = dict(zip(PULLS, (gpio.PUD_UP, gpio.PUD_DOWN, gpio.PUD_OFF), strict=True))
        gpio.setwarnings(False)  # a pin still set from the run before is expected
        gpio.setmode(gpio.BCM)
        gpio.setup(wiring.pin, gpio.IN, pull_up_down=pulls[wiring.pull])
        self.active = self._is_active()
        gpio.add_event_detect(wiring.pin, gpio.BOTH, callback=self._on_edge)
        self._thread.start()

    def close(self) -> None:
        """Blocks until the thread has ended."""
        self._gpio.remove_event_detect(self._wiring.pin)
        self._stopping.set()
        self._edge.set()
        self._thread.join()

    def _is_active(self) -> bool:
        return self._gpio.input(self._wiring.pin) == self._active_level

    def _on_edge(self, _channel: int) -> None:
        self._last_edge_ns = time.monotonic_ns()
        self._edge.set()

    def _run(self) -> None:
        while True:
            self._edge.wait()
            first_edge_ns = self._last_edge_ns
            try:
                active = self._quiet_level(first_edge_ns)
            except pin_errors(self._gpio):
                self._edge.clear()
                self._on_state(Reason.PIN_FAULT)
                continue
            if active is None:
                return
            if active != self.active:
                self.active = active
                self._on_level(active, first_edge_ns)
            self._on_state(None)

    def _quiet_level(self, first_edge_ns: int) -> bool | None:
        """Whether the line is active, once it is quiet; None when the input stops meanwhile."""
        while not self._stopping.is_set():
            self._edge.clear()  # an edge from here on is looked at after this one
            active = self._is_active()
            now_ns = time.monotonic_ns()
            quiet_ms = self._wiring.active_ms if active else self._wiring.rest_ms
            remaining_ns = quiet_ms * 1_000_000 - (now_ns - self._last_edge_ns)
            if remaining_ns <= 0:
                return active
            if now_ns - first_edge_ns > max(STORM_MS, 2 * quiet_ms) * 1_000_000:
                self._on_state(Reason.BOUNCING)
            self._stopping.wait(remaining_ns / 1e9)
        return None
