"""Boxes of real parts for sync tests: store, identity from the hub, session over a real broker."""

import asyncio
import random
import secrets
import shutil
import time
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
from prometheus_client import CollectorRegistry

from edge.store.identity import Clock
from edge.store.refold import refold
from edge.store.store import Store
from edge.sync.enrolment import enrol, load_enrolment
from edge.sync.hub_http import HubHttp, Signer
from edge.sync.line_switch import LineSwitch
from edge.sync.metrics import SyncMetrics
from edge.sync.mqtt_transport import BrokerLogin
from edge.sync.settings import SyncHandlers, SyncSettings
from edge.sync.sync import Sync

DEADLINE_S = 60.0


async def eventually(condition, what):
    """Wait until `condition()` is true; returns it."""
    deadline = time.monotonic() + DEADLINE_S
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {DEADLINE_S:.0f} s for {what}")
        await asyncio.sleep(0.01)
    return value


def machine_clock(wall_offset_ms=0):
    return Clock(
        lambda: max(time.time_ns() // 1_000_000 + wall_offset_ms, 0),
        lambda: time.monotonic_ns() // 1_000_000,
        b"boot-of-test",
    )


class Box:
    """One box; `start` and `stop` are its power switch."""

    def __init__(self, folder, hub_url, login, client):
        self.folder = folder
        self.hub_url = hub_url
        self.login = login
        self.client = client
        self.switch = LineSwitch()
        self.recalls = []
        self.lines = []
        self.applied = []
        self.wall_offset_ms = 0
        self.store = None
        self.sync = None
        self.task = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def identity_path(self):
        return self.folder / "box.identity"

    @property
    def cafe(self):
        return self.enrolment.identity.cafe

    @property
    def node(self):
        return self.enrolment.identity.node

    async def enrol(self, code, again=False):
        http = HubHttp(self.hub_url, self.client, self.switch)
        return await enrol(
            self.identity_path,
            http,
            code,
            hardware=b"hardware",
            software="test",
            random_bytes=secrets.token_bytes,
            again=again,
        )

    def copied(self, folder):
        """Return another box on a copy of this one's files; this one must be switched off."""
        shutil.copytree(self.folder, folder)
        return Box(folder, self.hub_url, self.login, self.client)

    def start(self):
        self.enrolment = load_enrolment(self.identity_path)
        identity = self.enrolment.identity
        clock = machine_clock(self.wall_offset_ms)
        self.store = Store.open(self.folder / "box.db", identity, clock, secrets.token_bytes)
        self.http = HubHttp(
            self.hub_url, self.client, self.switch, Signer(identity, self.enrolment.sign)
        )
        self.metrics = SyncMetrics(CollectorRegistry())
        self.sync = Sync(
            self.store,
            self.enrolment,
            self.http,
            SyncSettings(self.login, "test", b"hardware", self.folder / "snapshot.part"),
            self.metrics,
            clock,
            random.randrange,
            SyncHandlers(
                self._recalled, self.applied.append, lambda: self.lines.append(self.sync.state)
            ),
        )
        self.task = asyncio.create_task(self.sync.run())

    async def _recalled(self, recall):
        self.recalls.append(recall)

    async def stop(self):
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait((self.task,))
            self.store.close()
            self.task = None

    async def append(self, kind, body):
        return await self.store.write(lambda tx: tx.append(kind, body))

    def read(self, function):
        with self.store.read() as reader:
            return function(reader)

    def unconfirmed(self):
        return self.read(lambda reader: reader.own_head().seq - reader.own_author().seq)

    def position(self):
        return self.read(lambda reader: reader.cursor().position)

    def refolded(self):
        return self.read(refold)

    async def settled(self):
        """Wait until everything of ours is confirmed and we stand at the hub's end."""
        await eventually(lambda: self.unconfirmed() == 0, "all ops to come back")

    async def assert_equal_to_hub(self):
        """Compare the state hash with the one that the hub signs for this cafe."""
        answer = await self.http.newest_snapshot()
        assert self.enrolment.verify_hub(answer.signature, answer.manifest.signing_bytes())
        position = answer.manifest.position
        await eventually(lambda: self.position() >= position, "the hub's end")
        assert self.position() == position
        rows = self.read(
            lambda reader: reader.connection.execute(
                "SELECT kind, cafe, sum FROM state_section ORDER BY kind, cafe"
            ).fetchall()
        )
        assert rows == [tuple(row) for row in answer.manifest.state_hashes]
        assert self.refolded().differences == []


def broker_login(port, protocol="5"):
    return BrokerLogin("127.0.0.1", port, protocol=protocol)


@asynccontextmanager
async def box_maker(folder, hub, login):
    """Yield `make(cafe index, start=True)`: an enrolled box of that cafe."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(aiohttp.ClientSession())

        async def make(cafe, start=True):
            box = Box(folder / f"box-{cafe}-{secrets.token_hex(2)}", hub.url, login, client)
            await box.enrol(await hub.office.create_code(hub.cafes[cafe], "box"))
            stack.push_async_callback(box.stop)
            if start:
                box.start()
                await eventually(lambda: box.sync.up, "the line")
            return box

        yield make
