"""The printer queue: at least once, COPY for what may have come out, and never in the way."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.drivers.errors import DeviceAbsentError, PrintOutcomeUnknownError, Reason
from edge.effects.printing import pause_s
from edge.effects.slips import SLIPS
from edge.effects.slips.job import from_bytes
from edge.effects.slips.paper import receipt_of
from edge.receipt import Pair, Text
from edge.store.tables import PRINT_DONE, PRINT_FAILED, PRINT_SENT
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import RULE
from tests.edge.desk.counter import Counter, furnish, open_counter
from tests.stack import eventually

ABSENT = DeviceAbsentError("print", "receipts", Reason.SILENT)
UNKNOWN = PrintOutcomeUnknownError("print", "receipts", Reason.LINE_LOST)


async def _sell(counter: Counter) -> int:
    """Sell a cola; return its print job."""
    await counter.do("add_line", sku="COLA")
    job = (await counter.do("pay", tender="cash", expected_total_fen=500)).values["print_job"]
    assert isinstance(job, int)
    return job


async def test_a_printer_that_is_away_stops_nobody(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        await furnish(counter)
        await counter.log_in()
        counter.printer.faults = [ABSENT]
        job = await _sell(counter)
        second = await _sell(counter)
        counter.desk.device_changed()
        await counter.printer.wait_for(2)
        assert [copy for _, copy in counter.printer.printed] == [False, False]
        assert job < second


def test_a_printer_that_stays_away_is_tried_ever_more_rarely() -> None:
    pauses = [pause_s(tries) for tries in range(1, 9)]
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]
    assert pause_s(1_000_000) == 300


async def test_a_try_that_changes_nothing_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_counter(tmp_path) as counter:
        await furnish(counter)
        await counter.log_in()
        counter.printer.faults = [UNKNOWN]
        job = await _sell(counter)

        def noted() -> bool:
            with counter.store.read() as reader:
                found = reader.print_job(job)
                return found is not None and found.error == Reason.LINE_LOST

        await eventually(noted, "the first try to be noted", 60)
        writes: list[object] = []

        async def write(work: Callable[[WriteTransaction], object]) -> object:
            writes.append(work)
            raise AssertionError("written")

        monkeypatch.setattr(counter.store, "write", write)
        counter.printer.faults = [UNKNOWN] * 3
        while counter.printer.faults:
            counter.desk.device_changed()
            await asyncio.sleep(0)
        await eventually(lambda: not counter.desk._effects.printer_queue.printing, "the try", 60)
        assert writes == []
        monkeypatch.undo()
        counter.desk.device_changed()
        await counter.printer.wait_for(1)
        assert [copy for _, copy in counter.printer.printed] == [True]


async def test_what_somebody_asked_for_is_not_dropped_after_a_try_that_failed(
    tmp_path: Path,
) -> None:
    async with open_counter(tmp_path) as counter:
        await furnish(counter)
        await counter.log_in()
        await counter.member()
        counter.printer.faults = [ABSENT] * 1000
        await counter.tap()
        await counter.do("clear_screen")
        waiting = (await counter.desk.views.print_jobs())[0].print_job
        await counter.do("reprint", print_job=waiting)
        left = len(counter.printer.faults)
        await eventually(lambda: len(counter.printer.faults) < left, "a try that fails", 60)
        counter.clock.forward(3600)
        counter.printer.faults = []
        counter.desk.device_changed()
        await counter.printer.wait_for(1)


async def test_an_unknown_outcome_is_printed_again_as_a_copy(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        await furnish(counter)
        await counter.log_in()
        counter.printer.faults = [UNKNOWN, ABSENT]
        await _sell(counter)
        while counter.printer.faults:
            counter.desk.device_changed()
            await counter.store.write(lambda _transaction: None)
        counter.desk.device_changed()
        await counter.printer.wait_for(1)
        assert [copy for _, copy in counter.printer.printed] == [True]


async def test_a_job_sent_before_a_power_cut_is_a_copy(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        await furnish(counter)
        await counter.log_in()
        counter.printer.faults = [ABSENT] * 1000
        job = await _sell(counter)
        await eventually(lambda: len(counter.printer.faults) < 1000, "the printer to be tried", 60)

        def cut(transaction: WriteTransaction) -> None:
            transaction.set_print_job(job, PRINT_SENT, 0)

        await counter.store.write(cut)
    async with open_counter(tmp_path, counter.clock) as again:
        await again.printer.wait_for(1)
        assert [copy for _, copy in again.printer.printed] == [True]


async def test_a_reprint_says_copy(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        await furnish(counter)
        await counter.log_in()
        job = await _sell(counter)
        await counter.printer.wait_for(1)
        while (await counter.desk.views.print_jobs())[0].state != "printed":
            await counter.store.write(lambda _transaction: None)
        await counter.do("reprint", print_job=job)
        await counter.printer.wait_for(2)
        assert [copy for _, copy in counter.printer.printed] == [False, True]
        assert (await counter.refused("reprint", print_job=999)).code == "print_job_unknown"


async def test_a_stale_welcome_is_not_printed(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        await furnish(counter)
        await counter.log_in()
        await counter.member()
        counter.printer.faults = [ABSENT]
        await counter.tap()
        while counter.printer.faults:
            await counter.store.write(lambda _transaction: None)
        counter.clock.forward(3600)
        await counter.do("clear_screen")
        job = await _sell(counter)
        await counter.printer.wait_for(1)
        with counter.store.read() as reader:
            states = {one.kind: one.state for one in reader.latest_print_jobs()}
        assert states["check_in"] == PRINT_FAILED
        assert states["sale"] in (PRINT_SENT, PRINT_DONE)
        assert len(counter.printer.printed) == 1
        assert job
        # A person who asks for it gets it, and it is no copy: it never came out.
        dropped = next(
            one.print_job for one in await counter.desk.views.print_jobs() if one.slip == "check_in"
        )
        await counter.do("reprint", print_job=dropped)
        await counter.printer.wait_for(2)
        assert [copy for _, copy in counter.printer.printed] == [False, False]


async def test_every_slip_is_laid_out_in_both_languages(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        await furnish(counter)
        await counter.log_in()
        member = await counter.member()
        await counter.tap()
        await counter.do("top_up", member=member, amount_fen=9000, tender="cash")
        await counter.do("add_line", sku="COLA")
        sold = await counter.do("pay", tender="wallet", expected_total_fen=450)
        await counter.do("asset_receipt", tag="PC-1", name="主机")
        await counter.do("dispatch_transfer", to_cafe=2, lines=[["COLA", 1]], tags="PC-1")
        manager: dict[str, object] = {"approver": 502, "approver_pin": "2580", "reason": "输错了"}
        made = await counter.do("top_up", member=member, amount_fen=100, tender="cash")
        await counter.do("cancel_top_up", top_up=made.values["top_up"], **manager)
        await counter.do("top_up_many", lines=[["王小明", "5"]], tender="cash", **manager)
        await counter.do("cash_out", member=member, amount_fen=100, tender="cash", **manager)
        annual = {"card_type": "annual", "tender": "cash"}
        card = await counter.do("issue_card", member=member, card_uid="04A1B2CC", **annual)
        fee = [["annual", "年卡", "annual card", "member", 100, 100, 1000, 2000, 365, 0, 500]]
        await counter.hub.document(RULE, "card_types", {"version": 1, "values": fee})
        counter.desk.log_applied()
        await counter.do("renew_card", card=card.values["card"], tender="cash")
        await counter.do("return_card", card=card.values["card"], tender="cash")
        await counter.log_in(502)
        await counter.do("refund", sale=sold.values["sale"], amount_fen=100, reason="坏了")
        with counter.store.read() as reader:
            jobs = {job.kind: from_bytes(job.document) for job in reader.latest_print_jobs()}
        assert set(jobs) <= set(SLIPS)
        for job in jobs.values():
            chinese, english = receipt_of(job, "zh"), receipt_of(job, "en")
            assert chinese.lines[0] == Text("本店", chinese.lines[0].align, True, True)
            assert len(chinese.lines) == len(english.lines)
            assert any(
                isinstance(line, Pair) and line.right == job.chain_code for line in english.lines
            )
        printed = receipt_of(jobs["sale"], "en")
        assert Pair("Cola", "¥5.00") in printed.lines
        assert Pair("  member price", "-¥0.50") in printed.lines
        assert Pair("Balance left", "¥85.50") in printed.lines


async def test_the_queue_ends_when_it_is_woken_and_cancelled_at_once(tmp_path: Path) -> None:
    """A box that stops right after a sale, while its printer is away."""
    async with open_counter(tmp_path) as counter:
        await furnish(counter)
        await counter.log_in()
        counter.printer.faults = [ABSENT] * 1000
        await _sell(counter)
        await eventually(lambda: len(counter.printer.faults) < 1000, "the printer to be tried", 60)
        for _ in range(5):  # it notes that the printer is away, and then pauses
            await counter.store.write(lambda _transaction: None)
        counter.printer_queue.wake()
        counter.printing.cancel()
        async with asyncio.timeout(60):
            await asyncio.wait({counter.printing})
        assert counter.printing.cancelled()
