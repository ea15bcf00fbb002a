"""The start of a session: the identity check, the seat, and what the time is to run on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from edge.desk import facts, session_facts
from edge.desk.answers import Outcome
from edge.desk.catalogue import Catalogue
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.identity_checks import (
    DOCUMENT_FIELDS,
    IdentityChecksDesk,
    Typed,
    check_today,
    person_of_check,
)
from edge.desk.numbers import next_session_number
from edge.desk.passes import passes_of
from edge.desk.payments import Payments, Tendered
from edge.desk.pricing import terms_of
from edge.desk.rights import Rights
from edge.desk.session_clock import settle_clock
from edge.domain.bands import DAY_MINUTES
from edge.domain.charges import MINUTE_MS, minutes_within
from edge.domain.decision import Here, Judgement, Posting
from edge.domain.members import member_refusal
from edge.domain.passes import Pass, best_pass, pass_refusal, use_postings
from edge.domain.pricing import Terms
from edge.domain.refusals import Refusal, refuse
from edge.domain.seats import Seat
from edge.domain.session_bills import start
from edge.domain.sessions import (
    BY_PASS,
    PACKAGE,
    PAYMENTS,
    POSTPAID,
    PREPAID,
    RUNNING,
    Cover,
    SeatSession,
    SeatStretch,
    seat_refusal,
)
from edge.effects.page_events import Region
from edge.store.reader import Reader
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import VISITS, VISITS_HELD
from sync_protocol.kinds import MEMBER

NOTHING_LAID = Tendered(())


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who wants to sit where, and what the time is to run on: `payment` of PAYMENTS."""

    seat: int
    member: int
    payment: str
    package: str
    pass_id: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class _Guest:
    """A guest whose check passed, at a free seat."""

    seat: Seat
    member: int
    identity_check: int
    terms: Terms


@dataclass(frozen=True, slots=True)
class _Covered:
    """A new session with what covers it; visits of a pass that it uses, fen to pay now."""

    session: SeatSession
    visits: tuple[Posting, ...] = ()
    due_fen: int = 0


class SessionStarts:
    """The command that seats a guest."""

    def __init__(
        self,
        store: Store,
        committer: Committer,
        payments: Payments,
        checks: IdentityChecksDesk,
        rights: Rights,
    ) -> None:
        self._store = store
        self._committer = committer
        self._catalogue = committer.catalogue
        self._payments = payments
        self._checks = checks
        self._rights = rights

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {"start_session": self.start}

    async def start(
        self,
        request: Request,
        *,
        seat: int,
        member: int,
        identity_check: int,
        **typed: Any,
    ) -> Outcome:
        """Seat a guest; the identity check is recorded first, unless one of today is named.

        `typed` are what the time is to run on, a document's fields, and how something is paid.
        """
        payment = typed.pop("payment") or POSTPAID
        runs_on = (typed.pop(field) for field in ("package", "pass_id", "amount_fen"))
        wanted = Wanted(seat, member, payment, *runs_on)
        document = Typed(*(typed.pop(field) for field in DOCUMENT_FIELDS))
        with self._store.read() as reader:
            refusal = self._early_refusal(reader, wanted)
            needs_check = not identity_check and self._needs_check(reader)
        if refusal is not None:
            return refusal
        if needs_check:
            checked = await self._checks.ensure(request, member, document, seat)
            if isinstance(checked, Refusal):
                return checked
            identity_check = checked
        tendered: Tendered | Refusal = NOTHING_LAID
        if wanted.payment in (PREPAID, PACKAGE):
            tendered = await self._payments.tendered(member, **typed)
        if isinstance(tendered, Refusal):
            return tendered

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            settle_clock(transaction, at)
            guest = self._guest(transaction, at, wanted, identity_check)
            if isinstance(guest, Refusal):
                return guest
            return self._started(transaction, at, request, guest, wanted, tendered)

        outcome = await self._committer.commit(request, decide, Region.SEATS, Region.TAP)
        if isinstance(outcome, Refusal) and outcome.code == "pass_elsewhere":
            self._ask_for_visits(outcome)
        return outcome

    def _ask_for_visits(self, refusal: Refusal) -> None:
        pass_id, visits = refusal.parameters["pass_id"], refusal.parameters["visits"]
        self._rights.ask_for(VISITS_HELD, int(str(pass_id)), int(str(visits)), VISITS)

    def _early_refusal(self, reader: Reader, wanted: Wanted) -> Refusal | None:
        """What stands against a start before anything is recorded: no check for a taken seat."""
        if wanted.payment not in PAYMENTS:
            return refuse("field_invalid", field="payment")
        taken = session_facts.session_at(reader, wanted.seat) is not None
        refusal = seat_refusal(session_facts.seat(reader, wanted.seat), taken)
        if refusal is not None:
            return refusal
        if wanted.member:
            person = facts.person_of(reader, wanted.member)
            return member_refusal(facts.row(reader, MEMBER, person))
        rule = session_facts.counter_rule(reader, self._catalogue)
        return None if rule["walk_in_session"] else refuse("session_needs_member")

    def _needs_check(self, reader: Reader) -> bool:
        """Whether the law asks for one here: head office may publish that it does not."""
        rule = session_facts.counter_rule(reader, self._catalogue)
        return bool(rule["identity_at_session"])

    def _guest(
        self, transaction: WriteTransaction, at: Here, wanted: Wanted, check: int
    ) -> _Guest | Refusal:
        """The guest at the seat; nobody without a check of today, nobody at two seats."""
        under_way = [one for one, _row in session_facts.sessions_under_way(transaction)]
        seat = session_facts.seat(transaction, wanted.seat)
        refusal = seat_refusal(seat, any(one.seat == wanted.seat for one in under_way))
        if refusal is None and check:
            refusal = check_today(transaction, at, check, wanted.member)
        elif refusal is None and self._needs_check(transaction):
            refusal = refuse("identity_check_missing")
        member = facts.person_of(transaction, wanted.member) if wanted.member else 0
        refusal = refusal or _elsewhere_refusal(transaction, under_way, member, check)
        if refusal is not None or seat is None:
            return refusal or refuse("seat_unknown")
        return _Guest(seat, member, check, terms_of(transaction, self._catalogue, at, member))

    def _started(
        self,
        transaction: WriteTransaction,
        at: Here,
        request: Request,
        guest: _Guest,
        wanted: Wanted,
        tendered: Tendered,
    ) -> Judgement:
        at = self._committer.asked.here_for(transaction, at, guest.member)
        session = SeatSession(
            transaction.new_id(),
            next_session_number(transaction),
            guest.member,
            guest.seat.id,
            RUNNING,
            at.now_ms,
            at.business_day,
            (SeatStretch(guest.seat.id, guest.seat.zone, at.now_ms),),
            wanted.payment,
            session_facts.plan_for(transaction, self._catalogue, guest.terms),
            guest.identity_check,
        )
        covered = _covered(transaction, self._catalogue, at, session, guest, wanted)
        if isinstance(covered, Refusal):
            return covered
        payment = None
        if covered.due_fen:
            refusal = self._payments.note(transaction, request, tendered, session.id)
            if refusal is not None:
                return refusal
            payment = self._payments.payment(
                transaction,
                at,
                request,
                guest.member,
                tendered,
                0,
                covered.due_fen,
                session.number,
            )
        labels = session_facts.labels(transaction, self._catalogue, covered.session, guest.seat)
        return start(at, covered.session, labels, payment, covered.visits)


def _elsewhere_refusal(
    reader: Reader, under_way: Sequence[SeatSession], member: int, check: int
) -> Refusal | None:
    """Why a person does not sit down who sits somewhere already."""
    person = person_of_check(reader, check) if check else ""
    checks = session_facts.checks_of_person(reader, person) if person else set()
    for other in under_way:
        same = member and other.member and facts.person_of(reader, other.member) == member
        if same or other.identity_check in checks:
            seat = session_facts.seat(reader, other.seat)
            return refuse("session_open_already", seat=seat.name if seat is not None else "")
    return None


def _covered(
    reader: Reader,
    catalogue: Catalogue,
    at: Here,
    session: SeatSession,
    guest: _Guest,
    wanted: Wanted,
) -> _Covered | Refusal:
    """The session with what it is to run on."""
    if wanted.payment == PREPAID:
        if not wanted.amount_fen:
            return refuse("amount_missing")
        return _Covered(session, due_fen=wanted.amount_fen)
    if wanted.payment == PACKAGE:
        return _by_package(reader, catalogue, at, session, guest, wanted.package)
    if wanted.payment == BY_PASS:
        return _by_pass(reader, at, session, guest, wanted.pass_id)
    return _Covered(session)


def _by_package(
    reader: Reader, catalogue: Catalogue, at: Here, session: SeatSession, guest: _Guest, code: str
) -> _Covered | Refusal:
    offered = session_facts.packages(reader, catalogue, guest.terms)
    package = next((one for one in offered if one.code == code), None)
    if package is None:
        return refuse("package_unknown")
    minutes = minutes_within(package.band, at.now_ms, package.minutes, at.utc_offset_min)
    cover = Cover(minutes, package.zone)
    if not cover.holds_in(guest.seat.zone):
        return refuse("session_other_zone", zones=package.zone)
    if not minutes:
        return refuse("package_other_hours")
    session = replace(session, package=package.code, package_fen=package.price_fen, cover=cover)
    return _Covered(session, due_fen=package.price_fen)


def _by_pass(
    reader: Reader, at: Here, session: SeatSession, guest: _Guest, pass_id: int
) -> _Covered | Refusal:
    owned = passes_of(reader, at, guest.member) if guest.member else []
    if pass_id:
        one = next((one for one in owned if one.id == pass_id), None)
    else:
        one = best_pass(at, owned, guest.seat.zone)
    if one is None:
        return refuse("pass_none_in_force")
    refusal = pass_refusal(at, one, guest.seat.zone)
    if refusal is not None:
        return refuse(refusal.code, **{**refusal.parameters, "pass_id": one.id})
    session = replace(session, pass_id=one.id, cover=_cover_of(at, one))
    return _Covered(session, tuple(use_postings(at, one)))


def _cover_of(at: Here, one: Pass) -> Cover:
    """What a pass covers: till its hours end, else a day."""
    if one.band.is_all_day:
        return Cover(DAY_MINUTES, one.zones)
    hours = replace(one.band, weekdays=frozenset())  # the weekday it began on was checked
    minutes = minutes_within(hours, at.now_ms, DAY_MINUTES, at.utc_offset_min)
    return Cover(minutes, one.zones, at.now_ms + minutes * MINUTE_MS)
