"""The life of an issued card: lost and found, suspended, extended, renewed, replaced, handed on.

Each change of status names the status that the person was shown; where two cafes change one card
at the same time the safer status wins (`sync_protocol.kinds.CARD_STATUS`). What a member has is the
member's and never the card's: nothing of it moves when a card does.
"""

from collections.abc import Collection, Mapping

from edge.domain.card_types import LAST_DAY_MAX, CardType, day_after, last_day
from edge.domain.cards import ACTIVE, LOST, SUSPENDED, VOID, NewCard, is_blank, issued_values
from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    NewOp,
    document_change,
    read_int,
    read_text,
)
from edge.domain.refusals import Refusal, refuse
from sync_protocol.claims import TAKE, ClaimWrite
from sync_protocol.kinds import CARD, CARD_CLAIM
from sync_protocol.registers import RegisterRow

CHANGES = {
    "report_card_lost": ((ACTIVE, SUSPENDED), LOST),
    "cancel_card_lost": ((LOST,), ACTIVE),
    "suspend_card": ((ACTIVE,), SUSPENDED),
    "resume_card": ((SUSPENDED,), ACTIVE),
    "void_card": ((ACTIVE, SUSPENDED, LOST), VOID),
}
"""Command -> (from which status, to which)."""


def change_status(here: Here, card: int, row: RegisterRow | None, command: str) -> Judgement:
    """Do one of CHANGES."""
    before, after = CHANGES[command]
    refusal = held_refusal(row, before)
    if refusal is not None:
        return refusal
    op = document_change(here, CARD, card, row, {"status": after})
    return Decision((op,), values=_answer(card, row, after))


def held_refusal(row: RegisterRow | None, statuses: Collection[str]) -> Refusal | None:
    """Why nothing can be done with a member's card that should have one of `statuses`, or None."""
    if row is None:
        return refuse("card_unknown")
    if is_blank(row):
        return refuse("card_blank")
    status = read_text(CARD, row, "status")
    return None if status in statuses else refuse(f"card_is_{status or VOID}")


def _answer(card: int, row: RegisterRow | None, status: str) -> dict[str, object]:
    return {"card": card, "member": read_int(CARD, row, "member"), "status": status}


def extend_card(here: Here, card: int, row: RegisterRow | None, to_day: int) -> Judgement:
    """Let a card be valid to a later day than it is."""
    refusal = held_refusal(row, (ACTIVE, SUSPENDED, LOST))
    if refusal is not None:
        return refusal
    valid_to = read_int(CARD, row, "valid_to_day")
    if not valid_to:
        return refuse("card_without_end")
    if to_day <= max(valid_to, here.business_day - 1):
        return refuse("card_day_not_later", day=valid_to)
    if to_day > LAST_DAY_MAX:
        return refuse("card_day_too_far", day=LAST_DAY_MAX)
    op = document_change(here, CARD, card, row, {"valid_to_day": to_day})
    answer = _answer(card, row, read_text(CARD, row, "status"))
    return Decision((op,), values={**answer, "valid_to_day": to_day})


def renewed_to(here: Here, row: RegisterRow | None, card_type: CardType) -> int | Refusal:
    """The last day of a card's next term, which follows its last one or begins today.

    At any cafe: neither the balance nor the points are the card's, so that both stay.
    """
    refusal = held_refusal(row, (ACTIVE,))
    if refusal is not None:
        return refusal
    valid_to = read_int(CARD, row, "valid_to_day")
    if not valid_to or not card_type.valid_days:
        return refuse("card_without_end")
    first = here.business_day if valid_to < here.business_day else day_after(valid_to)
    to_day = last_day(first, card_type.valid_days)
    return to_day if to_day > valid_to else refuse("card_day_too_far", day=LAST_DAY_MAX)


def renew_card(
    here: Here, card: int, row: RegisterRow | None, to_day: int, fee_fen: int
) -> Decision:
    """A card's next term, to a day of `renewed_to`."""
    op = document_change(here, CARD, card, row, {"valid_to_day": to_day})
    answer = _answer(card, row, ACTIVE)
    return Decision((op,), values={**answer, "valid_to_day": to_day, "fee_fen": fee_fen})


def reissue_card(
    here: Here, card: int, row: RegisterRow | None, new: NewCard, card_type: CardType
) -> Judgement:
    """Give the member a new card for an old one, lost or broken: type, term and PIN go on."""
    refusal = held_refusal(row, (ACTIVE, SUSPENDED, LOST))
    if refusal is not None:
        return refusal
    if new.card == card:
        return refuse("card_same")
    member = read_int(CARD, row, "member")
    values = issued_values(here, member, new, "", card_type)
    if isinstance(values, Refusal):
        return values
    for name in ("valid_to_day", "issued_day"):
        values[name] = read_int(CARD, row, name) or values.get(name)
    values["type"] = read_text(CARD, row, "type") or card_type.code
    values["pin_hash"] = read_text(CARD, row, "pin_hash") or None
    kept = {name: value for name, value in values.items() if value not in (None, 0, "")}
    ops = [
        document_change(here, CARD, new.card, new.row, kept),
        document_change(here, CARD, card, row, {"status": VOID, "replaced_by": new.card}),
    ]
    if new.row is None:
        ops.append(NewOp(CARD_CLAIM, ClaimWrite(b"", new.key, here.cafe, new.card, TAKE).body()))
    return Decision(tuple(ops), values={"card": new.card, "member": member, "replaced": card})


def transfer_card(
    here: Here,
    card: int,
    row: RegisterRow | None,
    to_member: int,
    replaced: Mapping[int, RegisterRow],
) -> Judgement:
    """Hand a card over to another member; its PIN is the former owner's and goes.

    `replaced` are the void cards before it whose deposit is this one's: they go along.
    """
    refusal = held_refusal(row, (ACTIVE,))
    if refusal is not None:
        return refusal
    former = read_int(CARD, row, "member")
    if former == to_member:
        return refuse("card_same_member")
    values: dict[str, object] = {"member": to_member}
    if read_text(CARD, row, "pin_hash"):
        values["pin_hash"] = None
    ops = [document_change(here, CARD, card, row, values)]
    ops += [
        document_change(here, CARD, one, before, {"member": to_member})
        for one, before in replaced.items()
    ]
    answer = {"card": card, "member": to_member, "former_member": former}
    return Decision(tuple(ops), values=answer)
