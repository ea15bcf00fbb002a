"""The contract of receipt printers, on a pseudo-terminal with a virtual printer behind it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from edge.drivers.errors import (
    DeviceAbsentError,
    DeviceError,
    DeviceFaultError,
    PrintOutcomeUnknownError,
)
from edge.drivers.fake.printer import Paper, VirtualPrinter
from edge.drivers.serial_receipt_printer import Options, SerialReceiptPrinter
from edge.events import DeviceState
from edge.receipt import Align, Feed, Pair, QrCode, Receipt, Rule, Text
from tests.contracts.collector import Collector

RECEIPT = Receipt(
    (
        Text("东门店", align=Align.CENTRE, big=True),
        Rule(),
        Pair("可口可乐 330ml x2", "¥7.00"),
        Pair("合计 Total", "￥1,234.00", bold=True),
        Feed(1),
        QrCode("https://cafe.example/r/42"),
        Text("谢谢光临 Thank you", align=Align.RIGHT),
    ),
    kick_drawer=True,
)
LONG_RECEIPT = Receipt(tuple(Text(f"第 {row} 行 " + "长" * 15) for row in range(400)))


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[VirtualPrinter]:
    """The virtual printer, plugged in."""
    printer = VirtualPrinter(tmp_path / "printer", columns=32)
    yield printer
    assert printer.unknown_commands == []
    printer.close()


@pytest.fixture
async def printer(
    paper: VirtualPrinter, collector: Collector
) -> AsyncIterator[SerialReceiptPrinter]:
    """The driver, with short patience, open and well."""
    options = Options(
        port=str(paper.port),
        baud=115200,
        paper_mm=58,
        answer_ms=50,
        stall_ms=100,
        job_ms=1000,
        status_every_ms=40,
    )
    driver = SerialReceiptPrinter("receipts", options, collector.bridge)
    await driver.open()
    await collector.state(DeviceState.OK)
    yield driver
    await driver.close()


async def failure(printer: SerialReceiptPrinter, receipt: Receipt = RECEIPT) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        await printer.print_receipt(receipt)
    assert caught.value.hint
    return caught.value


@pytest.mark.covers("A373")
async def test_a_receipt_comes_out_as_it_was_written(
    printer: SerialReceiptPrinter, paper: VirtualPrinter
) -> None:
    await printer.print_receipt(RECEIPT)
    [receipt] = paper.receipts
    assert receipt.text.splitlines() == [
        "          东门店",
        "-" * 32,
        "可口可乐 330ml x2         ￥7.00",
        "合计 Total            ￥1,234.00",
        "",
        "[QR https://cafe.example/r/42]",
        "              谢谢光临 Thank you",
    ]
    assert len(paper.kicks_ns) == 1
    assert not receipt.is_copy


async def test_a_copy_says_so_and_leaves_the_drawer_shut(
    printer: SerialReceiptPrinter, paper: VirtualPrinter
) -> None:
    await printer.print_receipt(RECEIPT, copy=True)
    assert [receipt.is_copy for receipt in paper.receipts] == [True]
    assert paper.kicks_ns == []


async def test_the_drawer_opens_without_a_receipt(
    printer: SerialReceiptPrinter, paper: VirtualPrinter, collector: Collector
) -> None:
    await printer.kick_drawer()
    await printer.print_receipt(Receipt((Text("after"),)))  # in order: the kick was before it
    assert len(paper.kicks_ns) == 1


async def test_jobs_come_out_whole_and_in_order(
    printer: SerialReceiptPrinter, paper: VirtualPrinter
) -> None:
    receipts = [Receipt((Text(f"job {number}"),)) for number in range(20)]
    await asyncio.gather(*(printer.print_receipt(receipt) for receipt in receipts))
    assert [receipt.text for receipt in paper.receipts] == [f"job {n}" for n in range(20)]


@pytest.mark.parametrize(
    ("trouble", "mend", "state", "reason"),
    [
        (
            lambda paper: paper.set_paper(Paper.OUT),
            lambda paper: paper.set_paper(Paper.PLENTY),
            DeviceState.DEGRADED,
            "paper_out",
        ),
        (
            lambda paper: paper.set_cover_open(True),
            lambda paper: paper.set_cover_open(False),
            DeviceState.DEGRADED,
            "cover_open",
        ),
        (
            lambda paper: paper.set_mute(True),
            lambda paper: paper.set_mute(False),
            DeviceState.ABSENT,
            "silent",
        ),
        (VirtualPrinter.unplug, VirtualPrinter.plug, DeviceState.ABSENT, "no_port"),
    ],
    ids=["paper_out", "cover_open", "silent", "unplugged"],
)
async def test_trouble_is_told_before_a_job_and_over_without_a_restart(
    printer: SerialReceiptPrinter,
    paper: VirtualPrinter,
    collector: Collector,
    trouble: Callable[[VirtualPrinter], None],
    mend: Callable[[VirtualPrinter], None],
    state: DeviceState,
    reason: str,
) -> None:
    await asyncio.to_thread(trouble, paper)
    await collector.state(state, reason)
    error = await failure(printer)
    expected = DeviceFaultError if state == DeviceState.DEGRADED else DeviceAbsentError
    assert (type(error), error.reason) == (expected, reason)
    await asyncio.to_thread(mend, paper)
    await collector.state(DeviceState.OK)
    await printer.print_receipt(RECEIPT)
    assert len(paper.receipts) == 1, "nothing of the refused job came out"


async def test_low_paper_is_told_and_still_prints(
    printer: SerialReceiptPrinter, paper: VirtualPrinter, collector: Collector
) -> None:
    paper.set_paper(Paper.LOW)
    await collector.state(DeviceState.DEGRADED, "paper_low")
    await printer.print_receipt(RECEIPT)
    assert len(paper.receipts) == 1


async def test_paper_that_ends_in_mid_job_leaves_the_outcome_unknown(
    printer: SerialReceiptPrinter, paper: VirtualPrinter, collector: Collector
) -> None:
    paper.end_paper_after(rows=3)
    error = await failure(printer)
    assert (type(error), error.reason) == (PrintOutcomeUnknownError, "paper_out")
    paper.set_paper(Paper.PLENTY)  # the printer goes on with what it holds
    await collector.state(DeviceState.OK)
    await printer.print_receipt(RECEIPT, copy=True)
    assert [receipt.is_copy for receipt in paper.receipts] == [False, True]


async def test_an_answer_to_the_job_before_does_not_confirm_the_next(
    printer: SerialReceiptPrinter, paper: VirtualPrinter, collector: Collector
) -> None:
    paper.end_paper_after(rows=3)
    await failure(printer)
    paper.set_paper(Paper.PLENTY)
    await collector.state(DeviceState.OK)
    paper.end_paper_after(rows=3)
    assert isinstance(await failure(printer), PrintOutcomeUnknownError)


async def test_a_printer_that_falls_silent_in_mid_job_leaves_the_outcome_unknown(
    printer: SerialReceiptPrinter, paper: VirtualPrinter
) -> None:
    job = asyncio.create_task(printer.print_receipt(LONG_RECEIPT))
    while not paper.uncut.items:  # noqa: ASYNC110  the virtual printer has no asyncio side
        await asyncio.sleep(0)
    paper.set_stalled(True)
    with pytest.raises(PrintOutcomeUnknownError) as caught:
        await job
    assert caught.value.reason in {"silent", "stalled"}
    paper.set_stalled(False)


async def test_a_cable_pulled_in_mid_job_leaves_the_outcome_unknown(
    printer: SerialReceiptPrinter, paper: VirtualPrinter, collector: Collector
) -> None:
    paper.end_paper_after(rows=3)
    job = asyncio.create_task(printer.print_receipt(LONG_RECEIPT))
    while not paper.uncut.items:  # noqa: ASYNC110  the virtual printer has no asyncio side
        await asyncio.sleep(0)
    await asyncio.to_thread(paper.unplug)
    with pytest.raises(PrintOutcomeUnknownError):
        await job
    await collector.state(DeviceState.ABSENT, "no_port")


async def test_closing_ends_the_thread_and_answers_jobs_that_wait(
    printer: SerialReceiptPrinter, paper: VirtualPrinter
) -> None:
    await printer.close()
    await printer.close()
    error = await failure(printer)
    assert (type(error), error.reason) == (DeviceAbsentError, "not_opened")


async def test_a_port_in_use_is_told(printer: SerialReceiptPrinter, paper: VirtualPrinter) -> None:
    second = Collector()
    rival = SerialReceiptPrinter("rival", Options(port=str(paper.port)), second.bridge)
    await rival.open()
    await second.state(DeviceState.ABSENT, "port_busy")
    await rival.close()
