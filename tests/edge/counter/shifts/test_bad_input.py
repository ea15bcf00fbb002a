"""Bad input at every field of every command: generated from COMMANDS, so that new ones are in.

Whatever comes, the answer is a clear refusal that changed nothing or, where a text may well say
that, a thing done; it is never a fault of the server.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer

from edge.desk.commands import APPROVER, APPROVER_PIN, Command, Input
from edge.desk.table import TOPICS
from edge.domain.words import WORDS
from edge.web.application import build_application
from edge.web.works import WORKS
from sync_protocol.kinds import STAFF
from tests.edge.counter.shifts.conftest import Drawer
from tests.edge.desk.counter import CARD, furnish, open_counter, pin_hash

ADMIN = 777
SHANGHAI = timezone(timedelta(hours=8))
BAD = (
    -1,
    0,
    0.5,
    2**63,
    -(2**63),
    float("nan"),
    True,
    None,
    "",
    "😀" * 10,
    "1'; DROP TABLE op; --",
    "<script>alert(1)</script>",
    '=HYPERLINK("http://x")',
    "\x00",
    "x" * 5_000,
    [],
    {"a": 1},
    [[1, 2, 3], ["x"], None],
)
ENDERS = ("close_shift", "hand_over", "log_out")
"""Done last: they end what the others need."""
COUNTS = """
SELECT (SELECT count(*) FROM op), (SELECT count(*) FROM request), (SELECT count(*) FROM print_job),
(SELECT total(length(value)) FROM setting WHERE name NOT LIKE 'audit.%')
"""


@pytest.fixture
async def till(tmp_path: Path) -> AsyncIterator[Drawer]:
    """A till whose cashier may do everything, with a member, goods and an open ticket."""
    async with (
        open_counter(tmp_path) as counter,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as visitor,
    ):
        await furnish(counter)
        person = {"name": "总", "role": "admin", "pin_hash": pin_hash(), "active": True}
        await counter.hub.document(STAFF, ADMIN, person)
        server = TestServer(build_application(counter.desk, SHANGHAI))
        await server.start_server()
        drawer = Drawer(counter, str(server.make_url("/")).rstrip("/"), visitor)
        await drawer.sign_in(ADMIN)
        await drawer.done("open_shift", float_fen=100_000)
        await drawer.done("goods_receipt", lines=[["COLA", 10]])
        yield drawer
        await server.close()


async def send(drawer: Drawer, command: str, inputs: dict[str, object]) -> tuple[int, dict]:
    """Send JSON as Python writes it, NaN and all."""
    body = json.dumps({"request_id": drawer.request_id(), **inputs})
    headers = {"Content-Type": "application/json"}
    url = f"{drawer.address}/desk/{command}"
    async with drawer.visitor.post(url, data=body, headers=headers) as answer:
        return answer.status, await answer.json()


def sample(command: Command, member: int) -> dict[str, object]:
    """Plausible inputs of a command; nobody approves."""
    samples: dict[Input, object] = {
        Input.ID: member,
        Input.AMOUNT: 100,
        Input.AMOUNT_OR_NONE: 100,
        Input.QUANTITY: 1,
        Input.TEXT: "abc",
        Input.FLAG: True,
        Input.LINES: [["COLA", 1]],
        Input.DAY: 20261106,
    }
    return {
        one.name: samples.get(one.type, [["cash", 100, ""]])
        for one in command.parameters
        if one.name not in (APPROVER, APPROVER_PIN)
    }


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.__name__.rpartition(".")[2])
async def test_no_field_of_any_command_takes_what_it_should_not(
    till: Drawer, tmp_path: Path, topic: object
) -> None:
    member = (await till.done("register_member", name="王小明", consent=True))["member"]
    assert isinstance(member, int)
    connection = sqlite3.connect(f"file:{tmp_path / 'box.db'}?mode=ro", uri=True)
    commands = sorted(topic.ROWS, key=lambda command: command.name in ENDERS)
    for command in commands:
        for field in command.parameters:
            for bad in BAD:
                inputs = {**sample(command, member), field.name: bad}
                if field.name.endswith("_fen"):
                    inputs.pop(field.name.removesuffix("_fen") + "_yuan", None)
                before = connection.execute(COUNTS).fetchone()
                status, answer = await send(till, command.name, inputs)
                said = (command.name, field.name, bad, status, answer)
                assert status in (200, 401, 403, 422), said
                if status == 200:
                    assert _may_be(field.type, bad), said
                    continue
                assert answer["code"] in WORDS, said
                assert answer["words"], said
                assert connection.execute(COUNTS).fetchone() == before, said
    connection.close()


def _may_be(type: Input, value: object) -> bool:
    """Whether a field of that type may hold a value of BAD, as what it is or as none."""
    if value in (None, "") or type is Input.FLAG:
        return True
    if type is Input.TEXT:
        return isinstance(value, str) and "\x00" not in value and len(value) <= 200
    if type in (Input.LINES, Input.TENDERS):
        return value == []
    return type in (Input.AMOUNT_OR_NONE, Input.QUANTITY, Input.DAY) and value in (0, False)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.__name__.rpartition(".")[2])
async def test_a_megabyte_is_refused_in_words(till: Drawer, topic: object) -> None:
    for command in topic.ROWS:
        for field in command.parameters[:1]:
            inputs = {field.name: "x" * 1_000_000}
            status, answer = await send(till, command.name, inputs)
            assert (status, answer["code"]) == (413, "body_too_large"), command.name


async def test_no_address_of_a_page_breaks_it(till: Drawer) -> None:
    queries = ("member", "text", "shift", "staff", "card", "sale", "number", "day", "outcome")
    for work in WORKS:
        for bad in ("-1", "0", str(2**63), "1e9", "😀", "' OR 1=1 --", "<b>", "%00", "x" * 300):
            query = dict.fromkeys(queries, bad)
            url = f"{till.address}/show/{work}"
            async with till.visitor.get(url, params=query) as answer:
                text = await answer.text()
                assert answer.status in (200, 403, 422), (work, bad)
                assert bad != "<b>" or 'value="<b>"' not in text
    for path in ("/show/none", "/show/../x", "/desk/none", "/language/none"):
        async with till.visitor.get(till.address + path) as answer:
            assert answer.status in (404, 405), path


async def test_fifty_submits_of_one_payment_charge_once(till: Drawer) -> None:
    member = await till.done("register_member", name="王", consent=True, card_uid=CARD.hex())
    await till.done("top_up", member=member["member"], amount_fen=10_000, tender="cash")
    before = till.books.till
    await till.done("add_line", sku="HOUR", quantity=2)
    inputs = {"tender": "cash", "expected_total_fen": 600, "request_id": "pay-once-and-no-more"}
    answers = await asyncio.gather(*(till.json("pay", **inputs) for _ in range(50)))
    assert {status for status, _ in answers} == {200}
    assert len({str(answer["values"]) for _, answer in answers}) == 1
    assert sum(not answer["repeated"] for _, answer in answers) == 1
    assert till.books.till == before + 600


async def test_fifty_different_submits_of_one_ticket_sell_it_once(till: Drawer) -> None:
    """Fifty browsers, each with an id of its own: the ticket is there once."""
    before = till.books.till
    await till.done("add_line", sku="HOUR", quantity=2)
    inputs = {"tender": "cash", "expected_total_fen": 600}
    answers = await asyncio.gather(*(till.json("pay", **inputs) for _ in range(50)))
    assert sorted(status for status, _ in answers) == [200] + [422] * 49
    assert till.books.till == before + 600
