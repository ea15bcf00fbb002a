"""Log-in and log-out: PINs checked off the loop, wrong ones counted on the disk."""

import asyncio
import hashlib
from collections.abc import Callable

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from edge.desk import facts
from edge.desk.answers import Answer, Outcome, Session
from edge.desk.commands import APPROVER, APPROVER_PIN, Handlers
from edge.desk.commit import Request
from edge.desk.tills import shift_at
from edge.domain.approvals import approver_refusal
from edge.domain.decision import read_text
from edge.domain.refusals import Refusal, refuse
from edge.domain.staff import (
    FAILURES_MAX,
    PIN_LENGTH_MAX,
    Person,
    after_failure,
    lock_refusal,
    log_in_refusal,
    person_of,
)
from edge.effects.page_events import PageEvents, Region
from edge.store.reader import Reader
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import STAFF

TOKEN_BYTES = 24


class StaffDesk:
    """Who works at which terminal. A session outlives a restart of the box."""

    def __init__(
        self,
        store: Store,
        page_events: PageEvents,
        random_bytes: Callable[[int], bytes],
        wall_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._page_events = page_events
        self._random_bytes = random_bytes
        self._wall_ms = wall_ms
        self._hasher = argon2.PasswordHasher()
        self._one_check = asyncio.Lock()
        self._sessions: dict[str, Session] = {}

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {"log_in": self.log_in, "log_out": self.log_out}

    async def log_in(self, request: Request, staff: int, pin: str) -> Outcome:
        """Begin a session at the request's terminal. The answer's `token` is shown only here.

        `shift` is the shift that is open at the terminal, whoever's it is; 0 for none.

        The answer is not kept under the request id: it holds a secret.
        """
        async with self._one_check:
            refusal = await self._check(staff, pin)
            if refusal is not None:
                return refusal
            token = f"{request.terminal}.{self._random_bytes(TOKEN_BYTES).hex()}"
            session, shift = await self._store.write(self._begin(request.terminal, staff, token))
        self._sessions[_hash_of(token)] = session
        self._page_events.publish(Region.TRUTH)
        values: dict[str, int | str] = {
            "staff": staff,
            "name": session.name,
            "role": session.role,
            "shift": shift,
            "token": token,
        }
        return Answer(request.command, dict(values))

    async def log_out(self, request: Request) -> Outcome:
        """Close the session of the request's token; the shift stays open."""
        session = request.session
        if session is not None:

            def work(transaction: WriteTransaction) -> None:
                transaction.set_setting(_setting(session.terminal), None)

            await self._store.write(work)
            self._sessions.pop(_hash_of(session.token), None)
            self._page_events.publish(Region.TRUTH)
        return Answer(request.command)

    async def session(self, token: str) -> Session | None:
        """The session of a cookie's token, None if there is none or it was ended."""
        hashed = _hash_of(token)
        terminal = token.partition(".")[0]
        if not terminal.isascii() or not terminal.isdigit() or len(terminal) > 5:
            return None
        if hashed not in self._sessions:
            with self._store.read() as reader:
                kept = _kept_session(reader, int(terminal), token)
            if kept is None:
                return None
            self._sessions[hashed] = kept
        return self._sessions[hashed]

    def forget(self) -> None:
        """Look every session up anew: head office may have changed a role or closed an account."""
        self._sessions.clear()

    def cashier_at(self, reader: Reader, terminal: int) -> str:
        """The name of who is logged in at a terminal, empty for nobody."""
        kept = reader.setting(_setting(terminal))
        return facts.staff_name(reader, kept[1]) if isinstance(kept, list) else ""

    async def approver(
        self, session: Session, operation: str, arguments: dict[str, object]
    ) -> int | Refusal:
        """Who approves what `session` asks for: the second person whose PIN came along, 0: nobody.

        Takes APPROVER_INPUTS out of `arguments`. A wrong PIN counts as one of a log-in.
        """
        approver, pin = arguments.pop(APPROVER), str(arguments.pop(APPROVER_PIN))
        if not pin or not isinstance(approver, int):
            return 0
        if not approver:
            return refuse("field_missing", field=APPROVER)
        with self._store.read() as reader:
            person = person_of(approver, facts.row(reader, STAFF, approver))
        async with self._one_check:
            refusal = await self._check(approver, pin)
        return refusal or approver_refusal(session.staff, person, operation) or approver

    async def _check(self, staff: int, pin: str) -> Refusal | None:
        """Why a person with this PIN is not let in; a wrong one is counted, a right one forgives.

        Called with `_one_check` held, so that parallel guesses cannot outrun the count.
        """
        with self._store.read() as reader:
            refusal = self._refusal(reader, staff)
            row = facts.row(reader, STAFF, staff)
            refusal = refusal or log_in_refusal(row, reader.identity.cafe)
        if refusal is None:
            pin_hash = read_text(STAFF, row, "pin_hash")
            if await asyncio.to_thread(self._matches, pin_hash, pin):
                await self._store.write(lambda transaction: transaction.set_lockout(staff, 0, 0))
                return None
            return await self._count_failure(staff)
        if refusal.code == "log_in_failed":
            return await self._count_failure(staff)
        return refusal

    def _refusal(self, reader: Reader, staff: int) -> Refusal | None:
        lockout = reader.lockout(staff)
        return lock_refusal(lockout.failures, lockout.locked_until_ms, self._wall_ms())

    def _matches(self, pin_hash: str, pin: str) -> bool:
        if not pin or len(pin) > PIN_LENGTH_MAX:
            return False
        try:
            return self._hasher.verify(pin_hash, pin)
        except (VerificationError, InvalidHashError):
            return False

    async def _count_failure(self, staff: int) -> Refusal:
        """Count one more wrong PIN; the refusal says when it was the last one allowed.

        The work itself returns no refusal: that would undo the count.
        """

        def work(transaction: WriteTransaction) -> int:
            now_ms = transaction.wall_ms()
            failures, until_ms = after_failure(transaction.lockout(staff).failures, now_ms)
            transaction.set_lockout(staff, failures, until_ms)
            return failures

        failures = await self._store.write(work)
        if failures < FAILURES_MAX:
            return refuse("log_in_failed")
        with self._store.read() as reader:
            return self._refusal(reader, staff) or refuse("log_in_failed")

    def _begin(
        self, terminal: int, staff: int, token: str
    ) -> Callable[[WriteTransaction], tuple[Session, int]]:
        def work(transaction: WriteTransaction) -> tuple[Session, int]:
            person = person_of(staff, facts.row(transaction, STAFF, staff))
            session = _session(person, terminal, token)
            kept = [_hash_of(token), staff, transaction.wall_ms()]
            transaction.set_setting(_setting(terminal), kept)
            self._sessions = {
                key: other for key, other in self._sessions.items() if other.terminal != terminal
            }
            shift = shift_at(transaction, terminal)
            return session, shift.id if shift is not None else 0

        return work


def _setting(terminal: int) -> str:
    return f"session.{terminal}"


def _hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _kept_session(reader: Reader, terminal: int, token: str) -> Session | None:
    kept = reader.setting(_setting(terminal))
    if not isinstance(kept, list) or kept[0] != _hash_of(token):
        return None
    row = facts.row(reader, STAFF, kept[1])
    if log_in_refusal(row, reader.identity.cafe) is not None:
        return None
    return _session(person_of(kept[1], row), terminal, token)


def _session(person: Person, terminal: int, token: str) -> Session:
    return Session(
        person.staff,
        person.name,
        person.role,
        terminal,
        token,
        person.granted,
        person.taken,
    )
