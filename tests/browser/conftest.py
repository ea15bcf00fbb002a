"""A real Chromium, and pages of a real counter to look at; screenshots are kept."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, async_playwright, expect

from edge.web.application import build_application
from edge.web.counter import SESSION_COOKIE
from edge.web.live import LIVE_STREAMS, LiveStreams
from tests.edge.desk.counter import CASHIER, MANAGER, Counter, furnish, open_counter

CHROMIUM = Path("/usr/bin/chromium")
SCREENSHOTS = Path(__file__).parent.parent.parent / "build" / "screenshots"
COUNTER_SCREEN = {"width": 1366, "height": 768}
DEADLINE_MS = 60_000
"""Of a machine that is very busy; what is waited for takes milliseconds."""
SHANGHAI = timezone(timedelta(hours=8))


@pytest.fixture(scope="session")
def chromium() -> Path:
    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is missing. Run: apt install chromium fonts-wqy-zenhei")
    return CHROMIUM


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser(chromium: Path) -> AsyncIterator[Browser]:
    """One for all tests: a launch takes over a second."""
    expect.set_options(timeout=DEADLINE_MS)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        yield launched
        await launched.close()


Shot = Callable[[Page, str], object]


@pytest.fixture
def shot(request: pytest.FixtureRequest) -> Shot:
    """Keep a picture of a page under the test's name: `await shot(page, "paid")`."""

    async def take(page: Page, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{request.node.name}-{name}.jpeg"
        await page.screenshot(path=path, type="jpeg", quality=80)  # twice as quick as PNG

    return take


@dataclass
class CounterPage:
    """A furnished counter on a real store, and its page in a browser; `faults` must stay empty."""

    counter: Counter
    page: Page
    address: str
    faults: list[str]
    streams: LiveStreams

    def cut_live_lines(self) -> None:
        """Break off the streams of all open pages; they come back by themselves."""
        for task in tuple(self.streams):
            task.cancel()

    async def log_in(self, staff: int = CASHIER) -> None:
        """Be logged in, with a shift open. The page of the PIN has tests of its own."""
        await self.page.goto(
            "about:blank"
        )  # an open page would leave by itself as its session ends
        session = await self.counter.log_in(staff)
        cookie = {"name": SESSION_COOKIE, "value": session.token, "url": self.address}
        await self.page.context.add_cookies([cookie])
        await self.page.goto(self.address)
        await self.page.wait_for_load_state("load")  # keys are heard once the scripts have run

    async def log_in_manager(self) -> None:
        await self.log_in(MANAGER)


@asynccontextmanager
async def counter_in_browser(
    folder: Path, browser: Browser, *, has_touch: bool = False
) -> AsyncIterator[CounterPage]:
    """A furnished counter and its page; no script may fail, no answer be a 500."""
    async with open_counter(folder) as counter:
        await furnish(counter)
        app = build_application(counter.desk, SHANGHAI)
        server = TestServer(app)
        await server.start_server()
        page = await browser.new_page(
            viewport=COUNTER_SCREEN, timezone_id="Asia/Shanghai", has_touch=has_touch
        )
        page.set_default_timeout(DEADLINE_MS)
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "response", lambda answer: faults.append(answer.url) if answer.status >= 500 else None
        )
        yield CounterPage(counter, page, str(server.make_url("/")), faults, app[LIVE_STREAMS])
        await page.close()
        await server.close()
        assert faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def counter_page(tmp_path: Path, browser: Browser) -> AsyncIterator[CounterPage]:
    async with counter_in_browser(tmp_path, browser) as opened:
        yield opened
