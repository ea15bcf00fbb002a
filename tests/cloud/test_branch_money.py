"""What head office is told that a branch's entries are worth."""

import pytest

from cloud.domain.branches import money_fen
from sync_protocol.accounts import (
    CARD_DEPOSIT,
    OTHER_CLEARING,
    PREPAID,
    REVENUE,
    SAFE,
    TILL,
    WALLET,
)
from sync_protocol.ledger import REASON_SALE, Transaction


@pytest.mark.parametrize("tender", [TILL, OTHER_CLEARING])
@pytest.mark.parametrize("own", [WALLET, PREPAID, CARD_DEPOSIT])
def test_money_is_counted_whatever_it_was_paid_by_and_kept_in(tender: int, own: int) -> None:
    paid = (tender, 1, 0, 0, 0, "fen", 5000)
    kept = (own, 7, 1, 1, 0, "fen", -7000)
    rest = (REVENUE, 1, 0, 0, 0, "fen", 2000)
    made = Transaction(1, REASON_SALE, 20260701, 480, 1, 0, None, [paid, kept, rest])
    assert money_fen(made) == 7000
    without = Transaction(1, REASON_SALE, 20260701, 480, 1, 0, None, [paid, (SAFE, *paid[1:])])
    assert money_fen(without) == 5000
