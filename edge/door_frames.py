"""Authenticated frames between a door node and its box: a report of counts, and its answer.

The box's drivers and the node's firmware run this one file, so it stays within what MicroPython
has. A frame, numbers big-endian:

    "CD" | version 1 | kind 1 | node 8 | counter 8 | payload length 2 | payload | mac 32

The mac is HMAC-SHA256 (RFC 2104) over all before it, under a key that box and node share. A node's
counter never repeats, over power cuts either: boots in the upper half, frames in the lower. An
answer repeats its report's counter, so that an answer of another day sets no clock.

Counts are totals since the node was first started and never fall: a report that comes twice, late,
or with its counts gathered into other steps, counts nothing twice. On a serial line a frame is
one line of base64, which no terminal and no interrupt character disturbs.
"""

import binascii
import struct
from hashlib import sha256

REPORT = 1
ANSWER = 2

KEY_BYTES = 32
NODE_BYTES = 8
MAC_BYTES = 32
STEPS_MAX = 100
"""Of one report: 1.6 KB, which a small node can hold twice."""
COUNT_MAX = 0xFFFFFFFF
BLOCK_BYTES = 64
"""Of SHA-256."""

_MAGIC = b"CD"
_VERSION = 1
_HEAD = ">2sBB8sQH"
_HEAD_BYTES = 22
_TOTALS = ">III"
_TOTALS_BYTES = 12
_STEP = ">IIII"
_STEP_BYTES = 16
_WALL = ">Q"
_WALL_BYTES = 8
FRAME_BYTES_MAX = _HEAD_BYTES + _TOTALS_BYTES + STEPS_MAX * _STEP_BYTES + MAC_BYTES
LINE_BYTES_MAX = (FRAME_BYTES_MAX + 2) // 3 * 4 + 1


class FrameError(Exception):
    """A frame that nobody with the key sent, or that is none; the words say which."""


class Totals:
    """Crossings since a node's first start: in, out, and of unknown direction."""

    __slots__ = ("entered", "left", "unknown")

    def __init__(self, entered: int, left: int, unknown: int) -> None:
        for count in (entered, left, unknown):
            if not 0 <= count <= COUNT_MAX:
                raise ValueError("count out of range")
        self.entered = entered
        self.left = left
        self.unknown = unknown

    def counts(self) -> "tuple[int, int, int]":
        return self.entered, self.left, self.unknown

    def sum(self) -> int:
        return self.entered + self.left + self.unknown

    def reaches(self, other: "Totals") -> bool:
        """Whether every count is at least the other's."""
        return (
            self.entered >= other.entered
            and self.left >= other.left
            and self.unknown >= other.unknown
        )


class Step:
    """The totals at the end of a minute; `minute` counts from 1970 (UTC), 0: not known."""

    __slots__ = ("minute", "totals")

    def __init__(self, minute: int, totals: Totals) -> None:
        if not 0 <= minute <= COUNT_MAX:
            raise ValueError("minute out of range")
        self.minute = minute
        self.totals = totals


class Frame:
    """What a frame said, once its mac held."""

    __slots__ = ("kind", "node", "counter", "payload")

    def __init__(self, kind: int, node: bytes, counter: int, payload: bytes) -> None:
        self.kind = kind
        self.node = node
        self.counter = counter
        self.payload = payload


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """Return the 32 bytes of RFC 2104 for a key of up to 64 bytes; MicroPython has no hmac."""
    padded = key + bytes(BLOCK_BYTES - len(key))
    inner = sha256(bytes([byte ^ 0x36 for byte in padded]))
    inner.update(data)
    outer = sha256(bytes([byte ^ 0x5C for byte in padded]))
    outer.update(inner.digest())
    return outer.digest()


def seal(key: bytes, frame: Frame) -> bytes:
    """Return a frame's bytes."""
    head = struct.pack(
        _HEAD, _MAGIC, _VERSION, frame.kind, frame.node, frame.counter, len(frame.payload)
    )
    data = head + frame.payload
    return data + hmac_sha256(key, data)


def unseal(key: bytes, data: bytes) -> Frame:
    """Return the frame of `data`. Raises FrameError."""
    if not _HEAD_BYTES + MAC_BYTES <= len(data) <= FRAME_BYTES_MAX:
        raise FrameError("size")
    magic, version, kind, node, counter, size = struct.unpack(_HEAD, data[:_HEAD_BYTES])
    if magic != _MAGIC or version != _VERSION:
        raise FrameError("version")
    signed = data[:-MAC_BYTES]
    if len(signed) != _HEAD_BYTES + size:
        raise FrameError("size")
    difference = 0  # all bytes are looked at: the time tells nothing of the key
    for mine, theirs in zip(hmac_sha256(key, signed), data[-MAC_BYTES:]):
        difference |= mine ^ theirs
    if difference:
        raise FrameError("mac")
    return Frame(kind, node, counter, signed[_HEAD_BYTES:])


def report_payload(known: Totals, steps: "list[Step]") -> bytes:
    """Return a report's payload: what the node knows its box to have, and the steps since."""
    parts = [struct.pack(_TOTALS, *known.counts())]
    for step in steps:
        parts.append(struct.pack(_STEP, step.minute, *step.totals.counts()))
    return b"".join(parts)


def read_report(payload: bytes) -> "tuple[Totals, list[Step]]":
    """Return (known, steps), in which no count falls. Raises FrameError."""
    count, rest = divmod(len(payload) - _TOTALS_BYTES, _STEP_BYTES)
    if count < 0 or rest or count > STEPS_MAX:
        raise FrameError("size")
    known = Totals(*struct.unpack(_TOTALS, payload[:_TOTALS_BYTES]))
    steps = []
    before = known
    for index in range(count):
        start = _TOTALS_BYTES + index * _STEP_BYTES
        numbers = struct.unpack(_STEP, payload[start : start + _STEP_BYTES])
        step = Step(numbers[0], Totals(*numbers[1:]))
        if not step.totals.reaches(before):
            raise FrameError("falling counts")
        before = step.totals
        steps.append(step)
    return known, steps


def answer_payload(held: Totals, wall_ms: int) -> bytes:
    """Return an answer's payload: the totals that the box has committed, and its time."""
    return struct.pack(_TOTALS, *held.counts()) + struct.pack(_WALL, wall_ms)


def read_answer(payload: bytes) -> "tuple[Totals, int]":
    """Return (held, wall_ms). Raises FrameError."""
    if len(payload) != _TOTALS_BYTES + _WALL_BYTES:
        raise FrameError("size")
    held = Totals(*struct.unpack(_TOTALS, payload[:_TOTALS_BYTES]))
    return held, struct.unpack(_WALL, payload[_TOTALS_BYTES:])[0]


def to_line(data: bytes) -> bytes:
    """Return a frame's bytes as a line for a serial port."""
    return binascii.b2a_base64(data)


def from_line(line: bytes) -> bytes:
    """Return the bytes of a line. Raises FrameError."""
    try:
        return binascii.a2b_base64(line.strip())
    except ValueError:
        raise FrameError("not base64") from None
