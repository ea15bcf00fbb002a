"""A cafe's life at head office: renamed, closed with what is left there named, opened again."""

import re

import pytest
from aiohttp import ClientSession

from cloud.domain.judge import CURRENT, FENCED
from cloud.domain.refusals import Refusal
from cloud.hub.node_sessions import NodeLine
from cloud.hub.office import HeadOffice
from cloud.store import reports
from cloud.store.log import Author
from sync_protocol.http_api import EnrolAnswer, EnrolRequest
from sync_protocol.kinds import TRANSACTION
from sync_protocol.ledger import transaction_from_body
from tests.cloud import bodies
from tests.cloud.remote_box import eventually
from tests.cloud.web.conftest import log_end

MEMBER = 77
EAST = {"code": "E1", "name": "东门店", "name_en": "East Gate"}


@pytest.fixture
async def box(office: HeadOffice) -> Author:
    """The only box of the first of two cafes."""
    for values in (EAST, {"code": "W1", "name": "西门店"}):
        await office.add_cafe({**values, "open": True}, 0)
    code = await office.create_code(1, "counter")
    made = await office.enrol(EnrolRequest(str(code), b"k" * 32, b"", "test"))
    assert isinstance(made, EnrolAnswer)
    return next(author for author in office.hub.authors() if author.node == made.node)


async def top_up(office: HeadOffice, box: Author, fen: int) -> None:
    """Money of a member that stands at the box, taken today."""
    day, _offset = office.hub.surroundings.business_day()
    body = bodies.top_up(box.cafe, MEMBER, box.node, box.epoch, fen)
    today = transaction_from_body(body)
    today.business_day = day
    await office.hub.append(TRANSACTION, today.body(), 0)
    end = log_end(office)
    reader = office.hub.reader
    await eventually(lambda: reports.report_position(reader) >= end, "the reports")


async def post(person: ClientSession, address: str, **form: str) -> tuple[int, str]:
    async with person.post(address, data=form) as answer:
        return answer.status, await answer.text()


async def page(person: ClientSession, address: str) -> str:
    async with person.get(address) as answer:
        assert answer.status == 200
        return await answer.text()


def standing(office: HeadOffice, box: Author) -> str:
    return next(one.standing for one in office.hub.authors() if one.node == box.node)


async def test_a_cafe_is_renamed_in_both_languages_and_not_over_what_nobody_saw(
    site: str, person: ClientSession, office: HeadOffice, box: Author
) -> None:
    seen = re.findall(r'name="seen" value="([0-9a-f]+)"', await page(person, f"{site}/cafes"))[0]
    names = {"name": "东湖店", "name_en": "East Lake"}
    assert (await post(person, f"{site}/cafes/1", **names, seen=seen))[0] == 200
    text = await page(person, f"{site}/")
    assert ("东湖店" in text, "东门店" in text) == (True, False)
    status, text = await post(person, f"{site}/cafes/1", name="别名", seen=seen)
    assert (status, "record_changed" in text, "东湖店" in text) == (422, True, True)
    for form in ({"name": ""}, {"name": "长" * 61}):
        end = log_end(office)
        assert (await post(person, f"{site}/cafes/1", **form))[0] == 422
        assert log_end(office) == end
    await post(person, f"{site}/language/en")
    assert "East Lake" in await page(person, f"{site}/cafes")
    assert standing(office, box) == CURRENT


async def test_a_closed_cafes_box_is_sent_away_and_what_it_holds_is_named(
    site: str, person: ClientSession, office: HeadOffice, box: Author
) -> None:
    unused = await office.create_code(1, "second")
    await top_up(office, box, 1234)
    status, text = await post(person, f"{site}/cafes/1/close", confirm="W1")
    assert (status, "cafe_unconfirmed" in text, standing(office, box)) == (422, True, CURRENT)
    status, text = await post(person, f"{site}/cafes/1/close", confirm="E1")
    assert (status, standing(office, box)) == (200, FENCED)
    assert ('data-left="1234"' in text, "12.34" in text) == (True, True)
    # Two people write it off, on the page that it leads to.
    assert f'action="/boxes/{box.node}/{box.epoch}/write-off"' in await page(
        person, f"{site}/boxes"
    )
    # Nobody gets in any more, by a code of before neither.
    for outcome in (
        await office.create_code(1, "third"),
        await office.create_code(1, "again", box.node),
        await office.enrol(EnrolRequest(str(unused), b"x" * 32, b"", "test")),
    ):
        assert isinstance(outcome, Refusal)
        assert outcome.code == "cafe_closed"
    # It took money today: it stays in the day's report, and its entries open.
    day, _offset = office.hub.surroundings.business_day()
    text = await page(person, f"{site}/")
    assert ('data-takings-fen="1234"' in text, f'data-node="{box.node}"' in text) == (True, False)
    assert "东门店" in await page(person, f"{site}/entries?cafe=1&day={day}&class=1")
    status, text = await post(person, f"{site}/cafes/1/close", confirm="E1")
    assert (status, "cafe_closed" in text) == (422, True)


async def test_a_cafe_that_took_nothing_today_leaves_the_first_page_and_comes_back(
    site: str, person: ClientSession, office: HeadOffice, box: Author
) -> None:
    assert (await post(person, f"{site}/cafes/1/close", confirm="E1"))[0] == 200
    text = await page(person, f"{site}/")
    assert ("东门店" in text, "西门店" in text) == (False, True)
    # A box that holds nothing leaves nobody anything to decide.
    assert f'data-box="{box.node}' not in await page(person, f"{site}/boxes")
    assert (await post(person, f"{site}/cafes/1/reopen"))[0] == 200
    assert "东门店" in await page(person, f"{site}/")
    code = await office.create_code(1, "counter", box.node)
    made = await office.enrol(EnrolRequest(str(code), b"n" * 32, b"", "test"))
    assert isinstance(made, EnrolAnswer)
    assert (made.node, made.epoch) == (box.node, box.epoch + 1)


async def test_a_cafe_is_not_closed_over_entries_that_its_box_has_not_delivered(
    site: str,
    person: ClientSession,
    office: HeadOffice,
    box: Author,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = {box.node: NodeLine(expected_seq=box.seq + 3)}
    monkeypatch.setattr(office.hub, "lines", lambda: lines)
    status, text = await post(person, f"{site}/cafes/1/close", confirm="E1")
    assert (status, "cafe_not_delivered" in text) == (422, True)
    assert standing(office, box) == CURRENT
    lines[box.node] = NodeLine(expected_seq=box.seq)
    assert (await post(person, f"{site}/cafes/1/close", confirm="E1"))[0] == 200
