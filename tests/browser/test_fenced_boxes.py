"""A copied box in the browser: what was found, admitted by two people, its excess, written off."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from cloud.configuration import broker_address
from edge.sync.mqtt_transport import BrokerLogin
from sync_protocol.accounts import FEN, REVENUE, TILL
from sync_protocol.kinds import TRANSACTION
from sync_protocol.ledger import REASON_SPEND, REASON_TOP_UP
from tests.browser.accessibility import axe_source, violations
from tests.browser.conftest import COUNTER_SCREEN, Shot
from tests.edge.store import bodies
from tests.edge.sync.boxes import Box
from tests.two_cafes import MANAGER, OFFICE, PASSWORD, PIN, TwoCafes, eventually, open_two_cafes

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECOND = "财务小周"
MEMBER = 812
PHONE = {"width": 360, "height": 740}
LogIn = Callable[[str], Awaitable[Page]]


@dataclass
class Copied:
    """A chain in which a second box of the first cafe was copied: each of the two spent of ¥100."""

    chain: TwoCafes
    clone: Box

    @property
    def place(self) -> str:
        return f"{self.clone.node}.1"


def top_up(box: Box, amount: int) -> list[object]:
    postings = [(TILL, box.cafe, 0, 0, 0, FEN, amount)]
    postings.append((*bodies.wallet(MEMBER, box.node, 1), -amount))
    return bodies.ledger(box.cafe, REASON_TOP_UP, postings)


def spend(box: Box, amount: int) -> list[object]:
    postings = [(*bodies.wallet(MEMBER, box.node, 1), amount)]
    postings.append((REVENUE, box.cafe, 0, 0, 0, FEN, -amount))
    return bodies.ledger(box.cafe, REASON_SPEND, postings)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def copied(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Copied]:
    folder = tmp_path_factory.mktemp("copied")
    async with open_two_cafes(folder) as chain, aiohttp.ClientSession() as client:
        await chain.office.add_staff(SECOND, "manager", [], (PASSWORD, ""), 0)
        address = broker_address(chain.broker_url)
        login = BrokerLogin(address.host, address.port, protocol="3.1.1")
        box = Box(folder / "second", chain.url, login, client)
        code = await chain.office.create_code(chain.cafes[0].number, "吧台二号")
        assert isinstance(code, str)
        await box.enrol(code)
        box.start()
        await box.append(TRANSACTION, top_up(box, 10_000))
        await box.settled()
        await box.stop()
        clone = box.copied(folder / "clone")
        box.start()
        await box.append(TRANSACTION, spend(box, 6_000))
        await box.settled()
        await box.stop()
        clone.start()
        await clone.append(TRANSACTION, spend(clone, 7_000))

        async def is_fenced() -> bool:
            return clone.read(lambda reader: reader.stop_spending()) is not None

        await eventually(is_fenced, "the copy to be found")
        yield Copied(chain, clone)
        await clone.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def log_in(browser: Browser, copied: Copied) -> AsyncIterator[LogIn]:
    """Sessions of head office, each in a browser of its own."""
    opened = []

    async def enter(name: str) -> Page:
        context = await browser.new_context(viewport={"width": 1366, "height": 900})
        opened.append(context)
        page = await context.new_page()
        await page.goto(f"{copied.chain.url}/boxes")
        await page.fill("#name", name)
        await page.fill("#password", PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("h1:has-text('要处理的盒子')")
        return page

    yield enter
    for context in opened:
        await context.close()


async def test_a_copied_box_is_shown_and_given_a_code(
    copied: Copied, log_in: LogIn, shot: Shot
) -> None:
    page = await log_in(OFFICE)
    box = page.locator(f"[data-box='{copied.place}']")
    await expect(box).to_contain_text("甲店")
    await expect(box).to_contain_text("吧台二号")
    await expect(box).to_contain_text("¥40.00")
    await shot(page, "found")
    await page.goto(f"{copied.chain.url}/cases?type=fenced_epoch")
    await page.locator("article a.button").click()
    await box.get_by_role("button", name="给新注册码").click()
    code = await page.locator("#new-code").inner_text()
    await copied.clone.stop()
    await copied.clone.enrol(code, again=True)
    copied.clone.start()

    async def handed_in() -> bool:
        kept = await copied.chain.office.left_overs()
        return bool(kept) and all(item["complete"] for item in kept)

    await eventually(handed_in, "the copy to hand in what it wrote")


async def test_two_people_admit_the_branch_as_it_was_written(
    copied: Copied, log_in: LogIn, shot: Shot
) -> None:
    first = await log_in(OFFICE)
    branch = first.locator("[data-branch]")
    await expect(branch.locator("[data-loss-fen]")).to_have_text("¥30.00")
    await expect(branch).to_contain_text("¥70.00")
    await branch.locator("summary").click()
    await shot(first, "branch")
    assert await violations(first, axe_source()) == []
    await first.set_viewport_size(PHONE)
    assert await first.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await shot(first, "phone")
    await branch.locator("input[name=note]").fill("备用盒子误用了旧卡")
    await branch.get_by_role("button", name="照原样入账").click()
    await expect(first.locator("[data-waits=admit]")).to_be_visible()
    await expect(branch.locator("button")).to_have_count(0)
    position = copied.chain.office.hub.head().position
    second = await log_in(SECOND)
    branch = second.locator("[data-branch]")
    await expect(branch).to_contain_text("总部 已于")
    await expect(branch).to_contain_text("备用盒子误用了旧卡")
    await second.get_by_role("button", name="English").click()
    await second.goto(f"{copied.chain.url}/boxes")
    await shot(second, "second-person-english")
    assert copied.chain.office.hub.head().position == position
    await branch.get_by_role("button", name="Admit as written").click()
    await expect(second.locator("[data-act=admit]")).to_be_visible()
    await expect(branch).to_contain_text("taken into the books as written")


async def test_the_excess_shows_both_sides_and_is_settled(
    browser: Browser, copied: Copied, log_in: LogIn, shot: Shot
) -> None:
    page = await log_in(OFFICE)
    await page.goto(f"{copied.chain.url}/cases?type=excess")
    case = page.locator("article[data-type=excess]")
    await expect(case.locator("section[aria-label=A]")).to_contain_text("+60.00")
    await expect(case.locator("section[aria-label=B]")).to_contain_text("+70.00")
    await expect(case.locator(".differences")).to_contain_text("¥40.00")
    await expect(case.locator(".option")).to_contain_text("总部承担 ¥30.00")
    await shot(page, "excess")
    assert await violations(page, axe_source()) == []
    await case.locator("input[name=note]").fill("备用盒子误用了旧卡")
    await case.locator("button[value=dismiss]").click()
    await expect(page.locator("[data-settled=dismiss]")).to_be_visible()
    await expect(case).to_have_count(0)


async def test_two_people_write_the_old_epoch_off_and_the_counter_is_told(
    browser: Browser, copied: Copied, log_in: LogIn, shot: Shot
) -> None:
    first = await log_in(SECOND)
    box = first.locator(f"[data-box='{copied.place}']")
    await box.locator("input[name=note]").fill("两张卡都已收回")
    await box.get_by_role("button", name="核销").click()
    await expect(first.locator("[data-waits=write_off]")).to_be_visible()
    second = await log_in(OFFICE)
    await second.locator(f"[data-box='{copied.place}']").get_by_role("button", name="核销").click()
    await expect(second.locator("[data-act=write_off]")).to_be_visible()
    await expect(second.locator(f"[data-box='{copied.place}']")).to_have_count(0)
    await second.locator("#decided summary").first.click()
    await shot(second, "decided")
    await copied.chain.agree()
    page = await browser.new_page(viewport=COUNTER_SCREEN)
    await page.goto(copied.chain.cafes[0].address)
    await page.locator("label", has_text=MANAGER).click()
    await page.fill("#pin", PIN)
    await page.keyboard.press("Enter")
    told = page.locator("#from-head-office")
    await expect(told).to_contain_text("总部已核销本店旧盒子")
    await expect(told).to_contain_text("两张卡都已收回")
    await expect(told).to_contain_text("总部已知悉")
    await shot(page, "told")
    await page.get_by_role("button", name="English").click()
    await expect(told).to_contain_text("wrote this cafe's former box off")
    await shot(page, "told-english")
    await page.close()


async def test_a_box_in_use_can_be_written_off_too_and_an_auditor_only_looks(
    copied: Copied, log_in: LogIn, shot: Shot
) -> None:
    await copied.chain.office.add_staff("审计", "read_only", [], (PASSWORD, ""), 0)
    page = await log_in("审计")
    await expect(page.locator("[data-in-use]")).to_have_count(3)
    assert await page.locator("main button").count() == 0
    await page.goto(f"{copied.chain.url}/products")
    assert await page.locator("main button").count() == 0
    page = await log_in(OFFICE)
    box = page.locator("[data-in-use]").first
    await box.locator("summary").click()
    await expect(box.get_by_role("button", name="核销")).to_be_visible()
    await shot(page, "in-use")
