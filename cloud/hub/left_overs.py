"""What a box hands in of its earlier epochs, or comes in sealed: ops that only a disk has had.

Where they go on with what the log has of an epoch that was merely superseded, they are taken at
once. Where they do not (the store was copied, or an old copy was put back, or two people closed
the epoch), they are kept here, whole, until two people admit them as a branch.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cloud.domain.epochs import admitting, next_epoch
from cloud.domain.erasure import subject_of
from cloud.domain.judge import CURRENT, SUPERSEDED
from cloud.domain.refusals import Refusal, refusal
from cloud.hub.builder import Batch, BlockBuilder, Committed, Proposal
from cloud.hub.draft import Draft, HubOps
from cloud.hub.keys import verifier
from cloud.store import log, statements
from cloud.store.database import Database
from cloud.store.log import Author
from cloud.store.returned_models import LeftOver, LeftOverOp
from sync_protocol.codec import pack_decoded, unpack
from sync_protocol.errors import ChainError, DecodeError, SignatureError
from sync_protocol.frames import unpack_frame
from sync_protocol.http_api import KEPT, TAKEN, LeftOverAnswer, LeftOverRequest
from sync_protocol.messages import Push, push_signing_bytes, unpack_message
from sync_protocol.ops import Op, OpRef, genesis_hash, header_from_row, op_from_wire

OPS_MAX = 500
"""Ops of one request, and of one block that a branch fills."""
BLOCK_BODY_BYTES_MAX = 512 * 1024


@dataclass(frozen=True, slots=True)
class Received:
    """The answer to a box, and the block that came of its ops, if one did."""

    answer: LeftOverAnswer | Refusal
    committed: Committed | None = None


def receive(
    builder: BlockBuilder, asker: Author, request: LeftOverRequest, now_ms: int
) -> Received:
    """Take or keep one part; on the writer's thread. Raises `ProtocolError` for what is malformed.

    `asker` is the node's current epoch: its key vouches for what an earlier one wrote.
    """
    author = builder.authors.get((asker.node, request.epoch))
    if author is None or request.epoch >= asker.epoch:
        return Received(refusal("epoch_unknown"))
    return take_part(builder, author, asker.public_key, request, now_ms)


def take_part(
    builder: BlockBuilder,
    author: Author,
    public_key: bytes,
    request: LeftOverRequest,
    now_ms: int,
) -> Received:
    """Take or keep a part of what `author` wrote; `public_key` is of who vouches for it."""
    push = unpack_message(request.push)
    if not isinstance(push, Push) or (push.node, push.epoch) != (author.node, author.epoch):
        raise DecodeError("message_type", "push")
    rows = unpack_frame(push.frame, OPS_MAX)
    if not rows:
        raise DecodeError("batch_empty")
    kept = _kept(builder.database, author, request.last_hash)
    if kept is not None:
        if kept.branch_epoch is not None or push.first_seq != kept.seq + 1:
            return Received(LeftOverAnswer(KEPT, kept.seq))
        ops = ops_of_push(builder.head.chain, public_key, push, rows, kept.hash)
        _keep(builder, kept, ops, push.signature)
        return Received(LeftOverAnswer(KEPT, kept.seq))
    behind = _behind_kept(builder, author, public_key, push, rows)
    if behind is not None:
        return behind
    before = _hash_at(builder, author, push.first_seq - 1)
    if before is None:
        return Received(LeftOverAnswer(TAKEN, author.seq))
    ops = ops_of_push(builder.head.chain, public_key, push, rows, before)
    parent_seq, parent_hash = push.first_seq - 1, before
    while ops and _hash_at(builder, author, parent_seq + 1) == ops[0].hash:
        parent_seq, parent_hash = parent_seq + 1, ops.pop(0).hash
    if not ops:
        return Received(LeftOverAnswer(TAKEN, parent_seq))
    if author.standing in (SUPERSEDED, CURRENT) and parent_seq == author.seq:
        committed = builder.build([batch_of(author, ops, push.signature)], [])
        return Received(LeftOverAnswer(TAKEN, ops[-1].header.seq), committed)
    holder = _holder_of(builder, author, ops[0])
    if holder is not None:
        return Received(LeftOverAnswer(KEPT, _go_on(builder, holder, ops, push.signature)))
    with builder.database.transaction():
        opened = _open(builder.database, author, (parent_seq, parent_hash), request, now_ms)
        _keep(builder, opened, ops, push.signature)
    return Received(LeftOverAnswer(KEPT, opened.seq))


def _holder_of(builder: BlockBuilder, author: Author, op: Op) -> LeftOver | None:
    """Return what was kept before, or admitted, with this very op in it.

    A copy on a stick and the box itself may bring the same chain, one longer than the other.
    """
    database, seq = builder.database, op.header.seq
    wanted = (LeftOver.node == author.node, LeftOver.epoch == author.epoch)
    for row in database.rows(LeftOver.select().where(*wanted)):
        found = database.first(
            LeftOverOp.select().where(LeftOverOp.left_over == row.id, LeftOverOp.seq == seq)
        )
        hash = None if found is None else bytes(found.hash)
        if hash is None and row.branch_epoch is not None:
            hash = log.op_hash_at(database, author.node, row.branch_epoch, seq)
        if hash == op.hash:
            holder: LeftOver = row
            return holder
    return None


def _behind_kept(
    builder: BlockBuilder, author: Author, public_key: bytes, push: Push, rows: list[object]
) -> Received | None:
    """Keep a part that goes on behind what is kept; None where there is nothing of that."""
    wanted = LeftOver.select().where(
        LeftOver.node == author.node,
        LeftOver.epoch == author.epoch,
        LeftOver.seq == push.first_seq - 1,
    )
    for holder in list(builder.database.rows(wanted)):
        try:
            ops = ops_of_push(builder.head.chain, public_key, push, rows, bytes(holder.hash))
        except SignatureError:
            continue  # it follows another op of that number
        return Received(LeftOverAnswer(KEPT, _go_on(builder, holder, ops, push.signature)))
    return None


def _go_on(builder: BlockBuilder, holder: LeftOver, ops: list[Op], signature: bytes) -> int:
    """Keep what goes on behind what is kept; return the last op that is kept.

    Behind an admitted branch nothing goes on: the answer names its last op.
    """
    rest = [op for op in ops if op.header.seq > holder.seq]
    if holder.branch_epoch is not None or not rest:
        return int(holder.seq)
    known = ops[: len(ops) - len(rest)]
    if known and known[-1].hash != bytes(holder.hash):
        raise ChainError("kept_otherwise", f"seq {holder.seq}")
    last = rest[-1]
    with builder.database.transaction():  # else a power cut leaves one that is never complete
        if last.header.seq > holder.last_seq:
            holder.last_seq, holder.last_hash = last.header.seq, last.hash
            change = LeftOver.update(last_seq=holder.last_seq, last_hash=holder.last_hash)
            builder.database.run(change.where(LeftOver.id == holder.id))
        _keep(builder, holder, rest, signature)
    return int(holder.seq)


def batch_of(author: Author, ops: list[Op], signature: bytes) -> Batch:
    """Return verified ops as what a block is built of."""
    bodies = [op.packed_body() for op in ops]
    return Batch(author.node, author.epoch, ops, bodies, signature)


def _open(
    database: Database,
    author: Author,
    parent: tuple[int, bytes],
    request: LeftOverRequest,
    now_ms: int,
) -> LeftOver:
    row = LeftOver(
        node=author.node,
        epoch=author.epoch,
        parent_seq=parent[0],
        parent_hash=parent[1],
        seq=parent[0],
        hash=parent[1],
        last_seq=request.last_seq,
        last_hash=request.last_hash,
        signature=b"",
        received_ms=now_ms,
    )
    row.id = database.run(LeftOver.insert(row.__data__))
    return row


def _kept(database: Database, author: Author, last_hash: bytes) -> LeftOver | None:
    found: LeftOver | None = database.first(
        LeftOver.select().where(
            LeftOver.node == author.node,
            LeftOver.epoch == author.epoch,
            LeftOver.last_hash == last_hash,
        )
    )
    return found


def _hash_at(builder: BlockBuilder, author: Author, seq: int) -> bytes | None:
    if seq == 0:
        return genesis_hash(builder.head.chain, author.node, author.epoch)
    return log.op_hash_at(builder.database, author.node, author.epoch, seq)


def ops_of_push(
    chain: str, public_key: bytes, push: Push, rows: list[object], previous_hash: bytes
) -> list[Op]:
    """Return the ops of a PUSH behind `previous_hash`; raises `ProtocolError` for any other."""
    ops = []
    seq = push.first_seq
    for row in rows:
        op = op_from_wire(row, previous_hash)
        header = op.header
        if (header.node, header.epoch, header.seq) != (push.node, push.epoch, seq):
            raise ChainError("seq_gap", f"{header.node}.{header.epoch}.{header.seq}")
        ops.append(op)
        previous_hash = op.hash
        seq += 1
    signed = push_signing_bytes(chain, push.node, push.epoch, seq - 1, previous_hash)
    if not verifier(public_key)(push.signature, signed):
        raise SignatureError("signature", f"seq {seq - 1}")
    return ops


def _keep(builder: BlockBuilder, left_over: LeftOver, ops: list[Op], signature: bytes) -> None:
    """Store a part; the last one must end where the box said that its chain ends."""
    last = ops[-1]
    seq, hash = last.header.seq, last.hash
    if seq > left_over.last_seq or (seq == left_over.last_seq and hash != left_over.last_hash):
        raise ChainError("last_hash", f"seq {seq}")
    database = builder.database
    with database.transaction():
        for op in ops:
            subject = subject_of(op.header.kind, op.body)
            erased = subject is not None and builder.state.is_erased(subject)
            database.run(
                LeftOverOp.insert(
                    left_over=left_over.id,
                    seq=op.header.seq,
                    header=op.packed_header(),
                    body=None if op.body is None or erased else pack_decoded(op.body),
                    body_hash=op.hash_of_body,
                    hash=op.hash,
                    subject=subject,
                )
            )
        change = LeftOver.update(seq=seq, hash=hash, signature=signature)
        database.run(change.where(LeftOver.id == left_over.id))
    left_over.seq, left_over.hash = seq, hash


def admission_fault(database: Database, left_over: int) -> Refusal | None:
    """Return why what was kept cannot be admitted now, whoever approves."""
    row = database.first(LeftOver.select().where(LeftOver.id == left_over))
    if row is None:
        return refusal("left_over_unknown")
    if row.branch_epoch is not None:
        return refusal("left_over_admitted")
    return refusal("left_over_incomplete") if row.seq != row.last_seq else None


def admission(
    left_over: int,
    approvers: tuple[int, int],
    check: Callable[[Draft], Refusal | None],
    told: Callable[[Draft, int, int], HubOps],
) -> Proposal:
    """Return the proposal that admits what was kept as a branch; the ops follow it.

    `check` refuses people who may not approve; `told` returns the ops that tell of it, for the
    (node, epoch) that the branch parted from.
    """
    admitted: list[int] = []

    def decide(draft: Draft) -> HubOps | list[OpRef] | Refusal:
        fault = check(draft)
        if fault is not None:
            return fault
        fault = admission_fault(draft.database, left_over)
        if fault is not None:
            return fault
        row = draft.database.first(LeftOver.select().where(LeftOver.id == left_over))
        epoch = next_epoch([author.epoch for author in draft.authors_of(row.node)])
        admitted.append(epoch)
        parent = (row.epoch, row.parent_seq, row.parent_hash)
        last = (row.last_seq, row.last_hash)
        branch = admitting(row.node, epoch, parent, last, approvers)
        return [branch, *told(draft, row.node, row.epoch)]

    def record(database: Database, _references: list[OpRef]) -> None:
        change = LeftOver.update(branch_epoch=admitted[-1])
        database.run(change.where(LeftOver.id == left_over))

    return Proposal(decide, approvers[0], record)


def next_batch(builder: BlockBuilder) -> Batch | None:
    """Return the next ops of an admitted branch that the log lacks; None when it has them all."""
    database = builder.database
    for (left_over,) in database.execute(statements.SELECT_ADMITTED).fetchall():
        row = database.first(LeftOver.select().where(LeftOver.id == left_over))
        author = builder.authors[(row.node, row.branch_epoch)]
        if author.seq >= row.last_seq:
            database.run(LeftOverOp.delete().where(LeftOverOp.left_over == row.id))
            continue
        batch = Batch(row.node, row.branch_epoch, [], [], b"")
        size = 0
        wanted = LeftOverOp.select().where(
            LeftOverOp.left_over == row.id, LeftOverOp.seq > author.seq
        )
        for kept in database.rows(wanted.order_by(LeftOverOp.seq).limit(OPS_MAX)):
            size += 0 if kept.body is None else len(kept.body)
            if batch.ops and size > BLOCK_BODY_BYTES_MAX:
                break
            body = None if kept.body is None else unpack(kept.body)
            header = header_from_row(unpack(kept.header))
            batch.ops.append(Op(header, body, kept.body_hash, kept.hash))
            batch.bodies.append(kept.body)
        if batch.ops and batch.ops[-1].header.seq == row.last_seq:
            batch.signature = row.signature
        return batch
    return None


def listed(database: Database) -> list[dict[str, object]]:
    """Return what was handed in and kept, for people: the newest first."""
    return [
        {
            "id": row.id,
            "node": row.node,
            "epoch": row.epoch,
            "parent_seq": row.parent_seq,
            "last_seq": row.last_seq,
            "ops": row.last_seq - row.parent_seq,
            "complete": row.seq == row.last_seq,
            "received_ms": row.received_ms,
            "branch_epoch": row.branch_epoch or 0,
        }
        for row in database.rows(LeftOver.select().order_by(LeftOver.id.desc()))
    ]
