"""Registers: documents of fields, of which each op changes some.

Body: [salt, key, cafe, [[field index, value, base], ...]]

- salt: 16 random bytes where the kind is personal (so that the hash of an erased body tells
  nothing), else empty
- cafe: in whose name it is written
- base: reference of the op whose value the person was shown, nil for a field not set before

A row is [owner cafe, entries]: `entries[index]` is [value, effective stamp, reference] or nil, with
no nil at the end, so that a field added later changes no old row's hash. An erased row has nil for
its entries and stays for ever.
"""

from sync_protocol.codec import DEPTH_MAX
from sync_protocol.errors import DecodeError
from sync_protocol.expect import (
    AMOUNT_MAX,
    expect_bytes,
    expect_int,
    expect_key,
    expect_list,
    expect_text,
)
from sync_protocol.kinds import BOOL, BYTES, HUB_ONLY, INT, LIST, OWN_CAFE, REF, TEXT, Field, Kind
from sync_protocol.ops import HUB, NODE_MAX, OpRef, ref_from_row

SALT_BYTES = 16
BLOB_MAX = 64 * 1024
"""Bytes of one bytes field, such as a member's photo."""
LIST_ITEMS_MAX = 1000
LIST_DEPTH_MAX = DEPTH_MAX - 4
"""Nesting of a list field: the state hash packs it within [kind, key, [cafe, [[value, ...]]]]."""


class Change:
    """One field that an op sets. `base` is a reference's array or None."""

    __slots__ = ("index", "value", "base")

    def __init__(self, index: int, value: object, base: object) -> None:
        self.index = index
        self.value = value
        self.base = base


class RegisterWrite:
    """The decoded body of a register op."""

    __slots__ = ("salt", "key", "cafe", "changes")

    def __init__(self, salt: bytes, key: "int | str", cafe: int, changes: "list[Change]") -> None:
        self.salt = salt
        self.key = key
        self.cafe = cafe
        self.changes = changes

    def body(self) -> list[object]:
        """Return the array that is hashed and sent."""
        changes = [[change.index, change.value, change.base] for change in self.changes]
        return [self.salt, self.key, self.cafe, changes]


def write_from_body(kind: Kind, body: object) -> RegisterWrite:
    """Return the `RegisterWrite` of a decoded body; `DecodeError` names what is wrong."""
    values = expect_list(body, "register", 4, 4)
    salt = expect_bytes(values[0], "salt", 0, SALT_BYTES)
    if len(salt) != (SALT_BYTES if kind.personal else 0):
        raise DecodeError("field_range", "salt")
    changes = []
    previous, last = -1, len(kind.fields) - 1
    for row in expect_list(values[3], "changes", 1, last + 1):
        index, value, base = expect_list(row, "change", 3, 3)
        previous = expect_int(index, "field", previous + 1, last)
        check_value(kind.fields[previous], value)
        if base is not None:
            ref_from_row(base)
        changes.append(Change(previous, value, base))
    cafe = expect_int(values[2], "cafe", 0, NODE_MAX)
    return RegisterWrite(salt, expect_key(values[1], "key"), cafe, changes)


def check_value(field: Field, value: object) -> None:
    """Raise `DecodeError` unless `value` is nil or of the field's type."""
    if value is None:
        return
    if field.type == INT:
        expect_int(value, field.name, -AMOUNT_MAX, AMOUNT_MAX)
    elif field.type == TEXT:
        expect_text(value, field.name)
        if field.ranks is not None and value not in field.ranks:
            raise DecodeError("field_range", field.name)
    elif field.type == BYTES:
        expect_bytes(value, field.name, 0, BLOB_MAX)
    elif field.type == BOOL:
        if not isinstance(value, bool):
            raise DecodeError("field_type", field.name)
    elif field.type == LIST:
        expect_list(value, field.name, 0, LIST_ITEMS_MAX)
        _check_depth(value, field.name, LIST_DEPTH_MAX)
    elif field.type == REF:
        ref_from_row(value)


def _check_depth(value: object, name: str, depth: int) -> None:
    if isinstance(value, list):
        if depth == 0:
            raise DecodeError("field_range", name)
        for item in value:
            _check_depth(item, name, depth - 1)


class RegisterRow:
    """The current state of one document."""

    __slots__ = ("cafe", "entries")

    def __init__(self, cafe: int, entries: "list[list[object] | None] | None") -> None:
        self.cafe = cafe
        self.entries = entries

    def value(self, index: int) -> object:
        """Return a field's value, None where it is not set or erased."""
        if self.entries is None or index >= len(self.entries):
            return None
        entry = self.entries[index]
        return None if entry is None else entry[0]

    def entry(self, index: int) -> "list[object] | None":
        """Return a field's [value, effective stamp, reference array], None where it is not set."""
        if self.entries is None or index >= len(self.entries):
            return None
        return self.entries[index]

    def row(self) -> list[object]:
        """Return the array that is stored and that the state hash covers."""
        return [self.cafe, self.entries]


def row_from_stored(value: object) -> RegisterRow:
    """Return the `RegisterRow` of a stored or received array."""
    values = expect_list(value, "row", 2, 2)
    cafe = expect_int(values[0], "cafe", 0, NODE_MAX)
    if values[1] is None:
        return RegisterRow(cafe, None)
    entries: list[list[object] | None] = []
    for item in expect_list(values[1], "entries", 0, 256):
        entries.append(None if item is None else expect_list(item, "entry", 3, 3))
    return RegisterRow(cafe, entries)


def fault_of(
    kind: Kind, node: int, write: RegisterWrite, author_cafe: int, row: "RegisterRow | None"
) -> "str | None":
    """Return why the op is void (`other_cafe`, `hub_only`, `owner`, `erased`), or None."""
    if node == HUB:
        return None
    if kind.author == HUB_ONLY:
        return "hub_only"
    if write.cafe != author_cafe:
        return "other_cafe"
    if row is not None:
        if row.entries is None:
            return "erased"
        if kind.author == OWN_CAFE and row.cafe != author_cafe:
            return "owner"
    return None


def compare(
    kind: Kind, write: RegisterWrite, effective: int, node: int, row: "RegisterRow | None"
) -> "tuple[list[int], list[int]]":
    """Return (fields that lose, fields that overwrite a value their author had not seen).

    A field whose base is the current one is set. Any other write is concurrent with the current
    value: the greater (effective stamp, node) wins, or the safer value where the field has ranks.
    """
    lost: list[int] = []
    overwrote: list[int] = []
    for change in write.changes:
        entry = row.entry(change.index) if row is not None else None
        current_ref = entry[2] if entry is not None else None
        if entry is None or change.base == current_ref:
            continue
        if entry[0] == change.value:
            continue
        if _wins(kind.fields[change.index], change.value, effective, node, entry):
            overwrote.append(change.index)
        else:
            lost.append(change.index)
    return lost, overwrote


def _wins(field: Field, value: object, effective: int, node: int, entry: "list[object]") -> bool:
    if field.ranks is not None:
        new_rank = field.ranks.index(value) if value in field.ranks else -1
        old_rank = field.ranks.index(entry[0]) if entry[0] in field.ranks else -1
        if new_rank != old_rank:
            return new_rank > old_rank
    current = ref_from_row(entry[2])
    current_effective = expect_int(entry[1], "effective", 0, 1 << 63)
    return (effective, node) > (current_effective, current.node)


def fold_write(
    row: "RegisterRow | None",
    write: RegisterWrite,
    effective: int,
    reference: OpRef,
    lost: "list[object]",
) -> RegisterRow:
    """Return the row after a write, its fields in `lost` left as they are."""
    if row is not None and row.entries is None:
        return row
    cafe = write.cafe if row is None else row.cafe
    entries = [] if row is None or row.entries is None else list(row.entries)
    written_by = reference.row()  # one list for all fields: nobody changes it
    for change in write.changes:
        if change.index in lost:
            continue
        while len(entries) <= change.index:
            entries.append(None)
        entries[change.index] = [change.value, effective, written_by]
    return RegisterRow(cafe, entries)
