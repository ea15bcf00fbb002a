"""Slips: sales and refunds."""

from collections.abc import Mapping

from edge.domain.refusals import yuan
from edge.effects.slips.job import Facts, Name
from edge.effects.slips.parts import Slip, Words, balance, clawed_back, cut, member, paid
from edge.receipt import Line, Pair, Rule

WORDS: Mapping[str, Name] = {
    "sale": ("销售小票", "RECEIPT"),
    "refund": ("退款", "REFUND"),
    "total": ("合计", "Total"),
    "saved": ("已优惠", "Saved"),
    "rebate": ("返点", "Comes back"),
}


def _sale(facts: Facts, words: Words) -> list[Line]:
    lines: list[Line] = [Pair(words("number"), str(facts["number"]))]
    lines += member(facts, words)
    for name, name_en, quantity, total_fen in facts["lines"]:
        lines.append(Pair(f"{cut(words.pick((name, name_en)))} ×{quantity}", yuan(total_fen)))
    lines.append(Rule())
    if facts.get("discount_fen"):
        lines.append(Pair(words("saved"), yuan(facts["discount_fen"])))
    lines.append(Pair(words("total"), yuan(facts["total_fen"]), bold=True))
    lines += paid(facts, words)
    if facts["points"]:
        lines.append(Pair(words("points"), f"+{facts['points']}"))
    if facts.get("rebate_fen"):
        lines.append(Pair(words("rebate"), yuan(facts["rebate_fen"])))
    return lines + balance(facts, words)


def _refund(facts: Facts, words: Words) -> list[Line]:
    lines: list[Line] = [Pair(words("number"), str(facts["number"]))]
    lines += member(facts, words)
    lines.append(Pair(words("amount"), yuan(-facts["amount_fen"]), bold=True))
    lines += paid(facts, words)
    lines.append(Pair(words("reason"), cut(facts["reason"])))
    lines += clawed_back(facts, words)
    lines += balance(facts, words)
    lines.append(Pair(words("signed"), "__________"))
    return lines


SLIPS: Mapping[str, Slip] = {
    "sale": Slip(_sale, moves_cash=True),
    "refund": Slip(_refund, moves_cash=True),
}
