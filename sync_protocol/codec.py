"""Canonical bytes of plain values: a strict subset of MessagePack in one encoding per value.

The subset: nil, bool, int (-2^63 to 2^64-1), bin, str and array. No float, map or extension:
a map's order and a float's rounding differ between interpreters, and every byte here is hashed.
Every value has exactly one encoding, the shortest; any other is refused, so that
`pack(unpack(data)) == data` for all data that is accepted.

Format: https://github.com/msgpack/msgpack/blob/master/spec.md

On CPython the C library `msgpack` does the work and this module checks its answer by packing it
again; the pure coder is the reference, and the only one on MicroPython. Golden vectors in
`tests/vectors/codec.json` hold both to the same bytes.
"""

from sync_protocol.errors import DecodeError, LimitError

try:
    import msgpack
except ImportError:
    msgpack = None

_PACKER = None if msgpack is None else msgpack.Packer()
"""For all threads: it keeps the interpreter's lock from a value's first byte to its last, and
drops what it had of a value that it refused. To make one for each value takes twice as long."""

DEPTH_MAX = 12
"""Nesting of arrays: the deepest shape of the protocol, a block's entries, needs 7."""

BYTES_MAX = 16 * 1024 * 1024
"""Length of one encoded value. A message is held to a smaller limit where it is received."""

INT_MIN = -(1 << 63)
INT_MAX = (1 << 64) - 1


def pack(value: object) -> bytes:
    """Return the canonical bytes of nil, bool, int, bytes, str or a list or tuple of these.

    Raises `DecodeError("type")` for any other type and `LimitError` for an int or a depth out of
    range.
    """
    if msgpack is None:
        return pack_pure(value)
    _check_subset(value, 0)
    return pack_decoded(value)


def pack_decoded(value: object) -> bytes:
    """Do what `pack` does for a value that a decoder of this package made.

    Such a value is of the subset already; on the hub's hot path the check costs as much as the
    packing.
    """
    if _PACKER is None:
        return pack_pure(value)
    data: bytes = _PACKER.pack(value)
    return data


def unpack(data: bytes) -> object:
    """Return the value of canonical bytes; arrays come back as lists.

    Raises `DecodeError` for bytes that are not canonical, `LimitError` beyond `BYTES_MAX` or
    `DEPTH_MAX`.
    """
    if len(data) > BYTES_MAX:
        raise LimitError("value_size", str(len(data)))
    if msgpack is None:
        return unpack_pure(data)
    return _unpack_fast(data)


def unpack_stored(data: bytes) -> object:
    """Do what `unpack` does for bytes that this node packed itself and read back from its disk.

    Nothing is checked: what a disk breaks shows as a wrong hash.
    """
    if msgpack is None:
        return unpack_pure(data)
    value: object = msgpack.unpackb(data)
    return value


def _check_counts(data: bytes) -> None:
    """Refuse arrays that claim more items than follow, before the C library takes their memory.

    It makes each array in the length that is claimed, one within the other: 5 kB of heads would
    take gigabytes. Walking over the bytes takes none.
    """
    walker = msgpack.Unpacker(
        max_buffer_size=len(data),
        max_str_len=len(data),
        max_bin_len=len(data),
        max_array_len=len(data),
        max_map_len=0,
        max_ext_len=0,
    )
    walker.feed(data)
    walker.skip()


def _unpack_fast(data: bytes) -> object:
    try:
        if b"\xdc" in data or b"\xdd" in data:  # heads of long arrays
            _check_counts(data)
        value: object = msgpack.unpackb(
            data,
            strict_map_key=True,
            max_str_len=BYTES_MAX,
            max_bin_len=BYTES_MAX,
            max_array_len=BYTES_MAX,
            max_map_len=0,
            max_ext_len=0,
        )
        again = pack_decoded(value)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        # msgpack raises ValueError subclasses for malformed, extra and truncated input,
        # UnicodeDecodeError (a ValueError) for bad UTF-8.
        raise DecodeError("malformed", str(error)) from None
    except msgpack.UnpackException as error:
        raise DecodeError("malformed", str(error)) from None
    if again != data:
        raise DecodeError("not_canonical")
    _check_subset(value, 0)
    return value


def _check_subset(value: object, depth: int) -> None:
    """Refuse what the C library takes but the subset does not: floats, maps, deep nesting."""
    # By class, not by isinstance: the C library's extension type is a descendant of tuple.
    if value.__class__ is list or value.__class__ is tuple:
        if depth >= DEPTH_MAX:
            raise LimitError("value_depth")
        for item in value:
            leaf = item.__class__
            if leaf is int:
                if item < INT_MIN or item > INT_MAX:
                    raise LimitError("value_range", str(item))
            elif leaf is not bytes and leaf is not str:
                _check_subset(item, depth + 1)
    elif isinstance(value, int):
        if value < INT_MIN or value > INT_MAX:
            raise LimitError("value_range", str(value))
    elif not (value is None or isinstance(value, (bytes, str))):
        raise DecodeError("type", type(value).__name__)


def pack_pure(value: object) -> bytes:
    """Do what `pack` does without a library."""
    parts: list[bytes] = []
    _pack_into(parts, value, 0)
    return b"".join(parts)


def _pack_into(parts: list[bytes], value: object, depth: int) -> None:
    if value is None:
        parts.append(b"\xc0")
    elif value is True:
        parts.append(b"\xc3")
    elif value is False:
        parts.append(b"\xc2")
    elif isinstance(value, int):
        parts.append(_pack_int(value))
    elif isinstance(value, bytes):
        parts.append(_head(len(value), 0xC4, 0xC5, 0xC6))
        parts.append(value)
    elif isinstance(value, str):
        data = value.encode("utf-8")
        if len(data) < 32:
            parts.append(bytes((0xA0 | len(data),)))
        else:
            parts.append(_head(len(data), 0xD9, 0xDA, 0xDB))
        parts.append(data)
    elif isinstance(value, (list, tuple)):
        if depth >= DEPTH_MAX:
            raise LimitError("value_depth")
        if len(value) < 16:
            parts.append(bytes((0x90 | len(value),)))
        else:
            parts.append(_head(len(value), 0, 0xDC, 0xDD))
        for item in value:
            _pack_into(parts, item, depth + 1)
    else:
        raise DecodeError("type", type(value).__name__)


def _big_endian(value: int, size: int) -> bytes:
    return value.to_bytes(size, "big")


def _head(length: int, tag_8: int, tag_16: int, tag_32: int) -> bytes:
    if length > BYTES_MAX:
        raise LimitError("value_size", str(length))
    if tag_8 and length < 0x100:
        return bytes((tag_8, length))
    if length < 0x10000:
        return bytes((tag_16,)) + _big_endian(length, 2)
    return bytes((tag_32,)) + _big_endian(length, 4)


def _pack_int(value: int) -> bytes:
    if value < INT_MIN or value > INT_MAX:
        raise LimitError("value_range", str(value))
    if value >= 0:
        if value < 0x80:
            return bytes((value,))
        if value < 0x100:
            return bytes((0xCC, value))
        if value < 0x10000:
            return b"\xcd" + _big_endian(value, 2)
        if value < 0x100000000:
            return b"\xce" + _big_endian(value, 4)
        return b"\xcf" + _big_endian(value, 8)
    if value >= -0x20:
        return bytes((0x100 + value,))
    if value >= -0x80:
        return bytes((0xD0, 0x100 + value))
    if value >= -0x8000:
        return b"\xd1" + _big_endian(0x10000 + value, 2)
    if value >= -0x80000000:
        return b"\xd2" + _big_endian(0x100000000 + value, 4)
    return b"\xd3" + _big_endian((1 << 64) + value, 8)


def unpack_pure(data: bytes) -> object:
    """Do what `unpack` does without a library."""
    value, end = _unpack_at(data, 0, 0)
    if end != len(data):
        raise DecodeError("malformed", "extra bytes")
    return value


def _number(data: bytes, at: int, size: int) -> int:
    if at + size > len(data):
        raise DecodeError("malformed", "truncated")
    return int.from_bytes(data[at : at + size], "big")


def _slice(data: bytes, at: int, size: int) -> bytes:
    if at + size > len(data):
        raise DecodeError("malformed", "truncated")
    return bytes(data[at : at + size])


def decode_text(data: bytes) -> str:
    """Return the text of UTF-8 bytes; `DecodeError` for any that an encoder would not write."""
    try:
        text = data.decode("utf-8")
    except (UnicodeError, ValueError):
        raise DecodeError("malformed", "utf-8") from None
    if _LENIENT_UTF8 and not _is_utf8(data):
        raise DecodeError("malformed", "utf-8")
    return text


def _takes_surrogates() -> bool:
    try:
        b"\xed\xa0\x80".decode("utf-8")
    except UnicodeError:
        return False
    return True


_LENIENT_UTF8 = _takes_surrogates()
"""MicroPython's decoder lets surrogates, over-long forms and too great code points pass."""


def _is_utf8(data: bytes) -> bool:
    """Say whether the bytes are well-formed UTF-8 (The Unicode Standard, table 3-7)."""
    at = 0
    while at < len(data):
        first = data[at]
        at += 1
        if first < 0x80:
            continue
        if first < 0xC2 or first > 0xF4:
            return False
        more = 1 if first < 0xE0 else 2 if first < 0xF0 else 3
        tail = data[at : at + more]
        at += more
        if len(tail) < more:
            return False
        for byte in tail:
            if byte & 0xC0 != 0x80:
                return False
        second = tail[0]
        if (first == 0xE0 and second < 0xA0) or (first == 0xED and second > 0x9F):
            return False
        if (first == 0xF0 and second < 0x90) or (first == 0xF4 and second > 0x8F):
            return False
    return True


def _unpack_at(data: bytes, at: int, depth: int) -> tuple[object, int]:
    if at >= len(data):
        raise DecodeError("malformed", "truncated")
    tag = data[at]
    at += 1
    if tag < 0x80:
        return tag, at
    if tag >= 0xE0:
        return tag - 0x100, at
    if 0x90 <= tag < 0xA0:
        return _unpack_array(data, at, tag - 0x90, depth)
    if 0xA0 <= tag < 0xC0:
        return decode_text(_slice(data, at, tag - 0xA0)), at + tag - 0xA0
    if tag == 0xC0:
        return None, at
    if tag in (0xC2, 0xC3):
        return tag == 0xC3, at
    if 0xCC <= tag <= 0xD3:
        return _unpack_int(data, at, tag)
    if tag in (0xC4, 0xD9):
        size, floor = 1, (0 if tag == 0xC4 else 32)
    elif tag in (0xC5, 0xDA):
        size, floor = 2, 0x100
    elif tag in (0xC6, 0xDB):
        size, floor = 4, 0x10000
    elif tag == 0xDC:
        size, floor = 2, 16
    elif tag == 0xDD:
        size, floor = 4, 0x10000
    else:
        raise DecodeError("type", hex(tag))
    length = _number(data, at, size)
    at += size
    if length < floor:
        raise DecodeError("not_canonical", "length")
    if tag >= 0xDC:
        return _unpack_array(data, at, length, depth)
    body = _slice(data, at, length)
    return (body if tag < 0xC7 else decode_text(body)), at + length


def _unpack_array(data: bytes, at: int, length: int, depth: int) -> tuple[object, int]:
    if depth >= DEPTH_MAX:
        raise LimitError("value_depth")
    if length > len(data) - at:
        raise DecodeError("malformed", "truncated")
    items: list[object] = []
    for _ in range(length):
        item, at = _unpack_at(data, at, depth + 1)
        items.append(item)
    return items, at


def _unpack_int(data: bytes, at: int, tag: int) -> tuple[object, int]:
    signed = tag >= 0xD0
    size = 1 << (tag - (0xD0 if signed else 0xCC))
    value = _number(data, at, size)
    if signed and value >= 1 << (8 * size - 1):
        value -= 1 << (8 * size)
    # One encoding per value: re-encode and compare.
    if _pack_int(value) != _slice(data, at - 1, size + 1):
        raise DecodeError("not_canonical", "int")
    return value, at + size
