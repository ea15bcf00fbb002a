"""Lights and a buzzer on GPIO pins (RPi.GPIO API) that tell a customer how the tap ended.

An accepted tap is one beep and the green light, a refused one three beeps and the red light. The
buzzer is one that sounds by itself while its pin is on. A thread of the driver's own plays what was
asked for last; at the program's end all pins are at rest. Pins that failed are set up anew, after a
while or at the next tap.
"""

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge.drivers.bridge import Bridge
from edge.drivers.contract import TapFeedback
from edge.drivers.errors import DeviceAbsentError, DeviceConfigurationError, Reason
from edge.drivers.gpio_pins import OutputPins, pin_errors
from edge.drivers.options import option, read_options
from edge.drivers.pin_retry import PinRetry
from edge.drivers.stacks import GpioStack, Stacks
from edge.events import DeviceState

NO_PIN = -1
REFUSED_BEEPS = 3
RETRY_SECONDS = 5.0
"""Between attempts to set up pins that failed."""

Step = tuple[int, int, bool]
"""(milliseconds after the signal, pin, on)."""


@dataclass(frozen=True, slots=True)
class Options:
    """Pins count as Broadcom does; -1 is none. `reader` names the reader it belongs to."""

    reader: str = option("", high=64)
    pin_accepted: int = option(NO_PIN, low=NO_PIN, high=27)
    pin_refused: int = option(NO_PIN, low=NO_PIN, high=27)
    pin_buzzer: int = option(NO_PIN, low=NO_PIN, high=27)
    active_low: bool = option(default=False)
    light_ms: int = option(1000, low=50, high=5000)
    beep_ms: int = option(80, low=20, high=500)

    @property
    def pins(self) -> list[int]:
        """Those that something hangs on."""
        pins = (self.pin_accepted, self.pin_refused, self.pin_buzzer)
        return [pin for pin in pins if pin != NO_PIN]


class GpioTapFeedback(TapFeedback):
    """See the module."""

    def __init__(self, name: str, options: Options, bridge: Bridge, gpio: GpioStack) -> None:
        super().__init__(name, bridge)
        self.reader = options.reader
        self._options = options
        self._pin_errors = pin_errors(gpio)
        self._outputs = OutputPins(gpio, options.pins, active_low=options.active_low)
        self._retry = PinRetry(self._take_pins)
        self._changed = threading.Condition()
        self._asked: bool | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None

    async def open(self) -> None:
        self._retry.start()

    def _take_pins(self) -> bool:
        try:
            self._outputs.take()
        except self._pin_errors:
            self._report(DeviceState.ABSENT, Reason.PIN_FAULT)
            return False
        self._thread = threading.Thread(target=self._run, name=f"tells:{self.name}", daemon=True)
        self._thread.start()
        self._report(DeviceState.OK)
        return True

    def signal(self, *, accepted: bool) -> None:
        if self._thread is None or self._stopping:
            raise DeviceAbsentError("tell a tap", self.name, Reason(self.status.reason))
        with self._changed:
            self._asked = accepted
            self._changed.notify()

    async def close(self) -> None:
        await self._retry.stop()
        thread = self._thread
        if thread is not None:
            with self._changed:
                self._stopping = True
                self._changed.notify()
            await asyncio.to_thread(thread.join)
            self._thread = None
            self._outputs.release()
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    def _run(self) -> None:
        failed = False
        with self._changed:
            while not self._stopping:
                wait_s = RETRY_SECONDS if failed else None
                if self._asked is None and self._changed.wait(wait_s):
                    continue
                accepted, self._asked = self._asked, None
                try:
                    if failed:
                        self._outputs.take()
                    if accepted is not None:
                        self._play(steps_of(self._options, accepted=accepted))
                    failed = False
                    self._report(DeviceState.OK)
                except self._pin_errors:
                    failed = True
                    self._report(DeviceState.DEGRADED, Reason.PIN_FAULT)

    def _play(self, steps: Sequence[Step]) -> None:
        """Until it is over or another signal takes its place. Raises `pin_errors`."""
        self._outputs.rest()
        began_s = time.monotonic()
        for after_ms, pin, on in steps:
            while (remaining_s := began_s + after_ms / 1000 - time.monotonic()) > 0:
                self._changed.wait(remaining_s)
                if self._asked is not None or self._stopping:
                    return
            self._outputs.set(pin, on=on)


def steps_of(options: Options, *, accepted: bool) -> list[Step]:
    """What the pins do for a tap, in order."""
    light = options.pin_accepted if accepted else options.pin_refused
    steps = [(0, light, True), (options.light_ms, light, False)]
    for beep in range(1 if accepted else REFUSED_BEEPS):
        begins_ms = 2 * beep * options.beep_ms
        steps.append((begins_ms, options.pin_buzzer, True))
        steps.append((begins_ms + options.beep_ms, options.pin_buzzer, False))
    return sorted(step for step in steps if step[1] != NO_PIN)


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, stacks: Stacks
) -> GpioTapFeedback:
    """Raises DeviceConfigurationError."""
    options = read_options(Options, table, where)
    if not options.pins or len(set(options.pins)) < len(options.pins):
        raise DeviceConfigurationError(
            f"{where}.pin_accepted",
            "no pin is set, or two are the same",
            "Set pin_accepted, pin_refused or pin_buzzer, each to a pin of its own",
        )
    return GpioTapFeedback(name, options, bridge, stacks.gpio)
