"""The audit log: what people had this box do, or were denied, as a chain of hashes.

A row is written in the transaction of the command that it tells of, so that there is none without
the other. Row hash = SHA-256(hash of the row before | packed row), the first row's follows
`genesis`. Rows name people, terminals, commands, outcome codes, record ids and the main op; never
a name, a phone, an identity number or a PIN.

AUDIT_MARK ops carry (number, hash) of the last row into the box's signed log and to the hub, at the
start and end of a shift and once a day (`edge.desk.audit`). So whoever rewrites the table from some
row to the end is found by the next mark, and a log that was cut short by the last one.

Rows are kept for KEEP_DAYS; then those up to a mark are dropped, and the mark stands for them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

from edge.store import statements
from edge.store.reader import Reader
from edge.store.tables import AuditRow
from edge.store.transaction import WriteTransaction
from sync_protocol.codec import pack, unpack_stored
from sync_protocol.errors import DecodeError
from sync_protocol.kinds import AUDIT_MARK
from sync_protocol.ops import OpRef, ref_from_row

DONE = "done"
KEEP_DAYS = 400
DAY_MS = 24 * 60 * 60 * 1000
SETTING_CUT = "audit.cut"
"""[number, hash] of the last row that was dropped."""
SETTING_HEAD = "audit.head"
"""The number of the last row: rows that vanish from the end are missed before the next mark."""
FAULTS_MAX = 50

Subjects = Sequence[tuple[str, int]]
"""(what, id) of the records that a command was about."""


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did or was denied: `outcome` is DONE or a refusal's code."""

    command: str
    outcome: str
    staff: int
    terminal: int
    approver: int = 0
    subjects: Subjects = ()
    op: OpRef | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A row: an act, when it was, and how good the clock was then (TRUST_ of `ops`)."""

    number: int
    at_ms: int
    trust: int
    act: Act
    hash: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the log: `code` is edited, missing, rewritten or truncated.

    `number` is the row, or the first of several up to `last`.
    """

    code: str
    number: int
    last: int


def append(transaction: WriteTransaction, act: Act) -> int:
    """Write a row and return its number."""
    number, before = head(transaction)
    number += 1
    subjects = pack([list(subject) for subject in act.subjects])
    op = pack(act.op.row() if act.op is not None else None)
    who = (act.staff, act.approver, act.terminal, act.command, act.outcome)
    row = (number, transaction.wall_ms(), transaction.own.trust, *who, subjects, op)
    transaction.connection.execute(statements.INSERT_AUDIT_ROW, (*row, _hash(before, row)))
    transaction.set_setting(SETTING_HEAD, number)
    return number


def head(reader: Reader) -> tuple[int, bytes]:
    """(number, hash) of the last row; (0, the genesis hash) before the first."""
    row = reader.connection.execute(statements.SELECT_LAST_AUDIT_ROW).fetchone()
    return (row[0], bytes(row[1])) if row is not None else _cut(reader)


def entries(
    reader: Reader,
    *,
    from_ms: int = 0,
    to_ms: int = 1 << 62,
    staff: int = 0,
    command: str = "",
    outcome: str = "",
    limit: int = -1,
) -> Iterator[AuditEntry]:
    """Rows of a stretch of time, newest first; empty words and 0 filter nothing.

    `outcome` "denied" stands for all that were not done.
    """
    wanted = (AuditRow.at_ms >= from_ms) & (AuditRow.at_ms < to_ms)
    if staff:
        wanted &= (AuditRow.staff == staff) | (AuditRow.approver == staff)
    if command:
        wanted &= AuditRow.command == command
    if outcome:
        denied = AuditRow.outcome != DONE
        wanted &= denied if outcome == "denied" else AuditRow.outcome == outcome
    rows = AuditRow.select().where(wanted).order_by(AuditRow.number.desc()).limit(limit)
    for row in rows.tuples().execute(reader.database):
        yield _entry(row)


def faults(reader: Reader) -> list[Fault]:
    """All that is wrong with the log, at most FAULTS_MAX; empty for a whole one."""
    found: list[Fault] = []
    marks = dict(_marks(reader))
    number, before = _cut(reader)
    for row in AuditRow.select().order_by(AuditRow.number).tuples().execute(reader.database):
        here, hash = int(row[0]), bytes(row[-1])
        if here != number + 1:
            found.append(Fault("missing", number + 1, here - 1))
        elif hash != _hash(before, row[:-1]):
            found.append(Fault("edited", here, here))
        if marks.pop(here, hash) != hash:
            found.append(Fault("rewritten", here, here))
        number, before = here, hash
        if len(found) >= FAULTS_MAX:
            return found
    kept = reader.setting(SETTING_HEAD)
    told = max([*marks, kept if isinstance(kept, int) else 0])
    if told > number:
        found.append(Fault("truncated", number + 1, told))
    return found


def cut_old(transaction: WriteTransaction) -> int:
    """Drop rows that are older than KEEP_DAYS and not younger than a mark; return how many."""
    before_ms = transaction.wall_ms() - KEEP_DAYS * DAY_MS
    database = transaction.database
    rows = dict(_marks(transaction))
    old = AuditRow.select(AuditRow.number, AuditRow.hash).where(AuditRow.at_ms < before_ms)
    marked = [
        (number, bytes(hash))
        for number, hash in old.order_by(AuditRow.number).tuples().execute(database)
        if rows.get(number) == bytes(hash)
    ]
    if not marked:
        return 0
    transaction.set_setting(SETTING_CUT, list(marked[-1]))
    return int(AuditRow.delete().where(AuditRow.number <= marked[-1][0]).execute(database))


def go_on_behind_marks(transaction: WriteTransaction) -> int:
    """Begin the log of a rebuilt store behind the last mark; return the mark's row, 0 for none.

    The rows up to it and those after it were on the dead box's disk alone.
    """
    marks = max(_marks(transaction), default=None)
    if marks is None:
        return 0
    transaction.set_setting(SETTING_CUT, list(marks))
    transaction.set_setting(SETTING_HEAD, marks[0])
    return marks[0]


def mark_key(reader: Reader, number: int) -> str:
    """The key of the document that anchors a row of this box's log."""
    return f"{_mark_prefix(reader)}{number:012}"


def _mark_prefix(reader: Reader) -> str:
    identity = reader.identity
    return f"{identity.cafe}.{identity.node}."


def _marks(reader: Reader) -> Iterator[tuple[int, bytes]]:
    """(number, hash) of every row that was anchored."""
    prefix = _mark_prefix(reader)
    for document in reader.registers(AUDIT_MARK, after=prefix, limit=100_000):
        if not str(document.key).startswith(prefix):
            break
        number, hash = document.value("number"), document.value("hash")
        if isinstance(number, int) and isinstance(hash, bytes):
            yield number, hash


def _cut(reader: Reader) -> tuple[int, bytes]:
    cut = reader.setting(SETTING_CUT)
    if isinstance(cut, list):
        return cut[0], cut[1]
    identity = reader.identity
    return 0, sha256(f"cafebox audit {identity.chain} {identity.node}".encode()).digest()


def _hash(before: bytes, row: Sequence[object]) -> bytes:
    """The hash of a row without its hash; of none that `append` writes where values are no plain
    ones."""
    try:
        return sha256(before + pack([*row])).digest()
    except (TypeError, ValueError, DecodeError):
        return b""


def _entry(row: Sequence[Any]) -> AuditEntry:
    number, at_ms, trust, staff, approver, terminal, command, outcome, subjects, op, hash = row
    found = cast("list[list[Any]]", unpack_stored(bytes(subjects)))
    reference = unpack_stored(bytes(op))
    act = Act(
        command,
        outcome,
        staff,
        terminal,
        approver,
        tuple((name, id) for name, id in found),
        ref_from_row(reference) if reference is not None else None,
    )
    return AuditEntry(number, at_ms, trust, act, bytes(hash))
