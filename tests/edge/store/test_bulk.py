"""Many rows are read in one statement, few in a shorter one: the same rows are found."""

import sqlite3

import pytest
from peewee import SqliteDatabase

from edge.store.bulk import FEW_ROWS, read_rows
from edge.store.migrations import bring_up_to_date
from edge.store.statements import (
    ROWS_AT_ONCE,
    SELECT_BALANCE_ROWS,
    SELECT_DOCUMENT_ROWS,
    SELECT_ERASED_ROWS,
)

KEYS_MAX = 2 * ROWS_AT_ONCE
COUNTS = [0, 1, FEW_ROWS, FEW_ROWS + 1, ROWS_AT_ONCE, ROWS_AT_ONCE + 1, ROWS_AT_ONCE + FEW_ROWS + 1]


@pytest.fixture
def connection():
    database = SqliteDatabase(":memory:")
    database.connect()
    bring_up_to_date(database)
    store: sqlite3.Connection = database.connection()
    numbers = range(1, KEYS_MAX, 2)  # every other key is not there
    store.executemany(
        "INSERT INTO document (kind, key, confirmed) VALUES (4, ?, x'90')",
        [(number,) for number in numbers],
    )
    store.executemany(
        "INSERT INTO account_balance (account_class, subject, node, epoch, month, unit, confirmed,"
        " pending) VALUES (1, ?, 0, 0, 0, 'fen', 500, 0)",
        [(number,) for number in numbers],
    )
    store.executemany(
        "INSERT INTO erased_subject (subject) VALUES (?)", [(number,) for number in numbers]
    )
    yield store
    database.close()


@pytest.mark.parametrize("count", COUNTS)
def test_as_many_rows_are_found_as_are_there(connection, count):
    numbers = list(range(count))
    there = [number for number in numbers if number % 2]
    documents = read_rows(connection, SELECT_DOCUMENT_ROWS, [(4, number) for number in numbers])
    assert sorted(row[1] for row in documents) == there
    accounts = [(1, number, 0, 0, 0, "fen") for number in numbers]
    balances = read_rows(connection, SELECT_BALANCE_ROWS, accounts)
    assert sorted((row[1], row[6]) for row in balances) == [(number, 500) for number in there]
    erased = read_rows(connection, SELECT_ERASED_ROWS, [(number,) for number in numbers])
    assert sorted(row[0] for row in erased) == there


def test_few_rows_are_asked_for_by_a_shorter_statement(connection):
    asked: list[str] = []
    connection.set_trace_callback(asked.append)
    for count in (FEW_ROWS, FEW_ROWS + 1):
        list(read_rows(connection, SELECT_ERASED_ROWS, [(number,) for number in range(count)]))
    assert len(asked) == 2
    assert asked[0].count(",") == FEW_ROWS - 1
    assert asked[1].count(",") == ROWS_AT_ONCE - 1
