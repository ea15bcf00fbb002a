"""Door relay on a GPIO pin (RPi.GPIO API), with an input for a button that lets people out.

The relay is drawn at once and let fall by a thread of its own, not by the event loop, so that a
stalled box does not leave the door open. The button draws it without the desk, for as long as it
is pressed and the hold time after. It is a convenience: the way out must open without any software
(`docs/OPERATIONS.md`, "The door"), and a tap opens the door where the button's pin cannot be used.

A killed program cannot let the relay fall, but its pin goes with it: the kernel takes back a line
whose process has died, and a pin that is an input again has the level of its pull resistor, which
is to be the relay's rest. Raspberry Pi's kernels do so where `dtparam=strict_gpiod` is set.
"""

import asyncio
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
from edge.drivers.gpio_inputs import QuietInput, Wiring
from edge.drivers.gpio_pins import OutputPins, pin_errors
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
        self._pin_errors = pin_errors(gpio)
        self._output = OutputPins(gpio, (options.pin,), active_low=options.active_low)
        self._changed = threading.Condition()
        self._drawn = False
        self._falls_at_s = 0.0
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._retry = PinRetry(self._take_pin)
        self._button = None if options.exit_pin == NO_PIN else self._exit_button(gpio)
        self._pressed_at_s: float | None = None
        self._relay_fault: Reason | None = None
        self._exit_fault: Reason | None = None

    def _exit_button(self, gpio: GpioStack) -> QuietInput:
        active_low = self._options.exit_active_low
        pull = "up" if active_low else "down"
        debounce_ms = EXIT_DEBOUNCE_MS
        wiring = Wiring(self._options.exit_pin, active_low, pull, debounce_ms, debounce_ms)
        name = f"exit:{self.name}"
        return QuietInput(gpio, wiring, name, self._on_exit, self._on_exit_state, tells_start=True)

    async def open(self) -> None:
        self._retry.start()

    def _take_pin(self) -> bool:
        try:
            self._output.take()
        except self._pin_errors:
            self._report(DeviceState.ABSENT, Reason.PIN_FAULT)
            return False
        self._thread = threading.Thread(target=self._run, name=f"relay:{self.name}", daemon=True)
        self._thread.start()
        self._report(DeviceState.OK)
        if self._button is not None:  # a tap opens the door without it
            self._button.open()
        return True

    def open_door(self) -> None:
        with self._changed:
            if self._thread is None or self._stopping:
                raise DeviceAbsentError("open the door", self.name, Reason(self.status.reason))
            try:
                self._draw()
            except self._pin_errors as error:
                self._relay_failed()
                raise DeviceFaultError("open the door", self.name, Reason.PIN_FAULT) from error

    async def close(self) -> None:
        await self._retry.stop()
        if self._button is not None:
            await self._button.close()
        thread = self._thread
        if thread is not None:
            with self._changed:
                self._stopping = True
                self._changed.notify()
            await asyncio.to_thread(thread.join)
            self._thread = None
            self._output.release()
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    def _draw(self) -> None:
        """Under the lock, as all from here on but what is the button's. Raises `pin_errors`."""
        self._output.set(self._options.pin, on=True)
        self._falls_at_s = time.monotonic() + self._options.hold_ms / 1000
        self._drawn = True
        self._changed.notify()
        self._relay_fault = None
        self._tell()

    def _relay_failed(self) -> None:
        self._relay_fault = Reason.PIN_FAULT
        self._tell()

    def _tell(self) -> None:
        """Tell what is wrong, the worst first."""
        reason = self._relay_fault or self._exit_fault
        self._report(DeviceState.DEGRADED if reason else DeviceState.OK, reason)

    def _on_exit(self, pressed: bool, at_monotonic_ns: int) -> None:
        """On the button's thread: nobody is asked, nothing is committed before."""
        with self._changed:
            self._pressed_at_s = time.monotonic() if pressed else None
            try:
                self._draw()  # when it is let go too: the hold time counts from there
            except self._pin_errors:
                self._relay_failed()
        if pressed:
            self._bridge.post(ExitPressed(self.name, at_monotonic_ns))

    def _on_exit_state(self, _state: DeviceState, reason: Reason | None) -> None:
        """On the button's thread, and on the loop before there is one."""
        with self._changed:
            is_stuck = self._exit_fault is Reason.EXIT_STUCK and self._pressed_at_s is not None
            if reason is not None or not is_stuck:
                self._exit_fault = Reason.EXIT_FAULT if reason is Reason.PIN_FAULT else reason
                self._tell()

    def _run(self) -> None:
        """The relay's thread."""
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
            self._exit_fault = Reason.EXIT_STUCK
            self._tell()
        self._changed.wait(stuck_in_s if stuck_in_s > 0 else None)

    def _let_fall(self) -> None:
        try:
            self._output.set(self._options.pin, on=False)
            self._drawn = False
            self._relay_fault = None
            self._tell()
        except self._pin_errors:  # an open door is not given up
            self._relay_failed()
            self._falls_at_s = time.monotonic() + RETRY_SECONDS


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
