"""A till whose people can be changed as head office does, and whose log-in opens no shift."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer

from edge.web.application import build_application
from sync_protocol.accounts import FEN, PETTY_CASH, SAFE, TILL, TILL_DIFFERENCE
from sync_protocol.kinds import SHIFT, STAFF
from tests.edge.desk.counter import CAFE, CASHIER, MANAGER, PIN, furnish, open_counter
from tests.edge.web.test_counter_http import Site

SHANGHAI = timezone(timedelta(hours=8))
APPROVED = {"approver": MANAGER, "approver_pin": PIN}
YUAN = 100


@dataclass(frozen=True)
class Books:
    """What the cafe's accounts of cash say, debit positive."""

    till: int
    safe: int
    petty_cash: int
    difference: int


class Drawer(Site):
    """A counter, its drawer and its books; `routes` are those of its application."""

    routes: set[tuple[str, str]]

    async def sign_in(self, staff: int = CASHIER) -> dict[str, object]:
        """Log in and do nothing else."""
        return await self.done("log_in", staff=staff, pin=PIN)

    async def refused(self, command: str, **inputs: object) -> str:
        """The code of a refusal; nothing is written by it."""
        before = self.counter.own_seq()
        status, answer = await self.json(command, **inputs)
        assert answer["ok"] is False, answer
        assert status in (401, 403, 422)
        assert self.counter.own_seq() == before
        return str(answer["code"])

    async def sell_hour(self, tender: str = "cash") -> dict[str, object]:
        """Sell an hour for ¥3 to a walk-in."""
        await self.done("add_line", sku="HOUR")
        reference = {} if tender == "cash" else {"tender_reference": "T1001"}
        return await self.done("pay", tender=tender, expected_total_fen=300, **reference)

    async def count(self, amount_fen: int, **more: object) -> dict[str, object]:
        """Count so much, in the largest notes."""
        lines, left = [], amount_fen
        for fen in (10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10, 1):
            if left // fen:
                lines.append([str(fen), left // fen])
            left %= fen
        return await self.done("count_cash", lines=lines, **more)

    async def staff(self, number: int, **values: object) -> None:
        """Let head office change a person."""
        await self.counter.hub.document(STAFF, number, values)
        self.counter.desk.log_applied()

    @property
    def books(self) -> Books:
        """The cafe's accounts of cash."""
        found = (
            self.counter.shown((code, CAFE, 0, 0, 0, FEN))
            for code in (TILL, SAFE, PETTY_CASH, TILL_DIFFERENCE)
        )
        return Books(*found)

    def shift(self, shift: object) -> dict[str, object]:
        """A shift's document."""
        with self.counter.store.read() as reader:
            document = reader.register(SHIFT, int(str(shift)))
            assert document is not None
            names = ("status", "staff", "float_fen", "counted_fen", "expected_fen", "note")
            more = ("difference_fen", "handed_to", "blank_cards", "left_fen", "petty_cash")
            return {name: document.value(name) for name in (*names, *more)}


@pytest.fixture
async def drawer(tmp_path: Path) -> AsyncIterator[Drawer]:
    async with (
        open_counter(tmp_path) as counter,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as visitor,
    ):
        await furnish(counter)
        server = TestServer(build_application(counter.desk, SHANGHAI))
        await server.start_server()
        yield Drawer(counter, str(server.make_url("/")).rstrip("/"), visitor)
        await server.close()
