"""Shifts and their cash: who opened which till, what must lie in it, and who takes it over."""

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.numbers import next_shift_number
from edge.desk.tills import shift_at
from edge.domain.decision import Here, Judgement
from edge.domain.shifts import Shift, open_shift
from edge.effects.page_events import Region
from edge.store.transaction import WriteTransaction


class ShiftsDesk:
    """The commands about a terminal's till."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {"open_shift": self.open_shift}

    async def open_shift(self, request: Request, float_fen: int) -> Outcome:
        """Open a shift at the terminal with what lies in its drawer."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            new = Shift(
                transaction.new_id(),
                next_shift_number(transaction),
                request.terminal,
                request.staff,
                facts.staff_name(transaction, request.staff),
                at.now_ms,
                at.business_day,
                float_fen,
            )
            return open_shift(at, new, shift_at(transaction, request.terminal))

        return await self._committer.commit(request, decide, Region.TICKET)
