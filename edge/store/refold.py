"""Refolds the log from its opening rows and compares every row with the projections.

A separate way to the same state: it reads the log and nothing else, through `RowState`, which
shares no table and no cache with the projections. For `cafebox refold` and tests.
"""

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from edge.store import statements, upkeep_statements
from edge.store.errors import StoreDamagedError
from edge.store.integrity import RESTORE, damaged_file
from edge.store.log_fold import LogFold, log_after
from edge.store.op_rows import StoredOp
from edge.store.reader import Reader
from edge.store.row_state import RowState, opening_of
from edge.store.tables import WaitingOp
from sync_protocol import snapshot
from sync_protocol.claims import claim_from_body, fold_claim
from sync_protocol.codec import pack, unpack_stored
from sync_protocol.errors import ProtocolError
from sync_protocol.kinds import CLAIM, KINDS, LEDGER, REGISTER
from sync_protocol.ledger import transaction_from_body
from sync_protocol.ops import Op
from sync_protocol.registers import fold_write, row_from_stored, write_from_body

UNREADABLE = (ProtocolError, ValueError, TypeError, LookupError, AttributeError, OverflowError)
"""What reading damaged bytes or values of another type raises."""
TELL_EVERY = 500
"""Ops between two words of how far it is."""
Tell = Callable[[int, int], None]
"""tell(ops done, of how many)"""
DIFFERENCES_MAX = 100
"""Named in a report; more are only counted."""


def _tell_nobody(_done: int, _total: int) -> None:
    """Nobody waits for it."""


@dataclass(slots=True)
class RefoldReport:
    """`differences` are sentences; `state_hash` is the refolded sum per section, in hex."""

    ops: int = 0
    pending_ops: int = 0
    rows: int = 0
    differing: int = 0
    differences: list[str] = field(default_factory=list)
    state_hash: dict[str, str] = field(default_factory=dict)

    @property
    def equal(self) -> bool:
        """Whether every row and balance is as the log says."""
        return self.differing == 0

    def note(self, what: str) -> None:
        """Count a difference and name it while there is room."""
        self.differing += 1
        if len(self.differences) < DIFFERENCES_MAX:
            self.differences.append(what)


def refold(reader: Reader, tell: Tell = _tell_nobody) -> RefoldReport:
    """Refold what `reader` sees in one moment and compare; `tell` hears how far it is.

    A projection's row that cannot be read is a difference. Raises `StoreDamagedError` where the
    file or the log itself cannot be read: the log is what all else is made of again.
    """
    try:
        return _refold(reader, tell)
    except sqlite3.DatabaseError as error:
        raise damaged_file(error) from error


def _refold(reader: Reader, tell: Tell) -> RefoldReport:
    report = RefoldReport()
    with (
        tempfile.TemporaryDirectory(prefix="cafebox-refold-") as folder,
        closing(sqlite3.connect(Path(folder) / "scratch.db", isolation_level=None)) as scratch,
    ):
        scratch.execute("PRAGMA journal_mode = OFF")
        scratch.execute("PRAGMA synchronous = OFF")
        state = _fold_log(reader, scratch, report, tell)
        shown = _Shown(reader, state)
        for op in shown.pending_ops():
            try:
                shown.fold(op)
            except UNREADABLE as error:
                words = f"own op {op.header.seq} cannot be read ({error}); {RESTORE}"
                raise StoreDamagedError("damaged_op", words) from error
            report.pending_ops += 1
        _compare_documents(reader, state, shown, report)
        _compare_claims(reader, state, shown, report)
        _compare_balances(reader, state, shown, report)
        _compare_sums(reader, state, report)
    return report


def _fold_log(
    reader: Reader, scratch: sqlite3.Connection, report: RefoldReport, tell: Tell
) -> RowState:
    scratch.execute(upkeep_statements.CREATE_SCRATCH)
    scratch.execute("BEGIN")
    opening = reader.connection.execute(upkeep_statements.COPY_OPENING_ROWS)
    scratch.executemany(upkeep_statements.UPSERT_OPENING_ROW, opening)
    position, sums = opening_of(reader)
    state = RowState(scratch, sums)
    log_fold = LogFold(reader, state)
    total = reader.cursor().position - position
    for row in log_after(reader, position):
        try:
            log_fold.fold(row)
        except UNREADABLE as error:
            raise _damaged_op(row, error) from error
        report.ops += 1
        if report.ops % TELL_EVERY == 0:
            tell(report.ops, total)
    state.flush()
    scratch.execute("COMMIT")
    return state


class _Shown:
    """What own pending ops make of refolded confirmed rows, in seq order."""

    def __init__(self, reader: Reader, state: RowState) -> None:
        self._reader = reader
        self._state = state
        self.documents: dict[tuple[int, int | str], list[object] | None] = {}
        self.claims: dict[tuple[int, bytes], list[object] | None] = {}
        self.balances: dict[tuple[object, ...], int] = {}

    def pending_ops(self) -> list[Op]:
        """Return own ops that the hub has not placed, and those that it deferred, in order."""
        waiting = WaitingOp.select(WaitingOp.op).where(~WaitingOp.parked).tuples()
        deferred = {key for (key,) in waiting.execute(self._reader.database)}
        rows = {row.key: row for row in self._reader.own_pending_ops()}
        for key in deferred:
            row = StoredOp(
                *self._reader.connection.execute(statements.SELECT_OP, (key,)).fetchone()
            )
            op = row.op()
            if op is not None and op.header.node == self._reader.identity.node:
                rows[key] = row
        found = []
        for key in sorted(rows):
            try:
                op = rows[key].op()
            except UNREADABLE as error:
                raise _damaged_op(rows[key], error) from error
            if op is not None and op.body is not None and op.header.kind in KINDS:
                found.append(op)
        return found

    def fold(self, op: Op) -> None:
        kind = KINDS[op.header.kind]
        if kind.policy == LEDGER:
            for posting in transaction_from_body(op.body).postings:
                account = posting[:6]
                self.balances[account] = self.balances.get(account, 0) + posting[6]
        elif kind.policy == REGISTER:
            write = write_from_body(kind, op.body)
            place = (kind.code, write.key)
            shown = self.documents.get(place)
            row = self._state.register(*place) if shown is None else row_from_stored(shown)
            self.documents[place] = fold_write(row, write, op.header.stamp, op.ref(), []).row()
        elif kind.policy == CLAIM:
            claim = claim_from_body(kind, op.body)
            claim_place = (kind.code, claim.key)
            holder = self._state.claim(*claim_place)
            if claim_place in self.claims:
                held = self.claims[claim_place]
                holder = None if held is None else snapshot.claim_of([0, kind.code, b"0"], held)[2]
            after = fold_claim(holder, claim, op.ref())
            self.claims[claim_place] = None if after is None else after.row()


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """Stands for stored bytes that are no value; it equals nothing."""

    words: str

    def __str__(self) -> str:
        return self.words


def _read(stored: object) -> object:
    """Return the value of a projection's stored bytes, None for none."""
    if stored is None:
        return None
    try:
        return unpack_stored(cast("bytes", stored))
    except UNREADABLE as error:
        return _Unreadable(f"unreadable ({error})")


def _damaged_op(row: StoredOp, error: Exception) -> StoreDamagedError:
    where = "of this box" if row.position is None else f"at place {row.position}"
    words = f"an op of the log {where} cannot be read ({error}); {RESTORE}"
    return StoreDamagedError("damaged_op", words)


def _compare_documents(
    reader: Reader, state: RowState, shown: _Shown, report: RefoldReport
) -> None:
    seen = set()
    for kind, key, confirmed, pending in reader.connection.execute(
        upkeep_statements.SELECT_ALL_DOCUMENTS
    ):
        seen.add((kind, key))
        report.rows += 1
        if kind not in KINDS or not isinstance(key, (int, str)):
            report.note(f"document {kind!r}/{key!r} is of no kind that there is")
            continue
        row = state.register(kind, key)
        expected = None if row is None else row.row()
        found = _read(confirmed)
        # A tombstone of somebody of whom the log holds no body any more.
        erased = isinstance(found, list) and found[1:] == [None] and row is None
        if found != expected and not erased:
            report.note(f"document {kind}/{key}: {found} is not {expected}")
        expected_shown = shown.documents.get((kind, key))
        found_shown = _read(pending)
        if found_shown != expected_shown:
            report.note(f"shown document {kind}/{key}: {found_shown} is not {expected_shown}")
    for name, _row in state.items(pack([snapshot.REGISTER, 0, 0])[:2]):
        if (name[1], name[2]) not in seen:
            report.note(f"document {name[1]}/{name[2]} is missing")


def _compare_claims(reader: Reader, state: RowState, shown: _Shown, report: RefoldReport) -> None:
    seen = set()
    for kind, key, confirmed, pending in reader.connection.execute(
        upkeep_statements.SELECT_ALL_CLAIMS
    ):
        seen.add((kind, key))
        report.rows += 1
        if kind not in KINDS or not isinstance(key, bytes):
            report.note(f"claim {kind!r}/{key!r} is of no kind that there is")
            continue
        row = state.claim(kind, key)
        expected = None if row is None else row.row()
        found = _read(confirmed)
        if found != expected:
            report.note(f"claim {kind}/{key.hex()}: {found} is not {expected}")
        expected_shown = shown.claims.get((kind, key))
        found_shown = _read(pending)
        if found_shown != expected_shown:
            report.note(f"shown claim {kind}/{key.hex()}: {found_shown} is not {expected_shown}")
    for name, _row in state.items(pack([snapshot.CLAIM, 0, b""])[:2]):
        if (name[1], name[2]) not in seen:
            report.note(f"claim {name[1]}/{name[2]!r} is missing")


def _compare_balances(reader: Reader, state: RowState, shown: _Shown, report: RefoldReport) -> None:
    expected: dict[tuple[object, ...], int] = {}
    for name, row in state.items(pack([snapshot.BALANCE, 0, 0, 0, 0, 0, 0, 0, ""])[:2]):
        _section, account, amount = snapshot.balance_of(name, row)
        expected[account] = amount
    for values in reader.connection.execute(upkeep_statements.SELECT_ALL_BALANCES):
        account, confirmed, pending = values[:6], values[6], values[7]
        report.rows += 1
        amount = expected.pop(account, 0)
        if confirmed != amount:
            report.note(f"balance {account}: {confirmed} is not {amount}")
        amount = shown.balances.pop(account, 0)
        if pending != amount:
            report.note(f"pending balance {account}: {pending} is not {amount}")
    for missing, amount in [*expected.items(), *shown.balances.items()]:
        if amount:
            report.note(f"balance {missing} of {amount} is missing")


def _compare_sums(reader: Reader, state: RowState, report: RefoldReport) -> None:
    found = {
        (kind, cafe): int.from_bytes(total, "big") if isinstance(total, bytes) else -1
        for kind, cafe, total in reader.connection.execute(statements.SELECT_SECTIONS)
    }
    for section in sorted(found.keys() | state.sums.sums.keys(), key=repr):
        total = state.sums.sums.get(section, 0)
        report.state_hash[f"{section[0]}.{section[1]}"] = f"{total:064x}"
        if found.get(section, 0) != total:
            report.note(f"state hash of section {section} differs")
