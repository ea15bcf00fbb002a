"""Report tables, folded behind the log, and what pages read from them.

A follower with its own cursor and its own transactions, so that an ack never waits for a report.
Everything here can be folded anew from the log.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice

from peewee import fn

from cloud.store import statements
from cloud.store.database import Database
from cloud.store.log import StoredEntry, read_entries
from cloud.store.models import Balance, RegisterDocument
from cloud.store.report_models import (
    ReportCursor,
    ReportEntry,
    ReportMember,
    ReportVisit,
)
from cloud.store.state import read_registers
from cloud.store.visits import fold_visit
from sync_protocol.accounts import (
    ALIPAY_CLEARING,
    CARD_CLEARING,
    OTHER_CLEARING,
    TILL,
    WECHAT_CLEARING,
)
from sync_protocol.clock import stamp_ms
from sync_protocol.codec import pack, unpack
from sync_protocol.fold import erased_subject, has_effect
from sync_protocol.kinds import ERASE, KINDS, LEDGER, MEMBER, RULE, VISIT, field_index
from sync_protocol.ledger import (
    REASON_DROP,
    REASON_FLOAT,
    REASON_PETTY_CASH,
    REASON_TILL_DIFFERENCE,
    divert,
    transaction_from_body,
)
from sync_protocol.registers import RegisterRow, row_from_stored, write_from_body
from sync_protocol.rights_rule import (
    RIGHTS_RULE_DEFAULT,
    RIGHTS_RULE_KEY,
    RightsRule,
    rights_rule,
)

CURSOR_ID = 1
CHUNK_OPS = 500
"""Ops folded in one transaction: about 10 ms, the longest that a block can have to wait."""

SEARCHED_LENGTH_MAX = 256
"""Characters of a name that a search sees: PostgreSQL indexes no value beyond 2,704 bytes."""

LOOKED_AT_MAX = 500
"""Members found of whom one asks where they have been; more of a name is typed by then."""

TENDER_CLASSES = (TILL, CARD_CLEARING, WECHAT_CLEARING, ALIPAY_CLEARING, OTHER_CLEARING)
"""Where takings arrive."""

TILL_REASONS = (REASON_FLOAT, REASON_DROP, REASON_PETTY_CASH, REASON_TILL_DIFFERENCE)
"""Cash that a cafe moves between till, safe and purse: nobody paid it, so it is no takings."""


def report_position(database: Database) -> int:
    """Return the position up to which reports are complete."""
    row = database.first(ReportCursor.select())
    return 0 if row is None else int(row.position)


def fold_chunk(database: Database, end: int) -> int:
    """Fold up to `CHUNK_OPS` ops that the reports lack, up to position `end`; returns how many."""
    start = report_position(database)
    last = min(start + CHUNK_OPS, end)
    if last <= start:
        return 0
    with database.transaction():
        entries = read_entries(database, start + 1, last)
        rows: list[tuple[object, ...]] = []
        members: set[int] = set()
        for stored in entries:
            _fold(database, stored, rows, members)
        if rows:
            database.executemany(statements.INSERT_ENTRY, rows)
        _write_members(database, sorted(members))
        database.run(
            ReportCursor.insert(id=CURSOR_ID, position=last).on_conflict(
                conflict_target=[ReportCursor.id], update={ReportCursor.position: last}
            )
        )
    return last - start


def _fold(
    database: Database,
    stored: StoredEntry,
    rows: list[tuple[object, ...]],
    members: set[int],
) -> None:
    op, annotation = stored.entry.op, stored.entry.annotation
    kind = KINDS.get(stored.kind)
    if op is None or kind is None or not has_effect(op, annotation):
        return
    if kind.policy == LEDGER:
        transaction = transaction_from_body(op.body)
        postings = divert(transaction.postings, transaction.cafe, annotation.diversions())
        shared = (
            transaction.cafe,
            transaction.reason,
            annotation.business_day() or transaction.business_day,
            stamp_ms(annotation.effective),
            transaction.document,
            op.header.actor,
        )
        for index, (code, subject, node, epoch, month, unit, amount) in enumerate(postings):
            account = (code, pack(subject), node, epoch, month, unit)
            rows.append((stored.position, index, *shared, *account, amount))
    elif kind.code == MEMBER and stored.subject is not None:
        members.add(stored.subject)
    elif kind.code == VISIT:
        fold_visit(database, write_from_body(kind, op.body), annotation.business_day())
    elif kind.code == ERASE:
        subject = erased_subject(op.body)
        members.discard(subject)
        database.run(ReportMember.delete().where(ReportMember.member == subject))
        database.run(ReportVisit.delete().where(ReportVisit.member == subject))


def _write_members(database: Database, members: list[int]) -> None:
    keys = [pack(member) for member in members]
    rows = []
    for key, packed in read_registers(database, MEMBER, keys):
        row = row_from_stored(unpack(packed))
        if row.entries is None:
            continue
        texts = [_text(row, name) for name in ("number", "name", "phone", "tier", "status")]
        home_cafe = row.value(field_index(MEMBER, "home_cafe")) or 0
        rows.append((unpack(key), *texts, home_cafe))
    if rows:
        database.executemany(statements.UPSERT_MEMBER, rows)


def _text(row: RegisterRow, name: str) -> str:
    value = row.value(field_index(MEMBER, name))
    return value[:SEARCHED_LENGTH_MAX] if isinstance(value, str) else ""


def read_document(database: Database, kind: int, key: int | str) -> RegisterRow | None:
    """Return the confirmed row of a document."""
    stored = database.execute(statements.SELECT_REGISTER, (kind, pack(key))).fetchone()
    return None if stored is None else row_from_stored(unpack(bytes(stored[0])))


def read_documents(database: Database, kind: int) -> list[tuple[int | str, RegisterRow]]:
    """Return (key, row) of every document of a kind, erased ones too."""
    rows = database.rows(
        RegisterDocument.select()
        .where(RegisterDocument.kind == kind)
        .order_by(RegisterDocument.key)
    )
    return [(row.key, row_from_stored(unpack(row.row))) for row in rows]


def read_rights_rule(database: Database) -> RightsRule:
    """Return the rule of rights that is in force."""
    row = read_document(database, RULE, RIGHTS_RULE_KEY)
    if row is None:
        return RIGHTS_RULE_DEFAULT
    version, values = field_index(RULE, "version"), field_index(RULE, "values")
    return rights_rule(row.value(version), row.value(values))


@dataclass(frozen=True, slots=True)
class Takings:
    """What one cafe took by one way of paying on one business day; `amount` in fen."""

    cafe: int
    code: int
    amount: int


def takings(database: Database, business_day: int) -> list[Takings]:
    """Return the takings of a business day (yyyymmdd), per cafe and account class."""
    query = (
        ReportEntry.select(
            ReportEntry.cafe, ReportEntry.code, fn.SUM(ReportEntry.amount).alias("total")
        )
        .where(
            ReportEntry.business_day == business_day,
            ReportEntry.code.in_(TENDER_CLASSES),
            ReportEntry.reason.not_in(TILL_REASONS),
        )
        .group_by(ReportEntry.cafe, ReportEntry.code)
        .order_by(ReportEntry.cafe, ReportEntry.code)
        .tuples()
    )
    return [Takings(cafe, code, int(total)) for cafe, code, total in database.rows(query)]


def entries_of_subject(
    database: Database,
    subject: int | str,
    codes: Sequence[int] | None = None,
    before_position: int | None = None,
    limit: int = 100,
    own: Collection[int] = (),
) -> list[ReportEntry]:
    """Return the newest entries in a subject's accounts (of some classes or cafes, if given)."""
    query = ReportEntry.select().where(ReportEntry.subject == subject)
    if own:
        query = query.where(ReportEntry.cafe.in_(own))
    if codes is not None:
        query = query.where(ReportEntry.code.in_(codes))
    if before_position is not None:
        query = query.where(ReportEntry.position < before_position)
    return database.rows(
        query.order_by(ReportEntry.position.desc(), ReportEntry.posting.desc()).limit(limit)
    )


def balances_of_subject(database: Database, subject: int | str) -> list[Balance]:
    """Return every balance of a subject that is not zero (confirmed, not a report)."""
    return database.rows(
        Balance.select()
        .where(Balance.subject == subject, Balance.amount != 0)
        .order_by(Balance.code, Balance.unit, Balance.node, Balance.epoch, Balance.month)
    )


def is_member_of(database: Database, member: int, own: Collection[int]) -> bool:
    """Whether a member, erased or not, is at home in one of the cafes, or has an entry there."""
    at_home = ReportMember.select().where(
        ReportMember.member == member, ReportMember.home_cafe.in_(own)
    )
    dealt = ReportEntry.select(ReportEntry.position).where(
        ReportEntry.subject == member, ReportEntry.cafe.in_(own)
    )
    return any(database.first(query) is not None for query in (at_home, dealt))


def find_members(
    database: Database, text: str, limit: int = 50, own: Collection[int] = ()
) -> list[ReportMember]:
    """Return members whose number or phone begins with `text`, or whose name contains it.

    With `own` only members of these cafes: for no text who is at home there, for a text also who
    has an entry there (among the first `LOOKED_AT_MAX` found).
    """
    query = ReportMember.select().order_by(ReportMember.number, ReportMember.member)
    if text:
        query = query.where(
            ReportMember.number.startswith(text)
            | ReportMember.phone.startswith(text)
            | ReportMember.name.contains(text)
        )
    if not own:
        return database.rows(query.limit(limit))
    if not text:
        return database.rows(query.where(ReportMember.home_cafe.in_(own)).limit(limit))
    found = database.rows(query.limit(LOOKED_AT_MAX))
    return list(islice((row for row in found if is_member_of(database, row.member, own)), limit))
