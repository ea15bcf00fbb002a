"""Codes of vouchers, as head office and every box must write and claim them.

A code is a number of up to 52 bits in Crockford's base 32, in groups of four from the right:
`7K3-M9Q2-0XAB`. What is claimed is the keyed hash of its normal form (`claims.claim_key` of
HMAC-SHA-256 under the chain's claim secret), so that a code can be found and none can be guessed
from the log.
"""

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUP = 4


def code_text(number: int) -> str:
    """Return a code as papers say it."""
    digits = ""
    while number or not digits:
        digits = CROCKFORD[number & 31] + digits
        number >>= 5
    groups: list[str] = []
    while digits:
        groups.insert(0, digits[-GROUP:])
        digits = digits[:-GROUP]
    return "-".join(groups)


def normal_form(number: int) -> str:
    """Return what the claim of a code hashes."""
    return "voucher " + code_text(number)
