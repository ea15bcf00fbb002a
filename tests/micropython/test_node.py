"""A MicroPython node sends 1,000 ops through a line that is cut to a real hub, and follows it."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cloud.domain.grants import GrantPolicy
from cloud.hub.http import routes
from cloud.hub.hub import Hub, HubSurroundings
from cloud.hub.keys import create_keys
from cloud.hub.line import BrokerLogin, Line
from cloud.hub.office import HeadOffice
from sync_protocol.annotations import APPLIED
from sync_protocol.blocks import ChainHeads, entry_from_wire
from sync_protocol.frames import unpack_frame
from sync_protocol.http_api import ENROL_PATH, EnrolRequest, enrol_answer_from_bytes
from tests.brokers.servers import Mosquitto
from tests.micropython.conftest import HEAP, ROOT

HOST = "127.0.0.1"
CHAIN = "test"
OPS = 1000
CUTS = 6
SEED = 7
RUN_S = 120


class KeyStandIn:
    """Ed25519 for an interpreter that has none: signs for the node, verifies the hub.

    A request is a line: `s` and what to sign, or `v`, signature and data, in hexadecimal digits.
    The answer is the signature, or 01 or 00.
    """

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.hub_key: Ed25519PublicKey | None = None

    @property
    def public_bytes(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        data = bytes.fromhex(line[1:].decode())
        if line[:1] == b"s":
            answer = self.key.sign(data)
        else:
            answer = b"\x01" if self._verifies(data[:64], data[64:]) else b"\x00"
        writer.write(answer.hex().encode() + b"\n")
        await writer.drain()
        writer.close()

    def _verifies(self, signature: bytes, data: bytes) -> bool:
        assert self.hub_key is not None
        try:
            self.hub_key.verify(signature, data)
        except InvalidSignature:
            return False
        return True


class CutLine:
    """A TCP proxy to the broker that drops every connection when it is cut."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: set[asyncio.StreamWriter] = set()
        self.cuts = 0

    def cut(self) -> None:
        if self._writers:
            self.cuts += 1
        for writer in self._writers:
            writer.transport.abort()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        broker_reader, broker_writer = await asyncio.open_connection(HOST, self._port)
        ends = {writer, broker_writer}
        self._writers |= ends
        try:
            await asyncio.gather(
                self._forward(reader, broker_writer), self._forward(broker_reader, writer)
            )
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(4096):
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


@dataclass
class RunningHub:
    """A hub with its line to a broker of its own and its HTTP."""

    hub: Hub
    office: HeadOffice
    broker_port: int
    http_port: int


@pytest.fixture
async def running_hub(tmp_path: Path) -> AsyncIterator[RunningHub]:
    with Mosquitto(tmp_path / "broker") as broker:
        login = BrokerLogin(HOST, broker.port, None, None, "5")
        line = Line(login, "hub")
        draw = random.Random(SEED)
        surroundings = HubSurroundings(
            now_ms=lambda: time.time_ns() // 1_000_000,
            monotonic_s=time.monotonic,
            random_bytes=draw.randbytes,
            business_day=lambda: (20270501, 480),
            send=line.send,
            reached=lambda _point: None,
            failed=lambda _error: None,
        )
        keys = create_keys(tmp_path / "keys", draw.randbytes)
        url = f"sqlite:///{tmp_path / 'hub.sqlite'}"
        hub = Hub(url, CHAIN, keys, GrantPolicy(), tmp_path / "snapshots", surroundings)
        hub.start()
        office = HeadOffice(hub, broker.url)
        app = web.Application()
        app.add_routes(routes(office))
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        line_task = asyncio.create_task(line.run(hub))
        try:
            port = runner.addresses[0][1]
            yield RunningHub(hub, office, broker.port, port)
        finally:
            line_task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await line_task
            await runner.cleanup()
            hub.stop()


async def enrol(running: RunningHub, stand_in: KeyStandIn) -> tuple[int, ...]:
    """Tell the hub of the stand-in's key by enrolment; return (cafe, node, epoch, generation)."""
    cafe = await running.office.add_cafe({"code": "A", "name": "一号店"}, 0)
    assert isinstance(cafe, int)
    code = await running.office.create_code(cafe, "micropython")
    assert isinstance(code, str)
    request = EnrolRequest(code, stand_in.public_bytes, b"test", "micropython")
    url = f"http://{HOST}:{running.http_port}{ENROL_PATH}"
    async with aiohttp.ClientSession() as http, http.post(url, data=request.pack()) as response:
        assert response.status == 200, await response.text()
        answer = enrol_answer_from_bytes(await response.read())
    stand_in.hub_key = Ed25519PublicKey.from_public_bytes(answer.hub_public_key)
    return answer.cafe, answer.node, answer.epoch, answer.generation


async def test_a_micropython_node_sends_1000_ops_through_a_cut_line_to_a_real_hub(
    micropython: str, running_hub: RunningHub
) -> None:
    stand_in = KeyStandIn()
    cafe, node, epoch, generation = await enrol(running_hub, stand_in)
    cut_line = CutLine(running_hub.broker_port)
    servers = [
        await asyncio.start_server(cut_line.connect, HOST, 0),
        await asyncio.start_server(stand_in.answer, HOST, 0, limit=1 << 20),
    ]
    line_port, key_port = [server.sockets[0].getsockname()[1] for server in servers]
    numbers = (cafe, node, epoch, generation, line_port, running_hub.http_port, key_port, OPS)
    process = await asyncio.create_subprocess_exec(
        micropython, "-X", HEAP, "tests/micropython/node.py", CHAIN, *map(str, numbers),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        output_task = asyncio.create_task(process.communicate())
        draw = random.Random(SEED)
        while not output_task.done() and cut_line.cuts < CUTS:
            await asyncio.wait([output_task], timeout=draw.uniform(0.3, 0.9))
            cut_line.cut()
        output = (await asyncio.wait_for(output_task, RUN_S))[0].decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        for server in servers:
            server.close()
    assert process.returncode == 0, output
    said = json.loads(output.splitlines()[-1])
    assert said["interpreter"] == "micropython"
    assert said["ops"] == OPS
    assert said["followed_in_order"]
    assert cut_line.cuts == CUTS
    assert said["lines"] > 1
    check_log(running_hub.hub, node, epoch, said["block_hash"])


def check_log(hub: Hub, node: int, epoch: int, block_hash: str) -> None:
    """The hub's log holds each op once and in order, applied, and ends where the node stands."""
    author = next(item for item in hub.authors() if (item.node, item.epoch) == (node, epoch))
    head = hub.head()
    assert head.block_hash.hex() == block_hash
    rows: list[object] = []
    number = 1
    while number <= head.block_number:
        message = hub.blocks(head.generation, number, head.block_number, author.cafe)
        assert message is not None
        rows.extend(unpack_frame(message.frame))
        number = message.last_number() + 1
    heads = ChainHeads(CHAIN)
    entries = [entry_from_wire(row, heads) for row in rows]
    own = [entry for entry in entries if (entry.node, entry.epoch) == (node, epoch)]
    assert [entry.seq for entry in own] == list(range(1, OPS + 1))
    assert {entry.annotation.verdict for entry in own} == {APPLIED}
