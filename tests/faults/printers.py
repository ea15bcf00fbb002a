"""Printers that fail in mid-receipt, beneath a counter that goes on selling.

A real driver on a pseudo-terminal with a virtual printer behind it; a desk on a real store. What is
held: each receipt came out or waits, one that came out again says COPY, and whoever sells while the
printer is away is answered.
"""

import random
from pathlib import Path

from edge.drivers import serial_receipt_printer
from edge.drivers.bridge import Bridge
from edge.drivers.fake.outlets import PtyOutlet
from edge.drivers.fake.printer import Paper, VirtualPrinter
from edge.drivers.receipt_bytes import COPY_TITLE
from edge.drivers.stacks import Stacks
from edge.effects.slips import WORDS
from edge.events import DeviceEvent, DeviceState
from tests.edge.desk.counter import Counter, furnish, open_counter
from tests.faults.report import Report
from tests.faults.scale import Scale
from tests.stack import eventually

DEADLINE_S = 60.0
ROWS_MAX = 14
"""A sale's receipt has more rows: its paper ends before it does."""
SEED = 20270301


async def run(folder: Path, scale: Scale) -> Report:
    """Sell while the roll ends and the cable comes out, each so many times."""
    report = Report()
    paper = VirtualPrinter(PtyOutlet(folder / "printer"))
    counters: list[Counter] = []

    def deliver(_event: DeviceEvent) -> None:
        for counter in counters:
            counter.desk.device_changed()

    table = {"port": str(folder / "printer"), "answer_ms": 5000, "status_every_ms": 20}
    driver = serial_receipt_printer.build("receipts", table, "p", Bridge(deliver), Stacks())
    try:
        (folder / "box").mkdir()
        async with open_counter(folder / "box", printer=driver) as counter:
            counters.append(counter)
            await driver.open()
            await furnish(counter)
            await counter.log_in()
            till = _Till(report, counter, paper, driver, random.Random(SEED))
            for _ in range(scale.printer_faults):
                await till.end_the_roll()
            for _ in range(scale.printer_faults):
                await till.pull_the_cable()
            till.look_at_the_papers()
            await driver.close()
    finally:
        paper.close()
    return report


class _Till:
    """Somebody who sells, and whoever does things to the printer meanwhile."""

    def __init__(
        self,
        report: Report,
        counter: Counter,
        paper: VirtualPrinter,
        driver: serial_receipt_printer.EscposReceiptPrinter,
        chance: random.Random,
    ) -> None:
        self._report = report
        self._counter = counter
        self._paper = paper
        self._driver = driver
        self._chance = chance
        self._sold: list[str] = []

    async def end_the_roll(self) -> None:
        """The roll ends in mid-receipt; a new one comes after another sale."""
        self._paper.end_paper_after(self._chance.randint(1, ROWS_MAX))
        await self._sell()
        await self._until(lambda: self._driver.status.reason == "paper_out", "an empty roll")
        self._report.injected("paper_ended_in_mid_receipt")
        await self._sell()
        self._expect_waiting("without paper")
        self._paper.set_paper(Paper.PLENTY)
        await self._until_printed()

    async def pull_the_cable(self) -> None:
        """The line closes and the printer loses its power in mid-receipt, then both are back."""
        self._paper.end_paper_after(self._chance.randint(1, ROWS_MAX))  # so that it is mid-receipt
        await self._sell()
        await self._until(lambda: self._paper.paper is Paper.OUT, "half a receipt")
        self._paper.unplug()
        await self._until(lambda: self._driver.status.state is DeviceState.ABSENT, "a lost line")
        self._report.injected("printer_line_closed")
        await self._sell()
        self._expect_waiting("without a line")
        self._paper.set_paper(Paper.PLENTY)
        self._paper.plug()
        await self._until_printed()

    def look_at_the_papers(self) -> None:
        """Every receipt came out, and as the original once at most."""
        originals: list[str] = []
        copies: list[str] = []
        for receipt in self._paper.receipts:
            original, *again = receipt.text.split(COPY_TITLE)
            originals += _codes_on(original)
            copies += _codes_on("".join(again))
        for code in self._sold:
            self._report.expect(code in originals + copies, f"the receipt {code} is lost")
            twice = originals.count(code) > 1
            self._report.expect(not twice, f"the receipt {code} came out twice and is no copy")

    async def _sell(self) -> None:
        """Raises AssertionError where the desk refuses."""
        await self._counter.do("add_line", sku="COLA")
        paid = await self._counter.do("pay", tender="cash", expected_total_fen=500)
        self._sold.append(paid.chain_code)
        self._report.figures["sold"] = len(self._sold)

    def _expect_waiting(self, how: str) -> None:
        with self._counter.store.read() as reader:
            jobs = reader.latest_print_jobs(2)
        waiting = [job.state for job in jobs if job.state in ("waiting", "sent")]
        self._report.expect(len(waiting) == 2, f"{how}: jobs are {[job.state for job in jobs]}")

    async def _until_printed(self) -> None:
        def printed() -> bool:
            with self._counter.store.read() as reader:
                return not reader.count_print_jobs("waiting") + reader.count_print_jobs("sent")

        await self._until(printed, "all receipts to be printed")

    async def _until(self, condition, what: str) -> None:
        await eventually(condition, what, DEADLINE_S)


def _codes_on(text: str) -> list[str]:
    """The chain codes that stand in the rows of that name."""
    name = WORDS["code"][0]
    return [row.split()[-1] for row in text.splitlines() if row.startswith(name)]
