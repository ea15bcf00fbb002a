"""Settle a conflict case: the hub's ops that do what a person chose, or why not. Pure.

A choice changes documents over their current values and moves a claim by a release and a take, all
in one block with the case's own settlement. Nothing here moves money: postings stand, and a merge
is an alias.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cloud.domain.cases import OPEN, SETTLED
from cloud.domain.disputes import Case, CaseFacts, ClaimMove, Dispute, Document
from cloud.domain.refusals import Refusal, refusal
from sync_protocol.claims import RELEASE, TAKE, ClaimWrite
from sync_protocol.kinds import ALIAS, CASE, KINDS, MEMBER, field_index
from sync_protocol.registers import SALT_BYTES, Change, RegisterWrite

NOTE_LENGTH_MAX = 200
DIGITS_TOLD_APART = 8
"""The end of a phone or identity number that gives it away."""
_PERSONAL_FIELDS = ("name", "phone", "identity")


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person decided: the choice, why, what they were shown, who and when (yyyymmdd)."""

    choice: str
    note: str
    seen: str
    person: int
    business_day: int


def settle(
    dispute: Dispute, choice: Choice, facts: CaseFacts, random_bytes: Callable[[int], bytes]
) -> list[tuple[int, object]] | Refusal:
    """Return the (kind, body) of the hub's ops that settle a case, or why it cannot be."""
    fault = _refused(dispute, choice, facts)
    if fault is not None:
        return fault
    option = dispute.option(choice.choice)
    if option is None:
        return refusal("settlement_unknown")
    ops: list[tuple[int, object]] = []
    if option.claim is not None:
        ops += _moving(option.claim, random_bytes)
    for document in dict.fromkeys(change.document for change in option.changes):
        values = {one.field: one.then for one in option.changes if one.document == document}
        ops.append((document[0], _written_over(document, values, facts, random_bytes)))
    if option.merged is not None:
        member, into = option.merged
        ops.append((ALIAS, _written_over((ALIAS, member), {"into": into}, facts, random_bytes)))
    ops.append(settled(dispute.case, choice, facts, random_bytes))
    return ops


def settled(
    case: Case, choice: Choice, facts: CaseFacts, random_bytes: Callable[[int], bytes]
) -> tuple[int, object]:
    """Return the (kind, body) that says who settled a case, when, how and why."""
    values: dict[str, object] = {
        "status": SETTLED,
        "settlement": choice.choice,
        "note": choice.note,
        "settled_by": choice.person,
        "settled_day": choice.business_day,
    }
    return CASE, _written_over((CASE, case.case), values, facts, random_bytes)


def note_fault(note: str) -> Refusal | None:
    """Return why this cannot be the reason of a decision."""
    if not note:
        return refusal("note_missing")
    return refusal("note_long") if len(note) > NOTE_LENGTH_MAX else None


def _refused(dispute: Dispute, choice: Choice, facts: CaseFacts) -> Refusal | None:
    if dispute.case.status != OPEN:
        return refusal("case_settled")
    fault = note_fault(choice.note)
    if fault is not None:
        return fault
    if _names_somebody(dispute, choice.note, facts):
        return refusal("note_personal")
    if choice.seen != dispute.seen:
        return refusal("case_changed")
    return None


def _names_somebody(dispute: Dispute, note: str, facts: CaseFacts) -> bool:
    """Return whether a note holds what is personal in the dispute: no erasure would find it."""
    members = {key for kind, key in _documents(dispute) if kind == MEMBER}
    members.update(member for option in dispute.options for member in option.merged or ())
    values = [one.a for one in dispute.differences if one.document[0] == MEMBER]
    values += [one.b for one in dispute.differences if one.document[0] == MEMBER]
    for member in members:
        row = facts.register(MEMBER, member)
        if row is not None:
            values += [row.value(field_index(MEMBER, name)) for name in _PERSONAL_FIELDS]
    texts = [value for value in values if isinstance(value, str)]
    return any(text[-DIGITS_TOLD_APART:] in note for text in texts if len(text) > 1)


def _documents(dispute: Dispute) -> set[Document]:
    documents = {one.document for one in dispute.differences}
    documents.update(change.document for one in dispute.options for change in one.changes)
    return documents


def _moving(move: ClaimMove, random_bytes: Callable[[int], bytes]) -> list[tuple[int, object]]:
    """Return the release in the holder's name and the take in the other's."""
    salt_bytes = SALT_BYTES if KINDS[move.kind].personal else 0
    ops: list[tuple[int, object]] = []
    if move.holder is not None:
        salt, holder = random_bytes(salt_bytes), move.holder
        release = ClaimWrite(salt, move.key, holder.cafe, holder.subject, RELEASE)
        ops.append((move.kind, release.body()))
    take = ClaimWrite(random_bytes(salt_bytes), move.key, move.cafe, move.subject, TAKE)
    return [*ops, (move.kind, take.body())]


def _written_over(
    document: Document,
    values: Mapping[str, object],
    facts: CaseFacts,
    random_bytes: Callable[[int], bytes],
) -> list[object]:
    """Return the body that sets fields over their current values, in the document's cafe's name."""
    kind, key = document
    row = facts.register(kind, key)
    changes = []
    for name, value in values.items():
        index = field_index(kind, name)
        entry = row.entry(index) if row is not None else None
        changes.append(Change(index, value, entry[2] if entry is not None else None))
    changes.sort(key=lambda change: change.index)
    salt = random_bytes(SALT_BYTES) if KINDS[kind].personal else b""
    return RegisterWrite(salt, key, row.cafe if row is not None else 0, changes).body()
