"""Running numbers that people read out: one per sale of this box."""

from edge.store.transaction import WriteTransaction

_SALE_NUMBER = "sale_number"


def next_sale_number(transaction: WriteTransaction) -> int:
    """The next number of a sale; a refused sale uses none up, as its write is undone."""
    last = transaction.setting(_SALE_NUMBER)
    number = (last if isinstance(last, int) else 0) + 1
    transaction.set_setting(_SALE_NUMBER, number)
    return number
