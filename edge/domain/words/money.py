"""Words of refusals and reasons: amounts, top-ups, stored value, points and vouchers."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "amount_missing": ("没有填金额,请输入金额", "No amount was given; enter one"),
    "amount_not_a_number": (
        "金额“{text}”不是数字,请重新输入",
        "“{text}” is not a number; enter the amount again",
    ),
    "amount_negative": (
        "金额不能为负数,退款请用“退款”",
        "An amount cannot be negative; to give money back use Refund",
    ),
    "amount_zero": ("金额不能为零", "An amount cannot be zero"),
    "amount_fractional": (
        "金额最多到分(小数点后两位),请重新输入",
        "The smallest amount is one fen (two decimals); enter it again",
    ),
    "amount_too_large": (
        "金额超过单笔上限 {limit_fen},请核对或分笔办理",
        "More than {limit_fen} at once; check it, or do it in parts",
    ),
    # stored value
    "tender_unknown": (
        "不支持“{tender}”这种支付方式,请换一种",
        "“{tender}” is not a way of paying here; choose another",
    ),
    "spendable_too_little": (
        "余额不足:余额 {balance_fen},要付 {amount_fen},请先充值",
        "Not enough: the balance is {balance_fen}, {amount_fen} is due; top up first",
    ),
    "spendable_elsewhere": (
        "余额 {balance_fen},其中 {elsewhere_fen} 在{places},现在本店可用 {spendable_fen};"
        "联网后可自动转来,或先充值",
        "The balance is {balance_fen}, but {elsewhere_fen} of it is at {places};"
        " {spendable_fen} may be spent here now. It moves here when the line is up, or top up",
    ),
    "spending_stopped": (
        "本机已停止扣款,正等总部核对,请用现金或其他方式付款",
        "This box has stopped spending until head office has checked it; take another tender",
    ),
    # vouchers
    "voucher_unknown": ("没有这个券码,请核对", "There is no voucher of this code; check it"),
    "voucher_used": ("这张券已经用过了", "This voucher has been used"),
    "voucher_expired": ("这张券已过期(有效至 {month})", "This voucher expired ({month})"),
    "voucher_elsewhere": (
        "这张券在{places},已申请转来,请过几秒再试",
        "This voucher is at {places}; it was asked for, try again in a few seconds",
    ),
    "voucher_cut_off": (
        "这张券在{places},现在没有网络,不能核销",
        "This voucher is at {places} and there is no line now; it cannot be used",
    ),
    # reasons shown beside a balance
    "rest_elsewhere": (
        "其余 {elsewhere_fen} 在{places},联网后可转来",
        "The other {elsewhere_fen} is at {places} and moves here when the line is up",
    ),
    "rest_at_hub": (
        "其余 {elsewhere_fen} 在总部,联网后可转来",
        "The other {elsewhere_fen} is at head office and moves here when the line is up",
    ),
    "advance_usable": (
        "余额 {elsewhere_fen} 在{places}待回传,可在本店先用 {advance_fen} (预支)",
        "{elsewhere_fen} is at {places} and cannot come now; {advance_fen} of it may be used here"
        " in advance",
    ),
}
