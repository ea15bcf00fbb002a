"""A furnished counter behind its HTTP, with the cashier logged in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer

from edge.web.application import build_application
from tests.edge.desk.counter import furnish, open_counter
from tests.edge.web.test_counter_http import SHANGHAI, Site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with (
        open_counter(tmp_path) as counter,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as visitor,
    ):
        await furnish(counter)
        server = TestServer(build_application(counter.desk, SHANGHAI))
        await server.start_server()
        opened = Site(counter, str(server.make_url("/")).rstrip("/"), visitor)
        await opened.log_in()
        yield opened
        await server.close()
