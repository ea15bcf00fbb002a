"""Setting, changing and taking away the PIN of a member's card; hashed off the loop by Argon2id."""

import asyncio

import argon2

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.card_pins import CardPins
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.domain.card_pins import checked_pin, set_pin
from edge.domain.decision import Here, Judgement, read_int
from edge.domain.refusals import Refusal, refuse
from edge.store import pin_attempts
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import CARD


class CardPinsDesk:
    """The commands about card PINs. A PIN is never logged, shown or kept in an answer."""

    def __init__(self, store: Store, committer: Committer, card_pins: CardPins) -> None:
        self._store = store
        self._committer = committer
        self._card_pins = card_pins
        self._hasher = argon2.PasswordHasher()

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {
            "set_card_pin": self.set_card_pin,
            "change_card_pin": self.change_card_pin,
            "reset_card_pin": self.reset_card_pin,
        }

    async def set_card_pin(self, request: Request, card: int, pin: str, pin_again: str) -> Outcome:
        """Give a card its first PIN; the member types it twice."""
        return await self._write(request, card, pin, pin_again, over_former=False)

    async def change_card_pin(
        self, request: Request, card: int, former_pin: str, pin: str, pin_again: str
    ) -> Outcome:
        """Change a card's PIN; a wrong former one counts as at a payment."""
        with self._store.read() as reader:
            member = read_int(CARD, facts.row(reader, CARD, card), "member")
        checked = await self._card_pins.check(member, former_pin)
        if isinstance(checked, Refusal):
            return checked
        if not checked:
            return refuse("card_pin_wrong")
        return await self._write(request, card, pin, pin_again, over_former=True)

    async def reset_card_pin(
        self, request: Request, card: int, pin: str, pin_again: str
    ) -> Outcome:
        """Give a card a new PIN for a forgotten one."""
        return await self._write(request, card, pin, pin_again, over_former=True)

    async def _write(
        self, request: Request, card: int, pin: str, pin_again: str, *, over_former: bool
    ) -> Outcome:
        checked = checked_pin(pin, pin_again)
        if isinstance(checked, Refusal):
            return checked
        pin_hash = await asyncio.to_thread(self._hasher.hash, checked)

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            row = facts.row(transaction, CARD, card)
            decided = set_pin(at, card, row, pin_hash, over_former=over_former)
            if not isinstance(decided, Refusal):
                member = facts.person_of(transaction, read_int(CARD, row, "member"))
                pin_attempts.forgive(transaction, member)
            return decided

        return await self._committer.commit(request, decide)
