"""What head office does: cafes, staff, enrolment codes, erasure, epochs. Used by pages and CLI.

Each method returns what was made, or a `Refusal`; what it returns is committed.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from cloud.domain.disputes import ADMIT, WRITE_OFF
from cloud.domain.epochs import Held, closing
from cloud.domain.erasure import decide_erasure
from cloud.domain.passwords import password_fault
from cloud.domain.refusals import Refusal, refusal
from cloud.domain.rights import place_fault, right_fault
from cloud.domain.settlements import Choice
from cloud.hub import enrolment, left_overs, staff
from cloud.hub.accounts import Accounts
from cloud.hub.builder import Proposal
from cloud.hub.cafes import Cafes
from cloud.hub.cases import cafes_of, fence_settled, settlement
from cloud.hub.draft import Draft, HubOps
from cloud.hub.enrolment import Enrolment
from cloud.hub.four_eyes import two_people_fault
from cloud.hub.hub import Hub
from cloud.hub.log_ins import LogIns
from cloud.hub.registers import Check, write_fields
from cloud.hub.staff import Person
from cloud.hub.worker import Worker
from cloud.store import returned
from cloud.store.backup import back_up
from cloud.store.models import Balance
from cloud.store.reports import read_document, read_documents
from sync_protocol.expect import ID_MAX
from sync_protocol.http_api import EnrolAnswer, EnrolRequest
from sync_protocol.kinds import KINDS, NODE, REGISTER, SITE, STAFF, field_index
from sync_protocol.ops import OpRef
from sync_protocol.registers import RegisterRow

_PERSONAL_REGISTERS = tuple(
    kind.code for kind in KINDS.values() if kind.policy == REGISTER and kind.personal
)


class HeadOffice:
    """Commands over one hub."""

    def __init__(self, hub: Hub, broker_url_for_boxes: str) -> None:
        self.hub = hub
        self._log_ins = LogIns(hub)
        self.accounts = Accounts(hub, self._log_ins)
        self.cafes = Cafes(hub)
        self._broker = broker_url_for_boxes

    def new_id(self) -> int:
        """Return a random id of 52 bits."""
        return int.from_bytes(self.hub.surroundings.random_bytes(7), "big") & (ID_MAX >> 1)

    async def set_fields(
        self,
        kind: int,
        key: int | str,
        values: Mapping[str, object],
        actor: int,
        check: Check | None = None,
    ) -> list[OpRef] | Refusal:
        """Set fields of a document over what is current; [] where nothing changes."""
        random_bytes = self.hub.surroundings.random_bytes
        return await self.hub.propose(
            write_fields(kind, key, values, actor, random_bytes, 0, check)
        )

    async def add_cafe(self, values: Mapping[str, object], actor: int) -> int | Refusal:
        """Add a cafe with the fields of SITE (`code` and `name` at least); returns its number."""
        random_bytes = self.hub.surroundings.random_bytes
        made: list[int] = []

        def decide(draft: Draft) -> HubOps | list[OpRef] | Refusal:
            taken = read_documents(draft.database, SITE)
            index = field_index(SITE, "code")
            if any(row.value(index) == values["code"] for _, row in taken):
                return refusal("cafe_exists")
            numbers = [key for key, _ in taken if isinstance(key, int)]
            # Two added in one block: look where the first one already is.
            cafe = max(numbers, default=0) + 1
            while draft.state.register(SITE, cafe) is not None:
                cafe += 1
            made.append(cafe)
            return write_fields(SITE, cafe, values, actor, random_bytes, cafe).decide(draft)

        outcome = await self.hub.propose(Proposal(decide, actor))
        return outcome if isinstance(outcome, Refusal) else made[-1]

    async def add_staff(
        self,
        name: str,
        role: str,
        cafes: list[int],
        secrets: tuple[str, str],
        actor: int,
        password_day: int = 0,
    ) -> int | Refusal:
        """Add a person; `secrets`: (password, PIN), "" for none. Returns the person's id.

        `password_day`: GENERATED_DAY for a password that is changed at the first log-in.
        """
        password, pin = secrets
        rule = await asyncio.to_thread(staff.security, self.hub.reader)
        fault = (password_fault(password, name, rule) if password else None) or (
            staff.check_pin(pin) if pin else None
        )
        if fault is not None:
            return fault
        values: dict[str, object] = {"name": name, "role": role, "cafes": cafes, "active": True}
        if password:
            values["password_hash"] = await asyncio.to_thread(staff.hash_secret, password)
            values["password_day"] = password_day or self.hub.surroundings.business_day()[0]
        if pin:
            values["pin_hash"] = await asyncio.to_thread(staff.hash_secret, pin)
        person = self.new_id()

        def check(draft: Draft, _row: RegisterRow | None) -> Refusal | None:
            index = field_index(STAFF, "name")
            taken = read_documents(draft.database, STAFF)
            return (
                refusal("staff_name_taken")
                if any(row.value(index) == name for _, row in taken)
                else None
            )

        random_bytes = self.hub.surroundings.random_bytes
        outcome = await self.hub.propose(
            write_fields(STAFF, person, values, actor, random_bytes, 0, check)
        )
        return outcome if isinstance(outcome, Refusal) else person

    async def log_in(
        self, name: str, password: str, code: str = ""
    ) -> tuple[str, Person] | Refusal:
        """Return (token, person) of a new session; `code` is the second factor's."""
        found = await self._log_ins.check(name, password, code)
        if isinstance(found, Refusal):
            return found
        token = staff.new_token(self.hub.surroundings.random_bytes)
        now_ms = self.hub.surroundings.now_ms()
        await self.hub.write(lambda database: staff.open_session(database, token, found.id, now_ms))
        return token, found

    async def log_out(self, token: str) -> None:
        """End a session."""
        await self.hub.write(lambda database: staff.close_session(database, token))

    async def person(self, token: str) -> Person | None:
        """Return who is logged in with a token."""
        now_ms = self.hub.surroundings.now_ms()
        return await asyncio.to_thread(staff.person_of_session, self.hub.reader, token, now_ms)

    async def create_code(self, cafe: int, name: str, node: int = 0) -> str | Refusal:
        """Return a one-time code for a new box of `cafe`, or for the next epoch of `node`."""
        fault = await self.cafes.enrolment_fault(cafe)
        if fault is not None:
            return fault
        if node:
            known = await asyncio.to_thread(read_document, self.hub.reader, NODE, node)
            if known is None:
                return refusal("node_unknown")
            if known.value(field_index(NODE, "cafe")) != cafe:
                return refusal("node_of_other_cafe")
        surroundings = self.hub.surroundings
        code = enrolment.new_code(surroundings.random_bytes)
        now_ms = surroundings.now_ms()
        await self.hub.write(
            lambda database: enrolment.keep_code(database, code, cafe, node, name, now_ms)
        )
        return code

    async def enrol(self, request: EnrolRequest) -> EnrolAnswer | Refusal:
        """Enrol a box; a repeat with the same code and key gets the same answer."""
        case = Enrolment(request, self.hub.surroundings.random_bytes)
        outcome = await self.hub.propose(case.proposal())
        if isinstance(outcome, Refusal):
            return outcome
        keys = self.hub.keys
        return EnrolAnswer(
            self.hub.chain,
            case.cafe,
            case.node,
            case.epoch,
            self.hub.head().generation,
            keys.public_bytes,
            keys.claim_secret,
            self._broker,
            keys.sealing_public_bytes,
        )

    async def set_node_status(self, node: int, status: str, actor: int) -> list[OpRef] | Refusal:
        """Make a node `active`, `fenced` or `revoked`; it holds from its next batch on."""

        def check(_draft: Draft, row: RegisterRow | None) -> Refusal | None:
            return None if row is not None else refusal("node_unknown")

        random_bytes = self.hub.surroundings.random_bytes
        return await self.hub.propose(
            write_fields(NODE, node, {"status": status}, actor, random_bytes, 0, check)
        )

    async def close_epoch(
        self, node: int, epoch: int, approvers: tuple[int, int], note: str = ""
    ) -> list[OpRef] | Refusal:
        """Close an epoch for good; what it holds returns to the hub's part."""
        business_day, utc_offset_min = self.hub.surroundings.business_day()

        def decide(draft: Draft) -> HubOps | list[OpRef] | Refusal:
            if not any(author.epoch == epoch for author in draft.authors_of(node)):
                return refusal("node_unknown")
            author = draft.author(node, epoch)
            if author.standing == "closed":
                return refusal("epoch_closed")
            fault = _approval_fault(draft, approvers)
            if fault is not None:
                return fault
            held = _held_by(draft, node, epoch)
            ops = closing(node, epoch, author.seq, approvers, held, business_day, utc_offset_min)
            if isinstance(ops, Refusal):
                return ops
            choice = Choice(WRITE_OFF, note, "", approvers[1], business_day)
            return [*ops, *fence_settled(draft, node, epoch, choice)]

        return await self.hub.propose(Proposal(decide, approvers[0]))

    async def recover(self) -> None:
        """Begin a recovery: this database was put back from a backup."""
        await self.hub.on_writer(lambda worker: worker.begin_recovery())

    async def recovery(self) -> dict[str, object]:
        """Return where a recovery stands and whom it waits for; {} where none is under way."""

        def look(worker: Worker) -> dict[str, object]:
            found = returned.status(worker.builder.database)
            return {**found, "waits_for": worker.recovery.waited_for()} if found else {}

        return await self.hub.on_writer(look)

    async def excuse(self, node: int, approvers: tuple[int, int]) -> Refusal | None:
        """Recover without a node: it is fenced, and what it alone has may come as a branch."""
        return await self.hub.on_writer(lambda worker: worker.excuse(node, approvers))

    async def left_overs(self) -> list[dict[str, object]]:
        """Return what boxes handed in of earlier epochs that does not continue the log."""
        return await asyncio.to_thread(left_overs.listed, self.hub.reader)

    async def admit_branch(
        self, left_over: int, approvers: tuple[int, int], note: str = ""
    ) -> list[OpRef] | Refusal:
        """Admit what was handed in, as it was written; excess is the chain's loss."""
        business_day, _offset = self.hub.surroundings.business_day()
        choice = Choice(ADMIT, note, "", approvers[1], business_day)
        proposal = left_overs.admission(
            left_over,
            approvers,
            lambda draft: _approval_fault(draft, approvers),
            lambda draft, node, epoch: fence_settled(draft, node, epoch, choice),
        )
        outcome = await self.hub.propose(proposal)
        if not isinstance(outcome, Refusal):
            await self.hub.append_branches()
        return outcome

    async def erase(self, subject: int, actor: int) -> OpRef | Refusal:
        """Erase a member (or a person of staff) everywhere, for good."""

        def decide(draft: Draft) -> HubOps | list[OpRef] | Refusal:
            rows = [draft.state.register(kind, subject) for kind in _PERSONAL_REGISTERS]
            return decide_erasure(subject, rows, draft.state.is_erased(subject))

        outcome = await self.hub.propose(Proposal(decide, actor))
        return outcome if isinstance(outcome, Refusal) else outcome[0]

    async def settle_case(
        self, case: int, choice: str, note: str, seen: str, person: Person
    ) -> list[OpRef] | Refusal:
        """Settle a conflict case; `seen`: what the person was shown (`disputes.Dispute.seen`)."""
        fault = right_fault(person.role, "settle_case")
        if fault is None:
            cafes = await asyncio.to_thread(cafes_of, self.hub.reader, case, self.hub.authors())
            fault = place_fault(person.cafes, cafes) if cafes else None
        if fault is not None:
            return fault
        business_day, _offset = self.hub.surroundings.business_day()
        chosen = Choice(choice, note.strip(), seen, person.id, business_day)
        proposal = settlement(case, chosen, self.hub.surroundings.random_bytes)
        return await self.hub.propose(proposal)

    async def back_up(self, target: Path) -> int:
        """Copy the store to `target`; returns the last block number in the copy."""
        number = await asyncio.to_thread(back_up, self.hub.reader, target)
        await self.hub.note_backup(number)
        return number


def _approval_fault(draft: Draft, approvers: tuple[int, int]) -> Refusal | None:
    return two_people_fault(draft.database, draft.state, approvers, draft.hub_ms)


def _held_by(draft: Draft, node: int, epoch: int) -> list[Held]:
    """Return every balance held by (node, epoch), as the draft has it so far."""
    rows = draft.database.rows(
        Balance.select(Balance.subject)
        .where(Balance.node == node, Balance.epoch == epoch)
        .distinct()
    )
    held: list[Held] = []
    for subject in sorted({row.subject for row in rows} | draft.state.touched(), key=repr):
        for (section, account), amount in draft.state.of_subject(subject).items():
            if account[2:4] == (node, epoch) and amount:
                held.append((section[1], account, amount))
    return held
