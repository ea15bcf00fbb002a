"""The customer's screen in a browser: read from afar, a code to scan, in light and dark."""

import pytest

from tests.browser.accessibility import axe_source, cut_off, violations
from tests.browser.conftest import CounterPage, Shot

SMALL_SCREEN = {"width": 1024, "height": 600}

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.covers("A372")
async def test_the_customer_reads_what_is_due_and_scans_a_code_for_want_of_paper(
    counter_page: CounterPage, shot: Shot
) -> None:
    await counter_page.log_in()
    counter, page, source = counter_page.counter, counter_page.page, axe_source()
    await page.set_viewport_size(SMALL_SCREEN)
    await page.goto(counter_page.address + "customer")
    await counter.do("add_line", sku="COLA", quantity=2)
    await page.wait_for_selector("text=应收")
    await shot(page, "due")
    await counter.do("pay", tender="cash", expected_total_fen=1000, received_fen=2000)
    await page.wait_for_selector("[data-receipt-code] svg")
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        assert await violations(page, source) == []
        assert await cut_off(page) == []
        await shot(page, scheme)
