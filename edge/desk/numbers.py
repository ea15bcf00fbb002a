"""Running numbers that people read out: of the sales and of the shifts of this box."""

from edge.store.transaction import WriteTransaction

_SALE_NUMBER = "sale_number"
_SHIFT_NUMBER = "shift_number"


def next_sale_number(transaction: WriteTransaction) -> int:
    """The next number of a sale; a refused sale uses none up, as its write is undone."""
    return _next(transaction, _SALE_NUMBER)


def next_shift_number(transaction: WriteTransaction) -> int:
    """The next number of a shift."""
    return _next(transaction, _SHIFT_NUMBER)


def _next(transaction: WriteTransaction, name: str) -> int:
    last = transaction.setting(name)
    number = (last if isinstance(last, int) else 0) + 1
    transaction.set_setting(name, number)
    return number
