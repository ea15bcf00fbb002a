"""The floor of a drain: sqlite3 → msgpack → socket → sqlite3, with an ack each 1,000 writes.

Three processes keep a log and current rows and commit them durably (WAL, synchronous FULL): a box
that wrote without a line, a hub, and a second box. No ids, hashes, signatures or judgement.
"""

import multiprocessing
import socket
import sqlite3
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import msgpack

from benchmarks.workload import ProfileWritten, Write, workload

BATCH = 1000
_LENGTH = struct.Struct(">I")
_SCHEMA = """
CREATE TABLE log (seq INTEGER PRIMARY KEY, row BLOB NOT NULL);
CREATE TABLE member (id INTEGER PRIMARY KEY, number TEXT, name TEXT, phone TEXT);
CREATE TABLE points (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);
CREATE TABLE progress (id INTEGER PRIMARY KEY CHECK (id = 1), acked INTEGER NOT NULL);
INSERT INTO progress VALUES (1, 0);
"""
_UPSERT_MEMBER = """
INSERT INTO member VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
SET number = excluded.number, name = excluded.name, phone = excluded.phone
"""
_ADD_POINTS = """
INSERT INTO points VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET balance = balance + excluded.balance
"""


@dataclass(frozen=True)
class DrainTimes:
    """Seconds to bring the writes to the hub, and from there to the second box."""

    up_s: float
    down_s: float
    up_bytes: int


def connect(path: Path) -> sqlite3.Connection:
    """Open a store as the product does: WAL, every commit on disk."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    return database


def _create(path: Path) -> sqlite3.Connection:
    database = connect(path)
    database.executescript(_SCHEMA)
    return database


def _apply(database: sqlite3.Connection, rows: list[tuple[int, bytes]]) -> None:
    members = []
    points = []
    for _, row in rows:
        values = msgpack.unpackb(row)
        (members if len(values) == 4 else points).append(values)
    database.execute("BEGIN IMMEDIATE")
    database.executemany("INSERT INTO log VALUES (?, ?)", rows)
    database.executemany(_UPSERT_MEMBER, members)
    database.executemany(_ADD_POINTS, points)
    database.execute("COMMIT")


def _receive(line: socket.socket) -> bytes:
    size = _LENGTH.unpack(_exactly(line, _LENGTH.size))[0]
    return _exactly(line, size)


def _exactly(line: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = line.recv(size - len(data))
        if not part:
            raise EOFError("the other side closed the line")
        data += part
    return bytes(data)


def _row(write: Write) -> list[object]:
    if isinstance(write, ProfileWritten):
        return [write.member, write.number, write.name, write.phone]
    return [write.member, write.points]


def _send_log(path: Path, line: socket.socket) -> int:
    """Send the whole log in batches, each after the ack of the one before; return the bytes."""
    database = connect(path)
    sent = 0
    acked = 0
    while True:
        rows = database.execute(
            "SELECT seq, row FROM log WHERE seq > ? ORDER BY seq LIMIT ?", (acked, BATCH)
        ).fetchall()
        payload = msgpack.packb(rows)
        line.sendall(_LENGTH.pack(len(payload)) + payload)
        sent += len(payload)
        if not rows:
            return sent
        acked = msgpack.unpackb(_receive(line))
        database.execute("UPDATE progress SET acked = ?", (acked,))


def _receive_log(path: Path, line: socket.socket) -> None:
    """Commit what `_send_log` sends, then ack it, until an empty batch ends it."""
    database = _create(path)
    while rows := msgpack.unpackb(_receive(line)):
        _apply(database, rows)
        ack = msgpack.packb(rows[-1][0])
        line.sendall(_LENGTH.pack(len(ack)) + ack)
    database.close()


def _serve(path: Path, ready: Connection) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ready.send(server.getsockname()[1])
        line, _ = server.accept()
        with line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _receive_log(path, line)


@contextmanager
def _receiver(path: Path) -> Iterator[socket.socket]:
    """Start a process that keeps what it receives in `path`; on leaving wait until it has it."""
    context = multiprocessing.get_context("spawn")
    ready, there = context.Pipe()
    process = context.Process(target=_serve, args=(path, there))
    process.start()
    with socket.create_connection(("127.0.0.1", ready.recv())) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield line
    process.join()


def measure_floor(directory: Path) -> DrainTimes:
    """Write the workload into a box, drain it to a hub, and from there to a second box."""
    box, hub, second = (directory / name for name in ("floor.box", "floor.hub", "floor.second"))
    database = _create(box)
    rows = [(seq, msgpack.packb(_row(write))) for seq, write in enumerate(workload(), start=1)]
    _apply(database, rows)
    database.close()
    with _receiver(hub) as line:
        start = time.perf_counter()
        up_bytes = _send_log(box, line)
        up_s = time.perf_counter() - start
    with _receiver(second) as line:
        start = time.perf_counter()
        _send_log(hub, line)
        down_s = time.perf_counter() - start
    kept = connect(second).execute("SELECT count(*) FROM log").fetchone()[0]
    if kept != len(rows):
        raise RuntimeError(f"the floor lost writes: {kept} of {len(rows)} arrived")
    return DrainTimes(up_s, down_s, up_bytes)
