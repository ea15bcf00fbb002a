"""A virtual 125 kHz reader behind a pseudo-terminal: repeats the tag that lies there."""

import os
import threading
import tty
from functools import reduce
from operator import xor
from pathlib import Path

REPEAT_SECONDS = 0.065
"""As an RDM6300 does."""


def frame_of(number: bytes) -> bytes:
    """The frame of a tag's five bytes."""
    data = number + bytes((reduce(xor, number),))
    return b"\x02" + data.hex().upper().encode("ascii") + b"\x03"


class VirtualRdm6300:
    """Plugged in from the start; thread-safe."""

    def __init__(self, port: Path) -> None:
        """`port` becomes a link to the pseudo-terminal: the driver's `port`."""
        self.port = port
        self._lock = threading.Lock()
        self._terminals: tuple[int, int] | None = None
        self._frame: bytes | None = None
        self._changed = threading.Event()
        self._closed = False
        self.plug()
        self._thread = threading.Thread(target=self._repeat, name="rdm6300", daemon=True)
        self._thread.start()

    def lay(self, number: bytes) -> None:
        """Lay a tag (five bytes) into the field; the one before is gone."""
        self._frame = frame_of(number)
        self._changed.set()

    def lift(self) -> None:
        self._frame = None

    def send(self, data: bytes) -> None:
        """Put bytes on the line, whatever they are; they are lost while unplugged."""
        with self._lock:
            if self._terminals is not None:
                os.write(self._terminals[0], data)

    def plug(self) -> None:
        with self._lock:
            controller, line = os.openpty()
            tty.setraw(line)
            self.port.unlink(missing_ok=True)
            self.port.symlink_to(os.ttyname(line))
            self._terminals = controller, line

    def unplug(self) -> None:
        with self._lock:
            terminals, self._terminals = self._terminals, None
            self.port.unlink(missing_ok=True)
            for terminal in terminals or ():
                os.close(terminal)

    def close(self) -> None:
        self._closed = True
        self._changed.set()
        self._thread.join()
        self.unplug()

    def _repeat(self) -> None:
        while not self._closed:
            self._changed.clear()
            frame = self._frame
            if frame is not None:
                self.send(frame)
            self._changed.wait(REPEAT_SECONDS)
