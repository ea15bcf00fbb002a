"""Short codes that only this chain can write on a paper: what is on it can be checked later.

A code is the first bits of HMAC-SHA-256 (RFC 2104) under the chain's key over what the paper is and
says, in Crockford's base 32. A receipt's QR code holds `CB1:<slip>:<number>:<entry>:<code>`.
"""

import hmac
from dataclasses import dataclass
from hashlib import sha256

from sync_protocol.voucher_codes import CROCKFORD

CODE_LENGTH = 8
"""Characters of five bits: 40 bits, and whoever guesses is seen doing it at the counter."""
QR_HEAD = "CB1"
_FIELDS = 5


def paper_code(chain_key: bytes, *said: object) -> str:
    """The code of a paper that says these things, as it is printed."""
    text = "\0".join(("paper", *(str(one) for one in said)))
    number = int.from_bytes(hmac.new(chain_key, text.encode(), sha256).digest()[:5], "big")
    return "".join(CROCKFORD[number >> 5 * place & 31] for place in reversed(range(CODE_LENGTH)))


def normal_code(text: str) -> str:
    """A code as people type it: small letters, spaces, O for 0, I and L for 1."""
    kept = text.upper().replace("-", "").replace(" ", "")
    return kept.translate(str.maketrans("OIL", "011"))


@dataclass(frozen=True, slots=True)
class ReceiptCode:
    """What a receipt's QR code says: which slip, its number, its entry's chain code."""

    slip: str
    number: str
    entry: str


def qr_text(chain_key: bytes, receipt: ReceiptCode) -> str:
    """The content of a receipt's QR code."""
    said = (receipt.slip, receipt.number, receipt.entry)
    return ":".join((QR_HEAD, *said, paper_code(chain_key, *said)))


def checked_receipt(chain_key: bytes, text: str) -> ReceiptCode | None:
    """The receipt of a QR code's text, None where this chain did not print that."""
    parts = text.strip().split(":")
    if len(parts) != _FIELDS or parts[0] != QR_HEAD:
        return None
    right = paper_code(chain_key, *parts[1:4])
    if not hmac.compare_digest(right.encode(), normal_code(parts[4]).encode()):
        return None
    return ReceiptCode(parts[1], parts[2], parts[3])
