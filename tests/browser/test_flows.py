"""The fifteen commonest flows, each by keyboard alone and by touch alone, in both languages."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from sync_protocol.accounts import ITEM, STOCK, TRANSIT
from sync_protocol.kinds import RULE, TRANSACTION, TRANSFER
from sync_protocol.ledger import REASON_DISPATCH, Transaction
from sync_protocol.rules import RULES
from tests.browser.accessibility import axe_source, cut_off, violations
from tests.browser.conftest import CounterPage, Shot, counter_in_browser
from tests.browser.hands import Fingers, Hands, Keyboard
from tests.edge.counter.sessions.floor import ADULT
from tests.edge.desk.counter import (
    BOX,
    CAFE,
    CARD,
    CASHIER,
    EAST_CAFE,
    EPOCH,
    MANAGER,
    OTHER_CARD,
    PIN,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCREENS = ((1366, 768), (1024, 600), (390, 844))
SENT = 777
"""A transfer."""
WAYS = {"keyboard": Keyboard, "touch": Fingers}


@dataclass
class Cashier:
    """Somebody at the counter, with their hands on it."""

    at: CounterPage
    hands: Hands
    language: str
    shot: Shot
    looks: bool

    @property
    def page(self) -> Page:
        return self.at.page

    async def begin(self, staff: int = CASHIER) -> None:
        """Be logged in with an open shift."""
        await self.at.log_in(staff)

    async def member(self, balance_fen: int = 0, card: bytes = CARD) -> int:
        """Let a member come and lay their card on the reader."""
        member = await self.at.counter.member(card)
        if balance_fen:
            top_up = {"member": member, "amount_fen": balance_fen, "tender": "cash"}
            await self.at.counter.do("top_up", **top_up)
        await self.at.counter.tap(card)
        await expect(self.page.locator(f'[data-member="{member}"]')).to_be_visible()
        return member

    async def put(self, *skus: str) -> None:
        """Put products on the ticket, each by its button or its number."""
        for count, sku in enumerate(skus, start=1):
            button = self.page.locator(f'#products button[data-sku="{sku}"]')
            digit = await button.get_attribute("data-digit")
            if isinstance(self.hands, Keyboard) and digit:
                await self.page.keyboard.press(digit)
            else:
                await self.hands.press(button)
            await expect(self.page.locator("#ticket tbody tr")).to_have_count(count)

    async def done(self, command: str) -> None:
        """It was done, and the page says so; where one looks, it is readable at every size."""
        await expect(self.page.locator(f'[data-done="{command}"]')).to_be_visible()
        await self.look(command)

    async def look(self, name: str) -> None:
        """Keep pictures; no text is cut off, contrast and names are right."""
        if not self.looks:
            return
        for width, height in SCREENS:
            await self.page.set_viewport_size({"width": width, "height": height})
            await self.shot(self.page, f"{name}-{width}")
            assert await cut_off(self.page) == [], (name, width)
        await self.page.set_viewport_size({"width": 1366, "height": 768})
        assert await violations(self.page, axe_source()) == [], name


@pytest_asyncio.fixture(
    loop_scope="session",
    params=[(way, language) for way in WAYS for language in ("zh", "en")],
    ids="-".join,
)
async def cashier(
    request: pytest.FixtureRequest, tmp_path: Path, browser: Browser, shot: Shot
) -> AsyncIterator[Cashier]:
    way, language = request.param
    async with counter_in_browser(tmp_path, browser, has_touch=way == "touch") as opened:
        cookie = {"name": "language", "value": language, "url": opened.address}
        await opened.page.context.add_cookies([cookie])
        hands = WAYS[way](opened.page)
        # The picture is the same however one came to it.
        yield Cashier(opened, hands, language, shot, looks=way == "keyboard")


async def test_log_in_and_open_the_shift(cashier: Cashier) -> None:
    page, hands = cashier.page, cashier.hands
    await page.goto(cashier.at.address)
    await cashier.look("log-in")
    form = hands.form("log_in")
    await hands.choose(form, "staff", CASHIER)
    await hands.fill(form, "pin", PIN)
    await hands.send(form)
    form = hands.form("open_shift")
    await hands.fill(form, "float_yuan", "200")
    await cashier.look("float")
    await hands.send(form)
    await cashier.done("open_shift")


async def test_a_tap_greets(cashier: Cashier) -> None:
    await cashier.begin()
    await cashier.member(balance_fen=2_000)
    await expect(cashier.page.locator('[data-balance-fen="2000"]')).to_be_visible()
    await cashier.look("greeted")


async def test_register_with_a_card(cashier: Cashier) -> None:
    await cashier.begin()
    hands = cashier.hands
    await hands.open("/show/register")
    form = hands.form("register_member")
    await hands.fill(form, "name", "欧阳小明")
    await cashier.at.counter.tap(CARD)
    await expect(cashier.page.locator("#tapped-card")).to_contain_text(CARD.hex(), ignore_case=True)
    await hands.fill(form, "phone", "13800138000")
    await hands.press(form.locator('[name="consent"]'))
    await cashier.look("form")
    await hands.reach(form.locator('[name="phone"]'))
    await hands.send(form)
    await cashier.done("register_member")


async def test_a_top_up_with_change(cashier: Cashier) -> None:
    await cashier.begin()
    await cashier.member()
    hands = cashier.hands
    await hands.open("/show/top-up")
    form = hands.form("top_up")
    await hands.fill(form, "amount_yuan", "88")
    await hands.choose(form, "tender", "cash")
    await hands.fill(form, "received_yuan", "100")
    await expect(form.locator("[data-change]")).to_have_text("¥12.00")
    await cashier.look("change")
    await hands.send(form)
    await cashier.done("top_up")


async def test_a_top_up_by_wechat(cashier: Cashier) -> None:
    await cashier.begin()
    await cashier.member()
    hands = cashier.hands
    await hands.open("/show/top-up")
    form = hands.form("top_up")
    await hands.fill(form, "amount_yuan", "50")
    await hands.choose(form, "tender", "wechat")
    await hands.fill(form, "tender_reference", "WX-4200001")
    await hands.send(form)
    await cashier.done("top_up")
    await expect(cashier.page.locator('[data-balance-fen="5000"]')).to_be_visible()


async def test_two_items_from_stored_value(cashier: Cashier) -> None:
    await cashier.begin()
    await cashier.member(balance_fen=2_000)
    await cashier.put("COLA", "NOODLE")
    await cashier.look("ticket")
    await cashier.hands.press(cashier.page.locator('#ticket [hx-get="/show/pay"]'))
    form = cashier.hands.form("pay")
    await expect(form.locator('[value="wallet"]')).to_be_checked()
    await cashier.look("payment")
    await cashier.hands.send(form)
    await cashier.done("pay")
    await expect(cashier.page.locator('[data-balance-fen="1050"]')).to_be_visible()


async def test_a_walk_in_pays_cash(cashier: Cashier) -> None:
    await cashier.begin()
    await cashier.put("COLA")
    await cashier.hands.command("sell_to_walk_in")
    await expect(cashier.page.locator("#ticket [data-due-fen]")).to_have_attribute(
        "data-due-fen", "500"
    )
    await cashier.hands.press(cashier.page.locator('#ticket [hx-get="/show/pay"]'))
    form = cashier.hands.form("pay")
    await cashier.hands.fill(form, "received_yuan", "10")
    await cashier.hands.send(form)
    await cashier.done("pay")


async def test_a_refund(cashier: Cashier) -> None:
    await cashier.begin(MANAGER)
    member = await cashier.member(balance_fen=2_000)
    await cashier.at.counter.do("spend", member=member, amount_fen=700)
    hands = cashier.hands
    await hands.open("/show/refund")
    await hands.press(cashier.page.locator("#work summary").first)
    form = hands.form("refund")
    await hands.fill(form, "amount_yuan", "2")
    await hands.fill(form, "reason", "键盘坏了")
    await cashier.look("form")
    await hands.send(form)
    await cashier.done("refund")


async def test_a_void(cashier: Cashier) -> None:
    await cashier.begin()
    await cashier.at.counter.do("add_line", sku="COLA")
    await cashier.at.counter.do("pay", tender="cash", expected_total_fen=500)
    hands = cashier.hands
    await hands.open("/show/void")
    await hands.press(cashier.page.locator("#work summary").first)
    form = hands.form("void_sale")
    await hands.fill(form, "reason", "点错了")
    await hands.pick(form, "approver", MANAGER)
    await hands.fill(form, "approver_pin", PIN)
    await cashier.look("form")
    await hands.send(form)
    await cashier.done("void_sale")


async def test_a_lost_card_is_replaced(cashier: Cashier) -> None:
    await cashier.begin()
    await cashier.member(balance_fen=1_000)
    hands = cashier.hands
    await hands.open("/show/cards")
    await hands.press(hands.form("report_card_lost").locator("button"))
    await cashier.done("report_card_lost")
    await hands.press(cashier.page.locator("#work [data-card] summary").first)
    form = hands.form("reissue_card")
    await cashier.at.counter.tap(OTHER_CARD)
    await expect(form.locator('[name="card_uid"]')).to_have_value(OTHER_CARD.hex().upper())
    await cashier.look("new-card")
    await hands.press(form.locator('button[type="submit"]'))
    await cashier.done("reissue_card")


async def test_points_are_redeemed(cashier: Cashier) -> None:
    await cashier.begin()
    await cashier.at.counter.member()
    await _publish(
        cashier,
        "redemptions",
        {"code": "gift", "name": "鼠标垫", "name_en": "mouse mat", "points": 1, "gives": "gift"},
    )
    await cashier.at.counter.tap()
    hands = cashier.hands
    await hands.open("/show/points")
    await cashier.look("choices")
    await hands.press(cashier.page.locator('[data-redemption="gift"] button'))
    await cashier.done("redeem_points")


async def test_a_pass_is_sold_and_used(cashier: Cashier) -> None:
    await cashier.begin()
    await cashier.member(balance_fen=50_000)
    hands = cashier.hands
    await hands.open("/show/passes")
    form = hands.form("sell_pass")
    await hands.choose(form, "code", "ten")
    await cashier.look("offers")
    await hands.press(form.locator('button[type="submit"]'))
    await cashier.done("sell_pass")
    await hands.press(cashier.page.locator('[data-pass] form[action="/desk/use_pass"] button'))
    await cashier.done("use_pass")


async def test_a_session_starts_changes_its_seat_and_ends(cashier: Cashier) -> None:
    await cashier.begin(MANAGER)
    made = await cashier.at.counter.do(
        "set_up_seats", prefix="A", first=1, last=6, zone="hall", row=1, column=1, per_row=3
    )
    seats = made.values["seats"]
    assert isinstance(seats, list)
    await cashier.member(balance_fen=5_000)
    hands, page = cashier.hands, cashier.page
    await hands.open("/show/start-session")
    form = hands.form("start_session")
    await hands.fill(form, "document_number", ADULT)
    await cashier.look("start")
    await hands.press(form.locator('button[type="submit"]'))
    await cashier.done("start_session")
    await hands.press(page.locator(f'#seats [data-seat="{seats[0]}"]'))
    form = hands.form("change_seat")
    await hands.pick(form, "seat", seats[1])
    await hands.press(form.locator("button"))
    await cashier.done("change_seat")
    cashier.at.counter.clock.forward(1_800)
    await _open_seat(cashier, seats[0], seats[1])
    form = hands.form("end_session")
    await cashier.look("session")
    await hands.press(form.locator('button[type="submit"]'))
    await cashier.done("end_session")


async def _open_seat(cashier: Cashier, first: int, seat: int) -> None:
    """Go to a seat of the map: by an arrow key from the first one, or straight."""
    wanted = cashier.page.locator(f'#seats [data-seat="{seat}"]')
    if isinstance(cashier.hands, Keyboard):
        await cashier.hands.reach(cashier.page.locator('#seats [tabindex="0"]'))
        if not await wanted.evaluate("element => element === document.activeElement"):
            await cashier.page.keyboard.press("ArrowRight")
        await expect(wanted).to_be_focused()
        await cashier.page.keyboard.press("Enter")
    else:
        await cashier.hands.press(wanted)


async def test_a_transfer_is_received(cashier: Cashier) -> None:
    await cashier.begin()
    counter = cashier.at.counter
    cola = ITEM + "COLA"
    postings = [
        (STOCK, EAST_CAFE, 0, 0, 0, cola, -24),
        (TRANSIT, SENT, BOX, EPOCH, 0, cola, 24),
    ]
    dispatched = Transaction(EAST_CAFE, REASON_DISPATCH, 0, 0, 0, SENT, None, postings)
    await counter.hub.write((TRANSACTION, dispatched.body()))
    cafes = {"from_cafe": EAST_CAFE, "to_cafe": CAFE, "status": "dispatched"}
    sent = {**cafes, "lines": [[cola, 24]], "dispatched_ms": counter.clock.now_ms}
    await counter.hub.document(TRANSFER, SENT, sent)
    counter.desk.log_applied()
    hands = cashier.hands
    await hands.open("/show/transfers")
    form = hands.form("receive_transfer")
    await hands.fill(form, "quantity:COLA", "23")
    await cashier.look("form")
    await hands.send(form)
    await cashier.done("receive_transfer")
    name = "Cola" if cashier.language == "en" else "可乐"
    await expect(cashier.page.locator("[data-done]")).to_contain_text(f"{name} × 1")


async def test_x_report_then_count_and_hand_over(cashier: Cashier) -> None:
    await cashier.begin()
    await cashier.at.counter.do("add_line", sku="COLA")
    await cashier.at.counter.do("pay", tender="cash", expected_total_fen=500)
    hands = cashier.hands
    await hands.open("/show/shift")
    await cashier.look("shift")
    await hands.press(hands.form("print_shift_report").locator("button"))
    form = hands.form("print_shift_report")
    await hands.pick(form, "approver", MANAGER)
    await hands.fill(form, "approver_pin", PIN)
    await cashier.look("approval")
    await hands.send(form)
    await cashier.done("print_shift_report")
    await hands.press(cashier.page.locator('#work [hx-get="/show/count-cash"]'))
    form = hands.form("count_cash")
    await hands.fill(form, "quantity:500", "1")
    await cashier.look("count")
    await hands.send(form)
    form = hands.form("hand_over")
    await hands.pick(form, "to", MANAGER)
    await hands.fill(form, "blank_cards", "12")
    await hands.fill(form, "giver_pin", PIN)
    await hands.fill(form, "receiver_pin", PIN)
    await cashier.look("hand-over")
    await hands.send(form)
    await expect(cashier.page.locator('[data-shift="2"]')).to_be_visible()
    await expect(cashier.page.locator("#left .own")).to_contain_text("赵")


async def _publish(cashier: Cashier, rule: str, *rows: dict[str, object]) -> None:
    """Let head office publish a rule."""
    columns = RULES[rule].columns
    values = [[row.get(column.name, column.default) for column in columns] for row in rows]
    await cashier.at.counter.hub.document(RULE, rule, {"version": 7, "values": values})
    cashier.at.counter.desk.log_applied()


SALE_KEYS_MAX = 6
COUNT_KEYS = """
window.keysPressed = 0;
document.addEventListener("keydown", () => { window.keysPressed += 1; }, true);
"""


async def test_the_commonest_sale_takes_few_keys(counter_page: CounterPage, shot: Shot) -> None:
    """Tap, two items, pay from stored value, receipt."""
    await counter_page.log_in()
    counter, page = counter_page.counter, counter_page.page
    member = await counter.member()
    await counter.do("top_up", member=member, amount_fen=2_000, tender="cash")
    await counter.printer.wait_for(1)
    await page.evaluate(COUNT_KEYS)
    await counter.tap()
    await expect(page.locator(f'[data-member="{member}"]')).to_be_visible()
    for digit in ("1", "3"):
        await page.keyboard.press(digit)
        rows = 1 if digit == "1" else 2
        await expect(page.locator("#ticket tbody tr")).to_have_count(rows)
    await page.keyboard.press("F2")
    await expect(page.locator('form[action="/desk/pay"] [value="wallet"]')).to_be_checked()
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-done=pay]")).to_be_visible()
    assert await page.evaluate("window.keysPressed") <= SALE_KEYS_MAX
    await counter.printer.wait_for(3)  # the top-up's, the tap's and the sale's
    await shot(page, "paid")
