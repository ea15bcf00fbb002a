"""Printing again: a paper that came out before says COPY."""

from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.domain.decision import Decision, Here, Judgement
from edge.domain.refusals import refuse
from edge.store.tables import PRINT_ASKED_AGAIN, PRINT_SENT, PRINT_WAITING
from edge.store.transaction import WriteTransaction


class PrintingDesk:
    """The command about receipts."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {"reprint": self.reprint}

    async def reprint(self, request: Request, print_job: int) -> Outcome:
        """Queue a receipt once more under its own id; one that never came out is no copy."""

        def decide(transaction: WriteTransaction, _at: Here) -> Judgement:
            job = transaction.print_job(print_job)
            if job is None:
                return refuse("print_job_unknown")
            state = PRINT_SENT if job.state == PRINT_SENT else PRINT_WAITING
            transaction.set_print_job(job.id, state, job.copies, PRINT_ASKED_AGAIN)
            return Decision(values={"print_job": job.id})

        return await self._committer.commit(request, decide)
