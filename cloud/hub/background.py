"""What the writer does when nothing waits: reports, and the rest of an erasure."""

from collections.abc import Callable

from cloud.hub.metrics import HubMetrics
from cloud.store import reports, scrub
from cloud.store.database import Database

REPORT_PAUSE_MAX_S = 5.0
"""Reports get a chunk at least this often, even while ops wait."""


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
        if self.scrub_due and not others_wait:
            self.scrub_due = False
            if scrub.is_needed(self._database):
                self._drop_snapshots(end)
                scrub.scrub(self._database)
        return False
