"""Cards: which may be used, and the ops that issue one."""

import re

from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    NewOp,
    document_change,
    read_int,
    read_text,
)
from edge.domain.members import number_text
from edge.domain.refusals import Refusal, refuse
from sync_protocol.claims import TAKE, ClaimRow, ClaimWrite
from sync_protocol.kinds import CARD, CARD_CLAIM
from sync_protocol.registers import RegisterRow

UID_BYTES_MIN = 4
UID_BYTES_MAX = 10
"""ISO/IEC 14443-3: single, double and triple size UIDs."""
LABEL_LENGTH_MAX = 40
ACTIVE = "active"

_REFUSALS = {"suspended": "card_suspended", "lost": "card_lost", "void": "card_void"}


def normal_uid(uid: bytes) -> str:
    """The form of a card's UID that its claim hashes: upper-case hex."""
    return uid.hex().upper()


def uid_of_text(text: str) -> bytes | Refusal:
    """The UID of hex digits, with or without separators."""
    digits = re.sub(r"[\s:\-]", "", text)
    if not re.fullmatch(r"([0-9A-Fa-f]{2})+", digits, re.ASCII):
        return refuse("card_uid_invalid")
    uid = bytes.fromhex(digits)
    if not UID_BYTES_MIN <= len(uid) <= UID_BYTES_MAX:
        return refuse("card_uid_invalid")
    return uid


def card_refusal(row: RegisterRow | None, business_day: int) -> Refusal | None:
    """Why a card may not be used, or None."""
    if row is None:
        return refuse("card_unknown")
    status = read_text(CARD, row, "status")
    if status != ACTIVE:
        return refuse(_REFUSALS.get(status, "card_void"))
    valid_to = read_int(CARD, row, "valid_to_day")
    if valid_to and valid_to < business_day:
        return refuse("card_expired", day=valid_to)
    return None


def issue_card(
    here: Here, card: int, member: int, key: bytes, holder_member: int, label: str
) -> Judgement:
    """A card for a member: its document and the claim of its number.

    `card` is a fresh id; `key` the card's claim key; `holder_member` the member who holds that
    key already, 0 for none.
    """
    if holder_member:
        return refuse("card_taken", number=number_text(holder_member))
    if len(label) > LABEL_LENGTH_MAX:
        return refuse("field_too_long", field=("卡面号", "label"), limit=LABEL_LENGTH_MAX)
    values: dict[str, object] = {
        "member": member,
        "status": ACTIVE,
        "form": "nfc",
        "issued_day": here.business_day,
    }
    if label:
        values["label"] = label
    return Decision(
        (
            document_change(here, CARD, card, None, values),
            NewOp(CARD_CLAIM, ClaimWrite(b"", key, here.cafe, card, TAKE).body()),
        ),
        values={"member": member, "card": card},
    )


def claimed_card(holder: ClaimRow | None) -> int:
    """The card that holds a claim key, 0 for none."""
    return int(holder.subject) if holder is not None else 0
