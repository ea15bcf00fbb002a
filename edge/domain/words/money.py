"""Words of refusals and reasons: amounts, top-ups, stored value."""

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    "amount_missing": ("没有填金额，请输入金额", "No amount was given; enter one"),
    "amount_not_a_number": (
        "金额“{text}”不是数字，请重新输入",
        "“{text}” is not a number; enter the amount again",
    ),
    "amount_negative": (
        "金额不能为负数，退款请用“退款”",
        "An amount cannot be negative; to give money back use Refund",
    ),
    "amount_zero": ("金额不能为零", "An amount cannot be zero"),
    "amount_fractional": (
        "金额最多到分（小数点后两位），请重新输入",
        "The smallest amount is one fen (two decimals); enter it again",
    ),
    "amount_too_large": (
        "金额超过单笔上限 {limit_fen}，请核对或分笔办理",
        "More than {limit_fen} at once; check it, or do it in parts",
    ),
    # stored value
    "tender_unknown": (
        "不支持“{tender}”这种支付方式，请换一种",
        "“{tender}” is not a way of paying here; choose another",
    ),
    "spendable_too_little": (
        "余额不足：余额 {balance_fen}，要付 {amount_fen}，请先充值",
        "Not enough: the balance is {balance_fen}, {amount_fen} is due; top up first",
    ),
    "spendable_elsewhere": (
        "余额 {balance_fen}，其中 {elsewhere_fen} 在{places}，现在本店可用 {spendable_fen}；"
        "联网后可自动转来，或先充值",
        "The balance is {balance_fen}, but {elsewhere_fen} of it is at {places};"
        " {spendable_fen} may be spent here now. It moves here when the line is up, or top up",
    ),
    "spending_stopped": (
        "本机已停止扣款，正等总部核对，请用现金或其他方式付款",
        "This box has stopped spending until head office has checked it; take another tender",
    ),
    "tenders_too_many": ("一次最多用 {limit} 种方式付款", "At most {limit} tenders at once"),
    "tenders_too_little": (
        "应收 {due_fen}，还差 {missing_fen}",
        "{due_fen} is due; {missing_fen} is still missing",
    ),
    "tenders_too_much": (
        "应收 {due_fen}，多了 {over_fen}；只有现金可以找零",
        "{due_fen} is due, this is {over_fen} more; change is given for cash only",
    ),
    "tender_twice": (
        "同一支付方式填了两次：余额请合成一笔，其他请填不同的参考号",
        "One tender stands there twice; make stored value one line, give others each a reference",
    ),
    "tender_reference_missing": (
        "{tender}要填交易参考号（小票或手机上的单号）",
        "{tender} needs the reference on the terminal's slip or the phone",
    ),
    "tender_reference_invalid": (
        "参考号“{reference}”不对，应为 4 到 64 位字母或数字",
        "“{reference}” is no reference: 4 to 64 letters or digits",
    ),
    "tender_reference_used": (
        "参考号“{reference}”已入过账，请核对是否重复收款；确是另一笔，请第二个人同意",
        "The reference “{reference}” was booked before; check that it is not the same payment."
        " If it is another, let a second person approve",
    ),
    "spend_above_limit": (
        "单笔最多可消费 {limit_fen}，这笔是 {amount_fen}，请用其他方式付款",
        "At most {limit_fen} may be spent at once, this is {amount_fen}; take another tender",
    ),
    "spend_above_daily_limit": (
        "今天的消费限额是 {limit_fen}，已用 {spent_fen}，还可用 {left_fen}",
        "The limit of a day is {limit_fen}; {spent_fen} is spent and {left_fen} left",
    ),
    "card_pin_needed": (
        "当天累计超过 {limit_fen} 要输入卡密码；忘记密码请第二个人核实本人",
        "Above {limit_fen} in a day the card's PIN is needed; or let a second person vouch",
    ),
    "card_pin_wrong": (
        "卡密码不对，请会员重新输入",
        "The card's PIN is wrong; let the member retry",
    ),
    "card_pin_locked": (
        "卡密码错误次数太多，已锁 15 分钟；请第二个人核实本人",
        "Too many wrong PINs; locked for 15 minutes. A second person may vouch",
    ),
    # top-ups and cash-outs
    "top_up_too_small": ("充值最少 {minimum_fen}", "A top-up is at least {minimum_fen}"),
    "top_up_too_large": (
        "单笔充值最多 {maximum_fen}，请分笔办理",
        "A top-up is at most {maximum_fen}; do it in parts",
    ),
    "top_up_package_unknown": (
        "没有“{package}”这个充值套餐，请重新选择",
        "There is no package “{package}”; choose another",
    ),
    "top_up_unknown": (
        "本店没有这笔充值；别店的充值请在别店撤销",
        "This cafe has no such top-up; one of another cafe is cancelled there",
    ),
    "top_up_cancelled": ("这笔充值已经撤销过了", "This top-up was cancelled already"),
    "top_up_cashed_out": (
        "这笔充值之后提过现，送的已按比例扣回，不能再撤销；要退的请提现",
        "Money was cashed out after this top-up, and a share of what it had earned taken back;"
        " it cannot be cancelled any more. Cash out what is to go back",
    ),
    "top_up_spent": (
        "充值 {amount_fen} 已用掉一部分，账上只剩 {left_fen}，不能撤销；可把余下的提现",
        "Part of the {amount_fen} is spent, {left_fen} is left; it cannot be cancelled."
        " Cash out what is left",
    ),
    "top_up_elsewhere": (
        "钱已转到别处（{places}，{elsewhere_fen}），请在有网络时刷一下卡再撤销",
        "The money has moved on ({places}, {elsewhere_fen}); tap the card with a line, then cancel",
    ),
    "top_up_repaid": (
        "这笔充值还了预支 {repaid_fen}，而预支额度已不在本店，不能撤销；请找总部",
        "It repaid an advance of {repaid_fen} whose limit is elsewhere now; ask head office",
    ),
    "bonus_elsewhere": (
        "赠送金额在{places}，请在有网络时刷一下卡再办",
        "The bonus credit is at {places}; tap the card with a line, then try again",
    ),
    "cash_out_too_large": (
        "可提现的储值是 {wallet_fen}；赠送金额 {bonus_fen} 不能提现",
        "{wallet_fen} of stored value may be cashed out; bonus credit ({bonus_fen}) may not",
    ),
    "cash_out_owed": (
        "会员还有预支 {owed_fen} 没还，请留足再提现",
        "An advance of {owed_fen} is still owed; leave that much",
    ),
    "row_member_unknown": (
        "找不到会员“{who}”，请核对号码",
        "No member is “{who}”; check the number",
    ),
    "row_member_several": (
        "“{who}”对应多个会员，请写会员号",
        "“{who}” is several members; give the member number",
    ),
    # what happened to a top-up
    "traced_cancelled": (
        "{number} 已撤销，余额已经扣回",
        "{number} was cancelled; its money was given back",
    ),
    "traced_waiting": (
        "本店已入账，正等总部确认，通常几秒钟；请看状态栏的网络",
        "It is booked here and waits for head office, usually for seconds; see the line's state",
    ),
    "traced_no_line": (
        "本店已入账，现在没有网络，联网后自动上传；请检查网线和路由器",
        "It is booked here; there is no line, it is sent when the line is up. Check the network",
    ),
    "traced_spend_here": (
        "这笔钱在本店现在就能用；请核对会员号和卡是否本人",
        "It can be spent here now; check that the member and the card are the right ones",
    ),
    "traced_support": (
        "还不对：换一种付款方式，或把单号和流水码报给总部客服",
        "Still wrong: take another tender, or tell head office the number and the entry's code",
    ),
    "traced_credited": (
        "总部已确认，余额里已有这笔钱；请看余额和明细",
        "Head office has confirmed it and the balance has it; look at balance and records",
    ),
    "traced_tap_elsewhere": (
        "在别店看不到：请在那家店刷一次卡，钱会自动转过去",
        "Not seen at another cafe: tap the card there and the money moves",
    ),
    "traced_undone": (
        "总部没有认可这笔（{code}），余额里没有；请查看待处理事项",
        "Head office did not accept it ({code}); it is not in the balance. Look at open cases",
    ),
    # limits shown beside a balance
    "day_limit_leaves": (
        "今天限额 {limit_fen}，已用 {spent_fen}，还可用 {left_fen}",
        "The limit of a day is {limit_fen}; {spent_fen} is spent, {left_fen} left",
    ),
    "single_limit_is": ("单笔最多 {limit_fen}", "At most {limit_fen} at once"),
    "pin_above_is": ("超过 {limit_fen} 要卡密码", "Above {limit_fen} with the card's PIN"),
    # reasons shown beside a balance
    "rest_elsewhere": (
        "其余 {elsewhere_fen} 在{places}，联网后可转来",
        "The other {elsewhere_fen} is at {places} and moves here when the line is up",
    ),
    "rest_at_hub": (
        "其余 {elsewhere_fen} 在总部，联网后可转来",
        "The other {elsewhere_fen} is at head office and moves here when the line is up",
    ),
    "advance_usable": (
        "余额 {elsewhere_fen} 在{places}待回传，可在本店先用 {advance_fen}（预支）",
        "{elsewhere_fen} is at {places} and cannot come now; {advance_fen} of it may be used here"
        " in advance",
    ),
}
