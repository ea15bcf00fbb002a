"""Prices as head office types them: yuan with at most two decimals, to fen."""

import re

from cloud.domain.refusals import Refusal

PRICE_FEN_MAX = 100_000_00
"""A hundred thousand yuan: more is a slip of the finger."""

_YUAN = re.compile(r"(\d{1,9})(?:[.,](\d{1,2}))?", re.ASCII)


def fen_of_yuan(text: str) -> int | Refusal:
    """`12.5` is 1250; anything that is not a price of 0 to PRICE_FEN_MAX is refused."""
    match = _YUAN.fullmatch(text)
    amount_fen = int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0")) if match else -1
    if 0 <= amount_fen <= PRICE_FEN_MAX:
        return amount_fen
    return Refusal(
        "price_invalid",
        f"价格“{text[:20]}”不对：请输入元，最多两位小数，不超过 10 万",
        f"“{text[:20]}” is not a price: yuan with at most two decimals, up to 100,000",
    )


def yuan_of_fen(amount_fen: int) -> str:
    """1250 is `12.50`, as `fen_of_yuan` reads it."""
    return f"{amount_fen // 100}.{amount_fen % 100:02}"
