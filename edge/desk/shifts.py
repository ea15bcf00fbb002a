"""Shifts and their cash: who opened which till, what must lie in it, and who takes it over."""

from edge.desk import facts
from edge.desk.answers import Answer, Outcome
from edge.desk.cases import case_words
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.numbers import next_shift_number
from edge.desk.open_tickets import kept_tickets, ticket_at
from edge.desk.staff import StaffDesk
from edge.desk.tills import shift_at, shift_of, shift_totals
from edge.domain import shifts
from edge.domain.approvals import approval_needed
from edge.domain.decision import Decision, Here, Judgement, PrintSlip
from edge.domain.refusals import Refusal, refuse
from edge.domain.shifts import OPEN, Handover, Shift
from edge.domain.staff import right_refusal
from edge.effects.page_events import Region
from edge.store.store import Store
from edge.store.transaction import WriteTransaction

CLOSE_OTHER = "close_other_shift"


class ShiftsDesk:
    """The commands about a terminal's till."""

    def __init__(self, store: Store, committer: Committer, staff: StaffDesk) -> None:
        self._store = store
        self._committer = committer
        self._staff = staff

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {
            "open_shift": self.open_shift,
            "drop_cash": self.drop_cash,
            "petty_cash": self.petty_cash,
            "count_cash": self.count_cash,
            "close_shift": self.close_shift,
            "hand_over": self.hand_over,
            "print_shift_report": self.print_shift_report,
        }

    async def open_shift(self, request: Request, float_fen: int) -> Outcome:
        """Open a shift at the terminal with what lies in its drawer."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            new = Shift(
                transaction.new_id(),
                next_shift_number(transaction),
                request.terminal,
                request.staff,
                facts.staff_name(transaction, request.staff),
                at.now_ms,
                at.business_day,
                float_fen,
            )
            return shifts.open_shift(at, new, shift_at(transaction, request.terminal))

        return await self._committer.commit(request, decide, Region.TICKET)

    async def drop_cash(self, request: Request, amount_fen: int) -> Outcome:
        """Put cash from the drawer into the safe."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            shift = _own(transaction, request)
            return shift if isinstance(shift, Refusal) else shifts.drop_cash(at, shift, amount_fen)

        return await self._committer.commit(request, decide)

    async def petty_cash(
        self, request: Request, amount_fen: int, reason: str, receipt_number: str
    ) -> Outcome:
        """Pay something small out of the drawer."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            shift = _own(transaction, request)
            if isinstance(shift, Refusal):
                return shift
            return shifts.petty_cash(
                at, shift, amount_fen, reason, receipt_number, request.approver
            )

        return await self._committer.commit(request, decide)

    async def count_cash(self, request: Request, lines: tuple[tuple[str, object], ...]) -> Outcome:
        """Take in what lies in the drawer; the answer then tells what should."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            shift = _own(transaction, request)
            if isinstance(shift, Refusal):
                return shift
            totals = shift_totals(transaction, shift)
            return shifts.count_cash(at, shift, lines, totals, request.approver)

        return await self._committer.commit(request, decide, Region.TICKET)

    async def close_shift(self, request: Request, left_fen: int, note: str) -> Outcome:
        """End the terminal's shift; nobody takes it over."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            shift = _own(transaction, request)
            if isinstance(shift, Refusal):
                return shift
            totals = shift_totals(transaction, shift)
            return shifts.close_shift(at, shift, totals, left_fen, note)

        return await self._committer.commit(request, decide, Region.TICKET)

    async def hand_over(
        self,
        request: Request,
        to: int,
        giver_pin: str,
        receiver_pin: str,
        blank_cards: object,
        note: str,
    ) -> Outcome:
        """End the terminal's shift and open the next person's with its cash.

        Whoever takes over is logged in at the terminal afterwards: the answer then has a `token`,
        as that of a log-in, and it is not kept under the request id.
        """
        with self._store.read() as reader:
            shift = shift_at(reader, request.terminal)
        if shift is None:
            return refuse("shift_not_open")
        giver = shift.staff
        if giver == to:
            return refuse("handover_to_oneself")
        for person, pin in ((giver, giver_pin), (to, receiver_pin)):
            refusal = await self._staff.check_person(person, pin, request.terminal)
            if refusal is not None:
                return refusal
        receiver = self._staff.person(to)
        refusal = right_refusal(receiver, "work_shift")
        if refusal is not None:
            return refusal

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            shift = shift_at(transaction, request.terminal)
            if shift is None or shift.staff != giver:
                return refuse("shift_not_open")
            cards = shifts.check_count(blank_cards)
            if isinstance(cards, Refusal):
                return cards
            in_hand = ticket_at(transaction, request.terminal)
            handover = Handover(
                to,
                receiver.name,
                transaction.new_id(),
                next_shift_number(transaction),
                cards,
                sum(case.is_open for case in case_words(transaction, at)),
                int(bool(in_hand.lines)) + len(kept_tickets(transaction)),
            )
            totals = shift_totals(transaction, shift)
            return shifts.hand_over(at, shift, totals, note, handover)

        outcome = await self._committer.commit(request, decide, Region.TICKET)
        if isinstance(outcome, Answer) and not outcome.repeated and request.staff != to:
            token = await self._staff.take_over(request, to)
            return Answer(outcome.command, {**outcome.values, "token": token}, outcome.chain_code)
        return outcome

    async def print_shift_report(self, request: Request, shift: int) -> Outcome:
        """Print what a shift took and gave so far, or an ended one's report again."""
        session = request.session
        sees_till = bool(request.approver) or (session is not None and session.may("see_till"))

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            wanted = shift_of(transaction, shift) if shift else None
            if wanted is None:
                wanted = None if shift else shift_at(transaction, request.terminal)
            if wanted is None:
                return refuse("shift_unknown" if shift else "shift_not_open")
            own_ended = wanted.staff == request.staff and (wanted.status != OPEN or wanted.counted)
            if not sees_till and not own_ended:
                return approval_needed("see_till")
            report = shifts.report_facts(at, wanted, shift_totals(transaction, wanted))
            values = {"shift": wanted.id, "number": wanted.number}
            return Decision((), (PrintSlip("x_report", report),), values)

        return await self._committer.commit(request, decide)


def _own(transaction: WriteTransaction, request: Request) -> Shift | Refusal:
    """The terminal's shift, for whom it belongs to or who may end another's."""
    shift = shift_at(transaction, request.terminal)
    if shift is None:
        return refuse("shift_not_open")
    session = request.session
    if shift.staff != request.staff and not (session is not None and session.may(CLOSE_OTHER)):
        return refuse("shift_of_another", name=shift.staff_name)
    return shift
