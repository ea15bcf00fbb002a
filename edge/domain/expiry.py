"""Expiry: what an account of a past month holds here lapses; each holder expires its own."""

from collections.abc import Iterable

from edge.domain.decision import Decision, Here, Posting, plain, transaction
from edge.domain.parts import Part, lowered
from sync_protocol.accounts import (
    BONUS,
    BREAKAGE,
    LUCKY_HELD,
    LUCKY_ISSUED,
    POINTS_HELD,
    POINTS_ISSUED,
    VISITS_HELD,
    VISITS_ISSUED,
    VOUCHER,
    WALLET,
)
from sync_protocol.ledger import POSTINGS_MAX, REASON_EXPIRY
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
EXPIRING_CLASSES = tuple(EXPIRES_INTO)


def expire(here: Here, parts: Iterable[Part]) -> Decision:
    """Let this node's parts of past months lapse; nothing expired, nothing written."""
    expired = [part for part in parts if is_expired(part.month, here.business_day)]
    postings: list[Posting] = []
    for part in expired[: POSTINGS_MAX // 2]:
        into = EXPIRES_INTO[part.code]
        subject = 0 if into == BREAKAGE else part.subject
        postings.extend(lowered(here, (part,)))
        postings.append(plain(into, subject, part.unit, -part.amount))
    return Decision((transaction(here, REASON_EXPIRY, postings),) if postings else ())
