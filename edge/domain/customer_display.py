"""What the customer reads: two lines of 20 columns on the display that faces them.

Such displays have a character set of two-byte Chinese (GB 2312) where a Chinese character takes two
columns; a name that is too long is cut between characters.
"""

from dataclasses import dataclass

from edge.domain.refusals import CHINESE

COLUMNS = 20
_WORDS = {
    "welcome": ("欢迎光临", "WELCOME"),
    "due": ("应收", "DUE"),
    "paid": ("实收", "PAID"),
    "change": ("找零", "CHANGE"),
    "thanks": ("谢谢惠顾", "THANK YOU"),
    "balance": ("余额", "BALANCE"),
    "items": ("件", "items"),
}


@dataclass(frozen=True, slots=True)
class DisplayLines:
    """Two lines; `qr` is the receipt's code, for a display that can show it when there is no
    paper, empty for none."""

    first: str
    second: str
    qr: str = ""


def width(text: str) -> int:
    """Columns that a text takes."""
    return sum(1 if character.isascii() else 2 for character in text)


def idle(language: str, cafe: str) -> DisplayLines:
    """Nobody is being served."""
    return DisplayLines(_cut(cafe), _word("welcome", language))


def greeting(language: str, name: str, balance_fen: int) -> DisplayLines:
    """A member has tapped."""
    return DisplayLines(
        _cut(f"{_word('welcome', language)} {name}"),
        _pair(_word("balance", language), _money(balance_fen)),
    )


def due(language: str, last: str, items: int, total_fen: int) -> DisplayLines:
    """A ticket is open: what came onto it last, how many pieces, what is due."""
    count = f"{items}{_word('items', language)}" if language == CHINESE else f"{items} items"
    return DisplayLines(_pair(last, count), _pair(_word("due", language), _money(total_fen)))


def paid(language: str, total_fen: int, change_fen: int, qr: str = "") -> DisplayLines:
    """A ticket was paid: what of the cash comes back."""
    second = _pair(_word("change", language), _money(change_fen))
    if not change_fen:
        second = _word("thanks", language)
    return DisplayLines(_pair(_word("paid", language), _money(total_fen)), second, qr)


def _word(code: str, language: str) -> str:
    return _WORDS[code][0 if language == CHINESE else 1]


def _money(amount_fen: int) -> str:
    """Digits alone: such displays have no sign of the yuan."""
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"


def _pair(left: str, right: str) -> str:
    """A word at the left edge, an amount at the right one; the amount is never cut."""
    kept = _cut(left, COLUMNS - width(right) - 1)
    return kept + " " * (COLUMNS - width(kept) - width(right)) + right


def _cut(text: str, columns: int = COLUMNS) -> str:
    kept = ""
    for character in text:
        if width(kept + character) > columns:
            break
        kept += character
    return kept
