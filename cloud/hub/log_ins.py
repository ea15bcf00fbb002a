"""Log-in at head office: password, second factor, and never more than a few wrong ones.

An attempt is written down before anything is looked at, dated by the monotonic clock of a boot, as
a box does it: no step of the wall clock frees or locks anybody. Attempts of an earlier boot count
as made at the beginning of this one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256

from cloud.domain.passwords import Security, lock_minutes
from cloud.domain.refusals import Refusal, refusal
from cloud.hub import second_factor, staff
from cloud.hub.hub import Hub
from cloud.hub.staff import Person
from cloud.store.database import Database
from cloud.store.models import LogInAttempt, SecondFactorUse


class LogIns:
    """Checks who wants in; one at a time, so that parallel guesses cannot outrun the count."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._one_check = asyncio.Lock()

    async def check(self, name: str, password: str, code: str) -> Person | Refusal:
        """The person of a name, password and second factor; what was wrong counts as an attempt."""

        async def look() -> Person | Refusal:
            found = await asyncio.to_thread(
                staff.find_by_password, self._hub.reader, name, password
            )
            if isinstance(found, Refusal):
                return found
            return await self._second_factor_fault(found, code) or found

        return await self._counted(name, look)

    async def password_fault(self, person: Person, password: str) -> Refusal | None:
        """Why this is not the password of somebody who is logged in; counted as a log-in is."""

        async def look() -> Person | Refusal:
            hashed = person.password_hash
            matches = await asyncio.to_thread(staff.secret_matches, hashed, password)
            return person if matches else refusal("bad_credentials")

        found = await self._counted(person.name, look)
        return found if isinstance(found, Refusal) else None

    async def _counted(
        self, name: str, look: Callable[[], Awaitable[Person | Refusal]]
    ) -> Person | Refusal:
        account = sha256(name.encode()).digest()[:16]
        async with self._one_check:
            rule = await asyncio.to_thread(staff.security, self._hub.reader)
            locked = await self._hub.write(lambda database: self._attempt(database, account, rule))
            if locked:
                return Refusal(
                    "log_in_locked",
                    f"连续输错，已锁定，请 {locked} 分钟后再试",
                    f"Too many wrong tries; locked, try again in {locked} minutes",
                )
            found = await look()
            if not isinstance(found, Refusal):
                forgive = LogInAttempt.delete().where(LogInAttempt.account == account)
                await self._hub.write(lambda database: database.run(forgive))
            return found

    async def _second_factor_fault(self, person: Person, code: str) -> Refusal | None:
        if not person.second_factor:
            return None
        if not code:
            return refusal("second_factor_needed")
        secret = second_factor.unseal(self._hub.keys, person.id, person.second_factor)
        step = second_factor.step_of(secret, code, self._hub.surroundings.now_ms())
        fresh = step and await self._hub.write(lambda database: use(database, person.id, step))
        return None if fresh else refusal("second_factor_wrong")

    def _attempt(self, database: Database, account: bytes, rule: Security) -> int:
        """Write an attempt down; the minutes for which none is taken, 0 where this one is."""
        surroundings = self._hub.surroundings
        now_ms, boot = int(surroundings.monotonic_s() * 1000), surroundings.boot_id
        rows = database.rows(LogInAttempt.select().where(LogInAttempt.account == account))
        ages_ms = [now_ms - row.at_ms if bytes(row.boot) == boot else now_ms for row in rows]
        locked = lock_minutes(ages_ms, rule)
        if not locked:
            here = LogInAttempt.boot == boot
            old = here & (LogInAttempt.at_ms <= now_ms - rule.lock_ms)
            if now_ms >= rule.lock_ms:
                old |= LogInAttempt.boot != boot
            database.run(LogInAttempt.delete().where(old))
            database.run(LogInAttempt.insert(account=account, boot=boot, at_ms=now_ms))
        return locked


def use(database: Database, person: int, step: int) -> bool:
    """Take a code's step, once; False where it or a later one was taken before."""
    row = database.first(SecondFactorUse.select().where(SecondFactorUse.staff == person))
    if row is not None and row.step >= step:
        return False
    database.run(SecondFactorUse.delete().where(SecondFactorUse.staff == person))
    database.run(SecondFactorUse.insert(staff=person, step=step))
    return True
