"""Ledger transactions: postings that sum to zero per unit, and the rules an op alone can break.

Body: [cafe, reason, business day, UTC offset, rule version, document, corrects, postings]

- cafe: in whose name (the author's own; the hub may write for any), 0 for the chain
- reason: one of the REASON_ codes; business day: yyyymmdd; UTC offset in minutes
- rule version: of the `rule` register the writer applied; 0 if none
- document: id of the sale, transfer or request it belongs to; 0 if none
- corrects: reference of the transaction that this one corrects, or nil
- postings: [[class, subject, holder node, holder epoch, month, unit, amount], ...]

Amounts are integers in units (fen, points, pieces), debit positive. The writer rounds once and
nobody recomputes. A transaction is immutable; a correction is another one.
"""

from sync_protocol.accounts import (
    ASSET_CLASSES,
    ASSET_UNIT,
    CHAIN_LOSS,
    CLASSES,
    FIRST_TELLING_CODE,
    HUB_HOLDER,
    ITEM,
    TRANSIT,
    class_of,
    is_of_cafe,
    may_hold_assets,
)
from sync_protocol.errors import DecodeError
from sync_protocol.expect import (
    AMOUNT_MAX,
    ID_MAX,
    expect_int,
    expect_key,
    expect_list,
    expect_text,
)
from sync_protocol.kinds import CAFE, CAFE_TRANSACTION
from sync_protocol.ops import EPOCH_MAX, HUB, NODE_MAX, Header, ref_from_row

POSTINGS_MAX = 200
"""A sale of 40 lines needs fewer than 100; a stocktake of more is several transactions."""

REASON_TOP_UP = 1
REASON_SPEND = 2
REASON_SALE = 3
REASON_REFUND = 4
REASON_POINTS = 5
REASON_GRANT = 6
REASON_RELEASE = 7
REASON_OPENING = 8
REASON_EPOCH_CLOSE = 9
REASON_SWEEP = 10
REASON_CORRECTION = 11
REASON_ADVANCE = 12
REASON_REPAYMENT = 13
REASON_EXPIRY = 14
REASON_VOUCHER = 15
REASON_REDEMPTION = 16
REASON_GOODS_RECEIPT = 20
REASON_GOODS_ISSUE = 21
REASON_DISPATCH = 22
REASON_TRANSFER_RECEIPT = 23
REASON_ASSET_RECEIPT = 24
REASON_ASSET_ISSUE = 25
REASON_ASSET_RETURN = 26
REASON_CASH_OUT = 30
REASON_FLOAT = 31
REASON_DROP = 32
REASON_PETTY_CASH = 33
REASON_TILL_DIFFERENCE = 34
REASON_PASS_SALE = 35
REASON_PASS_USE = 36
REASON_SESSION = 37
REASON_CARD_FEE = 38
REASON_MEMBERSHIP_FEE = 39
REASON_VOID = 40
REASON_BONUS = 41
REASON_POINTS_ADJUSTMENT = 42
REASON_CLAWBACK = 43
REASON_PREPAYMENT = 44

REASONS = {
    REASON_TOP_UP: "top_up",
    REASON_SPEND: "spend",
    REASON_SALE: "sale",
    REASON_REFUND: "refund",
    REASON_POINTS: "points",
    REASON_GRANT: "grant",
    REASON_RELEASE: "release",
    REASON_OPENING: "opening",
    REASON_EPOCH_CLOSE: "epoch_close",
    REASON_SWEEP: "sweep",
    REASON_CORRECTION: "correction",
    REASON_ADVANCE: "advance",
    REASON_REPAYMENT: "repayment",
    REASON_EXPIRY: "expiry",
    REASON_VOUCHER: "voucher",
    REASON_REDEMPTION: "redemption",
    REASON_GOODS_RECEIPT: "goods_receipt",
    REASON_GOODS_ISSUE: "goods_issue",
    REASON_DISPATCH: "dispatch",
    REASON_TRANSFER_RECEIPT: "transfer_receipt",
    REASON_ASSET_RECEIPT: "asset_receipt",
    REASON_ASSET_ISSUE: "asset_issue",
    REASON_ASSET_RETURN: "asset_return",
    REASON_CASH_OUT: "cash_out",
    REASON_FLOAT: "float",
    REASON_DROP: "drop",
    REASON_PETTY_CASH: "petty_cash",
    REASON_TILL_DIFFERENCE: "till_difference",
    REASON_PASS_SALE: "pass_sale",
    REASON_PASS_USE: "pass_use",
    REASON_SESSION: "session",
    REASON_CARD_FEE: "card_fee",
    REASON_MEMBERSHIP_FEE: "membership_fee",
    REASON_VOID: "void",
    REASON_BONUS: "bonus",
    REASON_POINTS_ADJUSTMENT: "points_adjustment",
    REASON_CLAWBACK: "clawback",
    REASON_PREPAYMENT: "prepayment",
}

_HUB_LOWERS = (REASON_EPOCH_CLOSE, REASON_SWEEP)
"""The only reasons for which the hub lowers what another holds."""


class Transaction:
    """The decoded body of a ledger op.

    `postings` is a list of tuples (class, subject, node, epoch, month, unit, amount).
    """

    __slots__ = (
        "cafe",
        "reason",
        "business_day",
        "utc_offset_min",
        "rule_version",
        "document",
        "corrects",
        "postings",
    )

    def __init__(
        self,
        cafe: int,
        reason: int,
        business_day: int,
        utc_offset_min: int,
        rule_version: int,
        document: int,
        corrects: "list[object] | None",
        postings: "list[tuple[int, int | str, int, int, int, str, int]]",
    ) -> None:
        self.cafe = cafe
        self.reason = reason
        self.business_day = business_day
        self.utc_offset_min = utc_offset_min
        self.rule_version = rule_version
        self.document = document
        self.corrects = corrects
        self.postings = postings

    def body(self) -> list[object]:
        """Return the array that is hashed and sent."""
        return [
            self.cafe,
            self.reason,
            self.business_day,
            self.utc_offset_min,
            self.rule_version,
            self.document,
            self.corrects,
            [list(posting) for posting in self.postings],
        ]


def transaction_from_body(body: object) -> Transaction:
    """Return the `Transaction` of a decoded body; `DecodeError` names what is wrong."""
    values = expect_list(body, "transaction", 8, 8)
    postings = []
    for row in expect_list(values[7], "postings", 2, POSTINGS_MAX):
        postings.append(_posting(row))
    if values[6] is not None:
        ref_from_row(values[6])
    return Transaction(
        expect_int(values[0], "cafe", 0, NODE_MAX),
        expect_int(values[1], "reason", 1, 0xFFFF),
        expect_int(values[2], "business_day", 0, 99991231),
        expect_int(values[3], "utc_offset_min", -1080, 1080),
        expect_int(values[4], "rule_version", 0, 0xFFFFFFFF),
        expect_int(values[5], "document", 0, ID_MAX),
        values[6],  # type: ignore[arg-type]  # checked by ref_from_row above
        postings,
    )


def _posting(row: object) -> "tuple[int, int | str, int, int, int, str, int]":
    # Called for each posting of each op: the common shape is tested in one go.
    if isinstance(row, list) and len(row) == 7:
        code, subject, node, epoch, month, unit, amount = row
        if (
            code.__class__ is int
            and node.__class__ is int
            and epoch.__class__ is int
            and month.__class__ is int
            and amount.__class__ is int
            and subject.__class__ is int
            and unit.__class__ is str
            and 0 < code <= 0xFFFF
            and 0 <= node <= NODE_MAX
            and 0 <= epoch <= EPOCH_MAX
            and 0 <= month <= 999912
            and 0 <= subject <= ID_MAX
            and -AMOUNT_MAX <= amount <= AMOUNT_MAX
            and 0 < len(unit) <= 64
            and "\x00" not in unit
        ):
            return (code, subject, node, epoch, month, unit, amount)
    values = expect_list(row, "posting", 7, 7)
    return (
        expect_int(values[0], "posting.class", 1, 0xFFFF),
        expect_key(values[1], "posting.subject"),
        expect_int(values[2], "posting.node", 0, NODE_MAX),
        expect_int(values[3], "posting.epoch", 0, EPOCH_MAX),
        expect_int(values[4], "posting.month", 0, 999912),
        expect_text(values[5], "posting.unit", 64),
        expect_int(values[6], "posting.amount", -AMOUNT_MAX, AMOUNT_MAX),
    )


def fault_of(header: Header, transaction: Transaction, author_cafe: int) -> "str | None":
    """Return why the op alone is void, or None.

    `author_cafe` is the cafe of the author's node (0 for the hub). Codes: `other_cafe`,
    `amount_zero`, `account_class`, `holder`, `not_holder`, `unit`, `reach`, `unbalanced`.
    What depends on balances is `lowered` and the caller's fold.
    """
    if header.node != HUB and transaction.cafe != author_cafe:
        return "other_cafe"
    sums: dict[str, int] = {}
    for posting in transaction.postings:
        unit = posting[5]
        sums[unit] = sums.get(unit, 0) + posting[6]
        fault = _posting_fault(header, transaction.reason, posting, author_cafe)
        if fault is not None:
            return fault
    for total in sums.values():
        if total:
            return "unbalanced"
    return None


def _posting_fault(
    header: Header,
    reason: int,
    posting: "tuple[int, int | str, int, int, int, str, int]",
    author_cafe: int,
) -> "str | None":
    code, subject, node, epoch, _month, unit, amount = posting
    if amount == 0:
        return "amount_zero"
    if code < FIRST_TELLING_CODE and code not in CLASSES:
        return "account_class"
    row = class_of(code)
    if not row.limited:
        if node or epoch:
            return "holder"
    elif amount * row.side < 0 and not _may_lower(header, reason, node, epoch):
        return "not_holder"
    if header.kind == CAFE_TRANSACTION and row.reach != CAFE:
        return "reach"
    if header.node != HUB and subject != author_cafe and is_of_cafe(code):
        return "other_cafe"
    if unit.startswith(ASSET_UNIT):
        return None if may_hold_assets(code) and amount in (1, -1) else "unit"
    if code in ASSET_CLASSES and (code != TRANSIT or not unit.startswith(ITEM)):
        return "unit"
    return None


def _may_lower(header: Header, reason: int, node: int, epoch: int) -> bool:
    if header.node == HUB:
        return (node, epoch) == HUB_HOLDER or reason in _HUB_LOWERS
    return node == header.node and epoch == header.epoch


def divert(
    postings: "list[tuple[int, int | str, int, int, int, str, int]]",
    cafe: int,
    diversions: "list[list[int]]",
) -> "list[tuple[int, int | str, int, int, int, str, int]]":
    """Return the postings after a DIVERTED verdict, still summing to zero.

    `diversions`: [[posting index, amount], ...]: that much of the posting falls on the chain's
    loss account instead of on the member. `DecodeError` where there is no such posting.
    """
    result = list(postings)
    for index, amount in diversions:
        if index >= len(postings):
            raise DecodeError("field_range", "diversion")
        code, subject, node, epoch, month, unit, posted = result[index]
        result[index] = (code, subject, node, epoch, month, unit, posted - amount)
        result.append((CHAIN_LOSS, cafe, 0, 0, 0, unit, amount))
    return result
