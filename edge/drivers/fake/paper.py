"""A printed receipt to look at: as text for tests and pages, as a PNG for the eye."""

from dataclasses import dataclass
from pathlib import Path

from edge.drivers.fake.escpos_parser import (
    PrintedBarcode,
    PrintedFeed,
    PrintedItem,
    PrintedLine,
    PrintedPicture,
    PrintedQrCode,
)
from edge.drivers.fake.paper_picture import columns_of, draw
from edge.receipt import Align

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
        """Rows as they stand on the paper; a code as `[QR content]`, a picture as its measures."""
        rows: list[str] = []
        for item in self.items:
            match item:
                case PrintedLine():
                    rows.append(" " * self._indent(item) + item.text)
                case PrintedFeed(lines):
                    rows += [""] * lines
                case PrintedQrCode(content):
                    rows.append(f"[QR {content}]")
                case PrintedBarcode(content):
                    rows.append(f"[BARCODE {content}]")
                case PrintedPicture(width, height):
                    rows.append(f"[PICTURE {width} x {height}]")
        return "\n".join(rows).rstrip("\n")

    def save_png(self, path: Path) -> None:
        """Draw the receipt in black on white."""
        draw(self.items, self.columns).save(path)

    def _indent(self, line: PrintedLine) -> int:
        free = max(0, self.columns - columns_of(line.text) * line.width)
        return {Align.LEFT: 0, Align.CENTRE: free // 2, Align.RIGHT: free}[line.align]
