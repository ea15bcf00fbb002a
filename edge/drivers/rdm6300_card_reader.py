"""Card reader for 125 kHz tags (EM4100) on a serial line: RDM6300 and readers with its frames.

A frame is sent again and again while a tag lies there:

    STX (02) | ten hex digits: version, 32-bit number | two: XOR of those five bytes | ETX (03)

The ID-12 family puts CR LF before ETX. One thread owns the port; it resynchronises on STX, and
opens the port again, ever more slowly, when the line is lost. Sources: the RDM6300's data sheet
(ITead), ID Innovations' data sheet of the ID-12LA, EM Microelectronic EM4100.
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial, reduce
from operator import xor

import serial

from edge.drivers.bridge import Bridge
from edge.drivers.contract import CardReader
from edge.drivers.errors import Reason
from edge.drivers.options import option, read_options
from edge.drivers.presence import Presence
from edge.drivers.serial_listener import SerialListener, line_errors
from edge.drivers.stacks import Stacks
from edge.events import DeviceState

STX, ETX = b"\x02", b"\x03"
FRAME = re.compile(rb"\x02([0-9A-Fa-f]{12})(?:\r\n)?\x03")
FRAME_BYTES_MAX = 16
READ_MS_MAX = 250
"""How long a read may block: the longest that `close` waits."""


@dataclass(frozen=True, slots=True)
class Options:
    """`port` is best a /dev/serial/by-id path.

    `uid_bytes` is 5 with the tag's version byte, 4 as readers that type ten digits give it: all
    readers of a chain must say it alike.
    """

    port: str = option(low=1, high=255)
    baud: int = option(9600, choices=(9600, 19200, 38400, 57600, 115200))
    uid_bytes: int = option(5, choices=(4, 5))
    gone_ms: int = option(500, low=100, high=5000)


class Rdm6300CardReader(CardReader):
    """See the module."""

    def __init__(self, name: str, options: Options, bridge: Bridge) -> None:
        super().__init__(name, bridge)
        self._options = options
        self._presence = Presence(name, options.gone_ms, bridge)
        self._listener = SerialListener(
            f"reader:{name}",
            self._listen,
            partial(self._report, DeviceState.ABSENT),
            port=options.port,
            baud=options.baud,
            read_s=min(READ_MS_MAX, options.gone_ms // 2) / 1000,
        )

    async def open(self) -> None:
        self._listener.open()

    async def close(self) -> None:
        await self._listener.close()
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    async def cards_there(self) -> tuple[bytes, ...]:
        there = self._presence.there(time.monotonic_ns())
        return () if there is None else (there,)

    def _listen(self, line: serial.Serial, stopping: threading.Event) -> None:
        """Until the driver stops. Raises LineLostError."""
        received = bytearray()
        self._presence.start(time.monotonic_ns())
        self._report(DeviceState.OK)
        while not stopping.is_set():
            with line_errors():
                received += line.read(max(1, line.in_waiting))
            at_ns = time.monotonic_ns()
            for number in take_numbers(received):
                if number is None:
                    self._presence.unread(Reason.CARD_MUTE, at_ns)
                else:
                    self._presence.heard(number[-self._options.uid_bytes :], at_ns)
            self._presence.look(at_ns)


def take_numbers(received: bytearray) -> Iterator[bytes | None]:
    """Take what is complete from the front: the five bytes of each frame, None for a damaged one.

    What comes before an STX is noise of the line and nothing.
    """
    while True:
        start = received.find(STX)
        del received[: len(received) if start < 0 else start]
        end = received.find(ETX)
        if end < 0 and len(received) < FRAME_BYTES_MAX:
            return
        taken = end + 1 or FRAME_BYTES_MAX
        frame = bytes(received[:taken])
        del received[:taken]
        yield _number(frame[frame.rfind(STX) :])  # a torn frame may stand before a whole one


def _number(frame: bytes) -> bytes | None:
    match = FRAME.fullmatch(frame)
    data = bytes.fromhex(match[1].decode("ascii")) if match else b"\xff"
    return data[:-1] if reduce(xor, data) == 0 else None


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, _stacks: Stacks
) -> Rdm6300CardReader:
    """Raises DeviceConfigurationError."""
    return Rdm6300CardReader(name, read_options(Options, table, where), bridge)
