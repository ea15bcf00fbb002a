"""A box before its first boot, a real hub that knows its code, and a technician with a browser."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from cloud import app as hub_app
from cloud.configuration import BrokerSection, HubSection
from cloud.configuration import Configuration as HubConfiguration
from cloud.domain.refusals import Refusal
from edge import first_boot
from edge.configuration import Configuration, load
from edge.discovery.found import Finder
from edge.discovery.pcsc_readers import PcscReaders
from edge.discovery.serial_ports import SerialPorts
from edge.drivers.fake.cafe import VirtualCafe
from edge.drivers.fake.pcsc import VirtualReaders
from edge.drivers.stacks import Stacks
from edge.setup.setup import Setup
from tests.ports import free_port

CHAIN = "chain"
TEXT = """\
# The box. Every key: cafebox example-config
[box]
data_dir = "box-data"      # where it keeps its own
listen_port = {port}

[hub]
url = "http://provisioned.invalid:8600"   # as provisioned

[stacks]
pcsc = "fake:{readers}"
gpio = "fake:{folder}/no-pins"
"""


@dataclass
class Hub:
    """Head office: an address and codes for a new box of its one cafe."""

    running: hub_app.Running
    cafe: int

    @property
    def url(self) -> str:
        return self.running.url.rstrip("/")

    async def code(self) -> str:
        made = await self.running.office.create_code(self.cafe, "counter")
        assert not isinstance(made, Refusal)
        return made


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hub]:
    configuration = HubConfiguration(
        tmp_path_factory.mktemp("hub"),
        HubSection(chain=CHAIN, data_dir="hub", listen_port=free_port()),
        BrokerSection(port=free_port()),
    )
    async with hub_app.running(configuration) as running:
        secret = ("correct horse battery", "")
        office = await running.office.add_staff("总部", "head_office", [], secret, 0)
        assert not isinstance(office, Refusal)
        values = {"code": "a", "name": "一号店", "name_en": "One", "open": True}
        cafe = await running.office.add_cafe(values, office)
        assert not isinstance(cafe, Refusal)
        yield Hub(running, cafe)


@dataclass
class Technician:
    """A browser before the box; `page` is the last page's text."""

    setup: Setup
    client: aiohttp.ClientSession
    status: int = 0
    at: str = ""
    page: str = ""

    async def see(self, path: str) -> str:
        """Go to a path; where one ends up."""
        async with self.client.get(path) as answer:
            return await self._note(answer)

    async def send(self, path: str, *values: tuple[str, str]) -> str:
        """Send a form; where one ends up."""
        form = aiohttp.FormData(list(values))
        async with self.client.post(path, data=form) as answer:
            return await self._note(answer)

    async def give_pin(self) -> str:
        return await self.send("/setup/pin", ("pin", self.setup.pin))

    async def enrol(self, hub: Hub) -> str:
        return await self.send("/setup/code", ("hub", hub.url), ("code", await hub.code()))

    async def _note(self, answer: aiohttp.ClientResponse) -> str:
        self.status, self.at, self.page = answer.status, answer.url.path, await answer.text()
        return self.at


@dataclass
class Bench:
    """A bare box on a bench, with a reader and a printer beside it."""

    folder: Path
    cafe: VirtualCafe
    port: int = field(default_factory=free_port)

    @property
    def path(self) -> Path:
        return self.folder / "cafebox.toml"

    @property
    def printer_port(self) -> str:
        """Where the printer is found: it hangs on a serial port with a name that stays."""
        return str(self.folder / "dev" / "serial" / "by-id" / "usb-printer")

    def unplug_printer(self) -> None:
        self.cafe.printer.unplug()
        Path(self.printer_port).unlink()

    def configuration(self) -> Configuration:
        return load(self.path)

    @asynccontextmanager
    async def first_boot(self, *, known: bool = True) -> AsyncIterator[Technician]:
        """The box's page, and a technician who has given the PIN, unless not `known`."""
        configuration = self.configuration()
        jar = aiohttp.CookieJar(unsafe=True)
        async with (
            first_boot.serving(self.path, configuration, self._finders) as setup,
            aiohttp.ClientSession(configuration.address, cookie_jar=jar) as client,
        ):
            technician = Technician(setup, client)
            if known:
                await technician.give_pin()
                assert technician.at in ("/setup/language", "/setup/successor", "/setup/devices")
            yield technician

    def _finders(self, stacks: Stacks, ask: bool) -> Sequence[Finder]:
        """What lies on the bench, and nothing of the machine that runs the test."""
        return (PcscReaders(stacks), SerialPorts(self.folder, list, probe=ask))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    readers = VirtualReaders(tmp_path / "readers.sock")
    cafe = VirtualCafe(tmp_path / "cafe", readers.reader_names[0], readers.slots[0])
    bare = Bench(tmp_path, cafe)
    Path(bare.printer_port).parent.mkdir(parents=True)
    Path(bare.printer_port).symlink_to(tmp_path / "cafe" / "printer")
    text = TEXT.format(port=bare.port, readers=tmp_path / "readers.sock", folder=tmp_path)
    bare.path.write_text(text)
    yield bare
    cafe.close()
    readers.close()
