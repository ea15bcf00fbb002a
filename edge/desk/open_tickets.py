"""The open tickets of this box, kept in the store: a power cut loses no line of them."""

from dataclasses import replace

from edge.desk import facts
from edge.desk.catalogue import Catalogue
from edge.desk.pricing import gifts_of, offset_named, terms_of
from edge.desk.screens import TERMINALS_MAX
from edge.domain.decision import Here
from edge.domain.open_tickets import (
    CheckoutRule,
    Kept,
    OpenTicket,
    checkout_rule,
    open_ticket,
)
from edge.domain.pricing import Offset
from edge.domain.products import customer_refusal, scope_refusal
from edge.domain.redemptions import gift_key, tier_refusal
from edge.domain.refusals import Refusal, refuse
from edge.domain.tickets import Ticket, TicketLine
from edge.domain.tiers import ladder_of
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction

_KEPT = "kept_tickets"


def checkout(reader: Reader, catalogue: Catalogue) -> CheckoutRule:
    """How this cafe sells."""
    return checkout_rule(catalogue.rules(reader, "counter")[0])


def ticket_at(reader: Reader, terminal: int) -> OpenTicket:
    """The ticket in hand at a terminal, an empty one where there is none."""
    return _of_person(reader, open_ticket(reader.setting(_setting(terminal))))


def put_ticket(transaction: WriteTransaction, terminal: int, ticket: OpenTicket) -> None:
    """Keep the ticket in hand of a terminal."""
    transaction.set_setting(_setting(terminal), None if ticket.is_empty else ticket.row())


def kept_tickets(reader: Reader) -> Kept:
    """The tickets that were put aside, the first one first."""
    rows = reader.setting(_KEPT)
    tickets = map(open_ticket, rows) if isinstance(rows, list) else ()
    return tuple(_of_person(reader, ticket) for ticket in tickets)


def put_kept(transaction: WriteTransaction, kept: Kept) -> None:
    """Keep the tickets that are put aside."""
    transaction.set_setting(_KEPT, [ticket.row() for ticket in kept] or None)


def priced(reader: Reader, catalogue: Catalogue, at: Here, ticket: OpenTicket) -> Ticket:
    """A ticket at today's prices; a product that left the catalogue leaves the ticket."""
    found = facts.products(reader, ticket.lines)
    terms = terms_of(reader, catalogue, at, ticket.member)
    return Ticket(
        tuple(
            TicketLine(found[sku], quantity)
            for sku, quantity in ticket.lines.items()
            if sku in found
        ),
        ticket.member,
        facts.member_name(reader, ticket.member),
        ticket.id,
        terms,
        offset_named(reader, catalogue, ticket.offset),
        gifts_of(reader, terms, found.values()),
        ticket.served_by,
    )


def read_ticket(reader: Reader, catalogue: Catalogue, at: Here, terminal: int) -> Ticket:
    """The ticket in hand at a terminal, at today's prices."""
    return priced(reader, catalogue, at, ticket_at(reader, terminal))


def customers_refusal(
    reader: Reader, catalogue: Catalogue, at: Here, ticket: Ticket
) -> Refusal | None:
    """Why this customer may not have what is on a ticket, or be let off so much; None: they may."""
    products = [line.product for line in ticket.lines]
    for product in products:
        refusal = scope_refusal(product, at.cafe, ticket.terms)
        if refusal is not None:
            return refusal
    if ticket.offset is not None:
        steps = tuple(tier.code for tier in ladder_of(catalogue.rules(reader, "tiers")))
        refusal = tier_refusal(ticket.offset.tier, ticket.terms.tier, steps)
        refusal = refusal or _threshold_refusal(reader, ticket.member, ticket.offset)
        if refusal is not None:
            return refusal
    rule = checkout(reader, catalogue)
    if not rule.members_only:
        return None
    purse = facts.purse_of(reader, at, ticket.member) if ticket.member else None
    return customer_refusal(
        products,
        ticket.total_fen,
        members_only=True,
        member=ticket.member,
        balance_fen=purse.balance_fen if purse is not None else 0,
    )


def _threshold_refusal(reader: Reader, member: int, offset: Offset) -> Refusal | None:
    """Why a member is not let off by points that are only looked at, None where they are."""
    if offset.takes_points:
        return None
    has = facts.points_of(reader, member)
    if offset.points > has:
        return refuse("points_too_few", points=offset.points, held=has)
    given = facts.is_given(reader, member, gift_key, offset.code)
    return refuse("gift_given_before") if given else None


def reserved_fen(reader: Reader, catalogue: Catalogue, at: Here, member: int) -> int:
    """What a member is about to pay here: this box's open tickets, in hand and put aside."""
    if not member:
        return 0
    in_hand = (ticket_at(reader, terminal) for terminal in range(1, TERMINALS_MAX + 1))
    of_member = (one for one in (*in_hand, *kept_tickets(reader)) if one.member == member)
    return sum(priced(reader, catalogue, at, ticket).total_fen for ticket in of_member)


def _of_person(reader: Reader, ticket: OpenTicket) -> OpenTicket:
    """The ticket of who its member was merged into meanwhile: one purse, one set of limits."""
    return replace(ticket, member=facts.person_of(reader, ticket.member))


def _setting(terminal: int) -> str:
    return f"ticket.{terminal}"
