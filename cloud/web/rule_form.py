"""A rule's form: its fields are `<row>.<column>`, rows from 1; a row is taken out or moved by its
`<row>.place`, where 0 or nothing takes it out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cloud.domain.refusals import Refusal
from cloud.domain.rule_cells import Value, cell_text, cell_value
from cloud.domain.rules import Fault, Rows
from sync_protocol.rules import CHOICES, ROWS_MAX, Rule

Cells = dict[str, str]
"""What stands in a row's fields, by column."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it was sent: what stands in its fields, and the rows or why they cannot be read."""

    cells: list[Cells]
    rows: Rows
    faults: list[Fault] = field(default_factory=list)


def cells_of(rule: Rule, rows: Rows) -> list[Cells]:
    """Return what the form shows for rows."""
    return [
        {
            column.name: cell_text(column, value)
            for column, value in zip(rule.columns, row, strict=True)
        }
        for row in rows
    ]


def read(rule: Rule, form: Mapping[str, object]) -> Filled:
    """Return a sent form's rows in the order of their places; a fault for each unreadable cell."""
    cells = [cells for _place, cells in sorted(_sent(rule, form), key=lambda row: row[0])]
    rows: Rows = []
    faults = []
    for number, row in enumerate(cells, 1):
        values: list[Value] = []
        for column in rule.columns:
            value = cell_value(column, row[column.name])
            if isinstance(value, Refusal):
                faults.append(Fault(number, column.name, value))
            else:
                values.append(value)
        rows.append(values)
    return Filled(cells, rows, faults)


def _sent(rule: Rule, form: Mapping[str, object]) -> list[tuple[int, Cells]]:
    """Return (place, cells) of each row that was sent and is to stay."""
    found = []
    for number in range(1, ROWS_MAX + 1):
        if f"{number}.row" not in form:
            break
        place = _text(form, f"{number}.place", False)
        is_place = place.isascii() and place.isdecimal() and len(place) < 6  # digits
        at = int(place) if is_place else 0
        if rule.single:
            at = 1
        if at:
            row = {
                column.name: _text(form, f"{number}.{column.name}", column.type == CHOICES)
                for column in rule.columns
            }
            found.append((at, row))
    return found


def _text(form: Mapping[str, object], name: str, several: bool) -> str:
    getall = getattr(form, "getall", None)
    if several and getall is not None:
        return " ".join(value for value in getall(name, []) if isinstance(value, str))
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""
