"""The session's host: hands it the store's ops, commits what it verified, tells what happened."""

import asyncio
from collections.abc import Callable

from edge.store.apply import Applied
from edge.store.store import Store
from edge.sync.hub_http import HubHttp, HubRefusedError, HubUnreachableError
from edge.sync.line_switch import LineCutError
from edge.sync.metrics import SyncMetrics
from sync_protocol.blocks import Block, ChainHeads, blocks_from_rows
from sync_protocol.errors import ChainError
from sync_protocol.frames import unpack_frame
from sync_protocol.kinds import NODE
from sync_protocol.messages import Blocks, unpack_message
from sync_protocol.ops import HUB, Op
from sync_protocol.pump import PumpHost
from sync_protocol.session_events import BlocksReceived, BlocksWanted, Event

RETRY_S = 2.0
OPS_ON_LOOP_MAX = 100
"""Ops read on the event loop's own thread: 1 ms; more are read on another."""


class StoreHost(PumpHost):
    """`PumpHost` over a `Store`. `told` gets every event that is no work of the host's own;
    `applied` what each range brought; `no_blocks` is called where the hub has not what we lack."""

    def __init__(
        self,
        store: Store,
        http: HubHttp,
        metrics: SyncMetrics,
        told: Callable[[Event], None],
        applied: Callable[[Applied], None],
        no_blocks: Callable[[], None],
    ) -> None:
        self._store = store
        self._http = http
        self._metrics = metrics
        self._told = told
        self._applied = applied
        self._no_blocks = no_blocks

    async def read_ops(self, from_seq: int, limit: int) -> list[Op]:
        """Return committed own ops from `from_seq` on."""
        if limit <= OPS_ON_LOOP_MAX:
            return self._read_ops(from_seq, limit)
        return await asyncio.to_thread(self._read_ops, from_seq, limit)

    def _read_ops(self, from_seq: int, limit: int) -> list[Op]:
        with self._store.read() as reader:
            return reader.own_ops(from_seq, limit)

    async def hash_of(self, seq: int) -> bytes | None:
        """Return the hash of an own op."""
        with self._store.read() as reader:
            return reader.own_hash(seq)

    async def apply_blocks(self, event: BlocksReceived) -> None:
        """Commit verified blocks; stubs that are our cafe's are fetched in full before."""
        blocks = event.blocks
        while self._lacks_bodies(blocks):
            try:
                blocks = await self._in_full(blocks)
                break
            except (HubUnreachableError, LineCutError):
                await asyncio.sleep(RETRY_S)
        applied = await self._store.apply_blocks(blocks, event.signature)
        self._metrics.applied_ops.inc(applied.ops)
        self._metrics.applied_position.set(applied.cursor.position)
        self._metrics.alarms.inc(len(applied.alarms))
        self._applied(applied)

    async def fetch_blocks(self, wanted: BlocksWanted) -> bytes | None:
        """Return a `Blocks` message over HTTP; None if the hub is out of reach."""
        try:
            data = await self._http.blocks(wanted.generation, wanted.first, wanted.last)
        except (HubUnreachableError, LineCutError):
            self._metrics.repairs.labels("unreachable").inc()
            return None
        except HubRefusedError as error:
            self._metrics.repairs.labels(error.code).inc()
            return None
        if data is None:
            self._metrics.repairs.labels("no_block").inc()
            self._no_blocks()
            return None
        self._metrics.repairs.labels("fetched").inc()
        return data

    async def notify(self, event: Event) -> None:
        """Pass every other event on."""
        self._told(event)

    # --- narrow ops of our cafe that another node wrote ------------------------------------------

    def _lacks_bodies(self, blocks: list[Block]) -> bool:
        """Return whether a stub may be of our cafe: of its other boxes, or of the hub."""
        own = self._store.identity.node
        stubs = {
            (entry.node, entry.epoch): entry
            for block in blocks
            for entry in block.entries
            if entry.op is None
        }
        authors = {node for node, _epoch in stubs}
        if HUB in authors:
            return True
        with self._store.read() as reader:
            for (node, _epoch), entry in stubs.items():
                if node == own and not reader.holds(node, entry.seq, entry.hash):
                    return True
            for node in authors - {own}:
                document = reader.register(NODE, node)
                if document is not None and document.value("cafe") == self._store.identity.cafe:
                    return True
        return False

    async def _in_full(self, blocks: list[Block]) -> list[Block]:
        """Return the same blocks as our cafe is shown them; equal hashes make them the same."""
        first, last = blocks[0], blocks[-1]
        with self._store.read() as reader:
            heads = ChainHeads(self._store.identity.chain, reader.heads())
        full: list[Block] = []
        previous = first.previous_hash
        while len(full) < len(blocks):
            number = first.number + len(full)
            data = await self._http.blocks(first.generation, number, last.number)
            if data is None:
                raise ChainError("no_block", str(number))
            message = unpack_message(data)
            if not isinstance(message, Blocks) or message.first_number != number:
                raise ChainError("other_block", str(number))
            position = blocks[len(full)].first_position
            full += blocks_from_rows(
                first.generation,
                first.stream,
                number,
                position,
                previous,
                message.counts,
                unpack_frame(message.frame),
                heads,
            )
            previous = full[-1].hash
        full = full[: len(blocks)]
        if full[-1].hash != last.hash:
            raise ChainError("other_block", str(last.number))
        return full
