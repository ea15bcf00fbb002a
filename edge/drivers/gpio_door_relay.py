"""Door relay on a GPIO pin (RPi.GPIO API), with an input for a button that lets people out.

The relay is drawn at once and let fall by a thread of its own, not by the event loop, so that a
stalled box does not leave the door open. The button draws it without the desk, for as long as it
is pressed and the hold time after. It is a convenience: the way out must open without any software
(`docs/OPERATIONS.md`, "The door").

A killed program cannot let the relay fall, but its pin goes with it: the kernel takes back a line
whose process has died, and a pin that is an input again has the level of its pull resistor, which
is to be the relay's rest. Raspberry Pi's kernels do so where `dtparam=strict_gpiod` is set.
"""

import asyncio
import atexit
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from edge.drivers.bridge import Bridge
from edge.drivers.contract import DoorRelay
from edge.drivers.errors import (
    DeviceAbsentError,
    DeviceConfigurationError,
    DeviceFaultError,
    Reason,
)
from edge.drivers.gpio_inputs import QuietInput, Wiring, pin_errors
from edge.drivers.options import option, read_options
from edge.drivers.pin_retry import PinRetry
from edge.drivers.stacks import GpioStack, Stacks
from edge.events import DeviceState, ExitPressed

RETRY_SECONDS = 1.0
"""Between attempts to let a relay fall whose pin reports an error."""
EXIT_DEBOUNCE_MS = 30
EXIT_STUCK_SECONDS = 60.0
"""A button that is pressed for so long is stuck, and the door stands open."""
NO_PIN = -1


@dataclass(frozen=True, slots=True)
class Options:
    """Pins count as Broadcom does; many relay boards are active low.

    `exit_pin`: a button or a sensor that lets people out, with a pull resistor against its active
    level; NO_PIN: there is none.
    """

    pin: int = option(low=0, high=27)
    hold_ms: int = option(3000, low=20, high=30_000)
    active_low: bool = option(default=False)
    exit_pin: int = option(NO_PIN, low=NO_PIN, high=27)
    exit_active_low: bool = option(default=True)


class GpioDoorRelay(DoorRelay):
    """See the module."""

    def __init__(self, name: str, options: Options, bridge: Bridge, gpio: GpioStack) -> None:
        super().__init__(name, bridge)
        self._options = options
        self._gpio = gpio
        self._drawn_level = gpio.LOW if options.active_low else gpio.HIGH
        self._rest_level = gpio.HIGH if options.active_low else gpio.LOW
        self._changed = threading.Condition()
        self._drawn = False
        self._falls_at_s = 0.0
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._retry = PinRetry(self._open_pins)
        self._exit: QuietInput | None = None
        self._pressed_at_s: float | None = None

    async def open(self) -> None:
        self._retry.start()

    def _open_pins(self) -> bool:
        try:
            self._gpio.setwarnings(False)  # a pin still set from the run before is expected
            self._gpio.setmode(self._gpio.BCM)
            self._gpio.setup(self._options.pin, self._gpio.OUT, initial=self._rest_level)
            button = self._open_exit()
        except pin_errors(self._gpio):
            self._report(DeviceState.ABSENT, Reason.PIN_FAULT)
            return False
        atexit.register(self._rest)
        self._thread = threading.Thread(target=self._run, name=f"relay:{self.name}", daemon=True)
        self._thread.start()
        self._report(DeviceState.OK)
        if button is not None:
            self._exit = button
            if button.active:
                self._on_exit(True, time.monotonic_ns())
        return True

    def _open_exit(self) -> QuietInput | None:
        options = self._options
        if options.exit_pin == NO_PIN:
            return None
        pull = "up" if options.exit_active_low else "down"
        wiring = Wiring(
            options.exit_pin, options.exit_active_low, pull, EXIT_DEBOUNCE_MS, EXIT_DEBOUNCE_MS
        )
        name = f"exit:{self.name}"
        button = QuietInput(self._gpio, wiring, name, self._on_exit, self._on_exit_line)
        button.open()
        return button

    def open_door(self) -> None:
        with self._changed:
            if self._thread is None or self._stopping:
                raise DeviceAbsentError("open the door", self.name, Reason(self.status.reason))
            try:
                self._draw()
            except pin_errors(self._gpio) as error:
                self._report(DeviceState.DEGRADED, Reason.PIN_FAULT)
                raise DeviceFaultError("open the door", self.name, Reason.PIN_FAULT) from error

    async def close(self) -> None:
        await self._retry.stop()
        thread, button = self._thread, self._exit
        if thread is None:
            return
        if button is not None:
            await asyncio.to_thread(button.close)
            self._exit = None
        with self._changed:
            self._stopping = True
            self._changed.notify()
        await asyncio.to_thread(thread.join)
        self._thread = None
        self._rest()
        atexit.unregister(self._rest)
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    def _draw(self) -> None:
        """Under the lock. Raises `pin_errors`."""
        self._gpio.output(self._options.pin, self._drawn_level)
        self._falls_at_s = time.monotonic() + self._options.hold_ms / 1000
        self._drawn = True
        self._changed.notify()
        if self.status.reason == Reason.PIN_FAULT:
            self._report(DeviceState.OK)

    def _on_exit(self, pressed: bool, at_monotonic_ns: int) -> None:
        """On the button's thread: nobody is asked, nothing is committed before."""
        with self._changed:
            self._pressed_at_s = time.monotonic() if pressed else None
            try:
                self._draw()  # when it is let go too: the hold time counts from there
            except pin_errors(self._gpio):
                self._report(DeviceState.DEGRADED, Reason.PIN_FAULT)
        if pressed:
            self._bridge.post(ExitPressed(self.name, at_monotonic_ns))

    def _on_exit_line(self, reason: Reason | None) -> None:
        if reason is not None:
            self._report(DeviceState.DEGRADED, reason)
        elif self.status.reason == Reason.BOUNCING or (
            self.status.reason == Reason.EXIT_STUCK and self._pressed_at_s is None
        ):
            self._report(DeviceState.OK)

    def _run(self) -> None:
        with self._changed:
            while not self._stopping:
                if not self._drawn:
                    self._changed.wait()
                elif self._pressed_at_s is not None:
                    self._hold_open(self._pressed_at_s)
                elif (remaining_s := self._falls_at_s - time.monotonic()) > 0:
                    self._changed.wait(remaining_s)
                else:
                    self._let_fall()

    def _hold_open(self, pressed_at_s: float) -> None:
        stuck_in_s = pressed_at_s + EXIT_STUCK_SECONDS - time.monotonic()
        if stuck_in_s <= 0:
            self._report(DeviceState.DEGRADED, Reason.EXIT_STUCK)
        self._changed.wait(stuck_in_s if stuck_in_s > 0 else None)

    def _let_fall(self) -> None:
        try:
            self._gpio.output(self._options.pin, self._rest_level)
            self._drawn = False
        except pin_errors(self._gpio):  # an open door is not given up
            self._report(DeviceState.DEGRADED, Reason.PIN_FAULT)
            self._falls_at_s = time.monotonic() + RETRY_SECONDS

    def _rest(self) -> None:
        self._gpio.output(self._options.pin, self._rest_level)


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, stacks: Stacks
) -> GpioDoorRelay:
    """Raises DeviceConfigurationError."""
    options = read_options(Options, table, where)
    if options.exit_pin == options.pin:
        raise DeviceConfigurationError(
            f"{where}.exit_pin", f"{options.pin} is pin too", "Set the pin of the exit button"
        )
    return GpioDoorRelay(name, options, bridge, stacks.gpio)
