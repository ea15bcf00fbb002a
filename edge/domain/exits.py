"""Leaving and coming back: an exit is asked for, paid out, approved; a membership is restored."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge.domain.applications import checked_reason
from edge.domain.decision import Decision, Here, Judgement, document_change, read_text
from edge.domain.members import (
    STATUS_ACTIVE,
    STATUS_CLOSED,
    STATUS_EXIT_REQUESTED,
    member_refusal,
)
from edge.domain.refusals import Refusal, refuse
from sync_protocol.kinds import CARD, MEMBER
from sync_protocol.registers import RegisterRow


@dataclass(frozen=True, slots=True)
class LeftOver:
    """What a member still has or owes: money paid in, deposits of cards, advances not repaid.

    `seat` is where they sit, which is still to be settled; empty for nowhere. `passes_fen` is what
    passes that were sold here would bring back.
    """

    balance_fen: int
    deposit_fen: int
    owed_fen: int
    seat: str = ""
    passes_fen: int = 0


def request_exit(
    here: Here, member: int, row: RegisterRow | None, left: LeftOver, reason: str, salt: bytes
) -> Judgement:
    """The member wants to leave; the answer says what is to be paid out first."""
    refusal = member_refusal(row)
    if refusal is not None:
        return refusal
    if read_text(MEMBER, row, "status") == STATUS_EXIT_REQUESTED:
        return refuse("exit_requested_already")
    checked = checked_reason(reason)
    if isinstance(checked, Refusal):
        return checked
    values = {
        "status": STATUS_EXIT_REQUESTED,
        "exit_reason": checked,
        "exit_day": here.business_day,
    }
    op = document_change(here, MEMBER, member, row, values, salt)
    told = {"member": member, "balance_fen": left.balance_fen, "deposit_fen": left.deposit_fen}
    return Decision((op,), values=told)


def approve_exit(
    here: Here,
    member: int,
    row: RegisterRow | None,
    left: LeftOver,
    cards: Mapping[int, RegisterRow],
    salt: bytes,
) -> Judgement:
    """End a membership that nothing is owed on; its cards become void with it.

    Phone and document stay claimed: one person has one account, also a closed one.
    """
    refusal = member_refusal(row)
    if refusal is not None:
        return refusal
    if read_text(MEMBER, row, "status") != STATUS_EXIT_REQUESTED:
        return refuse("exit_not_requested")
    refusal = left_over_refusal(left)
    if refusal is not None:
        return refusal
    values = {"status": STATUS_CLOSED, "exit_day": here.business_day}
    ops = [document_change(here, MEMBER, member, row, values, salt)]
    ops += [
        document_change(here, CARD, card, card_row, {"status": "void"})
        for card, card_row in cards.items()
        if read_text(CARD, card_row, "status") != "void"
    ]
    return Decision(tuple(ops), values={"member": member})


def left_over_refusal(left: LeftOver) -> Refusal | None:
    """Why a membership cannot end yet, with what to do first, or None."""
    if left.seat:
        return refuse("session_open_already", seat=left.seat)
    if left.owed_fen > 0:
        return refuse("exit_owes", owed_fen=left.owed_fen)
    if left.balance_fen > 0:
        return refuse("exit_balance_left", balance_fen=left.balance_fen)
    if left.deposit_fen > 0:
        return refuse("exit_deposit_left", deposit_fen=left.deposit_fen)
    if left.passes_fen > 0:
        return refuse("exit_passes_left", passes_fen=left.passes_fen)
    return None


def restore_member(here: Here, member: int, row: RegisterRow | None, salt: bytes) -> Judgement:
    """Take an exit back, asked for or approved; void cards stay void."""
    if row is None or row.entries is None:
        return refuse("member_unknown")
    if read_text(MEMBER, row, "status") not in (STATUS_CLOSED, STATUS_EXIT_REQUESTED):
        return refuse("member_not_closed")
    values = {"status": STATUS_ACTIVE, "exit_reason": None, "exit_day": None}
    op = document_change(here, MEMBER, member, row, values, salt)
    return Decision((op,), values={"member": member})
