"""Slips: sales, refunds and voids."""

from collections.abc import Mapping

from edge.domain.refusals import yuan
from edge.effects.slips.job import Facts, Name
from edge.effects.slips.parts import Slip, Words, balance, clawed_back, cut, goods, member, paid
from edge.receipt import Feed, Line, Pair, Rule, Text

WORDS: Mapping[str, Name] = {
    "sale": ("消费小票", "RECEIPT"),
    "refund": ("退款", "REFUND"),
    "void": ("作废单", "VOID"),
    "total": ("合计", "TOTAL"),
    "by_list": ("原价", "List price"),
    "rebate": ("返点", "Comes back"),
    "given_back_money": ("退还", "Given back"),
    "goods_back": ("商品退回库存", "Goods back in stock"),
    "second_person": ("复核签字", "Approved by"),
}


def _sale(facts: Facts, words: Words) -> list[Line]:
    lines: list[Line] = [Pair(words("number"), str(facts["number"]))]
    lines += member(facts, words)
    lines.append(Rule())
    lines += goods(facts["lines"], words)
    lines.append(Rule())
    if facts.get("discount_fen"):
        lines.append(Pair(words("by_list"), yuan(facts["total_fen"] + facts["discount_fen"])))
        lines.append(Pair(words("saved"), yuan(-facts["discount_fen"])))
    lines.append(Pair(words("total"), yuan(facts["total_fen"]), bold=True, big=True))
    lines += paid(facts, words)
    if facts["points"]:
        lines.append(Pair(words("points"), f"+{facts['points']}"))
    if facts.get("rebate_fen"):
        lines.append(Pair(words("rebate"), yuan(facts["rebate_fen"])))
    return lines + balance(facts, words)


def _refund(facts: Facts, words: Words) -> list[Line]:
    lines = _money_back(facts, words)
    lines += [Feed(1), Pair(words("signed"), "__________")]
    return lines


def _void(facts: Facts, words: Words) -> list[Line]:
    lines = _money_back(facts, words)
    if facts["returned"]:
        lines += [Rule(), Text(words("goods_back"), bold=True)]
    for name, name_en, quantity in facts["returned"]:
        lines.append(Pair(cut(words.pick((name, name_en))), f"x{quantity}"))
    for signature in ("signed", "second_person"):
        lines += [Feed(1), Pair(words(signature), "__________")]
    return lines


def _money_back(facts: Facts, words: Words) -> list[Line]:
    lines: list[Line] = [Pair(words("number"), str(facts["number"]))]
    lines += member(facts, words)
    lines.append(Pair(words("reason"), cut(facts["reason"])))
    lines.append(Rule())
    lines += clawed_back(facts, words)
    lines.append(Pair(words("given_back_money"), yuan(facts["amount_fen"]), bold=True, big=True))
    lines += paid(facts, words)
    return lines + balance(facts, words)


SLIPS: Mapping[str, Slip] = {
    "sale": Slip(_sale, moves_cash=True, signed=True),
    "refund": Slip(_refund, moves_cash=True, signed=True),
    "void": Slip(_void, moves_cash=True, signed=True),
}
