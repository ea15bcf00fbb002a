"""Slips: cards issued, renewed and returned."""

from collections.abc import Mapping

from edge.domain.refusals import yuan
from edge.effects.slips.job import Facts, Name
from edge.effects.slips.parts import Slip, Words, barcode, cut, member, paid
from edge.receipt import Line, Pair, Rule

WORDS: Mapping[str, Name] = {
    "card_issued": ("发卡", "CARD ISSUED"),
    "card_renewed": ("续卡", "CARD RENEWED"),
    "card_returned": ("退卡", "CARD RETURNED"),
    "card_number": ("卡号", "Card"),
    "card_type": ("卡种", "Card type"),
    "valid_to": ("有效期至", "Valid to"),
    "fee": ("工本费", "Fee"),
    "deposit": ("押金", "Deposit"),
    "deposit_back": ("退还押金", "Deposit given back"),
    "terms_agreed": ("会员签字（已阅会员协议）", "Signature (terms read)"),
}


def _card(facts: Facts, words: Words) -> list[Line]:
    lines = member(facts, words)
    if facts["label"]:
        lines.append(Pair(words("card_number"), cut(facts["label"])))
    if facts["type"][0]:
        lines.append(Pair(words("card_type"), cut(words.pick(facts["type"]))))
    if facts["valid_to_day"]:
        day = str(facts["valid_to_day"])
        lines.append(Pair(words("valid_to"), f"{day[:4]}-{day[4:6]}-{day[6:]}"))
    for code in ("fee", "deposit"):
        if facts[f"{code}_fen"]:
            lines.append(Pair(words(code), yuan(facts[f"{code}_fen"]), bold=True))
    return lines


def _issued(facts: Facts, words: Words) -> list[Line]:
    lines = _card(facts, words)
    if "tenders" in facts:
        lines += [Rule(), *paid(facts, words)]
    lines.append(Pair(words("terms_agreed"), "__________"))
    return lines + barcode(facts["label"])


def _renewed(facts: Facts, words: Words) -> list[Line]:
    return [*_card(facts, words), Rule(), *paid(facts, words), *barcode(facts["label"])]


def _returned(facts: Facts, words: Words) -> list[Line]:
    lines = member(facts, words)
    if facts["label"]:
        lines.append(Pair(words("card_number"), cut(facts["label"])))
    lines.append(Pair(words("deposit_back"), yuan(facts["deposit_fen"]), bold=True))
    if facts["tender"]:
        lines.append(Pair(words("tender"), words(facts["tender"])))
    lines.append(Pair(words("signed"), "__________"))
    return lines


SLIPS: Mapping[str, Slip] = {
    "card_issued": Slip(_issued, moves_cash=True),
    "card_renewed": Slip(_renewed, moves_cash=True),
    "card_returned": Slip(_returned, moves_cash=True),
}
