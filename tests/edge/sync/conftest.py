"""A whole hub behind a real broker, and boxes that sync with it."""

from dataclasses import dataclass, field

import pytest

from cloud import app
from cloud.configuration import BrokerSection, Configuration, HubSection
from tests.brokers.servers import Mosquitto
from tests.cloud.quick_hashes import quick_hashes
from tests.edge.sync.boxes import box_maker, broker_login
from tests.ports import free_port


@dataclass
class Hub:
    office: object
    url: str
    broker: object
    cafes: list = field(default_factory=list)


@pytest.fixture
def broker(tmp_path):
    with Mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture(autouse=True)
def fresh_snapshots(monkeypatch):
    """Have the hub sign where it stands now: the tests compare with it."""
    monkeypatch.setattr("cloud.hub.snapshots.FRESH_POSITIONS", 0)


@pytest.fixture(autouse=True)
def quick_pins():
    with quick_hashes():
        yield


@pytest.fixture
async def hub(tmp_path, broker):
    configuration = Configuration(
        tmp_path,
        HubSection(chain="test", data_dir="hub", listen_port=free_port()),
        BrokerSection(url=broker.url),
    )
    async with app.running(configuration) as running:
        hub = Hub(running.office, running.url, broker)
        for code in ("A", "B"):
            hub.cafes.append(await running.office.add_cafe({"code": code, "name": code}, 0))
        yield hub


@pytest.fixture
async def make_box(tmp_path, hub, broker):
    async with box_maker(tmp_path, hub, broker_login(broker.port)) as make:
        yield make
