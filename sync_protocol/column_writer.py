"""Write rows as columns: choose the shortest form for each (the format is in `columns`)."""

from sync_protocol.codec import INT_MAX, INT_MIN
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
    FALSE,
    LIST,
    MAPPED,
    NEGATED,
    NESTING_MAX,
    NIL,
    PARTS_MAX,
    PLANES,
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
from sync_protocol.varint import fold_sign, write_varint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sync_protocol.columns import Cells

_ROWS_PER_PART = 16
"""With fewer cells than this for each length, arrays of many lengths are a LIST, not a SPLIT:
the columns of each part cost a form byte or more each."""
_SAMPLE = 32
"""Cells looked at before a whole column is compared."""
_LINKED_VALUES = 32
"""A dictionary of so few values is worth its bytes: later columns can be a function of it."""
_STEPS_SPAN_MAX = INT_MAX >> 1
"""Between ints no further apart than this every step is one of the codec's ints itself."""


def pack_rows(rows: "Cells") -> bytes:
    """Return the columns of a list of rows; arrays are lists, ints are within the codec's range.

    Raises `DecodeError("type")` for a value outside the codec's subset and `LimitError` for an int,
    a text or a depth that has no encoding and for more cells than a reader takes.
    """
    out = bytearray()
    write_varint(out, len(rows))
    _write(out, rows, Scope([], []), 0, Budget())
    return bytes(out)


class Budget:
    """The cells that a frame may still have, counted as the reader counts them."""

    __slots__ = ("cells_left",)

    def __init__(self) -> None:
        self.cells_left = CELLS_MAX

    def charge(self, count: int) -> None:
        self.cells_left -= count
        if self.cells_left < 0:
            raise LimitError("frame_cells")


def _write(out: bytearray, cells: "Cells", scope: Scope, nesting: int, budget: Budget) -> None:
    if not cells:
        return
    budget.charge(len(cells) + COLUMN_CELLS)
    if nesting > NESTING_MAX:
        raise LimitError("value_depth")
    types = set(map(type, cells))
    if len(types) > 1:
        _write_split(out, cells, list(map(type, cells)), scope, nesting, budget)
        return
    kind = types.pop()
    if kind is int:
        _write_ints(out, cells, scope)
    elif kind is list:
        _write_arrays(out, cells, scope, nesting, budget)
    elif kind is str or kind is bytes:
        _write_strings(out, cells, scope)
    elif kind is bool:
        if len(set(cells)) == 2:
            _write_split(out, cells, cells, scope, nesting, budget)
        else:
            out.append(TRUE if cells[0] else FALSE)
    elif cells[0] is None:
        out.append(NIL)
    else:
        raise DecodeError("type", kind.__name__)


def _write_arrays(
    out: bytearray, cells: "Cells", scope: Scope, nesting: int, budget: Budget
) -> None:
    lengths = list(map(len, cells))
    distinct = len(set(lengths))
    if distinct == 1:
        out.append(ARRAY)
        write_varint(out, lengths[0])
        budget.charge(len(cells) * ARRAY_CELLS)
        for place in zip(*cells):
            _write(out, list(place), scope, nesting + 1, budget)
    elif distinct <= PARTS_MAX and distinct * _ROWS_PER_PART <= len(cells):
        _write_split(out, cells, lengths, scope, nesting, budget)
    else:
        out.append(LIST)
        _write_numbers(out, lengths)
        budget.charge(len(cells) * ARRAY_CELLS)
        items = [item for cell in cells for item in cell]
        _write(out, items, Scope([], []), nesting + 1, budget)


def _write_split(
    out: bytearray, cells: "Cells", keys: "Cells", scope: Scope, nesting: int, budget: Budget
) -> None:
    numbers_of: dict[object, int] = {}
    numbers: list[int] = []
    for key in keys:
        if key not in numbers_of:
            numbers_of[key] = len(numbers_of)
        numbers.append(numbers_of[key])
    out.append(SPLIT)
    write_varint(out, len(numbers_of))
    _write_numbers(out, numbers)
    for places in parts_of(numbers, len(numbers_of)):
        part = Scope(scope.leaves, places)
        _write(out, [cells[place] for place in places], part, nesting + 1, budget)


def _write_ints(out: bytearray, cells: "Cells", scope: Scope) -> None:
    low = min(cells)
    high = max(cells)
    if low < INT_MIN or high > INT_MAX:
        raise LimitError("value_range", str(low if low < INT_MIN else high))
    if low == high:
        _write_constant(out, low)
        return
    if _write_reference(out, cells, scope):
        return
    count = len(cells)
    table = sorted(set(cells))
    distinct = len(table)
    width = _width(high - low)
    plain_size = width * count
    table_size = _width(high - low) * distinct + (count if distinct <= 0x100 else 2 * count)
    if distinct * 2 <= count and distinct <= DICTIONARY_MAX:
        if table_size <= plain_size + _LINKED_VALUES and distinct <= _LINKED_VALUES:
            _write_dictionary(out, cells, table, scope)
            return
    else:
        table_size = plain_size
    steps = [after - before for after, before in zip(cells[1:], cells)]
    step_low = min(steps)
    step_span = max(steps) - step_low
    step_size = 0 if step_span == 0 else _width(step_span) * count
    if step_size < table_size and step_size < plain_size and high - low <= _STEPS_SPAN_MAX:
        out.append(DELTA)
        write_varint(out, fold_sign(cells[0]))
        _write_numbers(out, steps)
        scope.leaves.append(Leaf(cells, None, 0))
    elif table_size < plain_size:
        _write_dictionary(out, cells, table, scope)
    else:
        _write_planes(out, cells, low, width)
        scope.leaves.append(Leaf(cells, None, 0))


def _width(span: int) -> int:
    """Return how many bytes hold 0..span."""
    width = 1
    while span >> (8 * width):
        width += 1
    return width


def _write_constant(out: bytearray, value: int) -> None:
    if 0 <= value < SMALL:
        out.append(SMALL | value)
    else:
        out.append(CONSTANT)
        write_varint(out, fold_sign(value))


def _write_numbers(out: bytearray, cells: "list[int]") -> None:
    """Write an int column that neither refers to another nor can be referred to."""
    if not cells:
        return
    low = min(cells)
    high = max(cells)
    if low == high:
        _write_constant(out, low)
    else:
        _write_planes(out, cells, low, _width(high - low))


def _write_planes(out: bytearray, cells: "list[int]", low: int, width: int) -> None:
    out.append(PLANES)
    write_varint(out, fold_sign(low))
    out.append(width)
    offsets = [cell - low for cell in cells] if low else cells
    for _ in range(width - 1):
        out.extend(bytes([offset & 0xFF for offset in offsets]))
        offsets = [offset >> 8 for offset in offsets]
    out.extend(bytes(offsets))


def _write_reference(out: bytearray, cells: "Cells", scope: Scope) -> bool:
    """Write a column as a function of an earlier one, if there is such a one; say whether."""
    first = cells[0]
    for number, leaf in enumerate(scope.leaves):
        other = leaf.cells
        if other[0].__class__ is first.__class__:
            if other[0] == first and other == cells:
                return _write_number_of(out, SAME, number)
            if _is_negative(other, cells):
                return _write_number_of(out, NEGATED, number)
        if leaf.indices is not None and _is_function(leaf.indices, cells, leaf.distinct):
            table = [first] * leaf.distinct
            for index, cell in zip(leaf.indices, cells):
                table[index] = cell
            if first.__class__ is not int and _repeated_bytes(table) > len(cells):
                continue  # a dictionary of its own is shorter, an index for each cell included
            _write_number_of(out, MAPPED, number)
            _write_plain(out, table)
            return True
    return bool(scope.around) and _write_reference_around(out, cells, scope)


def _write_reference_around(out: bytearray, cells: "Cells", scope: Scope) -> bool:
    """Write a part's column as equal to one around its SPLIT, if there is such a one."""
    places = scope.places
    start = places[0]
    for number in range(len(scope.around)):
        other = scope.around[number].cells
        if other[start].__class__ is not cells[0].__class__ or other[start] != cells[0]:
            continue
        if [other[place] for place in places] == cells:
            return _write_number_of(out, SAME, len(scope.leaves) + number)
    return False


def _write_number_of(out: bytearray, form: int, number: int) -> bool:
    out.append(form)
    write_varint(out, number)
    return True


def _is_negative(other: "Cells", cells: "Cells") -> bool:
    if cells[0].__class__ is not int or other[0] != -cells[0] or other[-1] != -cells[-1]:
        return False
    return [-cell for cell in cells] == other


def _is_function(indices: "Cells", cells: "Cells", distinct: int) -> bool:
    sample = indices[:_SAMPLE]
    if len(set(zip(sample, cells[:_SAMPLE]))) != len(set(sample)):
        return False
    return len(set(zip(indices, cells))) == distinct


def _repeated_bytes(table: "Cells") -> int:
    """Return how much of a table of texts or bytes says a value again."""
    return sum(map(len, table)) - sum(map(len, set(table)))


def _write_dictionary(out: bytearray, cells: "Cells", table: "Cells", scope: Scope) -> None:
    distinct = len(table)
    out.append(DICTIONARY)
    write_varint(out, distinct)
    _write_plain(out, table)
    numbers = {}
    for number in range(distinct):
        numbers[table[number]] = number
    indices = [numbers[cell] for cell in cells]
    if distinct > 0x100:
        out.extend(bytes([index & 0xFF for index in indices]))
        out.extend(bytes([index >> 8 for index in indices]))
    elif distinct > 1:
        out.extend(bytes(indices))
    scope.leaves.append(Leaf(cells, indices, distinct))


def _write_plain(out: bytearray, cells: "Cells") -> None:
    """Write ints, texts or bytes without a reference."""
    kind = type(cells[0])
    if kind is int:
        span = max(cells) - min(cells)
        if len(cells) > 1 and 0 < span <= _STEPS_SPAN_MAX:
            steps = [after - before for after, before in zip(cells[1:], cells)]
            if _width(max(steps) - min(steps)) < _width(span):
                out.append(DELTA)
                write_varint(out, fold_sign(cells[0]))
                cells = steps
        _write_numbers(out, cells)
        return
    if kind is str:
        try:
            cells = [cell.encode("utf-8") for cell in cells]
        except UnicodeError:
            raise LimitError("value_range", "text") from None
    out.append(TEXT if kind is str else BYTES)
    _write_numbers(out, list(map(len, cells)))
    out.extend(b"".join(cells))


def _write_strings(out: bytearray, cells: "Cells", scope: Scope) -> None:
    if len(cells) > 1:
        if _write_reference(out, cells, scope):
            return
        table = sorted(set(cells))
        if len(table) * 2 <= len(cells) and len(table) <= DICTIONARY_MAX:
            _write_dictionary(out, cells, table, scope)
            return
    _write_plain(out, cells)
    scope.leaves.append(Leaf(cells, None, 0))
