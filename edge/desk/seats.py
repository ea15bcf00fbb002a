"""Seats at the counter: set up, change, take out of order and put back."""

from edge.desk import facts, session_facts
from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.domain.amounts import check_quantity
from edge.domain.decision import Here, Judgement
from edge.domain.refusals import Refusal, refuse
from edge.domain.seats import (
    OPEN,
    OUT_OF_ORDER,
    REMOVED,
    SEATS_MAX,
    Batch,
    Seat,
    change,
    set_status,
    set_up,
)
from edge.effects.page_events import Region
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import SEAT


class SeatsDesk:
    """The commands about the floor of this cafe."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {
            "set_up_seats": self.set_up,
            "edit_seat": self.edit,
            "remove_seat": self.remove,
            "close_seat": self.close,
            "reopen_seat": self.reopen,
        }

    async def set_up(
        self,
        request: Request,
        *,
        prefix: str,
        first: object,
        last: object,
        zone: str,
        row: object,
        column: object,
        per_row: object,
    ) -> Outcome:
        """Set up a batch of seats, row by row from a place on."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            zones = session_facts.zones(transaction, self._committer.catalogue)
            standing = session_facts.seats(transaction)
            ids = (transaction.new_id() for _ in range(SEATS_MAX))
            batch = Batch(prefix, first, last, zone, row, column, per_row)
            return set_up(at, batch, zones, standing, ids)

        return await self._committer.commit(request, decide, Region.SEATS)

    async def edit(
        self, request: Request, seat: int, name: str, zone: str, row: object, column: object
    ) -> Outcome:
        """Give a seat another name, zone or place."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            known = session_facts.seat(transaction, seat)
            document = facts.row(transaction, SEAT, seat)
            if known is None or document is None:
                return refuse("seat_unknown")
            places = (check_quantity(row), check_quantity(column))
            for place in places:
                if isinstance(place, Refusal):
                    return place
            wanted = Seat(
                seat, name, zone, int(str(row)), int(str(column)), known.status, known.note
            )
            return change(
                at,
                wanted,
                document,
                session_facts.zones(transaction, self._committer.catalogue),
                session_facts.seats(transaction),
                in_use=session_facts.session_at(transaction, seat) is not None,
            )

        return await self._committer.commit(request, decide, Region.SEATS)

    async def remove(self, request: Request, seat: int) -> Outcome:
        """Take a seat away for good; its sessions stay on record."""
        return await self._set_status(request, seat, REMOVED, "")

    async def close(self, request: Request, seat: int, note: str) -> Outcome:
        """Take a seat out of order; `note` says what is wrong with it."""
        return await self._set_status(request, seat, OUT_OF_ORDER, note)

    async def reopen(self, request: Request, seat: int) -> Outcome:
        """Put a seat that was out of order back."""
        return await self._set_status(request, seat, OPEN, "")

    async def _set_status(self, request: Request, seat: int, status: str, note: str) -> Outcome:
        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            known = session_facts.seat(transaction, seat)
            document = facts.row(transaction, SEAT, seat)
            if known is None or document is None:
                return refuse("seat_unknown")
            in_use = session_facts.session_at(transaction, seat) is not None
            return set_status(at, known, document, status, note, in_use=in_use)

        return await self._committer.commit(request, decide, Region.SEATS)
