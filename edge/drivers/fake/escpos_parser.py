"""Reads a stream of ESC/POS bytes as a printer does: what came onto the paper, job by job.

It knows the commands that receipts are made of and skips the arguments of many more; what it does
not know is kept in `unknown`, so that a test can insist that there is none. Source: Epson ESC/POS
command reference.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from edge.receipt import Align

ESC, FS, GS = 0x1B, 0x1C, 0x1D
CODE_128 = 73
ALIGNMENTS = (Align.LEFT, Align.CENTRE, Align.RIGHT)


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A row of text in the style that was set when it was printed."""

    text: str
    align: Align
    bold: bool
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PrintedFeed:
    """Paper moved on."""

    lines: int


@dataclass(frozen=True, slots=True)
class PrintedQrCode:
    """A QR code."""

    content: str
    dots: int


@dataclass(frozen=True, slots=True)
class PrintedBarcode:
    """A CODE 128 barcode with its characters beneath; `dots` is its narrowest bar's width."""

    content: str
    dots: int
    height: int


@dataclass(frozen=True, slots=True)
class PrintedPicture:
    """Dots, a bit each, rows of whole bytes; black is 1."""

    width: int
    height: int
    dots: bytes


PrintedItem = PrintedLine | PrintedFeed | PrintedQrCode | PrintedBarcode | PrintedPicture


@dataclass(slots=True)
class _Style:
    align: Align = Align.LEFT
    bold: bool = False
    width: int = 1
    height: int = 1


@dataclass(slots=True)
class EscposParser:
    """Feed it bytes. `on_item`, `on_cut`, `on_kick` and `on_status_wanted` tell what happens.

    `on_item` may return False: the paper ended there, and parsing stops before the next item
    until `resume`.
    """

    on_item: Callable[[PrintedItem], bool]
    on_cut: Callable[[], None]
    on_kick: Callable[[], None]
    on_status_wanted: Callable[[], None]
    unknown: list[bytes] = field(default_factory=list)
    _buffer: bytearray = field(default_factory=bytearray)
    _style: _Style = field(default_factory=_Style)
    _row: bytearray = field(default_factory=bytearray)
    _chinese: bool = False
    _qr_content: bytes = b""
    _qr_dots: int = 3
    _bar_dots: int = 3
    _bar_height: int = 162
    _halted: bool = False

    def feed(self, data: bytes) -> None:
        self._buffer += data
        self._parse()

    def resume(self) -> None:
        """There is paper again."""
        self._halted = False
        self._parse()

    def power_off(self) -> None:
        """Forget everything that is not on paper yet."""
        self._buffer.clear()
        self._reset()
        self._halted = False

    def _parse(self) -> None:
        while self._buffer and not self._halted:
            taken = self._take(self._buffer)
            if taken == 0:
                return  # the command goes on in bytes that are not here yet
            del self._buffer[:taken]

    def _reset(self) -> None:
        self._style, self._chinese = _Style(), False
        self._row.clear()

    def _take(self, data: bytearray) -> int:
        """Do the first command; how many bytes it has, 0 if they are not all here."""
        first = data[0]
        if first in {ESC, FS, GS}:
            if len(data) < 2:
                return 0
            return {ESC: self._esc, FS: self._fs, GS: self._gs}[first](data)
        if first == 0x0A:
            self._end_row()
        elif first < 0x20:
            self.unknown.append(bytes(data[:1]))
        elif first < 0x80 or not self._chinese:
            self._row += data[:1]
        else:
            return self._double_byte(data)
        return 1

    def _double_byte(self, data: bytearray) -> int:
        if len(data) < 2:
            return 0
        size = 4 if 0x30 <= data[1] <= 0x39 else 2  # GB 18030
        if len(data) < size:
            return 0
        self._row += data[:size]
        return size

    def _end_row(self) -> None:
        encoding = "gb18030" if self._chinese else "cp437"
        text = self._row.decode(encoding, "replace")
        self._row.clear()
        style = self._style
        self._item(PrintedLine(text, style.align, style.bold, style.width, style.height))

    def _item(self, item: PrintedItem) -> None:
        self._halted = not self.on_item(item)

    def _esc(self, data: bytearray) -> int:
        letter = bytes(data[1:2])
        if letter == b"@":
            self._reset()
            return 2
        if letter == b"2":
            return 2
        size = 5 if letter == b"p" else 3
        if letter not in {bytes((c,)) for c in b"!-3EGMRadpt{"}:
            self.unknown.append(bytes(data[:2]))
            return 2
        if len(data) < size:
            return 0
        value = data[2]
        if letter == b"a":
            self._style.align = ALIGNMENTS[value & 3] if value & 3 < 3 else Align.LEFT
        elif letter == b"E":
            self._style.bold = bool(value & 1)
        elif letter == b"!":
            self._style.bold = bool(value & 0x08)
            self._style.width = 2 if value & 0x20 else 1
            self._style.height = 2 if value & 0x10 else 1
        elif letter == b"d":
            self._item(PrintedFeed(value))
        elif letter == b"p":
            self.on_kick()
        return size

    def _fs(self, data: bytearray) -> int:
        if bytes(data[1:2]) not in (b"&", b"."):
            self.unknown.append(bytes(data[:2]))
        else:
            self._chinese = data[1:2] == b"&"
        return 2

    def _gs(self, data: bytearray) -> int:
        letter = bytes(data[1:2])
        if len(data) < 3:
            return 0
        if letter == b"V":
            size = 4 if data[2] in (65, 66, 97, 98, 103, 104) else 3
            if len(data) < size:
                return 0
            self.on_cut()
            return size
        if letter == b"(":
            return self._gs_block(data)
        if letter == b"v":
            return self._gs_picture(data)
        if letter == b"k":
            return self._gs_barcode(data)
        if letter == b"!":
            self._style.width = (data[2] >> 4 & 7) + 1
            self._style.height = (data[2] & 7) + 1
        elif letter == b"r":
            self.on_status_wanted()
        elif letter == b"h":
            self._bar_height = data[2]
        elif letter == b"w":
            self._bar_dots = data[2]
        elif letter not in (b"B", b"H", b"b", b"f"):
            self.unknown.append(bytes(data[:2]))
            return 2
        return 3

    def _gs_block(self, data: bytearray) -> int:
        """GS ( x pL pH ...: a block with its length in front."""
        if len(data) < 5:
            return 0
        size = 5 + data[3] + 256 * data[4]
        if len(data) < size:
            return 0
        block = bytes(data[5:size])
        if data[2:3] != b"k" or block[:1] != b"1":
            self.unknown.append(bytes(data[:3]))
        elif block[1:2] == b"C":
            self._qr_dots = block[2]
        elif block[1:2] == b"P":
            self._qr_content = block[3:]
        elif block[1:2] == b"Q":
            self._item(PrintedQrCode(self._qr_content.decode("utf-8", "replace"), self._qr_dots))
        return size

    def _gs_picture(self, data: bytearray) -> int:
        """GS v 0 m xL xH yL yH and the dots."""
        if len(data) < 8:
            return 0
        width, height = data[4] + 256 * data[5], data[6] + 256 * data[7]
        size = 8 + width * height
        if len(data) < size:
            return 0
        self._item(PrintedPicture(8 * width, height, bytes(data[8:size])))
        return size

    def _gs_barcode(self, data: bytearray) -> int:
        """GS k m n and the characters; of them CODE 128 in code set B."""
        if len(data) < 4 or len(data) < 4 + data[3]:
            return 0
        size = 4 + data[3]
        content = bytes(data[4:size])
        if data[2] != CODE_128 or not content.startswith(b"{B"):
            self.unknown.append(bytes(data[:6]))
        else:
            text = content[2:].replace(b"{{", b"{").decode("ascii")
            self._item(PrintedBarcode(text, self._bar_dots, self._bar_height))
        return size
