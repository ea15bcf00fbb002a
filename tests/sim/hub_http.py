"""A box's requests to the hub over HTTP, in the place of `edge.sync.hub_http.HubHttp`.

Each takes a while, gets lost with the line, and is answered by the real hub. What the hub's web
layer does (signatures of requests, formats) is left to its own tests.
"""

from collections.abc import Callable
from typing import Any

from cloud.domain.refusals import Refusal
from cloud.hub.worker import Worker
from edge.sync.hub_http import HubRefusedError, HubUnreachableError
from sync_protocol.errors import ProtocolError
from sync_protocol.http_api import (
    LeftOverAnswer,
    LeftOverRequest,
    RecoveryAnswer,
    RecoveryRequest,
    SnapshotAnswer,
)
from tests.sim.hub import Hub
from tests.sim.network import Network
from tests.sim.tasks import InlineFuture

CLIENT_ERROR = 400


class SimulatedHttp:
    """Requests of the machine at `place`, which is `node` of `cafe` in `epoch`."""

    def __init__(
        self, network: Network, hub: Hub, place: int, node: int, epoch: int, cafe: int
    ) -> None:
        self._network = network
        self._hub = hub
        self._place = place
        self._node = node
        self._epoch = epoch
        self._cafe = cafe

    async def blocks(self, generation: int, first: int, last: int) -> bytes | None:
        """Return a `Blocks` message; None if the hub has it not."""
        answer: bytes | None = await self._ask(
            lambda: self._hub.blocks(generation, first, last, self._cafe)
        )
        return answer

    async def hand_in(self, request: LeftOverRequest) -> LeftOverAnswer:
        """Hand in a part of what was written in an earlier epoch."""

        def take(worker: Worker) -> LeftOverAnswer | Refusal:
            author = worker.builder.authors.get((self._node, self._epoch))
            if author is None:  # the hub's database is older than this epoch
                raise ProtocolError("signature", "unknown epoch")
            return worker.take_left_overs(author, request)

        answer: LeftOverAnswer = await self._ask(lambda: self._hub.serve(take))
        return answer

    async def recovery(self) -> RecoveryAnswer:
        """Ask whether the hub is recovering, and how far its log goes."""
        answer: RecoveryAnswer = await self._ask(
            lambda: self._hub.serve(lambda worker: worker.recovery.answer(self._node))
        )
        return answer

    async def hand_back(self, request: RecoveryRequest) -> RecoveryAnswer:
        """Hand blocks back to a recovering hub, or say that there are no more."""
        answer: RecoveryAnswer = await self._ask(
            lambda: self._hub.serve(lambda worker: worker.take_recovery(self._node, request))
        )
        return answer

    async def newest_snapshot(self) -> SnapshotAnswer:
        """Return the newest manifest for this cafe."""
        answer: SnapshotAnswer = await self._ask(lambda: self._hub.snapshot(self._cafe))
        return answer

    async def _ask(self, ask: Callable[[], Any]) -> Any:
        """Return the hub's answer. Raises what `HubHttp` raises."""
        future = InlineFuture()

        def wrapped() -> tuple[Any] | None:
            if not self._hub.is_up:
                return None
            answer = ask()
            return (answer,) if self._hub.is_up else None  # it may have died over it

        self._network.request(self._place, wrapped, future.set_result)
        arrived = await future
        if arrived is None:
            raise HubUnreachableError("no answer")
        answer = arrived[0]
        if isinstance(answer, Refusal):
            raise HubRefusedError(CLIENT_ERROR, answer.code, "", "")
        if isinstance(answer, ProtocolError):
            raise HubRefusedError(CLIENT_ERROR, answer.code, "", "")
        return answer
