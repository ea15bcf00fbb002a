"""What the pages show of seats, sessions and identity checks; each call is one snapshot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from edge.desk import facts, session_facts
from edge.desk.catalogue import Catalogue
from edge.desk.commit import Committer
from edge.desk.identity_checks import checks_between
from edge.desk.passes import pass_name, passes_of
from edge.desk.pricing import terms_of
from edge.desk.session_clock import session_now_ms
from edge.desk.settings import DeskSettings
from edge.domain.charges import MINUTE_MS, Stretch
from edge.domain.decision import Here, read_int, read_text
from edge.domain.identity_checks import PASSED, CheckRecord, papers_of_member
from edge.domain.passes import pass_refusal
from edge.domain.pricing import NO_NAME, Name
from edge.domain.rates import Package
from edge.domain.seats import OUT_OF_ORDER, Seat, SeatState
from edge.domain.session_bills import Bill, bill_of
from edge.domain.sessions import OVER, PAUSED, SeatSession
from edge.effects.page_events import PageEvents, Region
from edge.store.reader import Reader
from edge.store.store import Store
from sync_protocol.kinds import IDENTITY_CHECK, MEMBER, PASS

T = TypeVar("T")

HOUR_MS = 60 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class SeatView:
    """A seat on the map. `minutes` are those left where something ends it, else those used."""

    seat: Seat
    state: SeatState
    minutes: int = 0
    ends: bool = False


@dataclass(frozen=True, slots=True)
class ZoneView:
    """A zone of the map: its seats row by row."""

    code: str
    name: Name
    rows: tuple[tuple[SeatView, ...], ...]
    columns: int


@dataclass(frozen=True, slots=True)
class UnderAgeAlert:
    """A minor who was turned away."""

    at_ms: int
    seat: str
    checker: str


@dataclass(frozen=True, slots=True)
class SeatMap:
    """All seats of this cafe, and what the counter should see to."""

    zones: tuple[ZoneView, ...]
    counts: Mapping[str, int]
    to_see_to: tuple[SeatView, ...]
    under_age: tuple[UnderAgeAlert, ...]


@dataclass(frozen=True, slots=True)
class CheckView:
    """An identity check, without the document's number."""

    check: int
    at_ms: int
    name: str
    number_tail: str
    outcome: str
    checker: str


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session at a moment. `left_minutes` is None where nothing ends it."""

    session: SeatSession
    seat: str
    guest: str
    now_ms: int
    bill: Bill
    left_minutes: int | None
    plan: Name
    check: CheckView | None


@dataclass(frozen=True, slots=True)
class PassChoice:
    """A pass that may be used for a session now."""

    id: int
    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class StartChoices:
    """What can be chosen at a start: seats, packages, passes, checks of today; an hour's price."""

    seats: tuple[Seat, ...]
    chosen: Seat | None
    packages: tuple[Package, ...]
    passes: tuple[PassChoice, ...]
    checks: tuple[CheckView, ...]
    document_known: bool
    hour_fen: int
    hour_list_fen: int
    hour_reason: Name
    needs_check: bool


@dataclass(frozen=True, slots=True)
class SeatDetail:
    """A seat, and the session that holds it."""

    seat: Seat
    state: SeatState
    zone: Name
    session: SessionView | None
    free: tuple[Seat, ...]


class SessionViews:
    """Reads for the seat map and the works about sessions."""

    def __init__(
        self, store: Store, settings: DeskSettings, committer: Committer, page_events: PageEvents
    ) -> None:
        self._store = store
        self._settings = settings
        self._catalogue = committer.catalogue
        self._page_events = page_events
        self._drawn: tuple[tuple[int, int], SeatMap] | None = None

    def seat_map(self) -> SeatMap:
        """The map as it stands now; read anew when it is stale, or another minute has begun."""
        minute = self._store.clock_reading().monotonic_ms // MINUTE_MS
        drawn_for = (self._page_events.times_stale(Region.SEATS), minute)
        if self._drawn is None or self._drawn[0] != drawn_for:
            seat_map = self._read(lambda reader, at: _seat_map(reader, self._catalogue, at))
            self._drawn = (drawn_for, seat_map)
        return self._drawn[1]

    def seat(self, seat: int) -> SeatDetail | None:
        """A seat with its session, None where there is no such seat."""

        def read(reader: Reader, at: Here) -> SeatDetail | None:
            known = session_facts.seat(reader, seat)
            if known is None:
                return None
            held = _held(reader)
            at_seat = held.get(seat)
            session = session_view(reader, self._catalogue, at, at_seat) if at_seat else None
            names = session_facts.zones(reader, self._catalogue)
            return SeatDetail(
                known,
                _state(known, at_seat, at.now_ms),
                names.get(known.zone, (known.zone, known.zone)),
                session,
                tuple(_free_seats(reader, held)),
            )

        return self._read(read)

    def seat_of_session(self, session: int) -> int:
        """Where a session is, or was last; 0 where there is no such session."""

        def read(reader: Reader, _at: Here) -> int:
            found = session_facts.session(reader, session)
            return found[0].seat if found is not None else 0

        return self._read(read)

    def start_choices(self, member: int, seat: int) -> StartChoices:
        """What can be chosen for a member, or a walk-in (0), at a seat (0: the first free one)."""
        return self._read(
            lambda reader, at: _start_choices(reader, self._catalogue, at, member, seat)
        )

    def session_of_member(self, member: int) -> SessionView | None:
        """The session that a member has now, None where there is none."""

        def read(reader: Reader, at: Here) -> SessionView | None:
            person = facts.person_of(reader, member)
            for one, _row in session_facts.sessions_under_way(reader):
                if one.member and facts.person_of(reader, one.member) == person:
                    return session_view(reader, self._catalogue, at, one)
            return None

        return self._read(read)

    def sessions(self, business_day: int = 0) -> tuple[SessionView, ...]:
        """The sessions that began on a business day (0: today), the latest first."""
        return self._read(
            lambda reader, at: tuple(
                session_view(reader, self._catalogue, at, one)
                for one in session_facts.sessions_of_day(reader, business_day or at.business_day)
            )
        )

    def seats(self) -> tuple[Seat, ...]:
        """The seats as they are set up."""
        return self._read(lambda reader, _at: tuple(session_facts.seats(reader)))

    def zones(self) -> Mapping[str, Name]:
        """The zones of head office."""
        return self._read(lambda reader, _at: session_facts.zones(reader, self._catalogue))

    def identity_checks(self, from_day: int, to_day: int) -> list[CheckRecord]:
        """The checks of some days, in the order of time; 0: today."""

        def read(reader: Reader, at: Here) -> list[CheckRecord]:
            first, last = from_day or at.business_day, to_day or at.business_day
            return checks_between(reader, first, last)

        return self._read(read)

    def _read(self, read: Callable[[Reader, Here], T]) -> T:
        with self._store.read() as reader:
            now_ms = session_now_ms(reader, self._store.clock_reading())
            return read(reader, facts.here(reader, self._settings, now_ms, spends=False))


def session_view(
    reader: Reader, catalogue: Catalogue, at: Here, session: SeatSession
) -> SessionView:
    """A session at this moment."""
    seat = session_facts.seat(reader, session.seat)
    row = facts.row(reader, IDENTITY_CHECK, session.identity_check)
    left = max(session.ends_ms - at.now_ms, 0) // MINUTE_MS if session.ends_ms else None
    return SessionView(
        session,
        seat.name if seat is not None else "",
        session_facts.guest_name(reader, session),
        at.now_ms,
        bill_of(session, at.now_ms, at.utc_offset_min),
        left,
        session_facts.plan_name(reader, catalogue, session),
        _check(reader, session.identity_check) if row is not None else None,
    )


def _seat_map(reader: Reader, catalogue: Catalogue, at: Here) -> SeatMap:
    held = _held(reader)
    views = [_seat_view(seat, held.get(seat.id), at) for seat in session_facts.seats(reader)]
    zones = session_facts.zones(reader, catalogue)
    by_zone: dict[str, list[SeatView]] = {}
    for view in views:
        by_zone.setdefault(view.seat.zone, []).append(view)
    shown = tuple(
        _zone(code, zones.get(code, (code, code)), of_zone) for code, of_zone in by_zone.items()
    )
    counts = {state.value: sum(view.state is state for view in views) for state in SeatState}
    wanted = (SeatState.OVER, SeatState.ENDING)
    to_see_to = [view for state in wanted for view in views if view.state is state]
    return SeatMap(shown, counts, tuple(to_see_to), _under_age(reader, at))


def _zone(code: str, name: Name, views: list[SeatView]) -> ZoneView:
    rows: dict[int, list[SeatView]] = {}
    for view in views:
        rows.setdefault(view.seat.row, []).append(view)
    return ZoneView(
        code,
        name,
        tuple(tuple(row) for row in rows.values()),
        max(view.seat.column for view in views),
    )


def _seat_view(seat: Seat, session: SeatSession | None, at: Here) -> SeatView:
    state = _state(seat, session, at.now_ms)
    if session is None:
        return SeatView(seat, state)
    if session.ends_ms:
        return SeatView(seat, state, max(session.ends_ms - at.now_ms, 0) // MINUTE_MS, ends=True)
    return SeatView(seat, state, session.used_ms(session.ended_ms or at.now_ms) // MINUTE_MS)


def _state(seat: Seat, session: SeatSession | None, now_ms: int) -> SeatState:
    if session is None:
        return SeatState.OUT_OF_ORDER if seat.status == OUT_OF_ORDER else SeatState.FREE
    if session.status == PAUSED:
        return SeatState.PAUSED
    if session.status == OVER:
        return SeatState.OVER
    warn_ms = session.plan.warn_minutes * MINUTE_MS
    ending = session.ends_ms and session.ends_ms - warn_ms <= now_ms
    return SeatState.ENDING if ending else SeatState.IN_USE


def _held(reader: Reader) -> dict[int, SeatSession]:
    """Seat -> the session that holds it."""
    return {session.seat: session for session, _row in session_facts.sessions_under_way(reader)}


def _free_seats(reader: Reader, held: Mapping[int, SeatSession]) -> list[Seat]:
    return [
        seat
        for seat in session_facts.seats(reader)
        if seat.id not in held and seat.status != OUT_OF_ORDER
    ]


def _start_choices(
    reader: Reader, catalogue: Catalogue, at: Here, member: int, wanted: int
) -> StartChoices:
    person = facts.person_of(reader, member) if member else 0
    terms = terms_of(reader, catalogue, at, person)
    held = _held(reader)
    free = _free_seats(reader, held)
    chosen = next((seat for seat in free if seat.id == wanted), free[0] if free else None)
    zone = chosen.zone if chosen is not None else ""
    hour = (Stretch(zone, at.now_ms, at.now_ms + HOUR_MS),)
    price = session_facts.plan_for(reader, catalogue, terms).price(hour, at.utc_offset_min)
    packages = [
        package
        for package in session_facts.packages(reader, catalogue, terms)
        if package.zone in ("", zone)
    ]
    row = facts.row(reader, MEMBER, person) if person else None
    rule = session_facts.counter_rule(reader, catalogue)
    return StartChoices(
        tuple(free),
        chosen,
        tuple(packages),
        _pass_choices(reader, catalogue, at, person, zone),
        () if person else _checks_to_reuse(reader, at, held),
        papers_of_member(row) is not None,
        price.total_fen,
        price.list_fen,
        price.reason if price.discount_fen else NO_NAME,
        bool(rule["identity_at_session"]),
    )


def _pass_choices(
    reader: Reader, catalogue: Catalogue, at: Here, member: int, zone: str
) -> tuple[PassChoice, ...]:
    choices = []
    for one in passes_of(reader, at, member) if member else ():
        if pass_refusal(at, one, zone) is None:
            row = facts.row(reader, PASS, one.id)
            names = pass_name(reader, catalogue, read_text(PASS, row, "code"))
            choices.append(PassChoice(one.id, *names))
    return tuple(choices)


def _checks_to_reuse(
    reader: Reader, at: Here, held: Mapping[int, SeatSession]
) -> tuple[CheckView, ...]:
    """Walk-ins who were checked today and sit nowhere now."""
    seated = {session.identity_check for session in held.values()}
    found = []
    for check, row in session_facts.checks_of_day(reader, at.business_day):
        passed = read_text(IDENTITY_CHECK, row, "outcome") == PASSED
        if passed and not read_int(IDENTITY_CHECK, row, "member") and check not in seated:
            found.append(_check(reader, check))
    return tuple(found)


def _check(reader: Reader, check: int) -> CheckView:
    row = facts.row(reader, IDENTITY_CHECK, check)
    return CheckView(
        check,
        read_int(IDENTITY_CHECK, row, "checked_ms"),
        read_text(IDENTITY_CHECK, row, "name"),
        read_text(IDENTITY_CHECK, row, "document_number")[-4:],
        read_text(IDENTITY_CHECK, row, "outcome"),
        facts.staff_name(reader, read_int(IDENTITY_CHECK, row, "checker")),
    )


def _under_age(reader: Reader, at: Here) -> tuple[UnderAgeAlert, ...]:
    alerts = []
    for row in session_facts.refused_on(reader, at.business_day):
        seat = session_facts.seat(reader, read_int(IDENTITY_CHECK, row, "seat"))
        alerts.append(
            UnderAgeAlert(
                read_int(IDENTITY_CHECK, row, "checked_ms"),
                seat.name if seat is not None else "",
                facts.staff_name(reader, read_int(IDENTITY_CHECK, row, "checker")),
            )
        )
    return tuple(alerts)
