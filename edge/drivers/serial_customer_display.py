"""Customer display on a serial line, or behind the serial port of its USB plug.

Such a display answers nothing: that one is switched off cannot be told, that its cable is out can.
Once the line is back, what was shown last is shown again.
"""

import asyncio
import queue
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from edge.drivers.bridge import Bridge
from edge.drivers.byte_line import (
    ByteLine,
    LineLostError,
    LineStalledError,
    LineUnopenedError,
    open_serial,
)
from edge.drivers.contract import CustomerDisplay
from edge.drivers.display_bytes import RENDERERS, RESET
from edge.drivers.errors import DeviceAbsentError, DeviceFaultError, Reason
from edge.drivers.options import option, read_options
from edge.drivers.stacks import Stacks
from edge.events import DeviceState

WAITING_MAX = 20
"""Changes that wait for a display; more means that it takes none."""


@dataclass(frozen=True, slots=True)
class Options:
    """`port` is best a /dev/serial/by-id path; `commands` is what the display's switches say."""

    port: str = option(low=1, high=255)
    baud: int = option(9600, choices=(2400, 4800, 9600, 19200, 38400, 57600, 115200))
    commands: str = option("cd5220", choices=tuple(RENDERERS))
    encoding: str = option("gb18030", choices=("gb18030", "gbk"))
    stall_ms: int = option(1000, low=50, high=10_000)
    look_every_ms: int = option(2000, low=20, high=60_000)


class _TroubleError(Exception):
    """The display's line cannot go on."""

    def __init__(self, state: DeviceState, reason: Reason) -> None:
        super().__init__(reason)
        self.state = state
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Change:
    lines: bytes
    done: "Future[None]"


class SerialCustomerDisplay(CustomerDisplay):
    """See the module."""

    def __init__(self, name: str, options: Options, bridge: Bridge) -> None:
        super().__init__(name, bridge)
        self._options = options
        self._changes: queue.Queue[_Change | None] = queue.Queue(WAITING_MAX)
        self._line: ByteLine | None = None
        self._shown = b""
        self._stopping = False
        self._thread: threading.Thread | None = None

    async def open(self) -> None:
        self._thread = threading.Thread(target=self._run, name=f"display:{self.name}", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stopping = True
        await asyncio.to_thread(self._stop, thread)

    def _stop(self, thread: threading.Thread) -> None:
        self._changes.put(None)
        thread.join()

    async def show_lines(self, first: str, second: str) -> None:
        lines = RENDERERS[self._options.commands](first, second, self._options.encoding)
        if self._thread is None:
            raise DeviceAbsentError("show", self.name, Reason.NOT_OPENED)
        change = _Change(lines, Future())
        try:
            self._changes.put_nowait(change)
        except queue.Full as error:
            raise DeviceFaultError("show", self.name, Reason.STALLED) from error
        await asyncio.wrap_future(change.done)

    async def show_qr(self, content: str) -> None:
        """Two rows of characters have no place for it."""

    # from here on: the display's own thread

    def _run(self) -> None:
        self._look()
        while not self._stopping:
            try:
                change = self._changes.get(timeout=self._options.look_every_ms / 1000)
            except queue.Empty:
                self._look()
                continue
            if change is not None and change.done.set_running_or_notify_cancel():
                self._perform(change)
        while not self._changes.empty():
            change = self._changes.get()
            if change is not None and change.done.set_running_or_notify_cancel():
                error = DeviceAbsentError("show", self.name, Reason.NOT_OPENED)
                change.done.set_exception(error)
        self._hang_up()
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    def _look(self) -> None:
        """Open the line if it is not, and notice that its cable came out."""
        try:
            line = self._open_line()
            while line.read_byte(0) is not None:
                pass  # a display has nothing to say
        except LineLostError:
            self._lose(_TroubleError(DeviceState.ABSENT, Reason.LINE_LOST))
        except _TroubleError as trouble:
            self._lose(trouble)

    def _perform(self, change: _Change) -> None:
        self._shown = change.lines
        try:
            opened = self._line is None
            line = self._open_line()
            if not opened:
                self._send(line, change.lines)
        except _TroubleError as trouble:
            self._lose(trouble)
            fault = trouble.state == DeviceState.DEGRADED
            error_type = DeviceFaultError if fault else DeviceAbsentError
            change.done.set_exception(error_type("show", self.name, trouble.reason))
            return
        change.done.set_result(None)

    def _open_line(self) -> ByteLine:
        """The line; one that is opened shows what was shown last. Raises _TroubleError."""
        if self._line is None:
            options = self._options
            try:
                self._line = open_serial(options.port, options.baud, "none")
            except LineUnopenedError as error:
                raise _TroubleError(DeviceState.ABSENT, error.reason) from error
            self._send(self._line, RESET + self._shown)
            self._report(DeviceState.OK)
        return self._line

    def _send(self, line: ByteLine, data: bytes) -> None:
        try:
            line.write(data, self._options.stall_ms)
        except LineStalledError as error:
            raise _TroubleError(DeviceState.DEGRADED, Reason.STALLED) from error
        except LineLostError as error:
            raise _TroubleError(DeviceState.ABSENT, Reason.LINE_LOST) from error

    def _lose(self, trouble: _TroubleError) -> None:
        self._report(trouble.state, trouble.reason)
        self._hang_up()

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, _stacks: Stacks
) -> SerialCustomerDisplay:
    """Raises DeviceConfigurationError."""
    return SerialCustomerDisplay(name, read_options(Options, table, where), bridge)
