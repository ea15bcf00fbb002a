"""Opens a store's file: locked, brought up to date, checked, bound to its box and its machine."""

import fcntl
import logging
import sqlite3
from pathlib import Path
from typing import IO, NamedTuple, cast

import peewee
from peewee import SqliteDatabase

from edge.store import apply, erasure
from edge.store.errors import StoreBusyError, StoreMismatchError
from edge.store.facts import Head
from edge.store.identity import Clock, Identity, RandomBytes
from edge.store.integrity import (
    SETTING_CHECKED,
    check_file,
    check_tables,
    check_tail,
    damaged_file,
)
from edge.store.migrations import bring_up_to_date
from edge.store.op_rows import op_key
from edge.store.own_log import OwnLog
from edge.store.reader import Reader
from edge.store.standing import SETTING_HARDWARE, SETTING_MOVED
from edge.store.statements import SELECT_LAST_OP, UPSERT_SETTING
from edge.store.tables import Author
from edge.store.transaction import WriteTransaction
from sync_protocol.codec import pack, unpack_stored
from sync_protocol.ops import SEQ_MAX, genesis_hash, header_from_row

SETTING_IDENTITY = "store.identity"

logger = logging.getLogger(__name__)

_WRITER_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "full",
    "cache_size": -16_000,
    "temp_store": "memory",
    # Some builds zero what is deleted, at every change; an erasure rewrites the file instead.
    "secure_delete": 0,
    # The writer checkpoints in quiet moments; this is for a counter that never is.
    "wal_autocheckpoint": 8_000,
    "journal_size_limit": 64 * 1024 * 1024,
}
_READER_PRAGMAS = {"query_only": 1, "cache_size": -2_000}


class OpenedFile(NamedTuple):
    """What `open_file` hands to the store, which closes it."""

    lock: IO[bytes]
    database: SqliteDatabase
    transaction: WriteTransaction


def open_file(
    path: Path, identity: Identity, clock: Clock, random_bytes: RandomBytes, hardware: bytes
) -> OpenedFile:
    """Open or create a store's file for the one process that writes; see `Store.open`."""
    lock = _take_lock(path)
    database = SqliteDatabase(
        str(path), pragmas=_WRITER_PRAGMAS, thread_safe=False, check_same_thread=False
    )
    try:
        transaction = _open(database, identity, clock, random_bytes)
        _bind_hardware(transaction, hardware)
    except (peewee.DatabaseError, sqlite3.DatabaseError, ValueError) as error:
        # A ValueError: stored bytes that are no text, or no value of the codec.
        database.close()
        lock.close()
        raise damaged_file(error) from error
    except BaseException:
        database.close()
        lock.close()
        raise
    return OpenedFile(lock, database, transaction)


def open_reader(path: Path, identity: Identity | None = None) -> Reader:
    """Open a file read only, beside a running box or without one; close `reader.database` after.

    Without an identity it takes the one that the file belongs to. Raises `StoreError`.
    """
    address = f"file:{path.absolute()}?mode=ro"
    database = SqliteDatabase(
        address, uri=True, pragmas=_READER_PRAGMAS, thread_safe=False, check_same_thread=False
    )
    try:
        database.connect()
        return Reader(database, identity or stored_identity(database))
    except (peewee.DatabaseError, sqlite3.DatabaseError, ValueError) as error:
        database.close()
        raise damaged_file(error) from error


def stored_identity(database: SqliteDatabase) -> Identity:
    """Return whose the file is; `StoreMismatchError` if it is no store."""
    row = None
    if database.table_exists("setting"):
        reader = Reader(database, Identity("", 0, 0, 0))
        row = reader.setting(SETTING_IDENTITY)
    if row is None:
        raise StoreMismatchError("no_store", "this file is no box's store")
    return Identity(*cast("list[object]", row))  # type: ignore[arg-type]  # as `_bind` packed it


def _take_lock(path: Path) -> IO[bytes]:
    """Take the file's lock: two writing processes on one store would be two boxes of one name."""
    lock = path.with_name(path.name + ".lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        words = f"another process uses {path}; stop it first"
        raise StoreMismatchError("in_use", words) from error
    return lock


def _open(
    database: SqliteDatabase, identity: Identity, clock: Clock, random_bytes: RandomBytes
) -> WriteTransaction:
    database.connect()
    reader = Reader(database, identity)
    check_file(reader)
    bring_up_to_date(database)
    check_tables(reader)
    _bind(database, identity)
    checked = check_tail(reader)
    head = reader.own_head()
    transaction = WriteTransaction(database, _own_log(reader, identity, clock, head), random_bytes)
    scrubbed = _scrub_at_start(reader, transaction)
    with database.atomic("IMMEDIATE"):
        if scrubbed:
            transaction.set_setting(erasure.SETTING_SCRUB_DUE, None)
        transaction.set_setting(SETTING_CHECKED, checked)
        apply.unpark(transaction)
    return transaction


def _scrub_at_start(reader: Reader, transaction: WriteTransaction) -> bool:
    """Make up for a scrub that was cut short; False while another process reads an old state."""
    if reader.setting(erasure.SETTING_SCRUB_DUE):
        try:
            erasure.scrub(transaction.connection)
        except StoreBusyError as error:
            logger.warning("%s", error)
            return False
    return True


def _bind(database: SqliteDatabase, identity: Identity) -> None:
    """Bind a new file to its box, or check whose it is; a later epoch of the same box is taken."""
    reader = Reader(database, identity)
    row = reader.setting(SETTING_IDENTITY)
    if row is not None:
        stored = Identity(*cast("list[object]", row))  # type: ignore[arg-type]  # as packed below
        same = (stored.chain, stored.node, stored.cafe)
        if same != (identity.chain, identity.node, identity.cafe) or stored.epoch > identity.epoch:
            words = f"this store belongs to {stored}, the box is {identity}; enrol it anew"
            raise StoreMismatchError("other_identity", words)
    with database.atomic("IMMEDIATE"):
        values = [identity.chain, identity.node, identity.epoch, identity.cafe]
        reader.connection.execute(UPSERT_SETTING, (SETTING_IDENTITY, pack(values)))
        if reader.author(identity.node, identity.epoch) is None:
            genesis = genesis_hash(identity.chain, identity.node, identity.epoch)
            Author.insert(node=identity.node, epoch=identity.epoch, seq=0, hash=genesis).execute(
                database
            )


def _bind_hardware(transaction: WriteTransaction, hardware: bytes) -> None:
    """Bind an epoch to its machine, or note that this is another one."""
    if not hardware:
        return
    epoch = transaction.identity.epoch
    bound = cast("list[object] | None", transaction.setting(SETTING_HARDWARE))
    with transaction.database.atomic("IMMEDIATE"):
        if bound is None or bound[0] != epoch:
            bound = [epoch, hardware]
            transaction.set_setting(SETTING_HARDWARE, bound)
        moved = epoch if bound[1] != hardware else None
        if transaction.setting(SETTING_MOVED) != moved:
            transaction.set_setting(SETTING_MOVED, moved)


def _own_log(reader: Reader, identity: Identity, clock: Clock, head: Head) -> OwnLog:
    number = reader.own_author().number
    row = reader.connection.execute(
        SELECT_LAST_OP, (op_key(number, 1), op_key(number, SEQ_MAX))
    ).fetchone()
    last = (0, 0)
    if row is not None:
        header = header_from_row(unpack_stored(row[1]))
        last = (header.stamp, header.segment)
    own = OwnLog(identity, clock, number, head, last)
    own.cursor = reader.cursor()
    return own
