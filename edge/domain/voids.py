"""Voids: a paid ticket is taken back whole, as if it had never been sold, by two people.

All that a refund of everything gives back goes back, and counted goods return to the stock. Only a
sale of products that nothing was refunded of yet, on its own business day, can be voided: passes,
sessions and top-ups have returns of their own, and later money goes back by a refund.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.domain.approvals import approval_needed
from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    Posting,
    PrintSlip,
    document_change,
    plain,
    read_int,
    read_list,
    transaction,
)
from edge.domain.parts import total
from edge.domain.passes import is_of_pass
from edge.domain.products import Product
from edge.domain.refunds import SoldFacts, back_of, back_postings, back_slip, back_values
from edge.domain.refusals import Refusal, refuse
from sync_protocol.accounts import ITEM, STOCK, STOCK_SOLD
from sync_protocol.kinds import SALE
from sync_protocol.ledger import REASON_SALE, REASON_SPEND, REASON_VOID

VOID = "void_sale"
"""The right of the second person."""
VOIDABLE = (REASON_SALE, REASON_SPEND, 0)
"""Reasons of sales that can be voided; 0: nothing was paid, or the entry is not kept here."""

Sold = Sequence[tuple[Product, int]]
"""(product, how many) of each line of a sale."""


@dataclass(frozen=True, slots=True)
class Voiding:
    """Who voids it and why; `approver` is the second person, 0 for nobody yet."""

    approver: int
    reason: str


def void_refusal(here: Here, sold: SoldFacts, voiding: Voiding) -> Refusal | None:
    """Why a sale cannot be voided, None where it can."""
    if here.spending_stopped:
        return refuse("spending_stopped")
    if sold.voided:
        return refuse("sale_voided")
    if sold.refunded:
        return refuse("void_refunded")
    of_pass = is_of_pass(read_list(SALE, sold.row, "lines"))
    if of_pass or read_int(SALE, sold.row, "session") or sold.reason not in VOIDABLE:
        return refuse("void_not_products")
    if read_int(SALE, sold.row, "business_day") != here.business_day:
        return refuse("void_too_late")
    if sold.elsewhere_fen > 0:
        return refuse("refund_elsewhere", amount_fen=sold.elsewhere_fen, sale=sold.sale)
    if not voiding.approver:
        return approval_needed(VOID)
    return None


def void(here: Here, sold: SoldFacts, goods: Sold, voiding: Voiding) -> Judgement:
    """Take a whole sale back."""
    refusal = void_refusal(here, sold, voiding)
    if refusal is not None:
        return refusal
    amount_fen = sold.refundable_fen
    back = back_of(sold, amount_fen)
    postings = [*back_postings(here, sold, back, amount_fen), *_stock_back(here, goods)]
    document = document_change(
        here,
        SALE,
        sold.sale,
        sold.row,
        {
            **back_values(sold, back),
            "voided_ms": here.now_ms,
            "voided_by": voiding.approver,
            "void_reason": voiding.reason,
        },
    )
    op = transaction(here, REASON_VOID, postings, document=sold.sale, corrects=sold.reference)
    moved = any(posting[6] for posting in postings)
    slip = back_slip(sold, back, amount_fen, voiding.reason)
    returned = [[*product.names, quantity] for product, quantity in goods if product.counted]
    return Decision(
        (op, document) if moved else (document,),
        (PrintSlip("void", {**slip, "returned": returned}),),
        {
            "sale": sold.sale,
            "number": sold.number,
            "member": sold.member,
            "amount_fen": amount_fen - back.clawback.kept_fen,
            "points": total(back.clawback.points),
            "kept_fen": back.clawback.kept_fen,
        },
    )


def _stock_back(here: Here, goods: Sold) -> list[Posting]:
    postings = []
    for product, quantity in goods:
        if product.counted:
            unit = ITEM + product.sku
            postings.append(plain(STOCK, here.cafe, unit, quantity))
            postings.append(plain(STOCK_SOLD, here.cafe, unit, -quantity))
    return postings
