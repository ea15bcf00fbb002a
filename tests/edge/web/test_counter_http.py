"""The counter's HTTP: commands as JSON and as forms, reading without JavaScript, its guards."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer
from yarl import URL

from edge.events import BarcodeScanned
from edge.web.application import build_application
from edge.web.counter import SESSION_COOKIE
from edge.web.works import WORKS
from tests.edge.desk.counter import (
    CASHIER,
    MANAGER,
    OTHER_CARD,
    PIN,
    Counter,
    furnish,
    open_counter,
)

SHANGHAI = timezone(timedelta(hours=8))
HTMX = {"HX-Request": "true"}


class Site:
    """A furnished counter, its address, and one visitor's browser without JavaScript."""

    def __init__(self, counter: Counter, address: str, visitor: ClientSession) -> None:
        self.counter = counter
        self.address = address
        self.visitor = visitor
        self._requests = 0

    def request_id(self) -> str:
        self._requests += 1
        return f"page-request-{self._requests}"

    async def json(self, command: str, **inputs: object) -> tuple[int, dict[str, object]]:
        """Send a command as a program does."""
        inputs.setdefault("request_id", self.request_id())
        async with self.visitor.post(f"{self.address}/desk/{command}", json=inputs) as answer:
            return answer.status, await answer.json()

    async def done(self, command: str, **inputs: object) -> dict[str, object]:
        status, answer = await self.json(command, **inputs)
        assert (status, answer["ok"]) == (200, True), answer
        values = answer["values"]
        assert isinstance(values, dict)
        return values

    async def get(self, path: str, **headers: str) -> str:
        async with self.visitor.get(self.address + path, headers=headers) as answer:
            assert answer.status == 200
            return await answer.text()

    async def log_in(self, staff: int = CASHIER) -> None:
        await self.done("log_in", staff=staff, pin=PIN)
        cookies = self.visitor.cookie_jar.filter_cookies(URL(self.address))
        session = await self.counter.desk.session(cookies[SESSION_COOKIE].value)
        assert session is not None
        await self.counter.have_shift(session)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with (
        open_counter(tmp_path) as counter,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as visitor,
    ):
        await furnish(counter)
        server = TestServer(build_application(counter.desk, SHANGHAI))
        await server.start_server()
        yield Site(counter, str(server.make_url("/")).rstrip("/"), visitor)
        await server.close()


async def test_a_command_as_json_is_done_once_for_its_request_id(site: Site) -> None:
    await site.log_in()
    member = (await site.done("register_member", name="王小明", consent=True))["member"]
    inputs = {"member": member, "amount_fen": 5000, "tender": "cash", "request_id": "top-up-1"}
    answers = await asyncio.gather(*(site.json("top_up", **inputs) for _ in range(5)))
    assert {status for status, _ in answers} == {200}
    assert sorted(answer["repeated"] for _, answer in answers) == [False, True, True, True, True]
    assert len({str(answer["chain_code"]) for _, answer in answers}) == 1
    view = await site.counter.desk.views.member(int(str(member)))
    assert view is not None
    assert view.balance_fen == 5000


async def test_a_refusal_as_json_has_code_and_words_in_the_visitors_language(site: Site) -> None:
    await site.log_in()
    status, answer = await site.json("add_line", sku="NOTHING")
    assert (status, answer["ok"], answer["code"]) == (422, False, "product_unknown")
    assert "没有" in str(answer["words"])
    site.visitor.cookie_jar.update_cookies({"language": "en"})
    _status, answer = await site.json("add_line", sku="NOTHING")
    assert "There is no product" in str(answer["words"])


async def test_without_a_log_in_nothing_is_shown_or_done(site: Site) -> None:
    member = await _member(site)
    status, answer = await site.json("top_up", member=member, amount_fen=100, tender="cash")
    assert (status, answer["code"]) == (401, "log_in_first")
    for work in WORKS:
        text = await site.get(f"/show/{work}")
        assert 'name="pin"' in text
        assert "王小明" not in text
    async with site.visitor.get(f"{site.address}/show/find", headers=HTMX) as answer:
        assert (answer.status, answer.headers["HX-Redirect"]) == (401, "/")
    async with site.visitor.get(f"{site.address}/events") as answer:
        assert await answer.text() == "event: gone\ndata:\n\n"


async def _member(site: Site) -> int:
    await site.counter.log_in()
    return await site.counter.member()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'"x"', b"{", b'{"request_id": 7}', b'{"request_id": ["a"]}']
)
async def test_a_body_that_is_no_command_is_refused(site: Site, body: bytes) -> None:
    await site.log_in()
    headers = {"Content-Type": "application/json"}
    url = f"{site.address}/desk/spend"
    async with site.visitor.post(url, data=body, headers=headers) as answer:
        assert answer.status == 422
        assert (await answer.json())["ok"] is False


async def test_an_oversized_body_is_refused(site: Site) -> None:
    await site.log_in()
    body = json.dumps({"request_id": "request-x", "sku": "x" * 100_000})
    headers = {"Content-Type": "application/json"}
    url = f"{site.address}/desk/add_line"
    async with site.visitor.post(url, data=body, headers=headers) as answer:
        assert answer.status == 413


async def test_every_work_can_be_read_without_javascript(site: Site) -> None:
    member = await _member(site)
    await site.log_in(MANAGER)
    for work in WORKS:
        text = await site.get(f"/show/{work}?member={member}")
        assert text.startswith("<!doctype html>")
        assert 'id="truth"' in text
    assert "王小明" in await site.get(f"/show/ledger?member={member}")
    assert "王小明" in await site.get("/show/find?text=王")


async def test_a_form_without_javascript_is_answered_with_the_whole_page(site: Site) -> None:
    await site.log_in()
    url = f"{site.address}/desk/goods_receipt"
    form = {"request_id": site.request_id(), "quantity:COLA": "24", "quantity:NOODLE": ""}
    async with site.visitor.post(url, data=form) as answer:
        text = await answer.text()
    assert text.startswith("<!doctype html>")
    assert 'data-done="goods_receipt"' in text
    products = {product.sku: product for product in await site.counter.desk.views.products()}
    assert (products["COLA"].in_stock, products["NOODLE"].in_stock) == (24, 0)


async def test_a_refused_form_says_why_and_keeps_what_was_typed(site: Site) -> None:
    member = await _member(site)
    await site.log_in()
    await site.done("show_member", member=member)
    url = f"{site.address}/desk/top_up"
    form = {"request_id": site.request_id(), "member": str(member), "tender": "wechat"}
    for typed, code in (
        ("-5", "amount_negative"),
        ("1.234", "amount_fractional"),
        ("x<y", "amount_not_a_number"),
    ):
        async with site.visitor.post(
            url, data={**form, "amount_yuan": typed}, headers=HTMX
        ) as answer:
            text = await answer.text()
            assert answer.status == 422
        assert code in text
        assert f'value="{typed.replace("<", "&lt;")}"' in text


async def test_names_are_text_and_never_markup(site: Site) -> None:
    await site.log_in()
    name = "<b onmouseover=x>王</b>"
    member = (await site.done("register_member", name=name, consent=True))["member"]
    await site.done("show_member", member=member)
    text = await site.get("/")
    assert "<b onmouseover" not in text
    assert "&lt;b onmouseover" in text


async def test_another_sites_page_changes_nothing(site: Site) -> None:
    await site.log_in()
    url = f"{site.address}/desk/add_line"
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        form = {"request_id": site.request_id(), "sku": "COLA"}
        async with site.visitor.post(url, data=form, headers=headers) as answer:
            assert answer.status == 403, headers
    page = await site.counter.desk.views.counter(None, 1)
    assert page.ticket.lines == ()


async def test_every_answer_forbids_foreign_and_inline_scripts(site: Site) -> None:
    await site.log_in()
    for path in ("/", "/static/counter.js", "/nowhere"):
        async with site.visitor.get(site.address + path) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "script-src 'self'" in policy
            assert "unsafe" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
    text = await site.get("/")
    assert " style=" not in text
    assert "http://" not in text.replace(site.address, "")
    assert "https://" not in text


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_ends(site: Site) -> None:
    url = f"{site.address}/desk/log_in"
    form = {"request_id": site.request_id(), "staff": str(MANAGER), "pin": PIN}
    async with site.visitor.post(url, data=form, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/show/open-shift")
        cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    await site.done("log_out")
    assert 'name="pin"' in await site.get("/")


async def test_the_token_is_in_the_cookie_and_nowhere_else(site: Site) -> None:
    values = await site.done("log_in", staff=CASHIER, pin=PIN)
    assert "token" not in values


async def test_a_tap_is_pushed_to_the_page_as_it_happens(site: Site) -> None:
    member = await _member(site)
    await site.log_in()
    async with site.visitor.get(f"{site.address}/events") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        first = await _events_until(stream.content, "truth")
        assert {"who", "right", "left", "ticket", "truth"} <= first.keys()
        await site.counter.tap()
        pushed = await _events_until(stream.content, "left")
    assert f'data-member="{member}"' in pushed["who"]


async def test_an_unregistered_card_goes_to_the_form_that_waits_for_one(site: Site) -> None:
    await site.log_in()
    async with site.visitor.get(f"{site.address}/events") as stream:
        await _events_until(stream.content, "truth")
        await site.counter.tap()
        pushed = await _events_until(stream.content, "card")
    assert 'name="card_uid" value="04a1b2c3"' in pushed["card"].lower()


@pytest.mark.covers("A441")
async def test_a_scan_goes_to_the_terminal_used_last_and_counts_once(site: Site) -> None:
    scans = site.counter.desk.scans
    scan = BarcodeScanned("scanner", "COLA", 0)
    scans.scanned(scan)  # no page is open for longer than a scan waits
    site.counter.clock.forward(6)
    await site.log_in()
    async with site.visitor.get(f"{site.address}/events") as stream:
        await _events_until(stream.content, "truth")
        scans.scanned(scan)
        pushed = await _events_until(stream.content, "scanned")
    heard = json.loads(pushed["scanned"])
    assert heard["id"].endswith("-2")
    line = {"request_id": heard["id"], "sku": heard["text"], "quantity": 1}
    answers = [await site.json("add_line", **line) for _window in range(2)]
    assert [(status, answer["repeated"]) for status, answer in answers] == [
        (200, False),
        (200, True),
    ]
    assert (len(scans.after(1, terminal=1)), scans.after(1, terminal=2)) == (1, ())
    # A page that is loaded anew hears of what was just read, and of nothing older.
    async with site.visitor.get(f"{site.address}/events") as stream:
        pushed = await _events_until(stream.content, "scanned")
    assert json.loads(pushed["scanned"]) == heard


async def test_a_scan_finds_the_open_page_before_anybody_did_anything(site: Site) -> None:
    """As after a start of the box: the page and its log-in are from before it."""
    await site.log_in()
    site.counter.desk.scans.used(0)
    async with site.visitor.get(f"{site.address}/events") as stream:
        await _events_until(stream.content, "truth")
        site.counter.desk.scans.scanned(BarcodeScanned("scanner", "COLA", 0))
        assert "COLA" in (await _events_until(stream.content, "scanned"))["scanned"]


async def test_pages_hear_of_a_log_out_and_the_log_in_page_of_what_is_so_now(site: Site) -> None:
    async with site.visitor.get(f"{site.address}/log-in/events") as stream:
        assert 'data-shift=""' in (await _events_until(stream.content, "truth"))["truth"]
        await site.log_in()  # with a shift
        truth = ""
        while "李" not in truth:
            truth = (await _events_until(stream.content, "truth"))["truth"]
    async with site.visitor.get(f"{site.address}/events") as stream:
        await _events_until(stream.content, "truth")
        await site.done("log_out")
        await _events_until(stream.content, "gone")


async def test_a_payment_that_was_shown_for_one_member_charges_no_other(site: Site) -> None:
    """Two windows on one ticket: the total is the same, the purse is another."""
    member = await _member(site)
    other = await site.counter.member(OTHER_CARD, "Zhang Wei")
    await site.log_in()
    for one in (member, other):
        await site.done("top_up", member=one, amount_fen=1000, tender="cash")
    await site.done("add_line", sku="COLA")
    await site.done("set_ticket_member", member=member)
    shown = re.search(r'name="ticket" value="(\d+)"', await site.get("/show/pay"))
    assert shown is not None
    await site.done("set_ticket_member", member=other)
    paying = {"expected_total_fen": 450, "tender": "wallet"}
    status, answer = await site.json("pay", ticket=int(shown[1]), **paying)
    assert (status, answer["code"]) == (422, "ticket_changed")
    assert (await site.done("pay", **paying))["total_fen"] == 450


async def _events_until(content: asyncio.StreamReader, last: str) -> dict[str, str]:
    """Read events up to one of this name; their HTML by name."""
    found: dict[str, str] = {}
    async with asyncio.timeout(60):
        while last not in found:
            lines = []
            while line := (await content.readline()).decode().rstrip("\n"):
                lines.append(line)
            if not lines or not lines[0].startswith("event: "):
                continue  # how to come back, and the version of the screen
            name = lines[0].removeprefix("event: ")
            found[name] = "\n".join(line.removeprefix("data: ") for line in lines[1:])
    return found


async def test_the_stream_ends_at_once_when_the_box_stops(site: Site) -> None:
    await site.log_in()
    server = TestServer(build_application(site.counter.desk, SHANGHAI))
    await server.start_server()
    async with site.visitor.get(server.make_url("/events")) as stream:
        await _events_until(stream.content, "truth")
        async with asyncio.timeout(5):
            await server.close()


async def test_languages_are_kept_in_a_cookie(site: Site) -> None:
    assert "谁在收银台" in await site.get("/")
    async with site.visitor.post(f"{site.address}/language/en") as answer:
        assert "Who is at the counter?" in await answer.text()
    async with site.visitor.post(f"{site.address}/language/xx") as answer:
        assert answer.status == 404
