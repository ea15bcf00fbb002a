"""The session's transport over MQTT: aiomqtt (paho on asyncio), with the line's switch in it."""

import asyncio
import math
import socket
import ssl
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiomqtt
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY

from edge.sync.line_switch import LineCutError, LineSwitch
from edge.sync.tls import tls_context
from sync_protocol.pump import LineLostError, Transport

IN_FLIGHT_MAX = 50
"""Messages that wait for their PUBACK: paho is fastest at 20 to 100 and halves at 1,000."""
INCOMING_MAX = 2000
KEEPALIVE_S = 15
"""A half-open line is noticed after one and a half of these."""
TIMEOUT_S = 10.0
"""For each answer of the broker. aiomqtt's own limit is asyncio.wait_for, which before Python 3.12
loses a cancellation that comes together with the answer: the line would never end."""
CONNECT_S = 5.0
"""aiomqtt does not notice that a line broke before the broker's CONNACK."""
AT_ONCE = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)
"""Else a small message waits until the one before is acknowledged (RFC 896), which the other side
holds back for 40 ms: the first batches behind a greeting, the ack of what was pushed."""


@dataclass(frozen=True, slots=True)
class BrokerLogin:
    """Where and how to connect. `protocol` is "5" or "3.1.1"; `tls` None for a plain line."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    protocol: str = "5"
    tls: ssl.SSLContext | None = None


PORTS = {"mqtt": 1883, "mqtts": 8883}
"""The usual ones (IANA), by scheme."""


def login_of(url: str, protocol: str, ca_file: Path | None = None) -> BrokerLogin:
    """A broker by its address, `mqtt://` or, with TLS, `mqtts://`.

    `ca_file`: whom to believe, None for the system's authorities. Raises ValueError for no broker.
    """
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError(f"{url!r} is no broker")
    return BrokerLogin(
        parts.hostname,
        parts.port or PORTS[parts.scheme],
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        protocol,
        tls_context(ca_file) if parts.scheme == "mqtts" else None,
    )


class MqttTransport(Transport):
    """Opens a line again and again as the pump asks; the broker keeps nothing between two."""

    def __init__(
        self,
        login: BrokerLogin,
        identifier: str,
        topics: list[str],
        switch: LineSwitch,
        lost: Callable[[], None],
    ) -> None:
        """`lost` is called when a line that was open is gone."""
        self._login = login
        self._identifier = identifier
        self._topics = topics
        self._switch = switch
        self._tell_lost = lost
        self._stack: AsyncExitStack | None = None
        self._client: aiomqtt.Client | None = None
        self._received: asyncio.Queue[tuple[str, bytes] | None] = asyncio.Queue(INCOMING_MAX)
        self._slots = asyncio.Semaphore(IN_FLIGHT_MAX)
        self._tasks: set[asyncio.Task[None]] = set()
        self._lost = asyncio.Event()

    async def open(self) -> None:
        """Connect, and subscribe to the node's topics; while the line is cut, wait for it."""
        await self.close()
        await self._switch.wait_whole()
        self._lost = asyncio.Event()
        self._received = asyncio.Queue(INCOMING_MAX)
        self._slots = asyncio.Semaphore(IN_FLIGHT_MAX)
        try:
            await self._switch.guard(self._connect())
        # UnicodeError: of a host that can be no name, as `hub..lan`.
        except (aiomqtt.MqttError, OSError, TimeoutError, UnicodeError, LineCutError) as error:
            await self.close()
            raise LineLostError(str(error)) from error
        self._start(self._hear())
        self._start(self._watch_switch())

    async def publish(self, topic: str, data: bytes) -> None:
        """Send a message; returns once there is room, before its PUBACK."""
        client = self._client
        if client is None or self._lost.is_set():
            raise LineLostError
        await self._slots.acquire()
        self._start(self._publish(client, topic, data))

    async def receive(self) -> tuple[str, bytes]:
        """Return the next message."""
        message = await self._received.get()
        if message is None:
            self._received.put_nowait(None)
            raise LineLostError
        return message

    async def close(self) -> None:
        """Let go of the line; `publish` and `receive` end."""
        self._note_lost()
        self._client = None
        stack, self._stack = self._stack, None
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if stack is not None:
            with suppress(aiomqtt.MqttError, TimeoutError):
                async with asyncio.timeout(TIMEOUT_S):
                    await stack.aclose()

    async def _connect(self) -> None:
        login = self._login
        version_5 = login.protocol == "5"
        client = aiomqtt.Client(
            login.host,
            login.port,
            username=login.username,
            password=login.password,
            identifier=self._identifier,
            protocol=aiomqtt.ProtocolVersion.V5 if version_5 else aiomqtt.ProtocolVersion.V311,
            clean_session=None if version_5 else True,
            clean_start=True if version_5 else MQTT_CLEAN_START_FIRST_ONLY,
            keepalive=KEEPALIVE_S,
            timeout=math.inf,
            max_inflight_messages=IN_FLIGHT_MAX,
            max_queued_incoming_messages=INCOMING_MAX,
            max_concurrent_outgoing_calls=IN_FLIGHT_MAX,
            tls_context=login.tls,
            socket_options=AT_ONCE,
        )
        self._stack = AsyncExitStack()
        async with asyncio.timeout(CONNECT_S):
            self._client = await self._stack.enter_async_context(client)
        async with asyncio.timeout(TIMEOUT_S):
            await client.subscribe([(topic, 1) for topic in self._topics])

    async def _hear(self) -> None:
        client = self._client
        if client is None:
            return
        with suppress(aiomqtt.MqttError):
            async for message in client.messages:
                if isinstance(message.payload, bytes):
                    await self._received.put((str(message.topic), message.payload))
        self._note_lost()

    async def _publish(self, client: aiomqtt.Client, topic: str, data: bytes) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await client.publish(topic, data, qos=1)
        except (aiomqtt.MqttError, TimeoutError):
            self._note_lost()
        finally:
            self._slots.release()

    async def _watch_switch(self) -> None:
        await self._switch.wait_cut()
        self._note_lost()

    def _note_lost(self) -> None:
        """End `receive`; what was received and not taken is dropped: blocks and acks come again."""
        if self._lost.is_set():
            return
        self._lost.set()
        while not self._received.empty():
            self._received.get_nowait()
        self._received.put_nowait(None)
        self._tell_lost()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
