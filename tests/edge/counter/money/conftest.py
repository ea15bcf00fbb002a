"""A till at a cafe whose head office publishes what a test wants, through the counter's HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer

from edge.web.application import build_application
from sync_protocol.accounts import (
    BONUS,
    CLASSES,
    FEN,
    LUCKY,
    LUCKY_HELD,
    POINTS,
    POINTS_HELD,
    PROMOTION,
    WALLET,
)
from sync_protocol.kinds import RULE
from sync_protocol.rules import RULES
from tests.edge.desk.counter import CAFE, CARD, CASHIER, MANAGER, PIN, furnish, open_counter
from tests.edge.web.test_counter_http import Site

SHANGHAI = timezone(timedelta(hours=8))
APPROVED = {"approver": MANAGER, "approver_pin": PIN}
FORM = {"HX-Request": "true"}


class Till(Site):
    """A counter with a cashier at it and a member before it."""

    member = 0

    async def publish(self, rule: str, *rows: dict[str, object]) -> None:
        """Let head office publish a rule; what a row leaves out is the column's default."""
        columns = RULES[rule].columns
        for row in rows:
            assert row.keys() <= {column.name for column in columns}
        values = [[row.get(column.name, column.default) for column in columns] for row in rows]
        await self.counter.hub.document(RULE, rule, {"version": 7, "values": values})
        self.counter.desk.log_applied()

    async def top_up(self, amount_fen: int, **more: object) -> dict[str, object]:
        """Top the member up, in cash unless told."""
        asked: dict[str, object] = {"tender": "cash", "member": self.member, **more}
        return await self.done("top_up", amount_fen=amount_fen, **asked)

    async def refused(self, command: str, **inputs: object) -> str:
        """The code of a refusal; nothing is written by it."""
        before = self.counter.own_seq()
        status, answer = await self.json(command, **inputs)
        assert (status in (403, 422), answer["ok"]) == (True, False), answer
        assert self.counter.own_seq() == before
        return str(answer["code"])

    async def form(self, command: str, **fields: str) -> str:
        """Send a form as the page does; the fragment that comes back."""
        fields.setdefault("request_id", self.request_id())
        url = f"{self.address}/desk/{command}"
        async with self.visitor.post(url, data=fields, headers=FORM) as answer:
            return await answer.text()

    def has(self, code: int, member: int = 0) -> int:
        """What the member has of a class, all holders and months together."""
        unit = {POINTS_HELD: POINTS, LUCKY_HELD: LUCKY}.get(code, FEN)
        with self.counter.store.read() as reader:
            found = reader.balances_of(code, member or self.member, unit)
        return sum(balance.shown for _, balance in found) * CLASSES[code].side

    @property
    def wallet_fen(self) -> int:
        """The member's money."""
        return self.has(WALLET)

    @property
    def bonus_fen(self) -> int:
        """The member's bonus credit."""
        return self.has(BONUS)

    @property
    def lucky(self) -> int:
        """The member's lucky points."""
        return self.has(LUCKY_HELD)

    @property
    def promotion_fen(self) -> int:
        """What bonuses have cost."""
        return self.of_cafe(PROMOTION)

    def of_cafe(self, code: int) -> int:
        """A cafe's account, debit positive."""
        return self.counter.shown((code, CAFE, 0, 0, 0, FEN))

    async def slip(self, number: int) -> str:
        """The text of the receipt that came out as the `number`th (from 1)."""
        await self.counter.printer.wait_for(number)
        receipt, _copy = self.counter.printer.printed[number - 1]
        return "\n".join(str(line) for line in receipt.lines)


@pytest.fixture
async def till(tmp_path: Path) -> AsyncIterator[Till]:
    async with (
        open_counter(tmp_path) as counter,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as visitor,
    ):
        await furnish(counter)
        server = TestServer(build_application(counter.desk, SHANGHAI))
        await server.start_server()
        till = Till(counter, str(server.make_url("/")).rstrip("/"), visitor)
        till.visitor.cookie_jar.update_cookies({"language": "en"})
        await till.log_in(CASHIER)
        member = await till.done(
            "register_member", name="王小明", consent=True, card_uid=CARD.hex()
        )
        till.member = int(str(member["member"]))
        await till.done("show_member", member=till.member)
        yield till
        await server.close()
