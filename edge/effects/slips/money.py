"""Slips: top-ups, cash-outs."""

from collections.abc import Mapping

from edge.domain.refusals import yuan
from edge.effects.slips.job import Facts, Name
from edge.effects.slips.parts import Slip, Words, balance, clawed_back, cut, member, paid
from edge.receipt import Line, Pair, Rule, SlipGroup

WORDS: Mapping[str, Name] = {
    "top_up": ("充值", "TOP-UP"),
    "top_up_cancelled": ("撤销充值", "TOP-UP CANCELLED"),
    "cash_out": ("提现", "CASH-OUT"),
    "top_up_list": ("批量充值", "TOP-UPS"),
    "failed": ("未办理", "Not done"),
    "repaid": ("归还预支", "Advance repaid"),
    "bonus_given": ("赠送", "Bonus"),
    "until": ("有效至", "until"),
    "lucky": ("幸运点", "Lucky points"),
    "of": ("原充值单", "Of top-up"),
    "taken_out": ("从储值支出", "From stored value"),
    "given_back": ("退还金额", "Given back"),
}


def _top_up(facts: Facts, words: Words) -> list[Line]:
    lines: list[Line] = [Pair(words("number"), facts["number"]), *member(facts, words)]
    lines.append(Pair(words("amount"), yuan(facts["amount_fen"]), bold=True))
    if facts["bonus_fen"]:
        month = facts["bonus_month"]
        until = f" ({words('until')} {month // 100}-{month % 100:02d})" if month else ""
        lines.append(Pair(words("bonus_given") + until, yuan(facts["bonus_fen"]), bold=True))
    if facts["points"]:
        lines.append(Pair(words("points"), f"+{facts['points']}"))
    if facts["lucky"]:
        lines.append(Pair(words("lucky"), f"+{facts['lucky']}"))
    if facts["repaid_fen"]:
        lines.append(Pair(words("repaid"), yuan(facts["repaid_fen"])))
    lines.append(Rule())
    return lines + paid(facts, words) + balance(facts, words)


def _top_up_cancelled(facts: Facts, words: Words) -> list[Line]:
    lines = [Pair(words("of"), facts["of"])]
    return lines + _given_back(facts, words, facts["amount_fen"])


def _cash_out(facts: Facts, words: Words) -> list[Line]:
    lines = [Pair(words("taken_out"), yuan(facts["amount_fen"]))]
    return lines + _given_back(facts, words, facts["paid_fen"])


def _given_back(facts: Facts, words: Words, paid_fen: int) -> list[Line]:
    lines: list[Line] = [Pair(words("number"), facts["number"]), *member(facts, words)]
    lines += clawed_back(facts, words)
    lines.append(Pair(words("given_back"), yuan(paid_fen), bold=True))
    lines += paid(facts, words)
    lines.append(Pair(words("reason"), cut(facts["reason"])))
    lines += balance(facts, words)
    lines.append(Pair(words("signed"), "__________"))
    return lines


def _top_up_list(facts: Facts, words: Words) -> list[Line]:
    lines: list[Line] = []
    for row in facts["rows"]:
        if not row["code"]:
            left = f"{row['number']} {cut(row['name'])}"
            lines.append(Pair(left, yuan(row["amount_fen"])))
    lines.append(Rule())
    lines.append(Pair(words("amount"), yuan(facts["amount_fen"]), bold=True))
    if facts["bonus_fen"]:
        lines.append(Pair(words("bonus_given"), yuan(facts["bonus_fen"])))
    lines.append(Pair(words("failed"), str(facts["failed"])))
    lines.append(Pair(words("signed"), "__________"))
    return lines


SLIPS: Mapping[str, Slip] = {
    "top_up": Slip(_top_up, moves_cash=True, signed=True),
    "top_up_cancelled": Slip(_top_up_cancelled, moves_cash=True, signed=True),
    "top_up_list": Slip(_top_up_list, group=SlipGroup.REPORT),
    "cash_out": Slip(_cash_out, moves_cash=True, signed=True),
}
