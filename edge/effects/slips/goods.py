"""Slips: transfers."""

from collections.abc import Mapping

from edge.domain.members import number_text
from edge.effects.slips.job import Facts, Name
from edge.effects.slips.parts import Slip, Words, cut
from edge.receipt import Line, Pair, Rule, SlipGroup, Text

WORDS: Mapping[str, Name] = {
    "dispatch": ("调拨发货单", "TRANSFER DISPATCH"),
    "transfer_receipt": ("调拨签收单", "TRANSFER RECEIPT"),
    "transfer": ("调拨单", "Transfer"),
    "from": ("发出", "From"),
    "to": ("接收", "To"),
    "tag": ("资产", "Asset"),
    "shortage": ("短缺", "SHORTAGE"),
}


def _transfer(facts: Facts, words: Words) -> list[Line]:
    lines: list[Line] = [
        Pair(words("transfer"), number_text(facts["transfer"])),
        Pair(words("from"), cut(words.pick(facts["from"]))),
        Pair(words("to"), cut(words.pick(facts["to"]))),
        Rule(),
    ]
    for name, name_en, quantity in facts["lines"]:
        lines.append(Pair(cut(words.pick((name, name_en))), f"×{quantity}"))
    lines += [Pair(words("tag"), tag) for tag in facts["tags"]]
    shortage = facts.get("shortage", ())
    if shortage:
        lines.append(Text(words("shortage"), bold=True))
        lines += [
            Pair(cut(words.pick((name, name_en))), f"×{quantity}", bold=True)
            for name, name_en, quantity in shortage
        ]
    lines.append(Pair(words("signed"), "__________"))
    return lines


SLIPS: Mapping[str, Slip] = {
    "dispatch": Slip(_transfer, group=SlipGroup.STOCK),
    "transfer_receipt": Slip(_transfer, group=SlipGroup.STOCK),
}
