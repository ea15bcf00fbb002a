"""A receipt as a document: what the box decides to print, before any printer's bytes.

The desk builds one and commits it with the ops; the printer's driver turns it into bytes. Text
is plain: control characters never reach a printer. Limits are written below and checked when a
document is made, so that a committed print job can always be printed.
"""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

LINES_MAX = 400
TEXT_LENGTH_MAX = 500
QR_BYTES_MAX = 500
"""Of UTF-8; a QR code on 58 mm paper stays readable up to about this much."""
BARCODE_LENGTH_MAX = 13
"""Of CODE 128 with bars of two dots: 22 dots a character and 70 besides, on 384 dots of 58 mm."""
FEED_LINES_MAX = 20


class SlipGroup(StrEnum):
    """What a slip is for: which printer prints it is said by these, in `slips` of a printer."""

    WELCOME = "welcome"
    """At the door: who came in."""
    RECEIPT = "receipt"
    """What a customer takes along, or signs."""
    SHIFT = "shift"
    """A shift's reports, and the cash that moved."""
    STOCK = "stock"
    """What goes along with goods and equipment."""
    REPORT = "report"
    """Lists and forms for the office."""


SLIP_GROUPS = tuple(group.value for group in SlipGroup)


class Align(StrEnum):
    """Where a line of text stands."""

    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


def _check_text(name: str, text: str) -> None:
    if len(text) > TEXT_LENGTH_MAX:
        raise ValueError(f"{name}: {len(text)} characters, at most {TEXT_LENGTH_MAX}")


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text, wrapped at the paper's edge; `big` is double width and height."""

    text: str
    align: Align = Align.LEFT
    bold: bool = False
    big: bool = False

    def __post_init__(self) -> None:
        _check_text("text", self.text)


@dataclass(frozen=True, slots=True)
class Pair:
    """A name at the left edge and an amount at the right one; `big` is double width and height."""

    left: str
    right: str
    bold: bool = False
    big: bool = False

    def __post_init__(self) -> None:
        _check_text("left", self.left)
        _check_text("right", self.right)


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the paper."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Empty lines."""

    lines: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.lines <= FEED_LINES_MAX:
            raise ValueError(f"lines {self.lines}: 1 to {FEED_LINES_MAX}")


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code, centred."""

    content: str

    def __post_init__(self) -> None:
        size = len(self.content.encode())
        if not 1 <= size <= QR_BYTES_MAX:
            raise ValueError(f"content: {size} bytes, 1 to {QR_BYTES_MAX}")


@dataclass(frozen=True, slots=True)
class Barcode:
    """A CODE 128 barcode, centred, with its characters beneath: printable ASCII."""

    content: str

    def __post_init__(self) -> None:
        size = len(self.content)
        if not 1 <= size <= BARCODE_LENGTH_MAX:
            raise ValueError(f"content: {size} characters, 1 to {BARCODE_LENGTH_MAX}")
        if not (self.content.isascii() and self.content.isprintable()):
            raise ValueError(f"content {self.content!r}: printable ASCII only, from U+0020")


Line = Text | Pair | Rule | Feed | QrCode | Barcode


@dataclass(frozen=True, slots=True)
class Receipt:
    """Lines from top to bottom; the printer cuts after the last one."""

    lines: tuple[Line, ...]
    kick_drawer: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.lines) <= LINES_MAX:
            raise ValueError(f"{len(self.lines)} lines: 1 to {LINES_MAX}")


_LINE_TYPES = {line.__name__: line for line in (Text, Pair, Rule, Feed, QrCode, Barcode)}


def to_json(receipt: Receipt) -> str:
    """A receipt as text for the print job's row: `{"kick_drawer": ..., "lines": [[type, {}]]}`."""
    lines = [[type(line).__name__, asdict(line)] for line in receipt.lines]
    return json.dumps({"kick_drawer": receipt.kick_drawer, "lines": lines}, ensure_ascii=False)


def from_json(text: str) -> Receipt:
    """The receipt that `to_json` wrote. Raises ValueError on anything else."""
    try:
        document = json.loads(text)
        lines = tuple(_line(name, fields) for name, fields in document["lines"])
        return Receipt(lines, kick_drawer=bool(document["kick_drawer"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a receipt: {error!r}") from error


def _line(name: str, fields: dict[str, object]) -> Line:
    if "align" in fields:
        fields = {**fields, "align": Align(str(fields["align"]))}
    return _LINE_TYPES[name](**fields)  # type: ignore[arg-type]  # a wrong field is a TypeError
