"""Slips: what stands on each printed paper, built from the facts that were committed with the op.

A print job keeps facts, not lines, so that the commit of a tap stays short; the paper is laid out
when it is printed, in the box's language, at any paper width. `SLIPS` names every slip.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from edge.domain.business_day import local_time
from edge.domain.members import number_text
from edge.domain.refusals import CHINESE, yuan
from edge.receipt import Align, Feed, Line, Pair, Receipt, Rule, Text

Name = tuple[str, str]
Facts = Mapping[str, Any]

_TEXT_MAX = 120
"""Of one printed field; a longer note is cut, the whole stands in the op."""

_WORDS: Mapping[str, Name] = {
    "check_in": ("欢迎光临", "WELCOME"),
    "top_up": ("充值", "TOP-UP"),
    "sale": ("销售小票", "RECEIPT"),
    "refund": ("退款", "REFUND"),
    "dispatch": ("调拨发货单", "TRANSFER DISPATCH"),
    "transfer_receipt": ("调拨签收单", "TRANSFER RECEIPT"),
    "member": ("会员", "Member"),
    "points": ("获得积分", "Points earned"),
    "points_back": ("扣回积分", "Points taken back"),
    "amount": ("金额", "Amount"),
    "total": ("合计", "Total"),
    "tender": ("支付方式", "Paid by"),
    "repaid": ("归还预支", "Advance repaid"),
    "balance": ("余额", "Balance"),
    "number": ("单号", "Number"),
    "reason": ("原因", "Reason"),
    "from": ("发出", "From"),
    "to": ("接收", "To"),
    "tag": ("资产", "Asset"),
    "shortage": ("短缺", "SHORTAGE"),
    "cashier": ("收银", "Cashier"),
    "time": ("时间", "Time"),
    "code": ("流水", "Entry"),
    "keep": ("请保留小票以便查询", "Please keep this for enquiries"),
    "cash": ("现金", "cash"),
    "card": ("银行卡", "bank card"),
    "wechat": ("微信", "WeChat Pay"),
    "alipay": ("支付宝", "Alipay"),
    "wallet": ("余额", "balance"),
    "transfer": ("调拨单", "Transfer"),
    "signed": ("签字", "Signature"),
}


@dataclass(frozen=True, slots=True)
class SlipJob:
    """The document of a print job: which slip, its facts, and what every slip says of its op."""

    slip: str
    facts: Facts
    cafe: Name
    at_ms: int
    utc_offset_min: int
    cashier: str
    chain_code: str


_JOB_FIELDS = tuple(known.name for known in fields(SlipJob))


def to_bytes(job: SlipJob) -> bytes:
    """The job as JSON, for the store."""
    values = {name: getattr(job, name) for name in _JOB_FIELDS}  # asdict copies deeply: 80 µs a tap
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def from_bytes(data: bytes) -> SlipJob:
    """The job that `to_bytes` wrote."""
    values = json.loads(data)
    return SlipJob(**{**values, "cafe": (values["cafe"][0], values["cafe"][1])})


def receipt_of(job: SlipJob, language: str) -> Receipt:
    """The paper: header, body, footer with the entry's chain code."""
    words = _Words(language)
    body = SLIPS[job.slip](job.facts, words)
    moment = local_time(job.at_ms, job.utc_offset_min)
    lines: list[Line] = [
        Text(_cut(words.pick(job.cafe)), Align.CENTRE, bold=True, big=True),
        Text(words(job.slip), Align.CENTRE, bold=True),
        Rule(),
        *body,
        Rule(),
        Pair(words("time"), f"{moment:%Y-%m-%d %H:%M:%S}"),
    ]
    if job.cashier:
        lines.append(Pair(words("cashier"), _cut(job.cashier)))
    if job.chain_code:
        lines.append(Pair(words("code"), job.chain_code))
    lines.append(Text(words("keep"), Align.CENTRE))
    lines.append(Feed(2))
    moves_cash = job.facts.get("tender") == "cash" and job.slip in ("sale", "top_up", "refund")
    return Receipt(tuple(lines), kick_drawer=moves_cash)


class _Words:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        self._index = 0 if language == CHINESE else 1

    def __call__(self, code: str) -> str:
        return _WORDS[code][self._index] if code in _WORDS else code

    def pick(self, name: Any) -> str:
        return str(name[self._index])


def _check_in(facts: Facts, words: _Words) -> list[Line]:
    lines = _member(facts, words)
    if facts["points"]:
        lines.append(Pair(words("points"), f"+{facts['points']}"))
    return lines


def _top_up(facts: Facts, words: _Words) -> list[Line]:
    lines = _member(facts, words)
    lines.append(Pair(words("amount"), yuan(facts["amount_fen"]), bold=True))
    lines.append(Pair(words("tender"), words(facts["tender"])))
    if facts.get("repaid_fen"):
        lines.append(Pair(words("repaid"), yuan(facts["repaid_fen"])))
    return lines + _balance(facts, words)


def _sale(facts: Facts, words: _Words) -> list[Line]:
    lines: list[Line] = [Pair(words("number"), str(facts["number"]))]
    lines += _member(facts, words)
    for name, name_en, quantity, total_fen in facts["lines"]:
        lines.append(Pair(f"{_cut(words.pick((name, name_en)))} ×{quantity}", yuan(total_fen)))
    lines.append(Rule())
    lines.append(Pair(words("total"), yuan(facts["total_fen"]), bold=True))
    lines.append(Pair(words("tender"), words(facts["tender"])))
    if facts["points"]:
        lines.append(Pair(words("points"), f"+{facts['points']}"))
    return lines + _balance(facts, words)


def _refund(facts: Facts, words: _Words) -> list[Line]:
    lines: list[Line] = [Pair(words("number"), str(facts["number"]))]
    lines += _member(facts, words)
    lines.append(Pair(words("amount"), yuan(-facts["amount_fen"]), bold=True))
    lines.append(Pair(words("tender"), words(facts["tender"])))
    lines.append(Pair(words("reason"), _cut(facts["reason"])))
    if facts["points"]:
        lines.append(Pair(words("points_back"), f"-{facts['points']}"))
    lines += _balance(facts, words)
    lines.append(Pair(words("signed"), "__________"))
    return lines


def _transfer(facts: Facts, words: _Words) -> list[Line]:
    lines: list[Line] = [
        Pair(words("transfer"), number_text(facts["transfer"])),
        Pair(words("from"), _cut(words.pick(facts["from"]))),
        Pair(words("to"), _cut(words.pick(facts["to"]))),
        Rule(),
    ]
    for name, name_en, quantity in facts["lines"]:
        lines.append(Pair(_cut(words.pick((name, name_en))), f"×{quantity}"))
    lines += [Pair(words("tag"), tag) for tag in facts["tags"]]
    shortage = facts.get("shortage", ())
    if shortage:
        lines.append(Text(words("shortage"), bold=True))
        lines += [Pair(_cut(item), f"×{quantity}", bold=True) for item, quantity in shortage]
    lines.append(Pair(words("signed"), "__________"))
    return lines


def _member(facts: Facts, words: _Words) -> list[Line]:
    return [Pair(words("member"), _cut(facts["name"]))] if facts.get("name") else []


def _balance(facts: Facts, words: _Words) -> list[Line]:
    if "balance_fen" not in facts:
        return []
    return [Pair(words("balance"), yuan(facts["balance_fen"]))]


def _cut(text: str) -> str:
    return text[:_TEXT_MAX]


SLIPS: Mapping[str, Callable[[Facts, _Words], list[Line]]] = {
    "check_in": _check_in,
    "top_up": _top_up,
    "sale": _sale,
    "refund": _refund,
    "dispatch": _transfer,
    "transfer_receipt": _transfer,
}
"""Slip -> its body. To add one: a function here, and its title in `_WORDS`."""
