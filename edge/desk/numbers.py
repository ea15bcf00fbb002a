"""Running numbers that people read out: of this box's sales, shifts, top-ups and cards."""

import re
from collections import Counter

from edge.domain.decision import read_text
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import CARD, PAPER_SLIP, PASS, SALE, SESSION, SHIFT, SITE, TOP_UP

_SALE_NUMBER = "sale_number"
_SHIFT_NUMBER = "shift_number"
_VOUCHER_NUMBER = "voucher_number"
_CARD_NUMBER = "card_number"
_PAPER_SLIP_NUMBER = "paper_slip_number"
_SESSION_NUMBER = "session_number"
_NAMES = (
    _SALE_NUMBER,
    _SHIFT_NUMBER,
    _VOUCHER_NUMBER,
    _CARD_NUMBER,
    _PAPER_SLIP_NUMBER,
    _SESSION_NUMBER,
)
_NUMBERED = (
    (SALE, "number", _SALE_NUMBER),
    (TOP_UP, "number", _SALE_NUMBER),
    (SHIFT, "number", _SHIFT_NUMBER),
    (PASS, "number", _VOUCHER_NUMBER),
    (CARD, "label", _CARD_NUMBER),
    (PAPER_SLIP, "number", _PAPER_SLIP_NUMBER),
    (SESSION, "number", _SESSION_NUMBER),
)
SKIPPED = 100


def next_sale_number(transaction: WriteTransaction) -> int:
    """The next number of a sale; a refused sale uses none up, as its write is undone."""
    return _next(transaction, _SALE_NUMBER)


def next_shift_number(transaction: WriteTransaction) -> int:
    """The next number of a shift."""
    return _next(transaction, _SHIFT_NUMBER)


def next_top_up_number(transaction: WriteTransaction) -> int:
    """The next number of a top-up, a cash-out or a cancellation.

    One series with the sales: a number on a paper that moved money names one thing.
    """
    return _next(transaction, _SALE_NUMBER)


def next_voucher_number(transaction: WriteTransaction) -> int:
    """The next number of a voucher of this box."""
    return _next(transaction, _VOUCHER_NUMBER)


def next_card_number(transaction: WriteTransaction) -> int:
    """The next number of a card that this box makes."""
    return _next(transaction, _CARD_NUMBER)


def next_session_number(transaction: WriteTransaction) -> int:
    """The next number of a session."""
    return _next(transaction, _SESSION_NUMBER)


def next_paper_slip_number(transaction: WriteTransaction) -> int:
    """The next number of a slip that is printed to be filled in by hand."""
    return _next(transaction, _PAPER_SLIP_NUMBER)


def go_on_behind_documents(transaction: WriteTransaction) -> None:
    """Begin the numbers of a rebuilt store behind those that the cafe's documents bear.

    SKIPPED more are left out: papers of a dead box's last moments may bear them.
    """
    cafe = transaction.identity.cafe
    last: Counter[str] = Counter()
    for kind, field, name in _NUMBERED:
        for document in transaction.registers(kind, limit=-1):
            if document.shown.cafe != cafe or document.erased:
                continue
            digits = re.search(r"\d+$", str(document.value(field) or ""))
            if digits is not None:
                last[name] = max(last[name], int(digits.group()))
    for name in _NAMES:
        transaction.set_setting(name, last[name] + SKIPPED)


def paper_number(reader: Reader, business_day: int, number: int) -> str:
    """A number as papers say it: `<cafe code>-<yyyymmdd>-<counter>`."""
    cafe = reader.identity.cafe
    site = reader.register(SITE, cafe)
    code = read_text(SITE, site.shown if site is not None else None, "code") or str(cafe)
    return f"{code}-{business_day}-{number:04d}"


def _next(transaction: WriteTransaction, name: str) -> int:
    last = transaction.setting(name)
    number = (last if isinstance(last, int) else 0) + 1
    transaction.set_setting(name, number)
    return number
