"""Unsigned integers in 7-bit groups, low group first, in the shortest form only.

The encoding is LEB128 (DWARF 5, section 7.6); signed values are zigzag-folded first, as in
https://protobuf.dev/programming-guides/encoding/#signed-ints.
"""

from sync_protocol.errors import DecodeError

VARINT_BYTES_MAX = 10
"""Enough for a zigzag-folded value of 65 bits: the codec's ints span -2^63 to 2^64-1."""


def write_varint(out: bytearray, value: int) -> None:
    """Append `value` (0 or more) to `out`."""
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def read_varint(data: bytes, at: int) -> "tuple[int, int]":
    """Return (value, place after it); `DecodeError` if cut short, over-long or not shortest."""
    value = 0
    end = min(len(data), at + VARINT_BYTES_MAX)
    shift = 0
    while at < end:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if byte == 0 and shift:
                raise DecodeError("not_canonical", "varint")
            return value, at
        shift += 7
    raise DecodeError("malformed", "varint")


def fold_sign(value: int) -> int:
    """Return the zigzag fold: 0, -1, 1, -2, ... become 0, 1, 2, 3, ..."""
    return value << 1 if value >= 0 else (-value << 1) - 1


def unfold_sign(value: int) -> int:
    """Undo `fold_sign`."""
    return -((value + 1) >> 1) if value & 1 else value >> 1
