"""What admitting a branch would come to: money moved, and what of it the chain would bear. Pure."""

from collections.abc import Callable, Iterable

from cloud.domain.judge import Account
from sync_protocol.accounts import (
    ALIPAY_CLEARING,
    BONUS,
    CARD_CLEARING,
    CARD_DEPOSIT,
    FEN,
    OTHER_CLEARING,
    PREPAID,
    TILL,
    WALLET,
    WECHAT_CLEARING,
    class_of,
)
from sync_protocol.ledger import Transaction

TENDERS = (TILL, CARD_CLEARING, WECHAT_CLEARING, ALIPAY_CLEARING, OTHER_CLEARING)
CUSTOMERS_MONEY = (WALLET, BONUS, CARD_DEPOSIT, PREPAID)
"""What a box holds for customers: it is settled nowhere else until its epoch is closed."""


def money_fen(transaction: Transaction) -> int:
    """Return how much money a transaction moved: tenders or customers' own, whichever is more."""
    tenders = own = 0
    for code, _subject, _node, _epoch, _month, unit, amount in transaction.postings:
        if unit == FEN and code in TENDERS:
            tenders += abs(amount)
        elif unit == FEN and code in CUSTOMERS_MONEY:
            own += abs(amount)
    return max(tenders, own)


def loss_fen(transactions: Iterable[Transaction], balance: Callable[[Account], int]) -> int:
    """Return what of a branch's debits in fen is beyond what its epoch holds now.

    `balance`: of an account as it stands, debit positive.
    """
    known: dict[Account, int] = {}
    loss = 0
    for transaction in transactions:
        for posting in transaction.postings:
            account, amount = posting[:6], posting[6]
            row = class_of(account[0])
            if not row.limited or account[5] != FEN:
                continue
            after = known.get(account, balance(account)) + amount
            if amount * row.side < 0 and after * row.side < 0:
                loss -= after * row.side
                after = 0
            known[account] = after
    return loss
