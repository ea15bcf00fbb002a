"""Sessions at the counter once they run: prepay, change seat, pause, end.

Every write settles the clock of the sessions first (`session_clock`).
"""

from dataclasses import dataclass
from typing import Any

from edge.desk import facts, session_facts
from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.payments import Payments, Tendered
from edge.desk.pricing import earned_today, terms_of
from edge.desk.rights import Rights
from edge.desk.session_clock import settle_clock
from edge.domain.decision import Here, Judgement
from edge.domain.parts import total
from edge.domain.refusals import Refusal, refuse
from edge.domain.seats import Seat
from edge.domain.session_bills import Ending, end, end_moment, prepay
from edge.domain.sessions import (
    SeatSession,
    change_seat,
    pause,
    resume,
    seat_refusal,
)
from edge.domain.tickets import Ticket
from edge.effects.page_events import Region
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import PREPAID
from sync_protocol.ops import TRUST_NONE
from sync_protocol.registers import RegisterRow

NOTHING_LAID = Tendered(())


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A session that holds a seat, its document and its seat."""

    session: SeatSession
    row: RegisterRow
    seat: Seat


class SessionsDesk:
    """The commands about a guest's time at a seat."""

    def __init__(
        self, store: Store, committer: Committer, payments: Payments, rights: Rights
    ) -> None:
        self._store = store
        self._rights = rights
        self._committer = committer
        self._catalogue = committer.catalogue
        self._payments = payments

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {
            "prepay_session": self.prepay,
            "change_seat": self.change_seat,
            "pause_session": self.pause,
            "resume_session": self.resume,
            "end_session": self.end,
        }

    async def prepay(
        self, request: Request, session: int, amount_fen: int, **paying: Any
    ) -> Outcome:
        """Take money for more time."""
        tendered = await self._payments.tendered(self._member_of(session), **paying)
        if isinstance(tendered, Refusal):
            return tendered

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            found = under_way(transaction, at, session)
            if isinstance(found, Refusal):
                return found
            known = found.session
            refusal = self._payments.note(transaction, request, tendered, session)
            if refusal is not None:
                return refusal
            guest = facts.person_of(transaction, known.member)
            at = self._committer.asked.here_for(transaction, at, guest)
            payment = self._payments.payment(
                transaction, at, request, guest, tendered, 0, amount_fen, known.number
            )
            labels = session_facts.labels(transaction, self._catalogue, known, found.seat)
            return prepay(at, known, found.row, labels, payment)

        outcome = await self._committer.commit(request, decide, Region.SEATS, Region.TAP)
        return self._asking_for_rights(session, outcome)

    async def change_seat(self, request: Request, session: int, seat: int) -> Outcome:
        """Go on at another seat."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            found = under_way(transaction, at, session)
            if isinstance(found, Refusal):
                return found
            taken = session_facts.session_at(transaction, seat) is not None
            wanted = session_facts.seat(transaction, seat)
            refusal = seat_refusal(wanted, taken)
            if refusal is not None or wanted is None:
                return refusal or refuse("seat_unknown")
            return change_seat(at, found.session, found.row, wanted)

        return await self._committer.commit(request, decide, Region.SEATS)

    async def pause(self, request: Request, session: int) -> Outcome:
        """Let the time stand still."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            found = under_way(transaction, at, session)
            if isinstance(found, Refusal):
                return found
            return pause(at, found.session, found.row)

        return await self._committer.commit(request, decide, Region.SEATS)

    async def resume(self, request: Request, session: int) -> Outcome:
        """Let the time go on."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            found = under_way(transaction, at, session)
            if isinstance(found, Refusal):
                return found
            return resume(at, found.session, found.row, found.seat)

        return await self._committer.commit(request, decide, Region.SEATS)

    async def end(
        self, request: Request, session: int, expected_total_fen: int, shown_ms: int, **paying: Any
    ) -> Outcome:
        """End a session and settle its bill, as of the moment that the guest was shown (or now)."""
        tendered: Tendered | Refusal = NOTHING_LAID
        if expected_total_fen:
            tendered = await self._payments.tendered(self._member_of(session), **paying)
        if isinstance(tendered, Refusal):
            return tendered

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            found = under_way(transaction, at, session)
            if isinstance(found, Refusal):
                return found
            moment_ms = end_moment(at, found.session, shown_ms)
            if isinstance(moment_ms, Refusal):
                return moment_ms
            sale = transaction.new_id()
            refusal = self._payments.note(transaction, request, tendered, sale)
            if refusal is not None:
                return refusal
            ending = self.ending(
                transaction, at, request, found, moment_ms, tendered, sale, expected_total_fen
            )
            return end(at, found.session, found.row, ending)

        outcome = await self._committer.commit(request, decide, Region.SEATS, Region.TAP)
        return self._asking_for_rights(session, outcome)

    def _asking_for_rights(self, session: int, outcome: Outcome) -> Outcome:
        """The outcome; where a guest's stored value is elsewhere, the hub is asked for it."""
        member = self._member_of(session)
        if isinstance(outcome, Refusal) and outcome.code == "spendable_elsewhere" and member:
            self._rights.ask_for_sale(member)
        return outcome

    def ending(
        self,
        transaction: WriteTransaction,
        at: Here,
        request: Request,
        found: UnderWay,
        moment_ms: int,
        tendered: Tendered = NOTHING_LAID,
        sale: int = 0,
        due_fen: int = 0,
    ) -> Ending:
        """How a session is ended at a moment; by who its guest was merged into, if they were."""
        session = found.session
        guest = facts.person_of(transaction, session.member)
        at = self._committer.asked.here_for(transaction, at, guest)
        terms = terms_of(transaction, self._catalogue, at, guest)
        name = session_facts.guest_name(transaction, session)
        return Ending(
            moment_ms,
            self._payments.payment(
                transaction,
                at,
                request,
                guest,
                tendered,
                sale or transaction.new_id(),
                due_fen,
            ),
            Ticket((), guest, name, terms=terms),
            self._catalogue.rule(transaction),
            session_facts.labels(transaction, self._catalogue, session, found.seat),
            total(facts.parts_here(transaction, at, (session.id,), (PREPAID,))),
            earned_today(transaction, self._catalogue, at, guest),
            transaction.clock_reading().trust > TRUST_NONE,
        )

    def _member_of(self, session: int) -> int:
        with self._store.read() as reader:
            found = session_facts.session(reader, session)
            return facts.person_of(reader, found[0].member) if found is not None else 0


def under_way(transaction: WriteTransaction, at: Here, session: int) -> UnderWay | Refusal:
    """A session that holds a seat, on a settled clock."""
    settle_clock(transaction, at)
    found = session_facts.session(transaction, session)
    if found is None:
        return refuse("session_unknown")
    if found[0].sale:
        return refuse("session_ended_before")
    seat = session_facts.seat(transaction, found[0].seat)
    return UnderWay(*found, seat) if seat is not None else refuse("seat_unknown")
