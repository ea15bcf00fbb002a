"""A shift by keyboard and by touch: opened, counted, handed over, closed; and the audit log."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.accessibility import axe_source, violations
from tests.browser.conftest import CounterPage, Shot
from tests.browser.hands import held
from tests.edge.desk.counter import CASHIER, MANAGER, PIN

pytestmark = pytest.mark.asyncio(loop_scope="session")
CUT_OFF = """
[...document.querySelectorAll("#work *")].filter((one) => one.scrollWidth > one.clientWidth + 1
  && one.clientWidth > 0 && getComputedStyle(one).overflowX === "visible"
  && getComputedStyle(one).display !== "inline").map((one) => one.outerHTML.slice(0, 120))
"""
"""What is wider than its place."""
SCREENS = ((1366, 768), (1024, 600))


async def sign_in(counter_page: CounterPage, staff: int) -> Page:
    """Log in as the page has it, without a shift."""
    page = counter_page.page
    await page.goto(counter_page.address)
    await page.check(f'input[name="staff"][value="{staff}"]')
    await page.fill("#pin", PIN)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#left")
    await page.wait_for_load_state("load")
    return page


async def looked_at(page: Page, shot: Shot, name: str) -> None:
    """Keep pictures at both sizes; nothing is wider than the page, contrast is enough."""
    for width, height in SCREENS:
        await page.set_viewport_size({"width": width, "height": height})
        await shot(page, f"{name}-{width}")
        wider = await page.evaluate(CUT_OFF)
        assert wider == [], wider
    assert await violations(page, axe_source()) == []


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_shift_from_float_to_handover(
    counter_page: CounterPage, shot: Shot, language: str
) -> None:
    page = await sign_in(counter_page, CASHIER)
    await page.context.add_cookies(
        [{"name": "language", "value": language, "url": counter_page.address}]
    )
    await page.goto(f"{counter_page.address}show/open-shift")
    await looked_at(page, shot, "open")
    await page.fill("#float", "200")
    await page.keyboard.press("Enter")
    await expect(page.locator('[data-done="open_shift"]')).to_be_visible()
    await page.keyboard.press("Shift+F9")
    await expect(page.locator("[data-shift-number]")).to_be_visible()
    await looked_at(page, shot, "shift")
    await page.goto(f"{counter_page.address}show/petty-cash")
    await page.fill("#amount", "12.50")
    await page.fill("#reason", "纸")
    await page.fill("#receipt_number", "77")
    await page.fill('input[name="approver_pin"]', "1")
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice.bad")).to_contain_text("pin_wrong")
    await looked_at(page, shot, "petty-cash")
    assert await page.input_value("#reason") == "纸"
    await page.fill('input[name="approver_pin"]', PIN)
    await page.keyboard.press("Enter")
    await expect(page.locator('[data-done="petty_cash"]')).to_be_visible()
    await page.goto(f"{counter_page.address}show/count-cash")
    await page.fill('input[name="quantity:10000"]', "1")
    await page.fill('input[name="quantity:5000"]', "1")
    await expect(page.locator("[data-pieces-sum]")).to_have_text("¥150.00")
    await looked_at(page, shot, "count")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-difference-fen]")).to_have_attribute(
        "data-difference-fen", "-3750"
    )
    await looked_at(page, shot, "end")
    await page.select_option('select[name="to"]', str(MANAGER))
    await page.fill('input[name="blank_cards"]', "12")
    await page.fill('input[name="giver_pin"]', PIN)
    await page.fill('input[name="receiver_pin"]', PIN)
    await page.locator('form[action="/desk/hand_over"] input[name="note"]').fill("?")
    answer = await held(page, "**/desk/hand_over")  # it brings the session of the other one
    await page.keyboard.press("Enter")
    await expect(page.locator(".line-is-down")).to_be_visible()  # the one before is over
    answer.may_come.set()
    await page.wait_for_selector('[data-shift="2"]')
    await expect(page.locator("#left .own")).to_contain_text("赵")
    await page.goto(f"{counter_page.address}show/shifts")
    await page.click('tbody a:has-text("0001")')
    await expect(page.locator("[data-difference-fen]")).to_be_visible()
    await looked_at(page, shot, "past")
    await page.goto(f"{counter_page.address}show/audit")
    await expect(page.locator("[data-audit]").first).to_be_visible()
    await looked_at(page, shot, "audit")


async def test_a_shift_is_closed_by_touch(counter_page: CounterPage, shot: Shot) -> None:
    page = await sign_in(counter_page, CASHIER)
    await page.click('form[action="/desk/open_shift"] button[type="submit"]')
    await page.click('#right a[href="/show/shift"]')
    await page.click('#work a[href="/show/end-shift"]')
    await page.click('#work a[href="/show/count-cash"]')
    await page.click('form[action="/desk/count_cash"] button[type="submit"]')
    await page.click('form[action="/desk/close_shift"] button[type="submit"]')
    await expect(page.locator('[data-done="close_shift"]')).to_be_visible()
    await shot(page, "closed")
    small = await page.evaluate(
        "[...document.querySelectorAll('#work button, #right a')].filter(e => e.offsetHeight > 0"
        " && e.offsetHeight < 44).map(e => e.textContent.trim())"
    )
    assert small == []
