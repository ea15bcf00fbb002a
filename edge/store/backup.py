"""Backups: a consistent copy while the box goes on, and the check before one is put back."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from edge.store.errors import StoreDamagedError, StoreError
from edge.store.integrity import check_all, check_file, check_tables, damaged_file
from edge.store.reader import Reader


def write_backup(reader: Reader, target: Path) -> None:
    """Copy the snapshot that `reader` sees, check the copy, sync it, and only then name it.

    Uses SQLite's online backup (https://www.sqlite.org/backup.html) in one step, from a reader, so
    that the writer neither waits nor starts it over. Raises `StoreError`, `OSError`; then nothing
    is left of it, and what bore the name before is as it was.
    """
    partial = target.with_name(target.name + ".part")
    partial.unlink(missing_ok=True)
    try:
        _write(reader, partial, target)
    except sqlite3.DatabaseError as error:
        words = f"no copy in {target.parent}: {error}. Is there room, and is it writable?"
        raise StoreError("backup_failed", words) from error
    finally:
        partial.unlink(missing_ok=True)


def _write(reader: Reader, partial: Path, target: Path) -> None:
    with closing(sqlite3.connect(partial)) as copy:
        reader.connection.backup(copy)
        # A copy of a WAL database is one: as a single file it can be carried away.
        copy.execute("PRAGMA journal_mode = DELETE")
        found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise StoreDamagedError("damaged_backup", f"the copy is damaged ({found}); the disk fails")
    descriptor = os.open(partial, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    partial.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def check_backup(reader: Reader) -> None:
    """Raise `StoreDamagedError` unless a backup could be put back: whole file, whole chains.

    A backup put back is an older copy of the store: the hub finds it at HELLO and gives the box a
    new epoch.
    """
    try:
        check_file(reader)
        check_tables(reader)
        check_all(reader)
    except (sqlite3.DatabaseError, ValueError) as error:
        # A ValueError: stored bytes that are no text, or no value of the codec.
        raise damaged_file(error) from error
