"""Receipt printer (ESC/POS), spoken to over any line from one thread that owns it.

Before a job the printer is asked how it is (DLE EOT, one byte each: whoever reads more waits out
the whole timeout), and after it again. The job ends with GS r, which a printer answers only when
it has printed all before it; without that answer the outcome is unknown. A printer that says
nothing is at fault, never "fine". Between jobs it is asked every few seconds, so that the truth
line knows of an empty roll before a customer does.

The two kinds of answer differ in their fixed bits: DLE EOT 0xx1xx10, GS r 0xx0xxxx.

Source: Epson ESC/POS command reference (DLE EOT, GS r).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge.drivers.bridge import Bridge
from edge.drivers.byte_line import ByteLine, LineError
from edge.drivers.contract import ReceiptPrinter
from edge.drivers.errors import (
    NEEDS_A_HAND,
    DeviceConfigurationError,
    PrintOutcomeUnknownError,
    Reason,
    undone,
)
from edge.drivers.job_thread import JobThread
from edge.drivers.options import option
from edge.drivers.receipt_bytes import COLUMNS, Press, render_drawer_kick, render_receipt, width_of
from edge.drivers.receipt_raster import PictureError, RowPainter, read_logo
from edge.events import DeviceState, DrawerMoved
from edge.receipt import SLIP_GROUPS, Receipt

STATUS_OF_PRINTER, STATUS_OF_CAUSE, STATUS_OF_PAPER = 1, 2, 4
DRAWER_PIN_3_HIGH, PRINTER_OFFLINE = 0x04, 0x08
CAUSE_COVER_OPEN, CAUSE_PAPER_END, CAUSE_ERROR = 0x04, 0x20, 0x40
PAPER_NEAR_END, PAPER_END = 0x0C, 0x60
ANSWER_WHEN_PRINTED = b"\x1dr\x01"
"""GS r 1: the printer sends its paper sensor's state once everything before it is printed."""
LOOK_WHILE_PRINTING_MS = 250
"""How often it is asked how it is while it prints."""
WAITING_JOBS_MAX = 100
"""Print jobs live in the box's store; more than this in wait means that nobody looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterOptions:
    """What every ESC/POS printer is told, whatever its line.

    `chinese` is "raster" for a printer without a Chinese font. `confirm` is "printed" (GS r), or
    "accepted" for a printer that does not know GS r: then a job counts as printed once the printer
    took its bytes and says that it is well. `drawer_sense` is the level of the drawer's switch
    while it is open, "none" without a switch. `slips` and `stands_in_for` are groups of slips;
    no `slips` are all those that no other printer names.
    """

    paper_mm: int = option(80, choices=tuple(COLUMNS))
    encoding: str = option("gb18030", choices=("gb18030", "gbk"))
    chinese: str = option("font", choices=("font", "raster"))
    logo: str = option("")
    cut: str = option("full", choices=("full", "partial", "none"))
    confirm: str = option("printed", choices=("printed", "accepted"))
    drawer_pin: int = option(2, choices=(2, 5))
    drawer_sense: str = option("none", choices=("none", "low", "high"))
    slips: tuple[str, ...] = option((), choices=SLIP_GROUPS)
    stands_in_for: tuple[str, ...] = option((), choices=SLIP_GROUPS)
    answer_ms: int = option(500, low=20, high=5000)
    stall_ms: int = option(5000, low=50, high=60_000)
    job_ms: int = option(30_000, low=200, high=120_000)
    status_every_ms: int = option(3000, low=20, high=60_000)


def press_of(options: PrinterOptions, where: str) -> Press:
    """How the printer prints. Raises DeviceConfigurationError for a font or logo it cannot use."""
    columns = COLUMNS[options.paper_mm]
    painter, logo = None, b""
    try:
        if options.chinese == "raster":
            painter = RowPainter(columns, partial(width_of, encoding=options.encoding))
    except PictureError as error:
        raise DeviceConfigurationError(f"{where}.chinese", str(error), "Or set 'font'") from error
    try:
        if options.logo:
            logo = read_logo(Path(options.logo), columns)
    except PictureError as error:
        raise DeviceConfigurationError(f"{where}.logo", str(error), "Or set ''") from error
    return Press(columns, options.encoding, options.drawer_pin, options.cut, painter, logo)


class _PrinterError(LineError):
    """The printer at the other end cannot go on."""


class EscposReceiptPrinter(ReceiptPrinter):
    """See the module."""

    def __init__(
        self,
        name: str,
        options: PrinterOptions,
        press: Press,
        open_line: Callable[[], ByteLine],
        bridge: Bridge,
    ) -> None:
        """`open_line` raises LineUnopenedError; it may take as long as an answer."""
        super().__init__(name, bridge)
        self.slips = frozenset(options.slips)
        self.stands_in_for = frozenset(options.stands_in_for)
        self._options = options
        self._press = press
        self._dial = open_line
        self._thread = JobThread(
            name,
            f"printer:{name}",
            WAITING_JOBS_MAX,
            self._check,
            options.status_every_ms,
            self._end,
        )
        self._line: ByteLine | None = None
        self._answers_awaited = 0
        """GS r sent and not answered: more than one if a job before was left in the printer."""
        self._drawer_open: bool | None = None
        """None until the printer told."""

    async def open(self) -> None:
        self._thread.start()

    async def close(self) -> None:
        await self._thread.close()

    async def print_receipt(self, receipt: Receipt, *, copy: bool = False) -> None:
        data = render_receipt(receipt, self._press, copy=copy)
        await self._submit("print a receipt", data, is_receipt=True)

    async def kick_drawer(self) -> None:
        data = render_drawer_kick(self._options.drawer_pin)
        await self._submit("open the drawer", data, is_receipt=False)

    async def _submit(self, operation: str, data: bytes, *, is_receipt: bool) -> None:
        job = partial(self._perform, operation, data, is_receipt=is_receipt)
        await self._thread.do(operation, job)

    # from here on: the printer's own thread

    def _check(self) -> None:
        """Look after the printer between jobs."""
        try:
            self._require_ready(self._open_line())
        except LineError as error:
            self._note(error)

    def _perform(self, operation: str, data: bytes, *, is_receipt: bool) -> None:
        try:
            line = self._open_line()
            self._require_ready(line)
        except LineError as error:
            self._note(error)
            raise undone(operation, self.name, error.reason) from error
        try:
            self._send(line, data)
            if is_receipt:
                self._await_printed(line)
        except LineError as error:
            self._note(error)
            raise PrintOutcomeUnknownError(operation, self.name, error.reason) from error

    def _end(self) -> None:
        self._hang_up()
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    def _note(self, error: LineError) -> None:
        self._report_trouble(error.reason)
        if error.reason not in NEEDS_A_HAND or error.reason == Reason.STALLED:
            self._hang_up()
            self._answers_awaited = 0

    def _open_line(self) -> ByteLine:
        if self._line is None:
            self._line = self._dial()
        return self._line

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _require_ready(self, line: ByteLine) -> None:
        """Ask how the printer is and tell it. Raises LineError unless it can print."""
        while (late := line.read_byte(0)) is not None:
            self._count(late)
        printer = self._ask(line, STATUS_OF_PRINTER)
        self._look_at_drawer(printer)
        if printer & PRINTER_OFFLINE:
            cause = self._ask(line, STATUS_OF_CAUSE)
            if cause & CAUSE_COVER_OPEN:
                raise _PrinterError(Reason.COVER_OPEN)
            if not cause & CAUSE_PAPER_END:
                raise _PrinterError(Reason.PRINTER_ERROR)
        paper = self._ask(line, STATUS_OF_PAPER)
        if paper & PAPER_END:
            raise _PrinterError(Reason.PAPER_OUT)
        if paper & PAPER_NEAR_END:
            self._report(DeviceState.DEGRADED, Reason.PAPER_LOW)
        else:
            self._report(DeviceState.OK)

    def _look_at_drawer(self, printer: int) -> None:
        """Tell when the switch of the drawer's plug changed, and how it stands at the start."""
        if self._options.drawer_sense == "none":
            return
        high = bool(printer & DRAWER_PIN_3_HIGH)
        is_open = high == (self._options.drawer_sense == "high")
        if is_open != self._drawer_open:
            self._drawer_open = is_open
            self._bridge.post(DrawerMoved(self.name, is_open, time.monotonic_ns()))

    def _ask(self, line: ByteLine, subject: int) -> int:
        """DLE EOT n: one byte of status bits."""
        self._send(line, bytes((0x10, 0x04, subject)))
        for _ in range(8):  # GS r's answer may come first; more than that is noise
            answer = line.read_byte(self._options.answer_ms)
            if answer is None:
                raise _PrinterError(Reason.SILENT)
            if answer & 0x93 == 0x12:
                return answer
            self._count(answer)
        raise _PrinterError(Reason.GARBLED)

    def _await_printed(self, line: ByteLine) -> None:
        """Wait until all that was sent is printed, as far as the printer can tell."""
        if self._options.confirm == "accepted":
            self._require_ready(line)
            return
        self._send(line, ANSWER_WHEN_PRINTED)
        self._answers_awaited += 1
        deadline_s = time.monotonic() + self._options.job_ms / 1000
        while self._answers_awaited:
            if self._thread.stopping:
                raise _PrinterError(Reason.NOT_OPENED)
            if time.monotonic() > deadline_s:
                raise _PrinterError(Reason.STALLED)
            answer = line.read_byte(LOOK_WHILE_PRINTING_MS)
            if answer is None:
                self._require_ready(line)  # slow, or in trouble?
            else:
                self._count(answer)

    def _count(self, answer: int) -> None:
        if answer & 0x90 == 0 and self._answers_awaited:
            self._answers_awaited -= 1

    def _send(self, line: ByteLine, data: bytes) -> None:
        line.write(data, self._options.stall_ms)


def build_printer(
    name: str,
    options: PrinterOptions,
    where: str,
    open_line: Callable[[], ByteLine],
    bridge: Bridge,
) -> EscposReceiptPrinter:
    """The driver on a line of its own. Raises DeviceConfigurationError."""
    return EscposReceiptPrinter(name, options, press_of(options, where), open_line, bridge)
