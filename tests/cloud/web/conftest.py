"""Head office on a real hub and store without a broker, its pages, and a person logged in."""

from collections.abc import AsyncIterator
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer

from cloud import app
from cloud.configuration import Configuration
from cloud.hub.office import HeadOffice
from cloud.store.log import read_head
from cloud.web.application import build_application

PASSWORD = "correct horse battery"


def log_end(office: HeadOffice) -> int:
    return read_head(office.hub.reader).position


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[HeadOffice]:
    configuration = Configuration(tmp_path)
    line = app.make_line(configuration)

    def failed(error: BaseException) -> None:
        raise error

    async with app.open_office(configuration, line, failed) as opened:
        await opened.add_staff("chen", "head_office", [], (PASSWORD, ""), 0)
        yield opened


@pytest.fixture
async def site(office: HeadOffice) -> AsyncIterator[str]:
    server = TestServer(build_application(office, timezone(timedelta(hours=8))))
    await server.start_server()
    yield str(server.make_url("/")).rstrip("/")
    await server.close()


@pytest.fixture
async def visitor() -> AsyncIterator[ClientSession]:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        yield session


@pytest.fixture
async def person(site: str, visitor: ClientSession) -> ClientSession:
    form = {"name": "chen", "password": PASSWORD}
    async with visitor.post(f"{site}/log-in", data=form) as answer:
        assert answer.status == 200
        assert "log-out" in await answer.text()
    return visitor
