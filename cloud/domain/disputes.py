"""Examine a conflict case: both sides, and what each way to settle it would change now. Pure.

Side B is the op that opened the case, side A what stood against it. `settlements` does what a
person chose.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Protocol

from cloud.domain.cases import CONCURRENT, LOST_CLAIM
from sync_protocol.claims import ClaimRow, claim_from_body, member_of_opening
from sync_protocol.codec import pack
from sync_protocol.errors import ProtocolError
from sync_protocol.kinds import (
    ALIAS,
    ASSET,
    ASSET_CLAIM,
    CARD,
    CARD_CLAIM,
    CASE,
    IDENTITY_CLAIM,
    KINDS,
    MEMBER,
    OPENING_CLAIM,
    PHONE_CLAIM,
    Kind,
    field_index,
)
from sync_protocol.ops import Op, OpRef, ref_from_row
from sync_protocol.registers import RegisterRow, RegisterWrite, write_from_body

KEEP_A = "keep_a"
KEEP_B = "keep_b"
MERGE = "merge"
DISMISS = "dismiss"
ADMIT = "admit"
WRITE_OFF = "write_off"
"""What two people decided over a fenced epoch, see `epochs`."""

COMMIT_OPS_MAX = 3
"""An asset's description and the claim of its tag stand this close in their author's log."""
SEEN_LENGTH = 16
MERGES_MAX = 16
"""Aliases followed from one member to the next."""

_CLAIMED_FIELDS = {PHONE_CLAIM: "phone", IDENTITY_CLAIM: "identity"}

Document = tuple[int, int | str]
"""(kind, key)"""


class CaseFacts(Protocol):
    """What a settlement reads, as it stands just before it."""

    def register(self, kind: int, key: int | str) -> RegisterRow | None: ...
    def claim(self, kind: int, key: bytes) -> ClaimRow | None: ...
    def is_erased(self, subject: int | str) -> bool: ...
    def op(self, node: int, epoch: int, seq: int) -> Op | None: ...
    def op_of(self, reference: OpRef) -> Op | None: ...


@dataclass(frozen=True, slots=True)
class Case:
    """A case as its document says; `fields` as in `cases.Conflict`. 0 and "": not set."""

    case: int
    type: str
    status: str
    cafe: int
    kind: int
    op: OpRef
    against: OpRef | None
    subject: int
    fields: tuple[tuple[int, bool, OpRef], ...]
    reason: str
    opened_ms: int
    settlement: str
    note: str
    settled_by: int
    settled_day: int


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a document that a choice would set from `now` to `then`."""

    document: Document
    field: str
    now: object
    then: object


@dataclass(frozen=True, slots=True)
class ClaimMove:
    """A key that a choice would take from `holder` (None: it is free) and give to `subject`."""

    kind: int
    key: bytes
    holder: ClaimRow | None
    cafe: int
    subject: int | str


@dataclass(frozen=True, slots=True)
class Option:
    """One way to settle a case and all that it would change; `merged`: (member, into)."""

    choice: str
    changes: tuple[FieldChange, ...] = ()
    claim: ClaimMove | None = None
    merged: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One field as A and B wrote it, and what it is now."""

    document: Document
    field: str
    a: object
    b: object
    now: object


@dataclass(frozen=True, slots=True)
class Dispute:
    """An examined case. `a` and `b` are the sides' ops; either may be gone or erased.

    `subjects`: (A's, B's) of a claim. `has_changed`: something at stake is no longer as the case
    left it. `seen` stands for all that the options were made from: it changes when they do.
    """

    case: Case
    a: tuple[Op, ...]
    b: Op | None
    subjects: tuple[int | str, int | str]
    differences: tuple[Difference, ...]
    options: tuple[Option, ...]
    has_changed: bool
    is_erased: bool
    seen: str

    def option(self, choice: str) -> Option | None:
        """Return the option of a choice, None where it is not one of this case's."""
        return next((option for option in self.options if option.choice == choice), None)


def case_of_row(key: int, row: RegisterRow) -> Case:
    """Return the case of a CASE document; `ProtocolError` for one that the hub did not write."""
    values = {field.name: row.value(index) for index, field in enumerate(KINDS[CASE].fields)}

    def text(name: str) -> str:
        value = values[name]
        return value if isinstance(value, str) else ""

    def number(name: str) -> int:
        value = values[name]
        return value if isinstance(value, int) else 0

    against, fields = values["against"], values["fields"]
    return Case(
        key,
        text("type"),
        text("status"),
        number("cafe"),
        number("kind"),
        ref_from_row(values["op"]),
        None if against is None else ref_from_row(against),
        number("subject"),
        tuple(
            (index, lost, ref_from_row(other))
            for index, lost, other in (fields if isinstance(fields, list) else [])
            if other
        ),
        text("reason"),
        number("opened_ms"),
        text("settlement"),
        text("note"),
        number("settled_by"),
        number("settled_day"),
    )


def examine(case: Case, facts: CaseFacts) -> Dispute:
    """Return the case with both sides and what each choice would change now."""
    b = facts.op_of(case.op)
    references = dict.fromkeys(
        [*([case.against] if case.against else []), *(other for _, _, other in case.fields)]
    )
    a = tuple(op for op in (facts.op_of(reference) for reference in references) if op is not None)
    bare = Dispute(case, a, b, (0, 0), (), (Option(DISMISS),), False, False, "")
    try:
        if case.type == CONCURRENT:
            return _with_seen(_concurrent(bare, facts), facts)
        if case.type == LOST_CLAIM:
            return _with_seen(_lost_claim(bare, facts), facts)
    except ProtocolError:
        pass  # a body of a later version: its sides are shown, it can be dismissed
    return _with_seen(replace(bare, is_erased=_is_gone(b)), facts)


def _is_gone(op: Op | None) -> bool:
    return op is None or op.body is None


# A concurrent edit


def _concurrent(dispute: Dispute, facts: CaseFacts) -> Dispute:
    case = dispute.case
    kind = KINDS[case.kind]
    mine = _write_of(kind, dispute.b)
    if mine is None or (kind.personal and facts.is_erased(mine.key)):
        return replace(dispute, is_erased=True)
    row = facts.register(kind.code, mine.key)
    differences = []
    has_changed = False
    for index, lost, other in case.fields:
        theirs = _write_of(kind, facts.op_of(other))
        if theirs is None:
            return replace(dispute, is_erased=True)
        entry = row.entry(index) if row is not None else None
        has_changed |= entry is None or ref_from_row(entry[2]) != (other if lost else case.op)
        differences.append(_difference(kind, mine.key, index, theirs, mine, row))
    options = (*_keep_either(differences), Option(DISMISS))
    return replace(
        dispute, differences=tuple(differences), options=options, has_changed=has_changed
    )


def _write_of(kind: Kind, op: Op | None) -> RegisterWrite | None:
    return None if op is None or op.body is None else write_from_body(kind, op.body)


def _difference(
    kind: Kind,
    key: int | str,
    index: int,
    a: RegisterWrite,
    b: RegisterWrite,
    row: RegisterRow | None,
) -> Difference:
    now = row.value(index) if row is not None else None
    name = kind.fields[index].name
    return Difference((kind.code, key), name, _written(a, index), _written(b, index), now)


def _written(write: RegisterWrite, index: int) -> object:
    return next((change.value for change in write.changes if change.index == index), None)


def _keep_either(differences: Sequence[Difference]) -> tuple[Option, Option]:
    keep_a = [FieldChange(one.document, one.field, one.now, one.a) for one in differences]
    keep_b = [FieldChange(one.document, one.field, one.now, one.b) for one in differences]
    return (
        Option(KEEP_A, tuple(change for change in keep_a if change.now != change.then)),
        Option(KEEP_B, tuple(change for change in keep_b if change.now != change.then)),
    )


# A lost claim


def _lost_claim(dispute: Dispute, facts: CaseFacts) -> Dispute:
    case = dispute.case
    kind = KINDS[case.kind]
    if dispute.b is None or dispute.b.body is None:
        return replace(dispute, is_erased=True)
    b = claim_from_body(kind, dispute.b.body)
    if kind.personal and facts.is_erased(b.subject):
        return replace(dispute, is_erased=True)
    a_gone = not dispute.a or dispute.a[0].body is None
    a_subject = 0 if a_gone else claim_from_body(kind, dispute.a[0].body).subject
    held = facts.claim(kind.code, b.key)
    found = replace(
        dispute,
        subjects=(a_subject, b.subject),
        has_changed=held is None or held.reference != case.against,
        is_erased=a_gone or facts.is_erased(a_subject),
    )
    move = None
    if held is None or held.subject != b.subject:
        move = ClaimMove(kind.code, b.key, held, b.cafe, b.subject)
    if kind.code in _CLAIMED_FIELDS:
        return _same_number(found, _CLAIMED_FIELDS[kind.code], move, facts)
    if kind.code == CARD_CLAIM:
        return _same_card(found, move, facts)
    if kind.code == ASSET_CLAIM:
        return _same_tag(found, move, facts)
    if kind.code == OPENING_CLAIM:
        return replace(found, subjects=(member_of_opening(b.key),) * 2)
    return found


def _same_number(dispute: Dispute, field: str, move: ClaimMove | None, facts: CaseFacts) -> Dispute:
    """Two members with one phone or identity number: it is struck out at whom it is not left."""
    a, b = dispute.subjects
    rows = [facts.register(MEMBER, subject) for subject in (a, b)]
    index = field_index(MEMBER, field)
    values = [row.value(index) if row is not None else None for row in rows]
    strike_a, strike_b = (
        (FieldChange((MEMBER, subject), field, values[0], None),)
        if values[0] is not None and values[0] == values[1]
        else ()
        for subject in (a, b)
    )
    options = [Option(KEEP_A, strike_b), Option(KEEP_B, strike_a, move)]
    options += _merge(facts, a, b, ())
    return replace(dispute, options=(*options, Option(DISMISS)))


def _same_card(dispute: Dispute, move: ClaimMove | None, facts: CaseFacts) -> Dispute:
    """Two records of one piece of plastic: the record to which it is not left becomes void."""
    index, member_index = field_index(CARD, "status"), field_index(CARD, "member")
    voids, members = [], []
    for card in dispute.subjects:
        row = facts.register(CARD, card)
        status = row.value(index) if row is not None else None
        change = FieldChange((CARD, card), "status", status, "void")
        voids.append((change,) if status not in (None, "void") else ())
        member = row.value(member_index) if row is not None else None
        members.append(member if isinstance(member, int) else 0)
    options = [Option(KEEP_A, voids[1]), Option(KEEP_B, voids[0], move)]
    options += _merge(facts, members[0], members[1], voids[1])
    return replace(dispute, options=(*options, Option(DISMISS)))


def _same_tag(dispute: Dispute, move: ClaimMove | None, facts: CaseFacts) -> Dispute:
    """One tag, two receipts: whose description stands; the other cafe undoes its receipt."""
    tag = _tag_of(dispute.b)
    writes = [_asset_beside(op, tag, facts) for op in (*dispute.a, dispute.b) if op is not None]
    row = facts.register(ASSET, tag)
    differences = []
    if len(writes) == 2 and writes[0] is not None and writes[1] is not None:
        for index in range(len(KINDS[ASSET].fields)):
            one = _difference(KINDS[ASSET], tag, index, writes[0], writes[1], row)
            if one.a != one.b:
                differences.append(one)
    keep_a, keep_b = _keep_either(differences)
    options = (keep_a, replace(keep_b, claim=move), Option(DISMISS))
    return replace(dispute, differences=tuple(differences), options=options)


def _tag_of(op: Op | None) -> str:
    if op is None or op.body is None:
        return ""
    return claim_from_body(KINDS[ASSET_CLAIM], op.body).key.decode(errors="replace")


def _asset_beside(claim: Op, tag: str, facts: CaseFacts) -> RegisterWrite | None:
    """Return the description that a cafe wrote in the same commit as the claim of the tag."""
    header = claim.header
    for seq in range(max(1, header.seq - COMMIT_OPS_MAX), header.seq + COMMIT_OPS_MAX + 1):
        op = facts.op(header.node, header.epoch, seq)
        if op is not None and op.header.kind == ASSET and op.body is not None:
            write = write_from_body(KINDS[ASSET], op.body)
            if write.key == tag:
                return write
    return None


def _merge(
    facts: CaseFacts, a: int | str, b: int | str, changes: tuple[FieldChange, ...]
) -> list[Option]:
    """Return the merge of B's member into A's, if those are two people on record."""
    into, member = _person(facts, a), _person(facts, b)
    if not into or not member or into == member:
        return []
    if any(facts.is_erased(one) or facts.register(MEMBER, one) is None for one in (into, member)):
        return []
    return [Option(MERGE, changes, None, (member, into))]


def _person(facts: CaseFacts, member: int | str) -> int:
    """Return whom a member was merged into, or itself; 0 for none."""
    if not isinstance(member, int):
        return 0
    for _ in range(MERGES_MAX):
        row = facts.register(ALIAS, member)
        into = row.value(field_index(ALIAS, "into")) if row is not None else None
        if not isinstance(into, int):
            break
        member = into
    return member


def _with_seen(dispute: Dispute, facts: CaseFacts) -> Dispute:
    """Add what stands for everything that the page shows and the choice rests on."""
    stakes: list[object] = [dispute.case.status, dispute.is_erased]
    for option in dispute.options:
        stakes.append([option.choice, list(option.merged or ())])
        for change in option.changes:
            kind, key = change.document
            row = facts.register(kind, key)
            entry = row.entry(field_index(kind, change.field)) if row is not None else None
            stakes.append([kind, key, change.field, entry[2] if entry is not None else None])
        if option.claim is not None:
            holder = option.claim.holder
            stakes.append(holder.row() if holder is not None else None)
    return replace(dispute, seen=sha256(pack(stakes)).hexdigest()[:SEEN_LENGTH])
