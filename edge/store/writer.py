"""The one writer: a thread that owns the only writing connection and commits works in groups.

Works that wait while a commit is on its way to the disk share the next one: one fsync for all of
them, and no timer. Each later work of a group runs in a savepoint of its own; the first needs
none, since rolling back the transaction is the same.

Checkpoints run on this connection too and on no other: SQLite 3.7.0 to 3.51.2 can corrupt a WAL
database where two connections write or checkpoint at the same moment. They run when the counter
is quiet, so that no tap waits for one. In such a moment the log is also given its size, once: a
commit that makes the file longer waits for the file system's journal too (630 µs against 560).
"""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from edge.domain.refusals import Refusal
from edge.store.errors import (
    StoreBusyError,
    StoreFullError,
    StoreStoppedError,
    StoreUncertainError,
)
from edge.store.own_log import Mark
from edge.store.transaction import WriteTransaction

QUEUE_MAX = 1000
"""Works in wait: at 2,000 commits a second half a second of the writer's time."""
GROUP_MAX = 200
"""Works in one commit: a first work waits for no more than these."""
QUIET_S = 0.25
CHECKPOINT_COMMITS = 200
"""Commits after which a quiet moment is used for a checkpoint."""
LOG_BYTES = 8 * 1024 * 1024
"""Of the write-ahead log: more than so many commits of a counter fill, so that it starts anew."""

_FATAL = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

Work = Callable[[WriteTransaction], Any]
Alone = Callable[[sqlite3.Connection], Any]


@dataclass(slots=True)
class _Job:
    future: "Future[Any]"
    work: Work | None = None
    alone: Alone | None = None
    """With neither, the thread ends."""


class Writer:
    """Runs works in the order of `submit`. `committed` is called on the writer thread after each
    commit that changed anything."""

    def __init__(self, transaction: WriteTransaction, committed: Callable[[], None]) -> None:
        self._transaction = transaction
        self._connection = transaction.connection
        self._committed = committed
        self._queue: SimpleQueue[_Job] = SimpleQueue()
        self._stopped: StoreStoppedError | None = None
        self._closing = False
        self._lock = threading.Lock()
        self._commits = 0
        self._log_has_its_size = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)

    def start(self) -> None:
        """Begin with what is queued. Apart, so that the simulator can do the works in its order."""
        self._thread.start()

    def submit(self, work: Work) -> "Future[Any]":
        """Queue a work; its future resolves after its commit."""
        return self._put(_Job(Future(), work=work))

    def submit_alone(self, alone: Alone) -> "Future[Any]":
        """Queue something that SQLite does outside of a transaction, such as VACUUM."""
        return self._put(_Job(Future(), alone=alone))

    def close(self) -> None:
        """Finish what was taken in and end the thread."""
        with self._lock:
            self._closing = True
            self._queue.put(_Job(Future()))
        self._thread.join()

    def _put(self, job: _Job) -> "Future[Any]":
        with self._lock:
            if self._stopped is not None:
                raise self._stopped
            if self._closing:
                raise StoreStoppedError("store_closed", "the store is closed")
            if self._queue.qsize() >= QUEUE_MAX:
                raise StoreBusyError("store_busy", f"{QUEUE_MAX} commands are waiting; try again")
            self._queue.put(job)
        return job.future

    def _run(self) -> None:
        while True:
            job: _Job | None = self._wait()
            while job is not None:
                if job.work is not None:
                    job = self._commit_group(job)
                elif job.alone is not None:
                    self._run_alone(job, job.alone)
                    job = None
                else:
                    return

    def _wait(self) -> _Job:
        while self._commits >= CHECKPOINT_COMMITS or not self._log_has_its_size:
            try:
                return self._queue.get(timeout=QUIET_S)
            except Empty:
                if self._commits >= CHECKPOINT_COMMITS:
                    self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                    self._commits = 0
                self._give_log_its_size()
        return self._queue.get()

    def _give_log_its_size(self) -> None:
        """Fill the log's file with zeros up to `LOG_BYTES`.

        SQLite reads a log up to the first frame whose salt and checksum are not its own
        (https://www.sqlite.org/fileformat2.html#walformat): zeros end it as the file's end does.
        Only this thread writes to the file. A full disk is left to the next commit to tell of.
        """
        self._log_has_its_size = True
        path = self._connection.execute("PRAGMA database_list").fetchone()[2] + "-wal"
        with contextlib.suppress(OSError):
            log = os.open(path, os.O_WRONLY)
            try:
                size = os.fstat(log).st_size
                if size < LOG_BYTES:
                    os.pwrite(log, bytes(LOG_BYTES - size), size)
                    os.fdatasync(log)
            finally:
                os.close(log)

    def _run_alone(self, job: _Job, alone: Alone) -> None:
        if job.future.set_running_or_notify_cancel():
            try:
                job.future.set_result(alone(self._connection))
            except Exception as error:  # noqa: BLE001  # handed to whoever submitted it
                job.future.set_exception(self._named(error))
            self._log_has_its_size = False  # a scrub cuts the log off

    def _commit_group(self, first: _Job) -> _Job | None:
        """Run works until none waits, then commit; return a job that came and is no work."""
        done: list[tuple[Future[Any], Any]] = []
        start = self._transaction.own.mark()
        job: _Job | None = first
        taken = 0
        while job is not None and job.work is not None:
            self._run_work(job.future, job.work, done)
            if done and not self._connection.in_transaction:
                # SQLite rolled all of it back by itself, as it does on a full disk.
                error = self._stopped or StoreFullError("disk_full", "the disk takes no more")
                self._fail(done, error, start)
            taken += 1
            job = None if taken == GROUP_MAX or self._queue.empty() else self._queue.get()
        if done:
            self._commit(done, start)
        return job

    def _run_work(
        self, future: "Future[Any]", work: Work, done: "list[tuple[Future[Any], Any]]"
    ) -> None:
        if not future.set_running_or_notify_cancel():
            return
        if self._stopped is not None:
            future.set_exception(self._stopped)
            return
        connection = self._connection
        mark = self._transaction.own.mark()
        try:
            if connection.in_transaction:
                connection.execute("SAVEPOINT work")
            else:
                connection.execute("BEGIN IMMEDIATE")
            result = work(self._transaction)
        except Exception as error:  # noqa: BLE001  # handed to whoever submitted it
            self._undo(bool(done), mark)
            future.set_exception(self._named(error))
            return
        if isinstance(result, Refusal):
            self._undo(bool(done), mark)
            future.set_result(result)
            return
        if done:
            connection.execute("RELEASE work")
        done.append((future, result))

    def _undo(self, in_group: bool, mark: Mark) -> None:
        connection = self._connection
        self._transaction.own.return_to(mark)
        if connection.in_transaction:
            if in_group:
                connection.execute("ROLLBACK TO work")
                connection.execute("RELEASE work")
            else:
                connection.execute("ROLLBACK")

    def _commit(self, done: "list[tuple[Future[Any], Any]]", start: Mark) -> None:
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            told = self._named(error)
            if isinstance(told, StoreStoppedError):
                words = "the disk failed at the commit: after a restart it is known if it was kept"
                told = StoreUncertainError("commit_uncertain", words)
            self._fail(done, told, start)
            return
        self._commits += 1
        for future, result in done:
            future.set_result(result)
        self._committed()

    def _fail(
        self, done: "list[tuple[Future[Any], Any]]", error: BaseException, start: Any
    ) -> None:
        self._transaction.own.return_to(start)
        for future, _ in done:
            future.set_exception(error)
        done.clear()

    def _named(self, error: BaseException) -> BaseException:
        """Return what to tell of an error; one of the disk stops the writer for good.

        After a failed fsync nobody knows what is on the disk: to go on as if it were there is how
        money is lost (Rebello et al. 2020, "Can Applications Recover from fsync Failures?").
        """
        if not isinstance(error, sqlite3.Error):
            return error
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return StoreFullError("disk_full", "the disk is full; nothing was changed")
        if code not in _FATAL:
            return error
        words = f"the disk failed ({error}); nothing more is written until the box is restarted"
        self._stopped = StoreStoppedError("disk_failed", words)
        return self._stopped
