"""The printer queue: committed jobs, printed at least once; a paper printed again says COPY.

A job is `waiting`, then `sent` before the first byte goes out, then `done`. One found as `sent`
at the start, or whose outcome the printer never told, may have come out already: it is printed
again as a COPY. The printer's own driver asks its status before it sends anything. A printer
that is away or out of paper leaves its jobs waiting, and nobody's desk stops.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from edge.drivers.errors import DeviceError, PrintOutcomeUnknownError
from edge.effects.slips.job import from_bytes
from edge.effects.slips.paper import receipt_of
from edge.receipt import Receipt
from edge.store.errors import StoreBusyError, StoreFullError
from edge.store.facts import PrintJob
from edge.store.store import Store
from edge.store.tables import PRINT_DONE, PRINT_FAILED, PRINT_SENT, PRINT_WAITING
from edge.store.transaction import WriteTransaction

RETRY_S = 5.0
"""Pause after a printer could not print; a printer that reports itself well ends it early."""
STALE_MS = 10 * 60 * 1000
STALE_SLIPS = frozenset({"check_in"})
"""Slips that nobody waits for after STALE_MS; money slips wait for as long as it takes."""
JOBS_AT_ONCE = 20

log = logging.getLogger(__name__)


class Printer(Protocol):
    """What the queue needs of a printer (`edge.drivers.contract.ReceiptPrinter`)."""

    name: str

    async def print_receipt(self, receipt: Receipt, *, copy: bool = False) -> None:
        """Print and return once the printer confirmed it. Raises `DeviceError`."""


class PrinterQueue:
    """Prints the store's jobs one after the other on the first printer.

    Without a printer jobs wait in the store, and the desk works on.
    """

    def __init__(
        self,
        store: Store,
        printers: Sequence[Printer],
        language: str,
        wall_ms: Callable[[], int],
        changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._printer = printers[0] if printers else None
        self._language = language
        self._wall_ms = wall_ms
        self._changed = changed
        self._wake = asyncio.Event()
        self.printing = False
        """Whether a job is at the printer now."""

    def wake(self) -> None:
        """There is a new job, or the printer is well again."""
        self._wake.set()

    async def run(self) -> None:
        """Print until cancelled."""
        if self._printer is None:
            return
        while True:
            self._wake.clear()
            try:
                all_printed = await self._print_all(self._printer)
            except (StoreBusyError, StoreFullError) as error:
                log.warning("receipts wait: %s", error.code)
                all_printed = False
            if all_printed:
                await self._wake.wait()
            else:
                await self._pause()

    async def _pause(self) -> None:
        # Not `wait_for`: before Python 3.12 it swallows a cancel that comes together with a wake.
        with suppress(TimeoutError):
            async with asyncio.timeout(RETRY_S):
                await self._wake.wait()

    async def _print_all(self, printer: Printer) -> bool:
        """Print what waits; False if the printer could not."""
        while True:
            with self._store.read() as reader:
                jobs = reader.print_jobs(PRINT_SENT, JOBS_AT_ONCE)
                jobs += reader.print_jobs(PRINT_WAITING, JOBS_AT_ONCE)
            if not jobs:
                return True
            for job in jobs:
                if not await self._print(printer, job):
                    return False

    async def _print(self, printer: Printer, job: PrintJob) -> bool:
        if self._is_stale(job):
            await self._note(job, PRINT_FAILED, job.copies, "stale")
            return True
        if not job.document:
            await self._note(job, PRINT_FAILED, job.copies, "unreadable")
            return True
        copy = job.copies > 0 or job.state == PRINT_SENT
        receipt = receipt_of(from_bytes(job.document), self._language)
        await self._note(job, PRINT_SENT, job.copies)
        self.printing = True
        try:
            await printer.print_receipt(receipt, copy=copy)
        except PrintOutcomeUnknownError as error:
            log.warning("job %d on %s: %s", job.id, printer.name, error.reason)
            await self._note(job, PRINT_SENT, job.copies, error.reason)
            return False
        except DeviceError as error:
            log.warning("job %d on %s: %s", job.id, printer.name, error.reason)
            # Nothing came out this time; what an earlier try did stays unknown.
            await self._note(job, job.state, job.copies, error.reason)
            return False
        finally:
            self.printing = False
            self._changed()
        await self._note(job, PRINT_DONE, job.copies + 1)
        return True

    def _is_stale(self, job: PrintJob) -> bool:
        return (
            job.kind in STALE_SLIPS
            and job.copies == 0
            and self._wall_ms() - job.created_ms > STALE_MS
        )

    async def _note(self, job: PrintJob, state: str, copies: int, error: str = "") -> None:
        def note(transaction: WriteTransaction) -> None:
            transaction.set_print_job(job.id, state, copies, error)

        await self._store.write(note)
