"""Once each business day: expiry, repaid advances, usual cafes with their limits, slices, and what
the law lets go of erased people.

Each step is a proposal of its own, decided on the state as the block has it so far. All but slices
follow from the state alone; a slice is noted by its request id, so that a night which is done
twice, after a crash or by a second call, grants nothing twice. A night that a later one has
overtaken grants nothing any more: the later one has done it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cloud.domain.advances import limit_change, repayment
from cloud.domain.expiry import EXPIRES_INTO, expiry
from cloud.domain.grants import SLICED_CLASSES, Holding, grant_transaction
from cloud.domain.judge import CURRENT
from cloud.domain.refusals import Refusal
from cloud.domain.slices import slice_moves, slice_request, usual_cafe, window_start
from cloud.hub.aliases import read_aliases
from cloud.hub.builder import Proposal
from cloud.hub.check_erasure import erase_check, left_checks, note_seen_to
from cloud.hub.draft import Draft, HubOps, HubOpVoidError
from cloud.hub.hub import Hub, HubStoppedError
from cloud.hub.registers import write_fields
from cloud.store.database import Database
from cloud.store.models import Balance, GrantMade, Setting
from cloud.store.reports import read_rights_rule, report_position
from cloud.store.visits import visit_days
from sync_protocol.accounts import (
    ADVANCE_RIGHT,
    HUB_HOLDER,
    RECEIVABLE,
    WALLET,
    class_of,
)
from sync_protocol.kinds import TRANSACTION, USUAL_CAFE, field_index
from sync_protocol.ledger import Transaction
from sync_protocol.ops import OpRef
from sync_protocol.rights_rule import RightsRule

logger = logging.getLogger(__name__)

DONE_DAY = "nightly.business_day"
BEGUN_DAY = "nightly.begun_business_day"
CHECK_EVERY_S = 60.0
PEOPLE_AT_ONCE = 50
"""A block then holds some hundreds of ops of the night, and those of nodes wait no longer."""
REPORTS_WAIT_S = 0.2

Decided = HubOps | list[OpRef] | Refusal


@dataclass(frozen=True, slots=True)
class Person:
    """A member and those merged into it, and the days of visits by cafe."""

    members: tuple[int, ...]
    days: dict[int, list[int]]


@dataclass(frozen=True, slots=True)
class Night:
    """What one night goes by."""

    business_day: int
    utc_offset_min: int
    rule: RightsRule

    @property
    def day(self) -> tuple[int, int]:
        """(business day, UTC offset in minutes)."""
        return self.business_day, self.utc_offset_min


class Nightly:
    """The hub's work of each business day; `run` beside everything else, or `run_due` by hand."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def run(self) -> None:
        """Do each day's work as soon as the day has begun, until cancelled or the hub stops.

        Why the hub stopped is told by who watches its writer.
        """
        with contextlib.suppress(HubStoppedError):
            while True:
                await self.run_due()
                await asyncio.sleep(CHECK_EVERY_S)

    async def run_due(self) -> bool:
        """Do this business day's work, unless it was done; whether it was not."""
        hub = self._hub
        business_day, utc_offset_min = hub.surroundings.business_day()
        if await asyncio.to_thread(_noted_day, hub.reader, DONE_DAY) >= business_day:
            return False
        await hub.write(lambda database: _note_day(database, BEGUN_DAY, business_day))
        position = hub.head().position
        # The writer's thread folds the reports, and wakes nobody for it.
        while await asyncio.to_thread(report_position, hub.reader) < position:  # noqa: ASYNC110  # see above
            await asyncio.sleep(REPORTS_WAIT_S)
        rule = await asyncio.to_thread(read_rights_rule, hub.reader)
        night = Night(business_day, utc_offset_min, rule)
        people, subjects = await asyncio.to_thread(_concerned, hub.reader, business_day)
        await self._propose(_expire(night, subject) for subject in subjects)
        for start in range(0, len(people), PEOPLE_AT_ONCE):
            part = people[start : start + PEOPLE_AT_ONCE]
            await self._propose(step for person in part for step in self._steps(night, person))
        checks, seen_to = await asyncio.to_thread(left_checks, hub.reader, business_day)
        await self._propose(map(erase_check, checks))
        await hub.write(lambda database: note_seen_to(database, seen_to))
        await hub.write(lambda database: _note_day(database, DONE_DAY, business_day))
        logger.info("night done", extra={"business_day": business_day, "people": len(people)})
        return True

    async def _propose(self, proposals: Iterable[Proposal]) -> None:
        await asyncio.gather(*(self._done(proposal) for proposal in proposals))

    async def _done(self, proposal: Proposal) -> None:
        """Have a step committed; one that would be void is a bug, and stops no other step."""
        try:
            await self._hub.propose(proposal)
        except HubOpVoidError as error:
            logger.error("a step of the night is void: %s", error)

    def _steps(self, night: Night, person: Person) -> Iterator[Proposal]:
        random_bytes = self._hub.surroundings.random_bytes
        yield _repay(night, person)
        for member in person.members:

            def settle(draft: Draft, member: int = member) -> Decided:
                cafe = usual_cafe(person.days, _usual(draft, person.members[0]))
                values = {"cafe": cafe}
                if draft.state.is_erased(member) or _usual(draft, member) == cafe:
                    return []
                return write_fields(USUAL_CAFE, member, values, 0, random_bytes).decide(draft)

            yield Proposal(settle)
            yield _limit(night, person, member)
            yield _slice(night, person, member)


def _expire(night: Night, subject: int | str) -> Proposal:
    def decide(draft: Draft) -> Decided:
        return _one(expiry(_holdings(draft, (subject,), EXPIRES_INTO), *night.day))

    return Proposal(decide)


def _repay(night: Night, person: Person) -> Proposal:
    def decide(draft: Draft) -> Decided:
        debts = [
            (int(debt.subject), debt.amount)
            for debt in _holdings(draft, person.members, (RECEIVABLE,))
        ]
        return _one(repayment(debts, _holdings(draft, person.members, (WALLET,)), *night.day))

    return Proposal(decide)


def _limit(night: Night, person: Person, member: int) -> Proposal:
    """The limit stands at the usual cafe, in the name of the member that others merged into."""

    def decide(draft: Draft) -> Decided:
        if draft.state.is_erased(member):
            return []
        merged = member != person.members[0]
        balances = draft.state.of_subject(member).items()
        granted_fen = sum(
            amount * class_of(account[0]).side
            for (_section, account), amount in balances
            if account[0] in (ADVANCE_RIGHT, RECEIVABLE)
        )
        at_hub_fen = sum(one.amount for one in _holdings(draft, (member,), (ADVANCE_RIGHT,)))
        limit_fen = 0 if merged else night.rule.advance_limit_fen
        holder = _node_of(draft, _usual(draft, member))
        return _one(limit_change(member, limit_fen, granted_fen, at_hub_fen, holder, night.day))

    return Proposal(decide)


def _slice(night: Night, person: Person, member: int) -> Proposal:
    request = slice_request(night.business_day, member)
    granted_to: list[int] = []

    def decide(draft: Draft) -> Decided:
        holder = _node_of(draft, _usual(draft, person.members[0]))
        if holder is None or draft.state.is_erased(member) or _is_made(draft.database, request):
            return []
        if _noted_day(draft.database, BEGUN_DAY) > night.business_day:
            return []
        has: dict[tuple[int, str], int] = {}
        there: dict[tuple[int, str], int] = {}
        for (_section, account), amount in draft.state.of_subject(member).items():
            place = (account[0], account[5])
            if account[0] in SLICED_CLASSES:
                normal = amount * class_of(account[0]).side
                has[place] = has.get(place, 0) + normal
                if account[2:4] == holder:
                    there[place] = there.get(place, 0) + normal
        holdings = _holdings(draft, (member,), SLICED_CLASSES)
        moves = slice_moves(holdings, has, there, night.rule)
        if not moves:
            return []
        granted_to.append(holder[0])
        return _one(grant_transaction(moves, *holder, request, *night.day))

    def record(database: Database, references: list[OpRef]) -> None:
        for reference in references:
            database.run(
                GrantMade.insert(
                    node=granted_to[-1],
                    request=request,
                    epoch=reference.epoch,
                    seq=reference.seq,
                    hash8=reference.hash8,
                )
            )

    return Proposal(decide, 0, record)


def _one(transaction: Transaction | None) -> Decided:
    return [] if transaction is None else [(TRANSACTION, transaction.body())]


def _holdings(draft: Draft, subjects: Iterable[int | str], classes: Iterable[int]) -> list[Holding]:
    """Return the hub's parts, first to expire first."""
    wanted = set(classes)
    found = []
    for subject in subjects:
        for (_section, account), balance in draft.state.of_subject(subject).items():
            code, _subject, node, epoch, month, unit = account
            amount = balance * class_of(code).side
            if code in wanted and (node, epoch) == HUB_HOLDER and amount > 0:
                found.append(Holding(code, subject, month, unit, amount))
    return sorted(found, key=lambda one: (one.month or 999912, one.code, one.unit))


def _usual(draft: Draft, member: int) -> int:
    row = draft.state.register(USUAL_CAFE, member)
    value = row.value(field_index(USUAL_CAFE, "cafe")) if row is not None else None
    return value if isinstance(value, int) else 0


def _node_of(draft: Draft, cafe: int) -> tuple[int, int] | None:
    """Return the current (node, epoch) of a cafe's box."""
    for key, author in sorted({**draft.known, **draft.authors}.items()):
        if cafe and author.cafe == cafe and author.standing == CURRENT:
            return key
    return None


def _is_made(database: Database, request: int) -> bool:
    return database.first(GrantMade.select().where(GrantMade.request == request)) is not None


def _concerned(database: Database, business_day: int) -> tuple[list[Person], list[int | str]]:
    """Return the people whom the night concerns, and the subjects of which the hub holds some."""
    rows = database.rows(
        Balance.select(Balance.subject, Balance.code)
        .where(Balance.node == 0, Balance.epoch == 0, Balance.amount != 0)
        .where(Balance.code.in_((*EXPIRES_INTO, RECEIVABLE, ADVANCE_RIGHT)))
        .distinct()
    )
    days = visit_days(database, window_start(business_day))
    aliases = read_aliases(database)
    owners = (*SLICED_CLASSES, RECEIVABLE, ADVANCE_RIGHT)
    held = {row.subject for row in rows if row.code in owners and isinstance(row.subject, int)}
    groups: dict[int, list[int]] = {}
    for member in sorted(held | days.keys() | aliases.keys()):
        person = aliases.get(member, member)
        group = groups.setdefault(person, [person])
        if member != person:
            group.append(member)
    people = [Person(tuple(group), _days_of(days, group)) for _, group in sorted(groups.items())]
    subjects = sorted({row.subject for row in rows if row.code in EXPIRES_INTO}, key=repr)
    return people, subjects


def _days_of(days: dict[int, dict[int, list[int]]], members: Iterable[int]) -> dict[int, list[int]]:
    joined: dict[int, set[int]] = {}
    for member in members:
        for cafe, seen in days.get(member, {}).items():
            joined.setdefault(cafe, set()).update(seen)
    return {cafe: sorted(seen) for cafe, seen in joined.items()}


def _noted_day(database: Database, name: str) -> int:
    noted = database.first(Setting.select().where(Setting.name == name))
    return 0 if noted is None else int(noted.value)


def _note_day(database: Database, name: str, business_day: int) -> None:
    """Note how far the nights have come; never back."""
    value = str(max(business_day, _noted_day(database, name)))
    database.run(
        Setting.insert(name=name, value=value).on_conflict(
            conflict_target=[Setting.name], update={Setting.value: value}
        )
    )
