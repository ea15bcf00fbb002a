"""A hub in memory for store tests: the real judge and the real blocks, without line or database."""

from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud.domain.judge import ADMITTED, CURRENT, Author, judge
from edge.store.apply import apply_blocks
from sync_protocol import snapshot
from sync_protocol.annotations import Annotation
from sync_protocol.blocks import (
    Block,
    ChainHeads,
    block_signing_bytes,
    blocks_from_rows,
    entry_of,
    log_genesis_hash,
)
from sync_protocol.branches import Branch
from sync_protocol.clock import HybridClock, effective_stamp
from sync_protocol.fold import fold_op, personal_subject
from sync_protocol.frames import CODECS_WRITTEN
from sync_protocol.kinds import BRANCH, CAFE, ERASE, KINDS
from sync_protocol.manifest import Manifest
from sync_protocol.ops import OP_VERSION, TRUST_MEASURED, Header, Op, genesis_hash, make_op
from sync_protocol.state_hash import CHAIN_WIDE, section_of
from tests.sync_protocol.memory_state import MemoryState

CHAIN = "test"
GENERATION = 1


class HubState(MemoryState):
    """What the judge reads, on top of what is folded."""

    def is_erased(self, subject):
        return subject in self.erased

    def balance(self, section, account):
        return self.balances.get((section, account), 0)


class LogHub:
    def __init__(self, wall_ms):
        self.wall_ms = wall_ms
        self.state = HubState()
        self.blocks = []
        self.key = Ed25519PrivateKey.generate()
        self.taken = {}
        self.cafes = {}
        self.effectives = {}
        self.greatest = 0
        self.seq = 0
        self.hash = genesis_hash(CHAIN, 0, GENERATION)
        self.clock = HybridClock(0)
        self.verdicts = {}

    def take(self, store, limit=10_000):
        """Take what a box has not sent yet, as one block; return how many ops."""
        identity = store.identity
        author = (identity.node, identity.epoch)
        self.cafes[identity.node] = identity.cafe
        with store.read() as reader:
            ops = reader.own_ops(self.taken.get(author, 0) + 1, limit)
        if ops:
            self.taken[author] = ops[-1].header.seq
            self.commit(ops)
        return len(ops)

    def write(self, kind, body):
        """Append an op of the hub's own; return it."""
        self.seq += 1
        header = Header(
            OP_VERSION,
            kind,
            0,
            GENERATION,
            self.seq,
            self.clock.next(self.wall_ms(), self.greatest),
            1,
            TRUST_MEASURED,
            GENERATION,
            0,
            self.position(),
            0,
            0,
            0,
        )
        op = make_op(header, body, self.hash)
        self.hash = op.hash
        self.commit([op])
        return op

    def admit(self, store, left, parent, epoch):
        """Admit what a box left over of an earlier epoch as the branch `epoch`, in two blocks."""
        with store.read() as reader:
            ops = reader.left_over_ops(left, parent.header.seq + 1, 1000)
        place = (left.epoch, parent.header.seq, parent.hash)
        last = (left.last_seq, left.last_hash)
        branch = Branch(store.identity.node, epoch, *place, *last, (5, 6))
        self.write(BRANCH, branch.body())
        self.commit(ops, epoch)

    def commit(self, ops, branch_epoch=0):
        standing = ADMITTED if branch_epoch else CURRENT
        entries = [entry_of(*self._judged(op, standing), branch_epoch) for op in ops]
        previous = self.blocks[-1].hash if self.blocks else log_genesis_hash(CHAIN, GENERATION)
        number = len(self.blocks) + 1
        first = self.position() + 1
        self.blocks.append(Block(GENERATION, 0, number, first, previous, entries))

    def _judged(self, op, standing=CURRENT):
        header = op.header
        author = (header.node, header.epoch)
        effective = effective_stamp(
            header.stamp, 0, self.wall_ms(), self.effectives.get(author, 0), 0
        )
        forced = self.verdicts.pop((header.node, header.seq), None)
        judged = judge(op, Author(self.cafes.get(header.node, 0), standing), effective, self.state)
        annotation = judged.annotation
        if forced is not None:
            annotation = Annotation(effective, *forced)
        self.effectives[author] = effective
        self.greatest = max(self.greatest, effective)
        if header.kind in KINDS:
            fold_op(self.state, op, annotation, 0)
        if header.kind == ERASE:
            self._drop_bodies(op.body[0])
        return op, annotation

    def _drop_bodies(self, subject):
        for block in self.blocks:
            for entry in block.entries:
                op = entry.op
                if op.body is not None and personal_subject(op.header.kind, op.body) == subject:
                    entry.op = Op(op.header, None, op.hash_of_body, op.hash)

    def position(self):
        return self.blocks[-1].last_position() if self.blocks else 0

    def shown_to(self, store, last=None):
        """Return the blocks beyond a box's cursor as it receives them, from their wire rows.

        The broadcast shows narrow ops as stubs to everybody.
        """
        with store.read() as reader:
            cursor = reader.cursor()
            heads = ChainHeads(CHAIN, reader.heads())
        blocks = self.blocks[cursor.block_number : last]
        if not blocks:
            return []
        rows = []
        for block in blocks:
            for entry in block.entries:
                kind = KINDS.get(entry.op.header.kind)
                rows.append(entry.wire_row(kind is None or kind.reach != CAFE))
        first = blocks[0]
        return blocks_from_rows(
            GENERATION,
            0,
            first.number,
            first.first_position,
            first.previous_hash,
            [len(block.entries) for block in blocks],
            rows,
            heads,
        )

    def signature(self, block):
        return self.key.sign(block_signing_bytes(CHAIN, block.hash))

    def deliver(self, store, last=None):
        """Hand a box what it lacks; return what the range brought, None for nothing new."""
        blocks = self.shown_to(store, last)
        if not blocks:
            return None
        signature = self.signature(blocks[-1])
        return store.submit(lambda tx: apply_blocks(tx, blocks, signature)).result(30)

    def sums_for(self, cafe):
        """Return the state hash within a cafe's reach: {(kind, cafe): sum}."""
        sums = self.state.state_hash().sums
        return {
            section: total for section, total in sums.items() if section[1] in (CHAIN_WIDE, cafe)
        }


def sums_of(store):
    """Return a box's stored state hash."""
    with store.read() as reader:
        rows = reader.connection.execute("SELECT kind, cafe, sum FROM state_section").fetchall()
    return {(kind, cafe): int.from_bytes(total, "big") for kind, cafe, total in rows}


def write_snapshot(hub, cafe, path):
    """Write the hub's state for a cafe as snapshot bytes; return its manifest."""
    state = hub.state
    items = [snapshot.erased_item(subject) for subject in sorted(state.erased)]
    for (kind, key), row in state.registers.items():
        if section_of(kind, row.cafe)[1] in (CHAIN_WIDE, cafe):
            items.append(snapshot.register_item(kind, key, row))
    for (kind, key), row in state.claims.items():
        items.append(snapshot.claim_item(kind, key, row))
    for (section, account), amount in state.balances.items():
        if amount and section[1] in (CHAIN_WIDE, cafe):
            items.append(snapshot.balance_item(section, account, amount))
    data = b"".join(
        snapshot.pack_chunk(items[at : at + 3], CODECS_WRITTEN) for at in range(0, len(items), 3)
    )
    path.write_bytes(data)
    return manifest_of(hub, cafe, sha256(data).digest())


def manifest_of(hub, cafe, content_hash=bytes(32)):
    """Return what the hub signs at the end of its log."""
    heads = {}
    for block in hub.blocks:
        for entry in block.entries:
            heads[entry.node, entry.epoch] = (entry.seq, entry.hash)
    rows = hub.state.state_hash().rows()
    return Manifest(
        CHAIN,
        GENERATION,
        0,
        len(hub.blocks),
        hub.blocks[-1].hash,
        hub.position(),
        [(*author, *head) for author, head in sorted(heads.items())],
        [tuple(row) for row in rows if row[1] in (CHAIN_WIDE, cafe)],
        content_hash,
    )
