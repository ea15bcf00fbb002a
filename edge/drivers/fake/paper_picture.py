"""Draws what came onto the paper, dot by dot, as the printer would.

The printer's own measures: 8 dots per mm, font A of 12 by 24 dots, a Chinese character of two such
cells, 30 dots from row to row (Epson ESC/POS reference). Bars of CODE 128: ISO/IEC 15417.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import qrcode
from barcode.charsets import code128
from PIL import Image, ImageDraw, ImageFont

from edge.drivers.fake.escpos_parser import (
    PrintedBarcode,
    PrintedFeed,
    PrintedItem,
    PrintedLine,
    PrintedPicture,
    PrintedQrCode,
)
from edge.receipt import Align

CELL_WIDTH, CELL_HEIGHT, LINE_HEIGHT, MARGIN = 12, 24, 30, 12
WHITE, BLACK = 1, 0
FONTS = (
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 1),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 7),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 1),
)
"""Fonts with Chinese, and which of their faces has one width."""
START_B, CHECK_MODULUS, LAST_BAR = 104, 103, "11"


def columns_of(text: str) -> int:
    """Columns that a row of text takes at single width."""
    return sum(1 if character.isascii() else 2 for character in text)


def draw(items: Sequence[PrintedItem], columns: int) -> Image.Image:
    """The paper, one bit a dot. Raises ValueError for what runs over its edge."""
    width = columns * CELL_WIDTH
    pictures = [_picture(item, width) for item in items]
    height = sum(picture.height for picture in pictures)
    paper = Image.new("1", (width + 2 * MARGIN, height + 2 * MARGIN), WHITE)
    top = MARGIN
    for picture in pictures:
        paper.paste(picture, (MARGIN, top))
        top += picture.height
    return paper


def _picture(item: PrintedItem, width: int) -> Image.Image:
    """One item over the whole width of the paper."""
    match item:
        case PrintedLine():
            return _line(item, width)
        case PrintedFeed(lines):
            return Image.new("1", (width, LINE_HEIGHT * lines), WHITE)
        case PrintedQrCode():
            return _centred(_qr(item), width, LINE_HEIGHT // 2)
        case PrintedBarcode():
            return _barcode(item, width)
        case PrintedPicture():
            return _dots(item, width)


def _line(line: PrintedLine, width: int) -> Image.Image:
    row = Image.new("1", (width, LINE_HEIGHT - CELL_HEIGHT + CELL_HEIGHT * line.height), WHITE)
    free = width - columns_of(line.text) * line.width * CELL_WIDTH
    if free < 0:
        raise ValueError(f"{-free} dots too wide: {line.text}")
    left = {Align.LEFT: 0, Align.CENTRE: free // 2, Align.RIGHT: free}[line.align]
    for character in line.text:
        cell = _cell(character, bold=line.bold)
        size = (cell.width * line.width, cell.height * line.height)
        row.paste(cell.resize(size), (left, 0))
        left += size[0]
    return row


def _cell(character: str, *, bold: bool) -> Image.Image:
    cell = Image.new("1", (CELL_WIDTH * columns_of(character), LINE_HEIGHT), WHITE)
    pen = ImageDraw.Draw(cell)
    for shift in (0, 1) if bold else (0,):
        pen.text((shift, 0), character, font=_font(), fill=BLACK)
    return cell


def _qr(item: PrintedQrCode) -> Image.Image:
    code = qrcode.QRCode(box_size=item.dots, border=2)
    code.add_data(item.content)
    code.make(fit=True)
    picture: Image.Image = code.make_image().get_image()
    return picture.convert("1")


def _barcode(item: PrintedBarcode, width: int) -> Image.Image:
    values = [START_B, *(code128.B[character] for character in item.content)]
    check = sum(max(1, place) * value for place, value in enumerate(values)) % CHECK_MODULUS
    modules = "".join(code128.CODES[value] for value in [*values, check])
    modules += code128.STOP + LAST_BAR
    bars = Image.new("1", (len(modules), 1))
    bars.putdata([BLACK if module == "1" else WHITE for module in modules])
    if len(modules) * item.dots > width:
        raise ValueError(f"a barcode of {len(modules) * item.dots} dots: {item.content}")
    code = _centred(bars.resize((len(modules) * item.dots, item.height)), width, 6)
    words = PrintedLine(item.content, Align.CENTRE, bold=False, width=1, height=1)
    whole = Image.new("1", (width, code.height + LINE_HEIGHT), WHITE)
    whole.paste(code, (0, 0))
    whole.paste(_line(words, width), (0, code.height))
    return whole


def _dots(item: PrintedPicture, width: int) -> Image.Image:
    if item.width > width:
        raise ValueError(f"a picture of {item.width} dots")
    whole = Image.new("1", (width, item.height), WHITE)
    inked = bytes(0xFF ^ byte for byte in item.dots)
    whole.paste(Image.frombytes("1", (item.width, item.height), inked), (0, 0))
    return whole


def _centred(picture: Image.Image, width: int, beneath: int) -> Image.Image:
    whole = Image.new("1", (width, picture.height + beneath), WHITE)
    whole.paste(picture, ((width - picture.width) // 2, 0))
    return whole


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for path, face in FONTS:
        if Path(path).exists():
            return ImageFont.truetype(path, CELL_HEIGHT, index=face)
    return ImageFont.load_default(CELL_HEIGHT)
