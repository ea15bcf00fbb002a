"""The ticket in hand at a terminal: its lines, its customer, its payment."""

from dataclasses import replace
from typing import Any

from edge.desk import facts
from edge.desk.answers import Answer, Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.open_tickets import (
    checkout,
    customers_refusal,
    priced,
    put_ticket,
    read_ticket,
    ticket_at,
)
from edge.desk.payments import Payments
from edge.desk.pricing import earned_today, offset_named
from edge.desk.screens import Screens
from edge.domain.amounts import check_quantity
from edge.domain.decision import Decision, Here, Judgement
from edge.domain.members import member_refusal
from edge.domain.open_tickets import OpenTicket
from edge.domain.refusals import Refusal, refuse
from edge.domain.sales import pay
from edge.domain.staff import log_in_refusal
from edge.domain.stock import below_zero
from edge.domain.tickets import line_refusal
from edge.effects.page_events import Region
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import POINTS_HELD
from sync_protocol.kinds import MEMBER, STAFF


class TicketsDesk:
    """The commands about the ticket in hand."""

    def __init__(
        self, store: Store, committer: Committer, screens: Screens, payments: Payments
    ) -> None:
        self._store = store
        self._committer = committer
        self._payments = payments
        self._screens = screens

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {
            "add_line": self.add_line,
            "change_line": self.change_line,
            "remove_line": self.remove_line,
            "set_ticket_member": self.set_ticket_member,
            "sell_to_walk_in": self.sell_to_walk_in,
            "set_ticket_staff": self.set_ticket_staff,
            "use_points": self.use_points,
            "pay": self.pay,
            "abandon": self.abandon,
        }

    async def add_line(self, request: Request, sku: str, quantity: object) -> Outcome:
        """Add so many of a product, by its code or barcode; a first line takes the member on the
        screen along."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            more = check_quantity(quantity)
            if isinstance(more, Refusal):
                return more
            ticket = ticket_at(transaction, request.terminal)
            if not ticket.lines and not ticket.member:
                ticket = replace(ticket, member=self._screens.at(request.terminal).member)
            code = self._committer.catalogue.sku_of(transaction, sku)
            others = len(ticket.lines) - (code in ticket.lines)
            refusal = line_refusal(facts.product(transaction, code), sku, others)
            if refusal is not None:
                return refusal
            total = check_quantity(ticket.lines.get(code, 0) + more)
            if isinstance(total, Refusal):
                return total
            lines = {**ticket.lines, code: total}
            return self._keep(transaction, at, request, replace(ticket, lines=lines), code)

        return await self._committer.commit(request, decide, Region.TICKET)

    async def change_line(self, request: Request, sku: str, quantity: object) -> Outcome:
        """Have so many of a product on the ticket, and no more."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            wanted = check_quantity(quantity)
            if isinstance(wanted, Refusal):
                return wanted
            ticket = ticket_at(transaction, request.terminal)
            if sku not in ticket.lines:
                return refuse("ticket_line_unknown")
            lines = {**ticket.lines, sku: wanted}
            return self._keep(transaction, at, request, replace(ticket, lines=lines), sku)

        return await self._committer.commit(request, decide, Region.TICKET)

    async def remove_line(self, request: Request, sku: str) -> Outcome:
        """Take a product off the ticket."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            ticket = ticket_at(transaction, request.terminal)
            if sku not in ticket.lines:
                return refuse("ticket_line_unknown")
            lines = {one: quantity for one, quantity in ticket.lines.items() if one != sku}
            return self._keep(transaction, at, request, replace(ticket, lines=lines))

        return await self._committer.commit(request, decide, Region.TICKET)

    async def set_ticket_member(self, request: Request, member: int) -> Outcome:
        """Sell to a member, or to a walk-in (0)."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            person = facts.person_of(transaction, member)
            if person:
                refusal = member_refusal(facts.row(transaction, MEMBER, person))
                if refusal is not None:
                    return refusal
            ticket = ticket_at(transaction, request.terminal)
            return self._keep(transaction, at, request, _sold_to(ticket, person))

        return await self._committer.commit(request, decide, Region.TICKET)

    async def sell_to_walk_in(self, request: Request) -> Outcome:
        """Switch to a sale without a card: nobody is on the screen, nobody on the ticket."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            ticket = ticket_at(transaction, request.terminal)
            number = checkout(transaction, self._committer.catalogue).walk_in_number
            kept = self._keep(transaction, at, request, _sold_to(ticket, 0))
            if isinstance(kept, Refusal):
                return kept
            return replace(kept, values={**kept.values, "walk_in_number": number})

        outcome = await self._committer.commit(request, decide, Region.TICKET, Region.TAP)
        if isinstance(outcome, Answer) and not outcome.repeated:
            self._screens.show_member(request.terminal, 0)
        return outcome

    async def set_ticket_staff(self, request: Request, staff: int) -> Outcome:
        """Name who serves this ticket, and earns its commission; 0: whoever takes the money."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            row = facts.row(transaction, STAFF, staff) if staff else None
            refusal = log_in_refusal(row, at.cafe) if staff else None
            if refusal is not None:
                return refuse("ticket_staff_unknown")
            ticket = ticket_at(transaction, request.terminal)
            if not ticket.lines:
                return refuse("ticket_empty")
            return self._keep(transaction, at, request, replace(ticket, served_by=staff))

        return await self._committer.commit(request, decide, Region.TICKET)

    async def use_points(self, request: Request, code: str) -> Outcome:
        """Let points pay part of the ticket by a row of `redemptions`; without a code: no more."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            ticket = ticket_at(transaction, request.terminal)
            offset = offset_named(transaction, self._committer.catalogue, code)
            if code and offset is None:
                return refuse("redemption_unknown")
            if not ticket.member:
                return refuse("ticket_needs_member")
            has = facts.points_of(transaction, ticket.member)
            if offset is not None and offset.points > has:
                return refuse("points_too_few", points=offset.points, held=has)
            return self._keep(transaction, at, request, replace(ticket, offset=code))

        return await self._committer.commit(request, decide, Region.TICKET)

    async def abandon(self, request: Request) -> Outcome:
        """Throw the ticket away; nothing was sold."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            return self._keep(transaction, at, request, OpenTicket())

        return await self._committer.commit(request, decide, Region.TICKET)

    async def pay(
        self,
        request: Request,
        expected_total_fen: int,
        ticket: int,
        **paying: Any,
    ) -> Outcome:
        """Sell the ticket; refused if it is another, or its total not what the customer was told.

        `ticket` is the id that was shown: a request that was lost and comes again must not pay
        the next customer's ticket, even of the same total. 0 for a caller that saw none.
        `paying` are the inputs of `table.tickets.PAYING`.
        """
        shown = ticket
        customer = self._customer(request.terminal)
        tendered = await self._payments.tendered(customer, **paying)
        if isinstance(tendered, Refusal):
            return tendered

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            catalogue = self._committer.catalogue
            ticket = read_ticket(transaction, catalogue, at, request.terminal)
            if shown not in (0, ticket.id):
                return refuse("ticket_changed", total_fen=ticket.total_fen)
            member = ticket.member
            if member != customer:  # whose card and PIN were checked
                return refuse("ticket_changed", total_fen=ticket.total_fen)
            if member:
                refusal = member_refusal(facts.row(transaction, MEMBER, member))
                if refusal is not None:
                    return refusal
            refusal = customers_refusal(transaction, catalogue, at, ticket)
            if refusal is not None:
                return refusal
            sale = transaction.new_id()
            taken_before = self._payments.note(transaction, request, tendered, sale)
            if taken_before is not None:
                return taken_before
            payment = self._payments.payment(
                transaction, at, request, member, tendered, sale, expected_total_fen
            )
            counted = tuple(
                (line.product.sku, line.quantity) for line, _ in ticket.sold if line.product.counted
            )
            stock = {sku: facts.in_stock(transaction, at.cafe, sku) for sku, _ in counted}
            at = self._committer.asked.here_for(transaction, at, member)
            people = facts.members_of(transaction, member) if member else ()
            rule = checkout(transaction, catalogue)
            paid = pay(
                at,
                ticket if member else replace(ticket, name=rule.walk_in_number),
                payment,
                catalogue.rule(transaction),
                earned_today(transaction, catalogue, at, member),
                facts.parts_here(transaction, at, people, (POINTS_HELD,)),
            )
            if isinstance(paid, Refusal):
                return paid
            put_ticket(transaction, request.terminal, OpenTicket())
            values = {
                **paid.values,
                "below_zero": below_zero(counted, stock),
                "show_change": rule.show_change and bool(paid.values["received_fen"]),
            }
            return Decision(paid.ops, paid.effects, values)

        outcome = await self._committer.commit(
            request, decide, Region.TICKET, Region.TAP, Region.PRODUCTS
        )
        if isinstance(outcome, Answer) and not outcome.repeated:
            self._screens.note_paid(request.terminal, outcome)
        return outcome

    def _customer(self, terminal: int) -> int:
        with self._store.read() as reader:
            return ticket_at(reader, terminal).member

    def _keep(
        self,
        transaction: WriteTransaction,
        at: Here,
        request: Request,
        ticket: OpenTicket,
        added: str = "",
    ) -> Decision | Refusal:
        """Keep the ticket in hand, if its customer may have what is on it.

        `added` is the product that came onto it last.
        """
        if not ticket.is_empty and not ticket.id:
            ticket = replace(ticket, id=transaction.new_id())
        catalogue = self._committer.catalogue
        whole = priced(transaction, catalogue, at, ticket)
        refusal = customers_refusal(transaction, catalogue, at, whole) if ticket.lines else None
        if refusal is not None:
            return refusal
        put_ticket(transaction, request.terminal, ticket)
        self._screens.note_added(request.terminal, added)
        lines = [[sku, quantity] for sku, quantity in ticket.lines.items()]
        values = {"member": ticket.member, "lines": lines, "total_fen": whole.total_fen}
        return Decision(values=values)


def _sold_to(ticket: OpenTicket, member: int) -> OpenTicket:
    """The ticket for a member, 0 for a walk-in.

    For another one it is another ticket: a payment that was shown for the one before names that.
    """
    if member == ticket.member:
        return ticket
    return replace(ticket, id=0, member=member, offset="")
