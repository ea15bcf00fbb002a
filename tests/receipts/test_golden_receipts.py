"""Every slip in both languages and widths: its bytes, and a picture of what the printer prints.

After a wanted change: `python -m tests.receipts`, then look at tests/golden/receipts/*.png.
"""

import pytest
from PIL import Image, ImageChops

from edge.drivers.fake.escpos_parser import PrintedLine, PrintedPicture, PrintedQrCode
from edge.drivers.fake.paper_picture import columns_of
from edge.drivers.receipt_bytes import COLUMNS, COPY_TITLE
from edge.drivers.receipt_raster import REAL_TIME
from edge.effects.slips import SLIPS
from tests.receipts.golden import (
    DRAWN_SLIPS,
    GOLDEN,
    LANGUAGES,
    WIDTHS,
    bytes_of,
    copy_of,
    drawn_bytes_of,
    drawn_picture_of,
    picture_of,
)
from tests.receipts.picture import parsed
from tests.receipts.samples import FACTS

ALIKE = 0.995
"""Share of dots that must agree: another release of the font rounds a few edges differently."""
KINDS = [(language, width) for language in LANGUAGES for width in WIDTHS]


def test_every_slip_has_a_sample() -> None:
    assert SLIPS.keys() == FACTS.keys(), "add the new slip's facts to tests/receipts/samples.py"


@pytest.mark.parametrize(("language", "width"), KINDS)
def test_the_bytes_are_the_golden_ones(language: str, width: int) -> None:
    for slip in SLIPS:
        golden = GOLDEN / f"{language}-{width}" / f"{slip}.bin"
        assert golden.exists(), f"{slip}: run python -m tests.receipts and look at it"
        assert bytes_of(slip, language, width) == golden.read_bytes(), slip


@pytest.mark.parametrize(("language", "width"), KINDS)
def test_the_pictures_are_the_golden_ones(language: str, width: int) -> None:
    assert_alike(picture_of(language, width), f"{language}-{width}.png")


@pytest.mark.parametrize(("language", "width"), KINDS)
def test_a_printer_without_a_chinese_font_prints_the_same_in_dots(
    language: str, width: int
) -> None:
    assert_alike(drawn_picture_of(language, width), f"{language}-{width}-raster.png")
    for slip in DRAWN_SLIPS:
        data = drawn_bytes_of(slip, language, width)
        assert not any(command in data for command in REAL_TIME), "the printer would answer it"
        items = parsed(data)
        assert all(item.text.isascii() for item in items if isinstance(item, PrintedLine))
        pictures = [item for item in items if isinstance(item, PrintedPicture)]
        assert len(pictures) >= 2, "the logo, and at least the amounts with their sign"


def assert_alike(drawn: Image.Image, name: str) -> None:
    golden = Image.open(GOLDEN / name).convert("1")
    assert drawn.size == golden.size
    other = ImageChops.logical_xor(drawn, golden).histogram()[-1]
    assert other <= (1 - ALIKE) * drawn.width * drawn.height


@pytest.mark.parametrize(("language", "width"), KINDS)
def test_no_row_is_wider_than_the_paper_and_amounts_end_at_its_edge(
    language: str, width: int
) -> None:
    for slip in SLIPS:
        for item in parsed(bytes_of(slip, language, width)):
            if isinstance(item, PrintedLine):
                assert columns_of(item.text) * item.width <= COLUMNS[width], (slip, item.text)
    for item in parsed(bytes_of("sale", language, width)):
        if isinstance(item, PrintedLine) and item.text.endswith(".80") and item.width == 1:
            assert columns_of(item.text) == COLUMNS[width], item.text


def test_receipts_have_a_code_and_a_reprint_says_copy_and_opens_no_drawer() -> None:
    first, again = (read("sale", "zh", 80) for read in (bytes_of, copy_of))
    codes = [item.content for item in parsed(first) if isinstance(item, PrintedQrCode)]
    assert len(codes) == 1
    assert codes[0].startswith("CB1:sale:HOME-20270301-0042:1.1.4711-26Z7YBE:")
    titles = [item.text for item in parsed(again) if isinstance(item, PrintedLine)]
    assert titles[0] == COPY_TITLE
    kick = b"\x1bp"
    assert kick in first
    assert kick not in again
