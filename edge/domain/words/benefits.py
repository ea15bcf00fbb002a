"""Words of refusals and reasons: points, gifts, tiers, passes, vouchers."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    # points
    "points_too_few": (
        "积分不足：需要 {points}，现有 {held}",
        "Not enough points: {points} are needed, there are {held}",
    ),
    "points_elsewhere": (
        "需要 {points} 积分，本店现有 {held}，其余已申请转来，请过几秒再试",
        "{points} points are needed, {held} are here; the rest was asked for,"
        " try again in a few seconds",
    ),
    "points_cut_off": (
        "需要 {points} 积分，本店现有 {held}，其余在别店，现在没有网络；可先用本店的积分",
        "{points} points are needed, {held} are here, the rest is elsewhere and there is no line;"
        " use those that are here",
    ),
    "redemption_unknown": ("没有这种兑换，请从列表选择", "There is no such redemption; choose one"),
    "redemption_on_ticket": (
        "这是抵扣，请在结账时对当前单子使用",
        "This pays part of a ticket; use it on the open ticket",
    ),
    "redemption_not_for_others": (
        "该会员等级不能替别人兑换，请兑换给本人",
        "This member's tier may not redeem for others; redeem it for the member",
    ),
    "redemption_needs_tier": (
        "会员等级不够，需要等级“{tier}”",
        "The member's tier is too low; it takes “{tier}”",
    ),
    "redemption_out_of_stock": (
        "“{name}”本店没有库存了，请换一种",
        "“{name}” is out of stock here; choose another",
    ),
    "redemption_returned": ("这次兑换已经退过了", "This redemption was returned before"),
    "redemption_spent": (
        "兑换所得已经用掉，不能退",
        "What was given is spent; it cannot be returned",
    ),
    "redemption_elsewhere": (
        "这次兑换由本店另一个盒子保管，已向总部要；若盒子已坏，请两位负责人在总部注销它，再试一次",
        "Another box of this cafe holds this redemption; head office is asked for it. If that box"
        " died, two people write it off at head office; then try again",
    ),
    "redemption_value_elsewhere": (
        "兑换所得的储值还在别处，已向总部要，请稍后再试",
        "What was given is held elsewhere; head office is asked for it, so try again",
    ),
    "redemption_not_kept": (
        "这次兑换时间太久，本机已没有明细，不能退",
        "This redemption is too long ago; its entry is no longer kept here",
    ),
    "conversion_unknown": (
        "不能这样转换；赠送金额不能换成现金余额",
        "This cannot be converted so; spend points never become money",
    ),
    "conversion_too_little": (
        "按现行比例换不到东西，请增加数量；比例为零表示不开放",
        "At today's ratio this comes to nothing; take more (a ratio of zero: not offered)",
    ),
    "conversion_day_limit": (
        "每位会员每天最多用积分换 {limit_fen} 储值，今天还可换 {left_fen}",
        "A member gets at most {limit_fen} of stored value for points in a day; {left_fen} is left",
    ),
    "conversion_too_much": (
        "本店可用 {held_fen}，要转 {amount_fen}，请减少",
        "{held_fen} may be used here, {amount_fen} was asked; take less",
    ),
    "check_in_not_offered": ("总部没有开放签到积分", "Head office gives no points for checking in"),
    "checked_in_before": ("今天在本店已经签到过了", "Checked in here today already"),
    "event_unknown": ("今天没有这个活动", "There is no such event today"),
    "event_joined_before": ("该会员已经报过名了", "This member has joined already"),
    # gifts and tiers
    "gift_given_before": ("这份礼品已经领过了", "This gift was given already"),
    "gift_not_due": ("该会员现在没有这份礼品", "This gift is not due to the member now"),
    "tier_not_for_sale": (
        "这个等级不能购买，请从列表选择",
        "This tier is not for sale; choose one that has a fee",
    ),
    "tier_higher_already": (
        "该会员已是更高的“{tier}”",
        "The member is on the higher “{tier}” already",
    ),
    "tier_not_reached": (
        "没有达到任何等级的条件，不能免费续期",
        "No tier's threshold is reached; it cannot be renewed free of charge",
    ),
    "tier_renewed_today": ("今天已经续过期了", "It was renewed today already"),
    # passes
    "pass_unknown": ("没有这张次卡或包时，请核对", "There is no such pass; check it"),
    "pass_not_active": ("这张卡已退或已停用", "This pass was given back or has ended"),
    "pass_other_hours": ("只在 {hours} 可用", "It holds from {hours} only"),
    "pass_not_yet": ("从 {day} 起可用", "It holds from {day} on"),
    "pass_expired": ("已过期（有效至 {day}）", "It ended ({day})"),
    "pass_other_weekday": ("只在星期 {weekdays} 可用", "It holds on weekdays {weekdays} only"),
    "pass_other_zone": (
        "不适用于这个区域，可用区域：{zones}",
        "Not for this zone; it holds in {zones}",
    ),
    "pass_used_up": ("次数已用完", "All visits are used"),
    "pass_elsewhere": (
        "剩余 {visits} 次在别店，已申请转来，请过几秒再试",
        "The {visits} visits left are elsewhere; they were asked for, try again in a few seconds",
    ),
    "pass_cut_off": (
        "剩余 {visits} 次在别店，现在没有网络，请按标准价上机",
        "The {visits} visits left are elsewhere and there is no line; charge the normal price",
    ),
    "pass_has_its_own_refund": (
        "次卡和包时请在“次卡与包时”里退，按未用部分退款",
        "Give a pass back in the work “Passes”: what is not used is given back",
    ),
    "pass_over": (
        "已过期（有效至 {day}），过期的次数和天数不退款",
        "It ended ({day}); what was not used by then is not given back",
    ),
    "pass_nothing_left": ("已没有可退的金额", "Nothing of it is left to give back"),
    # vouchers
    "voucher_unknown": ("没有这个券码，请核对", "There is no voucher of this code; check it"),
    "voucher_used": ("这张券已经用过了", "This voucher has been used"),
    "voucher_expired": ("这张券已过期（有效至 {month}）", "This voucher expired ({month})"),
    "voucher_not_yet": ("这张券 {day} 起可用", "This voucher holds from {day} on"),
    "voucher_elsewhere": (
        "这张券在{places}，已申请转来，请过几秒再试",
        "This voucher is at {places}; it was asked for, try again in a few seconds",
    ),
    "voucher_cut_off": (
        "这张券在{places}，现在没有网络，不能核销",
        "This voucher is at {places} and there is no line now; it cannot be used",
    ),
    "voucher_needs_member": (
        "这张券会存入赠送金额，请先刷会员卡",
        "This voucher becomes bonus credit; tap the member's card first",
    ),
    "voucher_of_what": (
        "请填金额或商品，二者选一",
        "Give an amount or a product, one of the two",
    ),
    "voucher_day_past": ("日期不对或已经过去", "That day is past, or there is no such day"),
    "booking_not_in_tier": (
        "该会员等级没有预约权，请先升级",
        "This member's tier may not book; it takes a higher one",
    ),
}
