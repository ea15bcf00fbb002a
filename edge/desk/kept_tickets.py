"""Tickets that are put aside: kept by seat, member or number, taken up again, merged."""

from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.open_tickets import checkout, kept_tickets, priced, put_kept, put_ticket, ticket_at
from edge.domain import open_tickets
from edge.domain.decision import Decision, Here, Judgement
from edge.domain.open_tickets import OpenTicket
from edge.domain.refusals import Refusal, refuse
from edge.effects.page_events import Region
from edge.store.transaction import WriteTransaction


class KeptTicketsDesk:
    """The commands about open tickets that lie aside."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {
            "keep_ticket": self.keep,
            "resume_ticket": self.resume,
            "merge_ticket": self.merge,
        }

    async def keep(self, request: Request, label: str) -> Outcome:
        """Put the ticket in hand aside; the terminal is free for the next one."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            kept = self._aside(transaction, request, label)
            if isinstance(kept, Refusal):
                return kept
            put_ticket(transaction, request.terminal, OpenTicket())
            return self._values(transaction, at, kept)

        return await self._committer.commit(request, decide, Region.TICKET)

    async def resume(self, request: Request, ticket: int) -> Outcome:
        """Take a ticket up again; one in hand is put aside for it."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            wanted = open_tickets.found(kept_tickets(transaction), ticket)
            if wanted is None:
                return refuse("kept_ticket_unknown")
            if ticket_at(transaction, request.terminal).lines:
                kept = self._aside(transaction, request, "")
                if isinstance(kept, Refusal):
                    return kept
            put_kept(transaction, open_tickets.without(kept_tickets(transaction), ticket))
            put_ticket(transaction, request.terminal, wanted)
            return self._values(transaction, at, wanted)

        return await self._committer.commit(request, decide, Region.TICKET)

    async def merge(self, request: Request, ticket: int) -> Outcome:
        """Put the lines of a ticket that lies aside onto the one in hand."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            other = open_tickets.found(kept_tickets(transaction), ticket)
            if other is None:
                return refuse("kept_ticket_unknown")
            merged = open_tickets.merge(ticket_at(transaction, request.terminal), other)
            if isinstance(merged, Refusal):
                return merged
            put_kept(transaction, open_tickets.without(kept_tickets(transaction), ticket))
            put_ticket(transaction, request.terminal, merged)
            return self._values(transaction, at, merged)

        return await self._committer.commit(request, decide, Region.TICKET)

    def _aside(
        self, transaction: WriteTransaction, request: Request, label: str
    ) -> OpenTicket | Refusal:
        others = kept_tickets(transaction)
        rule = checkout(transaction, self._committer.catalogue)
        ticket = open_tickets.keep(rule, ticket_at(transaction, request.terminal), label, others)
        if not isinstance(ticket, Refusal):
            put_kept(transaction, (*others, ticket))
        return ticket

    def _values(self, transaction: WriteTransaction, at: Here, ticket: OpenTicket) -> Decision:
        whole = priced(transaction, self._committer.catalogue, at, ticket)
        lines = [[sku, quantity] for sku, quantity in ticket.lines.items()]
        return Decision(
            values={
                "ticket": ticket.id,
                "label": ticket.label,
                "member": ticket.member,
                "lines": lines,
                "total_fen": whole.total_fen,
            }
        )
