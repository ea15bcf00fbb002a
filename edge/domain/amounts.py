"""Checks of typed amounts and quantities: whole, positive, within limits, or a refusal."""

import re

from edge.domain.refusals import Refusal, refuse

AMOUNT_LIMIT_FEN = 5_000_000
"""¥50,000 at once: above what a cafe takes, below what a slipped key costs."""
QUANTITY_LIMIT = 100_000

_YUAN = re.compile(r"[+-]?\d{1,15}(\.\d*)?|[+-]?\.\d+")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
"""A comma elsewhere is a slip, or somebody's decimal point: 12,5 is not 125."""


def check_amount(value: object) -> int | Refusal:
    """An amount of money in fen: 1 to AMOUNT_LIMIT_FEN, whole."""
    if value is None or value == "":
        return refuse("amount_missing")
    if isinstance(value, float):
        if not value.is_integer():
            return refuse("amount_fractional")
        value = int(value)
    if isinstance(value, str):
        return fen_of_digits(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return refuse("amount_not_a_number", text=type(value).__name__)
    if value < 0:
        return refuse("amount_negative")
    if value == 0:
        return refuse("amount_zero")
    if value > AMOUNT_LIMIT_FEN:
        return refuse("amount_too_large", limit_fen=AMOUNT_LIMIT_FEN)
    return value


def fen_of_digits(text: str) -> int | Refusal:
    """Fen of a text of whole fen, as a form sends it."""
    stripped = text.strip()
    if re.fullmatch(r"[+-]?\d{1,18}", stripped, re.ASCII):
        return check_amount(int(stripped))
    if re.fullmatch(r"[+-]?\d{19,}", stripped, re.ASCII):
        sign = "amount_negative" if stripped.startswith("-") else "amount_too_large"
        return refuse(sign, limit_fen=AMOUNT_LIMIT_FEN)
    if _YUAN.fullmatch(stripped):
        return refuse("amount_fractional")
    return refuse("amount_not_a_number", text=stripped[:20])


def fen_of_yuan(value: object) -> int | Refusal:
    """Fen of yuan as a person types them: `20`, `20.5`, `¥20.50`, `1,200`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return check_amount(value * 100)
    if not isinstance(value, str):
        return refuse("amount_missing" if value is None else "amount_fractional")
    text = value.strip().lstrip("¥￥").strip()
    if not text:
        return refuse("amount_missing")
    text = without_thousands(text)
    if not _YUAN.fullmatch(text):
        if re.fullmatch(r"\d{16,}(\.\d*)?", text):
            return refuse("amount_too_large", limit_fen=AMOUNT_LIMIT_FEN)
        return refuse("amount_not_a_number", text=value.strip()[:20])
    if text.startswith("-"):
        return refuse("amount_negative")
    whole, _, fraction = text.lstrip("+").partition(".")
    if len(fraction.rstrip("0")) > 2:
        return refuse("amount_fractional")
    return check_amount(int(whole or "0") * 100 + int(fraction[:2].ljust(2, "0")))


def without_thousands(text: str) -> str:
    """A number without the commas that set its thousands apart; other commas stay, and are none."""
    return text.replace(",", "") if _THOUSANDS.fullmatch(text) else text


def check_quantity(value: object) -> int | Refusal:
    """A count of pieces: 1 to QUANTITY_LIMIT, whole."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value.strip(), re.ASCII):
        value = int(value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not isinstance(value, int) or not 1 <= value <= QUANTITY_LIMIT:
        return refuse("quantity_invalid", limit=QUANTITY_LIMIT)
    return value
