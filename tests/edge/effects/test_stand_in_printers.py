"""A second printer prints while the first cannot, only where it is configured to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge.drivers.errors import DeviceAbsentError, PrintOutcomeUnknownError, Reason
from edge.effects.printing import PrinterQueue
from edge.store.tables import PRINT_DONE
from tests.edge.desk.counter import Counter, RecordedPrinter, furnish, open_counter
from tests.stack import eventually

ABSENT = DeviceAbsentError("print", "receipts", Reason.SILENT)
UNKNOWN = PrintOutcomeUnknownError("print", "receipts", Reason.PAPER_OUT)
DEADLINE_S = 60


@asynccontextmanager
async def two_printers(
    folder: Path, *stands_in_for: str
) -> AsyncIterator[tuple[Counter, RecordedPrinter, RecordedPrinter]]:
    """A counter whose receipts go to `own`, its reports to `office`."""
    own, office = RecordedPrinter(), RecordedPrinter()
    office.name, office.slips = "office", frozenset({"report"})
    office.stands_in_for = frozenset(stands_in_for)
    async with open_counter(folder) as counter:
        counter.printing.cancel()
        queue = PrinterQueue(
            counter.store, [own, office], "zh", counter.clock.wall_ms, lambda: None
        )
        object.__setattr__(counter.desk._effects, "printer_queue", queue)
        printing = asyncio.create_task(queue.run())
        await furnish(counter)
        await counter.log_in()
        yield counter, own, office
        printing.cancel()
        await asyncio.gather(printing, return_exceptions=True)


async def sell(counter: Counter) -> int:
    await counter.do("add_line", sku="COLA")
    paid = await counter.do("pay", tender="cash", expected_total_fen=500)
    return int(str(paid.values["print_job"]))


async def until_done(counter: Counter, job: int) -> None:
    def done() -> bool:
        with counter.store.read() as reader:
            found = reader.print_job(job)
            return found is not None and found.state == PRINT_DONE

    await eventually(done, f"job {job} to be printed", DEADLINE_S)


async def test_the_second_printer_takes_over_and_the_first_goes_on_once_it_is_well(
    tmp_path: Path,
) -> None:
    async with two_printers(tmp_path, "receipt") as (counter, own, office):
        own.faults = [ABSENT]
        await until_done(counter, await sell(counter))
        assert (len(own.printed), [copy for _, copy in office.printed]) == (0, [False])
        await until_done(counter, await sell(counter))
        assert (len(own.printed), len(office.printed)) == (1, 1)


async def test_what_may_have_come_out_in_part_is_a_copy_on_the_second_printer(
    tmp_path: Path,
) -> None:
    async with two_printers(tmp_path, "receipt") as (counter, own, office):
        own.faults = [UNKNOWN]
        await until_done(counter, await sell(counter))
        assert [copy for _, copy in office.printed] == [True]


async def test_nobody_stands_in_who_was_not_told_to(tmp_path: Path) -> None:
    async with two_printers(tmp_path) as (counter, own, office):
        own.faults = [ABSENT]
        job = await sell(counter)
        await eventually(lambda: not own.faults, "the first try", DEADLINE_S)
        counter.desk.device_changed()
        await until_done(counter, job)
        assert (len(own.printed), len(office.printed)) == (1, 0)


@pytest.mark.covers("A439")
async def test_one_printer_that_is_away_does_not_hold_up_the_others_slips(tmp_path: Path) -> None:
    async with two_printers(tmp_path) as (counter, own, office):
        own.faults = [ABSENT] * 1000
        await sell(counter)
        await counter.log_in(502)
        await counter.do("print_paper_slips", count=1)
        await office.wait_for(1)
        assert own.printed == []


async def test_a_receipt_that_had_to_wait_opens_no_drawer(tmp_path: Path) -> None:
    async with two_printers(tmp_path) as (counter, own, _office):
        await until_done(counter, await sell(counter))
        own.faults = [ABSENT]
        job = await sell(counter)
        await eventually(lambda: not own.faults, "the first try", DEADLINE_S)
        counter.clock.forward(3600)
        counter.desk.device_changed()
        await until_done(counter, job)
        assert [receipt.kick_drawer for receipt, _ in own.printed] == [True, False]
