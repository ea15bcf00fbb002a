"""Three hundred products: found by name, by initials and by barcode, by keys alone."""

import pytest
from playwright.async_api import expect

from sync_protocol.kinds import PRODUCT
from tests.browser.conftest import CounterPage, Shot
from tests.edge.desk.counter import HandHub

pytestmark = pytest.mark.asyncio(loop_scope="session")

PRODUCTS = 300


async def stock_up(hub: HandHub) -> None:
    """Noodles of 300 sorts, and crisps."""
    sort = {"counted": True, "on_sale": True, "price_fen": 600, "name_en": ""}
    noodles = [
        hub.change(
            PRODUCT,
            f"N{number:03}",
            {**sort, "name": f"红烧面{number}号", "barcode": f"690{number:010}"},
        )
        for number in range(PRODUCTS)
    ]
    crisps = [
        hub.change(PRODUCT, sku, {**sort, "name": name})
        for sku, name in (("P1", "乐事薯片原味"), ("P2", "乐事薯片黄瓜味"))
    ]
    await hub.write(*noodles, *crisps)


async def test_a_product_among_300_is_found_by_keys_alone(
    counter_page: CounterPage, shot: Shot
) -> None:
    counter, page = counter_page.counter, counter_page.page
    await stock_up(counter.hub)
    counter.desk.log_applied()
    await counter_page.log_in()
    lines = page.locator("#ticket tbody tr")
    field = page.locator("#product-filter")
    for count, (typed, arrows, sku) in enumerate(
        (
            ("lssp", 1, "P2"),  # initials
            ("6900000000123", 0, "N123"),
            ("n12", 0, "N120"),  # what begins so, before what holds it
        ),
    ):
        await page.keyboard.press("F4")
        await expect(field).to_be_focused()
        await page.keyboard.insert_text(typed)
        for _ in range(arrows):
            await page.keyboard.press("ArrowDown")
        chosen = page.locator("#products .chosen button")
        await expect(chosen).to_have_attribute("data-sku", sku)
        if not count:
            await shot(page, "initials")
        await page.keyboard.press("Enter")
        await expect(page.locator(f'#ticket tr[data-sku="{sku}"]')).to_be_visible()
        await expect(field).to_have_value("")
    await expect(lines).to_have_count(3)

    # Where goods come in: Enter goes to the quantity, and what was entered stays in sight.
    await page.keyboard.press("F10")
    form = page.locator('#work form[action="/desk/goods_receipt"]')
    search = form.locator("[data-filter]")
    await expect(search).to_be_focused()
    await page.keyboard.type("lsspyw")
    await page.keyboard.press("Enter")
    await expect(form.locator('[name="quantity:P1"]')).to_be_focused()
    await page.keyboard.type("24")
    await page.keyboard.press("Shift+Tab")
    await expect(search).to_be_focused()
    await page.keyboard.type("6900000000007")
    await page.keyboard.press("Enter")
    await expect(form.locator('[name="quantity:N007"]')).to_be_focused()
    await page.keyboard.type("12")
    await expect(form.locator("[data-words]:visible")).to_have_count(2)
    await shot(page, "goods-in")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-done=goods_receipt]")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator('#products [data-sku="N007"]')).to_contain_text("余 12")
