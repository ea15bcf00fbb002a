"""The customer's own page: the display's lines, and the receipt's code while no paper comes out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer

from edge.web.application import build_application
from tests.edge.desk.counter import CASHIER, PIN, Counter, furnish, open_counter

DEADLINE_S = 60
SHANGHAI = timezone(timedelta(hours=8))


class Site:
    """A counter, its address, and its browser with two screens."""

    def __init__(self, counter: Counter, address: str, browser: ClientSession) -> None:
        self.counter = counter
        self.address = address
        self.browser = browser
        self._requests = 0

    async def page(self) -> str:
        async with self.browser.get(f"{self.address}/customer") as answer:
            assert answer.status == 200
            return await answer.text()

    async def do(self, command: str, **inputs: object) -> None:
        self._requests += 1
        inputs["request_id"] = f"request-{self._requests}"
        async with self.browser.post(f"{self.address}/desk/{command}", json=inputs) as answer:
            assert answer.status == 200, await answer.text()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with (
        open_counter(tmp_path) as counter,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser,
    ):
        await furnish(counter)
        server = TestServer(build_application(counter.desk, SHANGHAI))
        await server.start_server()
        yield Site(counter, str(server.make_url("/")).rstrip("/"), browser)
        await server.close()


async def until(stream: ClientResponse, text: str) -> str:
    """Read events until one holds a text."""
    read = ""
    async with asyncio.timeout(DEADLINE_S):
        while text not in read:
            read += (await stream.content.readuntil(b"\n\n")).decode()
    return read


@pytest.mark.covers("A372")
async def test_it_follows_the_sale_and_shows_the_code_when_there_is_no_paper(site: Site) -> None:
    await site.do("log_in", staff=CASHIER, pin=PIN)
    await site.do("open_shift", float_fen=0)
    assert "欢迎光临" in await site.page()
    async with site.browser.get(f"{site.address}/customer/events") as stream:
        await until(stream, "欢迎光临")
        await site.do("add_line", sku="COLA")
        shown = await until(stream, "可乐")
        assert '<span class="amount">5.00</span>' in shown
        await site.do("pay", tender="cash", expected_total_fen=500, received_fen=1000)
        shown = await until(stream, "找零")
        assert "data-receipt-code" in shown  # this counter's devices hold no printer
        assert "<svg" in await site.page()


async def test_who_is_not_logged_in_reads_a_welcome_and_nothing_else(site: Site) -> None:
    await site.counter.log_in()
    await site.counter.do("add_line", sku="COLA")
    text = await site.page()
    assert "欢迎光临" in text
    assert "可乐" not in text


async def test_a_page_that_is_closed_leaves_its_place_to_others(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one to which nothing is ever told, such as the log-in page."""
    monkeypatch.setattr("edge.web.live.HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr("edge.web.live.STRANGERS_MAX", 2)
    runner = web.AppRunner(build_application(site.counter.desk, SHANGHAI))  # as the box has it
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]

    async def status(*, held: int) -> int:
        async with AsyncExitStack() as stack:
            for _ in range(held):
                path = f"http://{host}:{port}/log-in/events"
                answer = await stack.enter_async_context(site.browser.get(path))
            return answer.status

    async with asyncio.timeout(DEADLINE_S):
        assert await status(held=3) == 503
        while await status(held=2) != 200:
            pass
    await runner.cleanup()


async def test_it_comes_back_with_the_cookie_of_whoever_logs_in_next(site: Site) -> None:
    """A stream knows the cookie that it was asked with: it ends, and the page asks anew."""
    async with site.browser.get(f"{site.address}/customer/events") as stream:
        await until(stream, "欢迎光临")
        await site.do("log_in", staff=CASHIER, pin=PIN)
        async with asyncio.timeout(DEADLINE_S):
            while await stream.content.read(4096):
                pass
    await site.do("add_line", sku="COLA")
    async with site.browser.get(f"{site.address}/customer/events") as stream:
        await until(stream, "可乐")
