"""What a shift took and gave: a fold of the ledger ops that name it, for reports and the till."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from edge.domain.spending import GIVING_BACK_REASONS, SPENDING_REASONS
from sync_protocol.accounts import (
    ALIPAY_CLEARING,
    BONUS,
    CARD_CLEARING,
    FEN,
    OTHER_CLEARING,
    POINTS_HELD,
    PROMOTION,
    REVENUE,
    TILL,
    WALLET,
    WECHAT_CLEARING,
)
from sync_protocol.ledger import (
    REASON_DROP,
    REASON_FLOAT,
    REASON_PETTY_CASH,
    REASON_TILL_DIFFERENCE,
    REASONS,
)

TENDER_OF = {
    TILL: "cash",
    CARD_CLEARING: "card",
    WECHAT_CLEARING: "wechat",
    ALIPAY_CLEARING: "alipay",
    OTHER_CLEARING: "other",
}
"""Account that takes money -> how it was paid."""
STORED_VALUE = {WALLET: "wallet", BONUS: "bonus"}
OF_THE_DRAWER = (REASON_FLOAT, REASON_DROP, REASON_PETTY_CASH, REASON_TILL_DIFFERENCE)
"""Cash that moves and is no taking."""

TENDER, REASON, CASH, POINTS, NUMBER = "tender", "reason", "cash", "points", "number"
"""Sections of a report."""

Row = tuple[str, str, int, int]
"""(section, code, how often, how much in fen, points or as a number)."""

_Posting = Sequence[int | str]


@dataclass(slots=True)
class Totals:
    """Sums by section and code; `add` folds one transaction in."""

    sums: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """(section, code) -> (how often, how much)."""

    @property
    def cash_fen(self) -> int:
        """What must lie in the drawer."""
        return sum(sums[1] for (section, _), sums in self.sums.items() if section == CASH)

    def add(self, reason: int, postings: Iterable[_Posting]) -> None:
        """Fold in a transaction: `reason` of `sync_protocol.ledger`, postings as it has them."""
        name = REASONS.get(reason, str(reason))
        rows = list(postings)
        pays = _pays_from_stored_value(reason, rows)
        by_tender = {STORED_VALUE[BONUS]: -_rewarded_fen(rows)} if pays else {}
        cash_fen = points = 0
        for posting in rows:
            code, unit, amount = int(posting[0]), posting[5], int(posting[6])
            if code == POINTS_HELD:
                points -= amount
            if unit != FEN:
                continue
            cash_fen += amount if code == TILL else 0
            tender = TENDER_OF.get(code) or (STORED_VALUE.get(code) if pays else None)
            if tender is not None:
                by_tender[tender] = by_tender.get(tender, 0) + amount
        if cash_fen:
            self._count(CASH, name, cash_fen)
        if points:
            self._count(POINTS, "given" if points > 0 else "taken", points)
        if reason in OF_THE_DRAWER:
            return
        paid = {tender: amount for tender, amount in by_tender.items() if amount}
        for tender, amount_fen in paid.items():
            self._count(TENDER, tender, amount_fen)
        if paid:
            self._count(REASON, name, sum(paid.values()))

    def note_number(self, number: int) -> None:
        """Take in the number of a sale: the report names the first and the last."""
        for code, choose in (("first", min), ("last", max)):
            _, before = self.sums.get((NUMBER, code), (0, number))
            self.sums[NUMBER, code] = (0, choose(before, number))

    def rows(self) -> list[Row]:
        """The report's rows, in order of section and code."""
        ordered = sorted(self.sums.items(), key=_place)
        return [(section, code, *sums) for (section, code), sums in ordered]

    def _count(self, section: str, code: str, amount: int) -> None:
        count, before = self.sums.get((section, code), (0, 0))
        self.sums[section, code] = (count + 1, before + amount)


def _pays_from_stored_value(reason: int, postings: Iterable[_Posting]) -> bool:
    """Whether stored value pays here, or comes back as it paid.

    A top-up moves it too, and so does taking one back, and pays nothing with it: only what a sale
    brought in is given back for one.
    """
    if reason in GIVING_BACK_REASONS:
        return any(int(posting[0]) == REVENUE for posting in postings)
    return reason in SPENDING_REASONS


def _rewarded_fen(postings: Sequence[_Posting]) -> int:
    """What bonus credit moves beside the payment, as posted: a rebate given, or taken back."""
    promotion_fen = sum(int(one[6]) for one in postings if int(one[0]) == PROMOTION)
    if promotion_fen >= 0:
        return -promotion_fen
    return sum(int(one[6]) for one in postings if int(one[0]) == BONUS and int(one[6]) > 0)


def blind(rows: Iterable[Row]) -> list[Row]:
    """A report's rows for whoever may not know yet what must lie in the drawer.

    Cash goes, and so do the amounts of what was paid in cash and otherwise together.
    """
    kept: list[Row] = []
    for section, code, count, amount in rows:
        if section == CASH:
            continue
        hidden = section == REASON or (section, code) == (TENDER, "cash")
        kept.append((section, code, count, 0 if hidden else amount))
    return kept


_SECTIONS: Mapping[str, int] = {TENDER: 0, REASON: 1, CASH: 2, POINTS: 3, NUMBER: 4}


def _place(item: tuple[tuple[str, str], tuple[int, int]]) -> tuple[int, str]:
    (section, code), _ = item
    return _SECTIONS[section], code
