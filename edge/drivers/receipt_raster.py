"""Draws what a printer has no characters for: rows of text in a Chinese font, and the logo.

A picture goes out as GS v 0, a bit for each dot, black is 1. A row of text has the printer's own
measures (font A of 12 by 24 dots, a Chinese character of 24 by 24, 30 dots from row to row), so
that drawn rows and printed ones stand together. The font is WenQuanYi Zen Hei Mono, whose Latin
letters are half as wide as its Chinese ones (Debian: fonts-wqy-zenhei; GPL 2 with the exception
for embedding).

Source: Epson ESC/POS command reference (GS v 0; notes on real-time commands).
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

FONT = Path("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc")
MONOSPACED_FACE = 1
"""Of the collection's faces."""
COLUMN_DOTS, TEXT_DOTS, ROW_DOTS = 12, 24, 30
LOGO_DOTS_HIGH_MAX, LOGO_DOTS_BELOW = 600, 12
BLACK, WHITE = 0, 255
REAL_TIME = (b"\x10\x04", b"\x10\x05", b"\x10\x14")
"""DLE EOT, DLE ENQ, DLE DC4: printers take them out of whatever they stand in."""
DARK_BELOW = 128
"""Grey is made black below it: dots of a thermal head are black or nothing."""


class PictureError(Exception):
    """A picture or a font cannot be used; the words say what to do."""


class RowPainter:
    """Draws rows of text. Made once for a printer: a font takes 30 ms to open."""

    def __init__(self, columns: int, width_of: Callable[[str], int], font: Path = FONT) -> None:
        """`width_of` says how many columns a text takes. Raises PictureError."""
        try:
            self._font = ImageFont.truetype(str(font), TEXT_DOTS, index=MONOSPACED_FACE)
        except OSError as error:
            raise PictureError(f"{font} is no font. Run: apt install fonts-wqy-zenhei") from error
        self._columns = columns
        self._width_of = width_of

    def paint(self, rows: Sequence[str], align: str, *, bold: bool, big: bool) -> bytes:
        """Rows as one picture; `align` is left, center or right."""
        scale = 2 if big else 1
        height = ROW_DOTS * scale
        whole = Image.new("L", (self._columns * COLUMN_DOTS, height * len(rows)), WHITE)
        for place, text in enumerate(rows):
            row = self._row(text, bold=bold)
            row = row.resize((row.width * scale, row.height * scale), Image.Resampling.NEAREST)
            free = whole.width - row.width
            left = {"left": 0, "center": free // 2, "right": free}[align]
            whole.paste(row, (left, place * height))
        return raster(whole)

    def _row(self, text: str, *, bold: bool) -> Image.Image:
        row = Image.new("L", (max(1, self._width_of(text)) * COLUMN_DOTS, ROW_DOTS), WHITE)
        pen = ImageDraw.Draw(row)
        pen.fontmode = "1"  # no greys: they would be torn into single dots
        left = 0
        for character in text:
            for shift in (0, 1) if bold else (0,):
                pen.text((left + shift, 0), character, font=self._font, fill=BLACK)
            left += self._width_of(character) * COLUMN_DOTS
        return row


def read_logo(path: Path, columns: int) -> bytes:
    """A PNG, BMP or GIF as a picture in the middle of the paper. Raises PictureError."""
    width = columns * COLUMN_DOTS
    try:
        with Image.open(path) as opened:
            logo = opened.convert("RGBA")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise PictureError(f"{path} is no picture. Save it as a PNG") from error
    if logo.width > width or logo.height > LOGO_DOTS_HIGH_MAX:
        raise PictureError(
            f"{path} has {logo.width} x {logo.height} dots."
            f" Make it at most {width} x {LOGO_DOTS_HIGH_MAX}"
        )
    paper = Image.new("RGBA", (width, logo.height + LOGO_DOTS_BELOW), "white")
    paper.alpha_composite(logo, ((width - logo.width) // 2, 0))
    return raster(paper.convert("L"))


def raster(picture: Image.Image) -> bytes:
    """GS v 0 with a grey picture's dots; its width must be a multiple of eight."""
    dots = picture.point(lambda grey: WHITE if grey < DARK_BELOW else BLACK).convert("1")
    width = picture.width // 8
    size = width.to_bytes(2, "little") + picture.height.to_bytes(2, "little")
    return b"\x1dv0\x00" + size + _inert(dots.tobytes())


def _inert(dots: bytes) -> bytes:
    """The dots without what a printer would answer or obey at once, in the midst of a picture.

    One dot more beside that of 0x10 (DLE) makes it another byte, and nobody sees it.
    """
    for command in REAL_TIME:
        dots = dots.replace(command, b"\x18" + command[1:])
    return dots
