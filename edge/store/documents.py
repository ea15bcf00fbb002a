"""The lookup rows of documents: kept equal to what is shown."""

import sqlite3

from edge.store import statements
from edge.store.tables import LOOKUP_FIELDS, LOOKUP_UNSET
from sync_protocol.kinds import field_index
from sync_protocol.registers import RegisterRow

_FIELDS = {
    kind: tuple((field_index(kind, name), (kind, name) in LOOKUP_UNSET) for name in names)
    for kind, names in LOOKUP_FIELDS.items()
}
"""Kind -> ((field index, also where not set), ...)."""


def _value(row: RegisterRow | None, index: int, unset_too: bool) -> object:
    if row is None or row.entries is None:
        return None
    value = row.value(index)
    return b"" if value is None and unset_too else value


def update_lookups(
    connection: sqlite3.Connection,
    kind: int,
    key: int | str,
    before: RegisterRow | None,
    after: RegisterRow | None,
) -> None:
    """Move a document's lookup rows from its shown row `before` to `after`."""
    for index, unset_too in _FIELDS.get(kind, ()):
        old = _value(before, index, unset_too)
        new = _value(after, index, unset_too)
        if old == new:
            continue
        if old is not None:
            connection.execute(statements.DELETE_LOOKUP, (kind, index, old, key))
        if new is not None:
            connection.execute(statements.INSERT_LOOKUP, (kind, index, new, key))
