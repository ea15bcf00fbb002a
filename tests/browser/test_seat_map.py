"""The seat map in a real browser: by keyboard, by touch, live, and readable up to 200 seats."""

import pytest
from playwright.async_api import Page

from sync_protocol.kinds import MEMBER
from tests.browser.accessibility import axe_source, violations
from tests.browser.conftest import CounterPage, Shot
from tests.edge.counter.sessions.floor import ADULT, identity_number, papers
from tests.edge.desk.counter import CARD, MANAGER

TARGET_PX = 44

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def set_up(counter_page: CounterPage, hall: int = 20, per_row: int = 5) -> list[int]:
    """Seats A01 and on in the hall, V01 to V04 in the private room; their ids."""
    counter = counter_page.counter
    await counter.log_in(MANAGER)
    grid = {"row": 1, "column": 1, "per_row": per_row}
    made = await counter.do("set_up_seats", prefix="A", first=1, last=hall, zone="hall", **grid)
    grid = {"row": 90, "column": 1, "per_row": 4}
    vip = await counter.do("set_up_seats", prefix="V", first=1, last=4, zone="vip", **grid)
    return [*made.values["seats"], *vip.values["seats"]]  # type: ignore[misc]  # lists of ids


async def people_the_floor(counter_page: CounterPage, seats: list[int]) -> None:
    """A guest in each state."""
    counter = counter_page.counter
    plans = (
        {"payment": "postpaid"},
        {"payment": "prepaid", "amount_fen": 2_000, "tender": "cash"},
        {"payment": "prepaid", "amount_fen": 100, "tender": "cash"},
        {"payment": "postpaid"},
        {"payment": "prepaid", "amount_fen": 25, "tender": "cash"},
    )
    sessions = []
    for order, plan in enumerate(plans):
        document = papers(identity_number(19900101, order + 1), f"客人{order}")
        started = await counter.do("start_session", seat=seats[order], **plan, **document)
        sessions.append(started.values["session"])
    await counter.do("pause_session", session=sessions[3])
    await counter.do("close_seat", seat=seats[6], note="键盘进水")
    counter.clock.forward(200)
    await counter.desk.session_watch.look()


async def cut_off(page: Page) -> list[str]:
    """Words on the map that do not fit their seat."""
    return await page.evaluate(
        """() => [...document.querySelectorAll("#seats .seat-name, #seats .seat-time")]
            .filter((one) => one.scrollWidth > one.clientWidth + 1
                || one.offsetWidth > one.parentElement.clientWidth)
            .map((one) => one.textContent)"""
    )


async def too_small(page: Page) -> list[str]:
    """Seats that a finger misses."""
    return await page.evaluate(
        """(px) => [...document.querySelectorAll("#seats .seat")]
            .filter((one) => Math.min(one.offsetWidth, one.offsetHeight) < px)
            .map((one) => `${one.textContent.trim()} ${one.offsetWidth}x${one.offsetHeight}`)""",
        TARGET_PX,
    )


@pytest.mark.covers("A494")
async def test_two_keys_seat_a_member_and_the_map_is_live(
    counter_page: CounterPage, shot: Shot
) -> None:
    counter, page = counter_page.counter, counter_page.page
    seats = await set_up(counter_page)
    member = await counter.member()
    await counter.hub.confirm_all()
    values = {"identity": ADULT, "identity_kind": "id_card", "birth_date": 19491231}
    await counter.hub.document(MEMBER, member, values)
    counter.desk.log_applied()
    await counter_page.log_in()
    assert await page.locator("#seats .seat").count() == 24
    await counter.tap(CARD)
    await page.wait_for_selector(f'[data-member="{member}"]')
    await page.keyboard.press("F5")
    await page.wait_for_selector('form[action="/desk/start_session"] button:focus')
    await shot(page, "start")
    await page.keyboard.press("Enter")
    await page.wait_for_selector('[data-done="start_session"]')
    await page.wait_for_selector(f'#seats [data-seat="{seats[0]}"][data-state="in_use"]')
    await shot(page, "started")
    await page.keyboard.press("F12")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowRight")
    focused = await page.evaluate("document.activeElement.dataset.seat")
    assert focused == str(seats[6])
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("ArrowUp")
    counter.clock.forward(3_660)
    await page.keyboard.press("Enter")
    await page.wait_for_selector('[data-charge-fen="508"]')
    await shot(page, "session")
    cash = page.locator('form[action="/desk/end_session"] input[value="cash"]')
    assert await cash.is_checked()  # there is no balance to pay from
    await page.click('form[action="/desk/end_session"] button[type="submit"]')
    await page.wait_for_selector(f'#seats [data-seat="{seats[0]}"][data-state="free"]')
    await shot(page, "ended")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("screen", [(1366, 768), (1024, 600)])
async def test_each_state_is_told_by_colour_and_shape(
    counter_page: CounterPage, shot: Shot, screen: tuple[int, int], language: str
) -> None:
    page = counter_page.page
    seats = await set_up(counter_page)
    await people_the_floor(counter_page, seats)
    await page.set_viewport_size({"width": screen[0], "height": screen[1]})
    await page.context.add_cookies(
        [{"name": "language", "value": language, "url": counter_page.address}]
    )
    await counter_page.log_in(MANAGER)
    shapes = await page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("#seats .seat")].map((seat) => [
            seat.dataset.state,
            getComputedStyle(seat.querySelector(".seat-shape"), "::before").content
                + getComputedStyle(seat).backgroundColor]))"""
    )
    states = {"free", "in_use", "ending", "paused", "over", "out_of_order"}
    assert shapes.keys() == states
    assert len(set(shapes.values())) == len(states)
    assert await cut_off(page) == []
    assert await too_small(page) == []
    assert await violations(page, axe_source()) == []
    name = f"{screen[0]}-{language}"
    await shot(page, f"map-{name}")
    for work in ("start-session", "sessions", "seats", "identity-checks"):
        await page.goto(f"{counter_page.address}show/{work}")
        assert await violations(page, axe_source()) == []
        await shot(page, f"{work}-{name}")
    for seat, state in ((1, "prepaid"), (4, "over"), (6, "out-of-order"), (8, "free")):
        await page.goto(f"{counter_page.address}show/seat?seat={seats[seat]}")
        await shot(page, f"{state}-{name}")


@pytest.mark.parametrize("screen", [(1366, 768), (1024, 600)])
async def test_two_hundred_seats_are_readable(
    counter_page: CounterPage, shot: Shot, screen: tuple[int, int]
) -> None:
    page = counter_page.page
    seats = await set_up(counter_page, hall=196, per_row=20)
    await people_the_floor(counter_page, seats)
    await page.set_viewport_size({"width": screen[0], "height": screen[1]})
    await counter_page.log_in()
    assert await page.locator("#seats .seat").count() == 200
    assert await cut_off(page) == []
    assert await too_small(page) == []
    await shot(page, f"two-hundred-{screen[0]}")
    await page.click(f'#seats [data-seat="{seats[-1]}"]')
    await page.wait_for_selector(f'[data-seat-shown="{seats[-1]}"]')
