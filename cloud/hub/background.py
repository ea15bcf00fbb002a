"""What the writer does when nothing waits: reports, and the rest of an erasure."""

import logging
from collections.abc import Callable

from cloud.hub.metrics import HubMetrics
from cloud.store import reports, scrub
from cloud.store.database import Database

SCRUB_AGAIN_S = 2.0
"""A scrub rewrites the whole file: one that somebody's reading spoilt is repeated no sooner."""
REPORT_PAUSE_MAX_S = 5.0
"""Reports get a chunk at least this often, even while ops wait."""

logger = logging.getLogger(__name__)


class Background:
    """One writer's pieces of work between blocks.

    `drop_snapshots` is called with the position below which snapshots may hold erased data.
    """

    def __init__(
        self,
        database: Database,
        metrics: HubMetrics,
        monotonic_s: Callable[[], float],
        drop_snapshots: Callable[[int], None],
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._monotonic_s = monotonic_s
        self._drop_snapshots = drop_snapshots
        self._report_position = reports.report_position(database)
        self._last_s = monotonic_s()
        self.scrub_due = True
        self._scrub_at_s = 0.0
        self._rewritten = 0

    def step(self, end: int, others_wait: bool) -> bool:
        """Do one piece; returns whether there is more. `end`: the log's last position."""
        now_s = self._monotonic_s()
        if others_wait and now_s - self._last_s < REPORT_PAUSE_MAX_S:
            return False
        self._last_s = now_s
        if self._report_position < end:
            self._report_position += reports.fold_chunk(self._database, end)
            self._metrics.report_lag.set(end - self._report_position)
            return True
        if self.scrub_due and not others_wait and now_s >= self._scrub_at_s:
            self._scrub(end)
            self._scrub_at_s = self._monotonic_s() + SCRUB_AGAIN_S
        return False

    def _scrub(self, end: int) -> None:
        """Rewrite the files once for an erasure; the log of that is emptied when nobody reads."""
        position = scrub.due(self._database)
        if position != self._rewritten:
            self._drop_snapshots(end)
            scrub.rewrite(self._database)
            self._rewritten = position
        self.scrub_due = position != 0 and not scrub.finish(self._database, position)
        if self.scrub_due:
            logger.warning("somebody reads an old state: the rest of an erasure is done later")
