"""What the slips of several topics are made of: their words, and lines that many of them have."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.domain.refusals import CHINESE, yuan
from edge.effects.slips.job import Facts, Name
from edge.receipt import BARCODE_LENGTH_MAX, Barcode, Feed, Line, Pair, SlipGroup, Text

TEXT_MAX = 120
"""Of one printed field; a longer note is cut, the whole stands in the op."""

WORDS: Mapping[str, Name] = {
    "member": ("会员", "Member"),
    "points": ("获得积分", "Points earned"),
    "amount": ("金额", "Amount"),
    "tender": ("支付方式", "Paid by"),
    "balance": ("账户余额", "Balance left"),
    "number": ("单号", "Number"),
    "cashier": ("收银", "Cashier"),
    "time": ("时间", "Time"),
    "code": ("流水", "Entry"),
    "keep": ("请保留小票以便查询", "Please keep this for enquiries"),
    "cash": ("现金", "Cash"),
    "card": ("银行卡", "Bank card"),
    "wechat": ("微信", "WeChat Pay"),
    "alipay": ("支付宝", "Alipay"),
    "wallet": ("储值支付", "Stored value"),
    "bonus": ("赠送金额", "Bonus credit"),
    "received": ("实收", "Received"),
    "change": ("找零", "Change"),
    "back_bonus_fen": ("扣回赠送", "Bonus taken back"),
    "back_points": ("扣回积分", "Points taken back"),
    "back_lucky": ("扣回幸运点", "Lucky points taken back"),
    "back_kept_fen": ("已用赠送及积分抵扣", "Kept for bonus and points used"),
    "reason": ("原因", "Reason"),
    "signed": ("签字", "Signature"),
    "walk_in": ("散客", "Walk-in"),
    "phone": ("电话", "Phone"),
    "saved": ("已优惠", "Saved"),
    "by_hand": ("补录手工单", "From slip by hand"),
    "scan_to_check": ("扫码验真", "Scan to check this paper"),
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

    `moves_cash`: the drawer opens with it where it was paid in cash. `signed`: a QR code at its
    foot lets anybody check later that this chain printed it. `group` says which printer prints it.
    `stale_after_min`: nobody waits for it any more once it has waited so long for a printer, and
    it is dropped (`edge.effects.printing`); 0 is never, and no money's slip has any other.
    """

    body: Callable[[Facts, Words], list[Line]]
    moves_cash: bool = False
    signed: bool = False
    group: SlipGroup = SlipGroup.RECEIPT
    stale_after_min: int = 0


def member(facts: Facts, words: Words) -> list[Line]:
    title = words("walk_in" if facts.get("walk_in") else "member")
    return [Pair(title, cut(facts["name"]))] if facts.get("name") else []


def goods(rows: Iterable[Sequence[Any]], words: Words) -> list[Line]:
    """Lines of a sale: what, how many at which price, and why it costs less than the list.

    Rows are [zh, en, quantity, fen], or with [..., list fen, reason zh, reason en] behind.
    """
    lines: list[Line] = []
    for name, name_en, quantity, total_fen, *more in rows:
        list_fen = more[0] if more else total_fen
        what = cut(words.pick((name, name_en)))
        if quantity == 1:
            lines.append(Pair(what, yuan(list_fen)))
        else:
            lines.append(Text(what))
            lines.append(Pair(f"  {quantity} x {yuan(list_fen // quantity)}", yuan(list_fen)))
        if list_fen != total_fen:
            reason = words.pick(more[1:3]) or words("saved")
            lines.append(Pair(f"  {cut(reason)}", yuan(total_fen - list_fen)))
    return lines


def barcode(content: str) -> list[Line]:
    """A code for the counter's scanner; none for what is too long for narrow paper."""
    fits = 1 <= len(content) <= BARCODE_LENGTH_MAX and content.isascii() and content.isprintable()
    return [Feed(1), Barcode(content)] if fits else []


def balance(facts: Facts, words: Words) -> list[Line]:
    if "balance_fen" not in facts:
        return []
    return [Pair(words("balance"), yuan(facts["balance_fen"]))]


def paid(facts: Facts, words: Words) -> list[Line]:
    """How something was paid, or money given back: a line a tender, then received and change."""
    lines: list[Line] = []
    for code, amount_fen, reference in facts["tenders"]:
        note = f" {reference}" if reference and code != "bonus" else ""
        lines.append(Pair(cut(words(str(code)) + note), yuan(amount_fen)))
    if facts.get("change_fen"):
        lines.append(Pair(words("received"), yuan(facts["received_fen"])))
        lines.append(Pair(words("change"), yuan(facts["change_fen"]), bold=True))
    return lines


def clawed_back(facts: Facts, words: Words) -> list[Line]:
    """What came back of bonus credit and points, and what was kept for those that are gone."""
    lines: list[Line] = []
    for name, shown in (
        ("bonus_fen", yuan(-facts.get("bonus_fen", 0))),
        ("points", f"-{facts.get('points', 0)}"),
        ("lucky", f"-{facts.get('lucky', 0)}"),
        ("kept_fen", yuan(-facts.get("kept_fen", 0))),
    ):
        if facts.get(name):
            lines.append(Pair(words("back_" + name), shown))
    return lines


def cut(text: str) -> str:
    return text[:TEXT_MAX]
