"""Seeded draws, and the values that break programs: ends of ranges, other types, deep and long."""

import random

from sync_protocol.codec import INT_MAX, INT_MIN

INTS = (
    0, 1, -1, 2, 15, 16, 31, 32, 127, 128, 255, 256, 499, 500, 501, 1000, 1001, 65535, 65536,
    (1 << 24) - 1, 1 << 24, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 48) - 1, 1 << 48,
    (1 << 53) - 1, 1 << 53, (1 << 53) + 1, -(1 << 53), (1 << 63) - 1, 1 << 63, (1 << 64) - 1,
    -(1 << 31), -(1 << 63),
)  # fmt: skip
TEXTS = (
    "", "x", "fen", "points", "item:1", "asset:1", "asset:", "\x00", "a\x00b", "active", "void",
    "你好", "\U0001f600", "\u202e", "%s", "x" * 64, "x" * 65, "x" * 4096, "x" * 4097,
)  # fmt: skip
BYTES = (b"", b"\x00", bytes(8), bytes(16), bytes(31), bytes(32), bytes(64), bytes(65), bytes(4096))
NESTING_MAX = 40


class Draw:
    """What the campaign draws; the same seed draws the same."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, limit: int) -> int:
        return int(self._random.random() * limit)

    def chance(self, percent: float) -> bool:
        return self._random.random() * 100 < percent

    def pick(self, items):
        return items[int(self._random.random() * len(items))]

    def bytes(self, size: int) -> bytes:
        return self._random.randbytes(size)

    def size(self, limit: int) -> int:
        """Return 1 to `limit`, small ones as likely as great ones."""
        return max(1, int(limit ** self._random.random()))


def odd_value(draw: Draw) -> object:
    """Return a value of any type, often at the end of somebody's range."""
    roll = draw.below(20)
    if roll < 7:
        return draw.pick(INTS)
    if roll < 11:
        return draw.pick(TEXTS)
    if roll < 13:
        return draw.pick(BYTES)
    if roll < 15:
        return draw.pick((None, True, False, []))
    if roll < 16:
        return nested(draw.size(NESTING_MAX), draw.pick((None, 0, "x")))
    if roll < 17:
        return [draw.pick((None, 0, 1, "x", [], b""))] * draw.size(1100)
    if roll < 18:
        return draw.bytes(draw.size(300))
    return [odd_value(draw) for _ in range(draw.below(5))]


def nested(depth: int, value: object) -> object:
    """Return `value` within `depth` lists."""
    for _ in range(depth):
        value = [value]
    return value


def mutate_value(draw: Draw, value: object) -> object:
    """Return a copy of a decoded value with one to three places changed."""
    for _ in range(1 + draw.below(3)):
        value = _changed(draw, value)
    return value


def _changed(draw: Draw, value: object) -> object:
    if not isinstance(value, list) or not value or draw.chance(8):
        return _other(draw, value)
    items = list(value)
    at = draw.below(len(items))
    roll = draw.below(20)
    if roll < 14:
        items[at] = _changed(draw, items[at])
    elif roll < 15:
        del items[at]
    elif roll < 16:
        items.insert(at, odd_value(draw))
    elif roll < 17:
        other = draw.below(len(items))
        items[at], items[other] = items[other], items[at]
    elif roll < 18:
        items[at] = items[draw.below(len(items))]
    elif roll < 19:
        items[at:at] = [items[at]] * draw.size(40)
    else:
        items[at] = items[:3]
    return items


def _other(draw: Draw, value: object) -> object:
    roll = draw.below(10)
    if isinstance(value, int) and not isinstance(value, bool) and roll < 5:
        changed = value + draw.pick((1, -1, 1 << 16, -(1 << 16), -2 * value))
        return min(max(changed, INT_MIN), INT_MAX)
    if isinstance(value, bytes) and value and roll < 5:
        return mutate_bytes(draw, value, (value,))
    if isinstance(value, str) and roll < 3:
        return value + draw.pick(TEXTS)
    return odd_value(draw)


HEADS = (
    b"\xc4\xff", b"\xc5\xff\xff", b"\xc6\xff\xff\xff\xff", b"\xc6\x00\x10\x00\x00", b"\xd9\xff",
    b"\xda\xff\xff", b"\xdb\x7f\xff\xff\xff", b"\xdc\xff\xff", b"\xdd\x00\x10\x00\x00",
    b"\xdd\x00\xff\xff\xff", b"\xdd\xff\xff\xff\xff", b"\x91", b"\x9f", b"\x81", b"\xde\xff\xff",
    b"\xdf\x00\xff\xff\xff", b"\xc7\x00\x01", b"\xc8\xff\xff\x01", b"\xd4\x01\x00",
    b"\xd6\xff\x00\x00\x00\x00", b"\xca\x7f\xc0\x00\x00", b"\xcb" + bytes(8), b"\xc1", b"\xcc\x01",
    b"\xd0\xff", b"\x0c\x01", b"\x0d\x81", b"\x0e\x01\x80", b"\xff\xff\xff\xff\x7f",
    b"\x80\x80\x80\x80\x01",
)  # fmt: skip
"""Heads of MessagePack, columns and varints that claim much, nest, or are of other types."""


def mutate_bytes(draw: Draw, data: bytes, corpus) -> bytes:
    """Return `data` with one to four changes; `corpus` is what splices come from."""
    changed = bytearray(data)
    for _ in range(draw.pick((1, 1, 1, 2, 4))):
        _change_bytes(draw, changed, corpus)
    return bytes(changed)


def _change_bytes(draw: Draw, data: bytearray, corpus) -> None:
    at = draw.below(len(data) + 1)
    roll = draw.below(16)
    if roll < 5 and at < len(data):
        data[at] ^= 1 << draw.below(8)
    elif roll < 8 and at < len(data):
        data[at] = draw.below(256)
    elif roll < 9:
        del data[at:]
    elif roll < 10:
        del data[at : at + draw.size(64)]
    elif roll < 12:
        head = draw.pick(HEADS)
        data[at : at + (len(head) if draw.chance(50) else 0)] = head
    elif roll < 13:
        data[at:at] = draw.pick(HEADS) * draw.size(64)
    elif roll < 14:
        data[at:at] = draw.bytes(draw.size(64))
    elif roll < 15:
        other = draw.pick(corpus)
        begin = draw.below(len(other) + 1)
        data[at:] = other[begin : begin + draw.size(4096)]
    else:
        size = draw.size(64)
        data[at:at] = bytes(data[at : at + size]) * draw.size(16)
