"""The works about points, tiers, passes and vouchers: both languages, nothing cut off, AA."""

import pytest

from sync_protocol.kinds import RULE
from sync_protocol.rules import RULES
from tests.browser.accessibility import axe_source, violations
from tests.browser.conftest import CounterPage, Shot
from tests.edge.desk.counter import MANAGER, PIN

pytestmark = pytest.mark.asyncio(loop_scope="session")

WORKS = (
    "points",
    "points-history",
    "adjust-points",
    "tiers",
    "passes",
    "vouchers",
    "points-watch",
    "ticket",
)
SIZES = ((1366, 768), (1024, 600))
TIERS = (
    {
        "code": "gold",
        "name": "黄金会员",
        "name_en": "gold",
        "threshold_points": 50,
        "discount_percent": 95,
        "valid_days": 365,
        "booking": True,
        "gift": "COLA",
    },
    {"code": "diamond", "name": "钻石会员", "name_en": "diamond", "fee_fen": 19_900},
)
EVENTS = (
    {
        "code": "cup",
        "name": "周末五排赛",
        "name_en": "Weekend five-stack cup",
        "points": 5,
        "give_away": "HOUR",
    },
)


async def _publish(counter_page: CounterPage, rule: str, *rows: dict[str, object]) -> None:
    values = [[row.get(one.name, one.default) for one in RULES[rule].columns] for row in rows]
    await counter_page.counter.hub.document(RULE, rule, {"version": 4, "values": values})


async def _ready(counter_page: CounterPage) -> None:
    """A gold member with points, a pass and a booking, and an open ticket."""
    counter = counter_page.counter
    await _publish(counter_page, "tiers", *TIERS)
    await _publish(counter_page, "events", *EVENTS)
    counter.desk.log_applied()
    await counter_page.log_in()
    member = await counter.member()
    await counter.tap()
    second = {"approver": MANAGER, "approver_pin": PIN, "reason": "开业"}
    award = {"member": member, "form": "award", "points": 1_500}
    await counter.do("adjust_points", **award, **second)
    await counter.do("redeem_points", member=member, code="credit10")
    await counter.do("sell_pass", member=member, code="ten", tender="cash")
    await counter.do("sell_pass", member=member, code="night", tender="cash")
    await counter.do("book", member=member, what="包厢", day="2026-12-24")
    await counter_page.page.context.clear_cookies()
    await counter_page.log_in_manager()
    await counter.do("issue_voucher", amount_fen=1_500, count=2, only_here=True)
    await counter.do("show_member", member=member)
    await counter.do("add_line", sku="NOODLE", quantity=2)
    await counter.do("set_ticket_member", member=member)
    await counter.do("use_points", code="5off")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_works_about_benefits_can_be_read_by_everyone(
    counter_page: CounterPage, shot: Shot, language: str
) -> None:
    await _ready(counter_page)
    source, page = axe_source(), counter_page.page
    await page.context.add_cookies(
        [{"name": "language", "value": language, "url": counter_page.address}]
    )
    for work in WORKS:
        for width, height in SIZES:
            await page.set_viewport_size({"width": width, "height": height})
            await page.goto(f"{counter_page.address}show/{work}")
            await shot(page, f"{work}-{width}")
            wide = "one => one.scrollWidth > one.clientWidth + 1"
            cut = await page.eval_on_selector_all(
                "#work button, #work label:not(.unseen), #work dt, #work h2, #work h3",
                f"all => all.filter({wide}).map(one => one.outerHTML.slice(0, 120))",
            )
            assert cut == [], (work, width)
            assert not await page.eval_on_selector("body", wide), (work, width)
        if language == "zh":  # contrast, names and roles are the same in both
            assert await violations(page, source) == [], work


async def test_points_are_redeemed_by_keyboard_alone(counter_page: CounterPage) -> None:
    await _ready(counter_page)
    page = counter_page.page
    await page.goto(counter_page.address)
    await page.keyboard.press("Shift+F1")
    await page.wait_for_selector('[data-redemption="5off"]')
    await page.keyboard.press("Shift+F5")
    await page.wait_for_selector("[data-pass]")
    await page.focus('[data-visits="10"] button')
    await page.keyboard.press("Enter")
    await page.wait_for_selector('[data-done="use_pass"]')
    assert await page.locator('[data-visits="9"]').count() == 1
