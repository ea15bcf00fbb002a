"""The works about money in a browser: by keyboard, in both languages, nothing cut off, AA."""

import pytest

from sync_protocol.kinds import RULE
from tests.browser.accessibility import axe_source, violations
from tests.browser.conftest import CounterPage, Shot
from tests.edge.desk.counter import MANAGER, PIN

pytestmark = pytest.mark.asyncio(loop_scope="session")

WORKS = (
    "top-up",
    "account",
    "pay-fee",
    "cash-out",
    "quick-card",
    "top-ups",
    "top-up-many",
    "pay",
    "reconcile",
)
SIZES = ((1366, 768), (1024, 600))


async def _ready(counter_page: CounterPage) -> int:
    counter = counter_page.counter
    tiers = [[10_000, 1_000, 0, 0, 2], [20_000, 3_000, 50, 1, 0]]
    packages = [["weekend", "周末畅玩", "weekend fun", 8_800, 2_200, 0, 0, 1]]
    await counter.hub.document(RULE, "top_up_tiers", {"version": 1, "values": tiers})
    await counter.hub.document(RULE, "top_up_packages", {"version": 1, "values": packages})
    counter.desk.log_applied()
    await counter_page.log_in()
    member = await counter.member()
    await counter.tap()
    top_up = {"member": member, "amount_fen": 20_000, "tender": "card"}
    await counter.do("top_up", **top_up, tender_reference="POS-000123")
    await counter.do("spend", member=member, amount_fen=2_600, note="上网 3 小时")
    await counter.do("top_up", member=member, amount_fen=3_000, tender="cash")
    await counter.do("show_member", member=member)
    await counter.do("add_line", sku="COLA", quantity=2)
    return member


async def test_a_top_up_with_change_and_approval_by_keyboard(
    counter_page: CounterPage, shot: Shot
) -> None:
    await _ready(counter_page)
    page = counter_page.page
    await page.goto(counter_page.address)
    await page.keyboard.press("F3")
    await page.wait_for_selector("#amount:focus")
    await page.keyboard.type("1500")
    await page.fill("#received", "2000")
    assert await page.inner_text("[data-change]") == "¥500.00"
    await page.press("#received", "Enter")
    await page.wait_for_selector('input[name="approver_pin"]:focus')
    assert await page.input_value("#amount") == "1500"
    assert await page.input_value("#received") == "2000"
    await page.select_option('select[name="approver"]', str(MANAGER))
    await page.keyboard.type(PIN)
    await shot(page, "approval")
    await page.keyboard.press("Enter")
    await page.wait_for_selector('[data-done="top_up"]')
    await shot(page, "done")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_works_about_money_can_be_read_by_everyone(
    counter_page: CounterPage, shot: Shot, language: str
) -> None:
    await _ready(counter_page)
    source, page = axe_source(), counter_page.page
    await page.context.add_cookies(
        [{"name": "language", "value": language, "url": counter_page.address}]
    )
    for work in WORKS:
        if work == "reconcile":
            await page.context.clear_cookies(name="cafebox_session")
            await counter_page.log_in_manager()
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            await page.goto(f"{counter_page.address}show/{work}")
            for summary in await page.locator("#work details > summary").all():
                if not await summary.evaluate("one => one.parentElement.open"):
                    await summary.click()
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
