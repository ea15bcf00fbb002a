"""The conflict inbox in the browser: conflicts made without a line, settled one of each sort."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests import conflicts
from tests.browser.accessibility import axe_source, violations
from tests.browser.conftest import COUNTER_SCREEN, Shot
from tests.two_cafes import MANAGER, OFFICE, PASSWORD, PIN, Cafe, TwoCafes, open_two_cafes

pytestmark = pytest.mark.asyncio(loop_scope="session")

SYNCED_MS = 60_000
PHONE = {"width": 360, "height": 740}


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def chain(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TwoCafes]:
    """Two cafes with one conflict of each sort between them, back in line."""
    async with open_two_cafes(tmp_path_factory.mktemp("cases")) as running:
        await conflicts.both_edit(
            running,
            ({"note": "靠窗坐,不要冰", "tier": "silver"}, {"note": "靠门坐", "tier": "gold"}),
        )
        await conflicts.same_person(running)
        await conflicts.same_phone(running)
        await conflicts.same_card(running)
        await conflicts.same_asset(running)
        await conflicts.void_sale(running)
        await running.agree()
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, chain: TwoCafes) -> AsyncIterator[Page]:
    """Head office, at the inbox, on a laptop."""
    page = await browser.new_page(viewport={"width": 1366, "height": 900})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    await page.goto(f"{chain.url}/cases")
    await page.fill("#name", OFFICE)
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("h1:has-text('冲突')")
    yield page
    await page.close()
    assert faults == []


async def counter(browser: Browser, cafe: Cafe) -> Page:
    page = await browser.new_page(viewport=COUNTER_SCREEN)
    await page.goto(cafe.address)
    await page.locator("label", has_text=MANAGER).click()
    await page.fill("#pin", PIN)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#left")
    await page.wait_for_load_state("load")
    return page


def case(page: Page, kind: str) -> Locator:
    return page.locator(f"article[data-kind={kind}]").first


async def settle(page: Page, kind: str, choice: str, note: str) -> None:
    """One click and a reason."""
    article = case(page, kind)
    await article.locator("input[name=note]").fill(note)
    await article.locator(f"button[value={choice}]").click()
    await expect(page.locator(f"[data-settled={choice}]")).to_be_visible()


async def test_each_case_shows_both_sides_and_what_each_choice_changes(
    page: Page, shot: Shot
) -> None:
    await expect(page.locator("article.case")).to_have_count(7)
    edit = case(page, "member")
    await expect(edit).to_contain_text("甲店")
    await expect(edit).to_contain_text("乙店")
    await expect(edit).to_contain_text("时钟")
    await expect(edit.locator(".differences")).to_contain_text("靠窗坐,不要冰")
    await expect(edit.locator(".differences")).to_contain_text("靠门坐")
    await expect(edit.locator(".option", has=page.locator("[value=keep_a]"))).to_contain_text("→")
    await shot(page, "inbox")
    await page.locator("a.kind", has_text="未生效").click()
    await expect(page.locator("article.case")).to_have_count(1)
    await shot(page, "void")
    assert await violations(page, axe_source()) == []


async def test_the_inbox_fits_a_phone(page: Page, shot: Shot) -> None:
    await page.set_viewport_size(PHONE)
    await page.goto(page.url)
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await shot(page, "phone")
    await case(page, "asset_claim").scroll_into_view_if_needed()
    await shot(page, "phone-asset")


async def test_both_counters_are_told_and_the_loser_is_told_what_to_do(
    browser: Browser, chain: TwoCafes, shot: Shot
) -> None:
    for name, cafe in zip(("first", "second"), chain.cafes, strict=True):
        view = await counter(browser, cafe)
        await expect(view.locator("#from-head-office")).to_contain_text("总部决定")
        await shot(view, name)
        assert await violations(view, axe_source()) == []
        await view.close()
    view = await counter(browser, chain.cafes[1])
    await expect(view.locator("#from-head-office")).to_contain_text("换一个手机号")
    await view.locator("#from-head-office summary").click()
    await shot(view, "more")
    await view.get_by_role("button", name="English").click()
    await expect(view.locator("#from-head-office")).to_contain_text("another phone number")
    await shot(view, "english")
    await view.close()


async def test_the_keyboard_alone_settles_an_edit_for_b(
    page: Page, chain: TwoCafes, shot: Shot
) -> None:
    await page.keyboard.press("j")
    while await page.evaluate("document.activeElement.dataset.kind") != "member":
        await page.keyboard.press("j")
    await page.keyboard.press("2")
    note = case(page, "member").locator("input[name=note]")
    await expect(note).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(case(page, "member")).to_be_visible()
    await page.keyboard.type("乙店后来又问过")
    await shot(page, "chosen")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-settled=keep_b]")).to_be_visible()
    await expect(case(page, "member")).to_have_count(0)


async def test_one_of_each_sort_is_settled_and_told_to_both_cafes(
    browser: Browser, page: Page, chain: TwoCafes, shot: Shot
) -> None:
    await settle(page, "identity_claim", "merge", "同一张身份证")
    await settle(page, "phone_claim", "keep_b", "号码是乙店会员的")
    await settle(page, "card_claim", "keep_a", "卡在甲店会员手里")
    await settle(page, "asset_claim", "keep_a", "甲店先到货")
    await settle(page, "transaction", "dismiss", "乙店换了盒子")
    await expect(page.locator("article.case")).to_have_count(0)
    await page.locator("#settled summary").first.click()
    await shot(page, "settled")
    await page.goto(f"{chain.url}/")
    await expect(page.locator(".answers")).to_contain_text("没有")
    await chain.agree()
    second = await counter(browser, chain.cafes[1])
    await expect(second.locator("#from-head-office")).to_contain_text("甲店先到货")
    await shot(second, "told")
    await second.get_by_role("button", name="撤销 KB-0009 的入库").click()
    await expect(second.locator("[data-done=asset_receipt_cancel]")).to_be_visible()
    await shot(second, "undone")
    await second.close()


async def test_a_button_that_is_pressed_twice_asks_once(page: Page, chain: TwoCafes) -> None:
    await page.goto(f"{chain.url}/cafes")
    await page.wait_for_load_state("load")
    kept_back = await page.evaluate(
        "[1, 2].map(() => {"
        " const sent = new SubmitEvent('submit', { bubbles: true, cancelable: true });"
        " document.querySelector('form[action=\"/cafes\"]').dispatchEvent(sent);"
        " return sent.defaultPrevented; })"
    )
    assert kept_back == [False, True]


async def test_an_empty_inbox_teaches(page: Page, shot: Shot) -> None:
    await expect(page.locator(".empty")).to_contain_text("写个原因")
    await shot(page, "empty")
