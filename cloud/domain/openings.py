"""Opening balances that come in twice: the first in the log stands, the second is turned round.

Two cafes without a line may import one list each. Whoever imports claims each member's opening and
raises the hub's part alone: so the second can be taken back to the fen in the block that brings it,
before anybody is granted something of it.
"""

from cloud.domain.judge import Facts
from sync_protocol.accounts import HUB_HOLDER, OPENING, class_of
from sync_protocol.claims import opening_key
from sync_protocol.kinds import OPENING_CLAIM
from sync_protocol.ledger import REASON_CORRECTION, REASON_OPENING, Transaction
from sync_protocol.ops import HUB, Op


def second_opening(op: Op, transaction: Transaction, facts: Facts) -> Transaction | None:
    """Return what takes an opening back that another one came before; None where none did.

    None also for one of an earlier version, which claims nothing and raises its author's own part:
    nobody but the author may lower that.
    """
    if transaction.reason != REASON_OPENING or op.header.node == HUB:
        return None
    members = {posting[1] for posting in transaction.postings if posting[0] == OPENING}
    claims = [
        facts.claim(OPENING_CLAIM, opening_key(member))
        for member in members
        if isinstance(member, int)
    ]
    if all(claim is None or claim.subject == transaction.document for claim in claims):
        return None
    limited = [posting for posting in transaction.postings if class_of(posting[0]).limited]
    if any(posting[2:4] != HUB_HOLDER for posting in limited):
        return None
    return Transaction(
        transaction.cafe,
        REASON_CORRECTION,
        transaction.business_day,
        transaction.utc_offset_min,
        0,
        transaction.document,
        op.ref().row(),
        [(*posting[:6], -posting[6]) for posting in transaction.postings],
    )
