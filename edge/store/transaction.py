"""One unit of work on the writer thread: append ops, keep answers and print jobs, all or none."""

from hashlib import sha256
from typing import Final

from peewee import SqliteDatabase

from edge.store import statements
from edge.store.checked_bytes import with_check
from edge.store.documents import update_lookups
from edge.store.errors import OverdrawnError
from edge.store.facts import Cursor, Head
from edge.store.identity import ClockReading, RandomBytes
from edge.store.log_reader import SETTING_CURSOR
from edge.store.op_rows import (
    NIL_BYTES,
    MentionKey,
    claim_mentions,
    ledger_mentions,
    money_fen,
)
from edge.store.own_log import OwnLog
from edge.store.reader import Reader
from edge.store.standing import FINAL_FENCES, SETTING_FENCE, SETTING_STOP
from edge.store.tables import PRINT_WAITING
from sync_protocol.accounts import account_text, class_of
from sync_protocol.claims import ClaimWrite, claim_from_body, fold_claim
from sync_protocol.codec import pack, pack_decoded
from sync_protocol.kinds import CLAIM, KINDS, LEDGER, REGISTER, SEGMENT, Kind
from sync_protocol.ledger import Transaction, fault_of, transaction_from_body
from sync_protocol.ops import Op, op_hash
from sync_protocol.registers import (
    SALT_BYTES,
    RegisterWrite,
    fold_write,
    write_from_body,
)

ID_BITS: Final = 52


class WriteTransaction(Reader):
    """A `Reader` that writes. Only the work it was handed to may use it, and only until it ends."""

    def __init__(self, database: SqliteDatabase, own: OwnLog, random_bytes: RandomBytes) -> None:
        super().__init__(database, own.identity)
        self.own = own
        self._random_bytes = random_bytes

    def append(
        self, kind: int, body: list[object], *, actor: int = 0, terminal: int = 0, shift: int = 0
    ) -> Op:
        """Append an own op and apply it as pending.

        Seq, stamp, segment, trust, cursor and hash are given here. Raises `ProtocolError` for a
        body that is not of its kind, `ValueError` for one that the hub would void on sight and
        `OverdrawnError` for a posting that takes a limited account below zero: each is a rule that
        the caller should have checked, and nothing of the work is kept.
        """
        wall_ms = self._record_segment()
        return self._append(KINDS[kind], body, wall_ms, actor, terminal, shift)

    def new_id(self) -> int:
        """Return a fresh random id of 52 bits for a member, card, visit, sale or transfer."""
        return (int.from_bytes(self._random_bytes(7), "big") & ((1 << ID_BITS) - 1)) or 1

    def new_salt(self, kind: int) -> bytes:
        """Return the salt of a body of `kind`: 16 random bytes where it is personal, else none."""
        return self._random_bytes(SALT_BYTES) if KINDS[kind].personal else b""

    def wall_ms(self) -> int:
        """Return the wall clock's milliseconds since 1970."""
        return self.own.clock.wall_ms()

    def clock_reading(self) -> ClockReading:
        """Return both clocks of this boot, read at once."""
        wall_ms, monotonic_ms = self.own.observe_clock()
        return ClockReading(self.own.clock.boot_id, wall_ms, monotonic_ms, self.own.trust)

    # --- the counter's own ------------------------------------------------------------------------

    def remember_answer(self, request_id: str, answer: bytes, subject: int = 0) -> None:
        """Keep the answer to a request id; a repeat of the request gets these bytes.

        Raises `ValueError` if the id has one. `subject`: the member whose data it holds, if any,
        so that erasing the member empties it.
        """
        if self.answer(request_id) is not None:
            raise ValueError(f"request {request_id} has an answer already")
        values = (request_id, with_check(answer), subject, self.wall_ms())
        self._execute(statements.INSERT_ANSWER, values)

    def add_print_job(
        self, kind: str, document: bytes, subject: int = 0, state: str = PRINT_WAITING
    ) -> int:
        """Queue a document and return the job's id; `subject` as in `remember_answer`."""
        values = (kind, with_check(document), subject, state, self.wall_ms())
        return int(self._execute(statements.INSERT_PRINT_JOB, values).lastrowid or 0)

    def set_print_job(self, job_id: int, state: str, copies: int, error: str = "") -> None:
        """Note a job's new state, how many copies came out, and the printer's trouble if any."""
        self._execute(statements.UPDATE_PRINT_JOB, (state, copies, error, job_id))

    def set_setting(self, name: str, value: object) -> None:
        """Keep a plain value under a name; None removes it. Names from `store.` are the store's."""
        if value is None:
            self._execute(statements.DELETE_SETTING, (name,))
        else:
            self._execute(statements.UPSERT_SETTING, (name, pack(value)))

    def note_fence(self, reason: str, seq: int) -> None:
        """Keep that this epoch is fenced; what was found in the chains is never overwritten."""
        fence = self.fence()
        if fence is None or fence.reason not in FINAL_FENCES:
            self.set_setting(SETTING_FENCE, [self.identity.epoch, reason, seq])

    def lift_fence(self) -> None:
        """Take a fence back that the hub has lifted; one found in the chains stays."""
        fence = self.fence()
        if fence is not None and fence.reason not in FINAL_FENCES:
            self.set_setting(SETTING_FENCE, None)

    def resume_spending(self) -> None:
        """Take back the flag of `stop_spending`, after a person has looked at the case."""
        self.set_setting(SETTING_STOP, None)

    # --- for the store's own modules --------------------------------------------------------------

    def move_cursor(self, cursor: Cursor) -> None:
        """Move the cursor, and with it what later ops say they have seen."""
        self.own.cursor = cursor
        row = [
            cursor.generation,
            cursor.stream,
            cursor.position,
            cursor.block_number,
            cursor.block_hash,
            cursor.greatest_effective,
        ]
        self.set_setting(SETTING_CURSOR, row)

    def show_again(self, op: Op) -> None:
        """Apply an own op as pending over new confirmed state: it was decided, so nothing is
        checked again."""
        kind = KINDS[op.header.kind]
        if kind.policy == LEDGER:
            postings = transaction_from_body(op.body).postings
            self.connection.executemany(statements.ADD_PENDING, postings)
        elif kind.policy == REGISTER:
            self._show_write(kind.code, write_from_body(kind, op.body), op)
        elif kind.policy == CLAIM:
            self._show_claim(kind.code, claim_from_body(kind, op.body), op)

    def show_pending(self, op: Op) -> tuple[int, set[MentionKey]]:
        """Check an own op and apply it as pending; return (fen that it moves, whom it names)."""
        kind = KINDS[op.header.kind]
        if kind.policy == LEDGER:
            transaction = transaction_from_body(op.body)
            fault = fault_of(op.header, transaction, self.identity.cafe)
            if fault is not None:
                raise ValueError(f"the hub would void this op: {fault}")
            self._add_pending(transaction)
            return money_fen(transaction), ledger_mentions(transaction, all_accounts=True)
        if kind.policy == REGISTER:
            write = write_from_body(kind, op.body)
            self._refuse_erased(kind, write.key)
            self._show_write(kind.code, write, op)
            return 0, {write.key}
        if kind.policy == CLAIM:
            claim = claim_from_body(kind, op.body)
            self._refuse_erased(kind, claim.subject)
            self._show_claim(kind.code, claim, op)
            return 0, claim_mentions(claim)
        return 0, set()

    # --- appending --------------------------------------------------------------------------------

    def _record_segment(self) -> int:
        """Write the op of a clock segment that has none yet; return the wall clock's ms."""
        own = self.own
        wall_ms, monotonic_ms = own.observe_clock()
        if not own.segment_recorded:
            reason = "step" if own.stepped else "boot"
            body = [own.segment, own.clock.boot_id, wall_ms, monotonic_ms, own.trust, reason]
            own.segment_recorded = True
            self._append(KINDS[SEGMENT], body, wall_ms, 0, 0, 0)
        return wall_ms

    def _append(
        self, kind: Kind, body: list[object], wall_ms: int, actor: int, terminal: int, shift: int
    ) -> Op:
        own = self.own
        key = own.next_key()
        header = own.next_header(kind.code, wall_ms, actor, terminal, shift)
        header_bytes, body_bytes = pack_decoded(header.row()), pack(body)
        hash_of_body = sha256(body_bytes).digest()
        hash = op_hash(header_bytes, own.head.hash, hash_of_body)
        op = Op(header, body, hash_of_body, hash)
        money, mentions = self.show_pending(op)
        row = (key, kind.code, money, header_bytes, body_bytes, None, hash)
        self._execute(statements.INSERT_OWN_OP, row)
        for subject in mentions:
            self._execute(statements.INSERT_PENDING_MENTION, (key, subject))
        own.head = Head(header.seq, hash)
        return op

    def _add_pending(self, transaction: Transaction) -> None:
        for posting in transaction.postings:
            self._execute(statements.ADD_PENDING, posting)
            row = class_of(posting[0])
            if row.limited and posting[6] * row.side < 0:
                # By RETURNING it would take 25 µs of each tap, which lowers nothing.
                shown = self.balance(posting[:6]).shown
                if shown * row.side < 0:
                    name = account_text(*posting[:5])
                    raise OverdrawnError("overdrawn", f"{name} would stand at {shown} {posting[5]}")

    def _show_write(self, kind: int, write: RegisterWrite, op: Op) -> None:
        document = self.register(kind, write.key)
        before = None if document is None else document.shown
        after = fold_write(before, write, op.header.stamp, op.ref(), [])
        values = (kind, write.key, pack_decoded(after.row()))
        self._execute(statements.UPSERT_PENDING_DOCUMENT, values)
        update_lookups(self.connection, kind, write.key, before, after)

    def _show_claim(self, kind: int, write: ClaimWrite, op: Op) -> None:
        claim = self.claim(kind, write.key)
        row = fold_claim(None if claim is None else claim.row, write, op.ref())
        shown = NIL_BYTES if row is None else pack_decoded(row.row())
        self._execute(statements.UPSERT_PENDING_CLAIM, (kind, write.key, shown))

    def _refuse_erased(self, kind: Kind, subject: int | str) -> None:
        if kind.personal and isinstance(subject, int) and self.is_erased(subject):
            raise ValueError(f"{kind.name} {subject} was erased: nothing is written about it")
