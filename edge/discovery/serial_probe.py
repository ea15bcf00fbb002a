"""Asks a serial port what hangs on it, only when somebody wants it: opening a port may reset a
board, and a question may print on a device that is no printer.

Readers and door nodes speak by themselves: a reader while a tag lies on it, a node once a minute.
A receipt printer answers DLE EOT 1 with one byte whose fixed bits are 0xx1xx10. Sources: Epson's
ESC/POS reference (DLE EOT n), the RDM6300's data sheet (ITead).
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

import serial

from edge.discovery.found import Option
from edge.door_frames import FrameError, from_line
from edge.drivers.errors import Reason
from edge.drivers.rdm6300_card_reader import take_numbers
from edge.drivers.serial_lines import LINE_ERRORS, reason_of_open

BAUDS = (9600, 19200, 38400, 115_200)
"""What printers and readers are set to, the usual one first."""
ASK_STATUS = b"\x10\x04\x01"
STATUS_MASK, STATUS_BITS = 0x93, 0x12
LISTEN_S = 0.3
"""A printer answers within some milliseconds, a reader repeats its tag every 65 ms."""
DOOR_NODE_MAGIC = b"CD"


@dataclass(frozen=True, slots=True)
class Heard:
    """What hangs on a port."""

    kind: str
    driver: str
    options: Mapping[str, Option]


def probe(port: str) -> Heard | Reason | None:
    """Ask a port for two seconds at most; why it cannot be asked; None where nobody answers."""
    for baud in BAUDS:
        try:
            with serial.Serial(
                port, baud, timeout=LISTEN_S, write_timeout=LISTEN_S, exclusive=True
            ) as line:
                heard = _heard(_answer(line), baud)
        except LINE_ERRORS as error:
            return reason_of_open(error)
        if heard is not None:
            return heard
    return None


def _answer(line: serial.Serial) -> bytes:
    line.reset_input_buffer()
    line.write(ASK_STATUS)
    until_s = time.monotonic() + LISTEN_S
    received = bytearray()
    while time.monotonic() < until_s:
        received += line.read(max(1, line.in_waiting))
    return bytes(received)


def _heard(received: bytes, baud: int) -> Heard | None:
    if len(received) == 1 and received[0] & STATUS_MASK == STATUS_BITS:
        return Heard("receipt_printer", "serial", {"baud": baud})
    if any(number is not None for number in take_numbers(bytearray(received))):
        return Heard("card_reader", "rdm6300", {"baud": baud})
    if any(_is_door_node(line) for line in received.split(b"\n")):
        return Heard("door_counter", "serial", {"baud": baud})
    return None


def _is_door_node(line: bytes) -> bool:
    try:
        return from_line(line).startswith(DOOR_NODE_MAGIC)
    except FrameError:
        return False
