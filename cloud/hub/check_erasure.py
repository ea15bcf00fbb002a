"""The night's part in erasing people: their identity checks, once the law lets them go.

Nothing is written about an erased member any more, so what an erasure left is all gone some 60
days later. Until then each night looks through the checks; in a chain that has erased nobody of
late, no night does.
"""

from cloud.domain.check_erasure import may_go, member_checked
from cloud.hub.builder import Proposal
from cloud.hub.draft import Draft, HubOps
from cloud.store.database import Database
from cloud.store.models import ErasedSubject, Setting
from cloud.store.reports import read_documents
from sync_protocol.kinds import ERASE, IDENTITY_CHECK

SEEN_TO_POSITION = "check_erasure.position"
"""Erasures up to this position in the log have left nothing."""


def left_checks(database: Database, business_day: int) -> tuple[list[int], int]:
    """(checks of erased members that may go, position up to which erasures have left nothing)."""
    seen_to = _seen_to(database)
    erased = {
        row.subject: row.position
        for row in database.rows(ErasedSubject.select().where(ErasedSubject.position > seen_to))
    }
    if not erased:
        return [], seen_to
    due: list[tuple[int, int]] = []
    waiting: list[tuple[int, int]] = []
    for key, row in read_documents(database, IDENTITY_CHECK):
        member = member_checked(row)
        if member in erased and isinstance(key, int):
            (due if may_go(row, business_day) else waiting).append((key, erased[member]))
    open_positions = [position for _key, position in (*due, *waiting)]
    done_to = min(open_positions) - 1 if open_positions else max(erased.values())
    return [key for key, _position in due], done_to


def erase_check(check: int) -> Proposal:
    """Erase a check everywhere."""

    def decide(draft: Draft) -> HubOps:
        return [] if draft.state.is_erased(check) else [(ERASE, [check])]

    return Proposal(decide)


def note_seen_to(database: Database, position: int) -> None:
    """Keep up to where erasures have left nothing."""
    database.run(
        Setting.insert(name=SEEN_TO_POSITION, value=str(position)).on_conflict(
            conflict_target=[Setting.name], update={Setting.value: str(position)}
        )
    )


def _seen_to(database: Database) -> int:
    noted = database.first(Setting.select().where(Setting.name == SEEN_TO_POSITION))
    return 0 if noted is None else int(noted.value)
