"""Cards: which may be used, blank ones, and the ops that issue one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from edge.domain.card_types import PLAIN, CardType, last_day
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
BATCH_MAX = 100
"""Blank cards made at once."""
ACTIVE, SUSPENDED, LOST, VOID = "active", "suspended", "lost", "void"
NFC, PRINTED = "nfc", "printed"
"""A card that is tapped, and one that has only the number printed on it."""

_REFUSALS = {SUSPENDED: "card_suspended", LOST: "card_lost", VOID: "card_void"}


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
    """Why a card may not be used, or None. One that was not renewed in time is none any more."""
    if row is None:
        return refuse("card_unknown")
    status = read_text(CARD, row, "status")
    if status != ACTIVE:
        return refuse(_REFUSALS.get(status, "card_void"))
    if is_blank(row):
        return refuse("card_blank")
    if is_lapsed(row, business_day):
        return refuse("card_expired", day=read_int(CARD, row, "valid_to_day"))
    return None


def is_blank(row: RegisterRow | None) -> bool:
    """Whether a card waits for the member who is given it."""
    return row is not None and not read_int(CARD, row, "member")


def is_lapsed(row: RegisterRow | None, business_day: int) -> bool:
    """Whether a card's validity is over."""
    valid_to = read_int(CARD, row, "valid_to_day")
    return bool(valid_to) and valid_to < business_day


@dataclass(frozen=True, slots=True)
class NewCard:
    """A card to be issued: either a fresh id with the claim key of its UID, or a blank one.

    `row` is the blank card's document, None for a card that was never seen; `key` is empty for a
    printed card. `holder` is the member who has it already, 0 for none.
    """

    card: int
    key: bytes
    holder: int
    row: RegisterRow | None = None


def issue_card(
    here: Here, member: int, new: NewCard, label: str = "", card_type: CardType = PLAIN
) -> Judgement:
    """A card for a member: its document and the claim of its number; valid from today on."""
    values = issued_values(here, member, new, label, card_type)
    if isinstance(values, Refusal):
        return values
    ops = [document_change(here, CARD, new.card, new.row, values)]
    if new.row is None:
        ops.append(NewOp(CARD_CLAIM, ClaimWrite(b"", new.key, here.cafe, new.card, TAKE).body()))
    answer = {"member": member, "card": new.card, "valid_to_day": values.get("valid_to_day", 0)}
    return Decision(tuple(ops), values=answer)


def issued_values(
    here: Here, member: int, new: NewCard, label: str, card_type: CardType
) -> dict[str, object] | Refusal:
    """The fields of a card that a member is given now."""
    if new.holder:
        return refuse("card_taken", number=number_text(new.holder))
    if new.row is not None and read_text(CARD, new.row, "status") != ACTIVE:
        return refuse(_REFUSALS.get(read_text(CARD, new.row, "status"), "card_void"))
    if len(label) > LABEL_LENGTH_MAX:
        return refuse("field_too_long", field=("卡面号", "label"), limit=LABEL_LENGTH_MAX)
    values: dict[str, object] = {"member": member, "issued_day": here.business_day}
    if new.row is None:
        values |= {"status": ACTIVE, "form": NFC}
    if label:
        values["label"] = label
    if card_type.code:
        values["type"] = card_type.code
    if card_type.valid_days:
        values["valid_to_day"] = last_day(here.business_day, card_type.valid_days)
    return values


def claimed_card(holder: ClaimRow | None) -> int:
    """The card that holds a claim key, 0 for none."""
    return int(holder.subject) if holder is not None else 0


def add_blank_card(
    here: Here, card: int, key: bytes, taken_by: int, label: str, card_type: str
) -> Judgement:
    """Take a tapped card into the stock of blank cards; `taken_by`: the card with this number."""
    if taken_by:
        return refuse("card_known_already")
    values: dict[str, object] = {"member": 0, "status": ACTIVE, "form": NFC, "type": card_type}
    if label:
        values["label"] = label
    ops = (
        document_change(here, CARD, card, None, values),
        NewOp(CARD_CLAIM, ClaimWrite(b"", key, here.cafe, card, TAKE).body()),
    )
    return Decision(ops, values={"card": card, "label": label})


def generate_cards(
    here: Here, cards: Sequence[int], labels: Sequence[str], card_type: str
) -> Decision:
    """Blank printed cards: one for each fresh id, with the number that is printed on it."""
    ops = []
    for card, label in zip(cards, labels, strict=True):
        values = {
            "member": 0,
            "status": ACTIVE,
            "form": PRINTED,
            "type": card_type,
            "label": label,
        }
        ops.append(document_change(here, CARD, card, None, values))
    return Decision(tuple(ops), values={"labels": list(labels)})


def card_label(cafe_code: str, number: int) -> str:
    """The number printed on a generated card, unique in the chain: `HZ01-000123`."""
    return f"{cafe_code}-{number:06}"
