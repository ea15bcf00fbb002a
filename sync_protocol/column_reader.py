"""Read columns back into rows: strict, and bounded before memory is taken (see `columns`)."""

from sync_protocol.codec import INT_MAX, INT_MIN, decode_text
from sync_protocol.columns import (
    ARRAY,
    ARRAY_CELLS,
    BYTES,
    CELLS_MAX,
    COLUMN_CELLS,
    CONSTANT,
    DELTA,
    DICTIONARY,
    DICTIONARY_MAX,
    LIST,
    MAPPED,
    NEGATED,
    NESTING_MAX,
    PARTS_MAX,
    PLANES,
    ROW_DEPTH_MAX,
    SAME,
    SMALL,
    SPLIT,
    TEXT,
    TRUE,
    Leaf,
    Scope,
    parts_of,
)
from sync_protocol.errors import DecodeError, LimitError
from sync_protocol.varint import read_varint, unfold_sign

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sync_protocol.columns import Cells

ROWS_MAX = 16384
"""Rows of one frame; a batch or a range of blocks that has more is sent in parts."""
EXPANDED_BYTES_MAX = 32 * 1024 * 1024
"""Bytes of text and binary cells as if no two cells shared them."""
_WIDTH_MAX = 9
"""Bytes of an offset: from the least to the greatest int of the codec it is more than 2^64."""


class Reader:
    """A place in the bytes, and what may still be made of them."""

    __slots__ = ("data", "at", "cells_left", "bytes_left", "depth")

    def __init__(self, data: bytes, cells_max: int, bytes_max: int) -> None:
        self.data = data
        self.at = 0
        self.cells_left = cells_max
        self.bytes_left = bytes_max
        self.depth = 0

    def number(self) -> int:
        value, self.at = read_varint(self.data, self.at)
        return value

    def signed(self) -> int:
        value = unfold_sign(self.number())
        if value < INT_MIN or value > INT_MAX:
            raise LimitError("value_range", "column")
        return value

    def byte(self) -> int:
        if self.at >= len(self.data):
            raise DecodeError("malformed", "truncated")
        self.at += 1
        return self.data[self.at - 1]

    def take(self, size: int) -> bytes:
        start = self.at
        if size > len(self.data) - start:
            raise DecodeError("malformed", "truncated")
        self.at = start + size
        return self.data[start : self.at]

    def charge_cells(self, count: int) -> None:
        self.cells_left -= count
        if self.cells_left < 0:
            raise LimitError("frame_cells")

    def enter_arrays(self, count: int) -> None:
        self.charge_cells(count * ARRAY_CELLS)
        self.depth += 1
        if self.depth > ROW_DEPTH_MAX:
            raise LimitError("value_depth")

    def leave_arrays(self) -> None:
        self.depth -= 1

    def charge_strings(self, cells: "Cells") -> None:
        """Charge texts and bytes for their length, once for each cell that shows them."""
        if cells[0].__class__ is not int:
            self.bytes_left -= sum(map(len, cells))
            if self.bytes_left < 0:
                raise LimitError("frame_bytes")


def unpack_rows(
    data: bytes,
    rows_max: int = ROWS_MAX,
    cells_max: int = CELLS_MAX,
    bytes_max: int = EXPANDED_BYTES_MAX,
) -> "Cells":
    """Return the rows that `pack_rows` was given.

    Raises `DecodeError` for bytes that are no columns and `LimitError` when there are more rows,
    cells or expanded bytes of text than allowed; the limits hold before memory is taken.
    """
    reader = Reader(data, cells_max, bytes_max)
    count = reader.number()
    if count > rows_max:
        raise LimitError("frame_rows", str(count))
    rows = _read(reader, count, Scope([], []), 0)
    if reader.at != len(data):
        raise DecodeError("malformed", "extra bytes")
    return rows


def _read(reader: Reader, count: int, scope: Scope, nesting: int) -> "Cells":
    if count == 0:
        return []
    reader.charge_cells(count + COLUMN_CELLS)
    form = reader.byte()
    if form >= SMALL:
        return [form - SMALL] * count
    if form <= TRUE:
        return [(None, False, True)[form]] * count
    if form >= ARRAY:
        if nesting > NESTING_MAX:
            raise LimitError("value_depth")
        if form == ARRAY:
            return _read_arrays(reader, count, scope, nesting)
        if form == LIST:
            return _read_lists(reader, count, nesting)
        if form == SPLIT:
            return _read_split(reader, count, scope, nesting)
        raise DecodeError("malformed", "form")
    if form >= MAPPED:
        return _read_reference(reader, form, scope)
    if form == DICTIONARY:
        return _read_dictionary(reader, count, scope)
    cells = _read_plain(reader, form, count)
    if form != CONSTANT:
        scope.leaves.append(Leaf(cells, None, 0))
    return cells


def _read_arrays(reader: Reader, count: int, scope: Scope, nesting: int) -> "Cells":
    places = []
    reader.enter_arrays(count)
    for _ in range(reader.number()):
        places.append(_read(reader, count, scope, nesting + 1))
    reader.leave_arrays()
    if not places:
        return [[] for _ in range(count)]
    return list(map(list, zip(*places)))


def _read_lists(reader: Reader, count: int, nesting: int) -> "Cells":
    lengths = _read_numbers(reader, reader.byte(), count)
    if min(lengths) < 0:
        raise DecodeError("malformed", "length")
    reader.enter_arrays(count)
    items = _read(reader, sum(lengths), Scope([], []), nesting + 1)
    reader.leave_arrays()
    cells = []
    at = 0
    for length in lengths:
        cells.append(items[at : at + length])
        at += length
    return cells


def _read_split(reader: Reader, count: int, scope: Scope, nesting: int) -> "Cells":
    parts_count = reader.number()
    if parts_count > PARTS_MAX:
        raise LimitError("frame_parts")
    numbers = _read_numbers(reader, reader.byte(), count)
    if min(numbers) < 0 or max(numbers) >= parts_count:
        raise DecodeError("malformed", "part")
    cells: Cells = [None] * count
    for places in parts_of(numbers, parts_count):
        part = _read(reader, len(places), Scope(scope.leaves, places), nesting + 1)
        for place, cell in zip(places, part):
            cells[place] = cell
    return cells


def _read_reference(reader: Reader, form: int, scope: Scope) -> "Cells":
    leaf = scope.leaf(reader.number())
    if leaf is None:
        raise DecodeError("malformed", "reference")
    if form == SAME:
        cells = leaf.cells
    elif form == NEGATED:
        if leaf.cells[0].__class__ is not int:
            raise DecodeError("malformed", "reference")
        return _in_range([-cell for cell in leaf.cells])
    else:
        if leaf.indices is None:
            raise DecodeError("malformed", "reference")
        table = _read_plain(reader, reader.byte(), leaf.distinct)
        cells = [table[index] for index in leaf.indices]
    reader.charge_strings(cells)
    return cells


def _read_dictionary(reader: Reader, count: int, scope: Scope) -> "Cells":
    distinct = reader.number()
    if distinct < 1 or distinct > count or distinct > DICTIONARY_MAX:
        raise DecodeError("malformed", "dictionary")
    table = _read_plain(reader, reader.byte(), distinct)
    indices: Cells
    if distinct == 1:
        indices = [0] * count
    else:
        indices = list(reader.take(count))
        if distinct > 0x100:
            indices = [low | high << 8 for low, high in zip(indices, reader.take(count))]
        if max(indices) >= distinct:
            raise DecodeError("malformed", "dictionary")
    cells = [table[index] for index in indices]
    reader.charge_strings(cells)
    scope.leaves.append(Leaf(cells, indices, distinct))
    return cells


def _read_plain(reader: Reader, form: int, count: int) -> "Cells":
    if form not in (BYTES, TEXT):
        return _read_numbers(reader, form, count)
    lengths = _read_numbers(reader, reader.byte(), count)
    if min(lengths) < 0:
        raise DecodeError("malformed", "length")
    data = reader.take(sum(lengths))
    reader.bytes_left -= len(data)
    if reader.bytes_left < 0:
        raise LimitError("frame_bytes")
    cells: Cells = []
    at = 0
    for length in lengths:
        cells.append(data[at : at + length])
        at += length
    return [decode_text(cell) for cell in cells] if form == TEXT else cells


def _read_numbers(reader: Reader, form: int, count: int) -> "list[int]":
    """Read an int column without references; `count` is 1 or more and was charged."""
    if form >= SMALL:
        return [form - SMALL] * count
    if form == CONSTANT:
        return [reader.signed()] * count
    if form == DELTA:
        value = reader.signed()
        cells = [value]
        if count > 1:
            form = reader.byte()
            if form == DELTA:
                raise DecodeError("malformed", "form")
            for step in _read_numbers(reader, form, count - 1):
                value += step
                cells.append(value)
        return _in_range(cells)
    if form != PLANES:
        raise DecodeError("malformed", "form")
    base = reader.signed()
    width = reader.byte()
    if width < 1 or width > _WIDTH_MAX:
        raise DecodeError("malformed", "width")
    planes = [reader.take(count) for _ in range(width)]
    cells = list(planes.pop())
    while planes:
        cells = [high << 8 | low for high, low in zip(cells, planes.pop())]
    if base:
        cells = [base + cell for cell in cells]
    return _in_range(cells) if width >= 8 or base > INT_MAX >> 1 else cells


def _in_range(cells: "list[int]") -> "list[int]":
    if min(cells) < INT_MIN or max(cells) > INT_MAX:
        raise LimitError("value_range", "column")
    return cells
