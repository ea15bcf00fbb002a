"""What the first page says of the day: how complete it is, and which boxes are well."""

import re
from dataclasses import replace
from datetime import timedelta, timezone

from aiohttp import ClientSession

from cloud.domain.judge import ADMITTED, CLOSED, CURRENT, FENCED, SUPERSEDED
from cloud.hub.node_sessions import NodeLine
from cloud.hub.office import HeadOffice
from cloud.store.log import Author
from cloud.web import today
from cloud.web.formats import clock, day_and_clock
from sync_protocol.http_api import EnrolAnswer, EnrolRequest

MINUTE_MS = 60_000
WEEK_MS = 7 * 24 * 60 * MINUTE_MS
NOW_MS = 1_794_000_000_000
SHANGHAI = timezone(timedelta(hours=8))


def author(node: int, epoch: int, standing: str, complete_ms: int = 0, cafe: int = 1) -> Author:
    return Author(node, epoch, cafe, standing, b"", 0, b"", 0, complete_ms=complete_ms)


def complete_ms(office: HeadOffice, *authors: Author) -> dict[int, int]:
    """When the takings of each cafe that has a box are complete to."""
    cafes = [today.Cafe(cafe, str(cafe), str(cafe), "") for cafe in (1, 2, 3)]
    rows = today.cafe_takings(office.hub.reader, 20261107, NOW_MS, cafes, authors)
    return {row.cafe: row.complete_ms for row in rows if row.has_box}


async def test_takings_are_complete_to_what_the_slowest_box_has_sent(office: HeadOffice) -> None:
    own = author(1, 1, CURRENT, 500)
    assert complete_ms(office, own) == {1: 500}
    assert complete_ms(office, own, author(2, 1, CURRENT, 300)) == {1: 300}
    # A fenced box went on to write what is not here; its next epoch begins where it stopped.
    assert complete_ms(office, own, author(2, 1, FENCED, 300)) == {1: 300}
    again = (author(2, 1, SUPERSEDED, 300), author(2, 2, CURRENT))
    assert complete_ms(office, own, *again) == {1: 300}
    # Its admitted branch is behind all of its epochs; a box that was written off sends no more.
    assert complete_ms(office, own, *again, author(2, 3, ADMITTED)) == {1: 300}
    assert complete_ms(office, own, author(2, 1, CLOSED, 300)) == {1: 500}
    assert complete_ms(office, own, author(2, 1, CURRENT, cafe=2)) == {1: 500, 2: 0}


async def test_a_box_whose_branch_was_admitted_is_well() -> None:
    authors = [author(1, 1, SUPERSEDED), author(1, 2, CURRENT), author(1, 3, ADMITTED)]
    (box,) = today.boxes(authors, {1: NodeLine(heard_ms=NOW_MS)}, {1: "counter"}, NOW_MS)
    assert (box.epoch, box.standing, box.is_well) == (2, CURRENT, True)


async def test_a_cafe_that_was_away_for_a_week_is_complete_to_a_day_not_to_an_hour(
    site: str, person: ClientSession, office: HeadOffice
) -> None:
    now_ms = office.hub.surroundings.now_ms()
    office.hub.surroundings = replace(office.hub.surroundings, now_ms=lambda: now_ms)
    for number, name in enumerate(("东", "西", "南"), 1):
        await office.add_cafe({"code": str(number), "name": name}, 0)
    for cafe in (1, 2):
        code = await office.create_code(cafe, "counter")
        made = await office.enrol(EnrolRequest(str(code), bytes([cafe]) * 32, b"", "test"))
        assert isinstance(made, EnrolAnswer)
    east, west = (one for one in office.hub.authors() if one.node)
    east.complete_ms = now_ms - WEEK_MS

    async def said() -> tuple[str, list[str]]:
        async with person.get(f"{site}/") as answer:
            text = " ".join(re.sub(r"<[^>]*>", "", await answer.text()).split())
        return text, re.findall(r"数据到 ?([\d: -]+\d)", text)

    text, times = await said()
    assert times == [day_and_clock(east.complete_ms, SHANGHAI)] * 2
    assert "1 家门店还没有数据" in text  # the cafe without a box is not waited for
    east.complete_ms, west.complete_ms = now_ms - MINUTE_MS, now_ms
    early, late = (clock(one.complete_ms, SHANGHAI) for one in (east, west))
    assert (await said())[1] == [early, early, late]
