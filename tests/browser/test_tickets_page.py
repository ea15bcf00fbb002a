"""Selling in a browser: the keys that cashiers know, the commonest sale by few of them."""

import pytest
from playwright.async_api import Page, expect

from edge.effects.slips import WORDS
from edge.receipt import Align, Text
from sync_protocol.kinds import PRODUCT, RULE
from tests.browser.accessibility import axe_source, violations
from tests.browser.conftest import CounterPage, Shot
from tests.browser.hands import Keyboard, held, scan
from tests.edge.desk.counter import CARD, MANAGER, PIN, Counter
from tests.stack import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

WORKS = (
    "ticket",
    "pay",
    "void",
    "takings",
    "commissions",
    "catalogue",
    "services",
    "check-receipt",
    "paper-slips",
    "receipts",
)
SIZES = ((1366, 768), (1024, 600))
KEYSTROKES_MAX = 6
BARCODE = "6901234567892"


class CountedKeys:
    """A keyboard that counts what a cashier presses; a scanner's typing is nobody's."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.pressed: list[str] = []

    async def press(self, key: str) -> None:
        self.pressed.append(key)
        await self._page.keyboard.press(key)

    async def scan(self, code: str) -> None:
        await scan(self._page, code)


def _receipts(counter: Counter) -> int:
    """How many receipts of sales came out."""
    title = Text(WORDS["sale"][0], Align.CENTRE, bold=True)
    return sum(title in receipt.lines for receipt, _copy in counter.printer.printed)


async def _member_with_money(counter_page: CounterPage) -> int:
    counter = counter_page.counter
    member = await counter.member()
    await counter.do("top_up", member=member, amount_fen=10_000, tender="cash")
    return member


@pytest.mark.covers("A434")
async def test_the_keys_that_cashiers_know(counter_page: CounterPage) -> None:
    await counter_page.log_in()
    counter, page = counter_page.counter, counter_page.page
    await counter.hub.document(PRODUCT, "COLA", {"barcode": BARCODE})
    counter.desk.log_applied()
    member = await _member_with_money(counter_page)
    await counter.do("clear_screen")
    await page.goto(counter_page.address)
    await page.keyboard.press("F8")  # the card, by its number
    await expect(page.locator("#identify")).to_be_focused()
    view = await counter.desk.views.member(member)
    assert view is not None
    await page.keyboard.type(view.number)
    await page.keyboard.press("Enter")
    await expect(page.locator("article.member")).to_contain_text("王小明")
    await page.keyboard.press("F9")  # add by code
    await expect(page.locator("#scan")).to_be_focused()
    await page.keyboard.type(f"2*{BARCODE}")
    await page.keyboard.press("Enter")
    await expect(page.locator('#ticket tr[data-sku="COLA"]')).to_contain_text("2 ×")
    await page.keyboard.press("F4")  # items
    await expect(page.locator("#product-filter")).to_be_focused()
    await page.keyboard.type("泡面")
    await page.keyboard.press("Enter")
    await expect(page.locator("#ticket tbody tr")).to_have_count(2)
    await expect(page.locator("#ticket [data-due-fen]")).to_have_attribute("data-due-fen", "1400")
    await page.keyboard.press("F6")  # no card
    await expect(page.locator("article.member")).to_have_count(0)
    await expect(page.locator("#ticket [data-due-fen]")).to_have_attribute("data-due-fen", "1500")
    await page.keyboard.press("F2")  # pay
    await expect(page.locator("#received")).to_be_focused()
    await page.keyboard.press("Escape")
    await page.locator("#ticket").wait_for()
    await page.keyboard.press("+")  # pay, as on a till
    await expect(page.locator("#received")).to_be_focused()
    await page.keyboard.type("20")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-change-fen]")).to_have_attribute("data-change-fen", "500")


async def test_the_commonest_sale_takes_six_keystrokes_or_fewer(
    counter_page: CounterPage, shot: Shot
) -> None:
    """A tap, two items, paid from stored value, the receipt: by keys alone, and with a scanner."""
    await counter_page.log_in()
    counter, page = counter_page.counter, counter_page.page
    await counter.hub.document(PRODUCT, "COLA", {"barcode": BARCODE})
    counter.desk.log_applied()
    await _member_with_money(counter_page)
    lines = page.locator("#ticket tbody tr")
    for sales, scans in enumerate((False, True), start=1):
        await counter.do("clear_screen")
        await page.goto(counter_page.address)
        counter.clock.forward(60)
        await counter.tap(CARD)
        await expect(page.locator("article.member")).to_contain_text("王小明")
        keys = CountedKeys(page)
        for count, (digit, code) in enumerate((("1", BARCODE), ("3", "NOODLE")), start=1):
            await (keys.scan(code) if scans else keys.press(digit))
            await expect(lines).to_have_count(count)
        await shot(page, f"two-items-{scans}")
        await keys.press("F2")
        await expect(page.locator('input[name="tender"][value="wallet"]')).to_be_checked()
        await keys.press("Enter")
        await expect(page.locator("[data-done=pay]")).to_be_visible()
        await shot(page, f"paid-{scans}")
        await eventually(lambda: _receipts(counter) == sales, "the receipt", 60)  # noqa: B023  # awaited here
        assert len(keys.pressed) <= KEYSTROKES_MAX, keys.pressed


BUSY_AMID_A_SCAN = """
document.addEventListener("keydown", (event) => {
  const over = performance.now() + 200;
  while (event.key === "5" && performance.now() < over);
});
"""


async def test_a_scan_never_lands_in_what_is_not_meant_for_it(counter_page: CounterPage) -> None:
    await counter_page.log_in()
    counter, page = counter_page.counter, counter_page.page
    await counter.hub.document(PRODUCT, "COLA", {"barcode": BARCODE})
    counter.desk.log_applied()
    await page.goto(counter_page.address)
    await page.evaluate(BUSY_AMID_A_SCAN)
    await scan(page, BARCODE)
    await expect(page.locator("#ticket tbody tr")).to_have_count(1)
    await expect(page.locator("#ticket [data-due-fen]")).to_have_attribute("data-due-fen", "500")


async def test_a_void_asks_for_the_second_person_there_and_then(
    counter_page: CounterPage, shot: Shot
) -> None:
    await counter_page.log_in()
    counter, page = counter_page.counter, counter_page.page
    await counter.do("add_line", sku="COLA", quantity=2)
    await counter.do("pay", tender="cash", expected_total_fen=1_000)
    await page.goto(f"{counter_page.address}show/void")
    await page.locator("summary").first.click()
    await page.fill('form[action="/desk/void_sale"] input[name="reason"]', "点错了")
    await page.select_option('select[name="approver"]', str(MANAGER))
    await page.fill('input[name="approver_pin"]', "0000")
    await page.keyboard.press("Enter")
    await expect(page.locator("#work > .notice.bad")).to_be_visible()
    assert await page.input_value('input[name="reason"]') == "点错了"
    await page.fill('input[name="approver_pin"]', PIN)
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-done=void_sale]")).to_contain_text("10.00")
    await expect(page.locator("#work .chip.bad")).to_contain_text("已作废")
    await shot(page, "voided")


async def _busy_evening(counter_page: CounterPage) -> None:
    counter = counter_page.counter
    rule = {"version": 1, "values": [[False, True, True, False, False, True, 18, True]]}
    row = [*rule["values"][0], 1_000, 24, 5_000, "ticket"]
    await counter.hub.document(RULE, "counter", {"version": 1, "values": [row]})
    more = {"name_en": "Deluxe shiatsu chair, thirty minutes", "on_sale": True}
    chair = {**more, "name": "豪华按摩椅三十分钟", "price_fen": 3_000, "service": True}
    await counter.hub.document(
        PRODUCT, "CHAIR", {**chair, "commission_percent": 10, "audience": "gold"}
    )
    for sku, category in (("COLA", "饮料"), ("NOODLE", "食品"), ("HOUR", "上网")):
        await counter.hub.document(PRODUCT, sku, {"category": category, "unit": "瓶"})
    counter.desk.log_applied()
    await counter_page.log_in_manager()
    await counter.do("print_paper_slips", count=3)
    member = await _member_with_money(counter_page)
    for label, sku in (("A01", "COLA"), ("V12 生日包厢", "NOODLE")):
        await counter.do("add_line", sku=sku, quantity=3)
        await counter.do("keep_ticket", label=label)
    await counter.do("add_line", sku="COLA", quantity=2)
    await counter.do("pay", tender="cash", expected_total_fen=1_000, received_fen=2_000)
    await counter.do("show_member", member=member)
    await counter.do("add_line", sku="COLA", quantity=2)
    await counter.do("add_line", sku="NOODLE")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_works_about_tickets_can_be_read_by_everyone(
    counter_page: CounterPage, shot: Shot, language: str
) -> None:
    await _busy_evening(counter_page)
    source, page = axe_source(), counter_page.page
    await page.context.add_cookies(
        [{"name": "language", "value": language, "url": counter_page.address}]
    )
    for work in WORKS:
        await page.goto(f"{counter_page.address}show/{work}")
        for summary in await page.locator("#work details > summary").all():
            if not await summary.evaluate("one => one.parentElement.open"):
                await summary.click()
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            await shot(page, f"{work}-{width}")
            wide = "one => one.scrollWidth > one.clientWidth + 1"
            cut = await page.eval_on_selector_all(
                "#work button, #work label:not(.unseen), #work summary, #work dt, #work h2",
                f"all => all.filter({wide}).map(one => one.outerHTML.slice(0, 120))",
            )
            assert cut == [], (work, width)
            assert not await page.eval_on_selector("body", wide), (work, width)
        if language == "zh":  # contrast, names and roles are the same in both
            assert await violations(page, source) == [], work


async def test_what_is_asked_for_while_a_command_runs_comes_after_its_answer(
    counter_page: CounterPage,
) -> None:
    """Also where the button that sent the command is replaced before the answer is there."""
    await counter_page.log_in()
    page = counter_page.page
    await page.keyboard.press("1")
    await expect(page.locator("#ticket tbody tr")).to_have_count(1)
    answer = await held(page, "**/desk/sell_to_walk_in")
    await page.keyboard.press("F6")
    await answer.given()
    await counter_page.counter.do("add_line", sku="NOODLE")  # another terminal: all is drawn anew
    await expect(page.locator("#ticket tbody tr")).to_have_count(2)
    await page.keyboard.press("F2")
    answer.may_come.set()
    await expect(page.locator("#received")).to_be_focused()


async def test_a_keyboard_keeps_its_place_where_a_region_is_drawn_anew(
    counter_page: CounterPage,
) -> None:
    await counter_page.log_in()
    page = counter_page.page
    await page.keyboard.press("1")
    more = page.locator('#ticket tr[data-sku="COLA"] button[aria-label="加一件"]')
    await Keyboard(page).reach(more)
    for quantity in (2, 3):
        await page.keyboard.press("Enter")
        await expect(page.locator('#ticket tr[data-sku="COLA"]')).to_contain_text(f"{quantity} ×")
        await expect(more).to_be_focused()
    await counter_page.counter.do("add_line", sku="NOODLE")
    await expect(page.locator("#ticket tbody tr")).to_have_count(2)
    await expect(more).to_be_focused()
