"""Erasing a person: bodies, answers and receipts go, chains and hashes stay.

What is dropped from rows lingers in free pages and in the write-ahead log until `scrub` rewrites
the files; `Store` does so after the commit.
"""

import sqlite3

from edge.store import statements, upkeep_statements
from edge.store.errors import StoreBusyError
from edge.store.op_rows import StoredOp, mentions_of, op_key
from edge.store.transaction import WriteTransaction
from sync_protocol.fold import personal_subject
from sync_protocol.ops import SEQ_MAX

SCRUB_PATIENCE_MS = 200
SETTING_SCRUB_DUE = "store.scrub_due"
"""Set in the transaction that drops something for good, removed once the files are rewritten: a
box that loses power between the two makes up for it at its next start."""


def drop_bodies(transaction: WriteTransaction, subject: int) -> None:
    """Drop the bodies of the personal ops that name `subject`, own unacked ones among them.

    The hub takes such an op by its header and body hash.
    """
    connection = transaction.connection
    rows = connection.execute(statements.SELECT_PENDING_MENTIONS, (subject,)).fetchall()
    for (number,) in connection.execute(statements.SELECT_AUTHORS).fetchall():
        keys = (subject, op_key(number, 1), op_key(number, SEQ_MAX))
        rows += connection.execute(statements.SELECT_MENTIONS, keys).fetchall()
    for row in rows:
        stored = StoredOp(*row)
        op = stored.op()
        if op is None or op.body is None:
            continue
        if personal_subject(op.header.kind, op.body) == subject:
            connection.execute(upkeep_statements.DROP_BODY, (op.hash_of_body, stored.key))


def drop_mentions(transaction: WriteTransaction, row: StoredOp) -> None:
    """Drop what finds an op, before the op itself goes."""
    op = row.op()
    if op is None or op.body is None:
        return
    for subject in mentions_of(op):
        transaction.connection.execute(upkeep_statements.DELETE_MENTION, (subject, row.key))


def forget_person(transaction: WriteTransaction, subject: int) -> None:
    """Note the standing rule, and empty the answers and receipts that hold a person's data.

    The request ids stay, so that a repeated request is still not done again.
    """
    transaction.set_setting(SETTING_SCRUB_DUE, True)
    for statement in (
        upkeep_statements.INSERT_ERASED,
        upkeep_statements.EMPTY_ANSWERS,
        upkeep_statements.EMPTY_PRINT_JOBS,
    ):
        transaction.connection.execute(statement, (subject,))


def scrub(connection: sqlite3.Connection) -> None:
    """Rewrite the database so that no free page holds what was dropped, and empty the log.

    Takes as long as copying the file. Raises `StoreBusyError` as `empty_log` does, which is then
    all that is left to do.
    """
    connection.execute("VACUUM")
    empty_log(connection)


def empty_log(connection: sqlite3.Connection) -> None:
    """Bring the write-ahead log into the file and cut it off.

    Raises `StoreBusyError` while somebody reads an old state, a page or another process; nothing is
    lost, and the next call does it.
    """
    (patience_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute(f"PRAGMA busy_timeout = {SCRUB_PATIENCE_MS}")  # taps wait meanwhile
    busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    connection.execute(f"PRAGMA busy_timeout = {patience_ms}")
    if busy:
        raise StoreBusyError(
            "old_state_read",
            "somebody still reads an old state of the store: the bytes of what was erased are"
            " rewritten as soon as that ends; end a refold or backup that hangs",
        )
