"""Coroutines of the product in virtual time: no thread and no loop runs beside anything.

What a thread would do is done at once. What waits (for an answer, for a pause) goes on where the
schedule resolves it. Sleeping is possible only where a `Tasks` runs the coroutine.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future
from typing import Any

from tests.sim.schedule import Schedule


class InlineFuture(Future[Any]):
    """A future that a coroutine awaits without a loop. `asyncio.wrap_future` takes whatever has
    this attribute as one of its own and hands it back as it is."""

    _asyncio_future_blocking = False

    def get_loop(self) -> None:
        """No loop: whoever chains it to another future sets it at once."""

    def __await__(self) -> Generator["InlineFuture", None, Any]:
        while not self.done():
            yield self
        return self.result()


class _Loop(asyncio.AbstractEventLoop):
    """What asyncio asks a running loop for; `schedule` is None where nothing may sleep."""

    def __init__(self, schedule: Schedule | None) -> None:
        self._schedule = schedule

    def run_in_executor(self, _executor: Any, func: Any, *arguments: Any) -> Any:
        future = InlineFuture()
        try:
            future.set_result(func(*arguments))
        except Exception as error:  # noqa: BLE001  # handed to whoever awaits it
            future.set_exception(error)
        return future

    def create_future(self) -> Any:
        return InlineFuture()

    def call_later(self, delay: float, callback: Any, *arguments: Any, **_: Any) -> Any:
        if self._schedule is None:
            raise RuntimeError("a coroutine sleeps in the simulation, where it may not")
        handle = _Handle()

        def call() -> None:
            if not handle.cancelled:
                callback(*arguments)

        self._schedule.after(int(delay * 1000), call)
        return handle


class _Handle:
    cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


_NO_SLEEP = _Loop(None)


def step(coroutine: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop = _NO_SLEEP) -> Any:
    """Run a coroutine to where it waits; returns what for. Raises StopIteration at its end."""
    outer = asyncio._get_running_loop()
    asyncio._set_running_loop(loop)
    try:
        return coroutine.send(None)
    finally:
        asyncio._set_running_loop(outer)


class Tasks:
    """The coroutines of one process. `guard(call)` calls, and takes what goes wrong."""

    def __init__(self, schedule: Schedule, guard: Callable[[Callable[[], None]], None]) -> None:
        self._schedule = schedule
        self._guard = guard
        self._loop = _Loop(schedule)
        self._closed = False

    def start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine to where it waits; it goes on by itself."""
        try:
            future = step(coroutine, self._loop)
        except StopIteration:
            return
        future.add_done_callback(lambda _: self._schedule.after(0, self._go_on, coroutine))

    def _go_on(self, coroutine: Coroutine[Any, Any, None]) -> None:
        if self._closed:
            coroutine.close()
        else:
            self._guard(lambda: self.start(coroutine))

    def close(self) -> None:
        """The process has ended: nothing of it goes on."""
        self._closed = True
