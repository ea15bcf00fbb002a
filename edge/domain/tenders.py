"""Ways of paying: one payment by several tenders, cash with its change, money given back.

A tender is a row of the rule `tenders`; the first four have an account of their own, each other
one is settled over `other_clearing`. Stored value is paid by `wallet`, never through a rule's row.
A payment is written down as lines [code, fen, reference]; a debit of stored value stands there as
`wallet` and, for each month in which it expires, `bonus`, so that money goes back as it came.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.domain.decision import Here, Posting, plain
from edge.domain.refusals import Refusal, refuse
from edge.domain.spending import (
    STORED_VALUE_TENDERS,
    WALLET_TENDER,
    Spending,
    debit_postings,
)
from edge.domain.stored_value import Purse, taken_for_chain
from sync_protocol.accounts import (
    ALIPAY_CLEARING,
    CARD_CLEARING,
    FEN,
    OTHER_CLEARING,
    TILL,
    WECHAT_CLEARING,
)

CASH = "cash"
ACCOUNTS = {
    CASH: TILL,
    "card": CARD_CLEARING,
    "wechat": WECHAT_CLEARING,
    "alipay": ALIPAY_CLEARING,
}
"""Tender -> the account that takes the money, where it is not `other_clearing`."""
OF_THE_BOOKS = (*STORED_VALUE_TENDERS, "points")
"""Codes of lines that no rule's row may bear: money goes back to a member by them."""
TENDERS_MAX = 6
"""Tenders of one payment."""
REFERENCE_LENGTH_MAX = 64


@dataclass(frozen=True, slots=True)
class Tender:
    """A way of paying that head office offers; `needs_reference`: the other side's own number."""

    code: str
    name: str
    name_en: str
    needs_reference: bool


Offered = Mapping[str, Tender]
"""Code -> tender, of those that are enabled."""

OFFERED_DEFAULT: Offered = {
    CASH: Tender(CASH, "现金", "cash", False),
    "card": Tender("card", "银行卡", "bank card", True),
    "wechat": Tender("wechat", "微信", "WeChat Pay", True),
    "alipay": Tender("alipay", "支付宝", "Alipay", True),
}


def offered_tenders(rows: Iterable[Mapping[str, Any]]) -> dict[str, Tender]:
    """The enabled rows of the rule `tenders`."""
    return {
        row["code"]: Tender(row["code"], row["name"], row["name_en"], row["needs_reference"])
        for row in rows
        if row["enabled"] and row["code"] and row["code"] not in OF_THE_BOOKS
    }


@dataclass(frozen=True, slots=True)
class Laid:
    """What a customer lays down by one tender; cash may be more than is due.

    `reference` is the paying terminal's or provider's own number, empty where there is none.
    """

    code: str
    amount_fen: int
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A payment of exactly what is due: its postings, which come to the amount in debit.

    `lines` [[code, fen, reference], ...] is what documents keep. `received_fen` is the cash that
    was laid down, `change_fen` what of it goes back at once.
    """

    postings: tuple[Posting, ...]
    lines: list[list[object]]
    received_fen: int
    change_fen: int

    @property
    def stored_value_fen(self) -> int:
        """What of it bonus credit and wallet paid."""
        return sum(int(str(line[1])) for line in self.lines if line[0] in STORED_VALUE_TENDERS)

    @property
    def slip_facts(self) -> dict[str, object]:
        """What slips say about the payment; see `edge.effects.slips.parts.paid`."""
        return {
            "tenders": self.lines,
            "received_fen": self.received_fen,
            "change_fen": self.change_fen,
            "tender": CASH if any(line[0] == CASH for line in self.lines) else self.main,
        }

    @property
    def main(self) -> str:
        """The first tender, empty for what was free."""
        return str(self.lines[0][0]) if self.lines else ""


def taken(
    here: Here,
    due_fen: int,
    laid: Sequence[Laid],
    offered: Offered,
    purse: Purse | None = None,
    spending: Spending | None = None,
) -> Taken | Refusal:
    """Take what is due, or say what is wrong with what was laid down.

    `purse` and `spending` are None where stored value does not pay. A laid amount of 0 stands for
    all that the other tenders leave due; there may be one such.
    """
    settled = settle(due_fen, laid)
    if isinstance(settled, Refusal):
        return settled
    postings: list[Posting] = []
    lines: list[list[object]] = []
    for one in settled.lines:
        if one.code == WALLET_TENDER:
            if purse is None or spending is None:
                return refuse("tender_unknown", tender=one.code)
            debit = debit_postings(here, purse, one.amount_fen, spending)
            if isinstance(debit, Refusal):
                return debit
            postings += [*debit.postings, *taken_for_chain(here, -one.amount_fen)]
            lines += debit.lines
            continue
        refusal = tender_refusal(one, offered)
        if refusal is not None:
            return refusal
        postings.append(plain(account_of(one.code), here.cafe, FEN, one.amount_fen))
        lines.append([one.code, one.amount_fen, one.reference])
    return Taken(tuple(postings), lines, settled.received_fen, settled.change_fen)


@dataclass(frozen=True, slots=True)
class Settled:
    """Tenders that come to exactly what is due, and the cash around them."""

    lines: tuple[Laid, ...]
    received_fen: int
    change_fen: int


def settle(due_fen: int, laid: Sequence[Laid]) -> Settled | Refusal:
    """Fill in the open amount and take the change off the cash."""
    if len(laid) > TENDERS_MAX:
        return refuse("tenders_too_many", limit=TENDERS_MAX)
    named_fen = sum(one.amount_fen for one in laid)
    open_fen = max(due_fen - named_fen, 0)
    lines: list[Laid] = []
    for one in laid:
        if one.amount_fen:
            lines.append(one)
        elif open_fen:
            lines.append(Laid(one.code, open_fen, one.reference))
            open_fen = 0
    total_fen = sum(one.amount_fen for one in lines)
    cash_fen = sum(one.amount_fen for one in lines if one.code == CASH)
    change_fen = total_fen - due_fen
    if change_fen < 0:
        return refuse("tenders_too_little", due_fen=due_fen, missing_fen=-change_fen)
    if change_fen > cash_fen:
        return refuse("tenders_too_much", due_fen=due_fen, over_fen=change_fen)
    kept = [one for one in lines if one.code != CASH]
    if cash_fen > change_fen:
        kept.append(Laid(CASH, cash_fen - change_fen))
    if len({_sort_of(one) for one in kept}) < len(kept):
        return refuse("tender_twice")
    return Settled(tuple(kept), cash_fen, change_fen)


def _sort_of(one: Laid) -> tuple[str, str]:
    """What no two lines share: stored value is one purse with one set of limits, named or not."""
    return one.code, "" if one.code == WALLET_TENDER else one.reference


def laid_by_one(tender: str, reference: str = "", received_fen: int = 0) -> tuple[Laid, ...]:
    """All that is due by one tender; of cash perhaps more, for which change is given."""
    return (Laid(tender, received_fen, reference),)


def tender_refusal(one: Laid, offered: Offered) -> Refusal | None:
    """Why a tender is not taken here as it is, None where it is."""
    tender = offered.get(one.code)
    if tender is None:
        return refuse("tender_unknown", tender=one.code)
    if tender.needs_reference and not one.reference:
        return refuse(
            "tender_reference_missing", tender=(tender.name, tender.name_en or tender.name)
        )
    if len(one.reference) > REFERENCE_LENGTH_MAX:
        return refuse("field_too_long", field="tender_reference", limit=REFERENCE_LENGTH_MAX)
    return None


def account_of(code: str) -> int:
    """The class of account that takes a tender's money."""
    return ACCOUNTS.get(code, OTHER_CLEARING)


def given_back(here: Here, lines: Iterable[Sequence[object]]) -> list[Posting]:
    """Postings that give money back by tenders other than stored value: they come to -fen."""
    return [plain(account_of(str(line[0])), here.cafe, FEN, -int(str(line[1]))) for line in lines]


def shared(lines: Sequence[Sequence[object]], amount_fen: int) -> list[list[object]]:
    """So much of a payment's lines, by their shares; all of it is all of each, exactly.

    Whoever gives money back in parts hands in what of each line is left.
    """
    left_fen = sum(int(str(line[1])) for line in lines)
    parts: list[list[object]] = []
    for line in lines:
        line_fen = int(str(line[1]))
        part_fen = line_fen * amount_fen // left_fen if left_fen else 0
        left_fen, amount_fen = left_fen - line_fen, amount_fen - part_fen
        if part_fen:
            parts.append([line[0], part_fen, line[2]])
    return parts


def less(
    lines: Sequence[Sequence[object]], given: Iterable[Sequence[object]]
) -> list[list[object]]:
    """What is left of a payment's lines after some of each was given back."""
    gone: dict[tuple[object, object], int] = {}
    for line in given:
        key = (line[0], line[2])
        gone[key] = gone.get(key, 0) + int(str(line[1]))
    return [
        [line[0], int(str(line[1])) - gone.get((line[0], line[2]), 0), line[2]] for line in lines
    ]


def joined(
    lines: Iterable[Sequence[object]], more: Iterable[Sequence[object]]
) -> list[list[object]]:
    """Two lists of lines as one, a line for each tender and reference."""
    sums: dict[tuple[object, object], int] = {}
    for line in (*lines, *more):
        key = (line[0], line[2])
        sums[key] = sums.get(key, 0) + int(str(line[1]))
    return [[code, amount_fen, reference] for (code, reference), amount_fen in sums.items()]


def without(lines: Iterable[Sequence[object]], amount_fen: int) -> tuple[list[list[object]], int]:
    """(lines, fen): payment lines less an amount, from the first on, and what could be taken."""
    kept: list[list[object]] = []
    left_fen = amount_fen
    for line in lines:
        part_fen = min(int(str(line[1])), left_fen)
        left_fen -= part_fen
        if int(str(line[1])) > part_fen:
            kept.append([line[0], int(str(line[1])) - part_fen, line[2]])
    return kept, amount_fen - left_fen
