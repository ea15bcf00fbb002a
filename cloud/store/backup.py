"""Copy the store while it is in use, and check it before it is used."""

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from cloud.store import log, statements
from cloud.store.database import Database, StoreError
from sync_protocol.blocks import Block

PAGES_PER_STEP = 1000


def back_up(database: Database, target: Path) -> int:
    """Write a consistent copy to `target`, durably; returns the last block number in it.

    Raises `StoreError`, `OSError`; then nothing is left of it.

    SQLite: the online backup API (https://sqlite.org/backup.html). PostgreSQL: `pg_dump`.
    """
    partial = target.with_name(target.name + ".partial")
    if not target.parent.is_dir() or target.is_dir():
        raise StoreError(f"{target}: name a file in a folder that is there")
    partial.unlink(missing_ok=True)
    number = log.read_head(database).block_number
    try:
        if database.path is not None:
            _copy_sqlite(database.path, partial)
        else:
            _dump_postgresql(database.url, partial)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(target)
    except sqlite3.Error as error:
        words = f"no copy in {target.parent} ({error}): is there room, and is it writable?"
        raise StoreError(words) from error
    finally:
        partial.unlink(missing_ok=True)
    directory = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return number


def _copy_sqlite(path: Path, target: Path) -> None:
    source_uri = f"file:{quote(str(path))}?mode=ro"
    with (
        closing(sqlite3.connect(source_uri, uri=True)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy, pages=PAGES_PER_STEP)
        # A hub that is started on it knows that boxes may be ahead of it.
        copy.execute(statements.MARK_COPY_SQLITE)
        copy.commit()


def _dump_postgresql(url: str, target: Path) -> None:
    command = ["pg_dump", "--format=custom", f"--file={target}", f"--dbname={url}"]
    try:
        # The URL is the operator's own, from the configuration.
        result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # no shell
    except FileNotFoundError:
        raise StoreError("pg_dump is not installed: install the PostgreSQL client") from None
    if result.returncode != 0:
        raise StoreError(f"pg_dump failed: {result.stderr.strip()}")


def check_integrity(database: Database) -> None:
    """Raise `StoreError` if the files are damaged or the last block is not what its hash says."""
    if database.is_sqlite:
        answer = database.execute(statements.INTEGRITY_CHECK_SQLITE).fetchone()[0]
        if answer != "ok":
            raise StoreError(f"the database file is damaged ({answer}): restore the backup")
    head = log.read_head(database)
    rows = log.read_blocks(database, head.block_number, head.block_number)
    if not rows:
        if head.block_number:
            raise StoreError("the last block is missing: restore the backup")
        return
    row = rows[0]
    entries = log.read_entries(database, row.first_position, head.position)
    block = Block(
        row.generation,
        row.stream,
        row.number,
        row.first_position,
        row.previous_hash,
        [stored.entry for stored in entries],
    )
    if block.hash != row.hash or row.hash != head.block_hash:
        raise StoreError("the last block does not match its hash: restore the backup")
