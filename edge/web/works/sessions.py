"""Works: the seat map's seats, the sessions at them, and the checks before them."""

from collections.abc import Mapping

from edge.domain.business_day import date_of
from edge.domain.members import IDENTITY_KINDS
from edge.web.actions import Action, Needs
from edge.web.translations import _
from edge.web.works.asked import Asked, Facts, Work

START = "start-session"


async def _seat(asked: Asked) -> Facts:
    detail = asked.desk.session_views.seat(_chosen_seat(asked))
    facts: Facts = {"detail": detail, "values": asked.values, "choices": None}
    if detail is not None and detail.session is None:
        facts |= await _start_facts(asked, detail.seat.id)
    elif detail is not None and detail.session is not None:
        member = detail.session.session.member
        view = await asked.desk.views.member(member) if member else None
        facts["spendable_fen"] = view.spendable_fen if view is not None else 0
    facts["offered"] = await asked.desk.money_views.tenders()
    return facts


def _chosen_seat(asked: Asked) -> int:
    """The seat that the address names, else that of the session which a command was about."""
    seat = _number(asked.query, "seat")
    done = asked.screen.done.answer.values if asked.screen.done else {}
    values = asked.values or {name: str(value) for name, value in done.items()}
    session = _number(values, "session")
    if not seat and session:
        seat = asked.desk.session_views.seat_of_session(session)
    return seat or _number(values, "seat")


async def _start(asked: Asked) -> Facts:
    seat = _number(asked.query, "seat") or _number(asked.values, "seat")
    facts = await _start_facts(asked, seat)
    return {**facts, "offered": await asked.desk.money_views.tenders()}


async def _start_facts(asked: Asked, seat: int) -> Facts:
    member = asked.screen.counter.member
    wanted = asked.values.get("guest", "")
    walk_in = wanted == "walk_in" or "walk-in" in asked.query
    guest = member.member if member is not None and not walk_in else 0
    views = asked.desk.session_views
    return {
        "guest": member if guest else None,
        "open_session": views.session_of_member(guest) if guest else None,
        "choices": views.start_choices(guest, seat),
        "documents": IDENTITY_KINDS,
        "values": asked.values,
    }


async def _sessions(asked: Asked) -> Facts:
    day = _day(asked.query.get("day", ""))
    views = asked.desk.session_views
    return {"day": day or asked.screen.counter.business_day, "sessions": views.sessions(day)}


async def _seats(asked: Asked) -> Facts:
    views = asked.desk.session_views
    seats = views.seats()
    return {
        "values": asked.values,
        "seats": seats,
        "zones": views.zones(),
        "next_row": max((seat.row for seat in seats), default=0) + 1,
    }


async def _identity_checks(asked: Asked) -> Facts:
    from_day = _day(asked.query.get("from_day", ""))
    to_day = _day(asked.query.get("to_day", ""))
    today = asked.screen.counter.business_day
    views = asked.desk.session_views
    return {
        "from_day": from_day or today,
        "to_day": to_day or today,
        "checks": views.identity_checks(from_day, to_day),
    }


def _number(values: Mapping[str, str], name: str) -> int:
    text = values.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 17 else 0


def _day(text: str) -> int:
    digits = text.replace("-", "")
    day = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) == 8 else 0
    return day if date_of(day) is not None else 0


WORKS: Mapping[str, Work] = {
    "seat": _seat,
    START: _start,
    "sessions": _sessions,
    "seats": _seats,
    "identity-checks": _identity_checks,
}
AFTER_ANSWER: Mapping[str, str] = {
    "set_up_seats": "seats",
    "edit_seat": "seats",
    "remove_seat": "seats",
    "close_seat": "seat",
    "reopen_seat": "seat",
    "pause_session": "seat",
    "resume_session": "seat",
    "change_seat": "seat",
    "prepay_session": "seat",
}
AFTER_REFUSAL: Mapping[str, str] = {
    **AFTER_ANSWER,
    "check_identity": START,
    "start_session": START,
    "end_session": "seat",
}
ACTIONS = (
    Action(START, _("Start a session"), "run_sessions", work=START, key="F5"),
    Action("seat-map", _("Seat map"), "look", work="sessions", key="F12", field="seat-first"),
    Action("sessions", _("Sessions of the day"), "look", work="sessions"),
    Action("seats", _("Set up seats"), "set_up_seats", work="seats"),
    Action("identity-checks", _("Identity checks"), "see_identity_checks", work="identity-checks"),
    Action(
        "walk-in-session",
        _("Start a session for a walk-in"),
        "run_sessions",
        Needs.MEMBER,
        work=f"{START}?walk-in",
    ),
)
