"""The golden receipts: each slip's bytes, and a picture of all of them, by language and width."""

from functools import partial
from pathlib import Path

from PIL import Image

from edge.drivers.receipt_bytes import COLUMNS, Press, render_receipt, width_of
from edge.drivers.receipt_raster import RowPainter, read_logo
from edge.effects.slips import SLIPS
from edge.effects.slips.paper import receipt_of
from tests.receipts.picture import drawn, sheet
from tests.receipts.samples import sample

GOLDEN = Path(__file__).parent.parent / "golden" / "receipts"
LANGUAGES = ("zh", "en")
WIDTHS = tuple(COLUMNS)
LOGO = Path(__file__).parent / "logo.png"
DRAWN_SLIPS = ("card_issued", "sale", "voucher")
"""Enough to see each kind of row as a printer without a Chinese font prints it."""


def bytes_of(slip: str, language: str, width: int) -> bytes:
    """What goes to the printer for the sample of a slip; a reprint's for the sale is a COPY."""
    receipt = receipt_of(sample(slip), language)
    return render_receipt(receipt, Press(COLUMNS[width]), copy=False)


def copy_of(slip: str, language: str, width: int) -> bytes:
    """The same once more."""
    receipt = receipt_of(sample(slip), language)
    return render_receipt(receipt, Press(COLUMNS[width]), copy=True)


def picture_of(language: str, width: int) -> Image.Image:
    """All slips side by side, the sale's copy last."""
    papers = [bytes_of(slip, language, width) for slip in SLIPS]
    papers.append(copy_of("sale", language, width))
    return sheet([drawn(paper, COLUMNS[width]) for paper in papers])


def drawn_bytes_of(slip: str, language: str, width: int, *, copy: bool = False) -> bytes:
    """What goes to a printer without a Chinese font and with a logo."""
    columns = COLUMNS[width]
    painter = RowPainter(columns, partial(width_of, encoding="gb18030"))
    press = Press(columns, cut="partial", painter=painter, logo=read_logo(LOGO, columns))
    return render_receipt(receipt_of(sample(slip), language), press, copy=copy)


def drawn_picture_of(language: str, width: int) -> Image.Image:
    """Its slips side by side, the sale's copy last."""
    papers = [drawn_bytes_of(slip, language, width) for slip in DRAWN_SLIPS]
    papers.append(drawn_bytes_of("sale", language, width, copy=True))
    return sheet([drawn(paper, COLUMNS[width]) for paper in papers])
