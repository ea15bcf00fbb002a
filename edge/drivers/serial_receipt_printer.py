"""Receipt printer on a serial line (ESC/POS), spoken to from one thread that owns the port.

Before a job the printer is asked how it is (DLE EOT, one byte each: whoever reads more waits out
the whole timeout). The job ends with GS r, which a printer answers only when it has printed all
before it; without that answer the outcome is unknown. A printer that says nothing is at fault,
never "fine". Between jobs it is asked every few seconds, so that the truth line knows of an empty
roll before a customer does.

The two kinds of answer differ in their fixed bits: DLE EOT 0xx1xx10, GS r 0xx0xxxx.

Sources: Epson ESC/POS command reference (DLE EOT, GS r), tcflush(3).
"""

import asyncio
import contextlib
import queue
import termios
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass

import serial

from edge.drivers.bridge import Bridge
from edge.drivers.contract import ReceiptPrinter
from edge.drivers.errors import (
    DeviceAbsentError,
    DeviceFaultError,
    PrintOutcomeUnknownError,
    Reason,
)
from edge.drivers.options import option, read_options
from edge.drivers.receipt_bytes import COLUMNS, render_drawer_kick, render_receipt
from edge.drivers.serial_lines import reason_of_open
from edge.drivers.stacks import Stacks
from edge.events import DeviceState
from edge.receipt import Receipt

STATUS_OF_PRINTER, STATUS_OF_CAUSE, STATUS_OF_PAPER = 1, 2, 4
PRINTER_OFFLINE = 0x08
CAUSE_COVER_OPEN, CAUSE_PAPER_END, CAUSE_ERROR = 0x04, 0x20, 0x40
PAPER_NEAR_END, PAPER_END = 0x0C, 0x60
ANSWER_WHEN_PRINTED = b"\x1dr\x01"
"""GS r 1: the printer sends its paper sensor's state once everything before it is printed."""
CHUNK_BYTES = 256
WAITING_JOBS_MAX = 100
"""Print jobs live in the box's store; more than this in wait means that nobody looks."""


@dataclass(frozen=True, slots=True)
class Options:
    """`port` is best a /dev/serial/by-id path. `flow` is what the printer's switches say.

    `confirm` is "printed" (GS r), or "accepted" for a printer that does not know GS r: then a job
    counts as printed once the printer took its bytes and says that it is well.
    """

    port: str = option(low=1, high=255)
    baud: int = option(9600, choices=(4800, 9600, 19200, 38400, 57600, 115200))
    flow: str = option("none", choices=("none", "rts_cts", "dsr_dtr", "xon_xoff"))
    paper_mm: int = option(80, choices=(58, 80))
    encoding: str = option("gb18030", choices=("gb18030", "gbk"))
    confirm: str = option("printed", choices=("printed", "accepted"))
    drawer_pin: int = option(2, choices=(2, 5))
    answer_ms: int = option(500, low=20, high=5000)
    stall_ms: int = option(5000, low=50, high=60_000)
    job_ms: int = option(30_000, low=200, high=120_000)
    status_every_ms: int = option(3000, low=20, high=60_000)


class _TroubleError(Exception):
    """The printer or its line cannot go on."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def state(self) -> DeviceState:
        there = {Reason.PAPER_OUT, Reason.COVER_OPEN, Reason.PRINTER_ERROR, Reason.STALLED}
        return DeviceState.DEGRADED if self.reason in there else DeviceState.ABSENT


@dataclass(frozen=True, slots=True)
class _Job:
    operation: str
    data: bytes
    ask_when_printed: bool
    done: "Future[None]"


class SerialReceiptPrinter(ReceiptPrinter):
    """See the module."""

    def __init__(self, name: str, options: Options, bridge: Bridge) -> None:
        super().__init__(name, bridge)
        self._options = options
        self._jobs: queue.Queue[_Job | None] = queue.Queue(WAITING_JOBS_MAX)
        self._line: serial.Serial | None = None
        self._answers_awaited = 0
        """GS r sent and not answered: more than one if a job before was left in the printer."""
        self._stopping = False
        self._thread: threading.Thread | None = None

    async def open(self) -> None:
        self._thread = threading.Thread(target=self._run, name=f"printer:{self.name}", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stopping = True
        await asyncio.to_thread(self._stop, thread)

    def _stop(self, thread: threading.Thread) -> None:
        self._jobs.put(None)
        thread.join()

    async def print_receipt(self, receipt: Receipt, *, copy: bool = False) -> None:
        options = self._options
        data = render_receipt(receipt, COLUMNS[options.paper_mm], options.encoding, copy=copy)
        ask_when_printed = options.confirm == "printed"
        await self._submit("print a receipt", data, ask_when_printed=ask_when_printed)

    async def kick_drawer(self) -> None:
        data = render_drawer_kick(self._options.drawer_pin)
        await self._submit("open the drawer", data, ask_when_printed=False)

    async def _submit(self, operation: str, data: bytes, *, ask_when_printed: bool) -> None:
        if self._thread is None:
            raise DeviceAbsentError(operation, self.name, Reason.NOT_OPENED)
        job = _Job(operation, data, ask_when_printed, Future())
        try:
            self._jobs.put_nowait(job)
        except queue.Full as error:
            raise DeviceFaultError(operation, self.name, Reason.STALLED) from error
        await asyncio.wrap_future(job.done)

    # from here on: the printer's own thread

    def _run(self) -> None:
        self._check()
        while not self._stopping:
            try:
                job = self._jobs.get(timeout=self._options.status_every_ms / 1000)
            except queue.Empty:
                self._check()
                continue
            if job is not None and job.done.set_running_or_notify_cancel():
                self._perform(job)
        while not self._jobs.empty():
            job = self._jobs.get()
            if job is not None and job.done.set_running_or_notify_cancel():
                error = DeviceAbsentError(job.operation, self.name, Reason.NOT_OPENED)
                job.done.set_exception(error)
        self._hang_up()
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    def _check(self) -> None:
        """Look after the printer between jobs."""
        try:
            self._require_ready(self._open_line())
        except _TroubleError as trouble:
            self._note(trouble)

    def _perform(self, job: _Job) -> None:
        try:
            line = self._open_line()
            self._require_ready(line)
        except _TroubleError as trouble:
            self._note(trouble)
            fault = trouble.state == DeviceState.DEGRADED
            error_type = DeviceFaultError if fault else DeviceAbsentError
            job.done.set_exception(error_type(job.operation, self.name, trouble.reason))
            return
        try:
            self._send(line, job.data)
            if job.ask_when_printed:
                self._send(line, ANSWER_WHEN_PRINTED)
                self._answers_awaited += 1
                self._await_answers(line)
        except _TroubleError as trouble:
            self._note(trouble)
            error = PrintOutcomeUnknownError(job.operation, self.name, trouble.reason)
            job.done.set_exception(error)
            return
        job.done.set_result(None)
        self._check()

    def _note(self, trouble: _TroubleError) -> None:
        self._report(trouble.state, trouble.reason)
        if trouble.state == DeviceState.ABSENT or trouble.reason == Reason.STALLED:
            self._hang_up()  # what is left unsent must not come out in front of the next job
            self._answers_awaited = 0

    def _open_line(self) -> serial.Serial:
        if self._line is not None:
            return self._line
        options = self._options
        try:
            self._line = serial.Serial(
                options.port,
                options.baud,
                timeout=options.answer_ms / 1000,
                write_timeout=options.stall_ms / 1000,
                rtscts=options.flow == "rts_cts",
                dsrdtr=options.flow == "dsr_dtr",
                xonxoff=options.flow == "xon_xoff",
                exclusive=True,
            )
        except PermissionError as error:
            raise _TroubleError(Reason.NO_PERMISSION) from error
        except (OSError, termios.error) as error:  # SerialException is an OSError
            raise _TroubleError(reason_of_open(error)) from error
        return self._line

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is None:
            return
        with contextlib.suppress(OSError, termios.error):  # the line may be gone
            line.reset_output_buffer()  # close(2) would wait for a stalled printer to take it
        line.close()

    def _require_ready(self, line: serial.Serial) -> None:
        """Ask how the printer is and tell it. Raises _TroubleError unless it can print."""
        self._read_late_answers(line)
        if self._ask(line, STATUS_OF_PRINTER) & PRINTER_OFFLINE:
            cause = self._ask(line, STATUS_OF_CAUSE)
            if cause & CAUSE_COVER_OPEN:
                raise _TroubleError(Reason.COVER_OPEN)
            if not cause & CAUSE_PAPER_END:
                raise _TroubleError(Reason.PRINTER_ERROR)
        paper = self._ask(line, STATUS_OF_PAPER)
        if paper & PAPER_END:
            raise _TroubleError(Reason.PAPER_OUT)
        if paper & PAPER_NEAR_END:
            self._report(DeviceState.DEGRADED, Reason.PAPER_LOW)
        else:
            self._report(DeviceState.OK)

    def _ask(self, line: serial.Serial, subject: int) -> int:
        """DLE EOT n: one byte of status bits."""
        self._send(line, bytes((0x10, 0x04, subject)))
        for _ in range(8):  # GS r's answer may come first; more than that is noise
            answer = self._receive(line)
            if answer is None:
                raise _TroubleError(Reason.SILENT)
            if answer & 0x93 == 0x12:
                return answer
            self._count(answer)
        raise _TroubleError(Reason.GARBLED)

    def _await_answers(self, line: serial.Serial) -> None:
        """Wait until all that was sent is printed."""
        deadline_s = time.monotonic() + self._options.job_ms / 1000
        while self._answers_awaited:
            if self._stopping:
                raise _TroubleError(Reason.NOT_OPENED)
            if time.monotonic() > deadline_s:
                raise _TroubleError(Reason.STALLED)
            answer = self._receive(line)
            if answer is None:
                self._require_ready(line)  # slow, or in trouble?
            else:
                self._count(answer)

    def _count(self, answer: int) -> None:
        if answer & 0x90 == 0 and self._answers_awaited:
            self._answers_awaited -= 1

    def _send(self, line: serial.Serial, data: bytes) -> None:
        try:
            for start in range(0, len(data), CHUNK_BYTES):
                line.write(data[start : start + CHUNK_BYTES])
        except serial.SerialTimeoutException as error:
            raise _TroubleError(Reason.STALLED) from error
        except (OSError, termios.error) as error:
            raise _TroubleError(Reason.LINE_LOST) from error

    def _receive(self, line: serial.Serial) -> int | None:
        """One byte, or None after `answer_ms`."""
        try:
            received = line.read(1)
        except (OSError, termios.error, TypeError) as error:  # TypeError: pyserial, fd just closed
            raise _TroubleError(Reason.LINE_LOST) from error
        return received[0] if received else None

    def _read_late_answers(self, line: serial.Serial) -> None:
        try:
            while line.in_waiting:
                answer = self._receive(line)
                if answer is not None:
                    self._count(answer)
        except (OSError, termios.error) as error:
            raise _TroubleError(Reason.LINE_LOST) from error


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, _stacks: Stacks
) -> SerialReceiptPrinter:
    """Raises DeviceConfigurationError."""
    return SerialReceiptPrinter(name, read_options(Options, table, where), bridge)
