"""Stock: what came in, what went out, and lines of a document checked once for all of them."""

from collections.abc import Mapping, Sequence

from edge.domain.amounts import check_quantity
from edge.domain.decision import Decision, Here, Judgement, Posting, plain, transaction
from edge.domain.products import Product
from edge.domain.refusals import Refusal, refuse
from sync_protocol.accounts import ITEM, STOCK, STOCK_LOST, STOCK_RECEIVED, STOCK_USED
from sync_protocol.ledger import REASON_GOODS_ISSUE, REASON_GOODS_RECEIPT

LINES_MAX = 50
"""Lines and tags of one document: three postings each stay below the ledger's 200."""

CAUSES = {"used": STOCK_USED, "lost": STOCK_LOST}
"""Cause of a goods issue -> the account that shows it."""

Lines = tuple[tuple[str, int], ...]
"""((sku, quantity), ...)."""


def check_lines(lines: Sequence[tuple[str, object]]) -> Lines | Refusal:
    """Check the lines of a document: at most LINES_MAX, no item twice, whole quantities."""
    if len(lines) > LINES_MAX:
        return refuse("lines_too_many", limit=LINES_MAX)
    checked: dict[str, int] = {}
    for item, typed in lines:
        quantity = check_quantity(typed)
        if isinstance(quantity, Refusal):
            return quantity
        if item in checked:
            return refuse("line_repeated", item=item)
        checked[item] = quantity
    return tuple(checked.items())


def product_refusal(lines: Lines, products: Mapping[str, Product]) -> Refusal | None:
    """Why goods cannot be moved: an unknown product, or one that is not counted."""
    for sku, _ in lines:
        product = products.get(sku)
        if product is None:
            return refuse("product_unknown", sku=sku)
        if not product.counted:
            name = (product.name, product.name_en or product.name)
            return refuse("product_not_counted", name=name)
    return None


def below_zero(lines: Lines, in_stock: Mapping[str, int]) -> list[str]:
    """The skus whose booked stock falls below zero: somebody should count, nobody is stopped."""
    return [sku for sku, quantity in lines if in_stock.get(sku, 0) < quantity]


def goods_receipt(
    here: Here, document: int, lines: Lines, products: Mapping[str, Product]
) -> Judgement:
    """Goods came in from a supplier."""
    if not lines:
        return refuse("lines_missing")
    refusal = product_refusal(lines, products)
    if refusal is not None:
        return refusal
    postings: list[Posting] = []
    for sku, quantity in lines:
        postings.append(plain(STOCK, here.cafe, ITEM + sku, quantity))
        postings.append(plain(STOCK_RECEIVED, here.cafe, ITEM + sku, -quantity))
    op = transaction(here, REASON_GOODS_RECEIPT, postings, document=document)
    return Decision((op,), values={"document": document, "lines": [list(line) for line in lines]})


def goods_issue(
    here: Here,
    document: int,
    lines: Lines,
    cause: str,
    products: Mapping[str, Product],
    in_stock: Mapping[str, int],
) -> Judgement:
    """Goods went out without a sale: used in the cafe, or lost."""
    if not lines:
        return refuse("lines_missing")
    if cause not in CAUSES:
        return refuse("field_invalid", field=("原因", "cause"))
    refusal = product_refusal(lines, products)
    if refusal is not None:
        return refusal
    postings: list[Posting] = []
    for sku, quantity in lines:
        postings.append(plain(STOCK, here.cafe, ITEM + sku, -quantity))
        postings.append(plain(CAUSES[cause], here.cafe, ITEM + sku, quantity))
    op = transaction(here, REASON_GOODS_ISSUE, postings, document=document)
    values = {
        "document": document,
        "lines": [list(line) for line in lines],
        "below_zero": below_zero(lines, in_stock),
    }
    return Decision((op,), values=values)
