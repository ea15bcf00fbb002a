"""Reads many rows by their keys in one statement, for work on a whole range of the log."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from edge.store.statements import ROWS_AT_ONCE


def read_rows(
    connection: sqlite3.Connection, statement: str, keys: Sequence[Sequence[object]]
) -> Iterator[Any]:
    """Yield the rows that one of the `..._ROWS` statements finds for `keys`, in any order."""
    for start in range(0, len(keys), ROWS_AT_ONCE):
        part = keys[start : start + ROWS_AT_ONCE]
        values = [value for key in part for value in key]
        values += [None] * ((ROWS_AT_ONCE - len(part)) * len(part[0]))  # a NULL equals nothing
        yield from connection.execute(statement, values).fetchall()
