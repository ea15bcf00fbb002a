"""The page of boxes without a line: whose epoch is whose, and who may decide over it."""

import re

import pytest
from aiohttp import ClientSession

from cloud.domain.judge import ADMITTED, CURRENT, FENCED, SUPERSEDED
from cloud.hub.office import HeadOffice
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
