"""The audit log at the desk: who is denied what, who looks at whose record, and the marks.

A command that is done writes its row itself (`edge.desk.commit`); what is denied or only looked at
has no commit of its own and gets one here. A tap is nobody's command and has no row.
"""

from collections.abc import Mapping

from edge.desk import facts
from edge.desk.commands import APPROVER, Command, Input, Parameter
from edge.desk.commit import Request, anchor
from edge.desk.inputs import read_input
from edge.desk.settings import DeskSettings
from edge.domain.refusals import Refusal
from edge.store import audit
from edge.store.audit import Act, AuditEntry
from edge.store.store import Store
from edge.store.transaction import WriteTransaction

LOOKED_AT = tuple(Parameter(name, Input.ID) for name in ("member", "card", "sale", "shift"))
"""Records that a page is asked for in the query of its address."""
_SETTING_MARKED_DAY = "audit.marked_day"


class AuditDesk:
    """Writes the rows that no command writes, and reads the log for its page."""

    def __init__(self, store: Store, settings: DeskSettings) -> None:
        self._store = store
        self._settings = settings

    async def note_denied(self, request: Request, refusal: Refusal) -> None:
        """Write down that somebody was denied something.

        Before the log-in nobody is denied anything but the log-in; one that is locked is written
        down once, however often it is tried.
        """
        if request.session is None and request.command != "log_in":
            return
        act = request.act(refusal.code)

        def work(transaction: WriteTransaction) -> None:
            if refusal.code == "log_in_locked":
                last = next(audit.entries(transaction, limit=1), None)
                if last is not None and last.act == act:
                    return
            audit.append(transaction, act)

        await self._store.write(work)

    async def note_done(self, request: Request) -> None:
        """Write down that somebody did what is no command of the desk."""
        await self._store.write(
            lambda transaction: audit.append(transaction, request.act(audit.DONE))
        )

    async def note_look(
        self, request: Request, query: Mapping[str, str], refusal: Refusal | None
    ) -> None:
        """Write down that somebody opened a page about a record, or was denied a page."""
        named = Command(request.command, "", LOOKED_AT, ())
        looked_at = subjects_of(named, query)
        if refusal is None and not looked_at and not query.get("text"):
            return
        outcome = audit.DONE if refusal is None else refusal.code
        act = Act(request.command, outcome, request.staff, request.terminal, subjects=looked_at)
        await self._store.write(lambda transaction: audit.append(transaction, act))

    async def keep(self) -> None:
        """Once a business day: anchor the log, and drop what is old and anchored."""
        await self._store.write(self._keep)

    def _keep(self, transaction: WriteTransaction) -> None:
        at = facts.here(transaction, self._settings, transaction.wall_ms())
        if transaction.setting(_SETTING_MARKED_DAY) == at.business_day:
            return
        transaction.set_setting(_SETTING_MARKED_DAY, at.business_day)
        if audit.head(transaction)[0]:
            anchor(transaction, at, 0, 0)
        audit.cut_old(transaction)

    def entries(
        self, *, staff: int = 0, command: str = "", outcome: str = "", limit: int = 100
    ) -> list[AuditEntry]:
        """Rows for the page, newest first; see `edge.store.audit.entries`."""
        with self._store.read() as reader:
            found = audit.entries(
                reader, staff=staff, command=command, outcome=outcome, limit=limit
            )
            return list(found)


def subjects_of(command: Command, inputs: Mapping[str, object]) -> tuple[tuple[str, int], ...]:
    """The records that a command names by its inputs, as far as these can be read."""
    ids = [one for one in command.parameters if one.type is Input.ID and one.name != APPROVER]
    found = ((one.name, read_input(one, inputs)) for one in ids)
    return tuple((name, id) for name, id in found if isinstance(id, int) and id)
