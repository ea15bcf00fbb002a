"""Shifts: opened before any cash, counted blind, closed or handed over to somebody else.

All cash of a shift stands in TILL postings of ops whose header names the shift: the float comes
out of the SAFE, and what was counted goes back into it when the shift ends. So the postings of a
shift sum to what must lie in the drawer, those of an ended one to zero, and the till's balance is
that of the shifts that are open.

The count is blind: nobody is shown what must lie there before it is in. From then on no money
moves until the shift has ended, and a second count needs a second person.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from edge.domain.amounts import AMOUNT_LIMIT_FEN, QUANTITY_LIMIT
from edge.domain.approvals import approval_needed
from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    NewOp,
    PrintSlip,
    document_change,
    plain,
    read_list,
)
from edge.domain.decision import transaction as ledger_op
from edge.domain.refusals import Refusal, refuse
from edge.domain.shift_totals import Totals
from sync_protocol.accounts import FEN, PETTY_CASH, SAFE, TILL, TILL_DIFFERENCE
from sync_protocol.kinds import SHIFT
from sync_protocol.ledger import (
    REASON_DROP,
    REASON_FLOAT,
    REASON_PETTY_CASH,
    REASON_TILL_DIFFERENCE,
)
from sync_protocol.registers import RegisterRow

OPEN = "open"
CLOSED = "closed"
HANDED_OVER = "handed_over"

DENOMINATIONS_FEN = (10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10, 1)
"""Notes and coins in circulation; single fen are for what a drawer holds besides."""
NOTE_ABOVE_FEN = 100
"""A difference of more than one yuan is explained in words."""
PETTY_CASH_MAX = 100
"""Small payments out of one shift's drawer."""


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift of a terminal, as its document says; `counted_fen` is None before the count."""

    id: int
    number: int
    terminal: int
    staff: int
    staff_name: str
    opened_ms: int
    business_day: int
    float_fen: int
    status: str = OPEN
    counted_fen: int | None = None
    row: RegisterRow | None = None
    paper_number: str = ""
    """The number as papers say it."""

    @property
    def counted(self) -> bool:
        """Whether the cash was counted and the shift waits for its end."""
        return self.counted_fen is not None


@dataclass(frozen=True, slots=True)
class Handover:
    """What passes from one person to the next besides the cash."""

    staff: int
    staff_name: str
    shift: int
    number: int
    blank_cards: int
    open_cases: int
    open_tickets: int


def shift_refusal(shift: Shift | None, staff: int) -> Refusal | None:
    """Why a person may not take or give money at a terminal whose open shift is `shift`."""
    if shift is None:
        return refuse("shift_not_open")
    if shift.staff != staff:
        return refuse("shift_of_another", name=shift.staff_name)
    if shift.counted:
        return refuse("shift_counted")
    return None


def open_shift(at: Here, new: Shift, open_now: Shift | None) -> Judgement:
    """Open a shift with its float, where none is open at its terminal."""
    if open_now is not None:
        if open_now.staff != new.staff:
            return refuse("shift_of_another", name=open_now.staff_name)
        return refuse("shift_open_already")
    values = {"shift": new.id, "number": new.number, "float_fen": new.float_fen}
    return Decision(_opening(at, new), values=values)


def drop_cash(at: Here, shift: Shift, amount_fen: int) -> Judgement:
    """Put cash from the drawer into the safe.

    Not refused where it is more than the books say: that would tell what they say.
    """
    values = {"shift": shift.id, "amount_fen": amount_fen}
    slip = PrintSlip("cash_drop", {**_on_paper(shift), "amount_fen": amount_fen})
    op = _out_of_till(at, shift, REASON_DROP, SAFE, amount_fen)
    return Decision((op,), (slip,), values)


def petty_cash(
    at: Here, shift: Shift, amount_fen: int, reason: str, receipt_number: str, approver: int
) -> Judgement:
    """Pay something small out of the drawer, against a receipt; a second person agrees."""
    if not approver:
        return approval_needed("approve_petty_cash")
    paid = _list(shift, "petty_cash")
    if len(paid) >= PETTY_CASH_MAX:
        return refuse("petty_cash_too_often", limit=PETTY_CASH_MAX)
    paid = [*paid, [amount_fen, reason, receipt_number, approver, at.now_ms]]
    ops = (
        _out_of_till(at, shift, REASON_PETTY_CASH, PETTY_CASH, amount_fen),
        document_change(at, SHIFT, shift.id, shift.row, {"petty_cash": paid}),
    )
    facts = {"amount_fen": amount_fen, "reason": reason, "receipt_number": receipt_number}
    slip = PrintSlip("petty_cash", {**_on_paper(shift), **facts})
    return Decision(ops, (slip,), {"shift": shift.id, "amount_fen": amount_fen})


def count_of(lines: Iterable[tuple[str, object]]) -> tuple[list[list[int]], int] | Refusal:
    """([[denomination in fen, pieces], ...], fen) of a count as it was typed."""
    pieces: dict[int, int] = {}
    for text, typed in lines:
        fen = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
        if fen not in DENOMINATIONS_FEN:
            return refuse("denomination_unknown", text=text[:20])
        count = check_count(typed)
        if isinstance(count, Refusal):
            return count
        pieces[fen] = pieces.get(fen, 0) + count
    counted_fen = sum(fen * count for fen, count in pieces.items())
    if counted_fen > AMOUNT_LIMIT_FEN:
        return refuse("amount_too_large", limit_fen=AMOUNT_LIMIT_FEN)
    return [[fen, pieces[fen]] for fen in DENOMINATIONS_FEN if pieces.get(fen)], counted_fen


def check_count(value: object) -> int | Refusal:
    """A count of pieces that may be none: 0 to QUANTITY_LIMIT, whole."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdecimal():
        value = int(value) if len(value.strip()) < 10 else -1
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not isinstance(value, int) or not 0 <= value <= QUANTITY_LIMIT:
        return refuse("count_invalid", limit=QUANTITY_LIMIT)
    return value


def count_cash(
    at: Here, shift: Shift, lines: Iterable[tuple[str, object]], totals: Totals, approver: int
) -> Judgement:
    """Take in what lies in the drawer, and only then tell what should."""
    if shift.counted and not approver:
        return approval_needed("approve_recount")
    counted = count_of(lines)
    if isinstance(counted, Refusal):
        return counted
    rows, counted_fen = counted
    expected_fen = totals.cash_fen
    values = {
        "counted": rows,
        "counted_fen": counted_fen,
        "expected_fen": expected_fen,
        "difference_fen": counted_fen - expected_fen,
    }
    op = document_change(at, SHIFT, shift.id, shift.row, values)
    return Decision((op.under(shift.id),), values={"shift": shift.id, **values})


def close_shift(at: Here, shift: Shift, totals: Totals, left_fen: int, note: str) -> Judgement:
    """End a counted shift: book the difference, put the cash into the safe, print the report.

    `left_fen` of it lie ready in the drawer as the next shift's float.
    """
    refusal = end_refusal(shift, totals, note)
    if refusal is not None:
        return refusal
    if left_fen > (shift.counted_fen or 0):
        return refuse("left_too_much", counted_fen=shift.counted_fen or 0)
    ended = {"status": CLOSED, "closed_ms": at.now_ms, "left_fen": left_fen}
    ops, facts = _ending(at, shift, totals, note, ended)
    slip = PrintSlip("z_report", {**facts, "left_fen": left_fen})
    return Decision(ops, (slip,), _ended_values(shift, totals))


def hand_over(at: Here, shift: Shift, totals: Totals, note: str, to: Handover) -> Judgement:
    """End a counted shift and open the next person's with its cash: one commit, one slip."""
    refusal = end_refusal(shift, totals, note)
    if refusal is not None:
        return refusal
    if to.staff == shift.staff:
        return refuse("handover_to_oneself")
    counted_fen = shift.counted_fen or 0
    ended = {
        "status": HANDED_OVER,
        "closed_ms": at.now_ms,
        "handed_to": to.staff,
        "left_fen": counted_fen,
        "blank_cards": to.blank_cards,
        "open_cases": to.open_cases,
    }
    ops, facts = _ending(at, shift, totals, note, ended)
    new = Shift(
        to.shift,
        to.number,
        shift.terminal,
        to.staff,
        to.staff_name,
        at.now_ms,
        at.business_day,
        counted_fen,
    )
    handed = {
        "from": shift.staff_name,
        "to": to.staff_name,
        "blank_cards": to.blank_cards,
        "open_cases": to.open_cases,
        "open_tickets": to.open_tickets,
    }
    slip = PrintSlip("handover", {**facts, **handed})
    values = {**_ended_values(shift, totals), "new_shift": new.id, "new_number": new.number}
    return Decision((*ops, *_opening(at, new)), (slip,), values)


def end_refusal(shift: Shift, totals: Totals, note: str) -> Refusal | None:
    """Why a shift cannot end yet, None where it can."""
    if shift.counted_fen is None:
        return refuse("count_first")
    if abs(shift.counted_fen - totals.cash_fen) > NOTE_ABOVE_FEN and not note:
        return refuse("difference_needs_note", difference_fen=shift.counted_fen - totals.cash_fen)
    return None


def report_facts(at: Here, shift: Shift, totals: Totals) -> dict[str, object]:
    """What a report's slip says of a shift."""
    return {
        **_on_paper(shift),
        "name": shift.staff_name,
        "opened_ms": shift.opened_ms,
        "utc_offset_min": at.utc_offset_min,
        "totals": totals.rows(),
    }


def _on_paper(shift: Shift) -> dict[str, object]:
    """The number, and that the drawer opens with the slip."""
    return {"number": shift.paper_number, "tender": "cash"}


def _ending(
    at: Here, shift: Shift, totals: Totals, note: str, ended: Mapping[str, object]
) -> tuple[tuple[NewOp, ...], dict[str, object]]:
    """(ops, facts of the slip) of a shift's end: afterwards its till stands at zero."""
    counted_fen = shift.counted_fen or 0
    difference_fen = counted_fen - totals.cash_fen
    ops = []
    if difference_fen:
        ops.append(
            _out_of_till(at, shift, REASON_TILL_DIFFERENCE, TILL_DIFFERENCE, -difference_fen)
        )
    if counted_fen:
        ops.append(_out_of_till(at, shift, REASON_DROP, SAFE, counted_fen))
    values = {
        **ended,
        "expected_fen": totals.cash_fen,
        "difference_fen": difference_fen,
        "note": note,
        "totals": [list(row) for row in totals.rows()],
    }
    document = document_change(at, SHIFT, shift.id, shift.row, values).under(shift.id)
    facts = {
        **report_facts(at, shift, totals),
        "counted": _list(shift, "counted"),
        "counted_fen": counted_fen,
        "expected_fen": totals.cash_fen,
        "difference_fen": difference_fen,
        "note": note,
    }
    return (document, *ops), facts


def _ended_values(shift: Shift, totals: Totals) -> dict[str, object]:
    counted_fen = shift.counted_fen or 0
    return {
        "shift": shift.id,
        "number": shift.number,
        "counted_fen": counted_fen,
        "expected_fen": totals.cash_fen,
        "difference_fen": counted_fen - totals.cash_fen,
    }


def _opening(at: Here, new: Shift) -> tuple[NewOp, ...]:
    """The document of a new shift, and its float out of the safe."""
    values = {
        "number": new.number,
        "terminal": new.terminal,
        "staff": new.staff,
        "status": OPEN,
        "opened_ms": new.opened_ms,
        "business_day": new.business_day,
        "float_fen": new.float_fen,
    }
    ops = [document_change(at, SHIFT, new.id, None, values).under(new.id)]
    if new.float_fen:
        ops.append(_out_of_till(at, new, REASON_FLOAT, SAFE, -new.float_fen))
    return tuple(ops)


def _out_of_till(at: Here, shift: Shift, reason: int, account: int, amount_fen: int) -> NewOp:
    """Cash from a shift's drawer to an account of the cafe; a negative amount comes from there."""
    postings = (plain(TILL, at.cafe, FEN, -amount_fen), plain(account, at.cafe, FEN, amount_fen))
    return replace(ledger_op(at, reason, postings, document=shift.id), shift=shift.id)


def _list(shift: Shift, field: str) -> list[object]:
    return read_list(SHIFT, shift.row, field)
