"""Where a virtual device is plugged in: a pseudo-terminal, a TCP port, or a pair of sockets.

An outlet is used by one thread that waits and reads; any thread may write.
"""

import contextlib
import os
import select
import socket
import struct
import tty
from pathlib import Path
from typing import Protocol

from edge.drivers.byte_line import ByteLine, LineUnopenedError
from edge.drivers.errors import Reason

CHUNK_BYTES = 4096
THROW_AWAY = struct.pack("ii", 1, 0)
"""SO_LINGER: on, for no time."""


class Outlet(Protocol):
    """One plug and its cable."""

    def plug(self) -> None:
        """Make it reachable for the box."""

    def unplug(self) -> None:
        """Pull the cable: the box finds its line lost."""

    def wait(self, timeout_s: float) -> bool:
        """Whether something came."""

    def read(self) -> bytes:
        """What came, b"" where it was no more than a connection that came or went."""

    def write(self, data: bytes) -> None:
        """Send to the box, if it is there."""


class PtyOutlet:
    """A serial line, or the kernel's file of a USB printer."""

    def __init__(self, port: Path) -> None:
        """`port` becomes a link to the pseudo-terminal: the driver's `port`."""
        self._port = port
        self._ours, self._theirs = -1, -1

    def plug(self) -> None:
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self._port.unlink(missing_ok=True)
        self._port.symlink_to(os.ttyname(self._theirs))

    def unplug(self) -> None:
        os.close(self._ours)
        os.close(self._theirs)
        self._port.unlink(missing_ok=True)

    def wait(self, timeout_s: float) -> bool:
        return bool(select.select([self._ours], [], [], timeout_s)[0])

    def read(self) -> bytes:
        return os.read(self._ours, CHUNK_BYTES)

    def write(self, data: bytes) -> None:
        os.write(self._ours, data)


class _SocketOutlet:
    """What outlets of sockets have alike: the one box that is connected, or none."""

    def __init__(self) -> None:
        self._box: socket.socket | None = None

    def wait(self, timeout_s: float) -> bool:
        box = self._box
        if box is None:
            select.select([], [], [], timeout_s)
            return False
        return bool(select.select([box], [], [], timeout_s)[0])

    def read(self) -> bytes:
        if self._box is None:
            return b""
        try:
            data = self._box.recv(CHUNK_BYTES)
        except ConnectionError:
            data = b""
        if not data:
            self._hang_up()
        return data

    def write(self, data: bytes) -> None:
        if self._box is not None:
            with contextlib.suppress(OSError):  # the box has gone
                self._box.sendall(data)

    def _hang_up(self) -> None:
        box, self._box = self._box, None
        if box is not None:
            box.close()


class TcpOutlet(_SocketOutlet):
    """A device in the network, on loopback; it serves one box at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.port = 0
        """Chosen at the first plug, and kept."""
        self._listener: socket.socket | None = None

    def plug(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self.port = listener.getsockname()[1]
        self._listener = listener

    def unplug(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        if self._box is not None:
            self._box.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, THROW_AWAY)
        self._hang_up()

    def wait(self, timeout_s: float) -> bool:
        waits_for = self._box or self._listener
        return waits_for is not None and bool(select.select([waits_for], [], [], timeout_s)[0])

    def read(self) -> bytes:
        if self._box is None and self._listener is not None:
            self._box, _address = self._listener.accept()
            return b""
        return super().read()


class PairOutlet(_SocketOutlet):
    """A line without any kernel device: `open_line` is what a driver dials."""

    def __init__(self) -> None:
        super().__init__()
        self._plugged = self._held = False
        self._next: socket.socket | None = None
        """The box that dialled and was not seen yet."""

    def plug(self) -> None:
        self._plugged = True

    def unplug(self) -> None:
        self._plugged = False
        self._hang_up()
        self._box, self._next = self._next, None
        self._hang_up()

    def wait(self, timeout_s: float) -> bool:
        if self._box is None:
            self._box, self._next = self._next, None
        return super().wait(timeout_s)

    def open_line(self) -> ByteLine:
        """Raises LineUnopenedError."""
        if not self._plugged:
            raise LineUnopenedError(Reason.NO_PORT)
        if self._held:
            raise LineUnopenedError(Reason.PORT_BUSY)
        self._next, theirs = socket.socketpair()
        theirs.setblocking(False)
        self._held = True

        def close() -> None:
            theirs.close()
            self._held = False

        return ByteLine(theirs.fileno(), close)
