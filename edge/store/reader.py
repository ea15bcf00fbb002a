"""What the box knows, in one object: the log, its state, its standing, and the counter's own.

Read only, one snapshot. `LogReader` reads the log, `StateReader` what ops have made of it.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from edge.store import statements
from edge.store.checked_bytes import checked
from edge.store.facts import PrintJob
from edge.store.standing import (
    FENCED_PREFIX,
    OTHER_HARDWARE,
    SETTING_FENCE,
    SETTING_MOVED,
    SETTING_STOP,
    Fence,
)
from edge.store.state_reader import StateReader


class Reader(StateReader):
    """Reads through one connection; everything read from one `Reader` is of one moment.

    A `WriteTransaction` is a `Reader` that also sees what it has written itself.
    """

    # --- standing ---------------------------------------------------------------------------------

    def fence(self) -> Fence | None:
        """Return the fence of this epoch, None while there is none."""
        value = self.setting(SETTING_FENCE)
        if value is None:
            return None
        fence = Fence(*cast("list[object]", value))  # type: ignore[arg-type]  # as `note_fence` packed it
        return fence if fence.epoch == self.identity.epoch else None

    def stop_spending(self) -> str | None:
        """Return why this box must not lower any right (a code of `standing`), None for nothing."""
        fence = self.fence()
        if fence is not None:
            return FENCED_PREFIX + fence.reason
        if self.setting(SETTING_MOVED) == self.identity.epoch:
            return OTHER_HARDWARE
        value = self.setting(SETTING_STOP)
        return None if value is None else str(value)

    def is_erased(self, subject: int) -> bool:
        """Return whether a person's data is gone for good."""
        return self._execute(statements.SELECT_ERASED, (subject,)).fetchone() is not None

    # --- the counter's own ------------------------------------------------------------------------

    def answer(self, request_id: str) -> bytes | None:
        """Return the answer kept for a request id, None for a new one.

        b"" for one that was erased, or is damaged: what it asked for was done.
        """
        row = self._execute(statements.SELECT_ANSWER, (request_id,)).fetchone()
        return None if row is None else checked(row[0], f"the answer to {request_id}")

    def print_job(self, job_id: int) -> PrintJob | None:
        """Return a print job."""
        row = self._execute(statements.SELECT_PRINT_JOB, (job_id,)).fetchone()
        return None if row is None else _print_job(row)

    def print_jobs(
        self, state: str, limit: int = 100, kinds: Sequence[str] | None = None
    ) -> list[PrintJob]:
        """Return the jobs in a state other than PRINT_DONE, oldest first; of all kinds, or some."""
        if kinds is None:
            rows = self._execute(statements.SELECT_PRINT_JOBS, (state, limit))
        else:
            wanted = (state, json.dumps(kinds), limit)
            rows = self._execute(statements.SELECT_PRINT_JOBS_OF_KINDS, wanted)
        return [_print_job(row) for row in rows]

    def count_print_jobs(self, state: str) -> int:
        """Return how many jobs are in a state other than PRINT_DONE."""
        return int(self._execute(statements.COUNT_PRINT_JOBS, (state,)).fetchone()[0])

    def latest_print_jobs(self, limit: int = 50) -> list[PrintJob]:
        """Return the last jobs in any state, newest first."""
        rows = self._execute(statements.SELECT_LATEST_PRINT_JOBS, (limit,))
        return [_print_job(row) for row in rows]


def _print_job(row: tuple[int, str, bytes, str, int, int, str]) -> PrintJob:
    job = PrintJob(*row)
    return replace(job, document=checked(job.document, f"print job {job.id}"))
