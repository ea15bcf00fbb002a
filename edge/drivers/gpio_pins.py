"""Pins by the RPi.GPIO API: outputs that come to rest, and inputs that one thread looks at."""

import asyncio
import atexit
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from edge.drivers.contract import OnState
from edge.drivers.errors import Reason
from edge.drivers.pin_retry import PinRetry
from edge.drivers.stacks import GpioStack
from edge.events import DeviceState

PULLS = ("up", "down", "off")


def pin_errors(gpio: GpioStack) -> tuple[type[Exception], ...]:
    """What a stack raises for a pin that cannot be used.

    RPi.GPIO raises the first three. rpi-lgpio lets errors of lgpio through, such as that of a pin
    which another program holds, and these descend from Exception alone.
    """
    lgpio = getattr(gpio, "lgpio", None)
    own = (RuntimeError, ValueError, OSError)
    return own if lgpio is None else (*own, lgpio.error)


def _begin(gpio: GpioStack) -> None:
    gpio.setwarnings(False)  # a pin still set from the run before is expected
    gpio.setmode(gpio.BCM)


class OutputPins:
    """Outputs that are at rest once they are taken, when they are released, and at exit."""

    def __init__(self, gpio: GpioStack, pins: Sequence[int], *, active_low: bool) -> None:
        self._gpio = gpio
        self._pins = tuple(pins)
        self._on, self._off = (gpio.LOW, gpio.HIGH) if active_low else (gpio.HIGH, gpio.LOW)

    def take(self) -> None:
        """Set them up; pins that were taken may be taken anew. Raises `pin_errors`."""
        _begin(self._gpio)
        for pin in self._pins:
            self._gpio.setup(pin, self._gpio.OUT, initial=self._off)
        atexit.register(self.rest)

    def set(self, pin: int, *, on: bool) -> None:
        """Raises `pin_errors`."""
        self._gpio.output(pin, self._on if on else self._off)

    def rest(self) -> None:
        """Put out all that can be."""
        for pin in self._pins:
            with suppress(*pin_errors(self._gpio)):
                self._gpio.output(pin, self._off)

    def release(self) -> None:
        """Leave them at rest. A second call does no more."""
        self.rest()
        atexit.unregister(self.rest)


@dataclass(frozen=True, slots=True)
class Lines:
    """How inputs are set up; pins count as Broadcom does."""

    pins: tuple[int, ...]
    pull: str
    """Of PULLS."""
    edges: int
    """Which of them are told: the stack's BOTH or FALLING."""


class WatchedPins:
    """Inputs, and a thread that waits for `edge` and ends soon after `stopping`.

    They are taken as soon as they can be, all of them, and `on_state` hears of it. Then `on_taken`
    is called on the loop (it may raise `pin_errors` too), and `run` is the thread. `on_edge` is
    called by the stack for each edge of a pin, before `edge` is set.
    """

    def __init__(
        self,
        gpio: GpioStack,
        lines: Lines,
        name: str,
        run: Callable[[], None],
        on_edge: Callable[[int], None],
        on_state: OnState,
        on_taken: Callable[[], None] = lambda: None,
    ) -> None:
        self._gpio = gpio
        self._lines = lines
        self._on_edge, self._on_state, self._on_taken = on_edge, on_state, on_taken
        self._retry = PinRetry(self._take)
        self._thread = threading.Thread(target=run, name=name, daemon=True)
        self.edge = threading.Event()
        self.stopping = threading.Event()

    def open(self) -> None:
        """Take them now, or once they can be."""
        self._retry.start()

    async def close(self) -> None:
        """Watch them no more, and wait for the thread. A second call does nothing."""
        await self._retry.stop()
        self._forget()
        self.stopping.set()
        self.edge.set()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join)

    def _take(self) -> bool:
        gpio, lines = self._gpio, self._lines
        pulls = dict(zip(PULLS, (gpio.PUD_UP, gpio.PUD_DOWN, gpio.PUD_OFF), strict=True))
        try:
            _begin(gpio)
            for pin in lines.pins:
                gpio.setup(pin, gpio.IN, pull_up_down=pulls[lines.pull])
                gpio.add_event_detect(pin, lines.edges, callback=self._edge_came)
            self._on_taken()
        except pin_errors(gpio):
            self._forget()
            self._on_state(DeviceState.ABSENT, Reason.PIN_FAULT)
            return False
        self._on_state(DeviceState.OK, None)
        self._thread.start()
        return True

    def _edge_came(self, pin: int) -> None:
        self._on_edge(pin)
        self.edge.set()

    def _forget(self) -> None:
        for pin in self._lines.pins:
            with suppress(*pin_errors(self._gpio)):  # it may never have been watched
                self._gpio.remove_event_detect(pin)
