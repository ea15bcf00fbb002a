"""A box that boots in 1970, a real process: the counter says so, and the days come out right."""

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import COUNTER_SCREEN, Shot
from tests.faults.services import ForkedStack
from tests.stack import EMBEDDED, PASSWORD, PIN, Box, Stack

pytestmark = pytest.mark.asyncio(loop_scope="session")

LIBRARY = "*/faketime/libfaketimeMT.so.1"
SYNCED_MS = 60_000
TOP_UP_FEN = 5_000


def faketime_library() -> Path:
    found = next(Path("/usr/lib").glob(LIBRARY), None)
    if found is None:
        pytest.fail("libfaketime is missing. Run: apt install libfaketime")
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def box(tmp_path: Path) -> AsyncIterator[tuple[Stack, Box]]:
    """A box without a line whose wall clock begins in 1970; its monotonic clock runs as ever."""
    environment = {
        "LD_PRELOAD": str(faketime_library()),
        "FAKETIME": "@1970-01-02 08:00:10",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "TZ": "UTC",
    }
    async with ForkedStack(tmp_path, EMBEDDED, "3.1.1") as stack:
        made = await stack.add_box("east", environment=environment)
        await stack.until_in_step()
        await asyncio.to_thread(made.service.stop)
        made.line.cut()
        await stack.start_box("east")
        yield stack, made


async def log_in(browser: Browser, box: Box) -> Page:
    page = await browser.new_page(viewport=COUNTER_SCREEN)
    await page.goto(box.url)
    await page.locator("label", has_text="店长").click()
    await page.fill("#pin", PIN)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#left")
    await page.wait_for_load_state("load")
    return page


async def do(page: Page, box: Box, command: str, **inputs: object) -> dict[str, object]:
    """Perform a command in the page's own session; returns its values."""
    body = {"request_id": secrets.token_urlsafe(12), **inputs}
    answer = await (await page.request.post(f"{box.url}/desk/{command}", data=body)).json()
    assert answer["ok"], answer
    values: dict[str, object] = answer["values"]
    return values


def today() -> str:
    """The business day that it really is: it begins at 6 in the morning, in China."""
    return (datetime.now(UTC) + timedelta(hours=8 - 6)).strftime("%Y-%m-%d")


async def test_the_counter_says_that_the_clock_is_wrong_and_the_days_come_out_right(
    browser: Browser, box: tuple[Stack, Box], shot: Shot
) -> None:
    stack, east = box
    page = await log_in(browser, east)
    clock = page.locator("#truth [data-clock-trust]")
    await expect(clock).to_have_attribute("data-clock-trust", "0")
    await expect(clock).to_have_class(re.compile("attention"))
    await expect(clock).to_contain_text("时钟未校准")
    await expect(page.locator("#left")).to_contain_text("1970-01-02")
    await shot(page, "1970")
    await do(page, east, "open_shift", float_fen=0)
    member = (await do(page, east, "register_member", name="安安", consent=True))["member"]
    await do(page, east, "top_up", member=member, amount_fen=TOP_UP_FEN, tender="cash")
    east.line.mend()
    await expect(clock).to_contain_text("天", timeout=SYNCED_MS)
    days = int(str(await clock.get_attribute("data-clock-off-minutes"))) // 1440
    assert abs(days - time.time() // 86_400) < 3
    await stack.until_in_step()
    await shot(page, "wrong-by-days")
    await page.get_by_role("button", name="English").click()
    await expect(page.locator("#truth [data-clock-trust]")).to_contain_text("days wrong")
    await shot(page, "english")
    await do(page, east, "show_member", member=member)
    await page.goto(f"{east.url}/show/ledger")
    booked = page.locator("[data-business-day]").first
    await expect(booked).to_have_attribute("data-business-day", today().replace("-", ""))
    await page.close()
    office = await browser.new_page()
    await office.goto(stack.hub_url)
    await office.fill("#name", "office")
    await office.fill("#password", PASSWORD)
    await office.keyboard.press("Enter")
    taken = office.locator("#takings [data-takings-fen]")
    await expect(office.locator("h1").first).to_contain_text(today())
    await expect(taken).to_have_attribute("data-takings-fen", str(TOP_UP_FEN))
    await shot(office, "takings")
    await office.close()
