"""A virtual receipt printer: prints what it is sent over any line, and has its moods.

It answers DLE EOT at once, also while it cannot print; GS r only when all before it is printed.
Its paper may run low or out (at once, or after some rows, in mid-job), its cover may be open; it
may be mute (prints, but says nothing), stalled (takes no bytes) or unplugged. A drawer hangs on it,
whose switch pulls pin 3 down while it is open; a kick opens it, and it stays open until it is shut.
"""

import threading
import time
from enum import IntEnum

from edge.drivers.fake.escpos_parser import EscposParser, PrintedItem
from edge.drivers.fake.outlets import Outlet
from edge.drivers.fake.paper import PrintedReceipt
from edge.drivers.fake.plug import Plug

DLE_EOT = b"\x10\x04"
FIXED_BITS = 0x12
DRAWER_PIN_3_HIGH, OFFLINE = 0x04, 0x08


class Paper(IntEnum):
    """How much paper there is."""

    OUT = 0
    LOW = 1
    PLENTY = 2


class VirtualPrinter:
    """Open from the start until `close`. Thread-safe."""

    def __init__(self, outlet: Outlet, columns: int = 48) -> None:
        self._columns = columns
        self._changed = threading.Condition()
        self._paper, self._cover_open = Paper.PLENTY, False
        self._rows_left: int | None = None
        self._mute = False
        self._rows_to_stall: int | None = None
        self._drawer_open = False
        self._items: list[PrintedItem] = []
        self._receipts: list[PrintedReceipt] = []
        self._kicks_ns: list[int] = []
        self._waiting = bytearray()
        """Bytes that arrived while it could not print."""
        self._parser = EscposParser(self._on_item, self._on_cut, self._on_kick, self._answer_gs_r)
        self._plug = Plug(outlet, "virtual-printer", self._arrive)
        self.plug()

    @property
    def receipts(self) -> list[PrintedReceipt]:
        """Everything that was cut off, oldest first."""
        with self._changed:
            return list(self._receipts)

    @property
    def uncut(self) -> PrintedReceipt:
        """What hangs out of the printer."""
        with self._changed:
            return PrintedReceipt(tuple(self._items), self._columns, 0)

    @property
    def paper(self) -> Paper:
        """How much paper there is now."""
        with self._changed:
            return self._paper

    @property
    def kicks_ns(self) -> list[int]:
        """When the drawer was opened (monotonic clock)."""
        with self._changed:
            return list(self._kicks_ns)

    @property
    def unknown_commands(self) -> list[bytes]:
        with self._changed:
            return list(self._parser.unknown)

    def set_paper(self, paper: Paper) -> None:
        """Take the roll out, or put one in; what waited is printed then."""
        with self._changed:
            self._paper, self._rows_left = paper, None
            self._go_on()

    def end_paper_after(self, rows: int) -> None:
        """Let the roll end in mid-job."""
        with self._changed:
            self._rows_left = rows

    def set_cover_open(self, is_open: bool) -> None:
        with self._changed:
            self._cover_open = is_open
            self._go_on()

    def set_drawer_open(self, is_open: bool) -> None:
        """Somebody opens it with the key, or shuts it."""
        with self._changed:
            self._drawer_open = is_open

    def set_mute(self, mute: bool) -> None:
        with self._changed:
            self._mute = mute

    def set_stalled(self, stalled: bool) -> None:
        with self._changed:
            self._plug.stalled, self._rows_to_stall = stalled, None
            self._go_on()

    def stall_after(self, rows: int) -> None:
        """Let it stall in mid-job: it prints no more and takes nothing."""
        with self._changed:
            self._rows_to_stall = rows

    def unplug(self) -> None:
        """Pull the cable and the power; what was not on paper is lost."""
        if self._plug.pull():
            with self._changed:
                self._parser.power_off()
                self._waiting.clear()

    def plug(self) -> None:
        """Plug it in again, under the same port."""
        self._plug.put_in()

    def close(self) -> None:
        self.unplug()

    def _arrive(self, data: bytes) -> None:
        with self._changed:
            self._waiting += data
            while (start := self._waiting.find(DLE_EOT)) >= 0:
                if len(self._waiting) < start + 3:
                    return  # its last byte is on the way
                subject = self._waiting[start + 2]
                del self._waiting[start : start + 3]
                self._answer(self._status(subject))
            self._go_on()

    def _go_on(self) -> None:
        if self._paper != Paper.OUT and not self._cover_open and not self._plug.stalled:
            self._parser.resume()
            keep = 1 if self._waiting.endswith(DLE_EOT[:1]) else 0
            data = bytes(self._waiting[: len(self._waiting) - keep])
            del self._waiting[: len(data)]
            self._parser.feed(data)
        self._changed.notify_all()

    def _status(self, subject: int) -> int:
        """DLE EOT n, for n of 1 (printer), 2 (cause of offline), 3 (error), 4 (paper)."""
        out = self._paper == Paper.OUT
        bits = {
            1: (OFFLINE if out or self._cover_open else 0)
            | (0 if self._drawer_open else DRAWER_PIN_3_HIGH),
            2: (0x04 if self._cover_open else 0) | (0x20 if out else 0),
            4: (0x0C if self._paper <= Paper.LOW else 0) | (0x60 if out else 0),
        }
        return FIXED_BITS | bits.get(subject, 0)

    def _answer(self, status: int) -> None:
        if not self._mute:
            self._plug.write(bytes((status,)))

    def _answer_gs_r(self) -> None:
        self._answer(0x03 if self._paper == Paper.LOW else 0x00)

    def _on_item(self, item: PrintedItem) -> bool:
        self._items.append(item)
        if self._rows_left is not None:
            self._rows_left -= 1
            if self._rows_left <= 0:
                self._paper, self._rows_left = Paper.OUT, None
        if self._rows_to_stall is not None:
            self._rows_to_stall -= 1
            self._plug.stalled = self._rows_to_stall <= 0
        return self._paper != Paper.OUT and not self._plug.stalled

    def _on_cut(self) -> None:
        receipt = PrintedReceipt(tuple(self._items), self._columns, time.monotonic_ns())
        self._items = []
        self._receipts.append(receipt)

    def _on_kick(self) -> None:
        self._kicks_ns.append(time.monotonic_ns())
        self._drawer_open = True
