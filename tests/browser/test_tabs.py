"""Tabs of the counter, more than a browser has connections to the box."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import DEADLINE_MS, CounterPage

pytestmark = pytest.mark.asyncio(loop_scope="session")

SIGHT = """
  let sight = "visible";
  Object.defineProperty(document, "visibilityState", { get: () => sight });
  window.putInSight = (state) => {
    sight = state;
    document.dispatchEvent(new Event("visibilitychange"));
  };
  const opened = [];
  window.EventSource = class extends EventSource {
    constructor(...asked) {
      super(...asked);
      opened.push(this);
    }
  };
  window.holds = () => opened.filter((stream) => stream.readyState !== EventSource.CLOSED).length;
"""
HOLDS_NONE = "() => window.holds() === 0"


async def put_in_sight(tab: Page, state: str) -> None:
    """What a browser says to a tab that is chosen, or left; one without a screen never does."""
    await tab.evaluate("state => window.putInSight(state)", state)


async def test_tabs_out_of_sight_hold_no_connection_and_catch_up(
    counter_page: CounterPage, browser: Browser
) -> None:
    counter = counter_page.counter
    await counter_page.log_in()
    cookies = await counter_page.page.context.storage_state()
    context = await browser.new_context(storage_state=cookies)
    context.set_default_timeout(DEADLINE_MS)
    await context.add_init_script(SIGHT)
    first, second = await context.new_page(), await context.new_page()
    await first.goto(counter_page.address)
    await put_in_sight(first, "hidden")
    # The last one that was looked at listens: a scan has somewhere to go.
    await counter.member()
    await counter.tap()
    who = "#who article.member"
    await expect(first.locator(who)).to_be_visible()
    await second.goto(counter_page.address)
    await first.wait_for_function(HOLDS_NONE)
    counter.clock.forward(60)
    await counter.do("clear_screen")
    await expect(second.locator(who)).to_have_count(0)
    await expect(first.locator(who)).to_be_visible()

    # The first one again: it shows what was done meanwhile, and hears what comes.
    await put_in_sight(second, "hidden")
    await put_in_sight(first, "visible")
    await second.wait_for_function(HOLDS_NONE)
    await expect(first.locator(who)).to_have_count(0)
    await expect(first.locator(".line-is-down")).to_be_hidden()
    await counter.do("add_line", sku="COLA")
    await expect(first.locator("#ticket tbody tr")).to_have_count(1)

    # A tab that comes into sight after the session ended knows it too.
    await counter.do("log_out")
    await expect(first.locator("#pin")).to_be_visible()
    await put_in_sight(second, "visible")
    await expect(second.locator("#pin")).to_be_visible()
    await context.close()
