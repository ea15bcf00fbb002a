"""Tap latency and drain rate on a box and a hub with 1,000,000 ops of history, against 10,000."""

import asyncio
import random
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.box import SetClock, TapBench, member_ops, open_box, tap_all
from benchmarks.hub import Hub, block_for
from benchmarks.measure import Line, at_least, at_most, percentile, progress
from benchmarks.traffic import (
    START_MS,
    UTC_OFFSET_MIN,
    CafeTraffic,
    OpChain,
    draw_id,
    write_ops,
)
from cloud.app import calm_collector
from edge.domain.decision import Here
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.frames import CODECS_READ, pack_frame, unpack_frame
from sync_protocol.messages import push_signing_bytes
from sync_protocol.ops import Op, op_from_wire

CHAIN = "bench"
SHORT, LONG = 10_000, 1_000_000
BOX = 1
CAFES = range(2, 42)
DAY = 20260529
BLOCK_OPS = 2000
BATCH_OPS = 500
TAPS = 300
HAPPENINGS = 6_000
"""About 10,000 ops."""
HAPPENINGS_PER_COMMIT = 200
RATIO_MAX = 1.3


class World:
    """A hub, a box beside it without broker or line, and 40 cafes that make up the history."""

    def __init__(self, hub: Hub, store: Store, clock: SetClock) -> None:
        self._hub, self._store, self._clock = hub, store, clock
        self._key = Ed25519PrivateKey.generate()
        self._chains = {node: OpChain(CHAIN, node, 1) for node in CAFES}
        self._traffic = {node: CafeTraffic(node, 1, node, seed=node) for node in (BOX, *CAFES)}
        self._length = 0

    async def enrol(self) -> None:
        """Enrol every node, and register the members who will tap."""
        for node in (BOX, *CAFES):
            committed = self._hub.enrol(node, node)
            await self._store.apply_blocks([committed.block], committed.signature)
        draw = random.Random(0)
        chain = self._chains[CAFES[0]]
        here = Here(chain.node, chain.node, 1, START_MS, DAY, UTC_OFFSET_MIN)
        ops: list[Op] = []
        for index in range(2 * TAPS):
            ops += member_ops(here, chain, index, draw_id(draw), draw_id(draw))
        await self._commit(ops)

    async def grow_to(self, length: int) -> None:
        """Let the other cafes work until the log holds `length` ops."""
        turn = 0
        while self._length < length:
            node = CAFES[turn % len(CAFES)]
            await self._commit(write_ops(self._traffic[node], self._chains[node], BLOCK_OPS))
            turn += 1
            if turn % 50 == 0:
                progress(f"  history: {self._length:,} of {length:,} ops")

    async def tap(self, first: int) -> list[float]:
        """Return the milliseconds of each of `TAPS` taps by members who were not here today."""
        return await tap_all(TapBench(self._store, self._clock), first, TAPS)

    async def drain(self) -> float:
        """Let the box write without a line, then drain it; return the ops a second.

        Up: read, pack, sign; unpack, verify, judge, commit. Down: the blocks, applied by the box.
        """
        traffic = self._traffic[BOX]
        for _ in range(0, HAPPENINGS, HAPPENINGS_PER_COMMIT):
            await self._store.write(lambda transaction: self._write_own(transaction, traffic))
        with self._store.read() as reader:
            acked = reader.acked_seq()
            count = reader.own_head().seq - acked
        start = time.perf_counter()
        while (ops := self._next_batch(acked)) != []:
            committed = self._hub.commit([ops])
            acked = ops[-1].header.seq
            self._store.note_acked(acked)
            block = block_for(committed.block, BOX)
            await self._store.apply_blocks([block], committed.signature)
        self._length += count
        return count / (time.perf_counter() - start)

    def _next_batch(self, acked: int) -> list[Op]:
        with self._store.read() as reader:
            sent = reader.own_ops(acked + 1, BATCH_OPS)
            previous = reader.own_hash(acked)
        if not sent or previous is None:
            return []
        last = sent[-1]
        signed = push_signing_bytes(CHAIN, BOX, 1, last.header.seq, last.hash)
        signature = self._key.sign(signed)
        frame = pack_frame([op.wire_row() for op in sent], CODECS_READ)
        received = []
        for row in unpack_frame(frame):
            op = op_from_wire(row, previous)
            received.append(op)
            previous = op.hash
        self._key.public_key().verify(
            signature, push_signing_bytes(CHAIN, BOX, 1, last.header.seq, previous)
        )
        return received

    def _write_own(self, transaction: WriteTransaction, traffic: CafeTraffic) -> None:
        for _ in range(HAPPENINGS_PER_COMMIT):
            for new in traffic.happen():
                self._clock.now_ms = max(self._clock.now_ms, traffic.now_ms)
                traffic.remember(transaction.append(new.kind, new.body))

    async def _commit(self, ops: list[Op]) -> None:
        for start in range(0, len(ops), BLOCK_OPS):
            part = ops[start : start + BLOCK_OPS]
            now_ms = max(self._clock.now_ms, part[-1].header.stamp >> 16)
            self._clock.now_ms = self._hub.now_ms = now_ms
            committed = self._hub.commit([part])
            block = block_for(committed.block, BOX)
            await self._store.apply_blocks([block], committed.signature)
        self._length += len(ops)


async def _measure(folder: Path) -> list[Line]:
    clock = SetClock()
    with ExitStack() as opened:
        hub = opened.enter_context(Hub(folder / "hub.sqlite", CHAIN))
        store = opened.enter_context(open_box(folder / "box.sqlite", CHAIN, BOX, clock))
        world = World(hub, store, clock)
        await world.enrol()
        await world.grow_to(SHORT)
        calm_collector()  # as hub and box do once they run
        short_ms, short_rate = await world.tap(0), await world.drain()
        await world.grow_to(LONG)
        calm_collector()
        long_ms, long_rate = await world.tap(TAPS), await world.drain()
    history, reference = f"{LONG:,} ops", f"with {SHORT:,} ops of history"
    return [
        at_most(
            f"desk tap p50 after {history}",
            percentile(long_ms, 0.5),
            "ms",
            reference,
            percentile(short_ms, 0.5),
            RATIO_MAX,
        ),
        at_most(
            f"desk tap p99 after {history}",
            percentile(long_ms, 0.99),
            "ms",
            reference,
            percentile(short_ms, 0.99),
            RATIO_MAX,
        ),
        at_least(
            f"drain rate after {history}",
            long_rate,
            "ops/s",
            reference,
            short_rate,
            1 / RATIO_MAX,
        ),
    ]


def run() -> list[Line]:
    """Grow one history and measure at its beginning and at its end."""
    with tempfile.TemporaryDirectory() as name:
        return asyncio.run(_measure(Path(name)))
