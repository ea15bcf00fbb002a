"""Words of refusals and reasons: sales, refunds and products on a ticket."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "refund_too_large": (
        "该单最多还能退 {refundable_fen}",
        "At most {refundable_fen} of this sale can still be refunded",
    ),
    "refund_elsewhere": (
        "这单的 {amount_fen} 要由原来的盒子退，已申请转来，请过几秒再试；还不行就请总部核销旧盒子",
        "{amount_fen} of this is for the earlier box to give back; it was asked for, try again in a"
        " few seconds. If it does not come, have head office write the old box off",
    ),
    "sale_unknown": ("找不到这张单据", "No such sale"),
    "ticket_empty": ("还没有选商品", "Nothing has been chosen yet"),
    "ticket_full": ("一单最多 {limit} 行，请分单", "A ticket holds {limit} lines; start another"),
    "ticket_changed": (
        "单据金额已变为 {total_fen}，请核对后再收款",
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
        "“{name}”不计库存，不能入库、出库或调拨",
        "“{name}” is not counted stock; it cannot be received, issued or moved",
    ),
    "product_not_here": ("“{name}”不在本店销售", "“{name}” is not sold at this cafe"),
    "product_for_members": (
        "“{name}”只卖给会员，请先刷会员卡",
        "“{name}” is for members; tap a member's card first",
    ),
    "product_for_tier": (
        "这位会员的等级不能享受“{name}”",
        "“{name}” is for members of another tier",
    ),
    "walk_in_free_only": (
        "散客只能领免费商品，“{name}”要收费；请先刷会员卡",
        "Without a card only free items can be had, “{name}” is not free; tap a member's card",
    ),
    "member_needs_balance": (
        "会员没有余额，请先充值再消费",
        "The member has no balance left; top up first",
    ),
    "checkout_supermarket": (
        "本店是扫码即付，不挂单；请先收款或放弃这一单",
        "This cafe sells by scan and pay and keeps no tickets; take payment or abandon it",
    ),
    "kept_tickets_full": (
        "最多挂 {limit} 单，请先结掉几单",
        "At most {limit} tickets can lie aside; take payment of some first",
    ),
    "kept_ticket_unknown": (
        "找不到这张挂单，可能已在别的终端取走",
        "That ticket does not lie aside any more; another terminal may have taken it up",
    ),
    "ticket_label_taken": (
        "已有挂单“{label}”，请换个名字，或取出后合并",
        "There is a ticket “{label}” already; choose another name, or merge the two",
    ),
    "ticket_staff_unknown": ("本店没有这位员工", "Nobody of that number works here"),
    "sale_voided": ("这单已作废", "This sale was voided"),
    "void_refunded": (
        "这单已退过款，不能作废，请把余款退掉",
        "Money of this sale went back already; refund the rest instead",
    ),
    "void_not_products": (
        "只有商品单可以作废；次卡、上机请用各自的退款",
        "Only sales of products can be voided; passes and sessions have returns of their own",
    ),
    "void_too_late": (
        "只能作废当天的单据，以前的请退款",
        "Only a sale of today can be voided; refund an older one",
    ),
}
