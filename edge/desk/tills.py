"""Tills: the shift that is open at a terminal, read for decisions and pages."""

from edge.desk import facts
from edge.domain.decision import read_int
from edge.domain.shifts import OPEN, Shift
from edge.store.reader import Reader
from sync_protocol.kinds import SHIFT
from sync_protocol.registers import RegisterRow


def shift_at(reader: Reader, terminal: int) -> Shift | None:
    """The open shift of a terminal, None where there is none."""
    for document in reader.registers_where(SHIFT, "status", OPEN):
        if read_int(SHIFT, document.shown, "terminal") == terminal:
            return shift_of_row(reader, int(document.key), document.shown)
    return None


def shift_of_row(reader: Reader, shift: int, document: RegisterRow) -> Shift:
    """A shift of its document."""
    staff = read_int(SHIFT, document, "staff")
    return Shift(
        shift,
        read_int(SHIFT, document, "number"),
        read_int(SHIFT, document, "terminal"),
        staff,
        facts.staff_name(reader, staff),
        read_int(SHIFT, document, "opened_ms"),
        read_int(SHIFT, document, "business_day"),
        read_int(SHIFT, document, "float_fen"),
    )
