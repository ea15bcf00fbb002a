"""The chain's log: append blocks at its head, and read ops and blocks back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from cloud.domain.judge import CURRENT
from cloud.store import statements
from cloud.store.database import Database, StoreError
from cloud.store.models import LogHead, LogOp
from sync_protocol.annotations import annotation_from_row
from sync_protocol.blocks import STUB, Block, Entry, entry_of, log_genesis_hash, row_in_reach
from sync_protocol.codec import pack, pack_decoded, unpack, unpack_stored
from sync_protocol.expect import expect_bytes, expect_int, expect_list
from sync_protocol.kinds import CAFE, KINDS
from sync_protocol.message_fields import SIGNATURE_BYTES
from sync_protocol.ops import HASH_BYTES, HUB, SEQ_MAX, Op, OpRef, genesis_hash, header_from_row

HEAD_ID = 1


class FencedError(StoreError):
    """Another hub process has taken over the log; this one must stop."""


@dataclass(slots=True)
class Head:
    """Where the log ends. `effective_max`: the greatest effective stamp in it."""

    chain: str
    generation: int
    stream: int
    position: int
    block_number: int
    block_hash: bytes
    fence: int
    published_number: int
    backup_number: int
    effective_max: int


@dataclass(slots=True)
class Author:
    """One (node, epoch) as `AuthorHead` stores it."""

    node: int
    epoch: int
    cafe: int
    standing: str
    public_key: bytes
    seq: int
    hash: bytes
    effective: int
    proof: bytes = b""
    segment: int = 0
    offset_ms: int = 0
    complete_ms: int = 0

    def keep_evidence(self, signature: bytes) -> None:
        """Keep the author's signature over its present head."""
        self.proof = pack([self.seq, self.hash, signature])

    def evidence(self) -> tuple[int, bytes, bytes] | None:
        """Return (seq, hash, signature) that the author signed last, None before the first."""
        if not self.proof:
            return None
        seq, hash, signature = expect_list(unpack(self.proof), "proof", 3, 3)
        return (
            expect_int(seq, "seq", 1, SEQ_MAX),
            expect_bytes(hash, "hash", HASH_BYTES, HASH_BYTES),
            expect_bytes(signature, "signature", SIGNATURE_BYTES, SIGNATURE_BYTES),
        )

    def copy(self) -> "Author":
        return replace(self)

    def row(self) -> tuple[object, ...]:
        return (
            self.node,
            self.epoch,
            self.cafe,
            self.standing,
            self.public_key,
            self.seq,
            self.hash,
            self.effective,
            self.proof,
            self.segment,
            self.offset_ms,
            self.complete_ms,
        )


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it is in the log: with its position, kind and the cafe whose op it is.

    `subject` is whose personal data the body holds, or held before it was erased.
    """

    position: int
    kind: int
    cafe: int
    subject: int | None
    entry: Entry

    def within_reach(self, cafe: int) -> bool:
        """Return whether boxes of `cafe` (0: those of every cafe at once) may see the op."""
        kind = KINDS.get(self.kind)
        return kind is None or kind.reach != CAFE or (cafe != 0 and self.cafe == cafe)


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """A row of `log_block`: a block's place and hashes, and the hub's signature."""

    number: int
    generation: int
    stream: int
    first_position: int
    count: int
    previous_hash: bytes
    hash: bytes
    signature: bytes


def new_author(chain: str, node: int, epoch: int, cafe: int, public_key: bytes) -> Author:
    """Return an author before its first op."""
    return Author(node, epoch, cafe, CURRENT, public_key, 0, genesis_hash(chain, node, epoch), 0)


def create_log(database: Database, chain: str, hub_public_key: bytes) -> None:
    """Start generation 1 of a new chain's log. Does nothing if there is a log."""
    if database.first(LogHead.select()) is not None:
        return
    generation = 1
    with database.transaction():
        database.run(
            LogHead.insert(
                id=HEAD_ID,
                chain=chain,
                generation=generation,
                stream=0,
                position=0,
                block_number=0,
                block_hash=log_genesis_hash(chain, generation),
                fence=0,
                published_number=0,
                scrubbed_position=0,
                backup_number=0,
            )
        )
        hub = new_author(chain, HUB, generation, 0, hub_public_key)
        database.execute(statements.UPSERT_AUTHOR, hub.row())


def read_head(database: Database) -> Head:
    """Return where the log ends; `StoreError` if there is no log."""
    row = database.execute(statements.SELECT_HEAD).fetchone()
    if row is None:
        raise StoreError("the store has no log yet; start the hub once with `cafebox-hub run`")
    return Head(*row)


def read_authors(database: Database) -> dict[tuple[int, int], Author]:
    """Return every (node, epoch) that may or might write."""
    rows = database.execute(statements.SELECT_AUTHORS).fetchall()
    return {(row[0], row[1]): Author(*row) for row in rows}


def begin_generation(database: Database, generation: int, hub: Author) -> None:
    """Have the log go on in a new generation, in the caller's transaction."""
    database.run(LogHead.update(generation=generation).where(LogHead.id == HEAD_ID))
    database.execute(statements.UPSERT_AUTHOR, hub.row())


def take_fence(database: Database) -> int:
    """Take over the log: whichever hub took it before can no longer append."""
    with database.transaction():
        database.execute(statements.TAKE_FENCE)
        fence: int = database.execute(statements.SELECT_FENCE).fetchone()[0]
    return fence


def lock_head(database: Database, fence: int) -> None:
    """Hold the log's head until the transaction ends; `FencedError` if it is no longer ours."""
    sql = statements.LOCK_HEAD_SQLITE if database.is_sqlite else statements.LOCK_HEAD_POSTGRESQL
    row = database.execute(sql).fetchone()
    if row is None or row[0] != fence:
        raise FencedError("another hub process has taken over this log; this one stops")


def op_row(
    position: int, cafe: int, entry: Entry, op: Op, body: bytes | None, subject: int | None
) -> tuple[object, ...]:
    """Return the row of `INSERT_OP`; `body` is the packed body, None where it is gone."""
    header = op.header
    annotation = entry.annotation
    return (
        position,
        entry.node,
        entry.epoch,
        entry.seq,
        header.kind,
        cafe,
        op.packed_header(),
        body,
        op.hash_of_body,
        op.hash,
        annotation.effective,
        annotation.verdict,
        None if annotation.detail is None else pack_decoded(annotation.detail),
        subject,
    )


def stub_row(position: int, cafe: int, entry: Entry) -> tuple[object, ...]:
    """Return the row of an op whose content no box could hand back."""
    annotation = entry.annotation
    detail = None if annotation.detail is None else pack_decoded(annotation.detail)
    place = (position, entry.node, entry.epoch, entry.seq, 0, cafe)
    verdict = (annotation.effective, annotation.verdict, detail)
    return (*place, b"", None, b"", entry.hash, *verdict, None)


def write_block(
    database: Database,
    head: Head,
    block: Block,
    signature: bytes,
    rows: list[tuple[object, ...]],
    effective_max: int,
    committed_ms: int,
) -> None:
    """Append a block's rows in the caller's transaction; `head` is the log's before it."""
    database.executemany(statements.INSERT_OP, rows)
    database.execute(
        statements.INSERT_BLOCK,
        (
            block.number,
            block.generation,
            block.stream,
            block.first_position,
            len(block.entries),
            block.previous_hash,
            block.hash,
            signature,
            effective_max,
            committed_ms,
        ),
    )
    advanced = database.execute(
        statements.ADVANCE_HEAD,
        (block.last_position(), block.number, block.hash, head.published_number, head.fence),
    )
    if advanced.rowcount != 1:
        raise FencedError("another hub process has taken over this log; this one stops")


def write_authors(database: Database, authors: list[Author]) -> None:
    """Write authors' heads in the caller's transaction."""
    database.executemany(statements.UPSERT_AUTHOR, [author.row() for author in authors])


def effective_at(database: Database, position: int) -> int:
    """Return the greatest effective stamp of the log at the end of the block at `position`."""
    if position <= 0:
        return 0
    row = database.execute(statements.SELECT_EFFECTIVE_AT, (position,)).fetchone()
    return int(row[0]) if row is not None else 0


def _stored_entry(position: int, row: Sequence[Any]) -> StoredEntry:
    node, epoch, seq, cafe, subject, header, body, body_hash, hash, effective, verdict, detail = row
    unpacked = None if detail is None else unpack(bytes(detail))
    annotation = annotation_from_row([effective, verdict, unpacked])
    if not header:
        stub = Entry(node, epoch, seq, bytes(hash), None, annotation)
        return StoredEntry(position, 0, cafe, None, stub)
    op = Op(
        header_from_row(unpack(bytes(header))),
        None if body is None else unpack(bytes(body)),
        bytes(body_hash),
        bytes(hash),
    )
    branch_epoch = epoch if epoch != op.header.epoch else 0
    entry = entry_of(op, annotation, branch_epoch)
    return StoredEntry(position, op.header.kind, cafe, subject, entry)


def read_entries(database: Database, first: int, last: int) -> list[StoredEntry]:
    """Return the entries at positions first..last."""
    rows = database.execute(statements.SELECT_OPS, (first, last)).fetchall()
    return [_stored_entry(first + index, row) for index, row in enumerate(rows)]


def read_wire_rows(database: Database, first: int, last: int, cafe: int) -> list[object]:
    """Return the entries at positions first..last as blocks bring them to boxes of `cafe` (0: any).

    Straight from the table, since these are the hub's longest reads: a box that was away catches
    up by them. What this hub packed itself is not checked again.
    """
    rows = database.execute(statements.SELECT_OPS, (first, last)).fetchall()
    return [_wire_row(row, cafe) for row in rows]


def _wire_row(row: Sequence[Any], reader_cafe: int) -> list[object]:
    node, epoch, seq, cafe, _subject, header, body, body_hash, hash, *verdict, detail = row
    annotation = [*verdict, None if detail is None else unpack_stored(detail)]
    if header:
        head: Any = unpack_stored(header)
        kind = KINDS.get(head[1])
        if kind is None or kind.reach != CAFE or (reader_cafe != 0 and cafe == reader_cafe):
            content = None if body is None else unpack_stored(body)
            return row_in_reach(epoch, head, content, bytes(body_hash), annotation)
    return [STUB, [node, epoch, seq, bytes(hash)], None, annotation]


def read_op(database: Database, node: int, epoch: int, seq: int) -> StoredEntry | None:
    """Return one op by its author's number."""
    row = database.first(
        LogOp.select(LogOp.position).where(
            LogOp.node == node, LogOp.epoch == epoch, LogOp.seq == seq
        )
    )
    if row is None:
        return None
    return read_entries(database, row.position, row.position)[0]


def find_op(database: Database, reference: OpRef) -> StoredEntry | None:
    """Return the op that a reference names, in its epoch's chain or in a branch of it."""
    rows = database.rows(
        LogOp.select(LogOp.position, LogOp.hash).where(
            LogOp.node == reference.node,
            LogOp.seq == reference.seq,
            LogOp.epoch >= reference.epoch,
        )
    )
    for row in rows:
        if row.hash[: len(reference.hash8)] == reference.hash8:
            return read_entries(database, row.position, row.position)[0]
    return None


def deferred_positions(database: Database, after: int, limit: int) -> list[int]:
    """Return where ops of kinds that this release knows wait for their verdict, in order."""
    rows = database.execute(statements.SELECT_DEFERRED, (after,))
    return list(islice((position for position, kind in rows if kind in KINDS), limit))


def op_hash_at(database: Database, node: int, epoch: int, seq: int) -> bytes | None:
    """Return the hash of an author's op `seq`."""
    row = database.execute(statements.SELECT_OP_HASH, (node, epoch, seq)).fetchone()
    return None if row is None else bytes(row[0])


def read_blocks(database: Database, first: int, last: int) -> list[StoredBlock]:
    """Return the blocks numbered first..last."""
    rows = database.execute(statements.SELECT_BLOCKS, (first, last)).fetchall()
    return [StoredBlock(*row) for row in rows]


def grant_made(database: Database, node: int, request: int) -> OpRef | None:
    """Return the op that answered a node's request for rights, None for a new request."""
    row = database.execute(statements.SELECT_GRANT, (node, request)).fetchone()
    return None if row is None else OpRef(HUB, row[0], row[1], bytes(row[2]))


def note_grant(database: Database, node: int, request: int, answer: OpRef) -> None:
    """Note the op that answers a request, in the transaction that appends it."""
    values = (node, request, answer.epoch, answer.seq, answer.hash8)
    database.execute(statements.INSERT_GRANT, values)
