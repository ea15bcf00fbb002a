"""Door relay on a GPIO pin (RPi.GPIO API): drawn at once, let fall by a thread of its own.

The thread, not the event loop, ends the hold, so that a stalled box does not leave the door open.
At the program's end the pin goes to rest. A killed program cannot do that: wire the relay so that
its board's pull resistor is the resting level, and let the unit restart the box.
"""

import asyncio
import atexit
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from edge.drivers.bridge import Bridge
from edge.drivers.contract import DoorRelay
from edge.drivers.errors import DeviceAbsentError, DeviceFaultError, Reason
from edge.drivers.options import option, read_options
from edge.drivers.stacks import GpioStack, Stacks
from edge.events import DeviceState

GPIO_ERRORS = (RuntimeError, ValueError, OSError)
"""What RPi.GPIO and rpi-lgpio raise for a pin that cannot be used."""

RETRY_SECONDS = 1.0
"""Between attempts to let a relay fall whose pin reports an error."""


@dataclass(frozen=True, slots=True)
class Options:
    """`pin` counts as Broadcom does (GPIO17 is 17); many relay boards are active low."""

    pin: int = option(low=0, high=27)
    hold_ms: int = option(3000, low=20, high=30_000)
    active_low: bool = option(default=False)


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

    async def open(self) -> None:
        try:
            self._gpio.setwarnings(False)  # a pin still set from the run before is expected
            self._gpio.setmode(self._gpio.BCM)
            self._gpio.setup(self._options.pin, self._gpio.OUT, initial=self._rest_level)
        except GPIO_ERRORS:
            self._report(DeviceState.ABSENT, Reason.PIN_FAULT)
            return
        atexit.register(self._rest)
        self._thread = threading.Thread(target=self._run, name=f"relay:{self.name}", daemon=True)
        self._thread.start()
        self._report(DeviceState.OK)

    def open_door(self) -> None:
        with self._changed:
            if self._thread is None or self._stopping:
                raise DeviceAbsentError("open the door", self.name, Reason(self.status.reason))
            try:
                self._gpio.output(self._options.pin, self._drawn_level)
            except GPIO_ERRORS as error:
                self._report(DeviceState.DEGRADED, Reason.PIN_FAULT)
                raise DeviceFaultError("open the door", self.name, Reason.PIN_FAULT) from error
            self._falls_at_s = time.monotonic() + self._options.hold_ms / 1000
            self._drawn = True
            self._changed.notify()

    async def close(self) -> None:
        thread = self._thread
        if thread is None:
            return
        with self._changed:
            self._stopping = True
            self._changed.notify()
        await asyncio.to_thread(thread.join)
        self._thread = None
        self._rest()
        atexit.unregister(self._rest)
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    def _run(self) -> None:
        with self._changed:
            while not self._stopping:
                if not self._drawn:
                    self._changed.wait()
                    continue
                remaining_s = self._falls_at_s - time.monotonic()
                if remaining_s > 0:
                    self._changed.wait(remaining_s)
                    continue
                try:
                    self._gpio.output(self._options.pin, self._rest_level)
                    self._drawn = False
                except GPIO_ERRORS:  # an open door is not given up
                    self._report(DeviceState.DEGRADED, Reason.PIN_FAULT)
                    self._falls_at_s = time.monotonic() + RETRY_SECONDS

    def _rest(self) -> None:
        self._gpio.output(self._options.pin, self._rest_level)


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, stacks: Stacks
) -> GpioDoorRelay:
    """Raises DeviceConfigurationError."""
    return GpioDoorRelay(name, read_options(Options, table, where), bridge, stacks.gpio)
