"""The open ticket of a terminal: kept in the store, so that a power cut loses no line of it."""

from typing import Any

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.numbers import next_sale_number
from edge.desk.screens import TERMINALS_MAX, Screens
from edge.domain.amounts import check_quantity
from edge.domain.decision import Decision, Here, Judgement
from edge.domain.members import member_refusal
from edge.domain.refusals import Refusal, refuse
from edge.domain.sales import Payment, Ticket, TicketLine, line_refusal, pay
from edge.domain.stock import below_zero
from edge.domain.stored_value import Purse
from edge.effects.page_events import Region
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import MEMBER


class TicketsDesk:
    """The commands about the open ticket."""

    def __init__(self, committer: Committer, screens: Screens) -> None:
        self._committer = committer
        self._screens = screens

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {
            "add_line": self.add_line,
            "remove_line": self.remove_line,
            "set_ticket_member": self.set_ticket_member,
            "pay": self.pay,
            "abandon": self.abandon,
        }

    async def add_line(self, request: Request, sku: str, quantity: object) -> Outcome:
        """Add so many of a product; a first line takes the member on the screen along."""

        def decide(transaction: WriteTransaction, _at: Here) -> Judgement:
            more = check_quantity(quantity)
            if isinstance(more, Refusal):
                return more
            member, lines = kept_ticket(transaction, request.terminal)
            if not lines:
                member = member or self._screens.at(request.terminal).member
            others = len(lines) - (sku in lines)
            refusal = line_refusal(facts.product(transaction, sku), sku, others)
            if refusal is not None:
                return refusal
            total = check_quantity(lines.get(sku, 0) + more)
            if isinstance(total, Refusal):
                return total
            return _keep(transaction, request, member, {**lines, sku: total})

        return await self._committer.commit(request, decide, Region.TICKET)

    async def remove_line(self, request: Request, sku: str) -> Outcome:
        """Take a product off the ticket."""

        def decide(transaction: WriteTransaction, _at: Here) -> Judgement:
            member, lines = kept_ticket(transaction, request.terminal)
            if sku not in lines:
                return refuse("ticket_line_unknown")
            del lines[sku]
            return _keep(transaction, request, member, lines)

        return await self._committer.commit(request, decide, Region.TICKET)

    async def set_ticket_member(self, request: Request, member: int) -> Outcome:
        """Sell to a member, or to a walk-in (0)."""

        def decide(transaction: WriteTransaction, _at: Here) -> Judgement:
            person = facts.person_of(transaction, member)
            if person:
                refusal = member_refusal(facts.row(transaction, MEMBER, person))
                if refusal is not None:
                    return refusal
            _, lines = kept_ticket(transaction, request.terminal)
            return _keep(transaction, request, person, lines)

        return await self._committer.commit(request, decide, Region.TICKET)

    async def abandon(self, request: Request) -> Outcome:
        """Throw the ticket away; nothing was sold."""

        def decide(transaction: WriteTransaction, _at: Here) -> Judgement:
            return _keep(transaction, request, 0, {})

        return await self._committer.commit(request, decide, Region.TICKET)

    async def pay(
        self,
        request: Request,
        tender: str,
        expected_total_fen: int,
        tender_reference: str,
        ticket: int,
    ) -> Outcome:
        """Sell the ticket; refused if it is another, or its total not what the customer was told.

        `ticket` is the id that was shown: a request that was lost and comes again must not pay
        the next customer's ticket, even of the same total. 0 for a caller that saw none.
        """
        shown = ticket

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            ticket = read_ticket(transaction, request.terminal)
            if shown not in (0, ticket.id):
                return refuse("ticket_changed", total_fen=ticket.total_fen)
            member = ticket.member
            if member:
                refusal = member_refusal(facts.row(transaction, MEMBER, member))
                if refusal is not None:
                    return refusal
            payment = Payment(
                transaction.new_id(),
                next_sale_number(transaction),
                tender,
                tender_reference,
                expected_total_fen,
                facts.purse_of(transaction, at, member) if member else Purse(0, ()),
            )
            counted = tuple(
                (line.product.sku, line.quantity) for line in ticket.lines if line.product.counted
            )
            stock = {sku: facts.in_stock(transaction, at.cafe, sku) for sku, _ in counted}
            at = self._committer.asked.here_for(transaction, at, member)
            paid = pay(at, ticket, payment, facts.rule(transaction))
            if isinstance(paid, Refusal):
                return paid
            _keep(transaction, request, 0, {})
            values = {**paid.values, "below_zero": below_zero(counted, stock)}
            return Decision(paid.ops, paid.effects, values)

        return await self._committer.commit(
            request, decide, Region.TICKET, Region.TAP, Region.PRODUCTS
        )


def kept_ticket(reader: Reader, terminal: int) -> tuple[int, dict[str, int]]:
    """(member, {sku: quantity}) of a terminal's open ticket."""
    kept = _kept(reader, terminal)
    return kept[0], dict(kept[1])


def _kept(reader: Reader, terminal: int) -> list[Any]:
    """[member, [[sku, quantity], ...], id] of a terminal's open ticket."""
    kept = reader.setting(_setting(terminal))
    return kept if isinstance(kept, list) else [0, [], 0]


def read_ticket(reader: Reader, terminal: int) -> Ticket:
    """The open ticket at today's prices; a product that left the catalogue leaves the ticket."""
    member, kept_lines, ticket_id = _kept(reader, terminal)
    lines = dict(kept_lines)
    found = facts.products(reader, lines)
    return Ticket(
        tuple(TicketLine(found[sku], quantity) for sku, quantity in lines.items() if sku in found),
        member,
        facts.member_name(reader, member),
        ticket_id,
    )


def reserved_fen(reader: Reader, member: int) -> int:
    """What a member is about to pay here: the open tickets of this box's terminals."""
    open_tickets = (read_ticket(reader, terminal) for terminal in range(1, TERMINALS_MAX + 1))
    return sum(ticket.total_fen for ticket in open_tickets if member and ticket.member == member)


def _keep(
    transaction: WriteTransaction, request: Request, member: int, lines: dict[str, int]
) -> Decision:
    ticket_id = _kept(transaction, request.terminal)[2] or transaction.new_id()
    kept = [member, [[sku, quantity] for sku, quantity in lines.items()], ticket_id]
    transaction.set_setting(_setting(request.terminal), kept if lines or member else None)
    values = {
        "member": member,
        "lines": kept[1],
        "total_fen": read_ticket(transaction, request.terminal).total_fen,
    }
    return Decision(values=values)


def _setting(terminal: int) -> str:
    return f"ticket.{terminal}"
