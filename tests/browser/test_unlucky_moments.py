"""Pages at unlucky moments: answers that come late or never, taps and scans amid what is typed.

Answers are held and let go by the test, so that their order is the same on every machine.
"""

import time

import pytest
from playwright.async_api import Page, expect

from sync_protocol.kinds import PRODUCT, RULE
from tests.browser.conftest import CounterPage
from tests.browser.hands import Held, held, type_at
from tests.edge.desk.counter import CARD, OTHER_CARD

pytestmark = pytest.mark.asyncio(loop_scope="session")

STRANGE_CARD = bytes.fromhex("04FFFFFF")
BARCODE = "6901234567892"


async def let_go(page: Page, answer: Held) -> None:
    """Let a held answer come, and wait until the page has drawn it."""
    async with page.expect_event("requestfinished", lambda sent: sent.url == answer.url):
        answer.may_come.set()
    await page.evaluate("() => new Promise(requestAnimationFrame)")


async def test_what_is_about_a_member_is_gone_with_them_whatever_overtakes_what(
    counter_page: CounterPage,
) -> None:
    await counter_page.log_in()
    counter, page = counter_page.counter, counter_page.page
    await counter.member()
    other = await counter.member(OTHER_CARD, "Zhang Wei")
    form = page.locator('#work form[action="/desk/top_up"]')
    who = page.locator("#who article.member")

    async def tap(card: bytes) -> None:
        counter.clock.forward(60)
        await counter.tap(card)

    # The form was asked for before the tap, and comes after it.
    await tap(CARD)
    await expect(who).to_contain_text("王小明")
    answer = await held(page, "**/show/top-up")
    await page.keyboard.press("F3")
    await answer.given()
    await tap(OTHER_CARD)
    await expect(who).to_contain_text("Zhang Wei")
    await let_go(page, answer)
    await expect(form).to_have_count(0)
    await expect(page.locator("#ticket")).to_be_visible()

    # A form of several steps, and a card that nobody knows; the hand goes on typing.
    await page.keyboard.press("F3")
    await expect(page.locator("#amount")).to_be_focused()
    now_s = time.time()
    await tap(STRANGE_CARD)
    await expect(form).to_have_count(0)
    await type_at(page, ["1", "2", "3", "Enter"], now_s)
    await expect(page.locator("#ticket")).to_be_visible()
    await expect(page.locator("#ticket tbody tr")).to_have_count(0)

    # The tap came while the line was down.
    await tap(CARD)
    await expect(who).to_contain_text("王小明")
    await page.keyboard.press("F3")
    await page.keyboard.type("500")
    counter_page.cut_live_lines()
    await tap(OTHER_CARD)
    await expect(who).to_contain_text("Zhang Wei")
    await expect(form).to_have_count(0)

    # Who asks for the next form at once types into it. The same member's card closes nothing.
    answer = await held(page, "**/show/top-up")
    await page.keyboard.press("F3")
    await answer.given()
    await page.keyboard.type("50")
    await let_go(page, answer)
    await expect(page.locator("#amount")).to_have_value("50")
    await tap(OTHER_CARD)
    await expect(page.locator("#who [data-tap]")).to_have_attribute(
        "data-tap", str(counter.clock.now_ms)
    )
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-done=top_up]")).to_contain_text("50.00")
    view = await counter.desk.views.member(other)
    assert view is not None
    assert view.balance_fen == 5000


async def test_quick_keys_and_codes_wait_their_turn_and_old_answers_hide_nothing_new(
    counter_page: CounterPage,
) -> None:
    await counter_page.log_in()
    counter, page = counter_page.counter, counter_page.page
    await counter.hub.document(PRODUCT, "COLA", {"barcode": BARCODE})
    counter.desk.log_applied()
    await counter.member()
    lines, who = page.locator("#ticket tbody tr"), page.locator("#who article.member")
    answer = await held(page, "**/desk/add_line")
    await page.keyboard.press("1")
    await answer.given()
    await counter.tap()
    await expect(who).to_be_visible()
    await let_go(page, answer)  # it knows nothing of the tap
    await expect(who).to_contain_text("王小明")

    answer = await held(page, "**/desk/add_line")
    await page.keyboard.press("1")
    await answer.given()
    await page.keyboard.press("1")  # the same once more
    await page.keyboard.press("3")
    await let_go(page, answer)
    await expect(lines).to_have_count(2)
    await expect(lines.first).to_contain_text("3 ×")

    # A double click, whose second half finds another line in the place of the first.
    box = await lines.first.locator("button").last.bounding_box()
    assert box is not None
    await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await expect(lines).to_have_count(1)
    await page.mouse.down(click_count=2)
    await page.mouse.up(click_count=2)
    await page.keyboard.press("1")
    await expect(lines).to_have_count(2)

    # What is typed while the payment is on its way is the money received; an Enter that is held
    # down, or comes before anybody saw the payment, sends nothing.
    answer = await held(page, "**/show/pay")
    await page.keyboard.down("Enter")
    await answer.given()
    await page.keyboard.type("20")
    await let_go(page, answer)
    await page.keyboard.down("Enter")
    await page.keyboard.up("Enter")
    await expect(page.locator("#received")).to_have_value("20")
    await expect(page.locator("#received")).to_be_focused()
    # A scanner's code is no money either: it goes onto the ticket, and the payment follows.
    due = page.locator('form[action="/desk/pay"] [data-due-fen]')
    await type_at(page, [*BARCODE, "Enter"], time.time() - 0.1)
    await expect(due).to_have_attribute("data-due-fen", "1500")
    await expect(page.locator("#received")).to_have_value("20")
    await expect(page.locator("[data-change]")).to_have_text("¥5.00")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-change-fen]")).to_have_attribute("data-change-fen", "500")


async def test_live_swaps_take_nothing_out_of_a_hand(counter_page: CounterPage) -> None:
    counter, page = counter_page.counter, counter_page.page
    rule = {"version": 1, "values": [[False, True, True, False, False, True, 18, True]]}
    row = [*rule["values"][0], 1_000, 24, 5_000, "ticket"]
    await counter.hub.document(RULE, "counter", {"version": 1, "values": [row]})
    counter.desk.log_applied()
    await counter_page.log_in()
    await counter.member()
    who, lines = page.locator("#who article.member"), page.locator("#ticket tbody tr")

    # A tap, with nothing in hand: Esc puts the member away again.
    await counter.tap()
    await expect(who).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(who).to_have_count(0)

    # The palette, while what it presses is drawn anew.
    await page.keyboard.press("1")
    await expect(lines).to_have_count(1)
    await page.keyboard.press("Control+k")
    await page.keyboard.type("放弃")
    await counter.do("add_line", sku="NOODLE")
    await expect(lines).to_have_count(2)
    await page.keyboard.press("Enter")
    await expect(lines).to_have_count(0)

    # A name for the ticket, while another window adds to it.
    await page.keyboard.press("1")
    await expect(lines).to_have_count(1)
    await page.locator("#ticket-label").focus()
    await page.keyboard.type("包厢 1")
    await counter.do("add_line", sku="NOODLE")
    await expect(lines).to_have_count(2)
    await page.keyboard.type("2")
    await page.keyboard.press("Enter")
    await expect(page.locator("#ticket .kept")).to_contain_text("包厢 12")


async def test_a_page_says_that_its_line_is_cut_and_that_nobody_is_logged_in(
    counter_page: CounterPage,
) -> None:
    page = counter_page.page
    await page.clock.install()
    await counter_page.log_in()
    is_down = page.locator(".line-is-down")
    await expect(page.locator("#truth [data-shift]")).to_be_visible()
    await expect(is_down).to_be_hidden()
    await page.clock.fast_forward(60_000)  # no beat, no error: a cable was pulled
    await expect(is_down).to_be_visible()
    await counter_page.counter.tap()  # it is back
    await expect(is_down).to_be_hidden()
    # Another tab of this browser logs out.
    await page.context.request.post(
        f"{counter_page.address}desk/log_out", data={"request_id": "another-tab-1"}
    )
    await expect(page.locator("#pin")).to_be_visible()
