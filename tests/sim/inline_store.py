"""The box's real store, its writer's work done on the caller's thread: one order of everything."""

from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from edge.store import store as store_module
from edge.store.store import Store
from edge.store.writer import Writer, _Job
from tests.sim.tasks import InlineFuture, step

T = TypeVar("T")


class InlineWriter(Writer):
    """A `Writer` without a thread, whose queue is emptied by whoever fills it."""

    collects = False

    def start(self) -> None: ...

    def submit(self, work: Any) -> "Future[Any]":
        return self._put(_Job(InlineFuture(), work=work))

    def _put(self, job: Any) -> "Future[Any]":
        future = super()._put(job)
        if not self.collects:
            self.empty()
        return future

    def empty(self) -> None:
        """Do what waits; works that wait together share one commit."""
        while not self._queue.empty():
            job = self._queue.get()
            while job is not None:
                if job.work is not None:
                    job = self._commit_group(job)
                else:
                    self._run_alone(job, job.alone)
                    job = None

    def close(self) -> None:
        self._closing = True


class InlineStore(Store):
    """A `Store` whose coroutines wait for nothing but their group's commit."""

    _writer: InlineWriter

    @classmethod
    def open(cls, *arguments: Any) -> "InlineStore":
        kept = store_module.Writer
        store_module.Writer = InlineWriter
        try:
            return super().open(*arguments)
        finally:
            store_module.Writer = kept

    async def scrub(self) -> bool:
        # VACUUM rewrites the file: left to the store's own tests, as it changes no row.
        return True

    def run_together(self, coroutines: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
        """Run coroutines so that what they write shares one commit."""
        self._writer.collects = True
        results: dict[int, T] = {}
        for index, coroutine in enumerate(coroutines):
            _step(coroutine, index, results)
        self._writer.collects = False
        self._writer.empty()
        for index, coroutine in enumerate(coroutines):
            if index not in results:
                _step(coroutine, index, results)
        return [results[index] for index in range(len(coroutines))]

    def abandon(self) -> None:
        """Let go of the files as a process that ends does, without a last word to the disk."""
        self._writer.close()
        for reader in self._readers:
            reader.database.close()
        self._readers.clear()
        self._database.close()
        self._lock.close()


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine that has nothing to wait for."""
    results: dict[int, T] = {}
    _step(coroutine, 0, results)
    if 0 not in results:
        coroutine.close()
        raise RuntimeError("a coroutine waits in the simulation, where it may not")
    return results[0]


def _step(coroutine: Coroutine[Any, Any, T], index: int, results: dict[int, T]) -> None:
    try:
        step(coroutine)
    except StopIteration as stop:
        results[index] = stop.value
