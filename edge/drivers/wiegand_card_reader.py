"""Card reader on two GPIO pins that speaks Wiegand, 26 or 34 bits, as most door readers do.

A low pulse on D0 is a 0, one on D1 is a 1; a frame is over when both lines were quiet for
`FRAME_GAP_MS`. The first bit makes the first half of the frame even, the last one makes the
second half odd. The 24 or 32 bits between them are the card's number, in four bytes. The edge
callbacks only note bits; a thread of the driver's own reads frames. Source: SIA AC-01 (Wiegand).
"""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge.drivers.bridge import Bridge
from edge.drivers.contract import CardReader
from edge.drivers.errors import DeviceConfigurationError, Reason
from edge.drivers.gpio_pins import Lines, WatchedPins
from edge.drivers.options import option, read_options
from edge.drivers.presence import Presence
from edge.drivers.stacks import GpioStack, Stacks
from edge.events import DeviceState

FRAME_GAP_MS = 25
"""Bits come 0.2 to 20 ms apart."""
FRAME_BITS = {26, 34}
NOISE_BITS_MAX = 8
"""No card has so few: a spike, or a key of the reader's keypad (4 or 8 bits)."""
BITS_KEPT_MAX = 128
"""Of lines that do not fall silent; more are dropped, so that a storm costs no memory."""
STORM_MS = 1000
UID_BYTES = 4


@dataclass(frozen=True, slots=True)
class Options:
    """Pins count as Broadcom does. The reader's 5 V lines need a level shifter."""

    pin_d0: int = option(low=0, high=27)
    pin_d1: int = option(low=0, high=27)
    pull: str = option("up", choices=("up", "off"))
    gone_ms: int = option(500, low=100, high=5000)


class WiegandCardReader(CardReader):
    """See the module."""

    def __init__(self, name: str, options: Options, bridge: Bridge, gpio: GpioStack) -> None:
        super().__init__(name, bridge)
        self._options = options
        self._presence = Presence(name, options.gone_ms, bridge)
        self._bits: deque[int] = deque(maxlen=BITS_KEPT_MAX)
        self._last_bit_ns = 0
        lines = Lines((options.pin_d0, options.pin_d1), options.pull, gpio.FALLING)
        self._wires = WatchedPins(
            gpio, lines, f"reader:{name}", self._run, self._on_pulse, self._report, self._on_taken
        )

    async def open(self) -> None:
        self._wires.open()

    async def close(self) -> None:
        await self._wires.close()
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    def _on_taken(self) -> None:
        self._presence.start(time.monotonic_ns())

    def _on_pulse(self, pin: int) -> None:
        self._last_bit_ns = time.monotonic_ns()
        self._bits.append(1 if pin == self._options.pin_d1 else 0)

    def _run(self) -> None:
        while True:
            arrived = self._wires.edge.wait(self._options.gone_ms / 2000)
            if self._wires.stopping.is_set():
                return
            if arrived and self._wait_until_quiet():
                self._take_frame()
            self._presence.look(time.monotonic_ns())

    def _wait_until_quiet(self) -> bool:
        """False when the driver stops meanwhile."""
        began_ns = time.monotonic_ns()
        stopping = self._wires.stopping
        while not stopping.is_set():
            now_ns = time.monotonic_ns()
            remaining_ns = FRAME_GAP_MS * 1_000_000 - (now_ns - self._last_bit_ns)
            if remaining_ns <= 0:
                return True
            if now_ns - began_ns > STORM_MS * 1_000_000:
                self._report(DeviceState.DEGRADED, Reason.READER_FAULT)
            stopping.wait(remaining_ns / 1e9)
        return False

    def _take_frame(self) -> None:
        self._wires.edge.clear()
        bits = [self._bits.popleft() for _ in range(len(self._bits))]
        self._report(DeviceState.OK)
        if len(bits) <= NOISE_BITS_MAX:
            return
        uid = uid_of_bits(bits)
        if uid is None:
            self._presence.unread(Reason.CARD_MUTE, self._last_bit_ns)
        else:
            self._presence.heard(uid, self._last_bit_ns)


def uid_of_bits(bits: Sequence[int]) -> bytes | None:
    """The number of a frame, or None for one of another length or of wrong parity."""
    if len(bits) not in FRAME_BITS:
        return None
    half = len(bits) // 2
    if sum(bits[:half]) % 2 != 0 or sum(bits[half:]) % 2 != 1:
        return None
    number = int("".join(map(str, bits[1:-1])), 2)
    return number.to_bytes(UID_BYTES, "big")


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, stacks: Stacks
) -> WiegandCardReader:
    """Raises DeviceConfigurationError."""
    options = read_options(Options, table, where)
    if options.pin_d0 == options.pin_d1:
        raise DeviceConfigurationError(
            f"{where}.pin_d1", f"{options.pin_d1} is pin_d0 too", "Set the pin of the reader's D1"
        )
    return WiegandCardReader(name, options, bridge, stacks.gpio)
