"""Expiry at the hub: what the hub's own part of a past month holds lapses; boxes expire theirs."""

from collections.abc import Sequence

from cloud.domain.grants import Holding
from sync_protocol.accounts import (
    BONUS,
    BREAKAGE,
    CLASSES,
    LUCKY_HELD,
    LUCKY_ISSUED,
    POINTS_HELD,
    POINTS_ISSUED,
    VISITS_HELD,
    VISITS_ISSUED,
    VOUCHER,
    WALLET,
)
from sync_protocol.ledger import POSTINGS_MAX, REASON_EXPIRY, Transaction
from sync_protocol.rights_rule import is_expired

EXPIRES_INTO = {
    POINTS_HELD: POINTS_ISSUED,
    LUCKY_HELD: LUCKY_ISSUED,
    VISITS_HELD: VISITS_ISSUED,
    WALLET: BREAKAGE,
    BONUS: BREAKAGE,
    VOUCHER: BREAKAGE,
}
"""Class -> where what lapses goes: back to its issue, or, as money owed no more, to breakage."""


def expiry(
    holdings: Sequence[Holding], business_day: int, utc_offset_min: int
) -> Transaction | None:
    """Return the transaction that lets expired holdings lapse, None where there is none."""
    postings: list[tuple[int, int | str, int, int, int, str, int]] = []
    for holding in holdings:
        if holding.code not in EXPIRES_INTO or not is_expired(holding.month, business_day):
            continue
        into = EXPIRES_INTO[holding.code]
        lowering = -holding.amount * CLASSES[holding.code].side
        subject = 0 if into == BREAKAGE else holding.subject
        own = (holding.code, holding.subject, 0, 0, holding.month, holding.unit, lowering)
        postings += [own, (into, subject, 0, 0, 0, holding.unit, -lowering)]
        if len(postings) + 2 > POSTINGS_MAX:
            break
    if not postings:
        return None
    return Transaction(0, REASON_EXPIRY, business_day, utc_offset_min, 0, 0, None, postings)
