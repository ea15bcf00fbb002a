"""Blocks: the hub's log in pieces that are hash-chained and signed.

    block hash = SHA-256(previous block's hash ‖ pack([generation, stream, number, first position,
                 count]) ‖ (op hash ‖ pack(annotation)) of each entry in order)

Bodies are not in it: where a body is out of reach, erased or dropped, less of the entry is sent
and the hash stays the same. Entries on the wire are [form, head, body, annotation]:

| form     | head                           | body        | used |
|----------|--------------------------------|-------------|------|
| FULL     | header                         | the body    | within reach |
| BODYLESS | header                         | body hash   | the body was erased |
| STUB     | [node, epoch, seq, op hash]    | nil         | out of the receiver's reach |
| BRANCHED | [branch's epoch, header]       | the body    | FULL, of an admitted branch |
| BRANCHED_BODYLESS | [branch's epoch, header] | body hash | BODYLESS, of an admitted branch |

A stub of a branch's op names the branch's epoch, see `branches`.

A range of blocks is sent as one, with its boundaries, and verified by its last signature.
"""

from hashlib import sha256

from sync_protocol.annotations import Annotation, annotation_from_row
from sync_protocol.branches import Branch, branch_from_body
from sync_protocol.codec import pack, pack_decoded
from sync_protocol.errors import ChainError, DecodeError
from sync_protocol.expect import expect_bytes, expect_int, expect_list
from sync_protocol.kinds import BRANCH
from sync_protocol.ops import (
    EPOCH_MAX,
    HASH_BYTES,
    HUB,
    NODE_MAX,
    SEQ_MAX,
    Op,
    genesis_hash,
    header_from_row,
    op_after,
)

FULL = 1
BODYLESS = 2
STUB = 3
BRANCHED = 4
BRANCHED_BODYLESS = 5

BLOCK_OPS_MAX = 5000
"""Ops in one block: a commit of more would hold back its acks for longer than a second."""


class Entry:
    """One place in the log: what is known of the op there, and the hub's word on it.

    `op` is None for a stub; node, epoch, seq and hash are always known. `epoch` is that of the
    chain in which the op stands: of an admitted branch it is not the header's.
    """

    __slots__ = ("node", "epoch", "seq", "hash", "op", "annotation")

    def __init__(
        self, node: int, epoch: int, seq: int, hash: bytes, op: "Op | None", annotation: Annotation
    ) -> None:
        self.node = node
        self.epoch = epoch
        self.seq = seq
        self.hash = hash
        self.op = op
        self.annotation = annotation

    def wire_row(self, within_reach: bool) -> list[object]:
        """Return [form, head, body, annotation]."""
        annotation = self.annotation.row()
        op = self.op
        if op is None or not within_reach:
            return [STUB, [self.node, self.epoch, self.seq, self.hash], None, annotation]
        return row_in_reach(self.epoch, op.header.row(), op.body, op.hash_of_body, annotation)


def row_in_reach(
    epoch: int,
    header: "list[object]",
    body: object,
    hash_of_body: bytes,
    annotation: "list[object]",
) -> "list[object]":
    """Return [form, head, body, annotation] of an op in the chain of `epoch`; body None: erased."""
    if header[3] == epoch:
        if body is None:
            return [BODYLESS, header, hash_of_body, annotation]
        return [FULL, header, body, annotation]
    if body is None:
        return [BRANCHED_BODYLESS, [epoch, header], hash_of_body, annotation]
    return [BRANCHED, [epoch, header], body, annotation]


def entry_of(op: Op, annotation: Annotation, branch_epoch: int = 0) -> Entry:
    """Return the entry of an op; `branch_epoch` of an admitted branch, 0 for none."""
    header = op.header
    epoch = branch_epoch or header.epoch
    return Entry(header.node, epoch, header.seq, op.hash, op, annotation)


class Block:
    """A run of entries that one commit of the hub appended.

    `first_position` is the position of its first entry; positions start at 1. `hash` is computed
    on creation from `previous_hash` and the entries.
    """

    __slots__ = (
        "generation",
        "stream",
        "number",
        "first_position",
        "previous_hash",
        "entries",
        "hash",
    )

    def __init__(
        self,
        generation: int,
        stream: int,
        number: int,
        first_position: int,
        previous_hash: bytes,
        entries: "list[Entry]",
    ) -> None:
        self.generation = generation
        self.stream = stream
        self.number = number
        self.first_position = first_position
        self.previous_hash = previous_hash
        self.entries = entries
        self.hash = block_hash(self)

    def last_position(self) -> int:
        """Return the position of the last entry."""
        return self.first_position + len(self.entries) - 1


def block_hash(block: Block) -> bytes:
    """Return the hash that the next block and the signature cover."""
    count = len(block.entries)
    place = [block.generation, block.stream, block.number, block.first_position, count]
    parts = [block.previous_hash, pack(place)]
    for entry in block.entries:
        parts.append(entry.hash)
        parts.append(pack_decoded(entry.annotation.row()))
    return sha256(b"".join(parts)).digest()


def log_genesis_hash(chain: str, generation: int) -> bytes:
    """Return what the first block of a generation follows if there was none before it."""
    return sha256(pack(["cafebox block log", chain, generation])).digest()


def block_signing_bytes(chain: str, hash_of_block: bytes) -> bytes:
    """Return what the hub signs for a block."""
    return pack(["cafebox block", chain, hash_of_block])


class ChainHeads:
    """The last (seq, hash) known of each author, by which the next op's hash is computed.

    A branch stands under its own epoch from its BRANCH op on, beginning at its parent.
    """

    __slots__ = ("chain", "heads")

    def __init__(
        self, chain: str, heads: "dict[tuple[int, int], tuple[int, bytes]] | None" = None
    ) -> None:
        self.chain = chain
        self.heads = {} if heads is None else dict(heads)

    def get(self, node: int, epoch: int) -> "tuple[int, bytes]":
        """Return (seq, hash) of an author's last op; (0, genesis hash) before the first."""
        head = self.heads.get((node, epoch))
        if head is None:
            return (0, genesis_hash(self.chain, node, epoch))
        return head

    def open_branch(self, branch: Branch) -> None:
        """Note where a branch begins; one that was opened before goes on where it is."""
        place = (branch.node, branch.epoch)
        if place not in self.heads:
            self.heads[place] = (branch.parent_seq, branch.parent_hash)

    def advance(self, node: int, epoch: int, seq: int, hash: bytes) -> None:
        """Note an author's next op; `ChainError` if it does not follow the last."""
        last_seq = self.get(node, epoch)[0]
        if seq != last_seq + 1:
            raise _gap(node, epoch, seq, last_seq)
        self.heads[(node, epoch)] = (seq, hash)


def _gap(node: int, epoch: int, seq: int, last_seq: int) -> ChainError:
    return ChainError("seq_gap", "%d.%d: %d after %d" % (node, epoch, seq, last_seq))


def entry_from_wire(row: object, heads: ChainHeads) -> Entry:
    """Return the `Entry` of a decoded row and advance its author's head.

    Raises `DecodeError`, or `ChainError` where the author's sequence has a gap. A wrong body or
    header shows as a wrong block hash.
    """
    values = expect_list(row, "entry", 4, 4)
    form = expect_int(values[0], "form", FULL, BRANCHED_BODYLESS)
    annotation = annotation_from_row(values[3])
    if form == STUB:
        head = expect_list(values[1], "stub", 4, 4)
        node = expect_int(head[0], "node", 0, NODE_MAX)
        epoch = expect_int(head[1], "epoch", 1, EPOCH_MAX)
        seq = expect_int(head[2], "seq", 1, SEQ_MAX)
        hash = expect_bytes(head[3], "hash", HASH_BYTES, HASH_BYTES)
        heads.advance(node, epoch, seq, hash)
        return Entry(node, epoch, seq, hash, None, annotation)
    if (form in (BODYLESS, BRANCHED_BODYLESS)) != isinstance(values[2], bytes):
        raise DecodeError("field_type", "body")
    row, branch_epoch = values[1], 0
    if form in (BRANCHED, BRANCHED_BODYLESS):
        head = expect_list(values[1], "branch head", 2, 2)
        branch_epoch = expect_int(head[0], "branch_epoch", 1, EPOCH_MAX)
        row = head[1]
    header = header_from_row(row)
    node, seq = header.node, header.seq
    epoch = branch_epoch or header.epoch
    last_seq, previous_hash = heads.get(node, epoch)
    if seq != last_seq + 1:
        raise _gap(node, epoch, seq, last_seq)
    op = op_after(previous_hash, header, row, values[2])
    heads.heads[(node, epoch)] = (seq, op.hash)
    if node == HUB and header.kind == BRANCH and op.body is not None:
        heads.open_branch(branch_from_body(op.body))
    return Entry(node, epoch, seq, op.hash, op, annotation)


def blocks_from_rows(
    generation: int,
    stream: int,
    first_number: int,
    first_position: int,
    previous_hash: bytes,
    counts: "list[int]",
    rows: "list[object]",
    heads: ChainHeads,
) -> "list[Block]":
    """Return the blocks of a received range; the last one's hash is still to be verified.

    counts: entries of each block; rows: the entries of all. `heads` is advanced: hand in a copy
    and keep it only after the signature held.
    """
    if sum(counts) != len(rows):
        raise DecodeError("field_range", "counts")
    blocks = []
    at = 0
    for index in range(len(counts)):
        entries = [entry_from_wire(row, heads) for row in rows[at : at + counts[index]]]
        block = Block(
            generation, stream, first_number + index, first_position + at, previous_hash, entries
        )
        blocks.append(block)
        previous_hash = block.hash
        at += counts[index]
    return blocks
