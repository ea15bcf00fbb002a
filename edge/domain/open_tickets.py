"""Open tickets: how this cafe sells, and tickets that are put aside, taken up again and merged.

In the mode `supermarket` a terminal has one ticket: scan and pay. In the mode `ticket` guests run
up tickets by seat, member or number, and pay when they leave; any terminal may take one up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from edge.domain.refusals import Refusal, refuse
from edge.domain.tickets import LINES_MAX

TICKET_MODE = "ticket"
KEPT_MAX = 60
"""Tickets put aside at once: more than a cafe of 200 seats has open."""
LABEL_LENGTH_MAX = 20


@dataclass(frozen=True, slots=True)
class CheckoutRule:
    """What the rule `counter` says of selling; `walk_in_number` stands for whoever has no card."""

    mode: str
    print_at_once: bool
    show_change: bool
    members_only: bool
    walk_in_number: str


def checkout_rule(row: Mapping[str, Any]) -> CheckoutRule:
    """The checkout's part of the rule `counter`."""
    return CheckoutRule(
        row["checkout"],
        row["print_at_once"],
        row["show_change"],
        row["members_only"],
        row["walk_in_number"],
    )


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """A ticket that is not paid: {sku: quantity}, whose it is, and what points are to pay.

    `label` is the seat, name or number that it is known by while it lies aside; `served_by` the
    staff member who earns its commission, 0 for whoever takes the money. `id` 0: not begun yet.
    """

    id: int = 0
    member: int = 0
    lines: Mapping[str, int] = field(default_factory=dict)
    offset: str = ""
    label: str = ""
    served_by: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to keep."""
        return not self.lines and not self.member

    def row(self) -> list[object]:
        """The ticket as a setting keeps it."""
        lines = [[sku, quantity] for sku, quantity in self.lines.items()]
        return [self.member, lines, self.id, self.offset, self.label, self.served_by]


def open_ticket(row: object) -> OpenTicket:
    """The ticket of `OpenTicket.row`; rows of an older release end earlier."""
    if not isinstance(row, list):
        return OpenTicket()
    member, lines, id, offset, label, served_by = [*row, "", "", 0][:6] if len(row) < 6 else row
    return OpenTicket(id, member, dict(lines), offset or "", label or "", served_by or 0)


Kept = tuple[OpenTicket, ...]


def keep(rule: CheckoutRule, ticket: OpenTicket, label: str, others: Kept) -> OpenTicket | Refusal:
    """Put a ticket aside under a label; without one it keeps its own, or gets the next number."""
    if rule.mode != TICKET_MODE:
        return refuse("checkout_supermarket")
    if not ticket.lines:
        return refuse("ticket_empty")
    if len(others) >= KEPT_MAX:
        return refuse("kept_tickets_full", limit=KEPT_MAX)
    taken = {other.label for other in others}
    name = label or ticket.label or _next_label(taken)
    if len(name) > LABEL_LENGTH_MAX:
        return refuse("field_too_long", field="label", limit=LABEL_LENGTH_MAX)
    if name in taken:
        return refuse("ticket_label_taken", label=name)
    return replace(ticket, label=name)


def merge(ticket: OpenTicket, other: OpenTicket) -> OpenTicket | Refusal:
    """Two tickets as one; it stays the first one's, the other's where that has no member."""
    lines = dict(ticket.lines)
    for sku, quantity in other.lines.items():
        lines[sku] = lines.get(sku, 0) + quantity
    if len(lines) > LINES_MAX:
        return refuse("ticket_full", limit=LINES_MAX)
    return replace(
        ticket,
        id=ticket.id or other.id,
        member=ticket.member or other.member,
        lines=lines,
        label=ticket.label or other.label,
        served_by=ticket.served_by or other.served_by,
    )


def found(kept: Kept, ticket: int) -> OpenTicket | None:
    """The ticket of an id among those put aside."""
    return next((one for one in kept if one.id == ticket), None)


def without(kept: Kept, ticket: int) -> Kept:
    """Those put aside but one."""
    return tuple(one for one in kept if one.id != ticket)


def _next_label(taken: Iterable[str]) -> str:
    used = set(taken)
    return next(f"#{number}" for number in range(1, KEPT_MAX + 2) if f"#{number}" not in used)
