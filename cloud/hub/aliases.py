"""Merged members: an alias made by the hub, read by all; no posting is ever moved for it."""

from collections.abc import Mapping

from cloud.domain.refusals import Refusal, refusal
from cloud.hub.builder import Proposal
from cloud.hub.draft import Draft, HubOps
from cloud.hub.registers import RandomBytes, write_fields
from cloud.store.database import Database
from cloud.store.reports import read_documents
from cloud.store.state import StoredState
from sync_protocol.kinds import ALIAS, MEMBER, field_index
from sync_protocol.ops import OpRef
from sync_protocol.registers import RegisterRow

_INTO = field_index(ALIAS, "into")


def merge(gone: int, into: int, actor: int, random_bytes: RandomBytes) -> Proposal:
    """Return the proposal that makes the member `gone` one person with `into`."""

    def decide(draft: Draft) -> HubOps | list[OpRef] | Refusal:
        person = _person(draft.state, into)
        if person == gone:
            return refusal("merge_self")
        for member in (gone, person):
            if draft.state.is_erased(member):
                return refusal("member_erased")
            if draft.state.register(MEMBER, member) is None:
                return refusal("member_unknown")
        if _into(draft.state.register(ALIAS, gone)):
            return refusal("merged_already")
        values = {"into": person}
        return write_fields(ALIAS, gone, values, actor, random_bytes).decide(draft)

    return Proposal(decide, actor)


def read_aliases(database: Database) -> dict[int, int]:
    """Return {merged member: the member it was merged into, which is merged no further}."""
    steps = {
        int(key): _into(row) for key, row in read_documents(database, ALIAS) if isinstance(key, int)
    }
    return {member: _end(steps, member) for member, into in steps.items() if into}


def _end(steps: Mapping[int, int], member: int) -> int:
    seen = {member}
    while steps.get(member, 0) and steps[member] not in seen:
        member = steps[member]
        seen.add(member)
    return member


def _person(state: StoredState, member: int) -> int:
    seen = {member}
    while (into := _into(state.register(ALIAS, member))) and into not in seen:
        seen.add(into)
        member = into
    return member


def _into(row: RegisterRow | None) -> int:
    value = row.value(_INTO) if row is not None else None
    return value if isinstance(value, int) else 0
