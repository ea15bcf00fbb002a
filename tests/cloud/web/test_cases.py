"""The conflict inbox over HTTP: a real hub, two real boxes, each conflict made without a line."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar

from cloud.domain.epochs import fencing
from cloud.hub.builder import Proposal
from cloud.hub.cases import read_cases
from cloud.hub.draft import Draft, HubOps
from edge.store.reader import Reader
from sync_protocol.accounts import ASSET_SOURCE, BONUS, HUB_HOLDER, POINTS_HELD, WALLET
from sync_protocol.codec import pack
from sync_protocol.kinds import ALIAS, CARD, CASE, MEMBER, NODE, field_index
from sync_protocol.ops import OpRef
from tests import conflicts
from tests.two_cafes import OFFICE, PASSWORD, Cafe, TwoCafes, eventually, open_two_cafes

NOTE = "电话里问过两边"


class Inbox:
    """A person of head office at the page of cases."""

    def __init__(self, chain: TwoCafes, client: ClientSession) -> None:
        self.chain, self.client = chain, client

    async def page(self, query: str = "") -> str:
        async with self.client.get(f"{self.chain.url}/cases{query}") as answer:
            assert answer.status == 200
            return await answer.text()

    async def seen(self, kind: str) -> tuple[str, str]:
        """The number of the only open case of a kind, and what its form was shown with."""
        parts = (await self.page()).split("<article")[1:]
        (article,) = [part for part in parts if f'data-kind="{kind}"' in part]
        number = re.search(r'data-case="(\d+)"', article)
        seen = re.search(r'name="seen" value="([0-9a-f]+)"', article)
        assert number
        assert seen
        return number[1], seen[1]

    async def settle(
        self, kind: str, choice: str, note: str = NOTE, shown: tuple[str, str] | None = None
    ) -> tuple[int, str]:
        """Press a button; returns the answer's status and page."""
        case, seen = shown or await self.seen(kind)
        form = {"choice": choice, "note": note, "seen": seen}
        address = f"{self.chain.url}/cases/{case}/settle"
        async with self.client.post(address, data=form) as answer:
            return answer.status, await answer.text()

    def open(self) -> list[str]:
        """Types of the open cases."""
        cases = read_cases(self.chain.office.hub.reader)
        return sorted(case.type for case in cases if case.status == "open")


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[TwoCafes]:
    async with open_two_cafes(tmp_path) as running:
        yield running


@pytest.fixture
async def inbox(chain: TwoCafes) -> AsyncIterator[Inbox]:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as client:
        form = {"name": OFFICE, "password": PASSWORD}
        async with client.post(f"{chain.url}/log-in", data=form) as answer:
            assert answer.status == 200
        yield Inbox(chain, client)


def value(chain: TwoCafes, kind: int, key: int | str, field: str) -> list[object]:
    """A confirmed field at the first and the second cafe."""
    found: list[object] = []
    for cafe in chain.cafes:
        document = cafe.read(lambda reader: reader.register(kind, key))
        row = document.confirmed if document is not None else None
        found.append(None if row is None else row.value(field_index(kind, field)))
    return found


async def test_a_concurrent_edit_is_settled_and_both_cafes_are_told(
    chain: TwoCafes, inbox: Inbox
) -> None:
    notes = ({"note": "靠窗坐"}, {"note": "靠门坐"})
    member = await conflicts.both_edit(chain, notes)
    await chain.agree()
    assert inbox.open() == ["concurrent"]
    page = await inbox.page()
    for words in ("靠窗坐", "靠门坐", "甲店", "乙店", "备注"):
        assert words in page
    for cafe in chain.cafes:
        assert "等总部决定" in await cafe.page()
    status, page = await inbox.settle("member", "keep_a")
    assert status == 200
    assert "已处理" in page
    await chain.agree()
    assert value(chain, MEMBER, member, "note") == ["靠窗坐", "靠窗坐"]
    assert "以本店为准" in await chain.cafes[0].page()
    assert "以甲店为准" in await chain.cafes[1].page()
    assert NOTE in await chain.cafes[1].page()
    assert inbox.open() == []
    (case,) = read_cases(chain.office.hub.reader)
    assert (case.settlement, case.note) == ("keep_a", NOTE)
    assert OFFICE in await inbox.page()


async def test_a_phone_goes_to_the_second_and_the_first_is_told_to_ask_anew(
    chain: TwoCafes, inbox: Inbox
) -> None:
    first, second = await conflicts.same_phone(chain)
    await chain.agree()
    assert inbox.open() == ["lost_claim"]
    assert "换一个手机号" in await chain.cafes[1].page()
    await inbox.settle("phone_claim", "keep_b")
    await chain.agree()
    assert value(chain, MEMBER, first, "phone") == [None, None]
    assert value(chain, MEMBER, second, "phone") == ["+86" + conflicts.PHONE] * 2
    assert "另留一个手机号" in await chain.cafes[0].page()


async def test_one_person_registered_twice_is_merged_and_both_cases_close(
    chain: TwoCafes, inbox: Inbox
) -> None:
    first, second = await conflicts.same_person(chain)
    await chain.agree()
    assert inbox.open() == ["lost_claim", "lost_claim"]
    await inbox.settle("phone_claim", "merge")
    await chain.agree()
    assert inbox.open() == []
    assert value(chain, ALIAS, second, "into") == [first, first]
    assert "合并成一份" in await chain.cafes[1].page()


async def test_a_card_given_to_two_people_stays_with_the_first(
    chain: TwoCafes, inbox: Inbox
) -> None:
    await conflicts.same_card(chain)
    await chain.agree()
    assert "收回这张卡" in await chain.cafes[1].page()
    await inbox.settle("card_claim", "keep_a")
    await chain.agree()
    statuses = {}
    for document in chain.cafes[0].read(lambda reader: list(reader.registers(CARD))):
        statuses[document.value("member")] = document.value("status")
    assert sorted(map(str, statuses.values())) == ["active", "void"]


async def test_an_asset_received_twice_is_undone_by_the_cafe_that_lost_it(
    chain: TwoCafes, inbox: Inbox
) -> None:
    await conflicts.same_asset(chain)
    await chain.agree()
    assert inbox.open() == ["lost_claim"]
    assert conflicts.TAG in await inbox.page()
    await inbox.settle("asset_claim", "keep_a")
    await chain.agree()
    west = chain.cafes[1]
    assert f"撤销 {conflicts.TAG} 的入库" in await west.page()
    assert "asset_receipt_cancel" not in await chain.cafes[0].page()
    await west.do("asset_receipt_cancel", tag=conflicts.TAG)
    await chain.agree()
    unit = "asset:" + conflicts.TAG
    for cafe in chain.cafes:
        places = cafe.read(lambda reader: reader.places_of_asset(unit))
        received = [account[1] for account, _ in places if account[0] == ASSET_SOURCE]
        assert received == [chain.cafes[0].number]
    assert f"撤销 {conflicts.TAG}" not in await west.page()


async def test_opening_balances_that_two_cafes_imported_count_once_and_both_are_told(
    chain: TwoCafes, inbox: Inbox
) -> None:
    """The first in the log stands, to the fen; of the second nothing was ever to be spent."""
    member = await conflicts.same_opening(chain, (12_000, 13_000))
    east, west = chain.cafes
    with west.store.read() as reader:
        there = [account for account, _ in reader.balances_of(WALLET, member)]
    assert [account[2:4] for account in there] == [HUB_HOLDER]
    await chain.agree()
    for cafe in chain.cafes:
        held = {
            (code, unit): cafe.read(lambda reader, at=(code, unit): _sum(reader, *at, member))
            for code, unit in ((WALLET, "fen"), (BONUS, "fen"), (POINTS_HELD, "points"))
        }
        assert list(held.values()) == [-12_000, -150, -30]
    page = await inbox.page()
    for words in ("两家门店都导入了", "120.00", "130.00", "陈旧"):
        assert words in page
    assert "已自动冲回" in await west.page()
    assert "本店的有效" in await east.page()
    await inbox.settle("opening_claim", "dismiss")
    assert inbox.open() == ["concurrent"]  # each wrote its own cafe as the member's
    # Imported again, on either side, it stays once.
    for cafe in chain.cafes:
        await cafe.import_list("balances", "会员号,储值\nL-1,130.00\n")
    await chain.agree()
    assert east.read(lambda reader: _sum(reader, WALLET, "fen", member)) == -12_000
    assert _case_hash(east) == _case_hash(west)


def _sum(reader: Reader, code: int, unit: str, member: int) -> int:
    return sum(balance.shown for _, balance in reader.balances_of(code, member, unit))


async def test_a_void_of_a_current_epoch_is_noted(chain: TwoCafes, inbox: Inbox) -> None:
    await conflicts.void_sale(chain)
    await chain.agree()
    page = await inbox.page()
    assert "以别的门店的名义写入" in page
    assert "联系总部" in await chain.cafes[1].page()
    assert "联系总部" not in await chain.cafes[0].page()
    status, _page = await inbox.settle("transaction", "dismiss")
    assert status == 200
    assert inbox.open() == []


async def test_a_fenced_box_has_a_case_that_says_what_to_do(chain: TwoCafes, inbox: Inbox) -> None:
    cafe = chain.cafes[1]
    await cafe.do("asset_receipt", tag="KB-0001", name="键盘")
    await chain.agree()
    head = cafe.read(lambda reader: reader.own_head())
    last = OpRef(cafe.node, 1, head.seq, head.hash[:8])

    def decide(draft: Draft) -> HubOps:
        row = draft.state.register(NODE, cafe.node)
        return fencing(last, "rewind", cafe.number, row, draft.hub_ms)

    await chain.office.hub.propose(Proposal(decide))
    page = await inbox.page("?type=fenced_epoch")
    assert "恢复了旧数据" in page
    assert "乙店" in page
    assert 'href="/boxes"' in page
    await eventually(lambda: _says(cafe, "注册码"), "the cafe to be told")


async def _says(cafe: Cafe, words: str) -> bool:
    return words in await cafe.page()


async def test_settling_twice_blindly_or_without_a_reason_changes_nothing(
    chain: TwoCafes, inbox: Inbox
) -> None:
    notes = ({"note": "靠窗坐"}, {"note": "靠门坐"})
    member = await conflicts.both_edit(chain, notes)
    await chain.agree()
    shown = await inbox.seen("member")
    position = chain.office.hub.head().position
    for choice, note, code in (
        ("keep_a", "", "note_missing"),
        ("keep_a", "安安说靠窗", "note_personal"),
        ("merge", NOTE, "settlement_unknown"),
    ):
        status, page = await inbox.settle("member", choice, note)
        assert (status, code in page) == (422, True), code
    assert (await inbox.settle("", "keep_a", shown=("77", shown[1])))[0] == 422
    assert chain.office.hub.head().position == position
    await conflicts.edit(chain.cafes[0], member, {"note": "都可以"})
    await chain.agree()
    status, page = await inbox.settle("member", "keep_a", shown=shown)
    assert (status, "case_changed" in page) == (422, True)
    assert "data-changed" in page
    assert NOTE in page
    shown = await inbox.seen("member")
    assert (await inbox.settle("member", "keep_a", shown=shown))[0] == 200
    status, page = await inbox.settle("member", "keep_b", shown=shown)
    assert (status, "case_settled" in page) == (422, True)
    await chain.agree()
    assert value(chain, MEMBER, member, "note") == ["靠窗坐", "靠窗坐"]


async def test_after_an_erasure_the_case_shows_no_value_and_can_be_put_aside(
    chain: TwoCafes, inbox: Inbox
) -> None:
    notes = ({"note": "靠窗坐"}, {"note": "靠门坐"})
    member = await conflicts.both_edit(chain, notes)
    await chain.agree()
    await chain.office.erase(member, 0)
    await chain.agree()
    page = await inbox.page()
    assert "靠窗坐" not in page
    assert "已被清除" in page
    assert "keep_a" not in page
    assert "已清除的会员" in await chain.cafes[0].page()
    assert (await inbox.settle("member", "dismiss"))[0] == 200


async def test_a_settled_chain_is_the_same_everywhere_and_its_cases_hold_no_value(
    chain: TwoCafes, inbox: Inbox
) -> None:
    await conflicts.both_edit(chain, ({"note": "靠窗坐"}, {"note": "靠门坐"}))
    await conflicts.same_phone(chain)
    await chain.agree()
    await inbox.settle("member", "keep_b")
    await inbox.settle("phone_claim", "keep_a")
    await chain.agree()
    sums = [_case_hash(chain.cafes[place]) for place in (0, 1)]
    assert sums[0] == sums[1]
    for cafe in chain.cafes:
        for document in cafe.read(lambda reader: list(reader.registers(CASE))):
            stored = pack(document.shown.row())
            for personal in ("靠", "安安", "何禾", conflicts.PHONE):
                assert personal.encode() not in stored


def _case_hash(cafe: object) -> list[list[object]]:
    rows = cafe.read(lambda reader: list(reader.registers(CASE)))
    return [[document.key, document.confirmed.row()] for document in rows]


async def test_the_home_page_leads_to_the_inbox_and_cashiers_do_not_settle(
    chain: TwoCafes, inbox: Inbox
) -> None:
    await conflicts.same_phone(chain)
    await chain.agree()
    async with inbox.client.get(f"{chain.url}/") as answer:
        assert '<a href="/cases">1' in await answer.text()
    assert "何禾" in await inbox.page("?type=lost_claim")
    assert "何禾" not in await inbox.page("?type=void")
    shown = await inbox.seen("phone_claim")
    await chain.office.add_staff("小李", "cashier", [], (PASSWORD, ""), 0)
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as client:
        form = {"name": "小李", "password": PASSWORD}
        async with client.post(f"{chain.url}/log-in", data=form) as answer:
            assert (answer.status, "您的职务" in await answer.text()) == (403, True)
        status, page = await Inbox(chain, client).settle("", "keep_a", shown=shown)
    assert (status, "right_missing" in page) == (403, True)
    # A manager decides over their own cafes' cases.
    _east, west = (cafe.number for cafe in chain.cafes)
    await chain.office.add_staff("外店长", "manager", [west + 1], (PASSWORD, ""), 0)
    await chain.office.add_staff("西店长", "manager", [west, west + 1], (PASSWORD, ""), 0)
    for name, code, answered in (("外店长", "cafe_not_yours", 422), ("西店长", "", 200)):
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as client:
            form = {"name": name, "password": PASSWORD}
            async with client.post(f"{chain.url}/log-in", data=form) as answer:
                assert answer.status == 200
            status, page = await Inbox(chain, client).settle("", "keep_a", shown=shown)
        assert (status, code in page) == (answered, True)
