"""Door counter on a door node at the end of a serial line: a report a line, an answer a line.

The frames are those of `edge.door_frames`. One thread owns the port and opens it again, ever more
slowly, when the line is lost.
"""

import asyncio
import contextlib
import termios
import threading
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass

import serial

from edge.door_frames import LINE_BYTES_MAX, FrameError, from_line, to_line
from edge.drivers.bridge import Bridge
from edge.drivers.contract import DoorCounter
from edge.drivers.door_node_reports import ANSWER_S, SILENT_S, Reports, read_key
from edge.drivers.errors import Reason
from edge.drivers.options import option, read_options
from edge.drivers.stacks import Stacks
from edge.events import DeviceState

READ_S = 0.5
"""How long a read may block: the longest that `close` waits."""
RETRY_FIRST_S, RETRY_MAX_S = 0.2, 10.0
LINE_ERRORS = (OSError, termios.error)
"""What pyserial raises for a port that is away; its SerialException is an OSError."""


@dataclass(frozen=True, slots=True)
class Options:
    """`port` is best a /dev/serial/by-id or by-path name."""

    key_file: str = option(low=1, high=255)
    port: str = option(low=1, high=255)
    baud: int = option(115_200, choices=(9600, 19200, 38400, 57600, 115_200))


class SerialDoorCounter(DoorCounter):
    """See the module."""

    def __init__(self, name: str, options: Options, bridge: Bridge) -> None:
        super().__init__(name, bridge)
        self._options = options
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    async def open(self) -> None:
        reports = Reports(self.name, read_key(self.name, self._options.key_file), self._bridge.post)
        self._thread = threading.Thread(
            target=self._run, args=(reports,), name=f"counter:{self.name}", daemon=True
        )
        self._thread.start()

    async def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stopping.set()
        await asyncio.to_thread(thread.join)
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    def _run(self, reports: Reports) -> None:
        retry_s = RETRY_FIRST_S
        while not self._stopping.is_set():
            try:
                with serial.Serial(
                    self._options.port, self._options.baud, timeout=READ_S, write_timeout=ANSWER_S
                ) as line:
                    retry_s = RETRY_FIRST_S
                    self._report(DeviceState.ABSENT, Reason.NODE_SILENT)
                    self._serve(reports, line)
            except LINE_ERRORS:
                self._report(DeviceState.ABSENT, Reason.NO_PORT)
                self._stopping.wait(retry_s)
                retry_s = min(2 * retry_s, RETRY_MAX_S)

    def _serve(self, reports: Reports, line: serial.Serial) -> None:
        heard = time.monotonic()
        received = b""
        while not self._stopping.is_set():
            received += line.read_until(b"\n", LINE_BYTES_MAX)
            if not received.endswith(b"\n") and len(received) < LINE_BYTES_MAX:
                if time.monotonic() - heard > SILENT_S:
                    self._report(DeviceState.ABSENT, Reason.NODE_SILENT)
                continue
            data, received = received, b""
            if self._receive(reports, line, data):
                heard = time.monotonic()

    def _receive(self, reports: Reports, line: serial.Serial, data: bytes) -> bool:
        """Answer a line; False if it is none of the node's."""
        try:
            frame, committed = reports.take(from_line(data))
        except FrameError:
            self._report(DeviceState.DEGRADED, Reason.NODE_UNPROVEN)
            return False
        self._report(DeviceState.OK)
        with contextlib.suppress(TimeoutError, CancelledError):
            line.write(to_line(reports.answer(frame, committed.result(ANSWER_S))))
        return True


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, stacks: Stacks
) -> SerialDoorCounter:
    """Raises DeviceConfigurationError."""
    del stacks
    return SerialDoorCounter(name, read_options(Options, table, where), bridge)
