"""Words of refusals and reasons: sales, refunds and products on a ticket."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "refund_too_large": (
        "该单最多还能退 {refundable_fen}",
        "At most {refundable_fen} of this sale can still be refunded",
    ),
    "refund_elsewhere": (
        "这单是{place}卖出的,请到那里退款",
        "This was sold at {place}; refund it there",
    ),
    "sale_unknown": ("找不到这张单据", "No such sale"),
    "ticket_empty": ("还没有选商品", "Nothing has been chosen yet"),
    "ticket_full": ("一单最多 {limit} 行,请分单", "A ticket holds {limit} lines; start another"),
    "ticket_changed": (
        "单据金额已变为 {total_fen},请核对后再收款",
        "The ticket now comes to {total_fen}; check it and pay again",
    ),
    "ticket_line_unknown": ("单据里没有这一行", "The ticket has no such line"),
    "ticket_needs_member": (
        "用余额付款要先刷会员卡",
        "To pay from a balance, tap the member's card first",
    ),
    "product_unknown": ("没有“{sku}”这个商品", "There is no product “{sku}”"),
    "product_not_on_sale": ("“{name}”已下架", "“{name}” is not on sale"),
    "product_not_counted": (
        "“{name}”不计库存,不能入库、出库或调拨",
        "“{name}” is not counted stock; it cannot be received, issued or moved",
    ),
}
