"""What happened: the latest ops of this box, and a member's ledger with the op of each entry."""

from edge.desk import facts
from edge.desk.view_types import EventView, LedgerEntryView
from edge.domain.decision import read_int
from edge.store.facts import LedgerEntry, LoggedOp
from edge.store.reader import Reader
from sync_protocol.accounts import (
    BONUS,
    FEN,
    POINTS_HELD,
    REVENUE,
    WALLET,
    account_text,
    class_of,
)
from sync_protocol.annotations import VERDICTS
from sync_protocol.clock import stamp_ms
from sync_protocol.kinds import CARD, KINDS, LEDGER, MEMBER, VISIT, field_index
from sync_protocol.ledger import REASONS, Transaction, transaction_from_body
from sync_protocol.ops import OpRef

MEMBER_CLASSES = (WALLET, BONUS, POINTS_HELD)
_SHOWN_DOCUMENTS = {VISIT: "tap", MEMBER: "member", CARD: "card"}
_LOOKED_AT_PER_EVENT = 4
"""A sale writes two ops, a registration up to five: so many are looked through for each shown."""


def latest_events(reader: Reader, limit: int) -> tuple[EventView, ...]:
    """What this box wrote last, newest first: entries, taps, registrations."""
    events = []
    last = reader.own_head().seq
    for seq in range(last, max(last - limit * _LOOKED_AT_PER_EVENT, 0), -1):
        # Our own log: the number says it all, no hash is needed to name an op.
        logged = reader.op(OpRef(reader.identity.node, reader.identity.epoch, seq, b""))
        event = _event(reader, logged) if logged is not None else None
        if event is not None:
            events.append(event)
            if len(events) == limit:
                break
    return tuple(events)


def _event(reader: Reader, logged: LoggedOp) -> EventView | None:
    op = logged.op
    kind = KINDS.get(op.header.kind)
    if kind is None or op.body is None:
        return None
    if kind.policy == LEDGER:
        transaction = transaction_from_body(op.body)
        name = REASONS.get(transaction.reason, kind.name)
        member, amount_fen, points = _moved(transaction)
    elif kind.code in _SHOWN_DOCUMENTS:
        name, amount_fen, points = _SHOWN_DOCUMENTS[kind.code], 0, 0
        member = _member_of(reader, kind.code, op.body)
        if not member:
            return None
    else:
        return None
    return EventView(
        stamp_ms(op.header.stamp),
        name,
        member,
        facts.member_name(reader, member),
        amount_fen,
        points,
        facts.staff_name(reader, op.header.actor),
        facts.chain_code(op.ref()),
        logged.position is not None,
        VERDICTS.get(logged.verdict or 0, ""),
    )


def _moved(transaction: Transaction) -> tuple[int, int, int]:
    """(member, fen, points): what an entry meant to a person, refunds negative."""
    member = sold_fen = wallet_fen = points = 0
    for code, subject, _node, _epoch, _month, unit, amount in transaction.postings:
        if code in MEMBER_CLASSES and isinstance(subject, int):
            member = subject
        if code == REVENUE:
            sold_fen -= amount
        elif code == WALLET and unit == FEN:
            # A grant or a release lowers one part and raises another: what moved is the raise.
            wallet_fen = max(wallet_fen, -amount)
        elif code == POINTS_HELD:
            points -= amount
    return member, sold_fen or wallet_fen, points


def _member_of(reader: Reader, kind: int, body: object) -> int:
    if not isinstance(body, list):
        return 0
    key = body[1]
    if kind == MEMBER:
        return int(key)
    if kind == VISIT:
        changed = [change[0] for change in body[3]]
        if field_index(VISIT, "taps") not in changed:
            return 0  # the member left
        return int(str(key).rpartition(".")[2])
    return read_int(CARD, facts.row(reader, CARD, key), "member")


def member_ledger(reader: Reader, member: int, limit: int) -> tuple[LedgerEntryView, ...]:
    """A member's postings, newest first, each with the op that it stands in."""
    members = facts.members_of(reader, member)
    entries = [
        entry for one in members for entry in reader.entries(one, MEMBER_CLASSES, limit=limit)
    ]
    if len(members) > 1:
        entries.sort(key=lambda entry: -entry.stamp)
    return tuple(_entry(reader, entry) for entry in entries[:limit])


def _entry(reader: Reader, entry: LedgerEntry) -> LedgerEntryView:
    code, subject, node, epoch, month, unit = entry.account
    logged = reader.op(entry.reference)
    header = logged.op.header if logged is not None else None
    cafe = _cafe_of(logged)
    return LedgerEntryView(
        account_text(code, subject, node, epoch, month),
        unit,
        entry.amount * class_of(code).side,
        REASONS.get(entry.reason, str(entry.reason)),
        cafe,
        facts.cafe_name(reader, cafe),
        entry.business_day,
        stamp_ms(entry.stamp),
        header.trust if header is not None else 0,
        entry.actor,
        facts.staff_name(reader, entry.actor),
        header.terminal if header is not None else 0,
        header.shift if header is not None else 0,
        entry.document,
        facts.chain_code(entry.reference),
        (logged.position or 0) if logged is not None else 0,
        VERDICTS.get(entry.verdict or 0, ""),
    )


def _cafe_of(logged: LoggedOp | None) -> int:
    if logged is None or logged.op.body is None:
        return 0
    return transaction_from_body(logged.op.body).cafe
