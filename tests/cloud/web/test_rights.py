"""Every address of head office against every role: generated from the router and the table."""

from collections.abc import AsyncIterator
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer

from cloud import app
from cloud.configuration import Configuration
from cloud.domain.rights import RIGHTS, ROLES
from cloud.hub.office import HeadOffice
from cloud.web.application import build_application
from cloud.web.routes import EVERYBODY, ROUTES

PASSWORD = "correct horse battery"
NOT_FOR_PEOPLE = ("/static",)
GUARDED = [route for route in ROUTES if route.right != EVERYBODY]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[HeadOffice]:
    configuration = Configuration(tmp_path)

    def failed(error: BaseException) -> None:
        raise error

    async with app.open_office(configuration, app.make_line(configuration), failed) as opened:
        yield opened


def served(application: web.Application) -> set[tuple[str, str]]:
    """(method, path) of every route for people; HEAD is answered as GET."""
    found = set()
    for route in application.router.routes():
        path = route.resource.canonical if route.resource is not None else ""
        if not path.startswith(NOT_FOR_PEOPLE) and route.method != "HEAD":
            found.add((route.method, path))
    return found


async def test_every_route_has_a_row_and_every_row_a_right_of_the_table(
    office: HeadOffice,
) -> None:
    application = build_application(office, timezone(timedelta(hours=8)))
    assert served(application) == {(route.method, route.path) for route in ROUTES}
    assert len(served(application)) == len(ROUTES)
    assert {route.right for route in GUARDED} == RIGHTS.keys()
    for roles in RIGHTS.values():
        assert roles <= ROLES


async def test_an_auditor_sees_every_page_and_changes_nothing() -> None:
    for route in GUARDED:
        if route.right != "own_account":
            assert ("read_only" not in RIGHTS[route.right]) or route.method == "GET", route


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_a_role_gets_what_its_rights_say_and_words_for_the_rest(
    office: HeadOffice, role: str
) -> None:
    await office.add_staff(role, role, [], (PASSWORD, ""), 0)
    server = TestServer(build_application(office, timezone(timedelta(hours=8))))
    await server.start_server()
    site = str(server.make_url("/")).rstrip("/")
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as client:
        form = {"name": role, "password": PASSWORD}
        async with client.post(f"{site}/log-in", data=form, allow_redirects=False) as answer:
            assert answer.status == 303
        for route in GUARDED:
            path = route.path.format_map(dict.fromkeys(_names(route.path), "1"))
            before = office.hub.head().position
            async with client.request(route.method, site + path, data={}) as answer:
                text = await answer.text()
            allowed = role in RIGHTS[route.right]
            assert (answer.status == 403) == (not allowed), (role, route)
            assert answer.status < 500
            if not allowed:
                assert "right_missing" in text
                assert "您的职务" in text
                assert office.hub.head().position == before
    await server.close()


def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]
