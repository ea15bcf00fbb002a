"""A small MQTT 3.1.1 client as a `Transport`: QoS 1, a clean session, asyncio streams only.

OASIS MQTT 3.1.1, sections 2.2 and 3. It does not wait for a PUBACK and sends nothing again: the
session above it does, by the hub's own acks. Runs on both interpreters.
"""

import asyncio

from sync_protocol.messages import MESSAGE_BYTES_MAX
from sync_protocol.pump import LineLostError, Transport

CONNECT = 0x10
CONNACK = 0x20
PUBLISH = 0x30
PUBACK = 0x40
SUBSCRIBE = 0x82
SUBACK = 0x90
PINGREQ = 0xC0
DISCONNECT = 0xE0
QOS_1 = 0x02
CLEAN_SESSION = 0x02
KEEP_ALIVE_S = 30
IDLE_S = 10
OPEN_S = 5


def two(number):
    return number.to_bytes(2, "big")


def text(value):
    data = value.encode()
    return two(len(data)) + data


def packet(kind, body):
    """Return a packet: the remaining length in 7-bit groups, low group first."""
    head = bytearray([kind])
    size = len(body)
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head) + body


class MqttTransport(Transport):
    """A line to the broker at (host, port) that hears `topics`."""

    def __init__(self, host, port, identifier, topics):
        self.host = host
        self.port = port
        self.identifier = identifier
        self.topics = topics
        self.opened = 0
        self._reader = None
        self._writer = None
        self._next_id = 0
        self._writing = asyncio.Lock()  # MicroPython's drain is for one task at a time

    async def open(self):
        try:
            await asyncio.wait_for(self._open(), OPEN_S)
        except (OSError, EOFError, asyncio.TimeoutError):  # noqa: UP041 - not a built-in there
            raise LineLostError from None
        self.opened += 1

    async def _open(self):
        self._reader, self._writer = await asyncio.open_connection(self.host, self.port)
        flags = bytes([4, CLEAN_SESSION]) + two(KEEP_ALIVE_S)
        await self._send(packet(CONNECT, text("MQTT") + flags + text(self.identifier)))
        kind, body = await self._read()
        if kind != CONNACK or body[1] != 0:
            raise OSError("refused by the broker")
        wanted = b"".join([text(topic) + b"\x01" for topic in self.topics])
        await self._send(packet(SUBSCRIBE, two(self._new_id()) + wanted))
        kind, _body = await self._read()
        if kind != SUBACK:
            raise OSError("not subscribed")

    async def publish(self, topic, data):
        await self._send_or_lose(packet(PUBLISH | QOS_1, text(topic) + two(self._new_id()) + data))

    async def receive(self):
        while True:
            try:
                kind, body = await self._read()
            except asyncio.TimeoutError:  # noqa: UP041 - not a built-in there
                await self._send_or_lose(packet(PINGREQ, b""))
                continue
            except (OSError, EOFError):
                raise LineLostError from None
            if kind & 0xF0 != PUBLISH:
                continue  # PUBACK and PINGRESP mean nothing here
            end = 2 + int.from_bytes(body[:2], "big")
            topic = body[2:end].decode()
            if kind & QOS_1:
                await self._send_or_lose(packet(PUBACK, body[end : end + 2]))
                end += 2
            return topic, body[end:]

    async def close(self):
        writer, self._writer = self._writer, None
        if writer is not None:
            try:
                writer.close()
                await writer.wait_closed()
            except OSError:
                pass

    def _new_id(self):
        self._next_id = self._next_id % 0xFFFF + 1
        return self._next_id

    async def _send_or_lose(self, data):
        try:
            await self._send(data)
        except OSError:
            raise LineLostError from None

    async def _send(self, data):
        async with self._writing:
            if self._writer is None:
                raise OSError("closed")
            self._writer.write(data)
            await self._writer.drain()

    async def _read(self):
        # Only the wait for a packet's first byte may time out: nothing is lost with it.
        kind = (await asyncio.wait_for(self._reader.readexactly(1), IDLE_S))[0]
        size = shift = 0
        while True:
            group = (await self._reader.readexactly(1))[0]
            size |= (group & 0x7F) << shift
            shift += 7
            if group < 0x80:
                break
        if size > MESSAGE_BYTES_MAX + 1024:
            raise OSError("packet too long")
        return kind, await self._reader.readexactly(size)
