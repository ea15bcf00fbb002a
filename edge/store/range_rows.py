"""The rows of the log that an applied range brings: gathered, then written together."""

import sqlite3
from collections.abc import Iterable

from edge.store import statements
from edge.store.bulk import write_rows
from edge.store.op_rows import MentionKey
from sync_protocol.annotations import Annotation
from sync_protocol.blocks import Entry
from sync_protocol.codec import pack_decoded
from sync_protocol.ops import Op


class RangeRows:
    """Ops, verdicts on own ops, and whom each op names; `write` before anybody reads them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._ops: list[tuple[object, ...]] = []
        self._own: list[tuple[object, ...]] = []
        self._confirmed: list[tuple[int]] = []
        self._mentions: list[tuple[MentionKey, int]] = []

    def add_op(self, key: int, position: int, entry: Entry, op: Op | None) -> None:
        """Take in an op of the log; `op` is None for a stub, and may lack its body."""
        place = _place(position, entry.annotation)
        if op is None:
            self._ops.append((key, 0, *place, None, None, None, entry.hash))
            return
        body = op.packed_body()
        hash_of_body = op.hash_of_body if body is None else None
        content = (op.packed_header(), body, hash_of_body, entry.hash)
        self._ops.append((key, op.header.kind, *place, *content))

    def place_own(self, key: int, position: int, annotation: Annotation) -> None:
        """Take in where an op that is kept here already stands in the log."""
        self._own.append((*_place(position, annotation), key))

    def confirm(self, key: int) -> None:
        """Take in that an own op is pending no more."""
        self._confirmed.append((key,))

    def mention(self, subjects: Iterable[MentionKey], key: int) -> None:
        """Take in whom an op names; what is known already is ignored."""
        for subject in subjects:
            self._mentions.append((subject, key))

    def write(self) -> None:
        """Write all that was taken in."""
        self._mentions.sort(key=_mention_order)
        connection = self._connection
        write_rows(connection, statements.UPSERT_LOGGED_OP, self._ops)
        connection.executemany(statements.UPDATE_OWN_OP, self._own)
        connection.executemany(statements.DELETE_PENDING_MENTIONS, self._confirmed)
        write_rows(connection, statements.INSERT_MENTION, self._mentions)
        for rows in (self._ops, self._own, self._confirmed, self._mentions):
            rows.clear()


def _place(position: int, annotation: Annotation) -> tuple[int, int, int, bytes | None]:
    detail = None if annotation.detail is None else pack_decoded(annotation.detail)
    return (position, annotation.effective, annotation.verdict, detail)


def _mention_order(row: tuple[MentionKey, int]) -> tuple[str, MentionKey, int]:
    """Order mentions as the table has them: keys of one type only are compared."""
    return (type(row[0]).__name__, row[0], row[1])
