"""Slips: the shift's report, its handover, and the cash that left its drawer."""

from collections.abc import Mapping

from edge.domain.business_day import local_time
from edge.domain.refusals import yuan
from edge.domain.shift_totals import CASH, NUMBER, POINTS, REASON, TENDER
from edge.effects.slips.job import Facts, Name
from edge.effects.slips.parts import Slip, Words, cut
from edge.receipt import Line, Pair, Rule, SlipGroup, Text

WORDS: Mapping[str, Name] = {
    "x_report": ("班中报表（X）", "X REPORT"),
    "z_report": ("结班报表（Z）", "Z REPORT"),
    "handover": ("交接班单", "SHIFT HANDOVER"),
    "cash_drop": ("存入保险箱", "DROP TO THE SAFE"),
    "petty_cash": ("小额支出", "PETTY CASH"),
    "shift_number": ("班次", "Shift"),
    "opened": ("开班", "Opened"),
    "counted": ("点钞", "Counted"),
    "expected": ("应有", "Expected"),
    "difference": ("差额", "Difference"),
    "left_as_float": ("留作备用金", "Left as float"),
    "shift_note": ("说明", "Note"),
    "receipt_number": ("凭证号", "Receipt no."),
    "handed_over_by": ("交班人", "Handed over by"),
    "taken_over_by": ("接班人", "Taken over by"),
    "blank_cards": ("空白卡", "Blank cards"),
    "open_cases": ("未结事项", "Open cases"),
    "open_tickets": ("未结单", "Open tickets"),
    "of_tender": ("收款", "TAKINGS"),
    "of_reason": ("业务", "BY KIND"),
    "of_cash": ("现金进出", "CASH"),
    "of_points_given": ("发放积分", "Points given"),
    "of_points_taken": ("扣减积分", "Points taken"),
    "of_number_first": ("首单号", "First number"),
    "of_number_last": ("末单号", "Last number"),
}
"""Also the titles of a report's sections, and the words of its single lines."""

_TENDERS: Mapping[str, Name] = {
    "cash": ("现金", "Cash"),
    "card": ("银行卡", "Bank card"),
    "wechat": ("微信", "WeChat Pay"),
    "alipay": ("支付宝", "Alipay"),
    "other": ("其他方式", "Other tenders"),
    "wallet": ("储值", "Stored value"),
    "bonus": ("赠送金额", "Bonus credit"),
}
_REASONS: Mapping[str, Name] = {
    "top_up": ("充值", "Top-ups"),
    "spend": ("扣款", "Debits"),
    "sale": ("销售", "Sales"),
    "refund": ("退款", "Refunds"),
    "cash_out": ("提现", "Cash-outs"),
    "float": ("备用金", "Float"),
    "drop": ("存入保险箱", "To the safe"),
    "petty_cash": ("小额支出", "Petty cash"),
    "till_difference": ("长短款", "Difference"),
    "pass_sale": ("次卡包月", "Passes"),
    "session": ("上机", "Sessions"),
    "card_fee": ("卡费", "Card fees"),
    "membership_fee": ("会员费", "Membership fees"),
    "void": ("作废", "Voids"),
    "prepayment": ("预付", "Prepaid"),
    "correction": ("更正", "Corrections"),
}
_CODES: Mapping[str, Mapping[str, Name]] = {TENDER: _TENDERS, REASON: _REASONS, CASH: _REASONS}


def _head(facts: Facts, words: Words) -> list[Line]:
    opened = local_time(facts["opened_ms"], facts["utc_offset_min"])
    return [
        Pair(words("shift_number"), facts["number"]),
        Pair(words("cashier"), cut(facts["name"])),
        Pair(words("opened"), f"{opened:%Y-%m-%d %H:%M}"),
    ]


def _totals(facts: Facts, words: Words) -> list[Line]:
    lines: list[Line] = []
    for section, names in _CODES.items():
        rows = [row for row in facts["totals"] if row[0] == section]
        if rows:
            lines += [Rule(), Text(words(f"of_{section}"), bold=True)]
        for _section, code, count, amount_fen in rows:
            name = words.pick(names.get(code, (code, code)))
            lines.append(Pair(f"{cut(name)} ×{count}", yuan(amount_fen)))
    for section, code, _count, amount in facts["totals"]:
        if section in (POINTS, NUMBER):
            lines.append(Pair(words(f"of_{section}_{code}"), str(amount)))
    return lines


def _counted(facts: Facts, words: Words) -> list[Line]:
    lines: list[Line] = [Rule()]
    for fen, pieces in facts["counted"]:
        lines.append(Pair(f"{yuan(fen)} ×{pieces}", yuan(fen * pieces)))
    lines.append(Pair(words("counted"), yuan(facts["counted_fen"]), bold=True))
    lines.append(Pair(words("expected"), yuan(facts["expected_fen"])))
    lines.append(Pair(words("difference"), yuan(facts["difference_fen"]), bold=True))
    if facts["note"]:
        lines.append(Pair(words("shift_note"), cut(facts["note"])))
    return lines


def _x_report(facts: Facts, words: Words) -> list[Line]:
    return _head(facts, words) + _totals(facts, words)


def _z_report(facts: Facts, words: Words) -> list[Line]:
    lines = _head(facts, words) + _totals(facts, words) + _counted(facts, words)
    lines.append(Pair(words("left_as_float"), yuan(facts["left_fen"])))
    lines.append(Pair(words("signed"), "__________"))
    return lines


def _handover(facts: Facts, words: Words) -> list[Line]:
    lines = _head(facts, words) + _totals(facts, words) + _counted(facts, words)
    lines.append(Rule())
    for name in ("blank_cards", "open_cases", "open_tickets"):
        lines.append(Pair(words(name), str(facts[name])))
    for name, person in (("handed_over_by", facts["from"]), ("taken_over_by", facts["to"])):
        lines.append(Pair(words(name), cut(person), bold=True))
        lines.append(Pair(words("signed"), "__________"))
    return lines


def _cash_drop(facts: Facts, words: Words) -> list[Line]:
    return [
        Pair(words("shift_number"), facts["number"]),
        Pair(words("amount"), yuan(facts["amount_fen"]), bold=True),
        Pair(words("signed"), "__________"),
    ]


def _petty_cash(facts: Facts, words: Words) -> list[Line]:
    return [
        Pair(words("shift_number"), facts["number"]),
        Pair(words("amount"), yuan(facts["amount_fen"]), bold=True),
        Pair(words("reason"), cut(facts["reason"])),
        Pair(words("receipt_number"), cut(facts["receipt_number"])),
        Pair(words("signed"), "__________"),
    ]


SLIPS: Mapping[str, Slip] = {
    "x_report": Slip(_x_report, group=SlipGroup.SHIFT, stale_after_min=60),
    "z_report": Slip(_z_report, moves_cash=True, group=SlipGroup.SHIFT),
    "handover": Slip(_handover, moves_cash=True, group=SlipGroup.SHIFT),
    "cash_drop": Slip(_cash_drop, moves_cash=True, group=SlipGroup.SHIFT),
    "petty_cash": Slip(_petty_cash, moves_cash=True, group=SlipGroup.SHIFT),
}
