"""The PIN of a card: what one may be, and the op that writes its hash."""

import itertools
import re

from edge.domain.card_life import held_refusal
from edge.domain.cards import ACTIVE
from edge.domain.decision import (
    Decision,
    Here,
    Judgement,
    document_change,
    read_int,
    read_text,
)
from edge.domain.refusals import Refusal, refuse
from sync_protocol.kinds import CARD
from sync_protocol.registers import RegisterRow

PIN_DIGITS_MIN, PIN_DIGITS_MAX = 4, 8


def checked_pin(pin: str, again: str) -> str | Refusal:
    """A new PIN: digits, typed twice alike, not all the same and no run up or down."""
    if not re.fullmatch(rf"\d{{{PIN_DIGITS_MIN},{PIN_DIGITS_MAX}}}", pin, re.ASCII):
        return refuse("card_pin_invalid", low=PIN_DIGITS_MIN, high=PIN_DIGITS_MAX)
    steps = {int(after) - int(before) for before, after in itertools.pairwise(pin)}
    if steps in ({0}, {1}, {-1}):
        return refuse("card_pin_guessable")
    return pin if pin == again else refuse("card_pin_differs")


def set_pin(
    here: Here, card: int, row: RegisterRow | None, pin_hash: str, *, over_former: bool
) -> Judgement:
    """Write a card's PIN; over a former one only where that was checked or taken away."""
    refusal = held_refusal(row, (ACTIVE,))
    if refusal is not None:
        return refusal
    if read_text(CARD, row, "pin_hash") and not over_former:
        return refuse("card_pin_set_already")
    op = document_change(here, CARD, card, row, {"pin_hash": pin_hash})
    return Decision((op,), values={"card": card, "member": read_int(CARD, row, "member")})
