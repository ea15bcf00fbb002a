"""The printer queue: committed jobs, printed at least once; a paper printed again says COPY.

A job is `waiting`, then `sent` before the first byte goes out, then `done`. One found as `sent`
at the start, or whose outcome the printer never told, may have come out already: it is printed
again as a COPY, by its own printer or by one that stands in. The printer's own driver asks its
status before it sends anything. A printer that is away or out of paper leaves its jobs waiting,
and nobody's desk stops.

A slip that nobody waits for any more (`Slip.stale_after_min`) is dropped here, unless somebody
asked for it again; a receipt never is. One that had to wait does not open the drawer when it is
printed at last: nobody may stand there.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from edge.drivers.errors import DeviceError, PrintOutcomeUnknownError
from edge.effects.cash_drawer import CashDrawer
from edge.effects.print_routes import Lane, Printer, lanes_of
from edge.effects.slips import SLIPS
from edge.effects.slips.job import from_bytes
from edge.effects.slips.paper import receipt_of
from edge.receipt import Receipt
from edge.store.errors import StoreBusyError, StoreFullError
from edge.store.facts import PrintJob
from edge.store.store import Store
from edge.store.tables import (
    PRINT_ASKED_AGAIN,
    PRINT_DONE,
    PRINT_FAILED,
    PRINT_SENT,
    PRINT_WAITING,
)
from edge.store.transaction import WriteTransaction

RETRY_S, RETRY_MAX_S = 5.0, 300.0
"""Pause after no printer could print, twice as long after each try: a try costs the card two
commits. A printer that reports a change of its state ends it early."""
DRAWER_MS = 60_000
"""A receipt that is older opens no drawer."""
JOBS_AT_ONCE = 20

log = logging.getLogger(__name__)


class PrinterQueue:
    """Prints the store's jobs in lanes: those of a lane one after the other.

    Without a printer jobs wait in the store, and the desk works on.
    """

    def __init__(
        self,
        store: Store,
        printers: Sequence[Printer],
        language: str,
        wall_ms: Callable[[], int],
        changed: Callable[[], None],
        drawer: CashDrawer | None = None,
    ) -> None:
        self._store = store
        self._lanes = [_OpenLane(lane) for lane in lanes_of(printers)]
        self._language = language
        self._wall_ms = wall_ms
        self._changed = changed
        self._drawer = drawer

    @property
    def printing(self) -> bool:
        """Whether a job is at a printer now."""
        return any(lane.printing for lane in self._lanes)

    def wake(self) -> None:
        """There is a new job, or a printer is well again."""
        for lane in self._lanes:
            lane.wake.set()

    async def run(self) -> None:
        """Print until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for lane in self._lanes:
                    group.create_task(self._run_lane(lane))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _run_lane(self, lane: "_OpenLane") -> None:
        tries = 0
        while True:
            lane.wake.clear()
            try:
                all_printed = await self._print_all(lane)
            except (StoreBusyError, StoreFullError) as error:
                log.warning("receipts wait: %s", error.code)
                await lane.pause(RETRY_S)
                continue
            if all_printed:
                tries = 0
                await lane.wake.wait()
            else:
                tries += 1
                await lane.pause(pause_s(tries))

    async def _print_all(self, lane: "_OpenLane") -> bool:
        """Print what waits in a lane; False if nobody could."""
        slips = lane.lane.slips
        while True:
            with self._store.read() as reader:
                jobs = reader.print_jobs(PRINT_SENT, JOBS_AT_ONCE, slips)
                jobs += reader.print_jobs(PRINT_WAITING, JOBS_AT_ONCE, slips)
            if not jobs:
                return True
            for job in jobs:
                if not await self._print(lane, job):
                    return False

    async def _print(self, lane: "_OpenLane", job: PrintJob) -> bool:
        """Print a job, or drop it; False if nobody could."""
        waited_ms = self._wall_ms() - job.created_ms
        if _is_stale(job, waited_ms):
            await self._note(job, PRINT_FAILED, job.copies, "stale")
            return True
        if not job.document:
            await self._note(job, PRINT_FAILED, job.copies, "unreadable")
            return True
        receipt = receipt_of(from_bytes(job.document), self._language)
        if waited_ms > DRAWER_MS:
            receipt = replace(receipt, kick_drawer=False)
        for printer in lane.lane.printers:
            printed, job = await self._print_on(lane, printer, job, receipt)
            if printed:
                return True
        return False

    async def _print_on(
        self, lane: "_OpenLane", printer: Printer, job: PrintJob, receipt: Receipt
    ) -> tuple[bool, PrintJob]:
        """Whether it came out, and the job as it is noted now."""
        copy = job.copies > 0 or job.state == PRINT_SENT
        sent = await self._note(job, PRINT_SENT, job.copies, job.error)
        if receipt.kick_drawer and not copy and self._drawer is not None:
            self._drawer.kicked()
        lane.printing = True
        try:
            await printer.print_receipt(receipt, copy=copy)
        except PrintOutcomeUnknownError as error:
            log.warning("job %d on %s: %s", job.id, printer.name, error.reason)
            return False, await self._note(sent, PRINT_SENT, job.copies, error.reason)
        except DeviceError as error:
            log.warning("job %d on %s: %s", job.id, printer.name, error.reason)
            # Nothing came out this time; what an earlier try did stays unknown.
            return False, await self._note(sent, job.state, job.copies, error.reason)
        finally:
            lane.printing = False
            self._changed()
        return True, await self._note(sent, PRINT_DONE, job.copies + 1)

    async def _note(self, job: PrintJob, state: str, copies: int, error: str = "") -> PrintJob:
        """Commit what is new of a job; until it is over, somebody's asking for it stays noted."""
        noted = replace(job, state=state, copies=copies, error=error)
        if noted == job:
            return job

        def note(transaction: WriteTransaction) -> PrintJob:
            now = transaction.print_job(job.id)
            asked = now is not None and now.error == PRINT_ASKED_AGAIN
            kept = PRINT_ASKED_AGAIN if asked and state in (PRINT_WAITING, PRINT_SENT) else error
            transaction.set_print_job(job.id, state, copies, kept)
            return replace(noted, error=kept)

        return await self._store.write(note)


def pause_s(tries: int) -> float:
    """How long nothing is tried after so many tries without a paper."""
    return min(RETRY_S * 2.0 ** min(tries - 1, 10), RETRY_MAX_S)


def _is_stale(job: PrintJob, waited_ms: int) -> bool:
    stale_after_min = SLIPS[job.kind].stale_after_min
    unasked = job.copies == 0 and job.error != PRINT_ASKED_AGAIN
    return unasked and 0 < stale_after_min * 60_000 < waited_ms


class _OpenLane:
    """A lane, and what it waits for."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.wake = asyncio.Event()
        self.printing = False

    async def pause(self, seconds: float) -> None:
        # Not `wait_for`: before Python 3.12 it swallows a cancel that comes together with a wake.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.wake.wait()
