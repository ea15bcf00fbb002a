"""People of the chain: rights, PINs, cards, passwords, second factors, and the first run.

Used by pages and CLI. Each method returns what was done, or a `Refusal`; what it returns is
committed.
"""

import asyncio
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cloud.domain.passwords import FIRST_RUN, GENERATED_DAY, RESET_DAY, must_do, password_fault
from cloud.domain.refusals import Refusal, refusal
from cloud.domain.rights import ADMIN, ROLES
from cloud.hub import second_factor, staff
from cloud.hub.draft import Draft
from cloud.hub.hub import Hub
from cloud.hub.log_ins import LogIns, use
from cloud.hub.registers import Check, seen_check, write_fields
from cloud.hub.staff import Person
from cloud.store.reports import read_document, read_documents
from sync_protocol.claims import claim_key
from sync_protocol.kinds import RULE, STAFF, field_index
from sync_protocol.registers import RegisterRow
from sync_protocol.rules import RULES

COMPANY = "company"
SHOWN = ("role", "cafes", "active", "granted", "taken")
"""What the form of a person shows of them, and sets."""
CARD_UID_HEX = (8, 20)
"""4 to 10 bytes, as ISO 14443-3 has them."""


@dataclass(frozen=True, slots=True)
class Change:
    """What head office sets of a person; an empty secret leaves what is.

    `seen`: the mark (`registers.mark_of`) of what stood there when the form was opened.
    """

    role: str
    cafes: Sequence[int]
    active: bool
    granted: Sequence[str]
    taken: Sequence[str]
    seen: str
    pin: str = ""
    card_uid: str = ""


class Accounts:
    """Commands about people over one hub."""

    def __init__(self, hub: Hub, log_ins: LogIns) -> None:
        self._hub = hub
        self._log_ins = log_ins

    async def must(self, person: Person) -> str:
        """What a logged-in person must do before anything else (`cloud.domain.passwords`)."""
        today, _ = self._hub.surroundings.business_day()
        rule = await asyncio.to_thread(staff.security, self._hub.reader)
        due = must_do(person.password_day, bool(person.second_factor), today, rule)
        if due and person.role == ADMIN and person.password_day == GENERATED_DAY:
            company = await asyncio.to_thread(read_document, self._hub.reader, RULE, COMPANY)
            return FIRST_RUN if company is None else due
        return due

    async def change_password(
        self, person: Person, old: str, new: str, token: str
    ) -> Refusal | None:
        """Set one's own password over the old one; only the session of `token` stays open."""
        rule = await asyncio.to_thread(staff.security, self._hub.reader)
        fault = await self._log_ins.password_fault(person, old)
        if fault is not None:
            return fault
        if old == new:
            return refusal("password_same")
        fault = password_fault(new, person.name, rule) or await self._set_password(
            person.id, new, person.id
        )
        if fault is None:
            await self._end_sessions(person.id, token)
        return fault

    async def reset_password(self, person: int, new: str, by: Person) -> Refusal | None:
        """Set another's password; their sessions end, and they change it at the next log-in."""
        rule = await asyncio.to_thread(staff.security, self._hub.reader)
        fault = await self._not_yours(person, by) or password_fault(new, "", rule)
        fault = fault or await self._set_password(person, new, by.id, RESET_DAY)
        if fault is None:
            await self._end_sessions(person)
        return fault

    async def set_second_factor(
        self, person: Person, password: str, secret: str, code: str, token: str
    ) -> Refusal | None:
        """Enrol an authenticator, once a code of it and the password were typed.

        An open browser alone is not enough: whoever finds one would keep the account. Only the
        session of `token` stays open.
        """
        fault = await self._log_ins.password_fault(person, password)
        if fault is not None:
            return fault
        step = second_factor.step_of(secret, code, self._hub.surroundings.now_ms())
        if not step:
            return refusal("second_factor_wrong")
        sealed = second_factor.seal(
            self._hub.keys, person.id, secret, self._hub.surroundings.random_bytes
        )
        fault = await self._set(person.id, {"second_factor": sealed}, person.id)
        if fault is None:
            await self._hub.write(lambda database: use(database, person.id, step))
            await self._end_sessions(person.id, token)
        return fault

    async def reset_second_factor(self, person: int, by: Person) -> Refusal | None:
        """Take another's lost authenticator away; their sessions end, and they enrol a new one."""
        fault = await self._not_yours(person, by)
        fault = fault or await self._set(person, {"second_factor": ""}, by.id)
        if fault is None:
            await self._end_sessions(person)
        return fault

    async def change(self, person: int, change: Change, by: Person) -> Refusal | None:
        """Set a person's role, cafes, single rights, PIN and staff card."""
        if change.role not in ROLES:
            return refusal("role_unknown")
        if person == by.id and (change.role != by.role or not change.active):
            return refusal("not_by_oneself")
        if by.role != ADMIN and ADMIN in (change.role, await self._role_of(person)):
            return refusal("admin_only")
        values: dict[str, object] = {
            "role": change.role,
            "cafes": list(change.cafes),
            "active": change.active,
            "granted": list(change.granted),
            "taken": list(change.taken),
        }
        if change.pin:
            fault = staff.check_pin(change.pin)
            if fault is not None:
                return fault
            values["pin_hash"] = await asyncio.to_thread(staff.hash_secret, change.pin)
        if change.card_uid:
            card = card_hash(self._hub.keys.claim_secret, change.card_uid)
            if isinstance(card, Refusal):
                return card
            values["card_hash"] = card

        def check(draft: Draft, row: RegisterRow | None) -> Refusal | None:
            if row is None or row.entries is None:
                return refusal("staff_unknown")
            changed = seen_check(STAFF, SHOWN, change.seen)(draft, row)
            if changed is not None:
                return changed
            index = field_index(STAFF, "card_hash")
            others = (row for key, row in read_documents(draft.database, STAFF) if key != person)
            taken = values.get("card_hash")
            if taken is not None and any(other.value(index) == taken for other in others):
                return refusal("staff_card_taken")
            return None

        return await self._set(person, values, by.id, check)

    async def first_run(
        self, person: Person, company: Mapping[str, str], old: str, new: str, token: str
    ) -> Refusal | None:
        """Set the first admin's own password and the chain's name: once, before all else."""
        if await self.must(person) != FIRST_RUN:
            return refusal("first_run_over")
        if not company.get("name", "").strip():
            return refusal("company_incomplete")
        fault = await self.change_password(person, old, new, token)
        if fault is not None:
            return fault
        columns = RULES[COMPANY].columns
        row = [company.get(column.name, column.default) for column in columns]
        values = {"version": 1, "values": [row]}
        made = await self._hub.propose(
            write_fields(RULE, COMPANY, values, person.id, self._hub.surroundings.random_bytes)
        )
        return made if isinstance(made, Refusal) else None

    async def _end_sessions(self, person: int, but: str = "") -> None:
        await self._hub.write(lambda database: staff.close_sessions_of(database, person, but))

    async def _not_yours(self, person: int, by: Person) -> Refusal | None:
        """Why somebody may not take a person's log-in secrets away, None where they may."""
        if person == by.id:
            return refusal("not_by_oneself")
        if by.role != ADMIN and await self._role_of(person) == ADMIN:
            return refusal("admin_only")
        return None

    async def _role_of(self, person: int) -> str:
        row = await asyncio.to_thread(read_document, self._hub.reader, STAFF, person)
        found = staff.person_of(person, row) if row is not None else None
        return found.role if found is not None else ""

    async def _set_password(
        self, person: int, password: str, actor: int, day: int = 0
    ) -> Refusal | None:
        hashed = await asyncio.to_thread(staff.hash_secret, password)
        today, _ = self._hub.surroundings.business_day()
        values = {"password_hash": hashed, "password_day": day or today}
        return await self._set(person, values, actor)

    async def _set(
        self,
        person: int,
        values: Mapping[str, object],
        actor: int,
        check: Check | None = None,
    ) -> Refusal | None:
        def known(_draft: Draft, row: RegisterRow | None) -> Refusal | None:
            return refusal("staff_unknown") if row is None or row.entries is None else None

        random_bytes = self._hub.surroundings.random_bytes
        made = await self._hub.propose(
            write_fields(STAFF, person, values, actor, random_bytes, 0, check or known)
        )
        return made if isinstance(made, Refusal) else None


def card_hash(claim_secret: bytes, uid: str) -> bytes | Refusal:
    """The keyed hash of a staff card, as a box computes it (`edge.domain.members.keyed_hash`)."""
    digits = uid.replace(" ", "").replace(":", "").upper()
    low, high = CARD_UID_HEX
    is_hex = all(digit in "0123456789ABCDEF" for digit in digits)
    if not is_hex or not low <= len(digits) <= high or len(digits) % 2:
        return refusal("card_uid_shape")
    return claim_key(hmac.new(claim_secret, digits.encode(), sha256).digest())
