"""Judge one op at its place in the log: facts in, verdict out. Done once, by the hub alone.

A current epoch's op is void only for what its author could see: in the op itself, in its own log
and up to its seen cursor. Since only a holder lowers what it holds, a limited account that goes
below zero here had already done so at its author.
"""

from dataclasses import dataclass
from typing import Protocol

from cloud.domain.cases import Conflict, exceeded, lost_claim, overwritten_fields, voided
from sync_protocol.accounts import class_of
from sync_protocol.annotations import (
    APPLIED,
    DEFERRED,
    DIVERTED,
    LOST,
    OVERWROTE,
    VOID,
    Annotation,
)
from sync_protocol.claims import ClaimRow, ClaimWrite, claim_from_body, holder_against
from sync_protocol.errors import ProtocolError
from sync_protocol.expect import AMOUNT_MAX
from sync_protocol.fold import erased_subject
from sync_protocol.kinds import (
    CAFE,
    CAFE_TRANSACTION,
    CLAIM,
    ERASE,
    HUB_ONLY,
    KINDS,
    LEDGER,
    REGISTER,
    TRANSACTION,
    Kind,
)
from sync_protocol.ledger import Transaction, transaction_from_body
from sync_protocol.ledger import fault_of as ledger_fault
from sync_protocol.ops import HUB, OP_VERSION, Op
from sync_protocol.registers import RegisterRow, RegisterWrite, compare, write_from_body
from sync_protocol.registers import fault_of as register_fault
from sync_protocol.state_hash import CHAIN_WIDE

Account = tuple[int, int | str, int, int, int, str]
"""(class, subject, holder node, holder epoch, month, unit)"""
Section = tuple[int, int]
"""(kind, cafe), as `state_hash` names it"""

CURRENT = "current"
ADMITTED = "admitted"
"""A branch of an earlier epoch that two people admitted: excess is diverted, never void."""
SUPERSEDED = "superseded"
"""The node has a later epoch; what this one left over is taken where its chain goes on."""
FENCED = "fenced"
"""By people; they may lift it."""
FORKED = "forked"
"""Two stores wrote ops of one number, or an old copy of a store was put back: for good."""
CLOSED = "closed"
"""By two people: what it held went back to the hub's part."""

BODY_BYTES_MAX = 256 * 1024
"""Of one op's packed body: a picture of 64 KB and text many times over."""


class Facts(Protocol):
    """What the judge reads: confirmed state just before the op."""

    def register(self, kind: int, key: int | str) -> RegisterRow | None: ...
    def claim(self, kind: int, key: bytes) -> ClaimRow | None: ...
    def balance(self, section: Section, account: Account) -> int: ...
    def is_erased(self, subject: int | str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Author:
    """What the hub knows of who wrote an op: its cafe, and the standing of its epoch."""

    cafe: int
    standing: str = CURRENT


@dataclass(slots=True)  # not frozen: one is made for each op, and that took a microsecond more
class Judged:
    """The verdict, the decoded body to fold (None where nothing is folded), and a conflict."""

    annotation: Annotation
    decoded: Transaction | RegisterWrite | ClaimWrite | int | None = None
    conflict: Conflict | None = None


def judge(op: Op, author: Author, effective: int, facts: Facts) -> Judged:
    """Return the verdict on `op`, which follows everything that `facts` holds."""
    kind = KINDS.get(op.header.kind)
    if kind is None:
        return Judged(Annotation(effective, DEFERRED, "kind_unknown"))
    if op.header.version > OP_VERSION and kind.policy != LEDGER:
        return Judged(Annotation(effective, DEFERRED, "version_unknown"))
    if op.body is None:
        return _void(op, kind, effective, "erased" if kind.personal else "body_missing")
    try:
        if kind.policy == LEDGER:
            return _judge_ledger(op, kind, author, effective, facts)
        if kind.policy == REGISTER:
            return _judge_register(op, kind, author, effective, facts)
        if kind.policy == CLAIM:
            return _judge_claim(op, kind, author, effective, facts)
        return _judge_system(op, kind, effective)
    except ProtocolError:
        return _void(op, kind, effective, "malformed")


def judge_oversized(op: Op, effective: int) -> Judged:
    """Return the verdict on an op whose body was longer than `BODY_BYTES_MAX` and is dropped."""
    kind = KINDS.get(op.header.kind)
    if kind is None:
        return Judged(Annotation(effective, DEFERRED, "kind_unknown"))
    return _void(op, kind, effective, "body_size")


def _void(op: Op, kind: Kind, effective: int, reason: str) -> Judged:
    conflict = None if reason == "erased" else voided(op, kind, reason)
    return Judged(Annotation(effective, VOID, reason), None, conflict)


def _judge_system(op: Op, kind: Kind, effective: int) -> Judged:
    if kind.author == HUB_ONLY and op.header.node != HUB:
        return _void(op, kind, effective, "hub_only")
    if kind.code == ERASE:
        return Judged(Annotation(effective, APPLIED), erased_subject(op.body))
    return Judged(Annotation(effective, APPLIED))


def _judge_register(op: Op, kind: Kind, author: Author, effective: int, facts: Facts) -> Judged:
    write = write_from_body(kind, op.body)
    if kind.personal and facts.is_erased(write.key):
        return _void(op, kind, effective, "erased")
    row = facts.register(kind.code, write.key)
    fault = register_fault(kind, op.header.node, write, author.cafe, row)
    if fault is not None:
        return _void(op, kind, effective, fault)
    lost, overwrote = compare(kind, write, effective, op.header.node, row)
    if row is None or not (lost or overwrote):
        return Judged(Annotation(effective, APPLIED), write)
    annotation = Annotation(effective, OVERWROTE, [lost, overwrote])
    return Judged(annotation, write, overwritten_fields(op, write, lost, overwrote, row))


def _judge_claim(op: Op, kind: Kind, author: Author, effective: int, facts: Facts) -> Judged:
    claim = claim_from_body(kind, op.body)
    if kind.personal and facts.is_erased(claim.subject):
        return _void(op, kind, effective, "erased")
    if op.header.node != HUB and claim.cafe != author.cafe:
        return _void(op, kind, effective, "other_cafe")
    holder = holder_against(claim, facts.claim(kind.code, claim.key))
    if holder is None:
        return Judged(Annotation(effective, APPLIED), claim)
    annotation = Annotation(effective, LOST, holder.reference.row())
    return Judged(annotation, None, lost_claim(op, claim.subject, holder.reference))


def _judge_ledger(op: Op, kind: Kind, author: Author, effective: int, facts: Facts) -> Judged:
    transaction = transaction_from_body(op.body)
    fault = ledger_fault(op.header, transaction, author.cafe)
    if fault is not None:
        return _void(op, kind, effective, fault)
    excess, out_of_range = _excess(transaction, facts)
    if out_of_range:
        return _void(op, kind, effective, "balance_range")
    if not excess:
        return Judged(Annotation(effective, APPLIED), transaction)
    if author.standing != ADMITTED:
        return _void(op, kind, effective, "below_zero")
    annotation = Annotation(effective, DIVERTED, _diversions(transaction, excess))
    return Judged(annotation, transaction, exceeded(op))


def section_of(code: int, cafe: int) -> Section:
    """Return the section in which a posting of class `code` stands, `cafe` the transaction's."""
    if class_of(code).reach == CAFE:
        return (CAFE_TRANSACTION, cafe)
    return (TRANSACTION, CHAIN_WIDE)


def _excess(transaction: Transaction, facts: Facts) -> tuple[dict[Account, int], bool]:
    """Return how far each limited account would go below zero, and whether one leaves ±2^53."""
    sums: dict[Account, int] = {}
    for posting in transaction.postings:
        account = posting[:6]
        sums[account] = sums.get(account, 0) + posting[6]
    excess: dict[Account, int] = {}
    for account, amount in sums.items():
        row = class_of(account[0])
        before = facts.balance(section_of(account[0], transaction.cafe), account)
        after = before + amount
        if after > AMOUNT_MAX or after < -AMOUNT_MAX:
            return {}, True
        if row.limited and amount * row.side < 0 and after * row.side < 0:
            excess[account] = -after * row.side
    return excess, False


def _diversions(transaction: Transaction, excess: dict[Account, int]) -> list[list[int]]:
    """Return [[posting index, signed amount], ...] that brings every account back to zero."""
    left = dict(excess)
    diversions = []
    for index, posting in enumerate(transaction.postings):
        account, amount = posting[:6], posting[6]
        side = class_of(account[0]).side
        part = min(left.get(account, 0), max(-amount * side, 0))
        if part:
            left[account] -= part
            diversions.append([index, -part * side])
    return diversions
