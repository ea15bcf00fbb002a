"""Turns two lines into the bytes of a customer display: CD5220 or ESC/POS commands.

Every row is sent whole, filled up with blanks, so that nothing of the one before stays. Displays
with Chinese take it as GB18030 or GBK; a Chinese character is two columns, as on paper.

Sources: CD5220 command set, as the makers' manuals give it (ESC Q A, ESC Q B, CAN); Epson customer
display command reference (ESC @, CLR, US $, FS &).
"""

import unicodedata
from collections.abc import Callable, Mapping

COLUMNS = 20
CLEAR = b"\x0c"
RESET = b"\x1b@"


def cd5220(first: str, second: str, encoding: str) -> bytes:
    """ESC Q A and ESC Q B: a whole row each, ended by a carriage return."""
    upper, lower = row(first, encoding), row(second, encoding)
    return b"\x1bQA" + upper + b"\r" + b"\x1bQB" + lower + b"\r"


def escpos(first: str, second: str, encoding: str) -> bytes:
    """US $ column row: the cursor's place, counted from 1; FS & for Chinese."""
    upper, lower = row(first, encoding), row(second, encoding)
    return b"\x1c&" + CLEAR + b"\x1f$\x01\x01" + upper + b"\x1f$\x01\x02" + lower


RENDERERS: Mapping[str, Callable[[str, str, str], bytes]] = {"cd5220": cd5220, "escpos": escpos}


def row(text: str, encoding: str) -> bytes:
    """Exactly COLUMNS columns; control characters are blanks, a half character never stands."""
    shown = b""
    for character in text:
        command = unicodedata.category(character) in {"Cc", "Zl", "Zp"}
        encoded = b" " if command else character.encode(encoding, "replace")
        # Two columns and two bytes are one thing, but for the rare characters of four bytes.
        cell = encoded if len(encoded) < 3 else b"??"
        if len(shown) + len(cell) > COLUMNS:
            break
        shown += cell
    return shown.ljust(COLUMNS)
