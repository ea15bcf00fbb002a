"""Draws what a printer prints from the very bytes that it is sent; several papers on one sheet.

The font is WenQuanYi Zen Hei Mono (Debian: fonts-wqy-zenhei).
"""

from pathlib import Path

from PIL import Image

from edge.drivers.fake.escpos_parser import EscposParser, PrintedItem
from edge.drivers.fake.paper_picture import FONTS, MARGIN, draw

FONT = Path(FONTS[0][0])
BLACK = 0


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


def drawn(data: bytes, columns: int) -> Image.Image:
    """The paper as a picture of one bit a dot."""
    if not FONT.exists():
        raise PictureError(f"{FONT} is missing. Run: apt install fonts-wqy-zenhei")
    return draw(parsed(data), columns)


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
