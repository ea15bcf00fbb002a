"""Review of members' data: approved data is locked, and a change of it is recorded with its reason.

Who changed what and when is the op itself; `change_reason` is written with each change of locked
data, so that the document's history tells why.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.domain.approvals import approval_needed
from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    NewOp,
    document_change,
    read_int,
    read_list,
    read_text,
)
from edge.domain.members import (
    STATUS_ACTIVE,
    STATUS_REJECTED,
    CheckedApplication,
    MemberKeys,
    keys_refusal,
    member_refusal,
)
from edge.domain.refusals import Refusal, refuse
from sync_protocol.claims import RELEASE, TAKE, ClaimWrite
from sync_protocol.kinds import IDENTITY_CLAIM, MEMBER, PHONE_CLAIM
from sync_protocol.registers import RegisterRow

CHANGE_LOCKED = "change_member_locked"
REASON_LENGTH_MAX = 100
NOTE_LENGTH_MAX = 200
NOTES_LENGTH_MAX = 4000
"""Of all notes of a member; the oldest go first."""
NOTES_ABOUT = ("service", "feedback", "preference", "other")


def is_locked(row: RegisterRow | None) -> bool:
    """Whether a member's data was approved: from then on it is locked."""
    return read_int(MEMBER, row, "approved_by") > 0


def approve_member(
    here: Here, member: int, row: RegisterRow | None, approver: int, salt: bytes
) -> Judgement:
    """Approve what was entered of a member; a rejected application is taken up again by it."""
    if row is None or row.entries is None:
        return refuse("member_unknown")
    if is_locked(row):
        return refuse("member_approved_already")
    values: dict[str, object] = {"approved_by": approver, "approved_day": here.business_day}
    if read_text(MEMBER, row, "status") == STATUS_REJECTED:
        values["status"] = STATUS_ACTIVE
    op = document_change(here, MEMBER, member, row, values, salt)
    return Decision((op,), values={"member": member})


def reject_member(
    here: Here, member: int, row: RegisterRow | None, reason: str, salt: bytes
) -> Judgement:
    """Refuse an application: nothing more can be done for the person until it is approved."""
    refusal = member_refusal(row)
    if refusal is not None:
        return refusal
    if is_locked(row):
        return refuse("member_approved_already")
    checked = checked_reason(reason)
    if isinstance(checked, Refusal):
        return checked
    values = {
        "status": STATUS_REJECTED,
        "exit_reason": checked,
        "exit_day": here.business_day,
        "approved_day": here.business_day,
    }
    op = document_change(here, MEMBER, member, row, values, salt)
    return Decision((op,), values={"member": member})


def checked_reason(text: str) -> str | Refusal:
    """A reason that somebody else will read later."""
    if not text:
        return refuse("reason_missing")
    if len(text) > REASON_LENGTH_MAX:
        return refuse("field_too_long", field=("原因", "reason"), limit=REASON_LENGTH_MAX)
    return text


@dataclass(frozen=True, slots=True)
class Authority:
    """Who changes data: `person` is of the staff, `may_unlock` says whether locked data too."""

    person: int
    may_unlock: bool
    reason: str


def change_member(
    here: Here,
    member: int,
    row: RegisterRow | None,
    application: CheckedApplication,
    keys: MemberKeys,
    authority: Authority,
    salts: Sequence[bytes],
) -> Judgement:
    """Change a member's data to what `application` says, and what is claimed with it.

    `keys` are those of the new phone and document; `salts` are five of 16 random bytes.
    """
    refusal = member_refusal(row) or keys_refusal(member, keys)
    if refusal is not None or row is None:
        return refusal or refuse("member_unknown")
    changed = _changed(row, application)
    if not changed:
        return refuse("nothing_changed")
    values = dict(changed)
    if is_locked(row):
        if not authority.may_unlock:
            return approval_needed(CHANGE_LOCKED)
        reason = checked_reason(authority.reason)
        if isinstance(reason, Refusal):
            return reason
        values |= {
            "change_reason": reason,
            "approved_by": authority.person,
            "approved_day": here.business_day,
        }
    ops = [document_change(here, MEMBER, member, row, values, salts[0])]
    ops += _claims(here, member, keys, "phone" in changed, _document_changed(changed), salts[1:])
    return Decision(tuple(ops), values={"member": member, "changed": sorted(changed)})


def _changed(row: RegisterRow, application: CheckedApplication) -> dict[str, object]:
    """The fields whose value is another one, and their new values."""
    changed = {}
    for name, value in application.values().items():
        index_value: object
        if name == "custom":
            index_value = read_list(MEMBER, row, name) or None
        elif name == "birth_date":
            index_value = read_int(MEMBER, row, name) or None
        else:
            index_value = read_text(MEMBER, row, name) or None
        if index_value != value:
            changed[name] = value
    return changed


def _document_changed(changed: dict[str, object]) -> bool:
    return "identity" in changed or "identity_kind" in changed


def _claims(
    here: Here,
    member: int,
    keys: MemberKeys,
    phone_changed: bool,
    document_changed: bool,
    salts: Sequence[bytes],
) -> list[NewOp]:
    """Give the former keys up, take the new ones."""
    ops = []
    for kind, changed, former, key, pair in (
        (PHONE_CLAIM, phone_changed, keys.former_phone, keys.phone, salts[:2]),
        (IDENTITY_CLAIM, document_changed, keys.former_identity, keys.identity, salts[2:]),
    ):
        if not changed or former == key:
            continue
        if former:
            ops.append(NewOp(kind, ClaimWrite(pair[0], former, here.cafe, member, RELEASE).body()))
        if key:
            ops.append(NewOp(kind, ClaimWrite(pair[1], key, here.cafe, member, TAKE).body()))
    return ops


def add_note(
    here: Here,
    member: int,
    row: RegisterRow | None,
    about: str,
    text: str,
    author: str,
    salt: bytes,
) -> Judgement:
    """Write a line into a member's file: the newest first, with its day and who wrote it.

    Notes are no approved data: they are never locked.
    """
    refusal = member_refusal(row)
    if refusal is not None:
        return refusal
    if about not in NOTES_ABOUT:
        return refuse("field_invalid", field="about")
    note = " ".join(text.split())
    if not note:
        return refuse("field_missing", field=("记录", "note"))
    if len(note) > NOTE_LENGTH_MAX:
        return refuse("field_too_long", field=("记录", "note"), limit=NOTE_LENGTH_MAX)
    lines = [f"{here.business_day}\t{about}\t{author}\t{note}", *notes_text(row)]
    while sum(map(len, lines)) > NOTES_LENGTH_MAX:
        lines.pop()
    op = document_change(here, MEMBER, member, row, {"note": "\n".join(lines)}, salt)
    return Decision((op,), values={"member": member})


def notes_text(row: RegisterRow | None) -> list[str]:
    """The lines of a member's notes, newest first."""
    return [line for line in read_text(MEMBER, row, "note").split("\n") if line]


@dataclass(frozen=True, slots=True)
class Note:
    """One line of a member's file; `about` is one of NOTES_ABOUT."""

    day: int
    about: str
    author: str
    text: str


def notes_of(row: RegisterRow | None) -> tuple[Note, ...]:
    """A member's notes, newest first; a line of another program is one of no day."""
    notes = []
    for line in notes_text(row):
        parts = line.split("\t", 3)
        if len(parts) == 4 and parts[0].isdecimal():
            notes.append(Note(int(parts[0]), parts[1], parts[2], parts[3]))
        else:
            notes.append(Note(0, "other", "", line))
    return tuple(notes)


def renew_consent(
    here: Here, member: int, row: RegisterRow | None, consent: str, salt: bytes
) -> Judgement:
    """The member agreed to the terms in force."""
    refusal = member_refusal(row)
    if refusal is not None:
        return refusal
    if read_text(MEMBER, row, "consent") == consent:
        return refuse("consent_current")
    op = document_change(here, MEMBER, member, row, {"consent": consent}, salt)
    return Decision((op,), values={"member": member, "consent": consent})
