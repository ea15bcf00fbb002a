"""The chart of accounts: classes, their normal side, and who may lower them.

Amounts are debit positive. An account is (class, subject, holder node, holder epoch, month), and
its balances are kept per unit. Never renumber a class.

To add a class, add a row by `_new(code, name)` with the next free code from 64 on. Such a code says
by its low bits what the class is, so that a node which has not heard of it folds and judges it
rightly (`class_of`), and neither parks nor stops:

    code = 64 + 16 * n + bits     bits: 1 reach cafe, 2 limited and held, 4 credit, 8 subject a cafe

Codes below 64 are those of the first release, described one by one; an unknown one of them makes
an op void.

- *side*: the sign of a healthy balance: DEBIT for what is owned (cash, stock), CREDIT for what
  is owed (stored value, points).
- *limited*: the balance on its normal side is never below zero.
- *held*: split by holder, and only the holder may lower it on its normal side; anyone may raise
  it. The hub's part has the holder (0, 0). Bounded counters: Balegas et al. 2015.
- *reach*: accounts of reach CAFE are folded only by their cafe and by the hub.
"""

from sync_protocol.errors import DecodeError
from sync_protocol.kinds import CAFE, CHAIN

DEBIT = 1
CREDIT = -1

HUB_HOLDER = (0, 0)

FEN = "fen"
POINTS = "points"
LUCKY = "lucky"
VISITS = "visits"
PAID = "paid"
ITEM = "item:"
SPENT_UNIT = "spent:"
ASSET_UNIT = "asset:"

FIRST_TELLING_CODE = 64
"""Class codes from here on say by their bits what the class is."""

_REACHES_CAFE = 1
_LIMITED = 2
_CREDIT = 4
_OF_A_CAFE = 8


class AccountClass:
    """One row of the chart."""

    __slots__ = ("code", "name", "side", "limited", "reach")

    def __init__(self, code: int, name: str, side: int, limited: bool, reach: int) -> None:
        self.code = code
        self.name = name
        self.side = side
        self.limited = limited
        self.reach = reach


def _new(code: int, name: str) -> AccountClass:
    """Return the class of a code that says what it is."""
    side = CREDIT if code & _CREDIT else DEBIT
    return AccountClass(
        code, name, side, bool(code & _LIMITED), CAFE if code & _REACHES_CAFE else CHAIN
    )


# What a cafe owns and earned. Subject: the cafe.
TILL = 1
CARD_CLEARING = 2
WECHAT_CLEARING = 3
ALIPAY_CLEARING = 4
REVENUE = 5
DUE_TO_CHAIN = 6
"""In the cafe's book: what it owes the chain (credit) or is owed."""
DUE_FROM_CAFE = 7
"""In the chain's book: the mirror of `DUE_TO_CHAIN`. Settlement is a fold of these two."""

# What the chain owes a member. Subject: the member.
WALLET = 10
BONUS = 11
ADVANCE_RIGHT = 12
"""How much more a holder may let a member spend while the member's own rights are elsewhere."""
ADVANCE_BOOK = 13
"""The other side of `ADVANCE_RIGHT`: the limit given less what is drawn."""
RECEIVABLE = 14
"""What was drawn and is not repaid, at the holder that let it be drawn: only that holder repays
it or releases it to the hub, so that it is never repaid twice."""
POINTS_HELD = 20
POINTS_ISSUED = 21
LUCKY_HELD = 22
LUCKY_ISSUED = 23
VISITS_HELD = 24
VISITS_ISSUED = 25

# One-time things. Subject: the sale or the voucher.
REFUNDABLE = 30
REFUNDABLE_BOOK = 31
VOUCHER = 32
VOUCHER_BOOK = 33

# Counted stock. Subject: the cafe; of TRANSIT: the transfer.
STOCK = 40
STOCK_RECEIVED = 41
STOCK_SOLD = 42
STOCK_USED = 43
STOCK_LOST = 44
TRANSIT = 45

# Tagged assets: exactly one of each unit exists. Subject: the cafe.
ASSET_IN_STOCK = 50
ASSET_ISSUED = 51
ASSET_IN_REPAIR = 52
ASSET_SOURCE = 53
ASSET_WRITTEN_OFF = 54

# The chain's own. Subject: the cafe concerned, 0 for none.
CHAIN_LOSS = 60
BREAKAGE = 61
OPENING = 62

# Codes that say what they are.
PROMOTION = 72
"""What bonus credit, gifts and points turned into money cost the chain. Subject: the cafe."""
SAFE = 73
PETTY_CASH = 89
TILL_DIFFERENCE = 105
OTHER_CLEARING = 121
"""Tenders of head office's making: meal coupons, a bank transfer."""
CARD_DEPOSIT = 70
"""What was left for a card and is given back with it. Subject: the card."""
PREPAID = 71
"""Paid before a session and not used up yet. Subject: the session."""
POINTS_SPENT = 84
"""Points that were redeemed: so `points_issued` is all that was ever earned and has not expired."""
SPENT = 100
"""What a member bought in all, in a unit for each card type: `spent:<code>`."""
SPENT_BOOK = 104
"""The other side of `SPENT`. Subject: the cafe."""
EARNED = 116
"""What a member's top-ups paid in and earned, less what went back with cash-outs: in `paid`, fen,
points and lucky points. Subject: the member."""
EARNED_BOOK = 120
"""The other side of `EARNED`. Subject: the cafe."""

_ROWS = (
    AccountClass(TILL, "till", DEBIT, False, CAFE),
    AccountClass(CARD_CLEARING, "card_clearing", DEBIT, False, CAFE),
    AccountClass(WECHAT_CLEARING, "wechat_clearing", DEBIT, False, CAFE),
    AccountClass(ALIPAY_CLEARING, "alipay_clearing", DEBIT, False, CAFE),
    AccountClass(REVENUE, "revenue", CREDIT, False, CAFE),
    AccountClass(DUE_TO_CHAIN, "due_to_chain", CREDIT, False, CAFE),
    AccountClass(DUE_FROM_CAFE, "due_from_cafe", DEBIT, False, CAFE),
    AccountClass(WALLET, "wallet", CREDIT, True, CHAIN),
    AccountClass(BONUS, "bonus", CREDIT, True, CHAIN),
    AccountClass(ADVANCE_RIGHT, "advance_right", CREDIT, True, CHAIN),
    AccountClass(ADVANCE_BOOK, "advance_book", DEBIT, False, CHAIN),
    AccountClass(RECEIVABLE, "receivable", DEBIT, True, CHAIN),
    AccountClass(POINTS_HELD, "points", CREDIT, True, CHAIN),
    AccountClass(POINTS_ISSUED, "points_issued", DEBIT, False, CHAIN),
    AccountClass(LUCKY_HELD, "lucky", CREDIT, True, CHAIN),
    AccountClass(LUCKY_ISSUED, "lucky_issued", DEBIT, False, CHAIN),
    AccountClass(VISITS_HELD, "visits", CREDIT, True, CHAIN),
    AccountClass(VISITS_ISSUED, "visits_issued", DEBIT, False, CHAIN),
    AccountClass(REFUNDABLE, "refundable", CREDIT, True, CAFE),
    AccountClass(REFUNDABLE_BOOK, "refundable_book", DEBIT, False, CAFE),
    AccountClass(VOUCHER, "voucher", CREDIT, True, CHAIN),
    AccountClass(VOUCHER_BOOK, "voucher_book", DEBIT, False, CHAIN),
    AccountClass(STOCK, "stock", DEBIT, False, CAFE),
    AccountClass(STOCK_RECEIVED, "stock_received", CREDIT, False, CAFE),
    AccountClass(STOCK_SOLD, "stock_sold", DEBIT, False, CAFE),
    AccountClass(STOCK_USED, "stock_used", DEBIT, False, CAFE),
    AccountClass(STOCK_LOST, "stock_lost", DEBIT, False, CAFE),
    AccountClass(TRANSIT, "transit", DEBIT, True, CHAIN),
    AccountClass(ASSET_IN_STOCK, "asset_in_stock", DEBIT, True, CHAIN),
    AccountClass(ASSET_ISSUED, "asset_issued", DEBIT, True, CHAIN),
    AccountClass(ASSET_IN_REPAIR, "asset_in_repair", DEBIT, True, CHAIN),
    AccountClass(ASSET_SOURCE, "asset_source", CREDIT, True, CHAIN),
    AccountClass(ASSET_WRITTEN_OFF, "asset_written_off", DEBIT, True, CHAIN),
    AccountClass(CHAIN_LOSS, "chain_loss", DEBIT, False, CAFE),
    AccountClass(BREAKAGE, "breakage", CREDIT, False, CHAIN),
    AccountClass(OPENING, "opening", DEBIT, False, CHAIN),
    _new(PROMOTION, "promotion"),
    _new(SAFE, "safe"),
    _new(PETTY_CASH, "petty_cash"),
    _new(TILL_DIFFERENCE, "till_difference"),
    _new(OTHER_CLEARING, "other_clearing"),
    _new(CARD_DEPOSIT, "card_deposit"),
    _new(PREPAID, "prepaid"),
    _new(POINTS_SPENT, "points_spent"),
    _new(SPENT, "spent"),
    _new(SPENT_BOOK, "spent_book"),
    _new(EARNED, "earned"),
    _new(EARNED_BOOK, "earned_book"),
)


def _by_code() -> "dict[int, AccountClass]":
    table = {}
    for row in _ROWS:
        table[row.code] = row
    return table


CLASSES = _by_code()
"""Class code -> `AccountClass`. Every limited class is split by holder."""


def class_of(code: int) -> AccountClass:
    """Return a class, also one that only a newer version knows; `DecodeError` if there is none."""
    row = CLASSES.get(code)
    if row is not None:
        return row
    if code < FIRST_TELLING_CODE:
        raise DecodeError("account_class", str(code))
    return _new(code, "class%d" % code)


ASSET_CLASSES = (
    TRANSIT,
    ASSET_IN_STOCK,
    ASSET_ISSUED,
    ASSET_IN_REPAIR,
    ASSET_SOURCE,
    ASSET_WRITTEN_OFF,
)
"""Of the classes below 64, the only ones in which a unit `asset:<tag>` may stand."""

CAFE_SUBJECT_CLASSES = (
    TILL,
    CARD_CLEARING,
    WECHAT_CLEARING,
    ALIPAY_CLEARING,
    REVENUE,
    DUE_TO_CHAIN,
    DUE_FROM_CAFE,
    REFUNDABLE_BOOK,
    STOCK,
    STOCK_RECEIVED,
    STOCK_SOLD,
    STOCK_USED,
    STOCK_LOST,
)
"""Of the classes below 64, those whose subject is a cafe."""


def may_hold_assets(code: int) -> bool:
    """Return whether a unit `asset:<tag>` may stand in a class: such classes are limited."""
    return code in ASSET_CLASSES or (code >= FIRST_TELLING_CODE and code & _LIMITED != 0)


def is_of_cafe(code: int) -> bool:
    """Return whether a class's subject is a cafe: only that cafe's nodes and the hub post to it."""
    return code in CAFE_SUBJECT_CLASSES or (code >= FIRST_TELLING_CODE and code & _OF_A_CAFE != 0)


def account_text(code: int, subject: "int | str", node: int, epoch: int, month: int) -> str:
    """Return the readable name, such as `wallet:812@3.1` or `points:812@hub/202703`.

    `DecodeError` for a class that nobody can know.
    """
    row = class_of(code)
    text = "%s:%s" % (row.name, subject)
    if row.limited:
        text += "@hub" if (node, epoch) == HUB_HOLDER else "@%d.%d" % (node, epoch)
    if month:
        text += "/%d" % month
    return text
