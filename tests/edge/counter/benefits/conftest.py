"""A cafe that sells by rules of the test's making, through the counter's HTTP."""

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer

from edge.web.application import build_application
from sync_protocol.accounts import ITEM, STOCK
from sync_protocol.kinds import CARD, MEMBER, PRODUCT, RULE
from sync_protocol.rules import RULES
from tests.edge.desk.counter import (
    BOX,
    CAFE,
    CASHIER,
    EPOCH,
    MANAGER,
    PIN,
    furnish,
    open_counter,
)
from tests.edge.web.test_counter_http import Site

SHANGHAI = timezone(timedelta(hours=8))
APPROVED = {"approver": MANAGER, "approver_pin": PIN}
FORM = {"HX-Request": "true"}


class Shop(Site):
    """A counter with a cashier at it, whose head office publishes what a test wants."""

    async def publish(self, rule: str, *rows: dict[str, object], version: int = 7) -> None:
        """Let head office publish a rule; what a row leaves out is the column's default."""
        columns = RULES[rule].columns
        for row in rows:
            assert row.keys() <= {column.name for column in columns}
        values = [[row.get(column.name, column.default) for column in columns] for row in rows]
        await self.counter.hub.document(RULE, rule, {"version": version, "values": values})
        self.counter.desk.log_applied()

    async def product(self, sku: str, price_fen: int, **more: object) -> None:
        """Let head office list a product."""
        values = {"name": sku, "name_en": sku, "price_fen": price_fen, "on_sale": True, **more}
        await self.counter.hub.document(PRODUCT, sku, values)
        self.counter.desk.log_applied()

    async def member(self, name: str = "王小明", **more: object) -> int:
        """Register a member; `more` is what head office writes on their document."""
        answer = await self.done("register_member", name=name, consent=True)
        member = int(str(answer["member"]))
        if more:
            await self.counter.hub.confirm_all()
            await self.counter.hub.document(MEMBER, member, more)
            self.counter.desk.log_applied()
        return member

    async def card(self, member: int, type: str, uid: str) -> None:
        """Give a member a card of a type."""
        answer = await self.done("issue_card", member=member, card_uid=uid)
        await self.counter.hub.confirm_all()
        await self.counter.hub.document(CARD, int(str(answer["card"])), {"type": type})
        self.counter.desk.log_applied()

    async def ticket(self, member: int, **items: int) -> int:
        """Open a ticket of a member (0: a walk-in) and return what is due."""
        await self.done("abandon")
        for sku, quantity in items.items():
            await self.done("add_line", sku=sku, quantity=quantity)
        customer = {"member": member} if member else {}
        return int(str((await self.done("set_ticket_member", **customer))["total_fen"]))

    async def buy(self, member: int, tender: str = "cash", **items: int) -> dict[str, object]:
        """Sell to a member and return the answer."""
        due = await self.ticket(member, **items)
        return await self.done("pay", tender=tender, expected_total_fen=due)

    async def refused(self, command: str, **inputs: object) -> str:
        """The code of a refusal, which has words in both languages; nothing was written."""
        before = self.counter.own_seq()
        status, answer = await self.json(command, **inputs)
        assert (status, answer["ok"]) == (422, False), answer
        self.visitor.cookie_jar.update_cookies({"language": "en"})
        _, english = await self.json(command, **{**inputs, "request_id": self.request_id()})
        self.visitor.cookie_jar.update_cookies({"language": "zh"})
        assert english["code"] == answer["code"]
        assert english["words"] != answer["words"]
        assert self.counter.own_seq() == before
        return str(answer["code"])

    async def show(self, work: str, member: int = 0) -> str:
        """A work as the page shows it, with a member on the screen."""
        if member:
            await self.done("show_member", member=member)
        return await self.get(f"/show/{work}", **{"HX-Request": "true"})

    async def form(self, command: str, **fields: str) -> str:
        """Send a form as the page does; the fragment that comes back."""
        fields.setdefault("request_id", self.request_id())
        url = f"{self.address}/desk/{command}"
        async with self.visitor.post(url, data=fields, headers=FORM) as answer:
            return await answer.text()

    async def points(self, member: int) -> int:
        """A member's points as the page says them."""
        return int(re.search(r'data-points="(\d+)"', await self._who(member))[1])  # type: ignore[index]  # a page without it fails

    async def balance_fen(self, member: int) -> int:
        """A member's balance as the page says it."""
        return int(re.search(r'data-balance-fen="(\d+)"', await self._who(member))[1])  # type: ignore[index]  # as above

    async def _who(self, member: int) -> str:
        await self.done("show_member", member=member)
        return await self.get("/")

    def held(self, code: int, subject: int | str, unit: str) -> int:
        """What this box holds of an account, on a creditor's side."""
        return -self.counter.shown((code, subject, BOX, EPOCH, 0, unit))

    def in_stock(self, sku: str) -> int:
        return self.counter.shown((STOCK, CAFE, 0, 0, 0, ITEM + sku))

    @property
    def now(self) -> datetime:
        """The counter's local time."""
        return datetime.fromtimestamp(self.counter.clock.now_ms / 1000, SHANGHAI)

    @property
    def today(self) -> int:
        """The business day, which begins at 6."""
        day = self.now - timedelta(hours=6)
        return day.year * 10000 + day.month * 100 + day.day

    def day_after(self, days: int) -> int:
        day = self.now - timedelta(hours=6) + timedelta(days=days)
        return day.year * 10000 + day.month * 100 + day.day

    def at_hour(self, hour: int, days: int = 0) -> None:
        """Let it be a full local hour, so many days later."""
        wanted = self.now.replace(hour=hour, minute=0, second=0, microsecond=0)
        wanted += timedelta(days=days)
        self.counter.clock.forward((wanted - self.now).total_seconds())


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with (
        open_counter(tmp_path) as counter,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as visitor,
    ):
        await furnish(counter)
        server = TestServer(build_application(counter.desk, SHANGHAI))
        await server.start_server()
        shop = Shop(counter, str(server.make_url("/")).rstrip("/"), visitor)
        shop.at_hour(10)
        await shop.log_in(CASHIER)
        yield shop
        await server.close()
