"""What the store holds of the log: ops, own chain, outbox, heads, cursor. One snapshot."""

import heapq
import itertools
import sqlite3
from collections.abc import Iterator
from typing import NamedTuple, cast

from peewee import SqliteDatabase

from edge.store import statements
from edge.store.facts import Cursor, Head, LeftOver, LoggedOp, Outbox, WaitingOp
from edge.store.identity import Identity
from edge.store.op_rows import StoredOp, op_key, seq_of
from edge.store.tables import SEQ_BITS
from sync_protocol.clock import stamp_ms
from sync_protocol.codec import unpack_stored
from sync_protocol.ops import SEQ_MAX, Op, OpRef, genesis_hash, header_from_row

SETTING_CURSOR = "store.cursor"
SETTING_OPENING = "store.opening"
"""[position, sections' sums] of the opening rows."""
SETTING_VERIFIED = "store.verified_position"
"""Where the opening rows last had the state hash that the hub signed."""
SETTING_BACKED_UP = "store.backed_up_block"
"""The last block that is in the hub's announced backup."""


class AuthorRow(NamedTuple):
    """An incarnation's local number and its last op in the hub's log."""

    number: int
    seq: int
    hash: bytes


class LogReader:
    """Reads the log through one connection; see `edge.store.reader`."""

    def __init__(self, database: SqliteDatabase, identity: Identity) -> None:
        self.database = database
        self.connection: sqlite3.Connection = database.connection()  # type: ignore[no-untyped-call]  # peewee's
        self._execute = self.connection.execute
        self.acked_hint = 0
        self.identity = identity

    def setting(self, name: str) -> object:
        """Return a kept value (any plain value of `sync_protocol.codec`), None if never set."""
        row = self._execute(statements.SELECT_SETTING, (name,)).fetchone()
        return None if row is None else unpack_stored(row[0])

    def op(self, reference: OpRef) -> LoggedOp | None:
        """Return an op by its reference; None if not kept here or another op has that number."""
        row = self.op_row(reference)
        return None if row is None else row.logged()

    def op_row(self, reference: OpRef) -> StoredOp | None:
        """Return the row that a reference names, in its epoch's chain or in a branch of it."""
        for values in self._execute(statements.SELECT_AUTHORS_OF, (reference.node,)).fetchall():
            key = op_key(values[0], reference.seq)
            row = self._execute(statements.SELECT_OP, (key,)).fetchone()
            if row is not None and row[8][: len(reference.hash8)] == reference.hash8:
                return StoredOp(*row)
        return None

    def holds(self, node: int, seq: int, hash: bytes) -> bool:
        """Return whether op `seq` of some chain of a node is kept here with that hash."""
        return self.op_row(OpRef(node, 1, seq, hash)) is not None

    def is_logged(self, epoch: int, seq: int, hash: bytes) -> bool:
        """Return whether the hub is known to have committed an op that this node wrote."""
        node = self.identity.node
        row = self.op_row(OpRef(node, epoch, seq, hash))
        if row is not None:
            acked = epoch == self.identity.epoch and seq <= self.acked_seq()
            return row.position is not None or (acked and self.own_hash(seq) == hash)
        author = self.author(node, epoch)
        if author is None or author.seq < seq or self.author(node, -epoch) is not None:
            return False  # of two chains nobody knows which it was
        kept = self._execute(statements.SELECT_HASH, (op_key(author.number, seq),)).fetchone()
        if kept is not None:
            return False  # another op has that number
        # Dropped by retention, or a snapshot said so: of the last one alone the hash is known.
        return author.seq > seq or author.hash == hash

    def own_head(self) -> Head:
        """Return the last op of this box's epoch: (0, genesis hash) before the first."""
        identity = self.identity
        author = self.own_author()
        row = self._execute(
            statements.SELECT_LAST_OP, (op_key(author.number, 1), op_key(author.number, SEQ_MAX))
        ).fetchone()
        if row is not None:
            return Head(seq_of(row[0]), row[2])
        if author.seq:  # dropped by retention
            return Head(author.seq, author.hash)
        return Head(0, genesis_hash(identity.chain, identity.node, identity.epoch))

    def outbox(self) -> Outbox:
        """Return what the hub has not acknowledged yet."""
        number = self.own_author().number
        acked_seq = self.acked_seq()
        count = max(self.own_head().seq - acked_seq, 0)
        first, last = op_key(number, acked_seq + 1), op_key(number, SEQ_MAX)
        keys = [first] if count else []
        money_fen = self._execute(statements.SUM_MONEY, (first, last)).fetchone()[0] if count else 0
        for left in self.left_overs():
            first, last = op_key(left.author, left.parent_seq + 1), op_key(left.author, SEQ_MAX)
            found = self._execute(statements.SUM_UNPLACED, (first, last)).fetchone()
            count, money_fen = count + found[0], money_fen + found[1]
            keys.append(found[2])
        if not count:
            return Outbox(0, None, 0)
        stamps = []
        for key in keys:
            row = self._execute(statements.SELECT_OP_RANGE, (key, key | SEQ_MAX, 1)).fetchone()
            op = StoredOp(*row).op()
            if op is not None:
                stamps.append(stamp_ms(op.header.stamp))
        return Outbox(count, min(stamps, default=None), money_fen)

    def left_overs(self) -> list[LeftOver]:
        """Return what this store wrote in earlier epochs that the hub's log has not."""
        identity = self.identity
        own = self.own_author().number
        found = []
        rows = self._execute(statements.SELECT_AUTHORS_OF, (identity.node,)).fetchall()
        for number, epoch, seq, _hash in rows:
            if number == own or abs(epoch) >= identity.epoch:
                continue
            keys = (op_key(number, seq + 1), op_key(number, SEQ_MAX))
            last = self._execute(statements.SELECT_LAST_OP, keys).fetchone()
            if last is None or last[1] is None:
                continue
            header = header_from_row(unpack_stored(last[1]))
            placed = self._execute(statements.SELECT_OP, (last[0],)).fetchone()[1] is not None
            if header.epoch == abs(epoch) and not placed:
                found.append(LeftOver(number, abs(epoch), seq, header.seq, last[2]))
        return found

    def left_over_ops(self, left: LeftOver, from_seq: int, limit: int) -> list[Op]:
        """Return up to `limit` ops of an earlier epoch from `from_seq` on."""
        keys = (op_key(left.author, from_seq), op_key(left.author, left.last_seq), limit)
        found = [StoredOp(*row).op() for row in self._execute(statements.SELECT_OP_RANGE, keys)]
        return [op for op in found if op is not None]

    def waiting_ops(self) -> list[WaitingOp]:
        """Return the ops in the log that have no effect here yet, in its order."""
        return [
            WaitingOp(position, node, abs(epoch), seq_of(key), kind, bool(parked))
            for key, position, node, epoch, kind, parked in self._execute(
                statements.SELECT_WAITING, (SEQ_BITS,)
            )
        ]

    def own_pending_ops(self) -> Iterator[StoredOp]:
        """Yield what this store wrote, in all epochs, and the hub has not placed in its log."""
        rows = self._execute(statements.SELECT_AUTHORS_OF, (self.identity.node,)).fetchall()
        for number, _epoch, seq, _hash in rows:
            keys = (op_key(number, seq + 1), op_key(number, SEQ_MAX), -1)
            for values in self._execute(statements.SELECT_OP_RANGE, keys).fetchall():
                row = StoredOp(*values)
                if row.position is None:
                    yield row

    def acked_seq(self) -> int:
        """Return the last own op of this epoch that the hub is known to have committed.

        It is in an applied block, or the session said so since the start (`Store.note_acked`).
        """
        return max(self.own_author().seq, self.acked_hint)

    def own_ops(self, from_seq: int, limit: int) -> list[Op]:
        """Return up to `limit` own ops of this epoch from `from_seq` on, without a gap."""
        number = self.own_author().number
        keys = (op_key(number, from_seq), op_key(number, SEQ_MAX), limit)
        found = [StoredOp(*row).op() for row in self._execute(statements.SELECT_OP_RANGE, keys)]
        return [op for op in found if op is not None]

    def own_ops_since(self, reference: OpRef) -> Iterator[LoggedOp]:
        """Yield what this box wrote from an own op on, in later epochs too; stubs are left out."""
        authors = self._execute(statements.SELECT_AUTHORS_OF, (self.identity.node,)).fetchall()
        for number, epoch, _seq, _hash in sorted(authors, key=lambda row: abs(row[1])):
            if abs(epoch) < reference.epoch:
                continue
            first = reference.seq if abs(epoch) == reference.epoch else 1
            keys = (op_key(number, first), op_key(number, SEQ_MAX), -1)
            for row in self._execute(statements.SELECT_OP_RANGE, keys).fetchall():
                logged = StoredOp(*row).logged()
                if logged is not None and abs(epoch) == logged.op.header.epoch:
                    yield logged

    def own_hash(self, seq: int) -> bytes | None:
        """Return the hash of an own op (0: the genesis hash), None if it is not kept here."""
        author = self.own_author()
        if seq == 0:
            return genesis_hash(self.identity.chain, self.identity.node, self.identity.epoch)
        row = self._execute(statements.SELECT_HASH, (op_key(author.number, seq),)).fetchone()
        if row is not None:
            return bytes(row[0])
        return author.hash if author.seq == seq else None

    def heads(self) -> dict[tuple[int, int], tuple[int, bytes]]:
        """Return {(node, epoch): (seq, hash)} of every author at the cursor."""
        rows = self._execute(statements.SELECT_HEADS)
        return {(node, epoch): (seq, hash) for node, epoch, seq, hash in rows}

    def cursor(self) -> Cursor:
        """Return how far the hub's log is applied here; generation 0 before the first block."""
        value = self.setting(SETTING_CURSOR)
        if value is None:
            return Cursor(0, 0, 0, 0, b"", 0)
        return Cursor(*cast("tuple[int, int, int, int, bytes, int]", value))

    # --- within the store -------------------------------------------------------------------------

    def author(self, node: int, epoch: int) -> AuthorRow | None:
        """Return an incarnation's row, None before its first op."""
        row = self._execute(statements.SELECT_AUTHOR, (node, epoch)).fetchone()
        return None if row is None else AuthorRow(*row)

    def own_author(self) -> AuthorRow:
        """Return this box's own row: of what it wrote, if that has parted from the log."""
        node, epoch = self.identity.node, self.identity.epoch
        author = self.author(node, -epoch) or self.author(node, epoch)
        if author is None:
            raise LookupError("the store has no row of its own author")
        return author

    def _mentions(self, subject: int | str | bytes) -> Iterator[LoggedOp]:
        """Yield the ops that name `subject`: pending ones first, then newest in the log first.

        An author's positions grow with its seqs, so that merging the authors keeps the order.
        """
        pending = self._execute(statements.SELECT_PENDING_MENTIONS, (subject,)).fetchall()
        numbers = [row[0] for row in self._execute(statements.SELECT_AUTHORS)]
        runs = [
            self._execute(
                statements.SELECT_MENTIONS, (subject, op_key(number, 1), op_key(number, SEQ_MAX))
            )
            for number in numbers
        ]
        for row in itertools.chain(pending, heapq.merge(*runs, key=_newest_first)):
            logged = StoredOp(*row).logged()
            if logged is not None:
                yield logged


def _newest_first(row: tuple[int, int]) -> int:
    return -row[1]  # the position
