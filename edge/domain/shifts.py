"""Shifts: opened before any cash, counted blind, closed or handed over; the till's ledger by shift.

All cash of a shift stands in TILL postings of ops whose header names the shift: the float comes
out of the SAFE, and what is left goes back into it when the shift ends. So the postings of a shift
sum to what must lie in the drawer, those of an ended one to zero, and the till's balance is that
of the shifts that are open.
"""

from dataclasses import dataclass

from edge.domain.decision import Decision, Here, Judgement, NewOp, document_change, plain
from edge.domain.decision import transaction as ledger_op
from edge.domain.refusals import Refusal, refuse
from sync_protocol.accounts import FEN, SAFE, TILL
from sync_protocol.kinds import SHIFT
from sync_protocol.ledger import REASON_FLOAT

OPEN = "open"


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift of a terminal, as its document says."""

    id: int
    number: int
    terminal: int
    staff: int
    staff_name: str
    opened_ms: int
    business_day: int
    float_fen: int


def shift_refusal(shift: Shift | None, staff: int) -> Refusal | None:
    """Why a person may not take or give money at a terminal whose open shift is `shift`."""
    if shift is None:
        return refuse("shift_not_open")
    if shift.staff != staff:
        return refuse("shift_of_another", name=shift.staff_name)
    return None


def open_shift(at: Here, new: Shift, open_now: Shift | None) -> Judgement:
    """Open a shift with its float, where none is open at its terminal."""
    if open_now is not None:
        if open_now.staff != new.staff:
            return refuse("shift_of_another", name=open_now.staff_name)
        return refuse("shift_open_already")
    values = {"shift": new.id, "number": new.number, "float_fen": new.float_fen}
    return Decision(opening_ops(at, new), values=values)


def opening_ops(at: Here, new: Shift) -> tuple[NewOp, ...]:
    """The document of a new shift, and its float out of the safe."""
    document = document_change(
        at,
        SHIFT,
        new.id,
        None,
        {
            "number": new.number,
            "terminal": new.terminal,
            "staff": new.staff,
            "status": OPEN,
            "opened_ms": new.opened_ms,
            "business_day": new.business_day,
            "float_fen": new.float_fen,
        },
    )
    ops = [document.under(new.id)]
    if new.float_fen:
        postings = (
            plain(TILL, at.cafe, FEN, new.float_fen),
            plain(SAFE, at.cafe, FEN, -new.float_fen),
        )
        ops.append(ledger_op(at, REASON_FLOAT, postings, document=new.id).under(new.id))
    return tuple(ops)
