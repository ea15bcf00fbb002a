"""The hub's durable ops per second on one core: PUSH bytes in, verify, judge, commit, ack out."""

import os
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks import wire
from benchmarks.drain_floor import connect
from benchmarks.measure import Line, progress
from benchmarks.traffic import START_MS, CafeTraffic, OpChain
from cloud.hub.builder import Batch, BlockBuilder, Proposal
from cloud.store.database import Database, open_writer
from cloud.store.log import create_log
from cloud.store.migrations import migrate
from sync_protocol.codec import pack
from sync_protocol.frames import CODECS_READ
from sync_protocol.hub_session import HubLimits, HubSession, LogHead, NodeFacts
from sync_protocol.kinds import NODE as NODE_KIND
from sync_protocol.kinds import field_index
from sync_protocol.messages import Hello
from sync_protocol.ops import Op, genesis_hash
from sync_protocol.registers import Change, RegisterWrite
from sync_protocol.session_events import BatchReceived, Transmit

OPS = 20_000
ROUNDS = 3
OPS_PER_SECOND_MIN = 12_000
HUB_KEY = Ed25519PrivateKey.generate()


def open_hub(path: Path, chain: str, now_ms: int) -> tuple[Database, BlockBuilder]:
    """Return a new hub's database and the builder of its log."""
    database = open_writer(f"sqlite:///{path}")
    migrate(database)
    create_log(database, chain, HUB_KEY.public_key().public_bytes_raw())
    return database, BlockBuilder(database, HUB_KEY.sign, lambda: now_ms, lambda _point: None)


def enrol(builder: BlockBuilder, node: int, cafe: int, public_key: bytes) -> None:
    """Let the hub write a node into its log, as enrolment does."""
    values = {"cafe": cafe, "public_key": public_key, "epoch": 1, "status": "active"}
    changes = [Change(field_index(NODE_KIND, name), value, None) for name, value in values.items()]
    changes.sort(key=lambda change: change.index)
    body = RegisterWrite(b"", node, 0, changes).body()
    if builder.build([], [Proposal(lambda _draft: [(NODE_KIND, body)])]) is None:
        raise RuntimeError("the hub did not write the node")


def open_session(key: Ed25519PrivateKey, ops: list[Op]) -> HubSession:
    """Return the hub's session with a node that has greeted."""
    first = genesis_hash(wire.CHAIN, wire.NODE, wire.EPOCH)
    last = ops[-1]
    session = HubSession(wire.CHAIN, wire.NODE, HubLimits(wire.BATCH, 1 << 20))
    hello = Hello(
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
    session.receive(hello.pack(), START_MS)

    def verify(signature: bytes, data: bytes) -> bool:
        try:
            key.public_key().verify(signature, data)
        except InvalidSignature:
            return False
        return True

    session.take_hello(NodeFacts(1, 0, first, None, verify), LogHead(1, 0, 0, 0, 0), START_MS)
    return session


def _ingest(folder: Path, ops: list[Op], messages: list[bytes], key: Ed25519PrivateKey) -> float:
    """Return the seconds from the first batch's bytes to the last ack's."""
    now_ms = ops[-1].header.stamp >> 16
    database, builder = open_hub(folder / "hub.sqlite", wire.CHAIN, now_ms)
    with closing(database):
        enrol(builder, wire.NODE, wire.CAFE, key.public_key().public_bytes_raw())
        session = open_session(key, ops)
        acks = 0
        start = time.perf_counter()
        for message in messages:
            for event in session.receive(message, now_ms):
                if not isinstance(event, BatchReceived):
                    raise RuntimeError(f"the hub did not take a batch: {vars(event)}")
                batch = Batch(wire.NODE, wire.EPOCH, event.ops, event.signature)
                if builder.build([batch], []) is None:
                    raise RuntimeError("the hub committed nothing")
                last = event.ops[-1]
                acked = session.committed(last.header.seq, last.hash)
                acks += sum(isinstance(event, Transmit) for event in acked)
        elapsed = time.perf_counter() - start
        if acks != len(messages) or session.watermark != ops[-1].header.seq:
            raise RuntimeError(f"{acks} acks for {len(messages)} batches")
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
    try:
        key = Ed25519PrivateKey.generate()
        ops = CafeTraffic(wire.CAFE, OpChain(wire.CHAIN, wire.NODE, wire.EPOCH), seed=1).ops(OPS)
        batches = [ops[at : at + wire.BATCH] for at in range(0, OPS, wire.BATCH)]
        messages = [wire.push_message(batch, key) for batch in batches]
        rounds = []
        for number in range(ROUNDS):
            with tempfile.TemporaryDirectory() as name:
                times = _ingest(Path(name), ops, messages, key), _floor(Path(name), ops)
            progress(f"  round {number + 1}: {OPS / times[0]:,.0f} ops/s")
            rounds.append(times)
    finally:
        os.sched_setaffinity(0, cores)
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
