"""A counter of a cafe with seats, through its HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer

from edge.web.application import build_application
from tests.edge.counter.benefits.conftest import SHANGHAI
from tests.edge.counter.sessions.floor import Floor
from tests.edge.desk.counter import furnish, open_counter


@pytest.fixture
async def floor(tmp_path: Path) -> AsyncIterator[Floor]:
    async with (
        open_counter(tmp_path) as counter,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as visitor,
    ):
        await furnish(counter)
        server = TestServer(build_application(counter.desk, SHANGHAI))
        await server.start_server()
        floor = Floor(counter, str(server.make_url("/")).rstrip("/"), visitor)
        floor.at_hour(10)
        await floor.set_up()
        yield floor
        await server.close()
