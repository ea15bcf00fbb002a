"""Flips one bit of an op in a box's file, and asks the product's own check whether it finds it."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from random import Random

from edge.store.errors import StoreError
from edge.store.integrity import check_all, check_file
from edge.store.opening import open_reader
from tests.sim.box import Box

COLUMNS = ("header", "body", "hash")
KEYS = "SELECT key FROM op WHERE body IS NOT NULL ORDER BY key"


@dataclass(frozen=True, slots=True)
class Flipped:
    """Where a bit was flipped ("" for nowhere), and whether the check found it."""

    place: str
    found: bool


def flip_bit(box: Box, random: Random) -> Flipped:
    """Flip a bit of a box that is down; the file is as it was afterwards."""
    whole = box.path.read_bytes()
    key, column, value = _choose(box, random)
    at = whole.find(value) if value else -1
    while at >= 0:
        bit = random.randrange(len(value) * 8)
        damaged = bytearray(whole)
        damaged[at + bit // 8] ^= 1 << bit % 8
        box.path.write_bytes(damaged)
        changed, found = _look(box, key, column, value)
        _write(box, whole)
        if changed:
            return Flipped(f"{column} of op {key}", found)
        at = whole.find(value, at + 1)
    return Flipped("", False)


def _choose(box: Box, random: Random) -> tuple[int, str, bytes]:
    """Return an op's key, one of its columns and what is in it."""
    column = random.choice(COLUMNS)
    with closing(sqlite3.connect(box.path)) as database:
        keys = database.execute(KEYS).fetchall()
        if not keys:
            return 0, column, b""
        key = random.choice(keys)[0]
        row = database.execute(f"SELECT {column} FROM op WHERE key = ?", (key,)).fetchone()
    return key, column, row[0]


def _look(box: Box, key: int, column: str, value: bytes) -> tuple[bool, bool]:
    """Whether the flipped bit is the op's (its bytes may stand in a page that nobody uses), and
    whether the product's check finds it."""
    changed = True
    try:
        reader = open_reader(box.path, box.identity)
        with closing(reader.database):
            row = reader.connection.execute(
                f"SELECT {column} FROM op WHERE key = ?", (key,)
            ).fetchone()
            changed = row is None or row[0] != value
            check_file(reader)
            check_all(reader)
    except (StoreError, sqlite3.DatabaseError):
        return changed, True
    return changed, False


def _write(box: Box, whole: bytes) -> None:
    for path in box.drive.folder.iterdir():
        path.unlink()
    box.drive.forget_files()
    box.path.write_bytes(whole)
