"""The golden receipts: each slip's bytes, and a picture of all of them, by language and width."""

from pathlib import Path

from PIL import Image

from edge.drivers.receipt_bytes import COLUMNS, render_receipt
from edge.effects.slips import SLIPS
from edge.effects.slips.paper import receipt_of
from tests.receipts.picture import drawn, sheet
from tests.receipts.samples import sample

GOLDEN = Path(__file__).parent.parent / "golden" / "receipts"
LANGUAGES = ("zh", "en")
WIDTHS = tuple(COLUMNS)
ENCODING = "gb18030"


def bytes_of(slip: str, language: str, width: int) -> bytes:
    """What goes to the printer for the sample of a slip; a reprint's for the sale is a COPY."""
    receipt = receipt_of(sample(slip), language)
    return render_receipt(receipt, COLUMNS[width], ENCODING, copy=False)


def copy_of(slip: str, language: str, width: int) -> bytes:
    """The same once more."""
    receipt = receipt_of(sample(slip), language)
    return render_receipt(receipt, COLUMNS[width], ENCODING, copy=True)


def picture_of(language: str, width: int) -> Image.Image:
    """All slips side by side, the sale's copy last."""
    papers = [bytes_of(slip, language, width) for slip in SLIPS]
    papers.append(copy_of("sale", language, width))
    return sheet([drawn(paper, COLUMNS[width]) for paper in papers])
