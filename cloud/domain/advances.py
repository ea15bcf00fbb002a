"""Advances at the hub: the limit is granted to the usual cafe, and debts are repaid from `@hub`.

A member's rights and debts together are the limit; the hub raises what is missing, retires what is
too much out of its own part, and moves what came back to it to the usual cafe.
"""

from collections.abc import Sequence

from cloud.domain.grants import Holding
from sync_protocol.accounts import ADVANCE_BOOK, ADVANCE_RIGHT, FEN, RECEIVABLE, WALLET
from sync_protocol.ledger import REASON_ADVANCE, REASON_REPAYMENT, Transaction

Posting = tuple[int, int | str, int, int, int, str, int]


def repayment(
    debts: Sequence[tuple[int, int]],
    holdings: Sequence[Holding],
    business_day: int,
    utc_offset_min: int,
) -> Transaction | None:
    """Return the transaction that repays debts from money, None where there is nothing to move.

    debts: (member, fen) that boxes released to the hub, of one person; holdings: that person's
    stored value in the hub's part. The right comes back to the hub's part.
    """
    money = [holding for holding in holdings if holding.code == WALLET]
    left = min(sum(fen for _, fen in debts), sum(holding.amount for holding in money))
    if left <= 0:
        return None
    postings: list[Posting] = []
    unpaid = left
    for holding in money:
        paid = min(unpaid, holding.amount)
        if paid:
            postings.append((WALLET, holding.subject, 0, 0, holding.month, FEN, paid))
            unpaid -= paid
    for member, owed_fen in debts:
        repaid = min(left, owed_fen)
        if repaid:
            postings.append((RECEIVABLE, member, 0, 0, 0, FEN, -repaid))
            postings.append((ADVANCE_RIGHT, member, 0, 0, 0, FEN, -repaid))
            postings.append((ADVANCE_BOOK, member, 0, 0, 0, FEN, repaid))
            left -= repaid
    return Transaction(0, REASON_REPAYMENT, business_day, utc_offset_min, 0, 0, None, postings)


def limit_change(
    member: int,
    limit_fen: int,
    granted_fen: int,
    at_hub_fen: int,
    holder: tuple[int, int] | None,
    day: tuple[int, int],
) -> Transaction | None:
    """Return the transaction that brings a member's limit to where it belongs, None for no change.

    granted_fen: rights and debts of all holders; at_hub_fen: rights in the hub's part; holder:
    (node, epoch) of the usual cafe, None where there is none; day: (business day, UTC offset).
    """
    raised = max(limit_fen - granted_fen, 0) if holder is not None else 0
    retired = min(max(granted_fen - limit_fen, 0), at_hub_fen)
    moved = at_hub_fen - retired if holder is not None else 0
    postings: list[Posting] = []
    if retired + moved:
        postings.append((ADVANCE_RIGHT, member, 0, 0, 0, FEN, retired + moved))
    if holder is not None and raised + moved:
        postings.append((ADVANCE_RIGHT, member, *holder, 0, FEN, -(raised + moved)))
    if raised != retired:
        postings.append((ADVANCE_BOOK, member, 0, 0, 0, FEN, raised - retired))
    if not postings:
        return None
    return Transaction(0, REASON_ADVANCE, *day, 0, 0, None, postings)
