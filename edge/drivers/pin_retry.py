"""Pins that cannot be used now are tried again: another program may hold them for a while."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0


class PinRetry:
    """Calls `open_pins` on the loop, at once and then ever less often, until it returns True."""

    def __init__(self, open_pins: Callable[[], bool]) -> None:
        self._open_pins = open_pins
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Try at once, and go on by a task of its own where that fails."""
        if not self._open_pins():
            self._task = asyncio.create_task(self._go_on())

    async def stop(self) -> None:
        """Try no more. A second call does nothing."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _go_on(self) -> None:
        wait_s = FIRST_WAIT_S
        while True:
            await asyncio.sleep(wait_s)
            if self._open_pins():
                return
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
