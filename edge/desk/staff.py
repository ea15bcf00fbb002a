"""Sessions: who logged in at which terminal, who approves, who takes over."""

import hashlib
from collections.abc import Callable

from edge.desk import facts
from edge.desk.answers import Answer, Outcome, Session
from edge.desk.commands import APPROVER, APPROVER_PIN, Handlers
from edge.desk.commit import Request
from edge.desk.pins import Pins
from edge.desk.tills import shift_at
from edge.domain.approvals import approver_refusal
from edge.domain.cards import normal_uid, uid_of_text
from edge.domain.decision import read_text
from edge.domain.members import keyed_hash
from edge.domain.refusals import Refusal, refuse
from edge.domain.staff import Person, log_in_refusal, person_of
from edge.effects.page_events import PageEvents, Region
from edge.store import audit
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
        pins: Pins,
        chain_key: bytes,
    ) -> None:
        self._store = store
        self._page_events = page_events
        self._random_bytes = random_bytes
        self._pins = pins
        self._chain_key = chain_key
        self._sessions: dict[str, Session] = {}

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {"log_in": self.log_in, "log_out": self.log_out}

    async def log_in(self, request: Request, staff: int, card_uid: str, pin: str) -> Outcome:
        """Begin a session at the request's terminal. The answer's `token` is shown only here.

        `shift` is the shift that is open at the terminal, whoever's it is; 0 for none.

        The answer is not kept under the request id: it holds a secret.
        """
        if card_uid:
            staff = self._of_card(card_uid)
            if not staff:
                return refuse("staff_card_unknown")
        if not staff:
            return refuse("field_missing", field="staff")
        refusal = await self._check(staff, pin, request.terminal)
        if refusal is not None:
            return refusal
        session, shift = await self._begin(request, staff)
        return Answer(
            request.command,
            {
                "staff": staff,
                "name": session.name,
                "role": session.role,
                "shift": shift,
                "token": session.token,
            },
        )

    def _of_card(self, card_uid: str) -> int:
        """Whose staff card this is, 0 for nobody's."""
        uid = uid_of_text(card_uid)
        if isinstance(uid, Refusal):
            return 0
        with self._store.read() as reader:
            return facts.staff_of_card(reader, keyed_hash(self._chain_key, normal_uid(uid)))

    async def log_out(self, request: Request) -> Outcome:
        """Close the session of the request's token; the shift stays open."""
        session = request.session
        if session is not None:

            def work(transaction: WriteTransaction) -> None:
                transaction.set_setting(_setting(session.terminal), None)
                audit.append(transaction, request.act(audit.DONE))

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
        staff = self.staff_at(reader, terminal)
        return facts.staff_name(reader, staff) if staff else ""

    def staff_at(self, reader: Reader, terminal: int) -> int:
        """Who is logged in at a terminal, 0 for nobody."""
        kept = reader.setting(_setting(terminal))
        return int(kept[1]) if isinstance(kept, list) else 0

    def begun_ms(self, reader: Reader, terminal: int) -> int:
        """When the session at a terminal began, 0 for none."""
        kept = reader.setting(_setting(terminal))
        return int(kept[2]) if isinstance(kept, list) else 0

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
        refusal = await self.check_person(approver, pin, session.terminal)
        person = self.person(approver)
        return refusal or approver_refusal(session.staff, person, operation) or approver

    async def check_person(self, staff: int, pin: str, terminal: int) -> Refusal | None:
        """Why somebody's PIN does not count at a terminal; the refusal names who it should be."""
        refusal = await self._check(staff, pin, terminal)
        if refusal is not None and refusal.code == "log_in_failed":
            return refuse("pin_wrong", name=self.person(staff).name or str(staff))
        return refusal

    async def _check(self, staff: int, pin: str, terminal: int) -> Refusal | None:
        with self._store.read() as reader:
            row = facts.row(reader, STAFF, staff)
            refusal = log_in_refusal(row, reader.identity.cafe)
        if refusal is not None and refusal.code != "log_in_failed":
            return refusal
        hashes = () if refusal is not None else (read_text(STAFF, row, "pin_hash"),)
        return await self._pins.check(staff, terminal, hashes, pin)

    def person(self, staff: int) -> Person:
        """Somebody of the staff and their rights."""
        with self._store.read() as reader:
            return person_of(staff, facts.row(reader, STAFF, staff))

    async def take_over(self, request: Request, staff: int) -> str:
        """Log another person in at the request's terminal, whose PIN was checked; the token."""
        session, _ = await self._begin(request, staff)
        return session.token

    async def _begin(self, request: Request, staff: int) -> tuple[Session, int]:
        """Begin a person's session; returns it and the terminal's open shift, 0 for none."""
        terminal = request.terminal
        token = f"{terminal}.{self._random_bytes(TOKEN_BYTES).hex()}"

        def work(transaction: WriteTransaction) -> tuple[Session, int]:
            person = person_of(staff, facts.row(transaction, STAFF, staff))
            kept = [_hash_of(token), staff, transaction.wall_ms()]
            transaction.set_setting(_setting(terminal), kept)
            audit.append(transaction, audit.Act("log_in", audit.DONE, staff, terminal))
            shift = shift_at(transaction, terminal)
            return _session(person, terminal, token), shift.id if shift is not None else 0

        session, shift = await self._store.write(work)
        self._sessions = {
            key: other for key, other in self._sessions.items() if other.terminal != terminal
        }
        self._sessions[_hash_of(token)] = session
        self._page_events.publish(Region.TRUTH)
        return session, shift


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
