"""Door counter on a door node at the end of a serial line: a report a line, an answer a line.

The frames are those of `edge.door_frames`. One thread owns the port and opens it again, ever more
slowly, when the line is lost.
"""

import contextlib
import threading
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import partial

import serial

from edge.door_frames import LINE_BYTES_MAX, FrameError, from_line, to_line
from edge.drivers.bridge import Bridge
from edge.drivers.contract import DoorCounter
from edge.drivers.door_node_reports import ANSWER_S, SILENT_S, Reports, read_key
from edge.drivers.errors import Reason
from edge.drivers.options import option, read_options
from edge.drivers.serial_listener import SerialListener, line_errors
from edge.drivers.stacks import Stacks
from edge.events import DeviceState

READ_S = 0.5
"""How long a read may block: the longest that `close` waits."""


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
        self._listener: SerialListener | None = None

    async def open(self) -> None:
        reports = Reports(self.name, read_key(self.name, self._options.key_file), self._bridge.post)
        self._listener = SerialListener(
            f"counter:{self.name}",
            partial(self._serve, reports),
            partial(self._report, DeviceState.ABSENT),
            port=self._options.port,
            baud=self._options.baud,
            read_s=READ_S,
            write_s=ANSWER_S,
        )
        self._listener.open()

    async def close(self) -> None:
        if self._listener is not None:
            await self._listener.close()
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    def _serve(self, reports: Reports, line: serial.Serial, stopping: threading.Event) -> None:
        """Until the driver stops. Raises LineLostError."""
        self._report(DeviceState.ABSENT, Reason.NODE_SILENT)
        heard = time.monotonic()
        received = b""
        while not stopping.is_set():
            with line_errors():
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
            answer = reports.answer(frame, committed.result(ANSWER_S))
            with line_errors():
                line.write(to_line(answer))
        return True


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, stacks: Stacks
) -> SerialDoorCounter:
    """Raises DeviceConfigurationError."""
    del stacks
    return SerialDoorCounter(name, read_options(Options, table, where), bridge)
