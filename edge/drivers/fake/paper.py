"""A printed receipt to look at: as text for tests and pages, as a PNG for the eye.

The picture has the printer's own measures: 8 dots per mm, font A of 12 × 24 dots, Chinese 24 × 24.
"""

from dataclasses import dataclass
from pathlib import Path

import qrcode
from PIL import Image, ImageDraw, ImageFont

from edge.drivers.fake.escpos_parser import (
    PrintedFeed,
    PrintedItem,
    PrintedLine,
    PrintedQrCode,
)
from edge.receipt import Align

CELL_WIDTH, CELL_HEIGHT, MARGIN = 12, 30, 12
FONTS = (
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 1),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 7),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 1),
)
"""Fonts with Chinese, and which of their faces has one width."""
COPY_WORD = "COPY"


@dataclass(frozen=True, slots=True)
class PrintedReceipt:
    """What came out between two cuts."""

    items: tuple[PrintedItem, ...]
    columns: int
    cut_at_monotonic_ns: int

    @property
    def is_copy(self) -> bool:
        """Whether its first row says COPY."""
        first = next((item for item in self.items if isinstance(item, PrintedLine)), None)
        return first is not None and COPY_WORD in first.text

    @property
    def text(self) -> str:
        """Rows as they stand on the paper; a QR code as `[QR content]`."""
        rows: list[str] = []
        for item in self.items:
            match item:
                case PrintedLine():
                    rows.append(" " * self._indent(item) + item.text)
                case PrintedFeed(lines):
                    rows += [""] * lines
                case PrintedQrCode(content):
                    rows.append(f"[QR {content}]")
        return "\n".join(rows).rstrip("\n")

    def save_png(self, path: Path) -> None:
        """Draw the receipt in black on white."""
        height = 2 * MARGIN + sum(self._height(item) for item in self.items)
        width = self.columns * CELL_WIDTH
        picture = Image.new("L", (width + 2 * MARGIN, height), 255)
        draw = ImageDraw.Draw(picture)
        y = MARGIN
        for item in self.items:
            if isinstance(item, PrintedLine):
                _draw_line(draw, item, MARGIN + self._indent(item) * CELL_WIDTH, y)
            elif isinstance(item, PrintedQrCode):
                code = _qr_picture(item)
                picture.paste(code, ((picture.width - code.width) // 2, y))
            y += self._height(item)
        picture.save(path)

    def _indent(self, line: PrintedLine) -> int:
        free = max(0, self.columns - _columns_of(line.text) * line.width)
        return {Align.LEFT: 0, Align.CENTRE: free // 2, Align.RIGHT: free}[line.align]

    def _height(self, item: PrintedItem) -> int:
        match item:
            case PrintedLine():
                return CELL_HEIGHT * item.height
            case PrintedFeed(lines):
                return CELL_HEIGHT * lines
            case PrintedQrCode():
                return _qr_picture(item).height


def _columns_of(text: str) -> int:
    return sum(1 if character.isascii() else 2 for character in text)


def _draw_line(draw: ImageDraw.ImageDraw, line: PrintedLine, x: int, y: int) -> None:
    font = _font(24 * line.height)
    for character in line.text:
        draw.text((x, y), character, font=font, fill=0, stroke_width=1 if line.bold else 0)
        x += CELL_WIDTH * line.width * _columns_of(character)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for path, face in FONTS:
        if Path(path).exists():
            return ImageFont.truetype(path, size, index=face)
    return ImageFont.load_default(size)


def _qr_picture(item: PrintedQrCode) -> Image.Image:
    code = qrcode.QRCode(border=2, box_size=item.dots)
    code.add_data(item.content)
    picture: Image.Image = code.make_image().get_image()
    return picture.convert("L")
