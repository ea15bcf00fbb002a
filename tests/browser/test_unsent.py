"""What was typed and not sent: it outlives a page, and what was done before is not done again."""

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import CounterPage, Shot
from tests.browser.hands import settled
from tests.edge.desk.counter import CASHIER, OTHER_CARD, PIN

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def log_in_again(counter_page: CounterPage) -> None:
    """Somebody logs in at another browser, and whoever sat at this one logs in anew."""
    page = counter_page.page
    await counter_page.counter.do("log_in", staff=CASHIER, pin=PIN)
    await expect(page.locator("#pin")).to_be_visible()
    await page.check(f'input[name="staff"][value="{CASHIER}"]')
    await page.fill("#pin", PIN)
    await page.keyboard.press("Enter")
    await expect(page.locator("#work")).to_be_visible()


async def expect_typed(page: Page) -> None:
    form = page.locator('#work form[action="/desk/top_up"]')
    await expect(form.locator("#amount")).to_have_value("50")
    await expect(form.locator('[name="tender"][value="wechat"]')).to_be_checked()
    await expect(form.locator("#note")).to_have_value("生日")
    await expect(form.locator("#note")).to_be_focused()
    await settled(page)


async def test_what_was_typed_is_there_again_and_is_never_done_twice(
    counter_page: CounterPage, shot: Shot
) -> None:
    await counter_page.log_in()
    counter, page = counter_page.counter, counter_page.page
    member = await counter.member()
    await counter.member(OTHER_CARD, "Zhang Wei")
    await counter.tap()
    await expect(page.locator("#who article.member")).to_be_visible()
    await page.keyboard.press("F3")
    await page.fill("#amount", "50")
    await page.check('[name="tender"][value="wechat"]')
    await page.fill("#tender_reference", "WX-1")
    await page.fill("#note", "生日")

    await page.evaluate("document.querySelector('button[lang=\"en\"]').click()")
    await expect(page.locator("#right")).to_contain_text("Top up")
    await expect_typed(page)

    # A box that started anew, or another window, has nobody on the screen: nobody else came.
    await counter.do("clear_screen")
    await expect(page.locator("#who article.member")).to_have_count(0)
    await expect_typed(page)
    await counter.do("show_member", member=member)
    await expect(page.locator("#who article.member")).to_be_visible()

    await log_in_again(counter_page)
    await expect_typed(page)
    await expect(page.locator("#work > .notice")).to_contain_text("here again")
    await shot(page, "here-again")

    # It was done, but nobody heard so before the session ended.
    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await page.route("**/desk/top_up", lose, times=1)
    await page.keyboard.press("Enter")
    await expect(page.locator("#unknown-outcome")).to_be_visible()
    await log_in_again(counter_page)
    await expect_typed(page)
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-done=top_up]")).to_contain_text("not done again")
    await expect(page.locator("#who [data-balance-fen]")).to_have_attribute(
        "data-balance-fen", "5000"
    )

    # A refusal says why where one looks, and keeps what it did not refuse.
    await page.keyboard.press("F3")
    await page.fill("#amount", "-1")
    await page.check('[name="tender"][value="wechat"]')
    await page.fill("#note", "again")
    await page.keyboard.press("Enter")
    await expect(page.locator("#work > .notice.bad")).to_be_in_viewport()
    await expect(page.locator("#note")).to_have_value("again")


async def test_what_the_next_card_closes_is_told(counter_page: CounterPage, shot: Shot) -> None:
    """The next one's card closes a form: what was typed for the one before is told."""
    counter, page = counter_page.counter, counter_page.page
    await page.context.add_cookies(
        [{"name": "language", "value": "en", "url": counter_page.address}]
    )
    await counter_page.log_in()
    await counter.member()
    await counter.member(OTHER_CARD, "Zhang Wei")
    await counter.tap()
    await expect(page.locator("#who article.member")).to_be_visible()
    await page.keyboard.press("F3")
    await page.fill("#amount", "30")
    counter.clock.forward(60)
    await counter.tap(OTHER_CARD)
    await expect(page.locator("#who")).to_contain_text("Zhang Wei")
    await expect(page.locator("#work .notice")).to_contain_text("Amount in yuan: 30")
    await shot(page, "closed")
    await page.keyboard.press("F3")
    await expect(page.locator("#amount")).to_have_value("")


async def test_a_refused_form_keeps_all_that_was_typed(counter_page: CounterPage) -> None:
    """Also in a field that the answer draws empty, and within what had to be opened."""
    await counter_page.log_in_manager()
    counter, page = counter_page.counter, counter_page.page
    await counter.do("add_line", sku="COLA")
    await counter.do("pay", tender="cash", expected_total_fen=500)
    await page.keyboard.press("F7")
    await expect(page.locator("#work summary").first).to_be_focused()
    await page.keyboard.press("Enter")
    await page.locator('[name="amount_yuan"]').fill("99")
    await page.locator('[name="reason"]').fill("杯子漏了")
    await page.keyboard.press("Enter")
    await expect(page.locator("#work > .notice.bad")).to_be_visible()
    await expect(page.locator('[name="reason"]')).to_have_value("杯子漏了")
    await expect(page.locator('[name="reason"]')).to_be_focused()
    await page.locator('[name="amount_yuan"]').fill("2")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-done=refund]")).to_contain_text("2.00")
