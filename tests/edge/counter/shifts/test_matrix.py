"""Every route and every command by every role, own and other cafe: generated from what there is.

A route that the router has and MATRIX has not fails, and so does a command or a work that nobody
may or everybody may without a right of its own. Denied means: 403, no row of any table changed but
one of the audit log.
"""

import hashlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from edge.configuration import read
from edge.desk.table import COMMANDS
from edge.domain.rights_table import ROLE_NAMES
from edge.domain.staff import may
from edge.setup.changing import DeviceChange
from edge.web.application import build_application
from edge.web.health import add_health_routes
from edge.web.setup.later import DevicesLater
from edge.web.works import RIGHTS_OF_WORKS, WORKS
from edge.web.works.asked import TICKET
from sync_protocol.kinds import STAFF
from tests.edge.counter.shifts.conftest import Drawer
from tests.edge.desk.counter import EAST_CAFE, PIN, furnish, open_counter, pin_hash

SHANGHAI = timezone(timedelta(hours=8))
ROLES = tuple(sorted(ROLE_NAMES))
STAFF_OF = {role: 700 + number for number, role in enumerate(ROLES)}
HTMX = {"HX-Request": "true"}
TABLES_OF_DENIALS = ("audit",)

Expected = Callable[[str], int]
"""Role ("" before the log-in) -> the status that a route answers."""


def _logged_in(role: str) -> int:
    return 200 if role else 401


MATRIX: dict[tuple[str, str], Expected] = {
    ("GET", "/"): lambda _role: 200,  # the log-in, for nobody
    ("GET", "/show/{work}"): _logged_in,  # by work below
    ("GET", "/reports/{report}.{format}"): lambda role: (
        (200 if may(role, "see_reports") else 403) if role else 401
    ),
    ("POST", "/imports"): lambda role: (422 if may(role, "import_lists") else 403) if role else 401,
    ("GET", "/events"): lambda _role: 200,  # that nobody is logged in, for nobody
    ("GET", "/log-in/events"): lambda _role: 200,
    ("GET", "/customer"): lambda _role: 200,  # a welcome, for nobody
    ("GET", "/customer/events"): lambda _role: 200,
    ("GET", "/setup{rest}"): lambda _role: 303,  # there is no set-up any more
    ("GET", "/setup/devices"): lambda role: (
        (200 if may(role, "set_up_devices") else 403) if role else 303
    ),
    ("POST", "/setup/devices"): lambda role: (
        (422 if may(role, "set_up_devices") else 403) if role else 303
    ),
    ("POST", "/desk/{command}"): _logged_in,  # by command below
    ("POST", "/language/{language}"): lambda _role: 303,
    ("GET", "/static"): lambda _role: 200,
    ("GET", "/healthz"): lambda _role: 200,
    ("GET", "/metrics"): lambda _role: 200,
}

SAMPLES = {
    "work": TICKET,
    "command": "",
    "language": "en",
    "report": "day",
    "format": "csv",
    "rest": "",
}
"""What stands in a pattern when it is asked for."""


@pytest.fixture
async def staffed(tmp_path: Path) -> AsyncIterator[Drawer]:
    """A counter with a person of each role."""
    async with (
        open_counter(tmp_path) as counter,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as visitor,
    ):
        await furnish(counter)
        for role, staff in STAFF_OF.items():
            person = {"name": role, "role": role, "pin_hash": pin_hash(), "active": True}
            await counter.hub.document(STAFF, staff, person)
        application = build_application(counter.desk, SHANGHAI)
        add_health_routes(application, counter.store, counter.desk, CollectorRegistry())
        nothing_found = DeviceChange(tmp_path / "no.toml", read("", tmp_path), lambda *_: ())
        DevicesLater(nothing_found, lambda: None).add_routes(application)
        server = TestServer(application)
        await server.start_server()
        drawer = Drawer(counter, str(server.make_url("/")).rstrip("/"), visitor)
        drawer.routes = {
            (route.method, route.resource.canonical)
            for route in application.router.routes()
            if route.method != "HEAD" and route.resource is not None
        }
        yield drawer
        await server.close()


def test_every_command_and_work_asks_for_a_right() -> None:
    """Nobody needs a right to come and go; everything else is somebody's and not everybody's."""
    open_to_all = {command.name for command in COMMANDS.values() if not command.operation}
    assert open_to_all == {"log_in", "log_out"}
    for command in COMMANDS.values():
        if command.operation:
            allowed = {role for role in ROLES if may(role, command.operation)}
            assert allowed, command.name
            assert allowed != set(ROLES), command.name
    for work in WORKS:
        assert RIGHTS_OF_WORKS[work], work


async def test_the_matrix_has_every_route_and_no_other(staffed: Drawer) -> None:
    assert staffed.routes == set(MATRIX)


def contents(path: Path) -> dict[str, str]:
    """A hash of each table's rows, but for those that every denial adds to."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        names = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        found = {}
        for name in names:
            if name in TABLES_OF_DENIALS:
                continue
            rows = [
                row
                for row in connection.execute(f"SELECT * FROM {name}")  # our own names
                if row[0] != "audit.head"
            ]
            found[name] = hashlib.sha256(repr(rows).encode()).hexdigest()
    connection.close()
    return found


def audit_rows(path: Path) -> int:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        (count,) = connection.execute("SELECT count(*) FROM audit").fetchone()
    connection.close()
    return int(count)


@pytest.mark.covers("A038")
@pytest.mark.parametrize("role", ROLES)
async def test_what_a_role_lacks_the_right_for_is_denied_everywhere(
    staffed: Drawer, tmp_path: Path, role: str
) -> None:
    path = tmp_path / "box.db"
    await staffed.sign_in(STAFF_OF[role])
    before, count = contents(path), audit_rows(path)
    denied = [one for one in COMMANDS.values() if one.operation and not may(role, one.operation)]
    for command in denied:
        status, answer = await staffed.json(command.name)
        assert (status, answer["code"]) == (403, "no_right"), command.name
        assert "values" not in answer
        form = {"request_id": staffed.request_id()}
        url = f"{staffed.address}/desk/{command.name}"
        async with staffed.visitor.post(url, data=form, headers=HTMX) as page:
            assert page.status == 403, command.name
            assert "no_right" in await page.text()
        count += 2
        assert audit_rows(path) == count, command.name
    for work, rights in RIGHTS_OF_WORKS.items():
        allowed = work == TICKET or any(may(role, right) for right in rights)
        async with staffed.visitor.get(f"{staffed.address}/show/{work}") as page:
            assert page.status == (200 if allowed else 403), work
        count += not allowed
        assert audit_rows(path) == count, work
    assert contents(path) == before


@pytest.mark.parametrize("role", ROLES)
async def test_what_a_role_has_the_right_for_is_not_denied(staffed: Drawer, role: str) -> None:
    await staffed.sign_in(STAFF_OF[role])
    for command in COMMANDS.values():
        if command.operation and may(role, command.operation):
            status, answer = await staffed.json(command.name)
            assert status in (200, 422), (command.name, answer)
            assert answer.get("code") != "no_right"


async def test_who_only_reads_or_repairs_sees_no_more_than_that(staffed: Drawer) -> None:
    await staffed.counter.log_in()
    await staffed.counter.member(name="王小明")
    await staffed.sign_in(STAFF_OF["technician"])
    assert "王小明" not in await staffed.get("/")
    await staffed.sign_in(STAFF_OF["read_only"])
    assert "王小明" in await staffed.get("/")


async def test_nobody_gets_anywhere_before_the_log_in(staffed: Drawer, tmp_path: Path) -> None:
    path = tmp_path / "box.db"
    before, count = contents(path), audit_rows(path)
    for command in COMMANDS.values():
        if command.operation:
            status, answer = await staffed.json(command.name)
            assert (status, answer["code"]) == (401, "log_in_first"), command.name
    for work in WORKS:
        async with staffed.visitor.get(f"{staffed.address}/show/{work}", headers=HTMX) as page:
            assert page.status == 401, work
    assert contents(path) == before
    assert audit_rows(path) == count  # nobody was denied anything


async def test_who_works_at_another_cafe_is_let_in_there_alone(
    staffed: Drawer, tmp_path: Path
) -> None:
    path = tmp_path / "box.db"
    for role, staff in STAFF_OF.items():
        await staffed.sign_in(staff)
        await staffed.staff(staff, cafes=[EAST_CAFE])
        before = contents(path)
        for command in COMMANDS.values():
            if command.operation:
                status, _answer = await staffed.json(command.name)
                assert status == 401, (role, command.name)
        count = audit_rows(path)
        status, answer = await staffed.json("log_in", staff=staff, pin=PIN)
        assert (status, answer["code"]) == (403, "staff_other_cafe"), role
        assert audit_rows(path) == count + 1
        assert contents(path) == before


@pytest.mark.covers("A039", "A445")
async def test_rights_are_given_and_taken_one_by_one(staffed: Drawer) -> None:
    cashier = STAFF_OF["cashier"]
    await staffed.sign_in(cashier)
    assert await staffed.refused("issue_voucher", amount_fen=500) == "no_right"
    await staffed.staff(cashier, granted=["issue_voucher"], taken=["work_shift"])
    await staffed.done("issue_voucher", amount_fen=500)
    assert await staffed.refused("open_shift") == "no_right"
    page = await staffed.get("/show/more")
    assert "/show/open-shift" not in page
    await staffed.staff(cashier, granted=[], taken=[])
    assert await staffed.refused("issue_voucher", amount_fen=500) == "no_right"
    await staffed.done("open_shift")


@pytest.mark.parametrize("role", ["", *ROLES])
async def test_every_route_answers_a_role_as_the_matrix_says(staffed: Drawer, role: str) -> None:
    if role:
        await staffed.sign_in(STAFF_OF[role])
    for (method, pattern), expected in MATRIX.items():
        path = pattern.format_map(SAMPLES)
        if pattern.startswith("/desk/"):
            status, _answer = await staffed.json("clear_screen")
            wanted = 403 if role and not may(role, "look") else expected(role)
            assert status == wanted, pattern
            continue
        asked = staffed.visitor.request(
            method,
            staffed.address + ("/static/look.css" if path == "/static" else path),
            headers=HTMX if pattern.startswith("/show/") else {},
            allow_redirects=False,
        )
        async with asked as answer:
            assert answer.status == expected(role), pattern
