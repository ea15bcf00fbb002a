"""Hands in what this box wrote in earlier epochs: until the hub has it, it lives on this disk."""

import asyncio
import logging
from collections.abc import Callable

from edge.store.facts import LeftOver
from edge.store.store import Store
from edge.sync.hub_http import HubHttp, HubRefusedError, HubUnreachableError
from edge.sync.line_switch import LineCutError
from edge.sync.metrics import SyncMetrics
from edge.sync.pushes import OPS_MAX, push_of
from sync_protocol.errors import ProtocolError
from sync_protocol.http_api import LeftOverRequest

RETRY_S = 10.0

logger = logging.getLogger(__name__)


class LeftOvers:
    """Begun at each welcome; what the hub keeps for two people is not sent again."""

    def __init__(
        self,
        store: Store,
        http: HubHttp,
        sign: Callable[[bytes], bytes],
        metrics: SyncMetrics,
    ) -> None:
        self._store = store
        self._http = http
        self._sign = sign
        self._metrics = metrics
        self._handed_in: set[tuple[int, bytes]] = set()
        self._running = False

    async def hand_in(self) -> None:
        """Send what the hub lacks; tries again over broken lines."""
        if self._running:
            return
        self._running = True
        try:
            while not await self._pass():
                pass
        finally:
            self._running = False

    async def _pass(self) -> bool:
        """Send what waits; return whether there is nothing to try again, or pause."""
        with self._store.read() as reader:
            waiting = reader.left_overs()
        try:
            for left in waiting:
                if (left.epoch, left.last_hash) not in self._handed_in:
                    await self._hand_in(left)
        except (HubUnreachableError, LineCutError) as error:
            logger.info("left-over ops are still here: %s", error)
            await asyncio.sleep(RETRY_S)
            return False
        except (HubRefusedError, ProtocolError) as error:
            logger.warning("the hub did not take left-over ops: %s", error)
            self._metrics.faults.labels(error.code).inc()
        return True

    async def _hand_in(self, left: LeftOver) -> None:
        seq = left.parent_seq
        while seq < left.last_seq:
            with self._store.read() as reader:
                ops = reader.left_over_ops(left, seq + 1, OPS_MAX)
            if not ops:
                return  # the log has them by now
            push, _last = push_of(ops, self._store.identity, self._sign)
            request = LeftOverRequest(left.epoch, left.last_seq, left.last_hash, push)
            answer = await self._http.hand_in(request)
            logger.info("handed in", extra={"epoch": left.epoch, "seq": answer.seq})
            if answer.seq < left.parent_seq:
                return  # the hub was restored from a backup: this box follows its log first
            seq = answer.seq
        self._handed_in.add((left.epoch, left.last_hash))
