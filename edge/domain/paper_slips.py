"""Slips for hours without the box: printed in advance, filled in by hand, entered once each.

A slip has a number and a code that only this chain can print (`paper_codes`), and blanks for what
happened. Entering it makes the top-up or sale that it tells of, under the shift of whoever enters
it, and closes the slip in the same commit: it cannot be entered twice, and what is missing of a
book stands in the list of open numbers.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    PrintSlip,
    document_change,
    read_int,
    read_text,
)
from edge.domain.paper_codes import normal_code
from edge.domain.refusals import Refusal, refuse
from sync_protocol.kinds import PAPER_SLIP, SALE, TOP_UP
from sync_protocol.registers import RegisterRow

BOOK_MAX = 15
"""Slips of one book: they fit on one paper."""
OPEN_MAX = 500
"""Slips that may be open at once; whoever wants more finds out first where the others are."""
ENTRY_DAYS_MAX = 31
"""How long after it happened a slip may be entered."""
OPEN, ENTERED, SPOILT = "open", "entered", "spoilt"
TOP_UP_FORM, SPEND_FORM = "top_up", "spend"
FORMS = (TOP_UP_FORM, SPEND_FORM)
"""What a slip may tell of: money that came in, or something that was bought."""
_DOCUMENTS = {TOP_UP_FORM: TOP_UP, SPEND_FORM: SALE}
_MINUTE_MS = 60_000
_DAY_MS = 24 * 60 * _MINUTE_MS


@dataclass(frozen=True, slots=True)
class PaperSlip:
    """A slip of this cafe; `paper` is its number as it is printed, `code` the right code."""

    key: str
    number: int
    paper: str
    code: str
    row: RegisterRow | None = None

    @property
    def status(self) -> str:
        """OPEN, ENTERED or SPOILT; empty for one that was never printed."""
        return read_text(PAPER_SLIP, self.row, "status")


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands on a slip; `document` is the sale or top-up that it became."""

    form: str
    member: int
    amount_fen: int
    happened_ms: int
    staff: int
    document: int


def slip_key(cafe: int, number: int) -> str:
    """The key of a slip's document; those of a cafe stand in order of their numbers."""
    return f"{cafe}.{number:08d}"


def print_book(here: Here, slips: Sequence[PaperSlip], staff: int, already_open: int) -> Judgement:
    """Print new slips, each with its number and code."""
    if already_open + len(slips) > OPEN_MAX:
        return refuse("paper_slips_open", open=already_open, limit=OPEN_MAX)
    ops = tuple(
        document_change(
            here,
            PAPER_SLIP,
            slip.key,
            None,
            {
                "number": slip.number,
                "code": slip.code,
                "printed_ms": here.now_ms,
                "printed_by": staff,
                "status": OPEN,
            },
        )
        for slip in slips
    )
    printed = [[slip.paper, slip.code] for slip in slips]
    values = {"first": slips[0].paper, "last": slips[-1].paper, "slips": printed}
    return Decision(ops, (PrintSlip("paper_slips", {"slips": printed}),), values)


def moment_of(text: str, utc_offset_min: int) -> int | Refusal:
    """Milliseconds since 1970 of a local time as people write it: `2027-03-01 02:15`."""
    zone = timezone(timedelta(minutes=utc_offset_min))
    try:
        moment = datetime.fromisoformat(text.strip()).replace(tzinfo=zone)
        return int(moment.timestamp()) * 1000
    except (ValueError, OverflowError):
        return refuse("field_invalid", field="happened_at")


def entry_refusal(here: Here, slip: PaperSlip, typed_code: str, happened_ms: int) -> Refusal | None:
    """Why a slip cannot be entered, None where it can."""
    refusal = closing_refusal(slip, typed_code)
    if refusal is not None:
        return refusal
    printed_ms = read_int(PAPER_SLIP, slip.row, "printed_ms")
    if happened_ms > here.now_ms or happened_ms < printed_ms - printed_ms % _MINUTE_MS:
        return refuse("paper_slip_time", number=slip.paper)
    if here.now_ms - happened_ms > ENTRY_DAYS_MAX * _DAY_MS:
        return refuse("paper_slip_too_old", days=ENTRY_DAYS_MAX)
    return None


def closing_refusal(slip: PaperSlip, typed_code: str) -> Refusal | None:
    """Why a slip is none of ours, or is closed already."""
    right = hmac.compare_digest(normal_code(typed_code).encode(), slip.code.encode())
    if not slip.status or not right:
        return refuse("paper_slip_unknown", number=slip.paper)
    if slip.status == ENTERED:
        return refuse("paper_slip_entered", number=slip.paper)
    if slip.status == SPOILT:
        return refuse("paper_slip_spoilt", number=slip.paper)
    return None


def entered(here: Here, slip: PaperSlip, entry: Entry, made: Decision) -> Decision:
    """What a slip told of was `made`; close the slip and mark the document with its number."""
    mark = document_change(
        here, _DOCUMENTS[entry.form], entry.document, None, {"paper_slip": slip.number}
    )
    closed = document_change(
        here,
        PAPER_SLIP,
        slip.key,
        slip.row,
        {
            "status": ENTERED,
            "form": entry.form,
            "member": entry.member,
            "amount_fen": entry.amount_fen,
            "happened_ms": entry.happened_ms,
            "entered_ms": here.now_ms,
            "entered_by": entry.staff,
            "document": entry.document,
        },
    )
    effects = tuple(
        PrintSlip(effect.slip, {**effect.facts, "paper_slip": slip.paper}, effect.at_once)
        if isinstance(effect, PrintSlip)
        else effect
        for effect in made.effects
    )
    return Decision((*made.ops, mark, closed), effects, {**made.values, "paper_slip": slip.paper})


def spoil(here: Here, slip: PaperSlip, typed_code: str, note: str, staff: int) -> Judgement:
    """A slip was torn or lost: nobody may enter it any more."""
    refusal = closing_refusal(slip, typed_code)
    if refusal is not None:
        return refusal
    values = {"status": SPOILT, "note": note, "entered_ms": here.now_ms, "entered_by": staff}
    op = document_change(here, PAPER_SLIP, slip.key, slip.row, values)
    return Decision((op,), values={"paper_slip": slip.paper})
