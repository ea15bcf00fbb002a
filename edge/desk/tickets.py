"""The open ticket of a terminal: kept in the store, so that a power cut loses no line of it."""

from typing import Any

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.catalogue import Catalogue
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.payments import Payments
from edge.desk.pricing import earned_today, gifts_of, offset_named, terms_of
from edge.desk.screens import TERMINALS_MAX, Screens
from edge.domain.amounts import check_quantity
from edge.domain.decision import Decision, Here, Judgement
from edge.domain.members import member_refusal
from edge.domain.refusals import Refusal, refuse
from edge.domain.sales import Ticket, TicketLine, line_refusal, pay
from edge.domain.stock import below_zero
from edge.effects.page_events import Region
from edge.store.reader import Reader
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import POINTS_HELD
from sync_protocol.kinds import MEMBER


class TicketsDesk:
    """The commands about the open ticket."""

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
            "remove_line": self.remove_line,
            "set_ticket_member": self.set_ticket_member,
            "use_points": self.use_points,
            "pay": self.pay,
            "abandon": self.abandon,
        }

    async def add_line(self, request: Request, sku: str, quantity: object) -> Outcome:
        """Add so many of a product; a first line takes the member on the screen along."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
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
            return self._keep(transaction, at, request, member, {**lines, sku: total})

        return await self._committer.commit(request, decide, Region.TICKET)

    async def remove_line(self, request: Request, sku: str) -> Outcome:
        """Take a product off the ticket."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            member, lines = kept_ticket(transaction, request.terminal)
            if sku not in lines:
                return refuse("ticket_line_unknown")
            del lines[sku]
            return self._keep(transaction, at, request, member, lines)

        return await self._committer.commit(request, decide, Region.TICKET)

    async def set_ticket_member(self, request: Request, member: int) -> Outcome:
        """Sell to a member, or to a walk-in (0)."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            person = facts.person_of(transaction, member)
            if person:
                refusal = member_refusal(facts.row(transaction, MEMBER, person))
                if refusal is not None:
                    return refusal
            _, lines = kept_ticket(transaction, request.terminal)
            return self._keep(transaction, at, request, person, lines)

        return await self._committer.commit(request, decide, Region.TICKET)

    async def use_points(self, request: Request, code: str) -> Outcome:
        """Let points pay part of the ticket by a row of `redemptions`; without a code: no more."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            member, lines = kept_ticket(transaction, request.terminal)
            offset = offset_named(transaction, self._committer.catalogue, code)
            if code and offset is None:
                return refuse("redemption_unknown")
            if not member:
                return refuse("ticket_needs_member")
            has = facts.points_of(transaction, member)
            if offset is not None and offset.points > has:
                return refuse("points_too_few", points=offset.points, held=has)
            return self._keep(transaction, at, request, member, lines, code)

        return await self._committer.commit(request, decide, Region.TICKET)

    async def abandon(self, request: Request) -> Outcome:
        """Throw the ticket away; nothing was sold."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            return self._keep(transaction, at, request, 0, {})

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
            if member:
                refusal = member_refusal(facts.row(transaction, MEMBER, member))
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
            paid = pay(
                at,
                ticket,
                payment,
                catalogue.rule(transaction),
                earned_today(transaction, catalogue, at, member),
                facts.parts_here(transaction, at, people, (POINTS_HELD,)),
            )
            if isinstance(paid, Refusal):
                return paid
            self._keep(transaction, at, request, 0, {})
            values = {**paid.values, "below_zero": below_zero(counted, stock)}
            return Decision(paid.ops, paid.effects, values)

        return await self._committer.commit(
            request, decide, Region.TICKET, Region.TAP, Region.PRODUCTS
        )

    def _customer(self, terminal: int) -> int:
        with self._store.read() as reader:
            return kept_ticket(reader, terminal)[0]

    def _keep(
        self,
        transaction: WriteTransaction,
        at: Here,
        request: Request,
        member: int,
        lines: dict[str, int],
        offset: str | None = None,
    ) -> Decision:
        """Keep the ticket; `offset` None leaves the points that pay as they are."""
        was_member, _, ticket_id, was_offset = _kept(transaction, request.terminal)
        ticket_id = ticket_id or transaction.new_id()
        if offset is None:
            offset = was_offset if member == was_member else ""
        kept = [member, [[sku, quantity] for sku, quantity in lines.items()], ticket_id, offset]
        name = _setting(request.terminal)
        transaction.set_setting(name, kept if lines or member else None)
        ticket = read_ticket(transaction, self._committer.catalogue, at, request.terminal)
        values = {"member": member, "lines": kept[1], "total_fen": ticket.total_fen}
        return Decision(values=values)


def kept_ticket(reader: Reader, terminal: int) -> tuple[int, dict[str, int]]:
    """(member, {sku: quantity}) of a terminal's open ticket."""
    kept = _kept(reader, terminal)
    return kept[0], dict(kept[1])


def _kept(reader: Reader, terminal: int) -> list[Any]:
    """[member, [[sku, quantity], ...], id, code of what points pay] of a terminal's ticket."""
    kept = reader.setting(_setting(terminal))
    return [*kept, ""][:4] if isinstance(kept, list) else [0, [], 0, ""]


def read_ticket(reader: Reader, catalogue: Catalogue, at: Here, terminal: int) -> Ticket:
    """The open ticket at today's prices; a product that left the catalogue leaves the ticket."""
    member, kept_lines, ticket_id, offset = _kept(reader, terminal)
    lines = dict(kept_lines)
    found = facts.products(reader, lines)
    terms = terms_of(reader, catalogue, at, member)
    return Ticket(
        tuple(TicketLine(found[sku], quantity) for sku, quantity in lines.items() if sku in found),
        member,
        facts.member_name(reader, member),
        ticket_id,
        terms,
        offset_named(reader, catalogue, offset),
        gifts_of(reader, terms, found.values()),
    )


def reserved_fen(reader: Reader, catalogue: Catalogue, at: Here, member: int) -> int:
    """What a member is about to pay here: the open tickets of this box's terminals."""
    terminals = range(1, TERMINALS_MAX + 1)
    of_member = (one for one in terminals if member and _kept(reader, one)[0] == member)
    return sum(read_ticket(reader, catalogue, at, one).total_fen for one in of_member)


def _setting(terminal: int) -> str:
    return f"ticket.{terminal}"
