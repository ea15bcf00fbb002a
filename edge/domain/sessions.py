"""Sessions: a guest's time at seats, from the start to the end; `session_bills` says what it costs.

A session is a list of stretches, each at one seat; pauses lie between them. What it was sold on is
kept in its document: the rate plan, what a package or pass covers, what was paid before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edge.domain.charges import MINUTE_MS, Stretch, used_minutes
from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    NewOp,
    document_change,
)
from edge.domain.rates import RatePlan, plan_fields, plan_of_fields
from edge.domain.refusals import Refusal, refuse
from edge.domain.seats import OPEN, Seat
from sync_protocol.kinds import KINDS, SESSION
from sync_protocol.registers import RegisterRow

RUNNING = "running"
PAUSED = "paused"
OVER = "over"
"""The time is up; the bill waits for a person."""
ENDED = "ended"
UNDER_WAY = (RUNNING, PAUSED, OVER)
"""The statuses of a session that holds its seat."""

POSTPAID = "postpaid"
PREPAID = "prepaid"
PACKAGE = "package"
BY_PASS = "pass"  # noqa: S105  # a pass of the counter, no password
PAYMENTS = (POSTPAID, PREPAID, PACKAGE, BY_PASS)
"""What a session runs on; all but the first end when they are used up."""

SESSION_MINUTES_MAX = 3 * 24 * 60
"""How far ahead an end is reckoned: time that costs nothing has one too."""

RESTARTED = "restarted"
"""Mark of a session: the box was off under a clock that nobody vouches for; that time is free."""
STEPPED = "stepped"
"""Mark of a session: the wall clock was set meanwhile; its time was measured all the same."""


@dataclass(frozen=True, slots=True)
class SeatStretch:
    """Time at one seat, in milliseconds since 1970; `to_ms` 0: it goes on."""

    seat: int
    zone: str
    from_ms: int
    to_ms: int = 0


@dataclass(frozen=True, slots=True)
class Cover:
    """What of a session a package or a pass pays: its first minutes, in some zones (empty: all).

    `until_ms`: a pass for set hours ends then, pauses or not; 0 for none.
    """

    minutes: int = 0
    zones: str = ""
    until_ms: int = 0

    def holds_in(self, zone: str) -> bool:
        """Whether it holds in a zone."""
        return not self.zones or zone in self.zones.split()


NO_COVER = Cover()


@dataclass(frozen=True, slots=True)
class SeatSession:
    """A session, as its document says. `member` 0: a walk-in.

    `paid` are the lines of what was paid before, `prepaid_fen` comes to the same; of it
    `package_fen` is the package's price. `ends_ms` is when that is used up, 0 where nothing ends
    it or it is paused. `clock_note` is a mark, empty while the clock ran on.
    """

    id: int
    number: int
    member: int
    seat: int
    status: str
    started_ms: int
    business_day: int
    stretches: tuple[SeatStretch, ...]
    payment: str
    plan: RatePlan
    identity_check: int = 0
    package: str = ""
    pass_id: int = 0
    cover: Cover = NO_COVER
    package_fen: int = 0
    prepaid_fen: int = 0
    paid: tuple[tuple[str, int, str], ...] = ()
    ends_ms: int = 0
    warned_ms: int = 0
    clock_note: str = ""
    ended_ms: int = 0
    charged_fen: int = 0
    minutes: int = 0
    sale: int = 0

    @property
    def ends_by_itself(self) -> bool:
        """Whether what was paid before bounds it."""
        return self.payment != POSTPAID

    def stretches_at(self, now_ms: int) -> tuple[Stretch, ...]:
        """Its time up to a moment."""
        return tuple(
            Stretch(one.zone, one.from_ms, one.to_ms or max(now_ms, one.from_ms))
            for one in self.stretches
        )

    def used_ms(self, now_ms: int) -> int:
        """How long it has lasted, pauses left out."""
        return sum(one.to_ms - one.from_ms for one in self.stretches_at(now_ms))

    def used_minutes(self, now_ms: int) -> int:
        """The same in minutes, the begun one whole."""
        return used_minutes(self.stretches_at(now_ms))


_FIELDS = tuple(field.name for field in KINDS[SESSION].fields)


def session_of_row(id: int, row: RegisterRow) -> SeatSession:
    """The session of its document."""
    told = {name: row.value(index) for index, name in enumerate(_FIELDS)}
    kept: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
    return SeatSession(
        id,
        kept["number"],
        kept["member"],
        kept["seat"],
        kept["status"],
        kept["started_ms"],
        kept["business_day"],
        tuple(SeatStretch(*one) for one in kept["stretches"]),
        kept["payment"],
        plan_of_fields(
            kept["tier"], kept["rule_version"], kept["rates"], kept["terms"], kept["discount"]
        ),
        kept["identity_check"],
        kept["package"],
        kept["pass"],
        Cover(kept["covered_minutes"], kept["covered_zones"], kept["covered_until_ms"]),
        kept["package_fen"],
        kept["prepaid_fen"],
        tuple((code, fen, reference) for code, fen, reference in kept["paid"]),
        kept["ends_ms"],
        kept["warned_ms"],
        kept["clock_note"],
        kept["ended_ms"],
        kept["charged_fen"],
        kept["minutes"],
        kept["sale"],
    )


def document_of(here: Here, session: SeatSession, row: RegisterRow | None) -> NewOp:
    """The op that makes a session's document say what it is now: what differs, or all of it."""
    values = _fields(session)
    if row is not None:
        before = _fields(session_of_row(session.id, row))
        values = {name: value for name, value in values.items() if value != before[name]}
    return document_change(here, SESSION, session.id, row, values)


def _fields(session: SeatSession) -> dict[str, object]:
    return {
        "number": session.number,
        "member": session.member,
        "seat": session.seat,
        "status": session.status,
        "started_ms": session.started_ms,
        "ended_ms": session.ended_ms,
        "business_day": session.business_day,
        "stretches": [[one.seat, one.zone, one.from_ms, one.to_ms] for one in session.stretches],
        "identity_check": session.identity_check,
        "payment": session.payment,
        "package": session.package,
        "pass": session.pass_id,
        "covered_minutes": session.cover.minutes,
        "covered_zones": session.cover.zones,
        "covered_until_ms": session.cover.until_ms,
        "package_fen": session.package_fen,
        "prepaid_fen": session.prepaid_fen,
        "paid": [list(line) for line in session.paid],
        "ends_ms": session.ends_ms,
        "warned_ms": session.warned_ms,
        "clock_note": session.clock_note,
        "charged_fen": session.charged_fen,
        "minutes": session.minutes,
        "sale": session.sale,
        **plan_fields(session.plan),
    }


def with_end(session: SeatSession, now_ms: int, utc_offset_min: int) -> SeatSession:
    """The session with the moment at which what was paid is used up, and no warning given yet."""
    if not session.ends_by_itself or session.status != RUNNING:
        return replace(session, ends_ms=0, warned_ms=0)
    stretches = session.stretches_at(now_ms)
    allowed = session.plan.minutes(
        session.prepaid_fen - session.package_fen,
        stretches,
        utc_offset_min,
        used_minutes(stretches) + SESSION_MINUTES_MAX,
        session.cover.minutes,
    )
    left_ms = allowed * MINUTE_MS - session.used_ms(now_ms)
    return replace(session, ends_ms=now_ms + max(left_ms, 0), warned_ms=0)


def seat_refusal(seat: Seat | None, taken: bool) -> Refusal | None:
    """Why nobody may sit down at a seat, None where one may."""
    if seat is None:
        return refuse("seat_unknown")
    if seat.status != OPEN:
        return refuse("seat_out_of_order", seat=seat.name)
    return refuse("seat_in_use", seat=seat.name) if taken else None


def change_seat(here: Here, session: SeatSession, row: RegisterRow, seat: Seat) -> Judgement:
    """Go on at another seat; from now on its zone's price counts."""
    if session.status not in (RUNNING, PAUSED):
        return refuse("session_not_running")
    if not session.cover.holds_in(seat.zone):
        return refuse("session_other_zone", zones=session.cover.zones)
    moved = replace(session, seat=seat.id)
    if session.status == RUNNING:
        closed = _closed(session.stretches, here.now_ms)
        moved = replace(moved, stretches=(*closed, SeatStretch(seat.id, seat.zone, here.now_ms)))
    moved = with_end(moved, here.now_ms, here.utc_offset_min)
    values = {"session": session.id, "seat": seat.id, "member": session.member}
    return Decision((document_of(here, moved, row),), values=values)


def pause(here: Here, session: SeatSession, row: RegisterRow) -> Judgement:
    """Let the time stand still; the seat stays taken."""
    if session.status != RUNNING:
        return refuse("session_not_running")
    stretches = _closed(session.stretches, here.now_ms)
    paused = replace(session, status=PAUSED, stretches=stretches, ends_ms=0, warned_ms=0)
    return Decision((document_of(here, paused, row),), values=_told(session))


def resume(here: Here, session: SeatSession, row: RegisterRow, seat: Seat) -> Judgement:
    """Let the time go on; the hours of a pass have gone on meanwhile."""
    if session.status != PAUSED:
        return refuse("session_not_paused")
    cover = session.cover
    if cover.until_ms:
        left = -(-max(cover.until_ms - here.now_ms, 0) // MINUTE_MS)
        minutes = min(cover.minutes, session.used_minutes(here.now_ms) + left)
        cover = replace(cover, minutes=minutes)
    running = replace(
        session,
        status=RUNNING,
        cover=cover,
        stretches=(*session.stretches, SeatStretch(seat.id, seat.zone, here.now_ms)),
    )
    running = with_end(running, here.now_ms, here.utc_offset_min)
    return Decision((document_of(here, running, row),), values=_told(session))


def stopped(session: SeatSession, at_ms: int, status: str) -> SeatSession:
    """The session with its time ended at a moment."""
    return replace(
        session,
        status=status,
        stretches=_closed(session.stretches, at_ms),
        ended_ms=session.ended_ms or at_ms,
        ends_ms=0,
    )


def moved_in_time(session: SeatSession, by_ms: int, note: str) -> SeatSession:
    """The session on a wall clock that has been set: all its moments go along."""

    def moved(moment_ms: int) -> int:
        return moment_ms + by_ms if moment_ms else 0

    return replace(
        session,
        started_ms=session.started_ms + by_ms,
        stretches=tuple(
            replace(one, from_ms=one.from_ms + by_ms, to_ms=moved(one.to_ms))
            for one in session.stretches
        ),
        cover=replace(session.cover, until_ms=moved(session.cover.until_ms)),
        ends_ms=moved(session.ends_ms),
        warned_ms=moved(session.warned_ms),
        ended_ms=moved(session.ended_ms),
        clock_note=RESTARTED if RESTARTED in (note, session.clock_note) else note,
    )


def _closed(stretches: Sequence[SeatStretch], at_ms: int) -> tuple[SeatStretch, ...]:
    """Stretches of which none goes on."""
    return tuple(
        one if one.to_ms else replace(one, to_ms=max(at_ms, one.from_ms)) for one in stretches
    )


def _told(session: SeatSession) -> Mapping[str, object]:
    return {"session": session.id, "seat": session.seat, "member": session.member}
