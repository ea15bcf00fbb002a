"""Refusals and reasons as data, with the words that a cashier reads in Chinese and English.

A refusal is never an exception: a decision returns it, nothing has changed, and the page shows its
words. Codes are stable and never reused. A parameter whose name ends in `_fen` is shown as yuan.
To add a sentence, add a row to `WORDS`; each row has both languages and names its parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Parameter = int | str | tuple[str, str]
"""A number, a text, or a name in (Chinese, English)."""

CHINESE = "zh"
ENGLISH = "en"
LANGUAGES = (CHINESE, ENGLISH)


@dataclass(frozen=True, slots=True)
class Sentence:
    """Something to tell a person: a code, what it is about, and words on demand."""

    code: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    def words(self, language: str) -> str:
        """The sentence in `language` (one of LANGUAGES)."""
        chinese, english = WORDS[self.code]
        template = chinese if language == CHINESE else english
        return template.format_map(
            {name: _shown(name, value, language) for name, value in self.parameters.items()}
        )


@dataclass(frozen=True, slots=True)
class Refusal(Sentence):
    """Why a command was not done: what happened, why, and what to do. Nothing was changed."""


def refuse(code: str, **parameters: Parameter) -> Refusal:
    """A refusal with its parameters by name."""
    return Refusal(code, parameters)


def yuan(amount_fen: int) -> str:
    """`¥12.34` of 1234 fen."""
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}¥{abs(amount_fen) // 100}.{abs(amount_fen) % 100:02d}"


def _shown(name: str, value: Parameter, language: str) -> str:
    if name.endswith("_fen") and isinstance(value, int):
        return yuan(value)
    if isinstance(value, tuple):
        return value[0] if language == CHINESE else value[1]
    return str(value)


WORDS: Mapping[str, tuple[str, str]] = {
    # amounts and input
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
    "quantity_invalid": (
        "数量要是 1 到 {limit} 的整数",
        "A quantity is a whole number from 1 to {limit}",
    ),
    "field_missing": ("缺少“{field}”,请补上", "“{field}” is missing; fill it in"),
    "field_invalid": ("“{field}”填得不对,请改正", "“{field}” is not valid; correct it"),
    "field_too_long": (
        "“{field}”太长,最多 {limit} 个字",
        "“{field}” is too long, at most {limit} characters",
    ),
    "command_unknown": (
        "没有“{command}”这个操作,请刷新页面",
        "There is no command “{command}”; reload the page",
    ),
    "request_id_invalid": (
        "请求编号不对,请刷新页面再试",
        "The request's number is not valid; reload the page and try again",
    ),
    "request_id_reused": (
        "这个请求编号已用于别的操作,请刷新页面再试",
        "This request's number was used for another command; reload the page and try again",
    ),
    "box_busy": (
        "盒子正忙,这次没有办理,请稍后再试",
        "The box is busy and did nothing; try again in a moment",
    ),
    "disk_full": (
        "盒子的存储卡满了,这次没有办理,请联系总部",
        "The box's disk is full and nothing was done; call head office",
    ),
    "disk_refused": (
        "盒子的存储卡写不进去,这次没有办理,请停用本机并联系总部",
        "The box cannot write to its disk and did nothing; stop using it and call head office",
    ),
    "outcome_unknown": (
        "盒子的存储卡出错,这次是否办成要重启后才知道,请先不要收款或重做,请联系总部",
        "The disk failed: whether this was done is known after a restart; do not take money or do "
        "it again, and call head office",
    ),
    # staff
    "log_in_first": ("请先登录再操作", "Log in first"),
    "log_in_failed": ("工号或 PIN 不对,请再试", "Wrong staff number or PIN; try again"),
    "log_in_locked": (
        "PIN 连续输错,已锁定,请 {minutes} 分钟后再试",
        "Too many wrong PINs; locked, try again in {minutes} minutes",
    ),
    "staff_inactive": ("该账号已停用,请找店长", "This account is closed; ask the manager"),
    "staff_other_cafe": (
        "该账号不能在本店登录,请找店长",
        "This account may not log in at this cafe; ask the manager",
    ),
    "no_right": (
        "{role}没有“{operation}”的权限,请找店长办理",
        "A {role} may not do “{operation}”; ask the manager",
    ),
    # members
    "name_invalid": (
        "姓名要 1 到 {limit} 个字,且不含特殊符号",
        "A name has 1 to {limit} characters and no control characters",
    ),
    "phone_invalid": (
        "手机号不对:要 11 位、以 1 开头,国外号码以 + 开头",
        "Not a phone number: 11 digits beginning with 1, or + and a country code",
    ),
    "identity_invalid": (
        "身份证号校验不通过,请核对后重输",
        "The identity number's check digit is wrong; check and enter it again",
    ),
    "birth_date_invalid": (
        "出生日期不对,请按年月日填写",
        "Not a valid birth date; enter year, month and day",
    ),
    "consent_missing": (
        "会员还没同意隐私条款,不能登记",
        "The member has not agreed to the privacy terms and cannot be registered",
    ),
    "phone_taken": (
        "这个手机号已登记给会员 {number},请先查找该会员",
        "This phone belongs to member {number}; find that member instead",
    ),
    "identity_taken": (
        "这个身份证号已登记给会员 {number},请先查找该会员",
        "This identity number belongs to member {number}; find that member instead",
    ),
    "member_unknown": ("找不到该会员,请重新查找", "No such member; search again"),
    "member_closed": ("该会员已退会,不能办理", "This member has left; nothing can be done"),
    # cards and taps
    "card_unknown": (
        "这张卡没有登记,请先办卡",
        "This card is not registered; issue it to a member first",
    ),
    "card_unread": (
        "卡没有读出来,请把卡放平再刷一次",
        "The card could not be read; lay it flat and tap once more",
    ),
    "card_lost": (
        "这张卡已挂失,不能使用,请核对持卡人",
        "This card is reported lost and cannot be used; check who holds it",
    ),
    "card_void": ("这张卡已作废,请换新卡", "This card is void; issue a new one"),
    "card_suspended": (
        "这张卡已暂停,请找店长恢复",
        "This card is suspended; ask the manager to restore it",
    ),
    "card_expired": (
        "这张卡已过期({day}),请续卡",
        "This card expired on {day}; renew it",
    ),
    "card_taken": (
        "这张卡已发给会员 {number},请换一张",
        "This card belongs to member {number}; take another",
    ),
    "card_uid_invalid": ("卡号不对,请重新刷卡", "Not a card number; tap the card again"),
    "visit_not_open": ("该会员现在不在店内", "This member is not in the cafe now"),
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
    "refund_too_large": (
        "该单最多还能退 {refundable_fen}",
        "At most {refundable_fen} of this sale can still be refunded",
    ),
    "refund_elsewhere": (
        "这单是{place}卖出的,请到那里退款",
        "This was sold at {place}; refund it there",
    ),
    "sale_unknown": ("找不到这张单据", "No such sale"),
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
    # tickets
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
    # assets and transfers
    "lines_missing": ("还没有填明细", "No lines were given"),
    "lines_too_many": ("一张单据最多 {limit} 行", "A document holds at most {limit} lines"),
    "line_repeated": ("“{item}”重复了,请合并", "“{item}” is there twice; merge the lines"),
    "cafe_unknown": ("没有这家门店", "There is no such cafe"),
    "cafe_own": ("不能调拨给本店", "A transfer goes to another cafe"),
    "cafe_without_box": (
        "{cafe}还没有可用的盒子,不能接收调拨",
        "{cafe} has no working box yet and cannot receive a transfer",
    ),
    "transfer_unknown": ("找不到这张调拨单", "No such transfer"),
    "transfer_not_ours": (
        "这张调拨单是发给{cafe}的,只有对方能签收",
        "This transfer is for {cafe}; only they can receive it",
    ),
    "transfer_received": ("这张调拨单已经签收过了", "This transfer has been received already"),
    "transfer_held_elsewhere": (
        "货是发给本店旧盒子的,请联系总部转过来",
        "The goods were sent to this cafe's former box; ask head office to move them",
    ),
    "transfer_surplus": (
        "“{item}”发出 {sent},不能签收 {received};多出的请另做入库",
        "{sent} of “{item}” were sent, {received} cannot be received; book the rest as a receipt",
    ),
    "transfer_line_unknown": (
        "“{item}”不在这张调拨单里",
        "“{item}” is not part of this transfer",
    ),
    "asset_tag_invalid": (
        "资产编号要 1 到 {limit} 个字母、数字、点、- 或 _",
        "An asset tag has 1 to {limit} letters, digits, dots, - or _",
    ),
    "asset_is_ours": (
        "资产“{tag}”登记在本店名下,不能撤销入库",
        "The asset “{tag}” is this cafe's own; its receipt stands",
    ),
    "asset_tag_taken": ("资产编号“{tag}”已被使用", "The asset tag “{tag}” is taken"),
    "asset_not_here": (
        "资产“{tag}”不在本店{place}",
        "The asset “{tag}” is not {place} at this cafe",
    ),
    # printing
    "print_job_unknown": ("找不到这张小票", "No such receipt"),
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
    # what head office says of a conflict: what happened, then what to do
    "case_claim_lost": (
        "{about}的{thing}已由{other}先登记,本店的没有生效",
        "{about}: {other} had this {thing} first; ours did not count",
    ),
    "case_claim_held": (
        "{other}也登记了本店已有的{thing}({about});本店的有效",
        "{about}: {other} took a {thing} that is already ours; ours counts",
    ),
    "case_concurrent": (
        "{about}的{thing}同时在本店和{other}改过",
        "{about}: the {thing} was changed here and at {other} at once",
    ),
    "case_fenced": (
        "本店盒子的数据被复制或恢复过,已停用",
        "This box's data was copied or put back; it is fenced off",
    ),
    "case_fence_noted": (
        "总部已知悉:本店盒子的数据被复制或恢复过",
        "Head office knows that this box's data was copied or put back",
    ),
    "case_call_for_code": (
        "请店长向总部要新的注册码",
        "Have the manager ask head office for a new enrolment code",
    ),
    "case_void": (
        "本店有一笔{thing}没有生效",
        "A {thing} of this cafe did not count",
    ),
    "case_excess": (
        "本店旧盒子有一笔{thing}超出了余额,差额由总部承担",
        "A {thing} of this cafe's former box went beyond the balance; head office bears it",
    ),
    "case_kept_ours": (
        "总部决定:{about}的{thing}以本店为准",
        "{about}: head office kept our {thing}",
    ),
    "case_kept_other": (
        "总部决定:{about}的{thing}以{other}为准",
        "{about}: head office kept the {thing} of {other}",
    ),
    "case_merged": (
        "总部已把{about}的两份档案合并成一份",
        "{about}: head office merged the two records into one",
    ),
    "case_noted": (
        "总部已知悉:本店的一笔{thing}",
        "Head office has noted a {thing} of this cafe",
    ),
    "case_left": (
        "总部看过了:{about}的{thing}保持现状",
        "{about}: head office left the {thing} as it is",
    ),
    "case_wait": ("先照常营业,等总部决定", "Carry on; head office decides"),
    "case_nothing_to_do": ("不用处理", "Nothing to do"),
    "case_ask_other_phone": (
        "请会员换一个手机号,或等总部决定",
        "Ask the member for another phone number, or wait for head office",
    ),
    "case_ask_other_phone_now": (
        "请会员下次来时另留一个手机号",
        "Ask the member for another phone number at the next visit",
    ),
    "case_check_identity": (
        "请核对证件;多半是同一个人,等总部合并",
        "Check the document; it is likely one person, and head office merges the two",
    ),
    "case_enter_identity_again": (
        "请再核对一次会员的证件号",
        "Check the member's identity number once more",
    ),
    "case_give_other_card": (
        "请收回这张卡,给会员换一张新卡",
        "Take this card back and give the member a new one",
    ),
    "case_leave_asset": (
        "先不要领用或调拨,等总部决定归哪家",
        "Do not issue or move it until head office says whose it is",
    ),
    "case_cancel_receipt": (
        "请撤销本店的入库;若是另一件东西,换个编号再入库",
        "Undo the receipt here; if it is another thing, receive it under another tag",
    ),
    "case_call_member": ("请联系会员说明,等总部决定", "Tell the member; head office decides"),
    "case_call_head_office": (
        "账上没有这一笔,请店长联系总部",
        "It is not in the books; have the manager call head office",
    ),
    # what is special about a member today
    "birthday_today": ("今天生日", "Birthday today"),
    "under_age": ("未满 18 周岁,不得上机", "Under 18: may not use a PC"),
    "claim_provisional": (
        "登记待总部确认",
        "Registration waits for head office to confirm it",
    ),
}
"""Code -> (Chinese, English)."""
