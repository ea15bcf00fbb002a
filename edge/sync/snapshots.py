"""Snapshots and manifests of the hub: loaded by a box that is far behind, kept for retention."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from edge.store.retention import Retained
from edge.store.snapshot import LATER_VERSION, SnapshotRefusedError
from edge.store.store import Store
from edge.sync.enrolment import Enrolment
from edge.sync.hub_http import HubHttp, HubRefusedError, HubUnreachableError
from edge.sync.line_switch import LineCutError
from edge.sync.metrics import SyncMetrics
from sync_protocol.errors import ProtocolError
from sync_protocol.http_api import SnapshotAnswer

RETRY_S = 10.0

logger = logging.getLogger(__name__)


class SnapshotLoader:
    """Asks for manifests, downloads what they name to `path`, and loads it into the store.

    `path` is kept over restarts, so that a download goes on where a broken line ended it.
    """

    def __init__(
        self,
        store: Store,
        enrolment: Enrolment,
        http: HubHttp,
        path: Path,
        metrics: SyncMetrics,
        random_below: Callable[[int], int],
    ) -> None:
        self._store = store
        self._enrolment = enrolment
        self._http = http
        self._path = path
        self._metrics = metrics
        self._random_below = random_below

    async def load_newest(self) -> None:
        """Load the newest snapshot, trying until it is there or the log is the way.

        Raises `StoreMismatchError` where the hub has own ops that this store has not.
        """
        while True:
            try:
                answer = await self.newest()
                if not self._is_ahead(answer):
                    return
                await self.load(answer)
            except (HubUnreachableError, LineCutError) as error:
                logger.warning("no snapshot yet: %s", error)
            except (HubRefusedError, SnapshotRefusedError, ProtocolError) as error:
                logger.warning("the snapshot was not taken: %s", error)
                self._metrics.faults.labels(error.code).inc()
                await self._remove()
                if error.code == LATER_VERSION:
                    return
            else:
                self._metrics.snapshots.inc()
                await self._remove()
                return
            await asyncio.sleep(RETRY_S * self._random_below(1000) / 1000)

    async def load(self, answer: SnapshotAnswer) -> None:
        """Download a snapshot and load it into the store; raises what went wrong."""
        await self._http.download_snapshot(answer, self._path)
        await self._store.load_snapshot(answer.manifest, self._path)

    async def keep_up(self) -> Retained | None:
        """Take the hub's newest manifest and drop old ops below it; None without a line."""
        try:
            answer = await self.newest()
        except (HubUnreachableError, HubRefusedError, LineCutError, ProtocolError) as error:
            logger.info("no manifest: %s", error)
            return None
        await self._store.keep_manifest(answer.manifest, answer.signature)
        return await self._store.retain()

    async def newest(self) -> SnapshotAnswer:
        """Return what the hub has to offer, signed by it."""
        answer = await self._http.newest_snapshot()
        if not self._enrolment.verify_hub(answer.signature, answer.manifest.signing_bytes()):
            raise SnapshotRefusedError("signature", "the manifest is not the hub's")
        return answer

    def _is_ahead(self, answer: SnapshotAnswer) -> bool:
        with self._store.read() as reader:
            cursor = reader.cursor()
        manifest = answer.manifest
        there = (manifest.generation, manifest.position)
        return there > (cursor.generation, cursor.position)

    async def _remove(self) -> None:
        await asyncio.to_thread(self._path.unlink, missing_ok=True)
