"""The PIN of a member's card: checked off the writer's thread, wrong ones counted on the disk."""

import asyncio
from collections.abc import Callable

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from edge.desk import facts
from edge.domain.decision import read_text
from edge.domain.refusals import Refusal, refuse
from edge.domain.staff import FAILURES_MAX, after_failure, lock_refusal
from edge.store.reader import Reader
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import CARD

PIN_LENGTH_MAX = 12
ACTIVE = "active"


class CardPins:
    """Checks one PIN at a time, so that parallel guesses cannot outrun the count.

    Wrong PINs count for the member, as a log-in's do for a person of the staff, and lock the PIN
    for as long; a second person may vouch meanwhile.
    """

    def __init__(self, store: Store, wall_ms: Callable[[], int]) -> None:
        self._store = store
        self._wall_ms = wall_ms
        self._hasher = argon2.PasswordHasher()
        self._one_check = asyncio.Lock()

    async def check(self, member: int, pin: str) -> bool | Refusal:
        """Whether this is the PIN of one of the member's cards in use; False where none came."""
        if not pin:
            return False
        async with self._one_check:
            with self._store.read() as reader:
                person = facts.person_of(reader, member)
                lockout = reader.lockout(person)
                locked = lock_refusal(lockout.failures, lockout.locked_until_ms, self._wall_ms())
                hashes = pin_hashes(reader, person)
            if locked is not None:
                return refuse("card_pin_locked")
            if await asyncio.to_thread(self._matches_one, hashes, pin):
                await self._store.write(lambda transaction: transaction.set_lockout(person, 0, 0))
                return True
            return await self._count_failure(person)

    def _matches_one(self, hashes: list[str], pin: str) -> bool:
        return len(pin) <= PIN_LENGTH_MAX and any(self._matches(one, pin) for one in hashes)

    def _matches(self, pin_hash: str, pin: str) -> bool:
        try:
            return self._hasher.verify(pin_hash, pin)
        except (VerificationError, InvalidHashError):
            return False

    async def _count_failure(self, member: int) -> Refusal:
        def work(transaction: WriteTransaction) -> int:
            before = transaction.lockout(member).failures
            failures, until_ms = after_failure(before, transaction.wall_ms())
            transaction.set_lockout(member, failures, until_ms)
            return failures

        failures = await self._store.write(work)
        return refuse("card_pin_wrong" if failures < FAILURES_MAX else "card_pin_locked")


def pin_hashes(reader: Reader, member: int) -> list[str]:
    """The PIN hashes of a person's cards in use."""
    cards = [
        card.shown
        for one in facts.members_of(reader, member)
        for card in reader.registers_where(CARD, "member", one)
    ]
    found = [
        read_text(CARD, card, "pin_hash")
        for card in cards
        if read_text(CARD, card, "status") == ACTIVE
    ]
    return [pin_hash for pin_hash in found if pin_hash]
