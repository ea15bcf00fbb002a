"""A virtual customer display: reads CD5220 or ESC/POS commands and keeps what stands on it."""

import threading
from collections.abc import Callable

from edge.drivers.fake.outlets import Outlet
from edge.drivers.fake.plug import Plug

COLUMNS = 20
ESC, FS, CLEAR, US = 0x1B, 0x1C, 0x0C, 0x1F
CD5220_ROW_BYTES = 3
"""ESC Q A: then the row, then a carriage return."""


class VirtualDisplay:
    """Plugged in from the start until `close`. Thread-safe."""

    def __init__(self, outlet: Outlet) -> None:
        self._lock = threading.Lock()
        self._rows = [b" " * COLUMNS, b" " * COLUMNS]
        self._row, self._column = 0, 0
        self._received = bytearray()
        self.unknown: list[bytes] = []
        self._plug = Plug(outlet, "virtual-display", self._arrive)
        self.plug()

    @property
    def rows(self) -> tuple[str, str]:
        """What the customer reads, without the blanks at the end."""
        with self._lock:
            first, second = (row.decode("gb18030", "replace").rstrip() for row in self._rows)
        return first, second

    def set_stalled(self, stalled: bool) -> None:
        """Let it take no bytes."""
        self._plug.stalled = stalled

    def plug(self) -> None:
        """Plug it in: it is dark."""
        self._plug.put_in()

    def unplug(self) -> None:
        """Pull its one cable, which also gives it power."""
        if self._plug.pull():
            with self._lock:
                self._received.clear()
                self._clear()

    def close(self) -> None:
        self.unplug()

    def _arrive(self, data: bytes) -> None:
        with self._lock:
            self._received += data
            while taken := self._take(self._received):
                del self._received[:taken]

    def _take(self, data: bytearray) -> int:
        """Do the first command; how many bytes it has, 0 if they are not all here."""
        if not data:
            return 0
        commands: dict[int, Callable[[bytearray], int]] = {ESC: self._esc, US: self._us}
        if data[0] in commands:
            return commands[data[0]](data)
        if data[0] == FS:
            return 2 if len(data) >= 2 else 0  # FS &: Chinese
        if data[0] == CLEAR:
            self._clear()
        elif data[0] < 0x20:
            self.unknown.append(bytes(data[:1]))
        else:
            row, column = self._rows[self._row], self._column
            self._rows[self._row] = row[:column] + data[:1] + row[column + 1 :]
            self._column = min(COLUMNS - 1, column + 1)
        return 1

    def _esc(self, data: bytearray) -> int:
        if len(data) < 2:
            return 0
        if data[1:2] == b"@":
            self._clear()
            return 2
        if data[1:2] != b"Q":
            self.unknown.append(bytes(data[:2]))
            return 2
        end = data.find(b"\r")
        if end < 0:
            return 0
        row = data[2] - ord("A")
        if row in range(len(self._rows)):  # else the line was cut within a command
            self._rows[row] = bytes(data[CD5220_ROW_BYTES:end]).ljust(COLUMNS)
        return end + 1

    def _us(self, data: bytearray) -> int:
        """US $ column row."""
        if len(data) < 4:
            return 0
        if data[1:2] != b"$":
            self.unknown.append(bytes(data[:2]))
            return 2
        column, row = data[2] - 1, data[3] - 1
        if column in range(COLUMNS) and row in range(len(self._rows)):
            self._column, self._row = column, row
        return 4

    def _clear(self) -> None:
        self._rows = [b" " * COLUMNS, b" " * COLUMNS]
        self._row, self._column = 0, 0
