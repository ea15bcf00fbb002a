"""The cash drawer: opened by a person's order, and noted when it opens without one."""

import logging

from edge.desk.answers import Answer, Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.staff import StaffDesk
from edge.desk.store_faults import STORE_FAULTS
from edge.domain.decision import Decision, Here, Judgement
from edge.domain.refusals import refuse
from edge.effects.after_commit import Effects
from edge.effects.page_events import Region
from edge.events import DrawerMoved
from edge.store import audit
from edge.store.audit import Act
from edge.store.store import Store
from edge.store.transaction import WriteTransaction

DRAWER_OPENED = "drawer_opened"
"""What the audit log calls an opening that the box did not order: by the key, or by force."""
TERMINAL = 1
"""The drawer stands at the counter's first screen."""

log = logging.getLogger(__name__)


class DrawerDesk:
    """The command about the drawer, and what its switch says."""

    def __init__(
        self, store: Store, committer: Committer, staff: StaffDesk, effects: Effects
    ) -> None:
        self._store = store
        self._committer = committer
        self._staff = staff
        self._effects = effects

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {"open_drawer": self.open_drawer}

    async def open_drawer(self, request: Request) -> Outcome:
        """Open the drawer without a sale; the audit log says who did, and if it failed."""

        def decide(_transaction: WriteTransaction, _at: Here) -> Judgement:
            if not self._effects.drawer.present:
                return refuse("no_drawer")
            return Decision()

        outcome = await self._committer.commit(request, decide)
        if isinstance(outcome, Answer) and not outcome.repeated:
            opened = await self._effects.drawer.kick()
            return outcome if opened else refuse("drawer_failed")
        return outcome

    async def moved(self, event: DrawerMoved) -> None:
        """The drawer's switch changed. An opening that nobody ordered leaves a row in the audit
        log, under whoever is logged in at the counter."""
        unordered = self._effects.drawer.moved(event)
        self._effects.page_events.publish(Region.TRUTH)
        if not unordered:
            return
        try:
            await self._store.write(self._note)
        except STORE_FAULTS as fault:
            log.error("the drawer was opened, and the audit log takes no row: %s", fault.code)

    def _note(self, transaction: WriteTransaction) -> None:
        staff = self._staff.staff_at(transaction, TERMINAL)
        audit.append(transaction, Act(DRAWER_OPENED, audit.DONE, staff, TERMINAL))
