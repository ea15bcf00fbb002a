"""Stores, hubs and boxes for the hub's tests."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cloud import app
from cloud.configuration import BrokerSection, Configuration, HubSection
from cloud.store.database import Database, open_writer
from cloud.store.migrations import migrate
from tests.cloud.chain import Chain
from tests.cloud.quick_hashes import quick_hashes
from tests.cloud.remote_box import HubUnderTest
from tests.ports import free_port
from tests.postgres import Cluster


@pytest.fixture(autouse=True)
def quick_passwords() -> Iterator[None]:
    with quick_hashes():
        yield


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hub.sqlite'}"
    return request.getfixturevalue("cluster").new_database()


@pytest.fixture
def database(store_url: str) -> Iterator[Database]:
    opened = open_writer(store_url)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def chain(database: Database) -> Chain:
    return Chain(database)


@pytest.fixture
def sqlite_chain(tmp_path: Path) -> Iterator[Chain]:
    opened = open_writer(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    migrate(opened)
    yield Chain(opened)
    opened.close()


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    return Configuration(
        tmp_path,
        HubSection(chain="test", data_dir="data", listen_port=free_port()),
        BrokerSection(port=free_port()),
    )


@pytest.fixture
async def hub(configuration: Configuration) -> AsyncIterator[HubUnderTest]:
    """A whole hub: broker, writer, line, pages; with two cafes."""
    async with app.running(configuration) as running:
        under_test = HubUnderTest(running.office, running.url, running.broker_url)
        await under_test.add_cafes("A", "B")
        yield under_test
