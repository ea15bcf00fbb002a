"""Head office and two cafes in one process: a real hub with its broker, two real boxes, two lines.

Boxes have no devices; everything else is as `cafebox-hub run` and `cafebox run` put it together.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import aiohttp

from cloud import app as hub_app
from cloud.configuration import BrokerSection, HubSection
from cloud.configuration import Configuration as HubConfiguration
from cloud.domain.refusals import Refusal
from cloud.hub.office import HeadOffice
from edge import app as box_app
from edge import machine
from edge.configuration import read
from edge.store.reader import Reader
from edge.sync import mqtt_transport
from edge.sync.enrolment import enrol
from edge.sync.hub_http import HubHttp
from edge.sync.line_switch import LineSwitch
from examples.two_cafes.line import Line
from sync_protocol import pump
from tests.cloud.quick_hashes import quick_hashes
from tests.ports import free_port

T = TypeVar("T")
CHAIN = "test"
CAFES = {"east": ("甲店", "Cafe A"), "west": ("乙店", "Cafe B")}
OFFICE, PASSWORD = "总部", "correct horse battery"
MANAGER, PIN = "王店长", "258025"
DEADLINE_S = 60.0
RECONNECT_S_MAX = 0.5
TIMEOUT_S = 1.0
"""A box here looks for a mended line sooner than one that spares head office."""


async def eventually(holds: Callable[[], Awaitable[object]], what: str) -> None:
    """Wait until `holds()` comes true."""
    deadline = time.monotonic() + DEADLINE_S
    while not await holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {DEADLINE_S:.0f} s for {what}")
        await asyncio.sleep(0.05)


class Cafe:
    """One cafe: its box, its line to head office, and a program at its counter."""

    def __init__(self, number: int, running: box_app.Running, lines: list[Line]) -> None:
        self.number = number
        self.store = running.store
        self.address = running.address
        self._lines = lines
        self._cookie = ""

    def cut(self) -> None:
        for line in self._lines:
            line.cut()

    def mend(self) -> None:
        for line in self._lines:
            line.mend()

    @property
    def node(self) -> int:
        return self.store.identity.node

    def read(self, function: Callable[[Reader], T]) -> T:
        with self.store.read() as reader:
            return function(reader)

    async def append(self, *ops: tuple[int, list[object]]) -> None:
        """Write ops that no command of the counter writes."""
        for kind, body in ops:
            await self.store.write(lambda tx, kind=kind, body=body: tx.append(kind, body))

    async def do(self, command: str, **inputs: object) -> dict[str, object]:
        """Perform a command that must be done; returns its values."""
        body = {"request_id": secrets.token_urlsafe(12), **inputs}
        headers = {"Cookie": self._cookie} if self._cookie else {}
        async with (
            aiohttp.ClientSession() as client,
            client.post(f"{self.address}desk/{command}", json=body, headers=headers) as answer,
        ):
            said = await answer.json()
            assert said["ok"], said
            if command == "log_in":
                cookie = next(iter(answer.cookies.values()))
                self._cookie = f"{cookie.key}={cookie.value}"
            values: dict[str, object] = said["values"]
            return values

    async def import_list(self, what: str, text: str) -> None:
        """Import a list of the old system, as the page does, and wait until it is in."""
        form = aiohttp.FormData({"what": what, "do": "import"})
        form.add_field("file", text.encode(), filename="list.csv", content_type="text/csv")
        headers = {"Cookie": self._cookie, "HX-Request": "true"}
        async with aiohttp.ClientSession(headers=headers) as client:
            async with client.post(f"{self.address}imports", data=form) as answer:
                assert answer.status == 200

            async def finished() -> bool:
                async with client.get(f"{self.address}show/import") as answer:
                    page = await answer.text()
                return 'data-finished="yes"' in page and f'data-import="{what}"' in page

            await eventually(finished, "an import to come to its end")

    async def page(self) -> str:
        """The counter page, as a browser without JavaScript gets it."""
        async with (
            aiohttp.ClientSession(headers={"Cookie": self._cookie}) as client,
            client.get(self.address) as answer,
        ):
            return await answer.text()


class TwoCafes:
    """The whole chain under test."""

    def __init__(self, office: HeadOffice, url: str, broker_url: str) -> None:
        self.office = office
        self.url = url.rstrip("/")
        self.broker_url = broker_url
        self.cafes: list[Cafe] = []
        self.manager = 0

    def cut(self) -> None:
        for cafe in self.cafes:
            cafe.cut()

    async def first_of_all(self, cafe: Cafe) -> None:
        """Mend one cafe's line alone until head office has all that it wrote."""
        cafe.mend()

        async def sent() -> bool:
            return cafe.read(lambda reader: reader.outbox().count) == 0

        await eventually(sent, "a cafe to send all that it wrote")

    async def agree(self) -> None:
        """Mend both lines and wait until both boxes and the hub hold the same log."""
        for cafe in self.cafes:
            cafe.mend()

        async def same() -> bool:
            end = self.office.hub.head().position
            outboxes = [cafe.read(lambda reader: reader.outbox().count) for cafe in self.cafes]
            cursors = [cafe.read(lambda reader: reader.cursor().position) for cafe in self.cafes]
            return not any(outboxes) and cursors == [end, end]

        await eventually(same, "both cafes to hold head office's log")


@asynccontextmanager
async def open_two_cafes(folder: Path) -> AsyncIterator[TwoCafes]:
    """A chain with staff and two enrolled boxes, in line with each other, managers logged in."""
    configuration = HubConfiguration(
        folder,
        HubSection(chain=CHAIN, data_dir="hub", listen_port=free_port()),
        BrokerSection(port=free_port()),
    )
    async with AsyncExitStack() as stack:
        stack.enter_context(patch.object(pump, "RECONNECT_S_MAX", RECONNECT_S_MAX))
        for limit in ("CONNECT_S", "TIMEOUT_S"):
            stack.enter_context(patch.object(mqtt_transport, limit, TIMEOUT_S))
        stack.enter_context(quick_hashes())
        hub = await stack.enter_async_context(hub_app.running(configuration))
        chain = TwoCafes(hub.office, hub.url, hub.broker_url)
        office = await hub.office.add_staff(OFFICE, "head_office", [], (PASSWORD, ""), 0)
        manager = await hub.office.add_staff(MANAGER, "manager", [], ("", PIN), 0)
        assert not isinstance(office, Refusal)
        assert not isinstance(manager, Refusal)
        chain.manager = manager
        for code, (name, name_en) in CAFES.items():
            values = {"code": code, "name": name, "name_en": name_en, "open": True}
            number = await hub.office.add_cafe(values, office)
            assert not isinstance(number, Refusal)
            lines = [Line(0, configuration.hub.listen_port), Line(0, configuration.broker.port)]
            for line in lines:
                await line.open()
                stack.push_async_callback(line.close)
            running = await _open_box(stack, folder / code, chain, number, lines)
            chain.cafes.append(Cafe(number, running, lines))
        await chain.agree()
        for cafe in chain.cafes:
            await cafe.do("log_in", staff=manager, pin=PIN)
            await cafe.do("open_shift", float_fen=50_000)
        yield chain


async def _open_box(
    stack: AsyncExitStack, folder: Path, chain: TwoCafes, cafe: int, lines: list[Line]
) -> box_app.Running:
    data = folder / "data"
    data.mkdir(parents=True)
    code = await chain.office.create_code(cafe, f"box {cafe}")
    assert not isinstance(code, Refusal)
    url, broker = (line.port for line in lines)
    async with aiohttp.ClientSession() as client:
        await enrol(
            data / box_app.IDENTITY_NAME,
            HubHttp(f"http://127.0.0.1:{url}", client, LineSwitch()),
            code,
            hardware=machine.hardware_id(),
            software="test",
            random_bytes=secrets.token_bytes,
        )
    text = (
        f'[box]\ndata_dir = "data"\nlisten_port = {free_port()}\n'
        f'[hub]\nurl = "http://127.0.0.1:{url}"\nbroker_url = "mqtt://127.0.0.1:{broker}"\n'
    )
    return await stack.enter_async_context(box_app.running(read(text, folder)))
