"""The hub's durable ops per second on one core: PUSH bytes in, verify, judge, commit, ack out."""

import gc
import os
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks import wire
from benchmarks.drain_floor import connect
from benchmarks.hub import Hub
from benchmarks.measure import Line, progress
from benchmarks.traffic import START_MS, UTC_OFFSET_MIN, CafeTraffic, OpChain, write_ops
from cloud.app import calm_collector
from cloud.domain.grants import GrantPolicy
from cloud.hub.inbox import Inbox
from cloud.hub.metrics import HubMetrics
from cloud.hub.rounds import BATCH_OPS_MAX
from cloud.hub.worker import Worker
from sync_protocol.codec import pack
from sync_protocol.frames import CODECS_READ
from sync_protocol.greetings import Hello
from sync_protocol.messages import Ack, unpack_message
from sync_protocol.ops import Op, genesis_hash

OPS = 20_000
ROUNDS = 3
OPS_PER_SECOND_MIN = 12_000
ACK_BYTES_MAX = 64


def hello(ops: list[Op], key: Ed25519PrivateKey) -> bytes:
    """Return the greeting of a node that has `ops` and has sent none of them."""
    first = genesis_hash(wire.CHAIN, wire.NODE, wire.EPOCH)
    last = ops[-1]
    message = Hello(
        wire.CHAIN,
        wire.NODE,
        wire.EPOCH,
        1,
        last.header.seq,
        last.hash,
        0,
        first,
        1,
        0,
        0,
        0,
        bytes(32),
        CODECS_READ,
        START_MS,
        1,
        "bench",
        b"",
    )
    return message.sign(wire.CHAIN, wire.NODE, key.sign)


def _ingest(folder: Path, ops: list[Op], messages: list[bytes], key: Ed25519PrivateKey) -> float:
    """Return the seconds from the first batch's bytes to the last ack's, publishing included."""
    now_ms = ops[-1].header.stamp >> 16
    inbox = Inbox()
    acked = 0

    def send(outgoing: list[tuple[str, bytes]], _number: int) -> None:
        nonlocal acked
        for _topic, data in outgoing:
            message = unpack_message(data) if len(data) < ACK_BYTES_MAX else None
            if isinstance(message, Ack):
                acked = message.seq

    with Hub(folder / "hub.sqlite", wire.CHAIN) as hub:
        hub.now_ms = now_ms
        hub.enrol(wire.NODE, wire.CAFE, key.public_key().public_bytes_raw())
        worker = Worker(
            hub.builder,
            inbox,
            HubMetrics(),
            lambda: now_ms,
            lambda: (20260529, UTC_OFFSET_MIN),
            GrantPolicy(),
            send,
        )
        inbox.put(wire.NODE, hello(ops, key))
        worker.run_round()
        start = time.perf_counter()
        for message in messages:
            if not inbox.put(wire.NODE, message):
                raise RuntimeError("the hub's inbox is smaller than the benchmark")
        while not inbox.is_empty():
            worker.run_round()
        elapsed = time.perf_counter() - start
        if acked != ops[-1].header.seq:
            raise RuntimeError(f"acked {acked} of {len(ops)} ops")
    return elapsed


def _floor(folder: Path, ops: list[Op]) -> float:
    """Return the seconds of raw sqlite3 for the same rows in the same batches."""
    with closing(connect(folder / "floor.sqlite")) as database:
        database.execute("CREATE TABLE op (position INTEGER PRIMARY KEY, row BLOB, hash BLOB)")
        rows = [(op.header.seq, pack(op.wire_row()), op.hash) for op in ops]
        start = time.perf_counter()
        for at in range(0, len(rows), wire.BATCH):
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT INTO op VALUES (?, ?, ?)", rows[at : at + wire.BATCH])
            database.execute("COMMIT")
        elapsed = time.perf_counter() - start
        if database.execute("SELECT count(*) FROM op").fetchone() != (len(ops),):
            raise sqlite3.DatabaseError("the floor lost rows")
    return elapsed


def run() -> list[Line]:
    """Measure ingest and its floor in turns, on one core; the middle of three rounds counts."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    thresholds = gc.get_threshold()
    calm_collector()  # as the hub's process does
    try:
        key = Ed25519PrivateKey.generate()
        traffic = CafeTraffic(wire.NODE, wire.EPOCH, wire.CAFE, seed=1)
        ops = write_ops(traffic, OpChain(wire.CHAIN, wire.NODE, wire.EPOCH), OPS)
        batches = [ops[at : at + BATCH_OPS_MAX] for at in range(0, len(ops), BATCH_OPS_MAX)]
        messages = [wire.push_message(batch, key) for batch in batches]
        rounds = []
        for number in range(ROUNDS):
            with tempfile.TemporaryDirectory() as name:
                times = _ingest(Path(name), ops, messages, key), _floor(Path(name), ops)
            progress(f"  round {number + 1}: {OPS / times[0]:,.0f} ops/s")
            rounds.append(times)
    finally:
        os.sched_setaffinity(0, cores)
        gc.set_threshold(*thresholds)
        gc.unfreeze()
    rounds.sort()
    value, reference = (OPS / seconds for seconds in rounds[ROUNDS // 2])
    return [
        Line(
            "hub ingest on one core, verify to ack",
            value,
            "ops/s",
            "raw sqlite3, the same rows in batches of 1,000",
            reference,
            value / reference,
            f"value > {OPS_PER_SECOND_MIN:,}",
            value > OPS_PER_SECOND_MIN,
        )
    ]
