"""What sessions cost and how they are paid: before, at the end, and what comes back.

What is paid before stands in `prepaid:<session>` until the end; then the charge goes to revenue and
the rest back by the tenders that paid, exactly. The bill is a sale like any other: it earns points
and can be refunded.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge.domain.charges import MINUTE_MS
from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    NewOp,
    Posting,
    PrintSlip,
    own,
    transaction,
)
from edge.domain.points import EARNED_NOTHING, EarnedToday, EarnRule
from edge.domain.pricing import NO_NAME, Name, PricedLine
from edge.domain.refunds import stored_value_back
from edge.domain.refusals import Refusal, refuse
from edge.domain.sales import Fee, Payment, Prepaid, sell_fee
from edge.domain.sessions import (
    ENDED,
    OVER,
    RUNNING,
    SeatSession,
    SeatStretch,
    document_of,
    stopped,
    with_end,
)
from edge.domain.spending import STORED_VALUE_TENDERS, WALLET_TENDER
from edge.domain.stored_value import taken_for_chain
from edge.domain.tenders import CASH, Taken, given_back, joined, less, shared, taken
from edge.domain.tickets import Ticket
from sync_protocol.accounts import FEN, PREPAID
from sync_protocol.ledger import REASON_PREPAYMENT, REASON_SESSION
from sync_protocol.registers import RegisterRow

SESSION_LINE = "session"
"""The line of a sale's document that bills a session."""
SESSION_NAME: Name = ("上机费", "Time at a seat")
SHOWN_HOLDS_MS = 5 * MINUTE_MS
"""So long the amount holds that a guest was shown: typing a PIN must not make it another."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a session comes to at a moment: its time beyond package and pass, and the package."""

    minutes: int
    time: PricedLine
    package_fen: int
    prepaid_fen: int

    @property
    def total_fen(self) -> int:
        """What it costs."""
        return self.time.total_fen + self.package_fen

    @property
    def due_fen(self) -> int:
        """What is still to be paid."""
        return max(self.total_fen - self.prepaid_fen, 0)

    @property
    def back_fen(self) -> int:
        """What of the prepayment goes back."""
        return max(self.prepaid_fen - self.total_fen, 0)


def bill_of(session: SeatSession, at_ms: int, utc_offset_min: int) -> Bill:
    """The bill of a session that ends at a moment; one that has ended keeps its bill."""
    at_ms = session.ended_ms or at_ms
    time = session.plan.price(session.stretches_at(at_ms), utc_offset_min, session.cover.minutes)
    return Bill(
        session.used_minutes(at_ms),
        time,
        session.package_fen,
        session.prepaid_fen,
    )


@dataclass(frozen=True, slots=True)
class Labels:
    """What a session's slips say beside figures: its number, the guest, seats, package or pass."""

    number: str
    name: str
    seat: str
    plan: Name = NO_NAME
    seats: tuple[str, ...] = ()


def start(
    here: Here,
    session: SeatSession,
    labels: Labels,
    payment: Payment | None = None,
    visits: Sequence[Posting] = (),
) -> Judgement:
    """Start a session; `payment` is what is paid before, `visits` use a visit of its pass."""
    ops: list[NewOp] = []
    if visits:
        ops.append(transaction(here, REASON_SESSION, visits, document=session.id))
    money: Taken | None = None
    if payment is not None:
        paid = _paid_before(here, session, payment)
        if isinstance(paid, Refusal):
            return paid
        money, op = paid
        ops.append(op)
        session = _with_payment(session, money)
    session = with_end(session, here.now_ms, here.utc_offset_min)
    if session.ends_by_itself and session.ends_ms < here.now_ms + MINUTE_MS:
        return refuse("prepayment_too_little")
    ops.append(document_of(here, session, None))
    slip = _prepaid_slip(here, session, labels, money) if ops[:-1] else ()
    return Decision(tuple(ops), slip, {**_told(session), **_change(money)})


def prepay(
    here: Here, session: SeatSession, row: RegisterRow, labels: Labels, payment: Payment
) -> Judgement:
    """Take money for more time; a session whose time was up goes on from now."""
    if not session.ends_by_itself:
        return refuse("session_is_postpaid")
    paid = _paid_before(here, session, payment)
    if isinstance(paid, Refusal):
        return paid
    money, op = paid
    before_ms = session.ends_ms or here.now_ms
    longer = _with_payment(session, money)
    if session.status == OVER:
        last = session.stretches[-1]
        again = SeatStretch(session.seat, last.zone, here.now_ms)
        longer = replace(longer, status=RUNNING, stretches=(*session.stretches, again), ended_ms=0)
    longer = with_end(longer, here.now_ms, here.utc_offset_min)
    if longer.status == RUNNING and longer.ends_ms < before_ms + MINUTE_MS:
        return refuse("prepayment_too_little")
    ops = (op, document_of(here, longer, row))
    slip = _prepaid_slip(here, longer, labels, money)
    return Decision(ops, slip, {**_told(longer), **_change(money)})


def _paid_before(
    here: Here, session: SeatSession, payment: Payment
) -> tuple[Taken, NewOp] | Refusal:
    if not session.member and any(one.code == WALLET_TENDER for one in payment.laid):
        return refuse("ticket_needs_member")
    of_member = (payment.purse, payment.spending) if session.member else (None, None)
    amount_fen = payment.expected_total_fen
    money = taken(here, amount_fen, payment.laid, payment.offered, *of_member)
    if isinstance(money, Refusal):
        return money
    postings = (*money.postings, own(here, PREPAID, session.id, FEN, -amount_fen))
    return money, transaction(here, REASON_PREPAYMENT, postings, document=session.id)


def _with_payment(session: SeatSession, money: Taken) -> SeatSession:
    lines = tuple(
        (str(code), int(str(fen)), str(reference))
        for code, fen, reference in joined(session.paid, money.lines)
    )
    return replace(session, paid=lines, prepaid_fen=sum(line[1] for line in lines))


@dataclass(frozen=True, slots=True)
class Ending:
    """How a session is ended: when, who pays the rest by what, and what its sale is to say.

    `customer` is a ticket without lines, of the guest and today's terms; `held_fen` is what this
    node holds of the prepayment: a box that was replaced meanwhile holds none of it.
    """

    at_ms: int
    payment: Payment
    customer: Ticket
    rule: EarnRule
    labels: Labels
    held_fen: int
    today: EarnedToday = EARNED_NOTHING
    clock_trusted: bool = True


def end_moment(here: Here, session: SeatSession, shown_ms: int) -> int | Refusal:
    """When a session ends whose bill was shown at a moment (0: now); a stale one is refused."""
    if session.ended_ms:
        return session.ended_ms
    begun_ms = max((one.from_ms for one in session.stretches), default=here.now_ms)
    if not shown_ms:
        return max(here.now_ms, begun_ms)
    if not max(begun_ms, here.now_ms - SHOWN_HOLDS_MS) <= shown_ms <= here.now_ms:
        bill = bill_of(session, here.now_ms, here.utc_offset_min)
        return refuse("session_changed", due_fen=bill.due_fen)
    return shown_ms


def end(here: Here, session: SeatSession, row: RegisterRow, ending: Ending) -> Judgement:
    """End a session and settle its bill: the rest is paid now, or what is over goes back."""
    bill = bill_of(session, ending.at_ms, here.utc_offset_min)
    if ending.payment.expected_total_fen != bill.due_fen:
        return refuse("session_changed", due_fen=bill.due_fen)
    if session.prepaid_fen and here.spending_stopped:
        return refuse("spending_stopped")
    if ending.held_fen < session.prepaid_fen:
        return refuse("prepayment_elsewhere", amount_fen=session.prepaid_fen, session=session.id)
    back = shared([list(line) for line in session.paid], bill.back_fen)
    kept = [line for line in less(session.paid, back) if line[1]]
    used_fen = min(bill.prepaid_fen, bill.total_fen)
    release = (own(here, PREPAID, session.id, FEN, used_fen),)
    lines = tuple((str(code), int(str(fen)), str(reference)) for code, fen, reference in kept)
    payment = replace(
        ending.payment,
        expected_total_fen=bill.total_fen,
        prepaid=Prepaid(lines, release),
    )
    fee = Fee(
        SESSION_LINE,
        SESSION_NAME,
        bill.total_fen,
        REASON_SESSION,
        session.id,
        bill.time.discount_fen,
    )
    more = _given_back(here, session, back, bill.back_fen)
    sold = sell_fee(here, ending.customer, payment, ending.rule, fee, ending.today, more)
    if isinstance(sold, Refusal):
        return sold
    over = replace(
        stopped(session, ending.at_ms, ENDED),
        charged_fen=bill.total_fen,
        minutes=bill.minutes,
        sale=payment.sale,
    )
    values = {
        **sold.values,
        "session": session.id,
        "minutes": bill.minutes,
        "due_fen": bill.due_fen,
        "back_fen": bill.back_fen,
    }
    facts = {**_bill_slip(over, bill, back, ending, sold), "utc_offset_min": here.utc_offset_min}
    ops = (*sold.ops, document_of(here, over, row))
    return Decision(ops, (PrintSlip("session_bill", facts),), values)


def _given_back(
    here: Here, session: SeatSession, back: Sequence[Sequence[object]], back_fen: int
) -> list[Posting]:
    """Postings that give the rest of a prepayment back by what paid it."""
    stored = stored_value_back(here, session.member, back)
    others = [line for line in back if line[0] not in STORED_VALUE_TENDERS]
    stored_fen = -sum(posting[6] for posting in stored)
    return [
        own(here, PREPAID, session.id, FEN, back_fen),
        *stored,
        *given_back(here, others),
        *taken_for_chain(here, stored_fen),
    ]


def needs_person(session: SeatSession, bill: Bill) -> bool:
    """Whether a session that is over waits for a person: something is due, or cash goes back."""
    back = shared([list(line) for line in session.paid], bill.back_fen)
    return bill.due_fen > 0 or any(line[0] not in STORED_VALUE_TENDERS for line in back)


def _prepaid_slip(
    here: Here, session: SeatSession, labels: Labels, money: Taken | None
) -> tuple[PrintSlip, ...]:
    facts = {
        "number": labels.number,
        "name": labels.name,
        "seat": labels.seat,
        "plan": labels.plan,
        "amount_fen": sum(int(str(line[1])) for line in money.lines) if money else 0,
        "minutes": max(session.ends_ms - here.now_ms, 0) // MINUTE_MS,
        "ends_ms": session.ends_ms,
        "utc_offset_min": here.utc_offset_min,
        **(money.slip_facts if money else {"tenders": [], "tender": ""}),
    }
    return (PrintSlip("session_start", facts),)


def _bill_slip(
    session: SeatSession, bill: Bill, back: list[list[object]], ending: Ending, sold: Decision
) -> dict[str, object]:
    (sale,) = (effect for effect in sold.effects if isinstance(effect, PrintSlip))
    plan = session.plan
    cash_moved = any(line[0] == CASH for line in back) or any(
        one.code == CASH for one in ending.payment.laid
    )
    return {
        **sale.facts,
        "number": ending.labels.number,
        "seat": ending.labels.seat,
        "seats": list(ending.labels.seats),
        "plan": ending.labels.plan,
        "started_ms": session.started_ms,
        "ended_ms": session.ended_ms,
        "minutes": bill.minutes,
        "covered_minutes": min(session.cover.minutes, bill.minutes),
        "list_fen": bill.time.list_fen,
        "reason": list(plan.discount.words) if plan.discount and bill.time.discount_fen else None,
        "package_fen": bill.package_fen,
        "prepaid_fen": bill.prepaid_fen,
        "due_fen": bill.due_fen,
        "back_fen": bill.back_fen,
        "back": back,
        "clock_note": session.clock_note,
        "clock_trusted": ending.clock_trusted,
        "tender": CASH if cash_moved else "",
    }


def _told(session: SeatSession) -> dict[str, object]:
    return {
        "session": session.id,
        "seat": session.seat,
        "member": session.member,
        "prepaid_fen": session.prepaid_fen,
        "ends_ms": session.ends_ms,
    }


def _change(money: Taken | None) -> dict[str, object]:
    return {"change_fen": money.change_fen if money is not None else 0}
