"""The lookup rows of documents: kept equal to what is shown."""

import sqlite3

from edge.store import statements
from edge.store.tables import LOOKUP_FIELDS, PARTS, SEARCH_FIELDS
from sync_protocol.codec import unpack_stored
from sync_protocol.kinds import field_index
from sync_protocol.registers import RegisterRow, row_from_stored

PHONE_TAIL_DIGITS = 4

_FIELDS = {
    kind: tuple(field_index(kind, name) for name in names) for kind, names in LOOKUP_FIELDS.items()
}
"""Kind -> field indexes."""
_SEARCHED = {
    kind: tuple(field_index(kind, name) for name in names) for kind, names in SEARCH_FIELDS.items()
}


def update_lookups(
    connection: sqlite3.Connection,
    kind: int,
    key: int | str,
    before: RegisterRow | None,
    after: RegisterRow | None,
) -> None:
    """Move a document's lookup rows from its shown row `before` to `after`."""
    for index in _FIELDS.get(kind, ()):
        old = None if before is None else before.value(index)
        new = None if after is None else after.value(index)
        if old == new:
            continue
        if old is not None:
            connection.execute(statements.DELETE_LOOKUP, (kind, index, old, key))
        if new is not None:
            connection.execute(statements.INSERT_LOOKUP, (kind, index, new, key))
    for index in _SEARCHED.get(kind, ()):
        old = None if before is None else before.value(index)
        new = None if after is None else after.value(index)
        if old == new:
            continue
        old_parts, new_parts = parts_of(old), parts_of(new)
        for part in old_parts - new_parts:
            connection.execute(statements.DELETE_LOOKUP, (kind, PARTS + index, part, key))
        for part in new_parts - old_parts:
            connection.execute(statements.INSERT_LOOKUP, (kind, PARTS + index, part, key))


def parts_of(value: object) -> set[str]:
    """What a searched text is found by the beginning of, in lower case.

    Of a name: itself, and what follows from each Chinese character and each word on. Of a phone
    number: itself, itself without +86, and its last four digits.
    """
    if not isinstance(value, str) or not value:
        return set()
    text = value.lower()
    if text.removeprefix("+").isdecimal():
        return {text, text.removeprefix("+86"), text[-PHONE_TAIL_DIGITS:]}
    begins = (
        place
        for place in range(1, len(text))
        if not text[place].isascii() or (text[place - 1] == " " and text[place] != " ")
    )
    return {text, *(text[place:] for place in begins)}


def index_kind(connection: sqlite3.Connection, kind: int) -> None:
    """Write a kind's lookup rows anew: for a migration that adds a field to `LOOKUP_FIELDS`."""
    connection.execute(statements.DELETE_LOOKUPS, (kind,))
    rows = connection.execute(statements.SELECT_SHOWN_DOCUMENTS, (kind,)).fetchall()
    for key, shown in rows:
        update_lookups(connection, kind, key, None, row_from_stored(unpack_stored(shown)))
