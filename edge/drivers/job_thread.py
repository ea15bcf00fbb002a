"""A driver's own thread: it does jobs one after the other, and looks after the device between."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from edge.drivers.errors import DeviceAbsentError, DeviceFaultError, DeviceOperationError, Reason


@dataclass(frozen=True, slots=True)
class _Job:
    operation: str
    do: Callable[[], None]
    done: "Future[None]"


class JobThread:
    """`look` is called at first, after each job that went well, and after `look_every_ms` of rest.

    `end` is called when all is over; both are called in the thread.
    """

    def __init__(
        self,
        device: str,
        name: str,
        waiting_max: int,
        look: Callable[[], None],
        look_every_ms: int,
        end: Callable[[], None],
    ) -> None:
        self._device = device
        self._look, self._look_every_s = look, look_every_ms / 1000
        self._end = end
        self._jobs: queue.Queue[_Job | None] = queue.Queue(waiting_max)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._stopping = threading.Event()
        self._ending = threading.Lock()
        """Held where a job is put in, and where those that wait are refused at the end."""

    @property
    def stopping(self) -> bool:
        """Whether a job that takes long should end."""
        return self._stopping.is_set()

    def start(self) -> None:
        self._thread.start()

    async def close(self) -> None:
        """End after the job in hand; those that wait are refused. A second call does nothing."""
        if self._thread.is_alive():
            self._stopping.set()
            await asyncio.to_thread(self._stop)

    def _stop(self) -> None:
        self._jobs.put(None)
        self._thread.join()

    async def do(self, operation: str, job: Callable[[], None]) -> None:
        """Wait until a job is done. Cancelling the wait does not take back one that has begun.

        Raises the DeviceOperationError of the job; DeviceAbsentError where the thread does not
        run, and DeviceFaultError where too many jobs wait.
        """
        done: Future[None] = Future()
        with self._ending:
            if self.stopping or not self._thread.is_alive():
                raise DeviceAbsentError(operation, self._device, Reason.NOT_OPENED)
            try:
                self._jobs.put_nowait(_Job(operation, job, done))
            except queue.Full as error:
                raise DeviceFaultError(operation, self._device, Reason.STALLED) from error
        await asyncio.wrap_future(done)

    def _run(self) -> None:
        try:
            self._work()
        finally:  # a bug of ours ends the thread too, and must keep nobody waiting
            self._stopping.set()
            with self._ending:
                self._refuse_waiting()
            self._end()

    def _work(self) -> None:
        self._look()
        while not self.stopping:
            try:
                job = self._jobs.get(timeout=self._look_every_s)
            except queue.Empty:
                self._look()
                continue
            if job is not None and job.done.set_running_or_notify_cancel():
                self._perform(job)

    def _refuse_waiting(self) -> None:
        while not self._jobs.empty():
            job = self._jobs.get()
            if job is not None and job.done.set_running_or_notify_cancel():
                error = DeviceAbsentError(job.operation, self._device, Reason.NOT_OPENED)
                job.done.set_exception(error)

    def _perform(self, job: _Job) -> None:
        try:
            job.do()
        except DeviceOperationError as error:
            job.done.set_exception(error)
            return
        except BaseException as error:
            job.done.set_exception(error)
            raise
        job.done.set_result(None)
        self._look()
