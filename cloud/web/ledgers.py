"""Totals and the entries that make them: every total opens its entries, every entry its op."""

from collections.abc import Collection
from dataclasses import dataclass

from peewee import fn

from cloud.store import reports
from cloud.store.database import Database
from cloud.store.log import read_entries
from cloud.store.models import LogBlock
from cloud.store.report_models import ReportEntry, ReportMember
from cloud.web.documents import fields_of
from cloud.web.formats import chain_code
from sync_protocol.accounts import CLASSES, HUB_HOLDER, POINTS_HELD, WALLET, account_text, class_of
from sync_protocol.annotations import VERDICTS
from sync_protocol.clock import stamp_ms
from sync_protocol.kinds import KINDS, LEDGER, MEMBER, REGISTER, STAFF
from sync_protocol.ledger import REASONS, transaction_from_body
from sync_protocol.ops import Op
from sync_protocol.registers import write_from_body

SHOWN_CLASSES = ("wallet", "bonus", "points", "lucky", "visits", "receivable")
"""What a member's page calls totals: the member's side of each book."""
ENTRIES_SHOWN = 200
MEMBERS_SHOWN = 50
LOWERED_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """One posting: `amount` on the account's normal side, with the op that it stands in."""

    position: int
    reason: str
    cafe: int
    effective_ms: int
    account: str
    unit: str
    amount: int
    actor_name: str
    chain_code: str


@dataclass(frozen=True, slots=True)
class Holder:
    """A part of a total: what one box, the hub ("") or other cafes (None) hold of it."""

    words: str | None
    amount: int


@dataclass(frozen=True, slots=True)
class Total:
    """A balance over all holders. `matches_entries`: it equals the sum of its entries."""

    code: int
    name: str
    unit: str
    amount: int
    holders: tuple[Holder, ...]
    matches_entries: bool


@dataclass(frozen=True, slots=True)
class Member:
    """A member with the two sums that lists show."""

    member: int
    number: str
    name: str
    phone: str
    tier: str
    home_cafe: int
    is_erased: bool
    balance_fen: int
    points: int


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of a transaction, debit positive."""

    account: str
    unit: str
    amount: int


@dataclass(frozen=True, slots=True)
class OpView:
    """An op as evidence: where, who, when by which clock, what it had seen, what it says."""

    position: int
    block: int
    chain_code: str
    hash: str
    kind_name: str
    cafe: int
    node: int
    epoch: int
    terminal: int
    shift: int
    actor_name: str
    stamp_ms: int
    effective_ms: int
    trust: int
    seen_position: int
    verdict: str
    detail: str
    is_erased: bool
    postings: tuple[Posting, ...]
    fields: tuple[tuple[str, str], ...]


def find_members(database: Database, text: str, own: Collection[int]) -> list[Member]:
    """Members of the cafes `own` (none: all) by number, phone or name; to a limit."""
    rows = reports.find_members(database, text, MEMBERS_SHOWN, own)
    return [_member(database, row) for row in rows]


def member(database: Database, key: int) -> Member | None:
    """A member, erased or not; None where there never was one."""
    row = database.first(ReportMember.select().where(ReportMember.member == key))
    if row is not None:
        return _member(database, row)
    if reports.read_document(database, MEMBER, key) is None:
        return None
    return Member(key, "", "", "", "", 0, True, *_sums(database, key))


def _member(database: Database, row: ReportMember) -> Member:
    return Member(
        row.member,
        row.number,
        row.name,
        row.phone,
        row.tier,
        row.home_cafe,
        False,
        *_sums(database, row.member),
    )


def _sums(database: Database, key: int) -> tuple[int, int]:
    """(stored value in fen, points) over all holders."""
    sums = {WALLET: 0, POINTS_HELD: 0}
    for balance in reports.balances_of_subject(database, key):
        if balance.code in sums:
            sums[balance.code] += balance.amount * class_of(balance.code).side
    return sums[WALLET], sums[POINTS_HELD]


def totals(database: Database, key: int, node_names: dict[int, str]) -> list[Total]:
    """What a member has, each with its holders and whether its entries add up to it.

    `node_names`: of the boxes that are named; the others are other cafes'.
    """
    grouped: dict[tuple[int, str], dict[str | None, int]] = {}
    for balance in reports.balances_of_subject(database, key):
        row = class_of(balance.code)
        if row.name not in SHOWN_CLASSES:
            continue
        is_hub = (balance.node, balance.epoch) == HUB_HOLDER
        holder = "" if is_hub else node_names.get(balance.node)
        parts = grouped.setdefault((balance.code, balance.unit), {})
        parts[holder] = parts.get(holder, 0) + balance.amount * row.side
    found = []
    for (code, unit), parts in grouped.items():
        amount = sum(parts.values())
        entries = database.first(
            ReportEntry.select(fn.SUM(ReportEntry.amount).alias("total")).where(
                ReportEntry.subject == key, ReportEntry.code == code, ReportEntry.unit == unit
            )
        )
        added = int(entries.total or 0) * class_of(code).side
        named = sorted(parts.items(), key=lambda part: (part[0] is None, part[0] or ""))
        holders = tuple(Holder(name, part) for name, part in named)
        found.append(Total(code, class_of(code).name, unit, amount, holders, added == amount))
    return found


def entries_of_member(
    database: Database, key: int, code: int | None, own: Collection[int]
) -> list[Entry]:
    """A member's entries in the cafes `own` (none: all), newest first.

    They are what raised or lowered what the member has.
    """
    codes = _shown_codes(code)
    rows = reports.entries_of_subject(database, key, codes, limit=ENTRIES_SHOWN, own=own)
    return [_entry(database, row) for row in rows]


def _shown_codes(code: int | None) -> list[int]:
    """The member's side of each book, or the one of them that is asked for."""
    shown = [one.code for one in CLASSES.values() if one.name in SHOWN_CLASSES]
    return shown if code is None else [one for one in shown if one == code]


def entries_of_day(database: Database, business_day: int, cafe: int, code: int) -> list[Entry]:
    """The entries that make a total of a business day in a cafe, in log order.

    Of a tender those are its takings: cash that only changed its place in the cafe is none.
    """
    query = ReportEntry.select().where(
        ReportEntry.business_day == business_day,
        ReportEntry.cafe == cafe,
        ReportEntry.code == code,
    )
    if code in reports.TENDER_CLASSES:
        query = query.where(ReportEntry.reason.not_in(reports.TILL_REASONS))
    query = query.order_by(ReportEntry.position, ReportEntry.posting)
    return [_entry(database, row) for row in database.rows(query)]


def _entry(database: Database, row: ReportEntry) -> Entry:
    op = read_entries(database, row.position, row.position)[0].entry.op
    return Entry(
        row.position,
        REASONS.get(row.reason, str(row.reason)),
        row.cafe,
        row.effective_ms,
        account_text(row.code, row.subject, row.node, row.epoch, row.month),
        row.unit,
        row.amount * class_of(row.code).side,
        staff_name(database, row.actor),
        _code_of(op) if op is not None else "",
    )


def _code_of(op: Op) -> str:
    header = op.header
    return chain_code(header.node, header.epoch, header.seq, op.hash)


PostingRow = tuple[int, int | str, int, int, int, str, int]
"""A posting as `ledger.Transaction` has it."""


def lowered_before(database: Database, posting: PostingRow, position: int) -> list[int]:
    """Return where ops lowered a posting's account before one, the latest first."""
    code, subject, node, epoch, month, unit, _amount = posting
    query = (
        ReportEntry.select(ReportEntry.position)
        .where(
            ReportEntry.subject == subject,
            ReportEntry.position < position,
            ReportEntry.code == code,
            ReportEntry.node == node,
            ReportEntry.epoch == epoch,
            ReportEntry.month == month,
            ReportEntry.unit == unit,
            ReportEntry.amount * class_of(code).side < 0,
        )
        .order_by(ReportEntry.position.desc())
    )
    return [row.position for row in database.rows(query.limit(LOWERED_SHOWN))]


def staff_name(database: Database, key: int) -> str:
    """Who it was; empty for a box itself."""
    if not key:
        return ""
    name = fields_of(STAFF, reports.read_document(database, STAFF, key)).get("name")
    return name if isinstance(name, str) else str(key)


def op_at(database: Database, position: int) -> OpView | None:
    """The op at a place of the log, None where the log does not reach."""
    found = read_entries(database, position, position)
    if not found or found[0].entry.op is None:
        return None
    stored, op = found[0], found[0].entry.op
    header, annotation = op.header, found[0].entry.annotation
    kind = KINDS.get(stored.kind)
    block = database.first(
        LogBlock.select(LogBlock.number)
        .where(LogBlock.first_position <= position)
        .order_by(LogBlock.first_position.desc())
    )
    return OpView(
        position,
        block.number if block is not None else 0,
        _code_of(op),
        op.hash.hex(),
        kind.name if kind is not None else str(stored.kind),
        stored.cafe,
        header.node,
        header.epoch,
        header.terminal,
        header.shift,
        staff_name(database, header.actor),
        stamp_ms(header.stamp),
        stamp_ms(annotation.effective),
        header.trust,
        header.seen_position,
        VERDICTS[annotation.verdict],
        "" if annotation.detail is None else str(annotation.detail),
        op.body is None,
        _postings(op, stored.kind),
        _fields(op, stored.kind),
    )


def _postings(op: Op, kind: int) -> tuple[Posting, ...]:
    if op.body is None or kind not in KINDS or KINDS[kind].policy != LEDGER:
        return ()
    return tuple(
        Posting(account_text(code, subject, node, epoch, month), unit, amount)
        for code, subject, node, epoch, month, unit, amount in transaction_from_body(
            op.body
        ).postings
    )


SECRET_FIELDS = (
    "identity",
    "pin_hash",
    "password_hash",
    "second_factor",
    "card_hash",
    "photo",
)
"""Fields that no page spells out."""


def _fields(op: Op, kind: int) -> tuple[tuple[str, str], ...]:
    if op.body is None or kind not in KINDS:
        return ()
    if KINDS[kind].policy != REGISTER:
        return (("body", f"{len(op.body)} values"),) if isinstance(op.body, list) else ()
    write = write_from_body(KINDS[kind], op.body)
    shown = [("record", str(write.key))]
    for change in write.changes:
        field = KINDS[kind].fields[change.index]
        value = "•••" if field.name in SECRET_FIELDS and change.value else _value(change.value)
        shown.append((field.name, value))
    return tuple(shown)


def _value(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return "–" if value is None else str(value)
