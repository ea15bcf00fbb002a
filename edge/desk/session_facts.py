"""Seats, sessions and identity checks as they stand: what commands and pages read."""

from edge.desk import facts
from edge.desk.catalogue import Catalogue
from edge.desk.numbers import paper_number
from edge.desk.passes import pass_name
from edge.desk.rules import Row
from edge.domain.decision import read_int, read_text
from edge.domain.identity_checks import PASSED
from edge.domain.pricing import NO_NAME, Name, Terms
from edge.domain.rates import Package, RatePlan, package_of, rate_plan
from edge.domain.seats import REMOVED, SEATS_MAX, Seat, seat_of_row
from edge.domain.session_bills import Labels
from edge.domain.sessions import UNDER_WAY, SeatSession, session_of_row
from edge.store.reader import Reader
from sync_protocol.kinds import IDENTITY_CHECK, PASS, SEAT, SESSION
from sync_protocol.registers import RegisterRow

SESSIONS_OF_A_DAY = 5_000
CHECKS_OF_A_DAY = 5_000


def seats(reader: Reader) -> list[Seat]:
    """The seats of this cafe by row and column; those that were taken away are left out."""
    found = (
        seat_of_row(int(document.key), document.shown)
        for document in reader.registers(SEAT, limit=SEATS_MAX * 10)
    )
    standing = [seat for seat in found if seat.status != REMOVED]
    return sorted(standing, key=lambda seat: (seat.row, seat.column, seat.name))


def seat(reader: Reader, id: int) -> Seat | None:
    """A seat of this cafe, None where there is none (any more)."""
    row = facts.row(reader, SEAT, id)
    found = seat_of_row(id, row) if row is not None else None
    return found if found is not None and found.status != REMOVED else None


def zones(reader: Reader, catalogue: Catalogue) -> dict[str, Name]:
    """The zones of head office: code -> name."""
    return {
        row["code"]: (row["name"] or row["code"], row["name_en"] or row["name"] or row["code"])
        for row in catalogue.rules(reader, "zones")
        if row["code"]
    }


def sessions_under_way(reader: Reader) -> list[tuple[SeatSession, RegisterRow]]:
    """All sessions that hold a seat, the oldest first."""
    found = [
        (session_of_row(int(document.key), document.shown), document.shown)
        for status in UNDER_WAY
        for document in reader.registers_where(SESSION, "status", status, limit=SEATS_MAX * 2)
    ]
    return sorted(found, key=lambda one: (one[0].started_ms, one[0].id))


def session(reader: Reader, id: int) -> tuple[SeatSession, RegisterRow] | None:
    """A session and its document, None where there is none."""
    row = facts.row(reader, SESSION, id)
    return (session_of_row(id, row), row) if row is not None else None


def session_at(reader: Reader, seat_id: int) -> SeatSession | None:
    """The session that holds a seat, None where it is free."""
    under_way = (session for session, _row in sessions_under_way(reader))
    return next((session for session in under_way if session.seat == seat_id), None)


def sessions_of_day(reader: Reader, business_day: int) -> list[SeatSession]:
    """The sessions that began on a business day, the latest first."""
    found = [
        session_of_row(int(document.key), document.shown)
        for document in reader.registers_where(
            SESSION, "business_day", business_day, limit=SESSIONS_OF_A_DAY
        )
    ]
    return sorted(found, key=lambda one: (-one.started_ms, one.id))


def check_of_person(
    reader: Reader, person: str, business_day: int
) -> tuple[int, RegisterRow] | None:
    """The check of a person on a business day, None where there is none; one that passed first."""
    found = [
        (int(document.key), document.shown)
        for document in reader.registers_where(IDENTITY_CHECK, "person", person, limit=1_000)
        if read_int(IDENTITY_CHECK, document.shown, "business_day") == business_day
    ]
    found.sort(key=lambda one: read_text(IDENTITY_CHECK, one[1], "outcome") != PASSED)
    return found[0] if found else None


def checks_of_day(reader: Reader, business_day: int) -> list[tuple[int, RegisterRow]]:
    """The checks of a business day, the latest first."""
    found = [
        (int(document.key), document.shown)
        for document in reader.registers_where(
            IDENTITY_CHECK, "business_day", business_day, limit=CHECKS_OF_A_DAY
        )
    ]
    return sorted(found, key=lambda one: -read_int(IDENTITY_CHECK, one[1], "checked_ms"))


def refused_on(reader: Reader, business_day: int) -> list[RegisterRow]:
    """The checks of minors who were turned away on a business day, the latest first."""
    found = [
        document.shown
        for document in reader.registers_where(
            IDENTITY_CHECK, "refused_day", business_day, limit=CHECKS_OF_A_DAY
        )
    ]
    return sorted(found, key=lambda row: -read_int(IDENTITY_CHECK, row, "checked_ms"))


def checks_of_person(reader: Reader, person: str) -> set[int]:
    """All checks of a person that are kept here."""
    found = reader.registers_where(IDENTITY_CHECK, "person", person, limit=1_000)
    return {int(document.key) for document in found}


def counter_rule(reader: Reader, catalogue: Catalogue) -> Row:
    """The rule `counter`: the age that one must have, whether walk-ins may sit down."""
    return catalogue.rules(reader, "counter")[0]


def plan_for(reader: Reader, catalogue: Catalogue, customer: Terms) -> RatePlan:
    """What time costs this guest from now on."""
    rates = catalogue.rule_in_force(reader, "rates")
    sessions = catalogue.rules(reader, "sessions")[0]
    return rate_plan(rates.rows, rates.version, sessions, customer)


def packages(reader: Reader, catalogue: Catalogue, customer: Terms) -> list[Package]:
    """The packages that this guest may have."""
    found = map(package_of, catalogue.rules(reader, "packages"))
    return [package for package in found if package.code and package.is_for(customer)]


def plan_name(reader: Reader, catalogue: Catalogue, session: SeatSession) -> Name:
    """What a session's package or pass is called; empty for none."""
    if session.pass_id:
        one = facts.row(reader, PASS, session.pass_id)
        return pass_name(reader, catalogue, read_text(PASS, one, "code"))
    for row in catalogue.rules(reader, "packages") if session.package else ():
        if row["code"] == session.package:
            return package_of(row).name
    return (session.package, session.package) if session.package else NO_NAME


def guest_name(reader: Reader, session: SeatSession) -> str:
    """Who sits there: the member's name, a walk-in's by the identity check."""
    if session.member:
        return facts.member_name(reader, session.member)
    check = facts.row(reader, IDENTITY_CHECK, session.identity_check)
    return read_text(IDENTITY_CHECK, check, "name")


def labels(reader: Reader, catalogue: Catalogue, session: SeatSession, at_seat: Seat) -> Labels:
    """What the slips of a session say beside figures."""
    was_at = [seat(reader, one.seat) for one in session.stretches]
    return Labels(
        paper_number(reader, session.business_day, session.number),
        guest_name(reader, session),
        at_seat.name,
        plan_name(reader, catalogue, session),
        tuple(dict.fromkeys(one.name for one in was_at if one is not None)),
    )
