"""Branches and head office on line: what one page does, the other pages show within seconds."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from aiohttp import ClientSession, CookieJar

from edge.desk.rules import rules_in_force
from tests.two_cafes import OFFICE, PASSWORD, Cafe, TwoCafes, eventually, open_two_cafes

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Chain:
    """Two cafes on line, and head office's browser."""

    cafes: TwoCafes
    browser: ClientSession

    async def office_page(self, path: str) -> str:
        async with self.browser.get(self.cafes.url + path) as answer:
            assert answer.status == 200
            return await answer.text()

    async def shows(self, path: str, pattern: str) -> None:
        """Wait until a page of head office has something."""

        async def there() -> bool:
            return re.search(pattern, await self.office_page(path), re.S) is not None

        await eventually(there, f"{path} to show {pattern}")

    async def takings_fen(self, cafe: Cafe) -> int:
        """What head office's first page says a cafe took today."""
        page = await self.office_page("/")
        found = re.search(rf'data-cafe="{cafe.number}".*?data-takings-fen="(-?\d+)"', page, re.S)
        assert found is not None
        return int(found[1])

    async def counter_shows(self, cafe: Cafe, pattern: str) -> None:
        async def there() -> bool:
            return re.search(pattern, await cafe.page(), re.S) is not None

        await eventually(there, f"the counter to show {pattern}")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def chain(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Chain]:
    folder = tmp_path_factory.mktemp("branches")
    async with (
        open_two_cafes(folder) as cafes,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser,
    ):
        form = {"name": OFFICE, "password": PASSWORD}
        async with browser.post(f"{cafes.url}/log-in", data=form) as answer:
            assert answer.status == 200
        yield Chain(cafes, browser)


@pytest.mark.covers("A409")
async def test_a_member_of_one_branch_is_everybodys_at_once(chain: Chain) -> None:
    east, west = chain.cafes.cafes
    made = await east.do("register_member", name="王小明", consent=True, phone="13800138001")
    await chain.cafes.agree()
    await west.do("identify_member", text="13800138001")
    assert "王小明" in await west.page()
    await chain.shows("/members?text=王小明", f"{made['number']}.*王小明.*甲店")
    # And back: what the other branch changes, the first one shows.
    await west.do("change_member", member=made["member"], name="王小明明", reason="更正")
    await chain.cafes.agree()
    await east.do("show_member", member=made["member"])
    await chain.counter_shows(east, "王小明明")
    await chain.shows("/members?text=王小明明", "王小明明")


@pytest.mark.covers("A412")
async def test_what_a_branch_enters_arrives_at_head_office_by_itself(chain: Chain) -> None:
    east, _west = chain.cafes.cafes
    await chain.cafes.agree()
    before_fen = await chain.takings_fen(east)
    made = await east.do("register_member", name="李雷", consent=True)
    top_up = {"member": made["member"], "amount_fen": 12_300, "tender": "cash"}
    await east.do("top_up", **top_up)
    await chain.shows("/", f'data-takings-fen="{before_fen + 12_300}"')
    await chain.shows(f"/members/{made['member']}", "123.00")
    # Without a line nothing is lost; it arrives as soon as there is one.
    east.cut()
    await east.do("top_up", **top_up)
    assert await chain.takings_fen(east) == before_fen + 12_300
    east.mend()
    await chain.shows("/", f'data-takings-fen="{before_fen + 24_600}"')


@pytest.mark.covers("A422", "A426")
async def test_what_head_office_publishes_holds_at_the_counters_of_all_or_of_one(
    chain: Chain,
) -> None:
    east, west = chain.cafes.cafes
    text = (
        '[[categories]]\nof = "member"\ncode = "student"\nname = "学生"\n'
        "[counter]\nneeds_phone = true\n"
        f'["counter@{west.number}"]\nneeds_phone = false\n'
    )
    async with chain.browser.post(f"{chain.cafes.url}/rules", data={"text": text}) as answer:
        assert answer.status == 200
    await chain.cafes.agree()
    rules = await chain.office_page("/rules")
    assert re.search(rf'href="/rules/counter\?cafe={west.number}"', rules)
    for cafe in (east, west):
        await cafe.do("register_member", name="韩梅", consent=True, category="student")
    asked = [
        cafe.read(lambda reader: rules_in_force(reader, "counter")[0]["needs_phone"])
        for cafe in (east, west)
    ]
    assert asked == [True, False]
