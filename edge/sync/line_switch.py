"""The line's switch: cuts MQTT and HTTP alike, for a demonstration and for tests."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class LineCutError(Exception):
    """The switch is off."""


class LineSwitch:
    """On at first. Everything that crosses the line runs through `guard`.

    Use it on one event loop.
    """

    def __init__(self) -> None:
        self._cut = asyncio.Event()
        self._whole = asyncio.Event()
        self._whole.set()

    @property
    def on(self) -> bool:
        """Whether the line is whole."""
        return self._whole.is_set()

    def cut(self) -> None:
        """Cut the line; what is under way ends with `LineCutError`."""
        self._whole.clear()
        self._cut.set()

    def mend(self) -> None:
        """Mend the line; the session comes back by itself."""
        self._cut.clear()
        self._whole.set()

    async def guard(self, crossing: Coroutine[Any, Any, T]) -> T:
        """Await `crossing`, or raise `LineCutError` as soon as the line is cut."""
        if not self.on:
            crossing.close()
            raise LineCutError
        task = asyncio.ensure_future(crossing)
        cut = asyncio.ensure_future(self._cut.wait())
        try:
            await asyncio.wait((task, cut), return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise LineCutError
        finally:
            cut.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait((task,))

    async def wait_cut(self) -> None:
        """Return when the line is cut."""
        await self._cut.wait()

    async def wait_whole(self) -> None:
        """Return when the line is whole."""
        await self._whole.wait()
