"""A log on a real store, written through the block builder alone: authors in, blocks out."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud.hub.builder import Batch, BlockBuilder, Proposal
from cloud.hub.keys import verifier
from cloud.store import log
from cloud.store.models import Balance
from cloud.store.refold import refold
from sync_protocol.clock import stamp_of
from sync_protocol.codec import pack
from sync_protocol.kinds import NODE
from sync_protocol.ops import OP_VERSION, TRUST_MEASURED, Header, genesis_hash, make_op
from tests.cloud import bodies

NOW_MS = 1_780_000_000_000


class Author:
    """A node that writes into a `Chain`; `seen` is its cursor."""

    def __init__(self, name, node, epoch, cafe):
        self.name, self.node, self.epoch, self.cafe = name, node, epoch, cafe
        self.seq, self.hash = 0, genesis_hash(name, node, epoch)
        self.seen = 0
        self.wall_ms = NOW_MS

    def op(self, kind, body, version=OP_VERSION, **changed):
        self.seq += 1
        self.wall_ms += 10
        values = {
            "version": version,
            "kind": kind,
            "node": self.node,
            "epoch": self.epoch,
            "seq": self.seq,
            "stamp": stamp_of(self.wall_ms),
            "segment": 1,
            "trust": TRUST_MEASURED,
            "seen_generation": 1,
            "seen_stream": 0,
            "seen_position": self.seen,
            "actor": 7,
            "terminal": 1,
            "shift": 0,
        }
        values.update(changed)
        made = make_op(Header(**values), body, self.hash)
        self.hash = made.hash
        return made


class Chain:
    def __init__(self, database, name="test", key=None):
        self.name = name
        self.database = database
        self.key = key or Ed25519PrivateKey.generate()
        self.now_ms = NOW_MS + 1_000_000
        self.points_reached = []
        log.create_log(database, name, self.key.public_key().public_bytes_raw())
        self.builder = self.new_builder()

    def new_builder(self):
        return BlockBuilder(
            self.database, self.key.sign, lambda: self.now_ms, self.points_reached.append
        )

    def node(self, node, cafe, epoch=1):
        body = bodies.register(
            NODE,
            node,
            cafe,
            {
                "cafe": cafe,
                "public_key": bytes([node]) * 32,
                "epoch": epoch,
                "status": "active",
            },
        )
        self.own(NODE, body)
        return Author(self.name, node, epoch, cafe)

    def own(self, kind, body):
        proposal = Proposal(lambda _draft: [(kind, body)])
        self.builder.build([], [proposal])
        return proposal.outcome

    def commit(self, *ops, proposals=()):
        """Commit one block of ops, each a batch of its own; returns the annotations of those."""
        batches = [
            Batch(
                op.header.node,
                op.header.epoch,
                [op],
                [None if op.body is None else pack(op.body)],
                b"s" * 64,
            )
            for op in ops
        ]
        committed = self.builder.build(batches, proposals)
        hashes = [op.hash for op in ops]
        return [entry.annotation for entry in committed.block.entries if entry.hash in hashes]

    def balance(self, subject, code, node=0, epoch=0):
        rows = self.database.rows(
            Balance.select().where(
                Balance.subject == subject,
                Balance.code == code,
                Balance.node == node,
                Balance.epoch == epoch,
            )
        )
        return sum(row.amount for row in rows)

    def refolded(self):
        return refold(self.database, verifier(self.key.public_key().public_bytes_raw()))
