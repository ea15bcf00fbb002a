"""What the box knows: documents, claims, balances, ledgers, outbox. Read only, one snapshot."""

import heapq
import itertools
import sqlite3
from collections.abc import Iterator
from typing import NamedTuple, cast

from peewee import SqliteDatabase

from edge.store import statements
from edge.store.facts import (
    ZERO_BALANCE,
    Account,
    Balance,
    Claim,
    Cursor,
    Document,
    Head,
    LedgerEntry,
    LeftOver,
    Lockout,
    LoggedOp,
    Outbox,
    PrintJob,
    WaitingOp,
)
from edge.store.identity import Identity
from edge.store.op_rows import StoredOp, op_key, seq_of
from edge.store.standing import (
    FENCED_PREFIX,
    OTHER_HARDWARE,
    SETTING_FENCE,
    SETTING_MOVED,
    SETTING_STOP,
    Fence,
)
from edge.store.tables import LOOKUP_FIELDS, SEQ_BITS
from sync_protocol.annotations import APPLIED, DIVERTED, annotation_from_row
from sync_protocol.claims import claim_row_from_stored
from sync_protocol.clock import stamp_ms
from sync_protocol.codec import unpack_stored
from sync_protocol.kinds import KINDS, LEDGER, field_index
from sync_protocol.ledger import divert, transaction_from_body
from sync_protocol.ops import SEQ_MAX, Op, OpRef, genesis_hash, header_from_row
from sync_protocol.registers import row_from_stored

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


class Reader:
    """Reads through one connection; everything read from one `Reader` is of one moment.

    A `WriteTransaction` is a `Reader` that also sees what it has written itself.
    """

    def __init__(self, database: SqliteDatabase, identity: Identity) -> None:
        self.database = database
        self.connection: sqlite3.Connection = database.connection()  # type: ignore[no-untyped-call]  # peewee's
        self._execute = self.connection.execute
        self.acked_hint = 0
        self.identity = identity

    # --- documents -------------------------------------------------------------------------------

    def register(self, kind: int, key: int | str) -> Document | None:
        """Return a document, None where there is none."""
        row = self._execute(statements.SELECT_DOCUMENT, (kind, key)).fetchone()
        return None if row is None else _document(kind, key, *row)

    def registers(
        self, kind: int, after: int | str | None = None, limit: int = 1000
    ) -> Iterator[Document]:
        """Yield a kind's documents in order of their keys, from the first one beyond `after`.

        Numbers come before texts.
        """
        first = -1 if after is None else after
        for key, confirmed, pending in self._execute(
            statements.SELECT_DOCUMENTS, (kind, first, limit)
        ):
            yield _document(kind, key, confirmed, pending)

    def registers_where(
        self, kind: int, field: str, value: int | str, limit: int = 1000
    ) -> list[Document]:
        """Return the documents whose shown `field` is `value`, in order of their keys.

        `field` is one of `tables.LOOKUP_FIELDS[kind]`, ValueError for any other.
        """
        wanted = (kind, _lookup_index(kind, field), value, limit)
        rows = self._execute(statements.SELECT_LOOKUP, wanted)
        return [_document(kind, *row) for row in rows]

    def registers_between(
        self, kind: int, field: str, low: int | str, high: int | str, limit: int = 1000
    ) -> list[Document]:
        """Return the documents whose shown `field` is from `low` to below `high`, in its order.

        `field` is one of `tables.LOOKUP_FIELDS[kind]`, ValueError for any other.
        """
        wanted = (kind, _lookup_index(kind, field), low, high, limit)
        rows = self._execute(statements.SELECT_LOOKUP_BETWEEN, wanted)
        return [_document(kind, *row) for row in rows]

    def search_registers(self, kind: int, field: str, text: str, limit: int = 20) -> list[Document]:
        """Return documents whose shown text `field` contains `text`, those that start so first."""
        wanted = text.lower()
        rows = self._execute(
            statements.SEARCH_LOOKUP, (kind, _lookup_index(kind, field), wanted, wanted, limit)
        )
        return [_document(kind, *row) for row in rows]

    def register_history(self, kind: int, key: int | str, limit: int = 100) -> list[LoggedOp]:
        """Return the ops that changed a document, newest first, as far as this box keeps them."""
        found = []
        for logged in self._mentions(key):
            if logged.op.header.kind == kind:
                found.append(logged)
                if len(found) == limit:
                    break
        return found

    # --- claims ----------------------------------------------------------------------------------

    def claim(self, kind: int, key: bytes) -> Claim | None:
        """Return who holds a unique key, None where it is free."""
        row = self._execute(statements.SELECT_CLAIM, (kind, key)).fetchone()
        if row is None:
            return None
        confirmed, pending = row
        shown = unpack_stored(confirmed if pending is None else pending)
        if shown is None:
            return None
        return Claim(claim_row_from_stored(shown), pending is None or pending == confirmed)

    # --- ledger ----------------------------------------------------------------------------------

    def balance(self, account: Account) -> Balance:
        """Return an account's balance; zero where the account was never seen."""
        row = self._execute(statements.SELECT_BALANCE, account).fetchone()
        return ZERO_BALANCE if row is None else Balance(*row)

    def balances_of(
        self, account_class: int, subject: int | str, unit: str | None = None
    ) -> list[tuple[Account, Balance]]:
        """Return the accounts of a class and subject over all holders, months and units.

        Ordered by unit, holder node, epoch, month; those that came back to zero are among them.
        """
        found: list[tuple[Account, Balance]] = []
        for row in self._execute(statements.SELECT_BALANCES, (subject, account_class)):
            row_unit, node, epoch, month, confirmed, pending = row
            if unit is None or row_unit == unit:
                account = (account_class, subject, node, epoch, month, row_unit)
                found.append((account, Balance(confirmed, pending)))
        return found

    def subjects_held(self, account_class: int) -> list[int | str]:
        """Return whose accounts of a limited class this box's own part of is not zero."""
        identity = self.identity
        wanted = (account_class, identity.node, identity.epoch)
        return [row[0] for row in self._execute(statements.SELECT_SUBJECTS_HELD, wanted)]

    def places_of_asset(self, unit: str) -> list[tuple[Account, Balance]]:
        """Return the accounts of a unit `asset:<tag>` that are not zero: where the asset is."""
        rows = self._execute(statements.SELECT_ASSET_PLACES, (unit,))
        return [(row[:6], Balance(row[6], row[7])) for row in rows]

    def entries(
        self,
        subject: int | str,
        classes: tuple[int, ...] = (),
        unit: str | None = None,
        limit: int = 100,
    ) -> list[LedgerEntry]:
        """Return the postings to a subject's accounts, newest first, as far as this box keeps them.

        `classes` narrows to some account classes, `unit` to one unit. For an asset or an item over
        all subjects, hand in its unit (`asset:<tag>`) as `subject`.
        """
        by_unit = isinstance(subject, str) and ":" in subject
        found: list[LedgerEntry] = []
        for logged in self._mentions(subject):
            if KINDS[logged.op.header.kind].policy != LEDGER or logged.op.body is None:
                continue
            for entry in _entries(logged):
                account = entry.account
                if account[5 if by_unit else 1] != subject:
                    continue
                if (classes and account[0] not in classes) or (unit and account[5] != unit):
                    continue
                found.append(entry)
            if len(found) >= limit:
                break
        return found[:limit]

    # --- the log ---------------------------------------------------------------------------------

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

    def fence(self) -> Fence | None:
        """Return the fence of this epoch, None while there is none."""
        value = self.setting(SETTING_FENCE)
        if value is None:
            return None
        fence = Fence(*cast("list[object]", value))  # type: ignore[arg-type]  # as `note_fence` packed it
        return fence if fence.epoch == self.identity.epoch else None

    def stop_spending(self) -> str | None:
        """Return why this box must not lower any right (a code of `standing`), None for nothing."""
        fence = self.fence()
        if fence is not None:
            return FENCED_PREFIX + fence.reason
        if self.setting(SETTING_MOVED) == self.identity.epoch:
            return OTHER_HARDWARE
        value = self.setting(SETTING_STOP)
        return None if value is None else str(value)

    def is_erased(self, subject: int) -> bool:
        """Return whether a person's data is gone for good."""
        return self._execute(statements.SELECT_ERASED, (subject,)).fetchone() is not None

    # --- the counter's own ------------------------------------------------------------------------

    def answer(self, request_id: str) -> bytes | None:
        """Return the answer kept for a request id, None for a new one; b"" for an erased one."""
        row = self._execute(statements.SELECT_ANSWER, (request_id,)).fetchone()
        return None if row is None else bytes(row[0])

    def print_job(self, job_id: int) -> PrintJob | None:
        """Return a print job."""
        row = self._execute(statements.SELECT_PRINT_JOB, (job_id,)).fetchone()
        return None if row is None else PrintJob(*row)

    def print_jobs(self, state: str, limit: int = 100) -> list[PrintJob]:
        """Return the jobs in a state other than PRINT_DONE, oldest first."""
        rows = self._execute(statements.SELECT_PRINT_JOBS, (state, limit))
        return [PrintJob(*row) for row in rows]

    def latest_print_jobs(self, limit: int = 50) -> list[PrintJob]:
        """Return the last jobs in any state, newest first."""
        rows = self._execute(statements.SELECT_LATEST_PRINT_JOBS, (limit,))
        return [PrintJob(*row) for row in rows]

    def setting(self, name: str) -> object:
        """Return a kept value (any plain value of `sync_protocol.codec`), None if never set."""
        row = self._execute(statements.SELECT_SETTING, (name,)).fetchone()
        return None if row is None else unpack_stored(row[0])

    def lockout(self, staff: int) -> Lockout:
        """Return a person's failed log-ins."""
        row = self._execute(statements.SELECT_LOCKOUT, (staff,)).fetchone()
        return Lockout(0, 0) if row is None else Lockout(*row)

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


def _document(
    kind: int, key: int | str, confirmed: bytes | None, pending: bytes | None
) -> Document:
    row = None if confirmed is None else row_from_stored(unpack_stored(confirmed))
    if pending is not None:
        return Document(kind, key, row_from_stored(unpack_stored(pending)), row)
    if row is None:
        raise ValueError(f"document {kind}/{key} has neither side")
    return Document(kind, key, row, row)


def _lookup_index(kind: int, field: str) -> int:
    if field not in LOOKUP_FIELDS.get(kind, ()):
        raise ValueError(f"no lookup of {KINDS[kind].name}.{field}: see tables.LOOKUP_FIELDS")
    return field_index(kind, field)


def _entries(logged: LoggedOp) -> Iterator[LedgerEntry]:
    header = logged.op.header
    transaction = transaction_from_body(logged.op.body)
    postings, business_day = transaction.postings, transaction.business_day
    if logged.detail is not None and logged.verdict in (APPLIED, DIVERTED):
        annotation = annotation_from_row([logged.effective, logged.verdict, logged.detail])
        business_day = annotation.business_day() or business_day
        postings = divert(postings, transaction.cafe, annotation.diversions())
    for code, subject, node, epoch, month, unit, amount in postings:
        yield LedgerEntry(
            reference=logged.op.ref(),
            stamp=header.stamp if logged.position is None else logged.effective,
            actor=header.actor,
            reason=transaction.reason,
            business_day=business_day,
            document=transaction.document,
            account=(code, subject, node, epoch, month, unit),
            amount=amount,
            verdict=logged.verdict,
        )
