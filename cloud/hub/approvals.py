"""What takes two people: the first one's word is kept until the second one gives theirs.

Over pages each person is who is logged in, in a session of their own, so that nobody approves in
another's name; who may approve together says `four_eyes`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cloud.domain.disputes import ADMIT, WRITE_OFF
from cloud.domain.judge import CLOSED
from cloud.domain.refusals import Refusal, refusal
from cloud.domain.rights import place_fault
from cloud.domain.settlements import note_fault
from cloud.hub import left_overs
from cloud.hub.office import HeadOffice
from cloud.hub.staff import Person
from cloud.store.database import Database
from cloud.store.models import Approval
from cloud.store.returned_models import LeftOver
from sync_protocol.ops import OpRef

VALID_MS = 24 * 3600 * 1000
"""The first word is forgotten after a day: what it was given on may have changed by then."""


@dataclass(frozen=True, slots=True)
class Given:
    """The first person's word: who, why, when."""

    staff: int
    note: str
    given_ms: int


def given(database: Database, act: str, target: str, now_ms: int) -> Given | None:
    """Return the first word on an act, None where none was given or it is too old."""
    row = database.first(
        Approval.select().where(
            Approval.act == act, Approval.target == target, Approval.given_ms > now_ms - VALID_MS
        )
    )
    return None if row is None else Given(row.staff, row.note, row.given_ms)


def target_of_epoch(node: int, epoch: int) -> str:
    """Return how an epoch is named as what an approval is about."""
    return f"{node}.{epoch}"


class Approvals:
    """Acts of two people over one head office.

    Each method returns True once it is done and committed, False where it now waits for the second
    person, or why not. `first` is whose word the person was shown, 0 for nobody's.
    """

    def __init__(self, office: HeadOffice) -> None:
        self._office = office

    async def write_off(
        self, node: int, epoch: int, person: Person, note: str, first: int
    ) -> bool | Refusal:
        """Close an epoch: what it holds goes back to head office."""
        authors = {(one.node, one.epoch): one.standing for one in self._office.hub.authors()}
        if (node, epoch) not in authors or not node:
            return refusal("node_unknown")
        if authors[node, epoch] == CLOSED:
            return refusal("epoch_closed")
        fault = self._place_fault(node, person)
        if fault is not None:
            return fault

        async def perform(approvers: tuple[int, int], note: str) -> list[OpRef] | Refusal:
            return await self._office.close_epoch(node, epoch, approvers, note)

        target = target_of_epoch(node, epoch)
        return await self._approve((WRITE_OFF, target), person, note, first, perform)

    async def admit(self, left_over: int, person: Person, note: str, first: int) -> bool | Refusal:
        """Bring what a box handed in of an earlier epoch into the log, as it was written."""
        reader = self._office.hub.reader
        row = await asyncio.to_thread(
            reader.first, LeftOver.select(LeftOver.node).where(LeftOver.id == left_over)
        )
        fault = left_overs.admission_fault(reader, left_over) or self._place_fault(row.node, person)
        if fault is not None:
            return fault

        async def perform(approvers: tuple[int, int], note: str) -> list[OpRef] | Refusal:
            return await self._office.admit_branch(left_over, approvers, note)

        return await self._approve((ADMIT, str(left_over)), person, note, first, perform)

    def _place_fault(self, node: int, person: Person) -> Refusal | None:
        cafes = {author.cafe for author in self._office.hub.authors() if author.node == node}
        return place_fault(person.cafes, cafes)

    async def _approve(
        self,
        place: tuple[str, str],
        person: Person,
        note: str,
        first: int,
        perform: Callable[[tuple[int, int], str], Awaitable[list[OpRef] | Refusal]],
    ) -> bool | Refusal:
        now_ms = self._office.hub.surroundings.now_ms()

        def take(database: Database) -> Given | Refusal | None:
            known = given(database, *place, now_ms)
            if known is None:
                fault = note_fault(note)
                if fault is not None:
                    return fault
                _keep(database, place, Given(person.id, note, now_ms))
                return None
            if known.staff == person.id:
                return refusal("two_people")
            return known if known.staff == first else refusal("approval_kept")

        known = await self._office.hub.write(take)
        if known is None or isinstance(known, Refusal):
            return known or False
        outcome = await perform((known.staff, person.id), known.note)
        if isinstance(outcome, Refusal):
            return outcome
        await self._office.hub.write(lambda database: _forget(database, place))
        return True


def _keep(database: Database, place: tuple[str, str], word: Given) -> None:
    _forget(database, place)
    database.run(
        Approval.insert(
            act=place[0],
            target=place[1],
            staff=word.staff,
            note=word.note,
            given_ms=word.given_ms,
        )
    )


def _forget(database: Database, place: tuple[str, str]) -> None:
    database.run(Approval.delete().where(Approval.act == place[0], Approval.target == place[1]))
