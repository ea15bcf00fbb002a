"""A member's account: what stands on it, what moved it, and whether both agree.

What this cafe took and gave is known from its documents for ever; what other cafes did, from the
entries that are kept here (30 days). The opening balance carries what is older.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from edge.desk import facts
from edge.desk.catalogue import Catalogue
from edge.desk.money import lines_of
from edge.desk.numbers import paper_number
from edge.desk.purses import spending_of, spent_fen
from edge.domain.decision import Here, read_int, read_list, read_text
from edge.domain.refusals import Sentence
from edge.domain.spending import Spending
from edge.domain.stored_value import Purse, spendable_fen, spendable_reason
from edge.domain.top_up import FORM_TOP_UP
from edge.store.facts import Document, LedgerEntry
from edge.store.reader import Reader
from sync_protocol.accounts import BONUS, FEN, POINTS, POINTS_HELD, RECEIVABLE, WALLET
from sync_protocol.annotations import LOST, VERDICTS, VOID
from sync_protocol.clock import stamp_ms
from sync_protocol.kinds import SALE, TOP_UP
from sync_protocol.ledger import (
    REASON_GRANT,
    REASON_RELEASE,
    REASON_SWEEP,
    REASONS,
    transaction_from_body,
)
from sync_protocol.ops import OpRef

ENTRIES_MAX = 20_000
DOCUMENTS_MAX = 10_000
MONEY_CLASSES = (WALLET, BONUS, RECEIVABLE, POINTS_HELD)
MOVES = (REASON_GRANT, REASON_RELEASE, REASON_SWEEP)
"""Entries that move rights between places and no money."""
WAITING, ACKNOWLEDGED = "waiting", "acknowledged"


@dataclass(frozen=True, slots=True)
class AccountView:
    """What a member has, and what of it may be spent here now.

    `bonus` are (fen, month of expiry; 0 never) of all holders; `reasons` say why less than the
    balance may be spent here.
    """

    member: int
    name: str
    wallet_fen: int
    bonus_fen: int
    bonus: tuple[tuple[int, int], ...]
    balance_fen: int
    spendable_fen: int
    reasons: tuple[Sentence, ...]
    owed_fen: int
    points: int
    spent_today_fen: int
    day_limit_fen: int
    single_limit_fen: int
    pin_above_fen: int
    topped_up_fen: int
    spent_fen: int


@dataclass(frozen=True, slots=True)
class RecordView:
    """One thing that moved a member's account, the newest first in lists.

    `kind` is a reason of the ledger or a form of the document; `amount_fen` is what it added to
    the balance, money and bonus credit. `state` is WAITING, ACKNOWLEDGED or a verdict that undid
    it. `document` is 0 for what other cafes did.
    """

    kind: str
    at_ms: int
    business_day: int
    cafe: int
    cafe_name: facts.Name
    staff: str
    amount_fen: int
    bonus_fen: int
    points: int
    state: str
    chain_code: str = ""
    number: str = ""
    approver: str = ""
    tenders: tuple[tuple[str, int, str], ...] = ()
    note: str = ""
    document: int = 0
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """Which records to show; empty values let all through. Amounts are without sign."""

    kind: str = ""
    from_day: int = 0
    to_day: int = 0
    from_fen: int = 0
    to_fen: int = 0

    def lets(self, record: RecordView) -> bool:
        """Whether a record is wanted. `spend` stands for all that lowers the balance."""
        kinds = {"": True, "spend": record.amount_fen < 0, "top_up": record.kind == "top_up"}
        return (
            kinds.get(self.kind, record.kind == self.kind)
            and (not self.from_day or record.business_day >= self.from_day)
            and (not self.to_day or record.business_day <= self.to_day)
            and abs(record.amount_fen) >= self.from_fen
            and (not self.to_fen or abs(record.amount_fen) <= self.to_fen)
        )


def account_view(reader: Reader, catalogue: Catalogue, at: Here, member: int) -> AccountView:
    """What a member has now, in how far it may be spent here, and why not more."""
    member = facts.person_of(reader, member)
    purse = facts.purse_of(reader, at, member)
    spending = spending_of(reader, catalogue, at, member)
    members = facts.members_of(reader, member)
    topped_up, spent = _sums(account_records(reader, member))
    here_fen = spendable_fen(at, purse)
    left_fen = spending.left_today_fen
    return AccountView(
        member,
        facts.member_name(reader, member),
        purse.wallet_fen,
        purse.bonus_fen,
        _bonus_by_month(reader, members),
        purse.balance_fen,
        here_fen if left_fen is None else min(here_fen, left_fen),
        tuple(_reasons(at, purse, spending, here_fen)),
        purse.advance.owed_fen,
        facts.points_of(reader, member),
        spent_fen(reader, members, at.business_day),
        spending.day_limit_fen,
        spending.single_limit_fen,
        spending.pin_above_fen,
        topped_up,
        spent,
    )


def _reasons(at: Here, purse: Purse, spending: Spending, here_fen: int) -> Iterable[Sentence]:
    reason = spendable_reason(at, purse)
    if reason is not None:
        yield reason
    if spending.day_limit_fen:
        left_fen = max(spending.day_limit_fen - spending.spent_today_fen, 0)
        if left_fen < here_fen:
            yield Sentence(
                "day_limit_leaves",
                {
                    "limit_fen": spending.day_limit_fen,
                    "spent_fen": max(spending.spent_today_fen, 0),
                    "left_fen": left_fen,
                },
            )
    if 0 < spending.single_limit_fen < here_fen:
        yield Sentence("single_limit_is", {"limit_fen": spending.single_limit_fen})
    if 0 < spending.pin_above_fen < here_fen:
        yield Sentence("pin_above_is", {"limit_fen": spending.pin_above_fen})


def _bonus_by_month(reader: Reader, members: Iterable[int]) -> tuple[tuple[int, int], ...]:
    months: dict[int, int] = {}
    for one in members:
        for account, balance in reader.balances_of(BONUS, one, FEN):
            months[account[4]] = months.get(account[4], 0) - balance.shown
    return tuple((fen, month) for month, fen in sorted(months.items()) if fen)


def _sums(records: Iterable[RecordView]) -> tuple[int, int]:
    """(topped up less taken back, spent less refunded) of what is known here."""
    topped_up = spent = 0
    for record in records:
        takes_back = record.kind == "void" and record.amount_fen < 0  # another cafe's cancellation
        if record.kind in ("top_up", "cancel", "cash_out") or takes_back:
            topped_up += record.amount_fen - record.bonus_fen
        elif record.kind not in ("expiry", "opening", "bonus", "redemption"):
            spent -= record.amount_fen
    return topped_up, spent


def account_records(
    reader: Reader, member: int, wanted: Filter | None = None, limit: int = DOCUMENTS_MAX
) -> list[RecordView]:
    """What moved a person's account, newest first: this cafe's documents, other cafes' entries."""
    members = facts.members_of(reader, member)
    records: list[RecordView] = []
    told: set[int] = set()
    for group in _by_op(reader, members):
        if group[0].reason not in MOVES:
            records.append(_of_entries(reader, group))
            told.add(group[0].document)
    records += [
        _of_document(reader, document)
        for one in members
        for document in reader.registers_where(TOP_UP, "member", one, limit=DOCUMENTS_MAX)
        if int(document.key) not in told
    ]
    chosen = [record for record in records if wanted is None or wanted.lets(record)]
    chosen.sort(key=lambda record: -record.at_ms)
    return chosen[:limit]


def _by_op(reader: Reader, members: Sequence[int]) -> list[list[LedgerEntry]]:
    """A person's entries in groups of one op each."""
    groups: dict[OpRef, list[LedgerEntry]] = {}
    for one in members:
        for entry in reader.entries(one, MONEY_CLASSES, limit=ENTRIES_MAX):
            groups.setdefault(entry.reference, []).append(entry)
    return list(groups.values())


def _of_document(reader: Reader, document: Document) -> RecordView:
    """A top-up or cash-out whose entries are no longer kept here."""
    row = document.shown
    sign = 1 if read_text(TOP_UP, row, "form") == FORM_TOP_UP else -1
    bonus_fen = sign * read_int(TOP_UP, row, "bonus_fen")
    record = RecordView(
        "",
        read_int(TOP_UP, row, "at_ms"),
        read_int(TOP_UP, row, "business_day"),
        row.cafe,
        facts.cafe_name(reader, row.cafe),
        facts.staff_name(reader, read_int(TOP_UP, row, "cashier")),
        amount_fen=sign * read_int(TOP_UP, row, "amount_fen") + bonus_fen,
        bonus_fen=bonus_fen,
        points=sign * read_int(TOP_UP, row, "points"),
        state=WAITING if document.confirmed is None else ACKNOWLEDGED,
    )
    return _with_document(reader, record, int(document.key))


def _of_entries(reader: Reader, entries: list[LedgerEntry]) -> RecordView:
    first = entries[0]
    logged = reader.op(first.reference)
    cafe = 0
    if logged is not None and logged.op.body is not None:
        cafe = transaction_from_body(logged.op.body).cafe
    fen = {
        code: -sum(one.amount for one in entries if one.account[0] == code)
        for code in (WALLET, BONUS, RECEIVABLE)
    }
    counts = first.verdict not in (VOID, LOST)
    record = RecordView(
        REASONS.get(first.reason, str(first.reason)),
        stamp_ms(first.stamp),
        first.business_day,
        cafe,
        facts.cafe_name(reader, cafe),
        facts.staff_name(reader, first.actor),
        amount_fen=sum(fen.values()) if counts else 0,
        bonus_fen=fen[BONUS] if counts else 0,
        points=-sum(one.amount for one in entries if one.account[5] == POINTS) if counts else 0,
        state=_state(first),
        chain_code=facts.chain_code(first.reference),
    )
    return _with_document(reader, record, first.document)


def _with_document(reader: Reader, record: RecordView, key: int) -> RecordView:
    """The record with what this cafe's document of it says, where there is one."""
    for kind in (TOP_UP, SALE):
        row = facts.row(reader, kind, key) if key else None
        if row is None:
            continue
        tenders = lines_of(read_list(kind, row, "tenders"))
        day, number = read_int(kind, row, "business_day"), read_int(kind, row, "number")
        record = replace(
            record,
            number=paper_number(reader, day, number),
            tenders=tuple((str(code), int(str(fen)), str(text)) for code, fen, text in tenders),
            document=key,
        )
        if kind == TOP_UP:
            return replace(
                record,
                kind=read_text(TOP_UP, row, "form"),
                approver=facts.staff_name(reader, read_int(TOP_UP, row, "approver")),
                note=read_text(TOP_UP, row, "note"),
                cancelled=read_int(TOP_UP, row, "voided_by") > 0,
            )
    return record


def _state(entry: LedgerEntry) -> str:
    if entry.verdict is None:
        return WAITING
    return VERDICTS[entry.verdict] if entry.verdict in (VOID, LOST) else ACKNOWLEDGED
