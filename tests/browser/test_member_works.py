"""The works of members and cards in a real browser: readable, nothing cut off, done by keyboard."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.accessibility import axe_source, violations
from tests.browser.conftest import CounterPage, Shot
from tests.edge.desk.counter import CARD, MANAGER, OTHER_CARD

pytestmark = pytest.mark.asyncio(loop_scope="session")

WORKS = (
    "register",
    "member-file",
    "change-member",
    "members?list=all",
    "exit",
    "scheme",
    "issue-card",
    "cards",
    "lost-cards",
    "lapsed-cards",
    "blank-cards",
    "find?text=王",
)
TOO_WIDE = """() => [...document.querySelectorAll('#work *')].filter(element => {
  const style = getComputedStyle(element);
  if (style.overflowX !== 'visible' || element.closest('.scroll') || element.closest('.unseen')) {
    return false;
  }
  return element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0
    && style.display !== 'inline';
}).map(element => element.outerHTML.slice(0, 120))"""

TOO_SMALL = """
() => [...document.querySelectorAll("#work button, #work .button, #work input, #work select")]
  .filter(e => !["hidden", "radio", "checkbox"].includes(e.type))
  .filter(e => e.offsetParent && e.getBoundingClientRect().height < 44)
  .map(e => e.outerHTML.slice(0, 120))
"""


async def _furnished(counter_page: CounterPage) -> int:
    counter = counter_page.counter
    await counter_page.log_in(MANAGER)
    typed = {"phone": "13800138000", "identity": "11010519491231002X", "consent": True}
    annual = {"card_type": "annual", "tender": "cash"}
    done = await counter.do(
        "register_member", name="王小明", card_uid=CARD.hex(), **typed, **annual
    )
    member = int(str(done.values["member"]))
    await counter.do("issue_card", member=member, card_uid=OTHER_CARD.hex(), label="K-7788")
    await counter.do("top_up", member=member, amount_fen=10_000, tender="cash")
    await counter.do("add_line", sku="COLA", quantity=2)
    await counter.do("set_ticket_member", member=member)
    await counter.do("pay", tender="wallet", expected_total_fen=900)
    await counter.do("add_member_note", member=member, about="feedback", text="空调太冷")
    await counter.do("generate_cards", count=3)
    lost = await counter.do("register_member", name="赵四", card_uid="04A1B2C9", consent=True)
    await counter.do("report_card_lost", card=lost.values["card"])
    await counter.tap()
    return member


async def _show(page: Page, address: str, work: str) -> None:
    await page.goto(f"{address.rstrip('/')}/show/{work}")
    await page.wait_for_load_state("load")


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1024, 600)])
async def test_the_works_can_be_read_in_both_languages(
    counter_page: CounterPage, shot: Shot, width: int, height: int
) -> None:
    await _furnished(counter_page)
    page, source = counter_page.page, axe_source()
    await page.set_viewport_size({"width": width, "height": height})
    for language in ("zh", "en"):
        cookie = {"name": "language", "value": language, "url": counter_page.address}
        await page.context.add_cookies([cookie])
        for work in WORKS:
            await _show(page, counter_page.address, work)
            name = work.partition("?")[0]
            await shot(page, f"{name}-{language}")
            assert await page.evaluate(TOO_WIDE) == [], (work, language)
            assert await page.evaluate(TOO_SMALL) == [], (work, language)
            assert await violations(page, source) == [], (work, language)


async def test_a_card_is_reported_lost_and_found_by_keyboard(counter_page: CounterPage) -> None:
    await _furnished(counter_page)
    page = counter_page.page
    await _show(page, counter_page.address, "cards")
    button = page.get_by_role("button", name="挂失").first
    await button.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-done=report_card_lost]")).to_be_visible()
    await expect(page.locator("#work .chip.bad").first).to_have_text("卡已挂失")
    await page.get_by_role("button", name="解挂").first.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-done=cancel_card_lost]")).to_be_visible()


async def test_locked_data_asks_for_a_second_person_and_keeps_what_was_typed(
    counter_page: CounterPage, shot: Shot
) -> None:
    member = await _furnished(counter_page)
    await counter_page.counter.do("approve_member", member=member)
    page = counter_page.page
    await page.context.clear_cookies()
    await counter_page.log_in()
    await counter_page.counter.tap()
    await _show(page, counter_page.address, f"change-member?member={member}")
    await page.fill("#name", "王大明")
    await page.fill("#reason", "身份证更正")
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice.bad")).to_contain_text("approval_needed")
    await expect(page.locator("#name")).to_have_value("王大明")
    await shot(page, "approval")
    await page.fill('input[name="approver_pin"]', "2580")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-done=change_member]")).to_be_visible()
    await expect(page.locator("[data-file]")).to_contain_text("身份证更正")
