"""A hub in this process, without broker and pages: its real log, writer's builder and manifests."""

from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.traffic import START_MS
from cloud.hub.builder import Batch, BlockBuilder, Committed, Proposal
from cloud.store import log
from cloud.store.database import open_writer
from cloud.store.migrations import migrate
from sync_protocol.blocks import Block, Entry
from sync_protocol.codec import pack
from sync_protocol.kinds import CAFE, KINDS, NODE, field_index
from sync_protocol.manifest import Manifest
from sync_protocol.ops import Op
from sync_protocol.registers import Change, RegisterWrite


class Hub:
    """A new chain's hub on SQLite; a context manager. `now_ms` is its clock."""

    def __init__(self, path: Path, chain: str) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.chain = chain
        self.now_ms = START_MS
        self._database = open_writer(f"sqlite:///{path}")
        migrate(self._database)
        log.create_log(self._database, chain, self.key.public_key().public_bytes_raw())
        self.builder = BlockBuilder(
            self._database, self.key.sign, lambda: self.now_ms, lambda _point: None
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def enrol(self, node: int, cafe: int, public_key: bytes = bytes(32)) -> Committed:
        """Write a node into the log, as enrolment does."""
        values = {"cafe": cafe, "public_key": public_key, "epoch": 1, "status": "active"}
        changes = [Change(field_index(NODE, name), value, None) for name, value in values.items()]
        changes.sort(key=lambda change: change.index)
        body = RegisterWrite(b"", node, 0, changes).body()
        return self._built([], [Proposal(lambda _draft: [(NODE, body)])])

    def commit(self, batches: list[list[Op]]) -> Committed:
        """Judge and commit one block of batches, each of one author."""
        made = []
        for ops in batches:
            header = ops[0].header
            bodies = [None if op.body is None else pack(op.body) for op in ops]
            made.append(Batch(header.node, header.epoch, ops, bodies, bytes(64)))
        return self._built(made, [])

    def manifest(self) -> tuple[Manifest, bytes]:
        """Return the signed statement of the log's end (of a snapshot that nobody fetches)."""
        head = self.builder.head
        heads = sorted(
            (author.node, author.epoch, author.seq, author.hash)
            for author in self.builder.authors.values()
        )
        sums = sorted(self.builder.state.sums.sums.items())
        manifest = Manifest(
            self.chain,
            head.generation,
            head.stream,
            head.block_number,
            head.block_hash,
            head.position,
            heads,
            [(kind, cafe, value.to_bytes(32, "big")) for (kind, cafe), value in sums],
            bytes(32),
        )
        return manifest, self.key.sign(manifest.signing_bytes())

    def _built(self, batches: list[Batch], proposals: list[Proposal]) -> Committed:
        committed = self.builder.build(batches, proposals)
        if committed is None:
            raise RuntimeError("the hub committed nothing")
        return committed


def block_for(block: Block, cafe: int) -> Block:
    """Return a block as a box of `cafe` receives it: other cafes' narrow ops as stubs."""
    entries = []
    for entry in block.entries:
        op = entry.op
        narrow = op is not None and KINDS[op.header.kind].reach == CAFE
        if op is not None and narrow and op.header.node != cafe:  # nodes are numbered as cafes
            stub = Entry(entry.node, entry.epoch, entry.seq, entry.hash, None, entry.annotation)
            entries.append(stub)
        else:
            entries.append(entry)
    return Block(
        block.generation,
        block.stream,
        block.number,
        block.first_position,
        block.previous_hash,
        entries,
    )
