"""Write the golden receipts anew: `python -m tests.receipts`. Look at the pictures afterwards."""

from edge.effects.slips import SLIPS
from tests.receipts.golden import (
    GOLDEN,
    LANGUAGES,
    WIDTHS,
    bytes_of,
    drawn_picture_of,
    picture_of,
)


def main() -> None:
    """Write bytes and pictures."""
    for language in LANGUAGES:
        for width in WIDTHS:
            folder = GOLDEN / f"{language}-{width}"
            folder.mkdir(parents=True, exist_ok=True)
            for slip in SLIPS:
                (folder / f"{slip}.bin").write_bytes(bytes_of(slip, language, width))
            picture_of(language, width).save(GOLDEN / f"{language}-{width}.png", optimize=True)
            drawn = drawn_picture_of(language, width)
            drawn.save(GOLDEN / f"{language}-{width}-raster.png", optimize=True)


if __name__ == "__main__":
    main()
