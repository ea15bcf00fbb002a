"""Reconciliation: opening + top-ups - spends = balance, and every paper agrees with the ledger.

A member's account is added up from its records; what does not come to the balance is named. A
cafe's day is added up twice, from its documents and from the ledger, and each document whose two
sides differ is named.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from edge.desk import facts
from edge.desk.accounts import WAITING, RecordView, account_records
from edge.desk.money import lines_of
from edge.desk.numbers import paper_number
from edge.domain.business_day import date_of, day_number
from edge.domain.decision import Here, read_int, read_list, read_text
from edge.domain.top_up import FORM_TOP_UP
from edge.store.facts import Document, LedgerEntry
from edge.store.reader import Reader
from sync_protocol.accounts import (
    ALIPAY_CLEARING,
    BONUS,
    CARD_CLEARING,
    DUE_TO_CHAIN,
    FEN,
    OTHER_CLEARING,
    REVENUE,
    TILL,
    WALLET,
    WECHAT_CLEARING,
)
from sync_protocol.annotations import LOST, VOID
from sync_protocol.kinds import MEMBER, SALE, TOP_UP
from sync_protocol.ops import ref_from_row
from sync_protocol.registers import RegisterRow

TAKING_CLASSES = (TILL, CARD_CLEARING, WECHAT_CLEARING, ALIPAY_CLEARING, OTHER_CLEARING)
BOOK_CLASSES = (*TAKING_CLASSES, DUE_TO_CHAIN, REVENUE)
PAGES = (500, 5_000, 50_000, 500_000)
"""So many of the cafe's newest entries are read, until the day is behind them."""
DOCUMENTS_MAX = 10_000
KEPT_DAYS = 28
"""All entries of who joined since are kept here: such an account opens with nothing."""


@dataclass(frozen=True, slots=True)
class Sum:
    """One line of a reconciliation: a code of `terms` «reconciled» and its amount."""

    code: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What does not agree: a paper's number or an entry's code, and both sides in fen."""

    number: str
    papers_fen: int
    ledger_fen: int


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The sums from opening to balance; it agrees where there is no difference.

    `waiting` entries are counted, and head office has not confirmed them yet.
    """

    sums: tuple[Sum, ...]
    balance_fen: int
    differences: tuple[Difference, ...]
    waiting: int = 0


def reconcile_member(reader: Reader, at: Here, member: int) -> Reconciliation:
    """Add a person's account up from its entries, and each top-up's paper against its entry."""
    records = account_records(reader, member)
    groups = dict.fromkeys(("top_up", "cash_out", "spend", "refund", "other"), 0)
    for record in records:
        groups[_group(record)] += record.amount_fen if record.chain_code else 0
    purse = facts.purse_of(reader, at, member)
    balance_fen = purse.balance_fen - purse.advance.owed_fen
    # Bonus credit whose month is over counts no more, though its holder has still to book it out.
    members = facts.members_of(reader, member)
    booked_fen = sum(facts.amount_of(reader, members, code, FEN) for code in (WALLET, BONUS))
    lapsing_fen = booked_fen - purse.balance_fen
    opening_fen = balance_fen + lapsing_fen - sum(groups.values())
    groups["lapsing"] = -lapsing_fen
    sums = (Sum("opening", opening_fen), *(Sum(code, fen) for code, fen in groups.items()))
    differences = [
        difference
        for record in records
        if record.kind == FORM_TOP_UP and record.chain_code and record.document
        for difference in _top_up_difference(reader, record)
    ]
    joined_day = read_int(MEMBER, facts.row(reader, MEMBER, member), "joined_day")
    if opening_fen < 0 or (opening_fen and joined_day >= _day_before(at, KEPT_DAYS)):
        differences.append(Difference("", 0, opening_fen))
    waiting = sum(record.state == WAITING for record in records)
    return Reconciliation(sums, balance_fen, tuple(differences), waiting)


def _day_before(at: Here, days: int) -> int:
    day = date_of(at.business_day)
    return day_number(day - timedelta(days=days)) if day is not None else at.business_day


def _group(record: RecordView) -> str:
    if record.kind in ("top_up", "cancel"):
        return "top_up"
    if record.kind in ("cash_out", "refund"):
        return record.kind
    known = ("spend", "sale", "session", "pass_sale", "card_fee", "membership_fee", "prepayment")
    return "spend" if record.kind in known else "other"


def _top_up_difference(reader: Reader, record: RecordView) -> Iterable[Difference]:
    row = facts.row(reader, TOP_UP, record.document)
    paper_fen = read_int(TOP_UP, row, "amount_fen") + read_int(TOP_UP, row, "bonus_fen")
    if paper_fen != record.amount_fen:
        yield Difference(record.number, paper_fen, record.amount_fen)


def reconcile_cafe(reader: Reader, cafe: int, business_day: int) -> Reconciliation:
    """Add up what this cafe owes the chain over a day, and check each of the day's documents."""
    entries = [
        entry
        for entry in _entries_since(reader, cafe, business_day)
        if entry.verdict not in (VOID, LOST)
    ]
    due_fen = reader.balance((DUE_TO_CHAIN, cafe, 0, 0, 0, FEN)).shown
    today = [one for one in entries if one.business_day == business_day]
    later_fen = sum(
        one.amount
        for one in entries
        if one.account[0] == DUE_TO_CHAIN and one.business_day > business_day
    )
    moved = _moved(today)
    balance_fen = later_fen - due_fen
    sums = (
        Sum("opening", balance_fen - sum(moved.values())),
        *(Sum(code, fen) for code, fen in moved.items()),
    )
    differences = _document_differences(reader, business_day, entries)
    waiting = len({one.reference for one in today if one.verdict is None})
    return Reconciliation(sums, balance_fen, tuple(differences), waiting)


def _moved(entries: Iterable[LedgerEntry]) -> dict[str, int]:
    """What a day added to what the cafe owes the chain: money taken in, stored value spent."""
    moved = {"top_up": 0, "spend": 0}
    for one in entries:
        if one.account[0] == DUE_TO_CHAIN:
            moved["top_up" if one.amount < 0 else "spend"] -= one.amount
    return moved


def _entries_since(reader: Reader, cafe: int, business_day: int) -> list[LedgerEntry]:
    found: list[LedgerEntry] = []
    for limit in PAGES:
        found = reader.entries(cafe, BOOK_CLASSES, FEN, limit=limit)
        if len(found) < limit or found[-1].business_day < business_day:
            break
    return [entry for entry in found if entry.business_day >= business_day]


def _document_differences(
    reader: Reader, business_day: int, entries: list[LedgerEntry]
) -> list[Difference]:
    taken: dict[int, int] = {}
    sold: dict[int, int] = {}
    for one in entries:
        if one.account[0] in TAKING_CLASSES:
            taken[one.document] = taken.get(one.document, 0) + one.amount
        elif one.account[0] == REVENUE:
            sold[one.document] = sold.get(one.document, 0) - one.amount
    differences = []
    for kind, ledger, papers in ((TOP_UP, taken, _paper_taken), (SALE, sold, _paper_sold)):
        for document in reader.registers_where(
            kind, "business_day", business_day, limit=DOCUMENTS_MAX
        ):
            row, key = document.shown, int(document.key)
            if key not in ledger and not _is_kept(reader, document):
                continue
            if papers(row) != ledger.get(key, 0):
                number = paper_number(reader, business_day, read_int(kind, row, "number"))
                differences.append(Difference(number, papers(row), ledger.get(key, 0)))
    return differences


def _is_kept(reader: Reader, document: Document) -> bool:
    """Return whether the log that made a document is here: with a snapshot only its state came."""
    made = document.base("number")
    return made is None or reader.op(ref_from_row(made)) is not None


def _paper_taken(row: RegisterRow) -> int:
    """What a top-up's paper says was taken; a cash-out's and a cancellation's, given back."""
    fen = sum(int(str(line[1])) for line in lines_of(read_list(TOP_UP, row, "tenders")))
    return fen if read_text(TOP_UP, row, "form") == FORM_TOP_UP else -fen


def _paper_sold(row: RegisterRow) -> int:
    """What a sale's paper says was sold, less what was refunded."""
    refunded = lines_of(read_list(SALE, row, "refunded"))
    return read_int(SALE, row, "total_fen") - sum(int(str(line[1])) for line in refunded)
