"""Slips: those that are printed in advance, to be filled in by hand when the box is down."""

from collections.abc import Mapping

from edge.effects.slips.job import Facts, Name
from edge.effects.slips.parts import Slip, Words
from edge.receipt import Align, Feed, Line, Pair, Rule, SlipGroup, Text

WORDS: Mapping[str, Name] = {
    "paper_slips": ("手工单", "SLIPS TO FILL IN BY HAND"),
    "slip_number": ("单号", "No."),
    "slip_code": ("校验码", "Code"),
    "slip_form": ("业务", "What for"),
    "slip_forms": ("□充值  □消费", "[ ] top-up  [ ] spend"),
    "slip_happened": ("日期时间", "Day and time"),
    "slip_member": ("会员卡号/手机", "Card or phone"),
    "slip_amount": ("金额", "Amount"),
    "slip_tender": ("支付方式", "Paid by"),
    "slip_reference": ("参考号", "Reference"),
    "slip_what": ("内容", "For what"),
    "slip_cashier": ("收银签字", "Cashier"),
    "slip_customer": ("客人签字", "Customer"),
    "slip_once": ("恢复后补录，每单只能录一次", "Enter each slip once when the box is back"),
}
_BLANKS = ("happened", "member", "amount", "tender", "reference", "what", "cashier", "customer")
_BLANK = "______________"


def _paper_slips(facts: Facts, words: Words) -> list[Line]:
    lines: list[Line] = []
    for place, (number, code) in enumerate(facts["slips"]):
        if place:
            lines += [Feed(1), Rule(), Feed(1)]
        lines.append(Pair(words("slip_number"), number, bold=True))
        lines.append(Pair(words("slip_code"), code, bold=True))
        lines.append(Pair(words("slip_form"), words("slip_forms")))
        for blank in _BLANKS:  # room for a hand
            lines += [Feed(1), Pair(words(f"slip_{blank}"), _BLANK)]
        lines.append(Text(words("slip_once"), Align.CENTRE))
    return lines


SLIPS: Mapping[str, Slip] = {
    "paper_slips": Slip(_paper_slips, group=SlipGroup.REPORT),
}
