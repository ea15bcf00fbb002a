"""Slips: the welcome at a tap."""

from collections.abc import Mapping

from edge.effects.slips.job import Facts, Name
from edge.effects.slips.parts import Slip, Words, member
from edge.receipt import Line, Pair, SlipGroup

WORDS: Mapping[str, Name] = {
    "check_in": ("欢迎光临", "WELCOME"),
}


def _check_in(facts: Facts, words: Words) -> list[Line]:
    lines = member(facts, words)
    if facts["points"]:
        lines.append(Pair(words("points"), f"+{facts['points']}"))
    return lines


SLIPS: Mapping[str, Slip] = {
    "check_in": Slip(_check_in, group=SlipGroup.WELCOME, stale_after_min=10),
}
