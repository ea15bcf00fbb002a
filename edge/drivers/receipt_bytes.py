"""Turns a receipt into ESC/POS bytes: styles, columns, Chinese text, codes, pictures, cut.

Commands come from python-escpos (its `Dummy` printer collects them). Text is encoded here: the
library switches to Chinese only for some ideographs, so that a full-width yen sign would print as
a question mark. FS & switches the printer to double-byte text, and everything goes out as GB18030
(or GBK), in which ASCII is one byte and one column, all else two columns. For a printer without a
Chinese font, rows that are not plain ASCII are drawn (`edge.drivers.receipt_raster`).

Sources: Epson ESC/POS command reference (ESC @, ESC a, ESC E, GS !, GS V, ESC p, FS &, GS (
k, GS h, GS w, GS H, GS f, GS k); GB 18030.
"""

import unicodedata
from dataclasses import dataclass

from escpos.printer import Dummy

from edge.drivers.receipt_raster import RowPainter
from edge.receipt import Align, Barcode, Feed, Line, Pair, QrCode, Receipt, Rule, Text

COLUMNS = {58: 32, 80: 48}
"""Paper width in mm to columns of font A (12 dots at 8 dots per mm, 48 and 72 mm printed)."""

CHINESE_ON = b"\x1c&"
COPY_TITLE = "*** 补打 COPY ***"
QR_DOTS = 6
BARCODE_DOTS_WIDE, BARCODE_DOTS_HIGH = 2, 64
CODE_128 = 73
CHARACTERS_BELOW = b"\x1dH\x02\x1df\x00"
"""GS H, GS f: in font A."""
CUTS = {"full": "FULL", "partial": "PART"}
"""How a printer cuts -> python-escpos' word; a printer without a cutter is not in it."""
FEED_TO_TEAR = 6


@dataclass(frozen=True, slots=True)
class Press:
    """How one printer prints.

    `cut` is full, partial or none. `painter` draws what the printer has no characters for, None
    where it has them all. `logo` is a picture's bytes, b"" for none.
    """

    columns: int
    encoding: str = "gb18030"
    drawer_pin: int = 2
    cut: str = "full"
    painter: RowPainter | None = None
    logo: bytes = b""


def render_receipt(receipt: Receipt, press: Press, *, copy: bool) -> bytes:
    """A whole job. A copy says so on top, and does not open the drawer again."""
    printer = Dummy()
    printer.hw("INIT")
    if press.painter is None:
        printer._raw(CHINESE_ON)  # noqa: SLF001  python-escpos has no other way to send bytes
    writer = _Writer(printer, press)
    if receipt.kick_drawer and not copy:
        printer.cashdraw(press.drawer_pin)
    if press.logo:
        printer._raw(press.logo)  # noqa: SLF001  as above
    if copy:
        writer.line(Text(COPY_TITLE, align=Align.CENTRE, bold=True))
    for line in receipt.lines:
        writer.line(line)
    if press.cut in CUTS:
        printer.cut(mode=CUTS[press.cut])
    else:
        printer.print_and_feed(FEED_TO_TEAR)
    return bytes(printer.output)


def render_drawer_kick(pin: int) -> bytes:
    """ESC p: pulse the drawer on connector pin 2 or 5."""
    printer = Dummy()
    printer.cashdraw(pin)
    return bytes(printer.output)


def width_of(text: str, encoding: str) -> int:
    """How many columns a text takes."""
    return sum(1 if len(one.encode(encoding, "replace")) == 1 else 2 for one in text)


class _Writer:
    """Writes lines of a document into a python-escpos printer."""

    def __init__(self, printer: Dummy, press: Press) -> None:
        self._printer = printer
        self._columns = press.columns
        self._encoding = press.encoding
        self._painter = press.painter

    def line(self, line: Line) -> None:
        match line:
            case Text(text, align, bold, big):
                columns = self._columns // 2 if big else self._columns
                self._print(self._wrap(text, columns), align, bold=bold, big=big)
            case Pair(left, right, bold, big):
                columns = self._columns // 2 if big else self._columns
                self._print(self._pair(left, right, columns), Align.LEFT, bold=bold, big=big)
            case Rule():
                self._print(["-" * self._columns], Align.LEFT)
            case Feed(lines):
                self._print([""] * lines, Align.LEFT)
            case QrCode(content):
                self._printer.set(align="center")
                self._printer.qr(content, native=True, size=QR_DOTS)
            case Barcode(content):
                self._barcode(content)

    def _barcode(self, content: str) -> None:
        # python-escpos' own way prints to stdout. Code set B has all of ASCII; a brace begins a
        # command of GS k and is doubled.
        code = ("{B" + content.replace("{", "{{")).encode("ascii")
        measures = bytes((0x1D, 0x68, BARCODE_DOTS_HIGH, 0x1D, 0x77, BARCODE_DOTS_WIDE))
        begin = bytes((0x1D, 0x6B, CODE_128, len(code)))
        self._printer.set(align="center")
        self._printer._raw(measures + CHARACTERS_BELOW + begin + code)  # noqa: SLF001  as above

    def _print(
        self, lines: list[str], align: Align, *, bold: bool = False, big: bool = False
    ) -> None:
        alignment = "center" if align == Align.CENTRE else str(align)
        if self._painter is not None and not all(text.isascii() for text in lines):
            self._printer.set(align="left")
            picture = self._painter.paint(lines, alignment, bold=bold, big=big)
            self._printer._raw(picture)  # noqa: SLF001  as above
            return
        size = 2 if big else 1
        self._printer.set(align=alignment, bold=bold, custom_size=True, width=size, height=size)
        for text in lines:
            encoded = text.encode(self._encoding, "replace")
            self._printer._raw(encoded + b"\n")  # noqa: SLF001  as above

    def _pair(self, left: str, right: str, columns: int) -> list[str]:
        rows = self._wrap(left, columns)
        amount = self._wrap(right, columns)
        free = columns - self._width(rows[-1]) - self._width(amount[0])
        if free >= 1 and len(amount) == 1:
            rows[-1] += " " * free + amount[0]
            return rows
        return rows + [" " * (columns - self._width(row)) + row for row in amount]

    def _wrap(self, text: str, columns: int) -> list[str]:
        """Rows of at most `columns`; at least one row. A word is parted where it fills a row."""
        rows, row = [], ""
        for character in _printable(text):
            if self._width(row + character) > columns:
                full, row = _parted(row, character)
                rows.append(full)
                if character == " ":
                    continue
            row += character
        return [*rows, row]

    def _width(self, text: str) -> int:
        return width_of(text, self._encoding)


def _parted(row: str, following: str) -> tuple[str, str]:
    """A full row, and what of it goes to the next one: the word that `following` goes on with."""
    in_word = following.isascii() and following != " " and row[-1:].isascii()
    head, space, word = row.rpartition(" ")
    return (head, word) if in_word and space and word.isascii() and head.strip() else (row, "")


def _printable(text: str) -> str:
    """No control characters: a member's name must not command the printer. ¥ is ￥ in GBK."""
    kept = []
    for character in text.replace("¥", "￥"):
        category = unicodedata.category(character)
        if category in {"Cf", "Mn", "Me"}:
            continue  # zero width: nothing to print
        kept.append(" " if category in {"Cc", "Zl", "Zp"} else character)
    return "".join(kept)
