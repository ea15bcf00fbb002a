"""What the slips of several topics are made of: their words, and lines that many of them have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edge.domain.refusals import CHINESE, yuan
from edge.effects.slips.job import Facts, Name
from edge.receipt import Line, Pair

TEXT_MAX = 120
"""Of one printed field; a longer note is cut, the whole stands in the op."""

WORDS: Mapping[str, Name] = {
    "member": ("会员", "Member"),
    "points": ("获得积分", "Points earned"),
    "amount": ("金额", "Amount"),
    "tender": ("支付方式", "Paid by"),
    "balance": ("余额", "Balance"),
    "number": ("单号", "Number"),
    "cashier": ("收银", "Cashier"),
    "time": ("时间", "Time"),
    "code": ("流水", "Entry"),
    "keep": ("请保留小票以便查询", "Please keep this for enquiries"),
    "cash": ("现金", "cash"),
    "card": ("银行卡", "bank card"),
    "wechat": ("微信", "WeChat Pay"),
    "alipay": ("支付宝", "Alipay"),
    "wallet": ("余额", "balance"),
    "signed": ("签字", "Signature"),
}
"""Words of several topics."""


class Words:
    """The words of one language; a code that has none is printed as it is."""

    def __init__(self, words: Mapping[str, Name], language: str) -> None:
        self._words = words
        self._index = 0 if language == CHINESE else 1

    def __call__(self, code: str) -> str:
        return self._words[code][self._index] if code in self._words else code

    def pick(self, name: Any) -> str:
        return str(name[self._index])


@dataclass(frozen=True, slots=True)
class Slip:
    """One slip: what stands between its title and its foot.

    `moves_cash`: the drawer opens with it where it was paid in cash.
    """

    body: Callable[[Facts, Words], list[Line]]
    moves_cash: bool = False


def member(facts: Facts, words: Words) -> list[Line]:
    return [Pair(words("member"), cut(facts["name"]))] if facts.get("name") else []


def balance(facts: Facts, words: Words) -> list[Line]:
    if "balance_fen" not in facts:
        return []
    return [Pair(words("balance"), yuan(facts["balance_fen"]))]


def cut(text: str) -> str:
    return text[:TEXT_MAX]
