"""PINs: checked off the loop, and never more than a few wrong ones in a quarter of an hour.

An attempt is written down, with a commit of its own, before its PIN is looked at; the right one
forgives its account. While an account has `failures_max` attempts in the last `lock_minutes` (rule
`security`), or a terminal TERMINAL_FACTOR times as many over all accounts, no PIN is looked at.

Attempts are dated by the monotonic clock and the boot that it counts from, so that a step of the
wall clock in either direction neither frees nor locks anybody. After a restart of the program the
same boot goes on counting. Of an attempt of an earlier boot it is only known that it is older than
this boot: it counts as made at its beginning, so a reboot may lengthen a lock and never shortens
it.
"""

import asyncio
from collections.abc import Sequence

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from edge.desk.rules import rules_in_force
from edge.domain.refusals import Refusal, refuse
from edge.domain.staff import PIN_LENGTH_MAX, lock_refusal
from edge.store import pin_attempts
from edge.store.store import Store
from edge.store.transaction import WriteTransaction

MINUTE_MS = 60_000
NO_TERMINAL = 0
TERMINAL_FACTOR = 4
"""At a shift change several people mistype at one terminal; a guesser goes over all accounts."""


class Pins:
    """Checks PINs, one at a time, so that parallel guesses cannot outrun the count."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._hasher = argon2.PasswordHasher()
        self._one_check = asyncio.Lock()

    async def check(
        self, account: int, terminal: int, hashes: Sequence[str], pin: str
    ) -> Refusal | None:
        """None where a PIN is one of an account's; else `log_in_failed` or `log_in_locked`.

        `account` is a person of the staff, or a member for the PIN of their card. Without
        `hashes` every PIN is wrong.
        """
        async with self._one_check:
            locked = await self._store.write(lambda tx: _attempt(tx, account, terminal))
            if locked is not None:
                return locked
            if await asyncio.to_thread(self._matches_one, hashes, pin):
                await self._store.write(lambda tx: pin_attempts.forgive(tx, account))
                return None
            locked = await self._store.write(lambda tx: _locked(tx, account, terminal))
            return locked or refuse("log_in_failed")

    def _matches_one(self, hashes: Sequence[str], pin: str) -> bool:
        return 0 < len(pin) <= PIN_LENGTH_MAX and any(self._matches(one, pin) for one in hashes)

    def _matches(self, pin_hash: str, pin: str) -> bool:
        try:
            return self._hasher.verify(pin_hash, pin)
        except (VerificationError, InvalidHashError):
            return False


def _attempt(transaction: WriteTransaction, account: int, terminal: int) -> Refusal | None:
    """Write an attempt down; a refusal while no more are taken."""
    locked = _locked(transaction, account, terminal)
    if locked is None:
        _, lock_ms = _limits(transaction)
        pin_attempts.note(transaction, account, terminal, lock_ms)
    return locked


def _locked(transaction: WriteTransaction, account: int, terminal: int) -> Refusal | None:
    failures_max, lock_ms = _limits(transaction)
    ages_ms = pin_attempts.of_account_ms(transaction, account)
    refusal = lock_refusal(ages_ms, failures_max, lock_ms)
    if refusal is None and terminal != NO_TERMINAL:
        ages_ms = pin_attempts.at_terminal_ms(transaction, terminal)
        refusal = lock_refusal(ages_ms, failures_max * TERMINAL_FACTOR, lock_ms)
    return refusal


def _limits(transaction: WriteTransaction) -> tuple[int, int]:
    """(wrong PINs, within so many milliseconds) of the rule in force."""
    rule = rules_in_force(transaction, "security")[0]
    return max(rule["failures_max"], 1), max(rule["lock_minutes"], 1) * MINUTE_MS
