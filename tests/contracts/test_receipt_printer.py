"""The contract of receipt printers, at the end of each kind of line; a virtual printer beneath."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from edge.drivers import network_receipt_printer
from edge.drivers.byte_line import LineUnopenedError, open_usb_printer
from edge.drivers.errors import (
    DeviceAbsentError,
    DeviceError,
    DeviceFaultError,
    PrintOutcomeUnknownError,
)
from edge.drivers.escpos_receipt_printer import EscposReceiptPrinter
from edge.drivers.fake.printer import Paper, VirtualPrinter
from edge.drivers.stacks import Stacks
from edge.events import DeviceState, DrawerMoved
from edge.receipt import Align, Barcode, Feed, Pair, QrCode, Receipt, Rule, Text
from tests.contracts.collector import Collector
from tests.contracts.printer_rigs import IMPATIENT, LINES, PATIENT, Rig, rig
from tests.stack import eventually

DEADLINE_S = 60
RECEIPT = Receipt(
    (
        Text("东门店", align=Align.CENTRE, big=True),
        Rule(),
        Pair("可口可乐 330ml x2", "¥7.00"),
        Pair("合计 Total", "￥1,234.00", bold=True),
        Feed(1),
        QrCode("https://cafe.example/r/42"),
        Barcode("K-00077"),
        Text("谢谢光临 Thank you", align=Align.RIGHT),
    ),
    kick_drawer=True,
)
LONG_RECEIPT = Receipt(tuple(Text(f"第 {row} 行 " + "长" * 15) for row in range(400)))


@pytest.fixture(params=LINES)
def printing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """The virtual printer, plugged in."""
    made = rig(request.param, tmp_path)
    yield made
    assert made.paper.unknown_commands == []
    made.paper.close()


@pytest.fixture
def paper(printing: Rig) -> VirtualPrinter:
    return printing.paper


@pytest.fixture
async def printer(
    request: pytest.FixtureRequest, printing: Rig, collector: Collector
) -> AsyncIterator[EscposReceiptPrinter]:
    """The driver, open and well; parametrise it with other options than PATIENT."""
    driver = printing.driver(getattr(request, "param", PATIENT), collector.bridge)
    await driver.open()
    await collector.state(DeviceState.OK)
    yield driver
    await driver.close()


async def failure(printer: EscposReceiptPrinter, receipt: Receipt = RECEIPT) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        await printer.print_receipt(receipt)
    assert caught.value.hint
    return caught.value


async def begun(paper: VirtualPrinter, job: "asyncio.Task[None]") -> None:
    """Wait until the first row of a job hangs out of the printer."""
    await eventually(lambda: paper.uncut.items or job.done(), "the first row", DEADLINE_S)
    assert not job.done()


@pytest.mark.covers("A373")
async def test_a_receipt_comes_out_as_it_was_written(
    printer: EscposReceiptPrinter, paper: VirtualPrinter
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
        "[BARCODE K-00077]",
        "              谢谢光临 Thank you",
    ]
    assert len(paper.kicks_ns) == 1
    assert not receipt.is_copy


async def test_a_copy_says_so_and_leaves_the_drawer_shut(
    printer: EscposReceiptPrinter, paper: VirtualPrinter
) -> None:
    await printer.print_receipt(RECEIPT, copy=True)
    assert [receipt.is_copy for receipt in paper.receipts] == [True]
    assert paper.kicks_ns == []


async def test_the_drawer_opens_without_a_receipt(
    printer: EscposReceiptPrinter, paper: VirtualPrinter, collector: Collector
) -> None:
    await printer.kick_drawer()
    await printer.print_receipt(Receipt((Text("after"),)))  # in order: the kick was before it
    assert len(paper.kicks_ns) == 1


async def test_jobs_come_out_whole_and_in_order(
    printer: EscposReceiptPrinter, paper: VirtualPrinter
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
    ],
    ids=["paper_out", "cover_open"],
)
async def test_a_printer_in_need_says_so_before_a_job_and_prints_without_a_restart(
    printer: EscposReceiptPrinter,
    paper: VirtualPrinter,
    collector: Collector,
    trouble: Callable[[VirtualPrinter], None],
    mend: Callable[[VirtualPrinter], None],
    state: DeviceState,
    reason: str,
) -> None:
    trouble(paper)
    await collector.state(state, reason)
    error = await failure(printer)
    assert (type(error), error.reason) == (DeviceFaultError, reason)
    mend(paper)
    await collector.state(DeviceState.OK)
    await printer.print_receipt(RECEIPT)
    assert len(paper.receipts) == 1, "nothing of the refused job came out"


async def test_an_unplugged_printer_is_absent_and_prints_once_it_is_back(
    printing: Rig, printer: EscposReceiptPrinter, paper: VirtualPrinter, collector: Collector
) -> None:
    await asyncio.to_thread(paper.unplug)
    await collector.state(DeviceState.ABSENT, printing.unplugged)
    error = await failure(printer)
    assert (type(error), error.reason) == (DeviceAbsentError, printing.unplugged)
    await asyncio.to_thread(paper.plug)
    await collector.state(DeviceState.OK)
    await printer.print_receipt(RECEIPT)
    assert len(paper.receipts) == 1, "nothing of the refused job came out"


@pytest.mark.parametrize("printing", ["pair"], indirect=True)
@pytest.mark.parametrize("printer", [IMPATIENT], indirect=True, ids=["impatient"])
async def test_a_silent_printer_is_absent_and_never_thought_well(
    printing: Rig, printer: EscposReceiptPrinter, paper: VirtualPrinter, collector: Collector
) -> None:
    paper.set_mute(True)
    await collector.state(DeviceState.ABSENT, "silent")
    error = await failure(printer)
    assert (type(error), error.reason) == (DeviceAbsentError, "silent")
    paper.set_mute(False)
    await collector.state(DeviceState.OK)


async def test_low_paper_is_told_and_still_prints(
    printer: EscposReceiptPrinter, paper: VirtualPrinter, collector: Collector
) -> None:
    paper.set_paper(Paper.LOW)
    await collector.state(DeviceState.DEGRADED, "paper_low")
    await printer.print_receipt(RECEIPT)
    assert len(paper.receipts) == 1


async def test_paper_that_ends_in_mid_job_leaves_the_outcome_unknown(
    printer: EscposReceiptPrinter, paper: VirtualPrinter, collector: Collector
) -> None:
    paper.end_paper_after(rows=3)
    error = await failure(printer)
    assert (type(error), error.reason) == (PrintOutcomeUnknownError, "paper_out")
    paper.set_paper(Paper.PLENTY)  # the printer goes on with what it holds
    await collector.state(DeviceState.OK)
    await printer.print_receipt(RECEIPT, copy=True)
    assert [receipt.is_copy for receipt in paper.receipts] == [False, True]


async def test_an_answer_to_the_job_before_does_not_confirm_the_next(
    printer: EscposReceiptPrinter, paper: VirtualPrinter, collector: Collector
) -> None:
    paper.end_paper_after(rows=3)
    await failure(printer)
    paper.set_paper(Paper.PLENTY)
    await collector.state(DeviceState.OK)
    paper.end_paper_after(rows=3)
    assert isinstance(await failure(printer), PrintOutcomeUnknownError)


@pytest.mark.parametrize("printer", [IMPATIENT], indirect=True, ids=["impatient"])
async def test_a_printer_that_falls_silent_in_mid_job_leaves_the_outcome_unknown(
    printer: EscposReceiptPrinter, paper: VirtualPrinter
) -> None:
    paper.stall_after(rows=3)
    job = asyncio.create_task(printer.print_receipt(LONG_RECEIPT))
    await begun(paper, job)
    with pytest.raises(PrintOutcomeUnknownError) as caught:
        await job
    assert caught.value.reason in {"silent", "stalled"}
    paper.set_stalled(False)


async def test_a_cable_pulled_in_mid_job_leaves_the_outcome_unknown(
    printing: Rig, printer: EscposReceiptPrinter, paper: VirtualPrinter, collector: Collector
) -> None:
    paper.end_paper_after(rows=3)
    job = asyncio.create_task(printer.print_receipt(LONG_RECEIPT))
    await begun(paper, job)
    await asyncio.to_thread(paper.unplug)
    with pytest.raises(PrintOutcomeUnknownError):
        await job
    await collector.state(DeviceState.ABSENT, printing.unplugged)


async def test_closing_ends_the_thread_and_answers_jobs_that_wait(
    printer: EscposReceiptPrinter, paper: VirtualPrinter
) -> None:
    await printer.close()
    await printer.close()
    error = await failure(printer)
    assert (type(error), error.reason) == (DeviceAbsentError, "not_opened")


@pytest.mark.parametrize("printer", [{**PATIENT, "confirm": "accepted"}], indirect=True, ids=[""])
async def test_where_it_cannot_tell_that_it_printed_it_must_be_well_afterwards(
    printer: EscposReceiptPrinter, paper: VirtualPrinter
) -> None:
    await printer.print_receipt(RECEIPT)
    paper.end_paper_after(rows=3)
    error = await failure(printer)
    assert (type(error), error.reason) == (PrintOutcomeUnknownError, "paper_out")


@pytest.mark.covers("A441")
@pytest.mark.parametrize("printer", [{**PATIENT, "drawer_sense": "low"}], indirect=True, ids=[""])
async def test_the_drawers_switch_is_told_with_or_without_a_kick(
    printer: EscposReceiptPrinter, paper: VirtualPrinter, collector: Collector
) -> None:
    assert not (await collector.nth(DrawerMoved, 1)).is_open
    paper.set_drawer_open(True)
    assert (await collector.nth(DrawerMoved, 2)).is_open
    paper.set_drawer_open(False)
    assert not (await collector.nth(DrawerMoved, 3)).is_open
    await printer.kick_drawer()
    assert (await collector.nth(DrawerMoved, 4)).is_open


@pytest.mark.parametrize("printer", [{**PATIENT, "answer_ms": 300}], indirect=True, ids=[""])
async def test_a_line_in_use_is_told(
    printing: Rig, printer: EscposReceiptPrinter, collector: Collector
) -> None:
    second = Collector()
    rival = printing.driver({**PATIENT, "answer_ms": 300}, second.bridge)
    await rival.open()
    await second.state(DeviceState.ABSENT, printing.in_use)
    await rival.close()


async def test_a_host_that_can_be_no_name_is_told(collector: Collector) -> None:
    table = {"host": "192.168.1..50", **PATIENT}
    printer = network_receipt_printer.build(
        "receipts", table, "printer", collector.bridge, Stacks()
    )
    await printer.open()
    await collector.state(DeviceState.ABSENT, "no_host")
    with pytest.raises(DeviceAbsentError):
        await printer.kick_drawer()
    await printer.close()


def test_what_is_no_device_is_no_usb_printer(tmp_path: Path) -> None:
    (tmp_path / "lp0").write_bytes(b"a file that somebody printed into")
    with pytest.raises(LineUnopenedError) as caught:
        open_usb_printer(str(tmp_path / "lp0"))
    assert caught.value.reason == "no_port"
