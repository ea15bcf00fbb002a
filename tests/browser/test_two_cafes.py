"""The demo in the browser: two cafes, head office and the panel, as a newcomer uses them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser import demo as demos
from tests.browser.accessibility import axe_source, violations
from tests.browser.conftest import COUNTER_SCREEN, Shot
from tests.browser.demo import Demo

pytestmark = pytest.mark.asyncio(loop_scope="session")

MANAGER = "王店长"
SYNCED_MS = 60_000
"""Until both cafes agree again after a cut: mostly the reconnection's back-off."""


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    running = await demos.start(tmp_path_factory.mktemp("demo"))
    yield running
    assert await running.end() == []


@pytest_asyncio.fixture(loop_scope="session")
async def panel(browser: Browser, demo: Demo) -> AsyncIterator[Page]:
    page = await browser.new_page(viewport={"width": 1366, "height": 1000})
    await page.goto(demo.panel)
    yield page
    await page.close()


async def counter(browser: Browser, demo: Demo, cafe: str) -> Page:
    """A counter's page with the manager logged in and a shift open."""
    page = await browser.new_page(viewport=COUNTER_SCREEN)
    await page.goto(demo.counters[cafe])
    await page.locator("label", has_text=MANAGER).click()
    await page.fill("#pin", demo.pins[MANAGER])
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#left")
    await page.wait_for_load_state("load")
    if await page.locator("#float").count():
        await page.press("#float", "Enter")
        await page.wait_for_selector('[data-done="open_shift"]')
    return page


async def head_office(browser: Browser, demo: Demo) -> Page:
    page = await browser.new_page(viewport={"width": 1366, "height": 900})
    await page.goto(demo.head_office)
    await page.fill("#name", "总部")
    await page.fill("#password", demo.password)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#takings")
    return page


async def tap(panel: Page, cafe: str, name: str) -> None:
    await panel.locator(f"[data-cafe={cafe}]").get_by_role("button", name=name).click()


async def agree(panel: Page) -> None:
    await expect(panel.locator("[data-agree=yes]")).to_be_visible(timeout=SYNCED_MS)


@pytest.mark.covers("A260", "A070")
async def test_a_tap_in_one_cafe_changes_what_the_other_shows(
    browser: Browser, demo: Demo, panel: Page, shot: Shot
) -> None:
    here, there = await counter(browser, demo, "a"), await counter(browser, demo, "b")
    await tap(panel, "a", "王小明")
    await expect(here.locator("article.member")).to_contain_text("王小明")
    await expect(panel.locator("[data-cafe=a] .receipts img")).not_to_have_count(0)
    points = await here.locator("[data-points]").get_attribute("data-points")
    assert points is not None
    assert int(points) > 0
    await agree(panel)
    await shot(panel, "panel")
    await there.keyboard.press("/")
    await there.locator("#find").fill("王小明")
    await there.keyboard.press("Enter")
    await there.locator(".found a").click()
    await expect(there.locator("[data-points]")).to_have_attribute("data-points", points)
    await shot(there, "other-cafe")
    await here.close()
    await there.close()


@pytest.mark.covers("A139")
async def test_the_line_goes_down_both_go_on_and_agree_again(
    browser: Browser, demo: Demo, panel: Page, shot: Shot
) -> None:
    pages = {cafe: await counter(browser, demo, cafe) for cafe in "ab"}
    await agree(panel)
    await panel.locator("[data-cafe=a]").get_by_role("button", name="Cut").click()
    await expect(pages["a"].locator('#truth [data-line="down"]')).to_be_visible(timeout=SYNCED_MS)
    for page in pages.values():
        await page.keyboard.press("F6")  # a walk-in: whoever tapped before is gone
        await expect(page.locator("article.member")).to_have_count(0)
        await page.keyboard.press("F4")
        await expect(page.locator("#product-filter")).to_be_focused()
        await page.keyboard.type("可乐")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#ticket tbody tr")
        await page.keyboard.press("F2")
        await expect(page.locator("#received")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-done=pay]")).to_be_visible()
    await expect(pages["a"].locator("#truth .safe")).to_contain_text("请勿断电")
    await expect(pages["a"].locator("#truth")).to_contain_text("只在本机")
    await shot(pages["a"], "line-down")
    await expect(panel.locator("[data-agree=no]")).to_be_visible()
    await shot(panel, "cut")
    await panel.locator("[data-cafe=a]").get_by_role("button", name="Mend").click()
    await agree(panel)
    await expect(pages["a"].locator("#truth .safe")).to_contain_text("可安全断电")
    await shot(panel, "mended")
    for page in pages.values():
        await page.close()


async def test_money_follows_the_member_to_the_other_cafe(
    browser: Browser, demo: Demo, panel: Page
) -> None:
    page = await counter(browser, demo, "b")
    await agree(panel)
    await tap(panel, "b", "李雷")
    await expect(page.locator("article.member")).to_contain_text("李雷")
    await expect(page.locator("[data-balance-fen]")).to_have_attribute("data-balance-fen", "5000")
    await expect(page.locator("[data-spendable-fen]")).to_have_count(0, timeout=SYNCED_MS)
    await page.keyboard.press("Shift+F4")
    await page.fill("#amount", "12.50")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-done=spend]")).to_contain_text("37.50")
    await agree(panel)
    await page.close()


@pytest.mark.covers("A512", "A513")
async def test_a_transfer_is_dispatched_and_received_with_a_shortage(
    browser: Browser, demo: Demo, panel: Page, shot: Shot
) -> None:
    here, there = await counter(browser, demo, "a"), await counter(browser, demo, "b")
    await here.keyboard.press("Shift+F11")
    form = here.locator('form[action="/desk/dispatch_transfer"]')
    await form.locator('input[name="quantity:WATER"]').fill("12")
    await form.locator('input[value="KB-0001"]').check()
    await form.locator("button[type=submit]").click()
    await expect(here.locator("[data-done=dispatch_transfer]")).to_be_visible()
    await expect(there.locator("#left")).to_contain_text("待签收调拨", timeout=SYNCED_MS)
    await there.keyboard.press("Shift+F11")
    form = there.locator('form[action="/desk/receive_transfer"]')
    await form.locator('input[name="quantity:WATER"]').fill("11")
    await shot(there, "receiving")
    await form.locator("button[type=submit]").click()
    await expect(there.locator("[data-done=receive_transfer]")).to_contain_text("× 1")
    await there.keyboard.press("Shift+F12")
    await expect(there.locator('tr[data-tag="KB-0001"]')).to_contain_text("在库")
    await agree(panel)
    await here.keyboard.press("Shift+F12")
    await expect(here.locator('tr[data-tag="KB-0002"]')).to_be_visible()
    await expect(here.locator('tr[data-tag="KB-0001"]')).to_have_count(0)
    await here.close()
    await there.close()


@pytest.mark.covers("A259", "A149", "A132")
async def test_every_total_opens_its_entries_and_every_entry_its_op(
    browser: Browser, demo: Demo, panel: Page, shot: Shot
) -> None:
    await agree(panel)
    page = await head_office(browser, demo)
    await shot(page, "home")
    row = page.locator('#takings tr[data-cafe="1"]')
    await expect(row).to_contain_text("数据到")
    cash = row.locator("td.money a").first
    shown = await cash.text_content()
    await cash.click()
    await expect(page.locator("[data-total]")).to_contain_text(shown or "?")
    await page.locator("table.ledger tbody a").first.click()
    await expect(page.locator("#op")).to_contain_text("时间（本机时钟）")
    await expect(page.locator("#op")).to_contain_text(MANAGER)
    await shot(page, "op")
    await page.goto(f"{demo.head_office}members?text=李雷")
    await page.locator("tbody a").first.click()
    await expect(page.locator("#totals .chip.good")).not_to_have_count(0)
    await expect(page.locator("#totals .chip.warn")).to_have_count(0)
    await page.locator('#totals tr[data-class="10"] a').click()
    await expect(page.locator("table.ledger")).to_contain_text("wallet:")
    await shot(page, "member")
    await page.close()


async def test_everyone_can_read_head_office(browser: Browser, demo: Demo) -> None:
    source = axe_source()
    page = await head_office(browser, demo)
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        for path in ("", "members", "products", "staff", "cafes", "cases", "ops/9"):
            await page.goto(demo.head_office + path)
            assert await violations(page, source) == [], path
    await page.close()


async def test_head_office_fits_a_phone(browser: Browser, demo: Demo, shot: Shot) -> None:
    page = await head_office(browser, demo)
    await page.set_viewport_size({"width": 360, "height": 740})
    for path in ("", "members", "products", "staff", "cafes", "cases", "ops/5"):
        await page.goto(demo.head_office + path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path
    await page.goto(demo.head_office)
    await shot(page, "phone")
    await page.close()


@pytest.mark.covers("A054", "A298")
async def test_an_erased_member_has_no_name_anywhere_on_the_pages(
    browser: Browser, demo: Demo, panel: Page, shot: Shot
) -> None:
    page = await head_office(browser, demo)
    await page.goto(f"{demo.head_office}members?text=韩梅梅")
    await page.locator("tbody a").first.click()
    number = (await page.locator("h1 .muted").text_content() or "").strip()
    await page.locator("summary").click()
    await page.fill("#confirm", "wrong")
    await page.locator("button.danger").click()
    await expect(page.locator(".notice.bad")).to_contain_text("erasure_unconfirmed")
    await page.locator("summary").click()
    await page.fill("#confirm", number)
    await page.locator("button.danger").click()
    await expect(page.locator(".notice.good")).to_be_visible()
    await agree(panel)
    await page.reload()
    await expect(page.locator("body")).not_to_contain_text("韩梅梅")
    await shot(page, "erased")
    await page.goto(f"{demo.head_office}members?text=韩梅梅")
    await expect(page.locator(".empty")).to_be_visible()
    for cafe in "ab":
        counter_page = await counter(browser, demo, cafe)
        await counter_page.goto(f"{demo.counters[cafe]}show/find?text=韩梅梅")
        await expect(counter_page.locator(".found a")).to_have_count(0)
        await counter_page.close()
    await page.close()


async def test_fake_devices_need_no_daemon_and_a_second_start_goes_on(
    browser: Browser, tmp_path: Path
) -> None:
    first = await demos.start(tmp_path / "demo", devices="fake")
    assert await first.end() == []
    second = await demos.start(tmp_path / "demo", devices="fake")
    try:
        assert (second.password, second.pins) == (first.password, first.pins)
        assert second.took_s < first.took_s
        panel = await browser.new_page()
        await panel.goto(second.panel)
        page = await counter(browser, second, "a")
        await tap(panel, "a", "王小明")
        await expect(page.locator("article.member")).to_contain_text("王小明")
        await agree(panel)
        await panel.close()
        await page.close()
    finally:
        assert await second.end() == []
