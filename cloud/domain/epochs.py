"""Epochs: which incarnation of a box may write, and how a dead one's rights come back.

Rights belong to (node, epoch). A new epoch holds none of the old one's until two people close the
old one at the seq that the hub has of it: one EPOCH_CLOSE op, and transactions that return every
balance it holds to the hub's part.
"""

from hashlib import sha256

from cloud.domain.cases import OPEN
from cloud.domain.judge import ADMITTED, CLOSED, CURRENT, FENCED, FORKED, SUPERSEDED, Account
from cloud.domain.refusals import Refusal, refusal
from cloud.domain.rights import may
from sync_protocol.accounts import class_of
from sync_protocol.branches import Branch
from sync_protocol.codec import pack
from sync_protocol.expect import expect_int, expect_list
from sync_protocol.kinds import BRANCH, CASE, EPOCH_CLOSE, NODE, STAFF, TRANSACTION, field_index
from sync_protocol.ledger import POSTINGS_MAX, REASON_EPOCH_CLOSE, Transaction
from sync_protocol.ops import EPOCH_MAX, NODE_MAX, SEQ_MAX, OpRef, ref_from_row
from sync_protocol.registers import Change, RegisterRow, RegisterWrite

FENCED_EPOCH = "fenced_epoch"
"""Type of the case that fences an epoch: a store was copied, or an old copy of it put back."""


def fence_case(node: int, epoch: int) -> int:
    """Return the number of the case that fences an epoch."""
    digest = sha256(pack(["cafebox fenced epoch", node, epoch])).digest()
    return int.from_bytes(digest[:6], "big")


def fencing(
    last: OpRef, reason: str, cafe: int, node_row: RegisterRow | None, opened_ms: int
) -> list[tuple[int, list[object]]]:
    """Return (kind, body) of the hub's ops that fence an epoch for good.

    last: the last op of it that holds; reason: `rewind` or `fork`; node_row: its node's register.
    """
    values: list[tuple[str, object]] = [
        ("type", FENCED_EPOCH),
        ("status", OPEN),
        ("cafe", cafe),
        ("op", last.row()),
        ("opened_ms", opened_ms),
        ("reason", reason),
    ]
    changes = [Change(field_index(CASE, name), value, None) for name, value in values]
    changes.sort(key=lambda change: change.index)
    case = RegisterWrite(b"", fence_case(last.node, last.epoch), cafe, changes)
    status = field_index(NODE, "status")
    entry = None if node_row is None else node_row.entry(status)
    base = None if entry is None else entry[2]
    node = RegisterWrite(b"", last.node, cafe, [Change(status, "fenced", base)])
    return [(CASE, case.body()), (NODE, node.body())]


def epoch_fenced_by(write: RegisterWrite) -> tuple[int, int] | None:
    """Return the (node, epoch) that a write of a CASE fences, None for any other case."""
    values = {change.index: change.value for change in write.changes}
    if values.get(field_index(CASE, "type")) != FENCED_EPOCH:
        return None
    last = ref_from_row(values[field_index(CASE, "op")])
    return (last.node, last.epoch)


def next_epoch(epochs: list[int]) -> int:
    """Return the epoch that a node's next incarnation writes under."""
    return max(epochs, default=0) + 1


def standing_after(standing: str, is_newest: bool, node_status: str) -> str:
    """Return the standing of an epoch after its node's register has changed.

    `is_newest`: the register names this epoch. What was forked, closed or admitted stays so.
    """
    if standing in (FORKED, CLOSED, ADMITTED):
        return standing
    if is_newest:
        return CURRENT if node_status == "active" else FENCED
    return SUPERSEDED if standing in (CURRENT, SUPERSEDED) else FENCED


Held = tuple[int, Account, int]
"""(cafe of the section, 0 for chain-wide; account; balance, debit positive)"""


def approval_fault(
    approvers: tuple[int, int], rows: tuple[RegisterRow | None, RegisterRow | None]
) -> Refusal | None:
    """Return why two people may not approve together; `rows` are their STAFF documents."""
    if approvers[0] == approvers[1]:
        return refusal("two_people")
    for row in rows:
        if row is None or row.value(field_index(STAFF, "active")) is not True:
            return refusal("approver_unknown")
        if not may(str(row.value(field_index(STAFF, "role"))), "approve_epoch"):
            return refusal("approver_unknown")
    return None


def closing(
    node: int,
    epoch: int,
    last_seq: int,
    approvers: tuple[int, int],
    held: list[Held],
    business_day: int,
    utc_offset_min: int,
) -> list[tuple[int, list[object]]] | Refusal:
    """Return (kind, body) of the hub's ops that close (node, epoch).

    last_seq: of that epoch at the hub; approvers: two staff ids; held: every balance that stands
    in an account held by (node, epoch).
    """
    if approvers[0] == approvers[1]:
        return refusal("two_people")
    bodies: list[tuple[int, list[object]]] = [
        (EPOCH_CLOSE, [node, epoch, last_seq, list(approvers)])
    ]
    returned = returning(held, REASON_EPOCH_CLOSE, business_day, utc_offset_min)
    return bodies + [(TRANSACTION, body) for body in returned]


def returning(
    held: list[Held], reason: int, business_day: int, utc_offset_min: int
) -> list[list[object]]:
    """Return bodies of the hub's transactions that return balances to the hub's part.

    Narrow accounts are returned in their cafe's name, so that its boxes fold it.
    """
    postings: dict[int, list[tuple[int, int | str, int, int, int, str, int]]] = {}
    for cafe, account, amount in held:
        code, subject, _node, _epoch, month, unit = account
        if amount == 0 or not class_of(code).limited:
            continue
        part = postings.setdefault(cafe, [])
        part.append((*account, -amount))
        part.append((code, subject, 0, 0, month, unit, amount))
    bodies = []
    for cafe, rows in sorted(postings.items()):
        for start in range(0, len(rows), POSTINGS_MAX):
            piece = rows[start : start + POSTINGS_MAX]
            transaction = Transaction(cafe, reason, business_day, utc_offset_min, 0, 0, None, piece)
            bodies.append(transaction.body())
    return bodies


def admitting(
    node: int,
    epoch: int,
    parent: tuple[int, int, bytes],
    last: tuple[int, bytes],
    approvers: tuple[int, int],
) -> tuple[int, list[object]]:
    """Return (kind, body) of the hub's op that opens a branch.

    epoch: the branch's; parent: (epoch, seq, hash) of the op that it follows; last: (seq, hash).
    """
    return (BRANCH, Branch(node, epoch, *parent, *last, approvers).body())


def closed_epoch(body: object) -> tuple[int, int, int]:
    """Return (node, epoch, last seq) of an EPOCH_CLOSE body; `ProtocolError` if malformed."""
    values = expect_list(body, "epoch close", 4, 4)
    return (
        expect_int(values[0], "node", 1, NODE_MAX),
        expect_int(values[1], "epoch", 1, EPOCH_MAX),
        expect_int(values[2], "seq", 0, SEQ_MAX),
    )
