"""Runs a `NodeSession` over a transport with asyncio, on a box and on a MicroPython node alike.

Only what MicroPython's asyncio has is used: create_task, Event, Lock, sleep. The host commits and
reads, the transport moves bytes, the clock is handed in; the pump decides nothing.
"""

import asyncio

from sync_protocol.node_session import NodeSession
from sync_protocol.ops import Op
from sync_protocol.session import OFFLINE
from sync_protocol.session_events import (
    BlocksReceived,
    BlocksWanted,
    Event,
    HashWanted,
    OpsWanted,
    Transmit,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

TICK_S = 0.2
RECONNECT_S = 0.5
"""Wait before a line is opened again, at random between none and this; it doubles each time."""
RECONNECT_S_MAX = 10.0


JOINED_OPS_MAX = 1000
"""Ops of ranges of one generation that are committed as one. Less than a message holds: only the
last block keeps its signature, and a recovery hands back messages that end with a signed one."""


class LineLostError(Exception):
    """The transport's line is gone; open it again."""


class Transport:
    """What moves messages. Every method raises `LineLostError` when the line is gone."""

    async def open(self) -> None:
        """Connect, and subscribe to the node's topics."""
        raise NotImplementedError

    async def publish(self, topic: str, data: bytes) -> None:
        """Send a message, at least once while the line holds; need not wait for a PUBACK."""
        raise NotImplementedError

    async def receive(self) -> "tuple[str, bytes]":
        """Return the next message as (topic, data)."""
        raise NotImplementedError

    async def close(self) -> None:
        """Let go of the line, so that `publish` and `receive` end; may be called twice."""
        raise NotImplementedError


class PumpHost:
    """What keeps the log and the projections."""

    async def read_ops(self, from_seq: int, limit: int) -> "list[Op]":
        """Return one to `limit` committed ops of the node from `from_seq` on."""
        raise NotImplementedError

    async def hash_of(self, seq: int) -> "bytes | None":
        """Return the hash of the node's op `seq` (0: the genesis hash), None if there is none."""
        raise NotImplementedError

    async def apply_blocks(self, event: BlocksReceived) -> None:
        """Commit verified blocks together with their cursor and heads."""
        raise NotImplementedError

    async def fetch_blocks(self, wanted: BlocksWanted) -> "bytes | None":
        """Return a `Blocks` message that begins at `wanted.first`; None if out of reach."""
        raise NotImplementedError

    async def notify(self, event: Event) -> None:
        """Take every other event: acks to mark, fences to show, errors to count."""
        raise NotImplementedError


class Clock:
    """The node's two clocks and the segment it is in."""

    def now_ms(self) -> int:
        """Return milliseconds of a clock that never steps."""
        raise NotImplementedError

    def wall_ms(self) -> int:
        """Return milliseconds since 1970."""
        raise NotImplementedError

    def segment(self) -> int:
        """Return the number of the clock segment."""
        raise NotImplementedError


class Pump:
    """Moves one session's messages. Call `run` in a task and cancel it to stop."""

    def __init__(
        self,
        session: NodeSession,
        host: PumpHost,
        transport: Transport,
        clock: Clock,
        random_below: "Callable[[int], int]",
    ) -> None:
        self.session = session
        self._host = host
        self._transport = transport
        self._clock = clock
        self._random_below = random_below
        self._lock = asyncio.Lock()
        self._appended = asyncio.Event()
        self._last = (session.outbox.seq, session.outbox.hash)
        self._received: list[BlocksReceived] = []
        self._to_apply = asyncio.Event()
        self._failed = asyncio.Event()
        self._failure: "BaseException | None" = None
        self._failures = 0
        self._repair_task: "asyncio.Task[None] | None" = None

    def ops_appended(self, seq: int, hash: bytes) -> None:
        """The node's log has grown to op `seq`, committed. Call it on the loop's thread."""
        self._last = (seq, hash)
        self._appended.set()

    async def run(self) -> None:
        """Keep the session going over as many lines as it takes; returns only by cancelling."""
        apply_task = asyncio.create_task(self._guard(self._apply_loop()))
        try:
            while True:
                try:
                    await self._transport.open()
                    await self._run_line()
                except LineLostError:
                    pass
                finally:
                    if self.session.state != OFFLINE:
                        self.session.disconnected()
                    await self._transport.close()
                await self._pause()
        finally:
            apply_task.cancel()
            if self._repair_task is not None:
                self._repair_task.cancel()

    async def send(self, events: "list[Event]") -> None:
        """Handle the events of a call that the host made on the session itself."""
        async with self._lock:
            await self._handle(events)

    async def _pause(self) -> None:
        limit_s = min(RECONNECT_S * (1 << min(self._failures, 8)), RECONNECT_S_MAX)
        self._failures += 1
        await asyncio.sleep(limit_s * self._random_below(1000) / 1000)

    async def _run_line(self) -> None:
        """Run the session until the line is lost."""
        if isinstance(self._failure, LineLostError):
            self._failure = None
            self._failed.clear()
        clock = self._clock
        loops = (self._receive_loop(), self._tick_loop(), self._append_loop())
        tasks = [asyncio.create_task(self._guard(loop)) for loop in loops]
        try:
            async with self._lock:
                self.session.ops_appended(self._last[0], self._last[1], clock.now_ms())
                await self._handle(
                    self.session.connected(clock.now_ms(), clock.wall_ms(), clock.segment())
                )
            await self._failed.wait()
        finally:
            await self._transport.close()
            async with self._lock:  # what is being handled is handled to its end
                for task in tasks:
                    task.cancel()
        if self._failure is not None:
            raise self._failure

    async def _guard(self, loop: "Coroutine[None, None, None]") -> None:
        try:
            await loop
        except Exception as error:  # noqa: BLE001 - handed to run(), which raises all but a lost line
            self._failure = error
            self._failed.set()

    async def _receive_loop(self) -> None:
        while True:
            _topic, data = await self._transport.receive()
            self._failures = 0
            async with self._lock:
                clock = self._clock
                await self._handle(self.session.receive(data, clock.now_ms(), clock.wall_ms()))

    async def _tick_loop(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            async with self._lock:
                clock = self._clock
                await self._handle(self.session.tick(clock.now_ms(), clock.wall_ms()))

    async def _append_loop(self) -> None:
        while True:
            await self._appended.wait()
            self._appended.clear()
            async with self._lock:
                seq, hash = self._last
                await self._handle(self.session.ops_appended(seq, hash, self._clock.now_ms()))

    async def _apply_loop(self) -> None:
        """Commit blocks beside the line: a slow disk must not hold back acks and pushes."""
        while True:
            await self._to_apply.wait()
            self._to_apply.clear()
            while self._received:
                event = self._next_to_apply()
                await self._host.apply_blocks(event)
                self.session.blocks_applied(event.cursor, self._clock.now_ms())

    def _next_to_apply(self) -> BlocksReceived:
        """Return the next range; short ones that wait become one, for one commit."""
        event = self._received.pop(0)
        while self._received:
            later = self._received[0]
            one_generation = later.cursor.generation == event.cursor.generation
            if not one_generation or event.ops() + later.ops() > JOINED_OPS_MAX:
                break
            event = event.joined(self._received.pop(0))
        return event

    async def _repair(self, wanted: BlocksWanted) -> None:
        data = await self._host.fetch_blocks(wanted)
        if data is not None:  # also while the line is down: this came by another way
            async with self._lock:
                await self._handle(self.session.receive_blocks(data, self._clock.now_ms()))

    async def _handle(self, events: "list[Event]") -> None:
        """Do what the events say, in order; a lost line is told only after the others."""
        lost: "LineLostError | None" = None
        queue = list(events)
        while queue:
            event = queue.pop(0)
            if isinstance(event, Transmit):
                try:
                    await self._transport.publish(event.topic, event.data)
                except LineLostError as error:
                    lost = error
            elif isinstance(event, OpsWanted):
                ops = await self._host.read_ops(event.from_seq, event.limit)
                queue = queue + self.session.push(ops, self._clock.now_ms())
            elif isinstance(event, HashWanted):
                hash = await self._host.hash_of(event.seq)
                queue = queue + self.session.hash_known(event.seq, hash, self._clock.now_ms())
            elif isinstance(event, BlocksReceived):
                self._received.append(event)
                self._to_apply.set()
            elif isinstance(event, BlocksWanted):
                self._repair_task = asyncio.create_task(self._guard(self._repair(event)))
            else:
                await self._host.notify(event)
        if lost is not None:
            raise lost
