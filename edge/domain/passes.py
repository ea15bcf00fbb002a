"""Passes: so many visits, or all of a period, paid once; valid by day, hour, weekday and zone.

The visits of a pass stand in an account of its own (`visits:<pass>`), held where the pass was sold
until another cafe asks for them: so one visit is used once in the whole chain, without a line too.
A period pass has no visits: its days alone count. A pass for hours over midnight belongs to the day
on which they begin.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from edge.domain.bands import Band, weekdays_of
from edge.domain.business_day import date_of, day_number, local_time
from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    NewOp,
    Posting,
    PrintSlip,
    document_change,
    own,
    plain,
    read_int,
    read_text,
    transaction,
)
from edge.domain.parts import Part, lowered, take, total
from edge.domain.refusals import Refusal, refuse
from sync_protocol.accounts import VISITS, VISITS_HELD, VISITS_ISSUED
from sync_protocol.kinds import PASS
from sync_protocol.ledger import REASON_PASS_USE
from sync_protocol.registers import RegisterRow

BY_VISITS = "visits"
BY_PERIOD = "period"
LINE_PREFIX = "pass:"
"""What the line of a pass's sale begins with; its code follows."""
ACTIVE = "active"
REFUNDED = "refunded"
DAYS_MAX = 36_500
"""Of a pass: a rule's number may be larger than the calendar."""


@dataclass(frozen=True, slots=True)
class PassOffer:
    """A row of the rule `passes`. `days` counts the first; minutes are those of the local day."""

    code: str
    name: tuple[str, str]
    form: str
    price_fen: int
    visits: int
    days: int
    zones: str
    from_minute: int
    to_minute: int
    weekdays: str

    @property
    def band(self) -> Band:
        """When it holds."""
        return Band(self.from_minute, self.to_minute, weekdays_of(self.weekdays))


def pass_offer(row: Mapping[str, Any]) -> PassOffer:
    """The offer of its row."""
    return PassOffer(
        row["code"],
        (row["name"] or row["code"], row["name_en"] or row["name"] or row["code"]),
        row["form"],
        row["price_fen"],
        row["visits"],
        row["days"],
        row["zones"],
        row["from_minute"],
        row["to_minute"],
        row["weekdays"],
    )


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass that somebody has. `visits_here` is what this node holds, `visits` all that is left.

    `member` 0: whoever shows the slip.
    """

    id: int
    member: int
    code: str
    form: str
    sold_cafe: int
    from_day: int
    to_day: int
    zones: str
    from_minute: int
    to_minute: int
    weekdays: str
    price_fen: int
    status: str
    sale: int
    visits_here: tuple[Part, ...] = ()
    visits: int = 0

    @property
    def band(self) -> Band:
        """When it holds."""
        return Band(self.from_minute, self.to_minute, weekdays_of(self.weekdays))


def pass_of_row(
    id: int, row: RegisterRow, visits_here: tuple[Part, ...] = (), visits: int = 0
) -> Pass:
    """The pass of its document."""
    return Pass(
        id,
        read_int(PASS, row, "member"),
        read_text(PASS, row, "code"),
        read_text(PASS, row, "form"),
        read_int(PASS, row, "sold_cafe"),
        read_int(PASS, row, "from_day"),
        read_int(PASS, row, "to_day"),
        read_text(PASS, row, "zones"),
        read_int(PASS, row, "from_minute"),
        read_int(PASS, row, "to_minute"),
        read_text(PASS, row, "weekdays"),
        read_int(PASS, row, "price_fen"),
        read_text(PASS, row, "status"),
        read_int(PASS, row, "sale"),
        visits_here,
        visits,
    )


def valid_days(offer: PassOffer, at_ms: int, utc_offset_min: int) -> tuple[int, int]:
    """(first, last) day of a pass sold at a moment, each yyyymmdd; the last 0: without end."""
    first = offer.band.began_on(local_time(at_ms, utc_offset_min))
    days = min(offer.days, DAYS_MAX)
    last = day_number(first + timedelta(days=days - 1)) if days else 0
    return day_number(first), last


def new_pass(
    here: Here, id: int, sale: int, member: int, offer: PassOffer, number: str = ""
) -> tuple[NewOp, list[Posting]]:
    """The document of a pass that was just sold, and the postings of its visits.

    `number` stands on its slip, for a scanner: whoever shows the slip may use it.
    """
    from_day, to_day = valid_days(offer, here.now_ms, here.utc_offset_min)
    values: dict[str, object] = {
        "member": member,
        "code": offer.code,
        "form": offer.form,
        "sold_cafe": here.cafe,
        "from_day": from_day,
        "to_day": to_day,
        "zones": offer.zones,
        "from_minute": offer.from_minute,
        "to_minute": offer.to_minute,
        "weekdays": offer.weekdays,
        "price_fen": offer.price_fen,
        "status": ACTIVE,
        "sale": sale,
        "visits": offer.visits if offer.form == BY_VISITS else 0,
        "number": number,
    }
    visits = offer.visits if offer.form == BY_VISITS else 0
    postings = [
        own(here, VISITS_HELD, id, VISITS, -visits),
        plain(VISITS_ISSUED, id, VISITS, visits),
    ]
    return document_change(here, PASS, id, None, values), postings


def is_of_pass(lines: Sequence[object]) -> bool:
    """Whether a sale's lines are those of a pass, which ends when its money goes back."""
    return any(isinstance(line, list) and str(line[0]).startswith(LINE_PREFIX) for line in lines)


def pass_refusal(here: Here, one: Pass, zone: str) -> Refusal | None:
    """Why a pass does not hold here and now, None where it does. An empty zone is not asked for."""
    if one.status != ACTIVE:
        return refuse("pass_not_active")
    at = local_time(here.now_ms, here.utc_offset_min)
    minute = at.hour * 60 + at.minute
    if not one.band.covers(minute):
        return refuse("pass_other_hours", hours=one.band.hours)
    day = one.band.began_on(at)
    if day_number(day) < one.from_day:
        return refuse("pass_not_yet", day=one.from_day)
    if one.to_day and day_number(day) > one.to_day:
        return refuse("pass_expired", day=one.to_day)
    if not one.band.holds(at.isoweekday(), minute):
        return refuse("pass_other_weekday", weekdays=one.weekdays)
    if zone and one.zones and zone not in one.zones.split():
        return refuse("pass_other_zone", zones=one.zones)
    if one.form == BY_PERIOD:
        return None
    if one.visits <= 0:
        return refuse("pass_used_up")
    if here.spending_stopped:
        return refuse("spending_stopped")
    if total(one.visits_here) <= 0:
        return refuse("pass_cut_off" if here.cut_off else "pass_elsewhere", visits=one.visits)
    return None


def use_postings(here: Here, one: Pass) -> list[Posting]:
    """Postings that use one visit of a pass which `pass_refusal` let through; none of a period."""
    if one.form == BY_PERIOD:
        return []
    taken = take(one.visits_here, 1)
    return [*lowered(here, taken), plain(VISITS_ISSUED, one.id, VISITS, -total(taken))]


def use_pass(here: Here, one: Pass, zone: str, name: str, pass_name: tuple[str, str]) -> Judgement:
    """Use a pass once, at the counter."""
    refusal = pass_refusal(here, one, zone)
    if refusal is not None:
        return refusal
    postings = use_postings(here, one)
    left = one.visits - len(postings) // 2
    ops = (transaction(here, REASON_PASS_USE, postings, document=one.id),) if postings else ()
    facts = {"name": name, "pass_name": pass_name, "left": left, "to_day": one.to_day}
    values = {"pass": one.id, "member": one.member, "visits": left, "to_day": one.to_day}
    return Decision(ops, (PrintSlip("pass_use", {**facts, "form": one.form}),), values)


def is_over(one: Pass, today: int) -> bool:
    """Whether a pass's last day is past."""
    return 0 < one.to_day < today


def refundable_fen(one: Pass, offer_visits: int, today: int) -> int:
    """What of a pass's price is not used up: by visits, or by days that have not begun; floored.

    After its last day nothing is given back, however many visits are left: whoever sold it kept
    the seats free for so long. `offer_visits` is how many it was sold with.
    """
    if is_over(one, today):
        return 0
    if one.form == BY_VISITS:
        return one.price_fen * min(one.visits, offer_visits) // max(offer_visits, 1)
    first, last, now = date_of(one.from_day), date_of(one.to_day), date_of(today)
    if first is None or last is None or now is None:
        return 0
    days = (last - first).days + 1
    left = min(max((last - now).days, 0), days)
    return one.price_fen * left // days


def taken_back(here: Here, one: Pass, row: RegisterRow) -> tuple[NewOp, list[Posting]] | Refusal:
    """The end of a pass whose money goes back: its visits here, and its document."""
    if one.status != ACTIVE:
        return refuse("pass_not_active")
    if total(one.visits_here) < one.visits:
        return refuse("pass_cut_off" if here.cut_off else "pass_elsewhere", visits=one.visits)
    gone = total(one.visits_here)
    postings = [*lowered(here, one.visits_here), plain(VISITS_ISSUED, one.id, VISITS, -gone)]
    return document_change(here, PASS, one.id, row, {"status": REFUNDED}), postings


def best_pass(here: Here, passes: Sequence[Pass], zone: str) -> Pass | None:
    """The pass to use now: of those that hold, the one that ends first."""
    holding = [one for one in passes if pass_refusal(here, one, zone) is None]
    return min(holding, key=lambda one: (one.to_day or 99991231, one.id), default=None)
