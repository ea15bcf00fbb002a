"""Hands blocks back to a hub whose database is older than what it had signed.

The hub's word over a signed request decides whether it lacks anything: an announcement only wakes
this. What is handed back is signed by the hub, and goes back as it came.
"""

import asyncio
import logging
from collections.abc import Callable

from edge.store.handing_back import blocks_from
from edge.store.store import Store
from edge.sync.hub_http import HubHttp, HubRefusedError, HubUnreachableError
from edge.sync.line_switch import LineCutError
from edge.sync.metrics import SyncMetrics
from sync_protocol.errors import ProtocolError
from sync_protocol.http_api import RecoveryAnswer, RecoveryRequest

RETRY_S = 5.0
REFUSED_S = 30.0

logger = logging.getLogger(__name__)


class HandBack:
    """One pass at a time, until the hub is not recovering and has all that this box has."""

    def __init__(
        self,
        store: Store,
        http: HubHttp,
        metrics: SyncMetrics,
        random_below: Callable[[int], int],
    ) -> None:
        self._store = store
        self._http = http
        self._metrics = metrics
        self._random_below = random_below
        self._running = False

    async def run(self) -> None:
        """Hand back what the hub lacks; tries again over broken lines."""
        if self._running:
            return
        self._running = True
        try:
            while not await self._step():
                pass
        finally:
            self._running = False

    async def _step(self) -> bool:
        """Hand one part back; return whether the hub wants no more."""
        pause_s = RETRY_S
        try:
            if await self._hand_back(await self._http.recovery()):
                return True
        except (HubUnreachableError, LineCutError) as error:
            logger.info("the hub is away: %s", error)
        except (HubRefusedError, ProtocolError) as error:
            logger.warning("the hub did not take blocks back: %s", error)
            self._metrics.faults.labels(error.code).inc()
            pause_s = REFUSED_S
        await asyncio.sleep(pause_s * (500 + self._random_below(500)) / 1000)
        return False

    async def _hand_back(self, answer: RecoveryAnswer) -> bool:
        """Hand back until the hub has all of it; return whether its recovery is over."""
        while True:
            with self._store.read() as reader:
                cursor = reader.cursor()
            wanted = answer.wanted or answer.block_number + 1
            if not answer.under_way and (
                answer.generation > cursor.generation or wanted > cursor.block_number
            ):
                return True
            blocks = b""
            if wanted <= cursor.block_number:
                message = await asyncio.to_thread(self._blocks, wanted)
                if message is None:
                    logger.error("block %d is older than the announced backup", wanted)
                else:
                    blocks = message
            request = RecoveryRequest(cursor.block_number, cursor.block_hash, blocks)
            answer = await self._http.hand_back(request)
            if not blocks:
                return not answer.under_way

    def _blocks(self, first: int) -> bytes | None:
        with self._store.read() as reader:
            message = blocks_from(reader, first)
        return None if message is None else message.pack()
