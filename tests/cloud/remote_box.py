"""A hub under test and boxes that speak to it through a real MQTT client and real HTTP.

The boxes hold no store: they make ops, sign them, and say what the hub answered.
"""

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import aiomqtt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud.configuration import broker_address
from cloud.hub.keys import verifier
from cloud.store.refold import refold
from sync_protocol.clock import stamp_of
from sync_protocol.frames import CODECS_READ, pack_frame
from sync_protocol.greetings import Hello, Welcome
from sync_protocol.http_api import (
    ENROL_PATH,
    NODE_HEADER,
    SIGNATURE_HEADER,
    EnrolRequest,
    enrol_answer_from_bytes,
    request_signing_bytes,
)
from sync_protocol.messages import (
    Ack,
    Push,
    push_signing_bytes,
    unpack_message,
)
from sync_protocol.ops import genesis_hash
from sync_protocol.topics import blocks_topic, down_topic, up_topic
from tests.cloud.chain import Author

DEADLINE_S = 60.0


async def eventually(condition, what):
    """Wait until `condition()` (or what it awaits) is true; returns it."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        value = condition()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {DEADLINE_S:.0f} s for {what}")
        await asyncio.sleep(0.01)


@dataclass
class HubUnderTest:
    office: object
    url: str
    broker_url: str
    cafes: list = field(default_factory=list)

    @property
    def hub(self):
        return self.office.hub

    async def add_cafes(self, *codes):
        for code in codes:
            self.cafes.append(await self.office.add_cafe({"code": code, "name": code}, 0))

    async def get(self, path, headers=None):
        async with (
            aiohttp.ClientSession() as session,
            session.get(self.url.rstrip("/") + path, headers=headers) as response,
        ):
            return response.status, await response.read()

    async def post(self, path, data):
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url.rstrip("/") + path, data=data) as response,
        ):
            return response.status, await response.read()

    async def enrol(self, cafe, code=None, key=None):
        code = code or await self.office.create_code(cafe, f"box of {cafe}")
        key = key or Ed25519PrivateKey.generate()
        public = key.public_key().public_bytes_raw()
        status, body = await self.post(
            ENROL_PATH, EnrolRequest(code, public, b"hardware", "test").pack()
        )
        assert status == 200, body
        return RemoteBox(self, key, enrol_answer_from_bytes(body))

    async def metric(self, name, **labels):
        wanted = "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}"
        line_start = name + (wanted if labels else "") + " "
        _, body = await self.get("/metrics")
        for line in body.decode().splitlines():
            if line.startswith(line_start):
                return float(line.split(" ")[1])
        return 0.0

    def refolded(self):
        return refold(self.hub.reader, verifier(self.hub.keys.public_bytes))


class RemoteBox(Author):
    def __init__(self, hub, key, answer):
        super().__init__(answer.chain, answer.node, answer.epoch, answer.cafe)
        self.hub = hub
        self.key = key
        self.answer = answer
        self.chain = answer.chain
        self.messages = []
        self.blocks = []
        self.client = None

    # What it writes

    def op(self, kind, body, **changed):
        stamp = stamp_of(time.time_ns() // 1_000_000)
        return super().op(kind, body, **{"stamp": stamp, **changed})

    def push(self, *ops, key=None):
        last = ops[-1]
        signed = push_signing_bytes(self.chain, self.node, self.epoch, last.header.seq, last.hash)
        frame = pack_frame([op.wire_row() for op in ops], CODECS_READ)
        signature = (key or self.key).sign(signed)
        return Push(self.node, self.epoch, ops[0].header.seq, frame, signature)

    def hello(self, seq=None, hash=None, acked_seq=0, acked_hash=None, key=None):
        genesis = genesis_hash(self.chain, self.node, self.epoch)
        hello = Hello(
            self.chain,
            self.node,
            self.epoch,
            1,
            self.seq if seq is None else seq,
            self.hash if hash is None else hash,
            acked_seq,
            acked_hash or genesis,
            1,
            0,
            0,
            0,
            bytes(32),
            CODECS_READ,
            time.time_ns() // 1_000_000,
            1,
            "test",
            b"hardware",
        )
        return hello.sign(self.chain, self.node, (key or self.key).sign)

    # The line

    @asynccontextmanager
    async def connected(self, greet=True):
        address = broker_address(self.hub.broker_url)
        async with aiomqtt.Client(
            address.host, address.port, protocol=aiomqtt.ProtocolVersion.V311
        ) as client:
            self.client = client
            await client.subscribe(down_topic(self.chain, self.node), qos=1)
            await client.subscribe(blocks_topic(self.chain), qos=1)
            listening = asyncio.create_task(self._listen(client))
            try:
                if greet:
                    await self.greet()
                yield self
            finally:
                listening.cancel()

    async def _listen(self, client):
        async for message in client.messages:
            decoded = unpack_message(message.payload)
            if str(message.topic) == blocks_topic(self.chain):
                self.blocks.append(decoded)
            else:
                self.messages.append(decoded)

    async def send(self, message):
        data = message if isinstance(message, bytes) else message.pack()
        await self.client.publish(up_topic(self.chain, self.node), data, qos=1)

    async def heard(self, kind, matches=lambda _message: True):
        """Wait for a message of `kind` that was not taken before, and take it."""

        def take():
            for index, message in enumerate(self.messages):
                if isinstance(message, kind) and matches(message):
                    return self.messages.pop(index)
            return None

        return await eventually(take, kind.__name__)

    async def greet(self):
        """Say HELLO until it is answered, as a box does; returns the WELCOME."""
        greeted_s = 0.0

        async def take():
            nonlocal greeted_s
            if time.monotonic() - greeted_s > 1:
                greeted_s = time.monotonic()
                await self.send(self.hello())
            return next((item for item in self.messages if isinstance(item, Welcome)), None)

        welcome = await eventually(take, "Welcome")
        self.messages.remove(welcome)
        return welcome

    async def acked(self, seq):
        return await self.heard(Ack, lambda ack: ack.seq >= seq)

    async def commit(self, *ops):
        """Push one batch and wait for its ack."""
        await self.send(self.push(*ops))
        await self.acked(ops[-1].header.seq)

    # HTTP

    async def get(self, target, key=None):
        signed = request_signing_bytes(self.chain, self.node, self.epoch, "GET", target)
        headers = {
            NODE_HEADER: f"{self.node}.{self.epoch}",
            SIGNATURE_HEADER: (key or self.key).sign(signed).hex(),
        }
        return await self.hub.get(target, headers)
