"""Draws what a printer prints: ESC/POS bytes as a picture, dot by dot, in a free Chinese font.

Font A has cells of 12 by 24 dots, a Chinese character two of them (Epson ESC/POS reference). The
font is WenQuanYi Zen Hei Mono (Debian: fonts-wqy-zenhei).
"""

from pathlib import Path

import qrcode
from PIL import Image, ImageDraw, ImageFont

from edge.drivers.fake.escpos_parser import (
    EscposParser,
    PrintedFeed,
    PrintedItem,
    PrintedLine,
    PrintedQrCode,
)
from edge.receipt import Align

FONT = Path("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc")
MONO = 1
"""The face's place in the collection."""
CELL_WIDTH, CELL_HEIGHT = 12, 24
LINE_HEIGHT = 30
MARGIN = 12
WHITE, BLACK = 1, 0
Row = tuple[PrintedItem, int]
"""An item and how high it is, in dots."""


class PictureError(Exception):
    """The bytes hold something that a printer would not understand."""


def parsed(data: bytes) -> list[PrintedItem]:
    """What comes onto the paper. Raises PictureError for a command that is not known."""
    items: list[PrintedItem] = []

    def keep(item: PrintedItem) -> bool:
        items.append(item)
        return True

    parser = EscposParser(keep, lambda: None, lambda: None, lambda: None)
    parser.feed(data)
    if parser.unknown:
        raise PictureError(f"unknown commands: {parser.unknown}")
    return items


def columns_of(text: str) -> int:
    """Columns that a row of text takes at single width."""
    return sum(1 if character.isascii() else 2 for character in text)


def drawn(data: bytes, columns: int) -> Image.Image:
    """The paper as a picture of one bit a dot."""
    if not FONT.exists():
        raise PictureError(f"{FONT} is missing. Run: apt install fonts-wqy-zenhei")
    items = parsed(data)
    width = columns * CELL_WIDTH
    rows = [(item, _height(item)) for item in items]
    height = sum(high for _, high in rows)
    image = Image.new("1", (width + 2 * MARGIN, height + 2 * MARGIN), WHITE)
    top = MARGIN
    for item, high in rows:
        if isinstance(item, PrintedLine):
            _draw_line(image, item, top, columns)
        elif isinstance(item, PrintedQrCode):
            code = _qr(item)
            image.paste(code, ((image.width - code.width) // 2, top))
        top += high
    return image


def _height(item: PrintedItem) -> int:
    if isinstance(item, PrintedLine):
        return LINE_HEIGHT - CELL_HEIGHT + CELL_HEIGHT * item.height
    if isinstance(item, PrintedFeed):
        return LINE_HEIGHT * item.lines
    return _qr(item).height + LINE_HEIGHT // 2


def _draw_line(image: Image.Image, line: PrintedLine, top: int, columns: int) -> None:
    taken = columns_of(line.text) * line.width
    if taken > columns:
        raise PictureError(f"{taken} columns on a paper of {columns}: {line.text}")
    free = (columns - taken) * CELL_WIDTH
    left = {Align.LEFT: 0, Align.CENTRE: free // 2, Align.RIGHT: free}[line.align] + MARGIN
    font = ImageFont.truetype(str(FONT), CELL_HEIGHT, index=MONO)
    for character in line.text:
        cells = columns_of(character)
        cell = Image.new("1", (CELL_WIDTH * cells, LINE_HEIGHT), WHITE)
        pen = ImageDraw.Draw(cell)
        for shift in (0, 1) if line.bold else (0,):
            pen.text((shift, 0), character, font=font, fill=BLACK)
        size = (cell.width * line.width, cell.height * line.height)
        image.paste(cell.resize(size), (left, top))
        left += size[0]


def _qr(item: PrintedQrCode) -> Image.Image:
    code = qrcode.QRCode(box_size=item.dots, border=2)
    code.add_data(item.content)
    code.make(fit=True)
    return code.make_image().get_image().convert("1")


def sheet(papers: list[Image.Image], high: int = 2_600) -> Image.Image:
    """Several papers side by side, in columns of about so many dots."""
    columns: list[list[Image.Image]] = [[]]
    for paper in papers:
        taken = sum(one.height for one in columns[-1])
        if columns[-1] and taken + paper.height > high:
            columns.append([])
        columns[-1].append(paper)
    width = papers[0].width + MARGIN
    tallest = max(sum(one.height + MARGIN for one in column) for column in columns)
    whole = Image.new("1", (width * len(columns), tallest), BLACK)
    for place, column in enumerate(columns):
        top = 0
        for paper in column:
            whole.paste(paper, (place * width, top))
            top += paper.height + MARGIN
    return whole
