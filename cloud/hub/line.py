"""The hub's line to the broker: hears the nodes, sends acks and blocks, announces the head.

Nothing is kept for a broker that is away: acks are asked for again, blocks are repaired from the
announcements. On each connection the blocks that are not known to have left are sent once more.
"""

import asyncio
import contextlib
import logging
import math
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiomqtt

from cloud.hub.hub import Hub
from sync_protocol.messages import MESSAGE_BYTES_MAX
from sync_protocol.topics import (
    blocks_topic,
    head_topic,
    node_of_topic,
    up_topics,
)

logger = logging.getLogger(__name__)

HEAD_S = 3.0
"""Between two announcements of the head: how long a lost block goes unnoticed at the most."""
RETRY_S = 1.0
TIMEOUT_S = 10.0
"""For each answer of the broker. aiomqtt's own limit is asyncio.wait_for, which before Python 3.12
loses a cancellation that comes together with the answer: the line would never end."""
IN_FLIGHT_MAX = 50
"""paho halves its rate with 1,000 in flight; 20 to 100 is its best (measured)."""
AT_ONCE = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)
"""Else a block waits until the broker's side acknowledges the ack before it (RFC 896), which that
holds back for 40 ms."""
OUTGOING_MAX = 5000
INCOMING_MAX = 5000
REPUBLISHED_MAX = 200
"""Blocks sent again after a crash; a box that lacks more asks over HTTP."""


@dataclass(frozen=True, slots=True)
class BrokerLogin:
    """Where and how to connect. `protocol`: "5" or "3.1.1"; `tls` None for a plain line."""

    host: str
    port: int
    username: str | None
    password: str | None
    protocol: str
    tls: ssl.SSLContext | None = None


class Line:
    """`send` may be called from any thread; `run` connects again and again until cancelled.

    `subscribed` is set once the hub hears its nodes for the first time.
    """

    def __init__(self, login: BrokerLogin, identifier: str) -> None:
        self._login = login
        self._identifier = identifier
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: asyncio.Queue[tuple[str, bytes, int]] = asyncio.Queue(OUTGOING_MAX)
        self._connected = False
        self._dropped = 0
        self.subscribed = asyncio.Event()

    def send(self, messages: list[tuple[str, bytes]], block_number: int) -> None:
        """Publish soon; `block_number` is that of the block in `messages`, 0 for none."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            with contextlib.suppress(RuntimeError):  # the loop closed meanwhile: we are stopping
                loop.call_soon_threadsafe(self._enqueue, messages, block_number)

    def _enqueue(self, messages: list[tuple[str, bytes]], block_number: int) -> None:
        for topic, data in messages:
            if self._connected and not self._waiting.full():
                self._waiting.put_nowait((topic, data, block_number))
            else:
                self._dropped += 1

    async def run(self, hub: Hub) -> None:
        """Keep a line for `hub`; ends only by cancellation."""
        self._loop = asyncio.get_running_loop()
        while True:
            try:
                await self._connect(hub)
            except* (aiomqtt.MqttError, OSError) as group:
                logger.warning("no broker", extra={"error": repr(group.exceptions[0])})
            finally:
                self._connected = False
                hub.metrics.broker_connected.set(0)
            hub.metrics.unsent.inc(self._dropped + self._waiting.qsize())
            self._dropped = 0
            self._waiting = asyncio.Queue(OUTGOING_MAX)
            await asyncio.sleep(RETRY_S)

    async def _connect(self, hub: Hub) -> None:
        login = self._login
        version5 = login.protocol == "5"
        client = aiomqtt.Client(
            login.host,
            login.port,
            username=login.username,
            password=login.password,
            identifier=self._identifier,
            protocol=aiomqtt.ProtocolVersion.V5 if version5 else aiomqtt.ProtocolVersion.V311,
            clean_session=None if version5 else True,
            timeout=math.inf,
            max_inflight_messages=IN_FLIGHT_MAX,
            max_queued_incoming_messages=INCOMING_MAX,
            max_concurrent_outgoing_calls=IN_FLIGHT_MAX,
            socket_options=AT_ONCE,
            tls_context=login.tls,
        )
        async with _connected(client):
            async with asyncio.timeout(TIMEOUT_S):
                await client.subscribe(up_topics(hub.chain), qos=1)
            self._connected = True
            self.subscribed.set()
            hub.metrics.broker_connected.set(1)
            hub.line_opened()
            logger.info("broker connected", extra={"host": login.host, "port": login.port})
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hear(client, hub))
                for _ in range(IN_FLIGHT_MAX):
                    tasks.create_task(self._speak(client, hub))
                tasks.create_task(self._announce(client, hub))
                tasks.create_task(self._republish(hub))

    async def _hear(self, client: aiomqtt.Client, hub: Hub) -> None:
        async for message in client.messages:
            node = node_of_topic(hub.chain, str(message.topic))
            if node is None or not isinstance(message.payload, bytes):
                hub.metrics.ignored.inc()
                continue
            if len(message.payload) > MESSAGE_BYTES_MAX:
                # Its beginning is enough to be counted and kept as too long.
                hub.receive(node, message.payload[: MESSAGE_BYTES_MAX + 1])
                continue
            hub.receive(node, message.payload)
        raise aiomqtt.MqttError("disconnected")

    async def _speak(self, client: aiomqtt.Client, hub: Hub) -> None:
        """Publish in the order of the queue; `IN_FLIGHT_MAX` of these wait for PUBACKs."""
        while True:
            topic, data, block_number = await self._waiting.get()
            async with asyncio.timeout(TIMEOUT_S):
                await client.publish(topic, data, qos=1)
            if block_number:
                hub.note_published(block_number)

    async def _announce(self, client: aiomqtt.Client, hub: Hub) -> None:
        while True:
            async with asyncio.timeout(TIMEOUT_S):
                await client.publish(head_topic(hub.chain), hub.announcement(), qos=0)
            await asyncio.sleep(HEAD_S)

    async def _republish(self, hub: Hub) -> None:
        head = hub.head()
        first = max(head.published_number + 1, head.block_number - REPUBLISHED_MAX + 1, 1)
        for number in range(first, head.block_number + 1):
            message = await asyncio.to_thread(hub.blocks, 1, number, number, 0)
            if message is not None:
                self._enqueue([(blocks_topic(hub.chain), message.pack())], number)


@contextlib.asynccontextmanager
async def _connected(client: aiomqtt.Client) -> AsyncIterator[None]:
    """Connect, and disconnect in the end."""
    stack = contextlib.AsyncExitStack()
    async with asyncio.timeout(TIMEOUT_S):
        await stack.enter_async_context(client)
    try:
        yield
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TIMEOUT_S):
                await stack.aclose()
