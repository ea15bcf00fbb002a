"""The thread that does a device's jobs: in their order, and nobody waits for one that is gone."""

import asyncio
import threading

import pytest

from edge.drivers.errors import DeviceAbsentError, DeviceFaultError
from edge.drivers.job_thread import JobThread

LOOK_EVERY_MS = 600_000
"""Longer than any test waits."""


class Desk:
    """A device that only notes what is done."""

    def __init__(self, waiting_max: int = 2) -> None:
        self.notes: list[str] = []
        self.ended = threading.Event()
        self.thread = JobThread(
            *("device", "jobs:device", waiting_max, self._look, LOOK_EVERY_MS, self.ended.set)
        )

    def _look(self) -> None:
        self.notes.append("look")

    async def do(self, note: str) -> None:
        await self.thread.do(note, lambda: self.notes.append(note))


async def test_jobs_are_done_in_their_order_with_a_look_after_each() -> None:
    desk = Desk()
    with pytest.raises(DeviceAbsentError):
        await desk.do("too early")
    desk.thread.start()
    await asyncio.gather(desk.do("one"), desk.do("two"))
    await desk.thread.close()
    await desk.thread.close()
    assert desk.notes == ["look", "one", "look", "two", "look"]
    assert desk.ended.is_set()
    with pytest.raises(DeviceAbsentError):
        await desk.do("too late")


async def test_jobs_that_wait_at_the_end_are_refused_and_too_many_at_once() -> None:
    desk, held, begun = Desk(waiting_max=1), threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        held.wait()

    desk.thread.start()
    holding = asyncio.create_task(desk.thread.do("hold", hold))
    await asyncio.to_thread(begun.wait)
    waiting = asyncio.create_task(desk.do("waits"))
    await asyncio.sleep(0)
    with pytest.raises(DeviceFaultError):
        await desk.do("one too many")
    closing = asyncio.create_task(desk.thread.close())
    await asyncio.sleep(0)
    held.set()
    await holding
    with pytest.raises(DeviceAbsentError):
        await waiting
    await closing


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_bug_in_a_job_is_raised_where_it_was_asked_for_and_nobody_waits_on() -> None:
    desk = Desk()

    def bug() -> None:
        raise ZeroDivisionError

    desk.thread.start()
    asked = asyncio.create_task(desk.thread.do("bug", bug))
    waiting = asyncio.create_task(desk.do("behind it"))
    with pytest.raises(ZeroDivisionError):
        await asked
    with pytest.raises(DeviceAbsentError):
        await waiting
    await asyncio.to_thread(desk.ended.wait)
    await desk.thread.close()
