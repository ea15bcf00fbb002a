"""The lookup rows of documents: kept equal to what is shown."""

import sqlite3

from edge.store import statements
from edge.store.bulk import write_rows
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
    moved = LookupRows()
    moved.move(kind, key, before, after)
    moved.write(connection)


class LookupRows:
    """Lookup rows that come and go as documents change, to be written together."""

    def __init__(self) -> None:
        self._gone: list[tuple[object, ...]] = []
        self._new: list[tuple[object, ...]] = []

    def move(
        self, kind: int, key: int | str, before: RegisterRow | None, after: RegisterRow | None
    ) -> None:
        """Take in a document whose shown row changes."""
        for index in _FIELDS.get(kind, ()):
            old = None if before is None else before.value(index)
            new = None if after is None else after.value(index)
            if old == new:
                continue
            if old is not None:
                self._gone.append((kind, index, old, key))
            if new is not None:
                self._new.append((kind, index, new, key))
        for index in _SEARCHED.get(kind, ()):
            old = None if before is None else before.value(index)
            new = None if after is None else after.value(index)
            if old == new:
                continue
            old_parts, new_parts = parts_of(old), parts_of(new)
            self._gone += [(kind, PARTS + index, part, key) for part in old_parts - new_parts]
            self._new += [(kind, PARTS + index, part, key) for part in new_parts - old_parts]

    def write(self, connection: sqlite3.Connection) -> None:
        """Write what was taken in; each document at most once."""
        if self._gone:
            connection.executemany(statements.DELETE_LOOKUP, self._gone)
        if self._new:
            write_rows(connection, statements.INSERT_LOOKUP, self._new)


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
