"""Reports, reminders, imports in a browser: two languages, two screens, contrast, nothing cut."""

import asyncio

import pytest
from playwright.async_api import Route

from tests.browser.accessibility import axe_source, violations
from tests.browser.conftest import CounterPage, Shot

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCREENS = ({"width": 1366, "height": 768}, {"width": 1024, "height": 600})
WORKS = ("report?report=day", "report?report=top-ups", "reminders", "import", "record")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_works_about_reports_are_readable_on_both_screens(
    counter_page: CounterPage, shot: Shot, language: str
) -> None:
    page, counter = counter_page.page, counter_page.counter
    await counter_page.log_in_manager()
    member = await counter.member()
    for amount_fen in (12_300, 4_500):
        await counter.do("top_up", member=member, amount_fen=amount_fen, tender="cash")
        await counter.do("spend", member=member, amount_fen=900)
    address = {"name": "language", "value": language, "url": counter_page.address}
    await page.context.add_cookies([address])
    for screen in SCREENS:
        await page.set_viewport_size(screen)
        for work in WORKS:
            await page.goto(f"{counter_page.address}show/{work}")
            name = work.replace("?report=", "-")
            await shot(page, f"{name}-{screen['width']}")
            assert await violations(page, axe_source()) == [], work
            assert await page.evaluate("document.documentElement.scrollWidth") <= screen["width"]
    await page.set_viewport_size(SCREENS[0])
    await page.goto(f"{counter_page.address}show/report?report=top-ups")
    await page.click("#work table a")
    await page.wait_for_selector("[data-amount-fen]")
    async with page.expect_download() as download:
        await page.goto(f"{counter_page.address}show/report?report=top-ups")
        await page.click('a[href^="/reports/top-ups.xlsx"]')
    assert (await download.value).suggested_filename.endswith(".xlsx")


async def test_a_long_report_is_waited_for_and_says_so_meanwhile(counter_page: CounterPage) -> None:
    page = counter_page.page
    await counter_page.log_in_manager()
    await page.goto(f"{counter_page.address}show/report?report=day")
    await page.wait_for_load_state("load")
    await page.evaluate(
        "document.addEventListener('htmx:beforeSend', (event) => {"
        " document.body.dataset.patience = event.detail.xhr.timeout })"
    )
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow(route: Route) -> None:
        asked.set()
        await go_on.wait()
        await route.continue_()

    await page.route("**/show/report?*", slow)
    words = page.locator("#work .while-waiting")
    assert not await words.is_visible()
    await page.click("#work form button.primary")
    await asked.wait()
    await words.wait_for(state="visible")
    # Most of a minute on a Pi: the page's other requests are given up after 15 s.
    assert int(await page.get_attribute("body", "data-patience") or 0) >= 120_000
    go_on.set()
    await words.wait_for(state="hidden")
