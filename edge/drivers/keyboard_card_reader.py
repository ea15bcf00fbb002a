"""Card reader that types a card's number as a keyboard: 125 kHz and IC readers, magnetic stripes.

`number` says what it types: "decimal" (ten digits: 32 bits), "hex" (4 to 10 bytes), "wiegand"
(`123,45678`: the facility's 8 bits and the number's 16) or "magnetic" (track 2 or 3: digits
between a start sentinel and `?`). A magnetic number becomes bytes two digits to a byte, filled up
with F. A payment card is never read: its track 2 has an expiry date and a service code behind the
number. Sources: ISO/IEC 7811-2 (tracks and sentinels), ISO/IEC 7813 (payment cards).
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge.drivers.bridge import Bridge
from edge.drivers.contract import CardReader
from edge.drivers.errors import Reason
from edge.drivers.key_lines import KeyLines
from edge.drivers.options import option, read_options
from edge.drivers.presence import Presence
from edge.drivers.stacks import EvdevStack, Stacks
from edge.events import DeviceState

GONE_MS = 1000
"""Such a reader says a card once, some twice."""
PORT_CHARACTERS_MIN = 4
"""A pattern shorter than this might grab the cashier's own keyboard."""
NUMBER_32_BITS = 0xFFFFFFFF
FACILITY_MAX, WIEGAND_NUMBER_MAX = 0xFF, 0xFFFF

_DECIMAL = re.compile(r"[0-9]{8,10}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){4,10}")
_WIEGAND = re.compile(r"([0-9]{1,3}),([0-9]{1,5})")
_MAGNETIC = re.compile(r"(?:%[^?]*\?)?[;+]([0-9]{4,19})(?:=([0-9]*))?\?")
_PAYMENT_DIGITS_MIN, _PAYMENT_DATA_MIN = 12, 7


def decimal_uid(line: str) -> bytes | None:
    if not _DECIMAL.fullmatch(line) or int(line) > NUMBER_32_BITS:
        return None
    return int(line).to_bytes(4, "big")


def hex_uid(line: str) -> bytes | None:
    return bytes.fromhex(line) if _HEX.fullmatch(line) else None


def wiegand_uid(line: str) -> bytes | None:
    match = _WIEGAND.fullmatch(line)
    if match is None:
        return None
    facility, number = int(match[1]), int(match[2])
    if facility > FACILITY_MAX or number > WIEGAND_NUMBER_MAX:
        return None
    return (facility << 16 | number).to_bytes(4, "big")


def magnetic_uid(line: str) -> bytes | None:
    match = _MAGNETIC.fullmatch(line)
    if match is None:
        return None
    digits, more = match[1], match[2] or ""
    if len(digits) >= _PAYMENT_DIGITS_MIN and len(more) >= _PAYMENT_DATA_MIN:
        return None
    digits = digits.zfill(8)
    return bytes.fromhex(digits + "F" * (len(digits) % 2))


FORMATS: Mapping[str, Callable[[str], bytes | None]] = {
    "decimal": decimal_uid,
    "hex": hex_uid,
    "wiegand": wiegand_uid,
    "magnetic": magnetic_uid,
}
"""What a reader types -> the card's UID, None for what is none."""


@dataclass(frozen=True, slots=True)
class Options:
    """`port` is a path below /dev/input/by-id, or a pattern for the input device's name."""

    port: str = option(low=PORT_CHARACTERS_MIN, high=255)
    number: str = option("decimal", choices=tuple(FORMATS))


class KeyboardCardReader(CardReader):
    """See the module."""

    def __init__(self, name: str, options: Options, bridge: Bridge, evdev: EvdevStack) -> None:
        super().__init__(name, bridge)
        self._uid_of = FORMATS[options.number]
        self._presence = Presence(name, GONE_MS, bridge, repeats=False)
        self._lines = KeyLines(evdev, options.port, self._on_line, self._report)

    async def open(self) -> None:
        self._presence.start(time.monotonic_ns())
        self._lines.open()

    async def close(self) -> None:
        await self._lines.close()
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    def _on_line(self, line: str, at_ns: int) -> None:
        uid = self._uid_of(line)
        if uid is None:
            self._presence.unread(Reason.CARD_MUTE, at_ns)
        else:
            self._presence.heard(uid, at_ns)


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, stacks: Stacks
) -> KeyboardCardReader:
    """Raises DeviceConfigurationError."""
    return KeyboardCardReader(name, read_options(Options, table, where), bridge, stacks.evdev)
