"""Tills: the shift that is open at a terminal, and what its ops sum to."""

from collections.abc import Iterator

from edge.desk import facts
from edge.desk.answers import Session
from edge.desk.numbers import paper_number
from edge.desk.view_types import ShiftReportView
from edge.domain.decision import read_int, read_list, read_text
from edge.domain.shift_totals import Row, Totals, blind
from edge.domain.shifts import OPEN, Shift
from edge.store.facts import LoggedOp
from edge.store.reader import Reader
from sync_protocol.annotations import LOST, VOID
from sync_protocol.kinds import KINDS, LEDGER, SALE, SHIFT, field_index
from sync_protocol.ledger import transaction_from_body
from sync_protocol.ops import ref_from_row
from sync_protocol.registers import RegisterRow, write_from_body

SHIFTS_SHOWN = 30


def shift_at(reader: Reader, terminal: int) -> Shift | None:
    """The open shift of a terminal, None where there is none."""
    for document in reader.registers_where(SHIFT, "status", OPEN):
        if read_int(SHIFT, document.shown, "terminal") == terminal:
            return _shift(reader, int(document.key), document.shown)
    return None


def shift_of(reader: Reader, shift: int) -> Shift | None:
    """A shift of this cafe, open or ended; None where there is none."""
    row = facts.row(reader, SHIFT, shift)
    return _shift(reader, shift, row) if row is not None else None


def latest_shifts(reader: Reader, business_days: tuple[int, ...]) -> list[Shift]:
    """The shifts that were opened on some days, the newest first."""
    found = [
        _shift(reader, int(document.key), document.shown)
        for day in business_days
        for document in reader.registers_where(SHIFT, "business_day", day)
    ]
    return sorted(found, key=lambda shift: -shift.opened_ms)[:SHIFTS_SHOWN]


def shift_totals(reader: Reader, shift: Shift) -> Totals:
    """The fold of all that this box wrote under a shift, as far as it counts."""
    totals = Totals()
    for logged in _ops_of(reader, shift):
        header, body = logged.op.header, logged.op.body
        if body is None or logged.verdict in (LOST, VOID):
            continue
        if KINDS[header.kind].policy == LEDGER:
            transaction = transaction_from_body(body)
            totals.add(transaction.reason, transaction.postings)
        elif header.kind == SALE:
            number = _number_of(body)
            if number:
                totals.note_number(number)
    return totals


def shift_report(reader: Reader, shift: Shift, session: Session) -> ShiftReportView:
    """A shift's report for a person: all of it once it was counted, or for who may see the till."""
    totals = shift_totals(reader, shift)
    rows = totals.rows()
    if not shift.counted and not session.may("see_till"):
        return ShiftReportView(shift, tuple(blind(rows)), blind=True)
    if shift.status == OPEN:
        expected_fen = totals.cash_fen
        difference_fen = (shift.counted_fen or 0) - expected_fen if shift.counted else 0
    else:  # its till is empty now; the document keeps what it was
        expected_fen = read_int(SHIFT, shift.row, "expected_fen")
        difference_fen = read_int(SHIFT, shift.row, "difference_fen")
        rows = _kept_rows(shift)
    return ShiftReportView(shift, tuple(rows), False, expected_fen, difference_fen)


def _kept_rows(shift: Shift) -> list[Row]:
    kept = read_list(SHIFT, shift.row, "totals")
    return [
        (str(row[0]), str(row[1]), int(row[2]), int(row[3]))
        for row in kept
        if isinstance(row, list) and len(row) == 4
    ]


def _ops_of(reader: Reader, shift: Shift) -> Iterator[LoggedOp]:
    """What was written under a shift: from the op that opened it on."""
    entry = shift.row.entry(field_index(SHIFT, "opened_ms")) if shift.row is not None else None
    if entry is None:
        return
    for logged in reader.own_ops_since(ref_from_row(entry[2])):
        if logged.op.header.shift == shift.id:
            yield logged


def _number_of(body: object) -> int:
    """The number that a sale's op sets; 0 for one that changes an older sale."""
    index = field_index(SALE, "number")
    for change in write_from_body(KINDS[SALE], body).changes:
        if change.index == index and isinstance(change.value, int):
            return change.value
    return 0


def _shift(reader: Reader, shift: int, row: RegisterRow) -> Shift:
    staff = read_int(SHIFT, row, "staff")
    number, business_day = read_int(SHIFT, row, "number"), read_int(SHIFT, row, "business_day")
    counted_fen = row.value(field_index(SHIFT, "counted_fen"))
    return Shift(
        shift,
        number,
        read_int(SHIFT, row, "terminal"),
        staff,
        facts.staff_name(reader, staff),
        read_int(SHIFT, row, "opened_ms"),
        business_day,
        read_int(SHIFT, row, "float_fen"),
        read_text(SHIFT, row, "status"),
        counted_fen if isinstance(counted_fen, int) else None,
        row,
        paper_number(reader, business_day, number),
    )
