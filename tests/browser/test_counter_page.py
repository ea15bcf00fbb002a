"""The counter page in a real browser, on a real desk and store."""

import asyncio
from typing import Literal

import pytest
from playwright.async_api import Page, expect

from edge.events import BarcodeScanned
from tests.browser.accessibility import axe_source, violations
from tests.browser.conftest import CounterPage, Shot
from tests.browser.hands import scan, settled
from tests.edge.desk.counter import CARD, EAST_BOX, MANAGER, OTHER_CARD, PIN

pytestmark = pytest.mark.asyncio(loop_scope="session")

SIZES = [(1366, 768), (1024, 600), (390, 844)]


async def sell(page: Page, *words: str) -> None:
    """Put products on the ticket by keyboard."""
    for number, word in enumerate(words, start=1):
        await page.keyboard.press("F4")
        await expect(page.locator("#product-filter")).to_be_focused()
        await page.keyboard.type(word)
        await page.keyboard.press("Enter")
        await settled(page)
        await expect(page.locator("#ticket tbody tr")).to_have_count(number)


async def test_a_wrong_pin_is_refused_and_a_right_one_opens_the_counter(
    counter_page: CounterPage, shot: Shot
) -> None:
    page = counter_page.page
    await page.goto(counter_page.address)
    await page.check(f'input[name="staff"][value="{MANAGER}"]')
    await page.focus("#pin")
    await scan(page, "6901234567892")  # a scanner is no try
    await expect(page.locator("#pin")).to_have_value("")
    await expect(page.locator(".notice.bad")).to_have_count(0)
    await page.fill("#pin", "0000")
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice.bad")).to_contain_text("log_in_failed")
    await shot(page, "refused")
    await page.check(f'input[name="staff"][value="{MANAGER}"]')
    await page.fill("#pin", PIN)
    await page.keyboard.press("Enter")
    await expect(page.locator("#left")).to_be_visible()
    await expect(page.locator("#truth")).to_contain_text("赵")


async def test_a_tap_wins_the_screen(counter_page: CounterPage, shot: Shot) -> None:
    await counter_page.log_in()
    counter, page = counter_page.counter, counter_page.page
    member = await counter.member()
    other = await counter.member(OTHER_CARD, "Zhang Wei")
    await page.keyboard.press("F10")
    await expect(page.get_by_role("heading", name="入库", exact=True)).to_be_visible()
    await counter.tap()
    await expect(page.locator(f'[data-member="{member}"]')).to_contain_text("王小明")
    await shot(page, "member")
    for card, key in [(OTHER_CARD, other), (CARD, member)] * 2:
        counter.clock.forward(60)
        await counter.tap(card)
        await expect(page.locator(f'[data-member="{key}"]')).to_be_visible()


@pytest.mark.covers("A417")
async def test_a_scan_goes_onto_the_ticket_and_into_no_field(
    counter_page: CounterPage, shot: Shot
) -> None:
    """While the cashier types in a field; a code that nobody knows is said, and changes nothing."""
    await counter_page.log_in()
    page, scans = counter_page.page, counter_page.counter.desk.scans
    await page.keyboard.press("F9")
    await page.keyboard.type("half a wo")
    scans.scanned(BarcodeScanned("scanner", "COLA", 0))
    await expect(page.locator("#ticket tbody tr")).to_have_count(1)
    await expect(page.locator("#scan")).to_have_value("half a wo")
    scans.scanned(BarcodeScanned("scanner", "6900000000000", 0))
    await expect(page.locator("#scanned")).to_contain_text("6900000000000")
    await shot(page, "unknown")
    scans.scanned(BarcodeScanned("scanner", "NOODLE", 0))
    await expect(page.locator("#ticket tbody tr")).to_have_count(2)
    await expect(page.locator("#scanned")).to_be_hidden()
    await expect(page.locator("#scan")).to_have_value("half a wo")


@pytest.mark.covers("A152")
async def test_members_are_found_by_name_or_phone(counter_page: CounterPage) -> None:
    await counter_page.log_in()
    counter, page = counter_page.counter, counter_page.page
    await counter.do("register_member", name="李雷", phone="13800138000", consent=True)
    await counter.do("register_member", name="韩梅梅", phone="13900139000", consent=True)
    for text in ("李", "13800138000"):
        await page.keyboard.press("Escape")
        await page.keyboard.press("/")
        await expect(page.locator("#find")).to_be_focused()
        await page.keyboard.type(text)
        await page.keyboard.press("Enter")
        await expect(page.locator(".found a")).to_have_count(1)
        await page.click(".found a")
        await expect(page.locator("article.member")).to_contain_text("李雷")


@pytest.mark.covers("A040", "A284")
async def test_register_a_member_with_a_tapped_card_that_works_at_once(
    counter_page: CounterPage, shot: Shot
) -> None:
    await counter_page.log_in()
    counter, page = counter_page.counter, counter_page.page
    await page.keyboard.press("Shift+F8")
    await expect(page.locator("#name")).to_be_focused()
    await page.keyboard.type("王小明")
    await counter.tap()
    await expect(page.locator("#tapped-card")).to_contain_text(CARD.hex(), ignore_case=True)
    assert await page.input_value("#name") == "王小明"
    await page.fill("#phone", "13800138000")
    await page.check('input[name="consent"]')
    await shot(page, "form")
    await page.focus("#phone")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-done=register_member]")).to_be_visible()
    counter.clock.forward(10)
    await counter.tap()
    await expect(page.locator("article.member")).to_contain_text("王小明")
    assert counter.relay.pulses == 1


async def test_a_refused_registration_keeps_what_was_typed(counter_page: CounterPage) -> None:
    await counter_page.log_in()
    page = counter_page.page
    await page.keyboard.press("Shift+F8")
    await page.fill("#name", "王小明")
    await page.fill("#phone", "123")
    await page.check('input[name="consent"]')
    await page.focus("#phone")
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice.bad")).to_contain_text("phone_invalid")
    assert await page.input_value("#name") == "王小明"
    await page.fill("#phone", "13800138000")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-done=register_member]")).to_be_visible()


@pytest.mark.covers("A128", "A153")
async def test_top_up_by_keyboard(counter_page: CounterPage, shot: Shot) -> None:
    await counter_page.log_in()
    counter, page = counter_page.counter, counter_page.page
    await counter.member()
    await counter.tap()
    await page.wait_for_selector("article.member")
    await page.keyboard.press("F3")
    await expect(page.locator("#amount")).to_be_focused()
    await page.keyboard.type("0")
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice.bad")).to_contain_text("amount_zero")
    await page.fill("#amount", "50.50")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-done=top_up]")).to_contain_text("50.50")
    await expect(page.locator('[data-balance-fen="5050"]')).to_be_visible()
    await shot(page, "done")
    await counter.printer.wait_for(2)


@pytest.mark.covers("A102", "A133")
async def test_a_sale_for_cash_by_keyboard_alone(counter_page: CounterPage, shot: Shot) -> None:
    await counter_page.log_in()
    page = counter_page.page
    await sell(page, "可乐", "泡面")
    await expect(page.locator("#ticket [data-due-fen]")).to_have_attribute("data-due-fen", "1000")
    await page.keyboard.press("F2")
    await expect(page.locator("#received")).to_be_focused()
    await page.keyboard.type("20")
    await expect(page.locator("[data-change]")).to_have_text("¥10.00")
    await shot(page, "change")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-done=pay]")).to_contain_text("10.00")
    await expect(page.locator("#ticket tbody tr")).to_have_count(0)
    await counter_page.counter.printer.wait_for(1)


@pytest.mark.covers("A145")
async def test_a_member_pays_the_member_price_from_the_balance(
    counter_page: CounterPage, shot: Shot
) -> None:
    await counter_page.log_in()
    counter, page = counter_page.counter, counter_page.page
    member = await counter.member()
    await counter.do("top_up", member=member, amount_fen=2000, tender="cash")
    await sell(page, "可乐")
    await counter.tap()
    await page.wait_for_selector("article.member")
    await page.keyboard.press("Shift+F2")
    await expect(page.locator("#ticket [data-due-fen]")).to_have_attribute("data-due-fen", "450")
    await page.keyboard.press("F2")
    await expect(page.locator('input[value="wallet"]')).to_be_checked()
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-done=pay]")).to_be_visible()
    await expect(page.locator('[data-balance-fen="1550"]')).to_be_visible()
    await shot(page, "paid")


async def test_digits_where_a_tender_is_chosen_are_cash(counter_page: CounterPage) -> None:
    """A member whose balance would do pays with a note: nobody types beside the chosen tender."""
    await counter_page.log_in()
    counter, page = counter_page.counter, counter_page.page
    member = await counter.member()
    await counter.do("top_up", member=member, amount_fen=2000, tender="cash")
    await sell(page, "可乐")
    await counter.tap()
    await page.wait_for_selector("article.member")
    await page.keyboard.press("Shift+F2")
    await expect(page.locator("#ticket [data-due-fen]")).to_have_attribute("data-due-fen", "450")
    await page.keyboard.press("F2")
    await expect(page.locator('input[value="wallet"]')).to_be_focused()
    await expect(page.locator("#received")).to_be_hidden()
    await page.keyboard.press("2")
    await expect(page.locator("#received")).to_be_focused()
    await page.keyboard.type("0")
    await expect(page.locator("[data-change]")).to_have_text("¥15.50")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-change-fen]")).to_have_attribute("data-change-fen", "1550")
    await expect(page.locator('[data-balance-fen="2000"]')).to_be_visible()


@pytest.mark.covers("A139")
async def test_what_may_be_spent_here_and_why_not_more(
    counter_page: CounterPage, shot: Shot
) -> None:
    await counter_page.log_in()
    counter, page = counter_page.counter, counter_page.page
    member = await counter.member()
    await counter.do("top_up", member=member, amount_fen=2000, tender="cash")
    await counter.hub.confirm_all()
    await counter.hub.owe(member, 7500, EAST_BOX, 1)
    await counter.tap()
    notice = page.locator("[data-spendable-fen]")
    await expect(notice).to_have_attribute("data-spendable-fen", "2000")
    await expect(notice).to_contain_text("rest_")
    await page.keyboard.press("Shift+F4")
    await page.fill("#amount", "30")
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice.bad")).to_contain_text("spendable_elsewhere")
    await shot(page, "refused")


@pytest.mark.covers("A042", "A156")
async def test_refund_and_the_ledger_that_shows_it(counter_page: CounterPage, shot: Shot) -> None:
    await counter_page.log_in(MANAGER)
    counter, page = counter_page.counter, counter_page.page
    member = await counter.member()
    await counter.do("top_up", member=member, amount_fen=2000, tender="cash")
    await counter.tap()
    await counter.do("spend", member=member, amount_fen=700)
    await page.keyboard.press("F7")
    await page.click("summary")
    await page.fill('input[name="amount_yuan"]', "2")
    await page.fill('input[name="reason"]', "坏了")
    await shot(page, "form")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-done=refund]")).to_contain_text("2.00")
    await expect(page.locator('[data-balance-fen="1500"]')).to_be_visible()
    await page.keyboard.press("Shift+F3")
    ledger = page.locator("table.ledger")
    for words in ("充值", "消费", "退款", "+20.00", "-7.00", "+2.00"):
        await expect(ledger).to_contain_text(words)
    await shot(page, "ledger")


async def test_a_cashier_may_not_refund_and_reads_why(counter_page: CounterPage) -> None:
    await counter_page.log_in()
    counter, page = counter_page.counter, counter_page.page
    member = await counter.member()
    await counter.do("top_up", member=member, amount_fen=2000, tender="cash")
    await counter.do("spend", member=member, amount_fen=700)
    await expect(page.locator("#right")).not_to_contain_text("退款")
    await page.goto(f"{counter_page.address}show/refund")
    await expect(page.locator(".notice.bad")).to_contain_text("no_right")


@pytest.mark.covers("A450")
async def test_all_that_may_be_done_stands_on_one_page_by_topic(
    counter_page: CounterPage, shot: Shot
) -> None:
    await counter_page.log_in()
    counter, page = counter_page.counter, counter_page.page
    await page.keyboard.press("?")
    await expect(page.locator(".keys")).to_contain_text("Esc")
    more = page.locator(".topics")
    for words in ("销售", "储值", "开单", "入库出库", "登记会员", "充值 · 请先刷卡"):
        await expect(more).to_contain_text(words)
    await expect(more).not_to_contain_text("退款")
    await shot(page, "before-a-tap")
    await counter.member()
    await counter.tap()
    await page.wait_for_selector("article.member")
    await page.keyboard.press("F1")
    await more.locator("a[href='/show/top-up']").click()
    await expect(page.locator("#amount")).to_be_focused()
    await page.keyboard.press("Escape")
    await sell(page, "可乐")
    await page.keyboard.press("F1")
    await shot(page, "all")
    await more.get_by_role("button", name="放弃本单").click()
    await expect(page.locator("#ticket tbody tr")).to_have_count(0)


async def test_what_has_no_button_is_done_from_the_palette(counter_page: CounterPage) -> None:
    await counter_page.log_in()
    page = counter_page.page
    await sell(page, "可乐")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("放弃")
    await page.keyboard.press("Enter")
    await expect(page.locator("#ticket tbody tr")).to_have_count(0)


@pytest.mark.covers("A511", "A508")
async def test_goods_receipt_raises_the_stock_that_the_product_shows(
    counter_page: CounterPage,
) -> None:
    await counter_page.log_in()
    page = counter_page.page
    await page.keyboard.press("F10")
    await page.fill('form[action="/desk/goods_receipt"] input[name="quantity:COLA"]', "24")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-done=goods_receipt]")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator('[data-sku="COLA"]')).to_contain_text("余 24")


@pytest.mark.covers("A016", "A022")
async def test_an_asset_is_received_issued_and_returned(
    counter_page: CounterPage, shot: Shot
) -> None:
    await counter_page.log_in()
    page = counter_page.page
    await page.keyboard.press("Shift+F12")
    await page.fill('input[name="tag"]', "KB-0001")
    await page.fill('form[action="/desk/asset_receipt"] input[name="name"]', "机械键盘")
    await page.keyboard.press("Enter")
    row = page.locator('tr[data-tag="KB-0001"]')
    await expect(row).to_contain_text("在库")
    await row.get_by_role("button", name="我领用").click()
    await expect(row).to_contain_text("已领用")
    await shot(page, "issued")
    await row.get_by_role("button", name="归还").click()
    await expect(row).to_contain_text("在库")


async def test_the_palette_finds_every_command(counter_page: CounterPage, shot: Shot) -> None:
    await counter_page.log_in()
    page = counter_page.page
    await page.keyboard.press("Control+k")
    await expect(page.locator("#palette input")).to_be_focused()
    await shot(page, "open")
    await page.keyboard.type("登记")
    await page.keyboard.press("Enter")
    await expect(page.locator("#name")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("#product-filter")).to_be_visible()


async def test_a_lost_answer_is_called_unknown_and_settles_without_doubling(
    counter_page: CounterPage, shot: Shot
) -> None:
    await counter_page.log_in()
    counter, page = counter_page.counter, counter_page.page
    member = await counter.member()
    await counter.tap()
    await page.wait_for_selector("article.member")
    await page.keyboard.press("F3")
    await page.fill("#amount", "50")
    lost = asyncio.Event()

    async def lose(route) -> None:
        await route.fetch()  # it reaches the box, its answer reaches nobody
        lost.set()
        await route.abort()

    await page.route("**/desk/top_up", lose, times=1)
    await page.keyboard.press("Enter")
    await lost.wait()
    await expect(page.locator("#unknown-outcome")).to_be_visible()
    await shot(page, "unknown")
    await page.focus("#amount")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-done=top_up]")).to_contain_text("没有重复办理")
    view = await counter.desk.views.member(member)
    assert view is not None
    assert view.balance_fen == 5000


async def test_both_languages_from_the_same_page(counter_page: CounterPage, shot: Shot) -> None:
    await counter_page.log_in()
    counter, page = counter_page.counter, counter_page.page
    await counter.member()
    await counter.tap()
    await expect(page.locator("#right")).to_contain_text("充值")
    await page.click('button[lang="en"]')
    await expect(page.locator("#right")).to_contain_text("Top up")
    await expect(page.locator("#who")).to_contain_text("Balance")
    await page.emulate_media(color_scheme="dark")
    await shot(page, "english-dark")


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_nothing_is_cut_off(
    counter_page: CounterPage, shot: Shot, width: int, height: int
) -> None:
    page = counter_page.page
    await page.set_viewport_size({"width": width, "height": height})
    await counter_page.log_in()
    counter = counter_page.counter
    await counter.member(name="Wolfeschlegelsteinhausenbergerdorff-Jone")
    await counter.tap()
    await page.wait_for_selector("article.member")
    await page.keyboard.press("F4")
    await expect(page.locator("#product-filter")).to_be_focused()
    await page.keyboard.type("可乐")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#ticket tbody tr")
    await shot(page, f"{width}x{height}")
    for key in ("F1", "F2", "F3", "F4", "F7", "F8", "F9", "F10", "Shift+F8", "Shift+F11", "/"):
        await page.keyboard.press(key)
        await settled(page)
        assert await page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        ), key
        assert await page.evaluate(CUT_OFF) == [], key
    too_small = await page.evaluate(TOO_SMALL)
    assert too_small == []


CUT_OFF = """
() => [...document.querySelectorAll("button, .button, .amount, dd, h1")]
  .filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1)
  .map(e => e.outerHTML.slice(0, 120))
"""
TOO_SMALL = """
() => [...document.querySelectorAll("button, .button, input, select")]
  .filter(e => !["hidden", "radio", "checkbox"].includes(e.type))
  .filter(e => e.offsetParent && e.getBoundingClientRect().height < 44)
  .map(e => e.outerHTML.slice(0, 120))
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everyone_can_read_and_reach_everything(
    counter_page: CounterPage, scheme: Literal["light", "dark"]
) -> None:
    source, page = axe_source(), counter_page.page
    await page.emulate_media(color_scheme=scheme)
    await page.goto(counter_page.address)
    assert await violations(page, source) == []
    await counter_page.log_in()
    counter = counter_page.counter
    await counter.member()
    await counter.tap()
    await page.wait_for_selector("article.member")
    await sell(page, "可乐")
    assert await violations(page, source) == []
    for key in ("F1", "F2", "F3", "F7", "F8", "F9", "F10", "Shift+F8", "Shift+F12", "/"):
        await page.keyboard.press(key)
        await settled(page)
        assert await violations(page, source) == [], key
