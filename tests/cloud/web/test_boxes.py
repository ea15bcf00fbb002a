"""The page of boxes without a line: whose epoch is whose, and who may decide over it."""

import re

import pytest
from aiohttp import ClientSession

from cloud.domain.judge import ADMITTED, CLOSED, CURRENT, FENCED, SUPERSEDED
from cloud.hub.office import HeadOffice
from cloud.hub.staff import Person, find_by_password
from cloud.store.log import Author
from sync_protocol.http_api import EnrolAnswer, EnrolRequest
from tests.cloud.web.conftest import PASSWORD

CODE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")


@pytest.fixture
async def box(office: HeadOffice) -> Author:
    """The only box of the first of two cafes."""
    for code in ("east", "west"):
        await office.add_cafe({"code": code, "name": code}, 0)
    code = await office.create_code(1, "counter")
    made = await office.enrol(EnrolRequest(str(code), b"k" * 32, b"", "test"))
    assert isinstance(made, EnrolAnswer)
    return next(author for author in office.hub.authors() if author.node == made.node)


async def test_a_box_that_is_fenced_again_is_offered_a_code_whatever_was_admitted_before(
    site: str, person: ClientSession, office: HeadOffice, box: Author
) -> None:
    authors = office.hub._builder.authors
    first, second, branch = (box.copy() for _ in range(3))
    first.standing, second.standing, branch.standing = SUPERSEDED, FENCED, ADMITTED
    second.epoch, branch.epoch = 2, 3
    authors.update({(box.node, one.epoch): one for one in (first, second, branch)})
    async with person.get(f"{site}/boxes") as answer:
        text = await answer.text()
    assert f'data-box="{box.node}.2"' in text
    assert f'action="/boxes/{box.node}/code"' in text


async def test_a_box_in_use_that_died_is_offered_a_code_for_its_successor(
    site: str, person: ClientSession, box: Author
) -> None:
    async with person.get(f"{site}/boxes") as answer:
        text = await answer.text()
    shown = text[text.index(f'data-in-use="{box.node}.{box.epoch}"') :]
    assert f'action="/boxes/{box.node}/code"' in shown
    async with person.post(f"{site}/boxes/{box.node}/code") as answer:
        assert (answer.status, bool(CODE.search(await answer.text()))) == (200, True)


async def test_a_manager_decides_over_boxes_of_their_own_cafes(
    site: str, visitor: ClientSession, office: HeadOffice, box: Author
) -> None:
    await office.add_staff("west", "manager", [2], (PASSWORD, ""), 0)
    await office.add_staff("east", "manager", [1], (PASSWORD, ""), 0)
    address = f"{site}/boxes/{box.node}/{box.epoch}/write-off"
    for name, status, words in (("west", 422, "cafe_not_yours"), ("east", 200, "data-waits")):
        form = {"name": name, "password": PASSWORD}
        async with visitor.post(f"{site}/log-in", data=form) as answer:
            assert answer.status == 200
        async with visitor.post(address, data={"note": "机器丢了", "first": "0"}) as answer:
            assert (answer.status, words in await answer.text()) == (status, True)
    assert box.standing == CURRENT


async def test_who_set_anothers_password_is_not_the_second_person_beside_them(
    site: str, visitor: ClientSession, office: HeadOffice, box: Author
) -> None:
    """An admin who can log in as the other one would be both of the two."""
    admin, east, _west = [
        int(str(await office.add_staff(name, role, [], (PASSWORD, ""), 0)))
        for name, role in (("root", "admin"), ("east", "manager"), ("west", "manager"))
    ]
    reset = "another battery staple"
    root = find_by_password(office.hub.reader, "root", PASSWORD)
    assert isinstance(root, Person)
    assert await office.accounts.reset_password(east, reset, root) is None
    renewed = find_by_password(office.hub.reader, "east", reset)
    assert isinstance(renewed, Person)
    assert await office.accounts.change_password(renewed, reset, PASSWORD, "") is None
    address = f"{site}/boxes/{box.node}/{box.epoch}/write-off"

    async def say(name: str, password: str, first: int) -> tuple[int, str]:
        async with visitor.post(f"{site}/log-in", data={"name": name, "password": password}):
            pass
        form = {"note": "机器丢了", "first": str(first)}
        async with visitor.post(address, data=form) as answer:
            return answer.status, await answer.text()

    assert (await say("root", PASSWORD, 0))[0] == 200
    status, text = await say("east", PASSWORD, admin)
    assert (status, "approver_in_hand" in text) == (422, True)
    assert box.standing == CURRENT
    assert (await say("west", PASSWORD, admin))[0] == 200
    standing = {(one.node, one.epoch): one.standing for one in office.hub.authors()}
    assert standing[box.node, box.epoch] == CLOSED
