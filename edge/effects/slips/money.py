"""Slips: top-ups."""

from collections.abc import Mapping

from edge.domain.refusals import yuan
from edge.effects.slips.job import Facts, Name
from edge.effects.slips.parts import Slip, Words, balance, member
from edge.receipt import Line, Pair

WORDS: Mapping[str, Name] = {
    "top_up": ("充值", "TOP-UP"),
    "repaid": ("归还预支", "Advance repaid"),
}


def _top_up(facts: Facts, words: Words) -> list[Line]:
    lines = member(facts, words)
    lines.append(Pair(words("amount"), yuan(facts["amount_fen"]), bold=True))
    lines.append(Pair(words("tender"), words(facts["tender"])))
    if facts.get("repaid_fen"):
        lines.append(Pair(words("repaid"), yuan(facts["repaid_fen"])))
    return lines + balance(facts, words)


SLIPS: Mapping[str, Slip] = {
    "top_up": Slip(_top_up, moves_cash=True),
}
