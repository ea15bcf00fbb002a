"""A box that succeeds a dead one: its state comes from the hub, and what a stick holds goes there.

It takes as long as the hub's log is long, so that the page looks at it instead of waiting for it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.configuration import ConfigurationError
from edge.domain.refusals import Refusal, refuse
from edge.second_copy.rebuild import CopyRefusedError, Rebuilt, Tell
from edge.second_copy.sealed_files import scan
from edge.setup.hub import why_refused, why_unreachable
from edge.setup.line import has_network
from edge.store.errors import StoreError
from edge.sync.enrolment import EnrolmentError
from edge.sync.hub_http import HubRefusedError, HubUnreachableError
from sync_protocol.errors import ProtocolError

Rebuild = Callable[[str, Path | None, Tell], Awaitable[Rebuilt]]
"""Given the hub's address and the folder of a second copy; raises as `edge.rebuilding.rebuild`."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """What is counted (`edge.second_copy.rebuild`), how much is done, and of how much."""

    what: str = ""
    done: int = 0
    total: int = 0


class Succession:
    """One try after the other, until `rebuilt` says what came of it."""

    def __init__(self, rebuild: Rebuild, folders: Sequence[Path]) -> None:
        self._rebuild = rebuild
        self._folders = folders
        self._task: asyncio.Task[None] | None = None
        self.progress = Progress()
        self.rebuilt: Rebuilt | None = None
        self.refusal: Refusal | None = None
        """Why the last try broke off."""

    @property
    def is_running(self) -> bool:
        return self._task is not None and not self._task.done()

    async def copies(self, chain: str, node: int) -> list[Path]:
        """The folders in which a second copy of this node lies."""
        return await asyncio.to_thread(self._copies, chain, node)

    def _copies(self, chain: str, node: int) -> list[Path]:
        found = []
        for folder in self._folders:
            try:
                files, _empty = scan(folder)
            except OSError as error:
                log.warning("%s: %s", folder, error)
                continue
            if any((file.first.chain, file.first.node) == (chain, node) for file in files):
                found.append(folder)
        return found

    def begin(self, hub: str, folder: Path | None) -> None:
        """Begin, unless it runs or is done: a form that was sent twice."""
        if not self.is_running and self.rebuilt is None:
            self.progress, self.refusal = Progress(), None
            self._task = asyncio.create_task(self._run(hub, folder))

    async def close(self) -> None:
        """Break off what runs; it is begun anew at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, hub: str, folder: Path | None) -> None:
        try:
            self.rebuilt = await self._rebuild(hub, folder, self._tell)
        except HubRefusedError as error:
            self.refusal = why_refused(error, hub)
        except HubUnreachableError as error:
            self.refusal = why_unreachable(error, hub, has_network=has_network())
        except (
            ConfigurationError,
            CopyRefusedError,
            EnrolmentError,
            ProtocolError,
            StoreError,
            OSError,
        ) as error:
            log.warning("not rebuilt: %s", error)
            self.refusal = refuse("setup_rebuild_failed", why=str(error))

    def _tell(self, what: str, done: int, total: int) -> None:
        self.progress = Progress(what, done, total)
