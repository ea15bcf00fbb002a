"""Requests for rights that are under way: asked over the session, answered by the hub or not."""

import asyncio
from dataclasses import dataclass

from sync_protocol.messages import GrantAnswer
from sync_protocol.pump import Pump


@dataclass(frozen=True, slots=True)
class GrantWanted:
    """A request for rights on a limited account; `amount` in its unit, on its normal side.

    A repeat of `request_id` gets the same op.
    """

    request_id: int
    account_class: int
    subject: int | str
    unit: str
    amount: int
    purpose: str


class Grants:
    """Who waits for which answer. Without a line nothing is asked."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[GrantAnswer]] = {}

    async def ask(self, pump: Pump | None, wanted: GrantWanted) -> None:
        """Send a request, and wait for nothing."""
        if pump is not None:
            events = pump.session.request_grant(
                wanted.request_id,
                wanted.account_class,
                wanted.subject,
                wanted.unit,
                wanted.amount,
                wanted.purpose,
            )
            await pump.send(events)

    async def ask_and_wait(
        self, pump: Pump | None, wanted: GrantWanted, timeout_s: float
    ) -> GrantAnswer | None:
        """Send a request and return its answer, None if none came in time."""
        future = self._waiting.setdefault(
            wanted.request_id, asyncio.get_running_loop().create_future()
        )
        try:
            await self.ask(pump, wanted)
            return await asyncio.wait_for(asyncio.shield(future), timeout_s)
        except TimeoutError:
            return None
        finally:
            self._waiting.pop(wanted.request_id, None)

    def answered(self, answer: GrantAnswer) -> None:
        """Hand an answer to who waits for it."""
        future = self._waiting.get(answer.request_id)
        if future is not None and not future.done():
            future.set_result(answer)
