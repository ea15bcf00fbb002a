"""Seats: set up on a grid in batches, taken out of order and back; the states that a map shows."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge.domain.amounts import check_quantity
from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    document_change,
    read_int,
    read_text,
)
from edge.domain.refusals import Refusal, refuse
from sync_protocol.kinds import SEAT
from sync_protocol.registers import RegisterRow

SEATS_MAX = 300
"""Of one cafe: more than the largest floor has, few enough to be read at once."""
GRID_MAX = 99
NAME_LENGTH_MAX = 12
NOTE_LENGTH_MAX = 100

OPEN = "open"
OUT_OF_ORDER = "out_of_order"
REMOVED = "removed"


class SeatState(StrEnum):
    """How a seat stands on the map; a colour and a shape each."""

    FREE = "free"
    IN_USE = "in_use"
    ENDING = "ending"
    """Its session ends within the minutes of the warning."""
    PAUSED = "paused"
    OVER = "over"
    """Its time is up, and the bill is not settled."""
    OUT_OF_ORDER = "out_of_order"


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat of this cafe; rows and columns count from 1."""

    id: int
    name: str
    zone: str
    row: int
    column: int
    status: str = OPEN
    note: str = ""


def seat_of_row(id: int, document: RegisterRow | None) -> Seat:
    """The seat of its document."""
    return Seat(
        id,
        read_text(SEAT, document, "name"),
        read_text(SEAT, document, "zone"),
        read_int(SEAT, document, "row"),
        read_int(SEAT, document, "column"),
        read_text(SEAT, document, "status"),
        read_text(SEAT, document, "note"),
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """Seats to set up: names from `prefix` and numbers, laid out from a place on, row by row.

    The numbers, the place and `per_row` are as typed.
    """

    prefix: str
    first: object
    last: object
    zone: str
    row: object
    column: object
    per_row: object


def set_up(
    here: Here, batch: Batch, zones: Collection[str], standing: Sequence[Seat], ids: Iterable[int]
) -> Judgement:
    """Set up a batch; refused as a whole where a name or a place is taken."""
    planned = _plan(batch)
    if isinstance(planned, Refusal):
        return planned
    if batch.zone not in zones:
        return refuse("zone_unknown", zone=batch.zone)
    if len(standing) + len(planned) > SEATS_MAX:
        return refuse("seats_too_many", limit=SEATS_MAX)
    made = [
        Seat(id, name, batch.zone, row, column)
        for id, (name, row, column) in zip(ids, planned, strict=False)
    ]
    for seat in made:
        refusal = _clash(seat, standing)
        if refusal is not None:
            return refusal
    ops = [document_change(here, SEAT, seat.id, None, _values(seat)) for seat in made]
    return Decision(tuple(ops), values={"seats": [seat.id for seat in made]})


def _plan(batch: Batch) -> list[tuple[str, int, int]] | Refusal:
    """(name, row, column) of each seat of a batch."""
    checked = _checked_numbers(batch)
    if isinstance(checked, Refusal):
        return checked
    first, last, row, column, per_row = checked
    if last < first:
        return refuse("seat_numbers_invalid")
    if last - first >= SEATS_MAX:
        return refuse("seats_too_many", limit=SEATS_MAX)
    width = max(len(str(last)), 2)
    planned = []
    for place, number in enumerate(range(first, last + 1)):
        name = f"{batch.prefix}{number:0{width}d}"
        if not _is_name(name):
            return refuse("seat_name_invalid", limit=NAME_LENGTH_MAX)
        at = (row + place // per_row, column + place % per_row)
        if max(at) > GRID_MAX:
            return refuse("seat_place_invalid", limit=GRID_MAX)
        planned.append((name, *at))
    return planned


def _checked_numbers(batch: Batch) -> tuple[int, ...] | Refusal:
    numbers = []
    for value in (batch.first, batch.last, batch.row, batch.column, batch.per_row):
        number = check_quantity(value)
        if isinstance(number, Refusal):
            return number
        numbers.append(number)
    if max(numbers[2:]) > GRID_MAX:
        return refuse("seat_place_invalid", limit=GRID_MAX)
    return tuple(numbers)


def change(
    here: Here,
    wanted: Seat,
    document: RegisterRow,
    zones: Collection[str],
    standing: Iterable[Seat],
    *,
    in_use: bool,
) -> Judgement:
    """Give a seat another name, zone or place; nobody sits there meanwhile."""
    if in_use:
        return refuse("seat_in_use", seat=read_text(SEAT, document, "name"))
    if not _is_name(wanted.name):
        return refuse("seat_name_invalid", limit=NAME_LENGTH_MAX)
    if wanted.zone not in zones:
        return refuse("zone_unknown", zone=wanted.zone)
    if max(wanted.row, wanted.column) > GRID_MAX:
        return refuse("seat_place_invalid", limit=GRID_MAX)
    refusal = _clash(wanted, [seat for seat in standing if seat.id != wanted.id])
    if refusal is not None:
        return refusal
    op = document_change(here, SEAT, wanted.id, document, _values(wanted))
    return Decision((op,), values={"seat": wanted.id})


def set_status(
    here: Here, seat: Seat, document: RegisterRow, status: str, note: str, *, in_use: bool
) -> Judgement:
    """Take a seat out of order, put it back, or away for good."""
    if in_use:
        return refuse("seat_in_use", seat=seat.name)
    if len(note) > NOTE_LENGTH_MAX:
        return refuse("field_too_long", field="note", limit=NOTE_LENGTH_MAX)
    op = document_change(here, SEAT, seat.id, document, {"status": status, "note": note})
    return Decision((op,), values={"seat": seat.id, "status": status})


def _is_name(name: str) -> bool:
    return 1 <= len(name) <= NAME_LENGTH_MAX and name.isprintable() and name == name.strip()


def _clash(wanted: Seat, standing: Iterable[Seat]) -> Refusal | None:
    for seat in standing:
        if seat.name == wanted.name:
            return refuse("seat_name_taken", seat=seat.name)
        if (seat.row, seat.column) == (wanted.row, wanted.column):
            return refuse("seat_place_taken", seat=seat.name, row=seat.row, column=seat.column)
    return None


def _values(seat: Seat) -> dict[str, object]:
    return {
        "name": seat.name,
        "zone": seat.zone,
        "row": seat.row,
        "column": seat.column,
        "status": seat.status,
        "note": seat.note,
    }
