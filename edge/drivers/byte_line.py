"""A line of bytes to a device that also answers: serial, a USB printer's file, TCP.

Each is a descriptor that never blocks; who waits, waits in poll(2) for a time that is given. What
was not sent when a line is closed is thrown away: it must not come out in front of the next job.

Sources: poll(2), tcflush(3), socket(7) SO_LINGER, the kernel's usblp driver (it holds /dev/usb/lp*
for one at a time, and hands on a printer's empty packets).
"""

import contextlib
import errno
import fcntl
import os
import select
import socket
import stat
import struct
import time
from collections.abc import Callable

import serial

from edge.drivers.errors import Reason
from edge.drivers.serial_lines import LINE_ERRORS, reason_of_open

CHUNK_BYTES = 256
ENDED = select.POLLHUP | select.POLLRDHUP | select.POLLERR | select.POLLNVAL
THROW_AWAY = struct.pack("ii", 1, 0)
"""SO_LINGER: on, for no time."""


class LineError(Exception):
    """The line cannot go on; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class LineUnopenedError(LineError):
    """The line cannot be opened now."""


class LineLostError(LineError):
    """The cable, or the other end, is gone."""

    def __init__(self) -> None:
        super().__init__(Reason.LINE_LOST)


class LineStalledError(LineError):
    """The other end took no byte for as long as it may."""

    def __init__(self) -> None:
        super().__init__(Reason.STALLED)


class ByteLine:
    """An open line. One thread uses it."""

    def __init__(self, descriptor: int, close: Callable[[], None]) -> None:
        """`close` throws away what is unsent, and closes the descriptor."""
        self._descriptor = descriptor
        self._close = close

    def write(self, data: bytes, stall_ms: int) -> None:
        """Send all. Raises LineLostError, or LineStalledError after `stall_ms` without a byte."""
        rest = memoryview(data)
        while rest:
            if not self._wait(select.POLLOUT, stall_ms):
                raise LineStalledError
            try:
                sent = os.write(self._descriptor, rest[:CHUNK_BYTES])
            except BlockingIOError:
                continue
            except OSError as error:
                raise LineLostError from error
            rest = rest[sent:]

    def read_byte(self, wait_ms: int) -> int | None:
        """The next byte, None if there was none for `wait_ms`. Raises LineLostError."""
        until_s = time.monotonic() + wait_ms / 1000
        left_ms = wait_ms
        while happened := self._wait(select.POLLIN, left_ms):
            try:
                received = os.read(self._descriptor, 1)
            except BlockingIOError:
                received = b""
            except OSError as error:
                raise LineLostError from error
            if received:
                return received[0]
            if happened & ENDED:
                raise LineLostError
            left_ms = max(0, int((until_s - time.monotonic()) * 1000))
        return None

    def close(self) -> None:
        self._close()

    def _wait(self, wanted: int, wait_ms: int) -> int:
        """What poll says, 0 after `wait_ms`. Raises LineLostError once there is only the end."""
        poll = select.poll()
        poll.register(self._descriptor, wanted | select.POLLRDHUP)
        for _descriptor, happened in poll.poll(wait_ms):
            if not happened & wanted or (happened & ENDED and wanted == select.POLLOUT):
                raise LineLostError
            return happened
        return 0


def open_serial(port: str, baud: int, flow: str) -> ByteLine:
    """A serial port; `flow` is "none", "rts_cts", "dsr_dtr" or "xon_xoff".

    Raises LineUnopenedError.
    """
    try:
        line = serial.Serial(
            port,
            baud,
            timeout=0,
            rtscts=flow == "rts_cts",
            dsrdtr=flow == "dsr_dtr",
            xonxoff=flow == "xon_xoff",
            exclusive=True,
        )
    except LINE_ERRORS as error:
        raise LineUnopenedError(reason_of_open(error)) from error

    def close() -> None:
        with contextlib.suppress(*LINE_ERRORS):  # the line may be gone
            line.reset_output_buffer()  # close(2) would wait for a stalled device to take it
        line.close()

    return ByteLine(line.fileno(), close)


def open_usb_printer(port: str) -> ByteLine:
    """The kernel's file of a USB printer. Raises LineUnopenedError."""
    try:
        descriptor = os.open(port, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        raise LineUnopenedError(reason_of_open(error)) from error
    try:
        if not stat.S_ISCHR(os.fstat(descriptor).st_mode):
            raise OSError(errno.ENODEV, "no device", port)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise LineUnopenedError(reason_of_open(error)) from error
    return ByteLine(descriptor, lambda: os.close(descriptor))


def open_tcp(host: str, port: int, wait_ms: int) -> ByteLine:
    """A device in the network. Raises LineUnopenedError."""
    try:
        line = socket.create_connection((host, port), wait_ms / 1000)
    except (OSError, UnicodeError) as error:  # of the name, the way there, or the port
        raise LineUnopenedError(Reason.NO_HOST) from error
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, THROW_AWAY)
    line.setblocking(False)
    return ByteLine(line.fileno(), line.close)
