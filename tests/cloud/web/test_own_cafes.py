"""Whoever answers for some cafes sees and changes theirs alone: every address against every role.

Two cafes that did the same things under other names; each address that takes a cafe, a box, a
member, an op or a case is asked for one's own and for the other's.
"""

import re
from dataclasses import dataclass

import pytest
from aiohttp import ClientSession

from cloud.domain.cases import OPEN, VOIDED
from cloud.domain.rights import RIGHTS, WHOLE_CHAIN
from cloud.domain.rules import Place, default_rows
from cloud.hub import rules
from cloud.hub.office import HeadOffice
from cloud.store import reports
from cloud.web.routes import EVERYBODY, ROUTES
from sync_protocol.http_api import EnrolAnswer, EnrolRequest
from sync_protocol.kinds import CASE, MEMBER, PASS, TRANSACTION
from sync_protocol.ledger import transaction_from_body
from tests.cloud import bodies
from tests.cloud.remote_box import eventually
from tests.cloud.web.conftest import PASSWORD, log_end

ROLES = ("manager", "read_only", "admin")
"""Who may look; one of head office is as an admin here."""


@dataclass(frozen=True)
class Cafe:
    """What one cafe has: numbers for addresses, and words that stand for it on pages."""

    number: int
    node: int
    member: int
    case: int
    position: int
    fen: int
    box_name: str
    member_name: str
    clerk: str
    voucher: str

    def signs(self) -> list[str]:
        yuan = f"{self.fen // 100}.{self.fen % 100:02}"
        return [self.box_name, self.member_name, self.clerk, self.voucher, yuan]

    def address(self, path: str) -> str:
        """A route's path for this cafe."""
        values = {
            "cafe": self.number,
            "node": self.node,
            "epoch": 1,
            "member": self.member,
            "case": self.case,
            "position": self.position,
            "name": "tiers",
            "person": 1,
            "branch": 1,
        }
        return path.format_map(values)


async def _cafe(office: HeadOffice, number: int, name: str, fen: int) -> Cafe:
    """A cafe with a box, a clerk, a member who paid, a voucher, an open case, a rule of its own."""
    await office.add_cafe({"code": name, "name": f"{name} cafe", "open": True}, 0)
    box, member = f"{name} box", 1000 + number
    code = await office.create_code(number, box)
    made = await office.enrol(EnrolRequest(str(code), bytes([number]) * 32, b"", "test"))
    assert isinstance(made, EnrolAnswer)
    clerk, voucher = f"{name} clerk", f"V-{name}"
    await office.add_staff(clerk, "cashier", [number], ("", "4711"), 0)
    fields = {"number": f"M{number}", "name": f"{name} guest", "home_cafe": number}
    await office.set_fields(MEMBER, member, fields, 0)
    paid = transaction_from_body(bodies.top_up(number, member, made.node, made.epoch, fen))
    paid.business_day = office.hub.surroundings.business_day()[0]
    reference = await office.hub.append(TRANSACTION, paid.body(), 0)
    position = log_end(office)
    sold = {"form": "voucher", "number": voucher, "sold_cafe": number, "price_fen": 100}
    await office.set_fields(PASS, 2000 + number, sold, 0)
    case = {
        "type": VOIDED,
        "status": OPEN,
        "cafe": number,
        "kind": TRANSACTION,
        "reason": "below_zero",
        "op": reference.row(),
        "opened_ms": 1,
    }
    await office.set_fields(CASE, 3000 + number, case, 0)
    place = Place("tiers", number)
    await rules.publish(office.hub, [(place, default_rows(place.rule))], 0)
    words = (box, fields["name"], clerk, voucher)
    return Cafe(number, made.node, member, 3000 + number, position, fen, *map(str, words))


@dataclass(frozen=True)
class Chain:
    """Two cafes, and where their head office is."""

    office: HeadOffice
    site: str
    east: Cafe
    west: Cafe


@pytest.fixture
async def chain(office: HeadOffice, site: str) -> Chain:
    east, west = await _cafe(office, 1, "East", 1234), await _cafe(office, 2, "West", 7777)
    end, reader = log_end(office), office.hub.reader
    await eventually(lambda: reports.report_position(reader) >= end, "the reports")
    return Chain(office, site, east, west)


async def log_in(chain: Chain, client: ClientSession, role: str, cafes: list[int]) -> None:
    await chain.office.add_staff(role, role, cafes, (PASSWORD, ""), 0)
    form = {"name": role, "password": PASSWORD}
    async with client.post(f"{chain.site}/log-in", data=form, allow_redirects=False) as answer:
        assert answer.status == 303


def addresses(chain: Chain, cafe: Cafe) -> list[str]:
    """Every page that shows something, as it is asked for a cafe, and the ways to ask for less."""
    day, _offset = chain.office.hub.surroundings.business_day()
    found = [cafe.address(one.path) for one in ROUTES if (one.method, one.right) == ("GET", "look")]
    return [
        *found,
        f"/members?text={cafe.member_name[:4]}",
        f"/members/{cafe.member}?class=1",
        f"/entries?cafe={cafe.number}&day={day}&class=1",
        f"/rules/tiers?cafe={cafe.number}",
        f"/cases?type={VOIDED}",
    ]


@pytest.mark.parametrize("role", ROLES)
async def test_no_page_shows_another_cafes_people_boxes_money_or_cases(
    chain: Chain, visitor: ClientSession, role: str
) -> None:
    await log_in(chain, visitor, role, [1])
    seen = ""
    for address in dict.fromkeys(addresses(chain, chain.east) + addresses(chain, chain.west)):
        async with visitor.get(chain.site + address) as answer:
            text = await answer.text()
        assert answer.status in (200, 404), address
        for sign in chain.west.signs():
            assert sign not in text.replace('value="West"', ""), (address, sign)
        for mark in (
            f"/cases/{chain.west.case}",
            'tiers@2"',
            "cafe=2",
            f"/ops/{chain.west.position}",
        ):
            assert mark not in text, (address, mark)
        seen += text
    for sign in chain.east.signs():
        assert sign in seen
    for address in (
        f"/members/{chain.west.member}",
        f"/ops/{chain.west.position}",
        "/rules/tiers?cafe=2",
    ):
        async with visitor.get(chain.site + address) as answer:
            assert answer.status == 404, address


async def test_who_answers_for_all_cafes_sees_both(chain: Chain, visitor: ClientSession) -> None:
    await log_in(chain, visitor, "read_only", [])
    seen = ""
    for address in dict.fromkeys(addresses(chain, chain.east) + addresses(chain, chain.west)):
        async with visitor.get(chain.site + address) as answer:
            assert answer.status == (404 if address == "/entries" else 200), address
            seen += await answer.text()
    for sign in (*chain.east.signs(), *chain.west.signs(), 'tiers@2"', "90.11"):
        assert sign in seen, sign


@pytest.mark.parametrize("role", ["manager", "admin"])
async def test_nothing_of_another_cafe_nor_of_the_whole_chain_is_changed(
    chain: Chain, visitor: ClientSession, role: str
) -> None:
    await log_in(chain, visitor, role, [1])
    form = {"note": "x", "first": "0", "choice": "dismiss", "confirm": "West", "name": "X"}
    asked = set()
    for route in ROUTES:
        if route.method != "POST" or route.right in (EVERYBODY, "own_account"):
            continue
        if route.path == "/boxes/branches/{branch}/admit":
            continue  # there is none to admit; tests/cloud/web/test_branches.py
        end = log_end(chain.office)
        async with visitor.post(chain.site + chain.west.address(route.path), data=form) as answer:
            text = await answer.text()
        assert log_end(chain.office) == end, route.path
        if role not in RIGHTS[route.right]:
            code = "right_missing"
        else:
            code = "whole_chain" if route.right in WHOLE_CHAIN else "cafe_not_yours"
        assert (answer.status in (403, 422), code in text) == (True, True), (route.path, code)
        for sign in chain.west.signs():
            assert sign not in text, (route.path, sign)
        asked.add(code)
    assert "cafe_not_yours" in asked
    # Their own cafe is theirs.
    path = "/boxes/{node}/{epoch}/write-off" if role == "manager" else "/cafes/{cafe}/code"
    async with visitor.post(chain.site + chain.east.address(path), data=form) as answer:
        assert answer.status == 200


async def test_a_guest_of_two_cafes_is_known_at_both_by_what_was_done_there(
    chain: Chain, visitor: ClientSession
) -> None:
    paid = transaction_from_body(bodies.top_up(1, chain.west.member, chain.east.node, 1, 555))
    await chain.office.hub.append(TRANSACTION, paid.body(), 0)
    end, reader = log_end(chain.office), chain.office.hub.reader
    await eventually(lambda: reports.report_position(reader) >= end, "the reports")
    await log_in(chain, visitor, "manager", [1])
    async with visitor.get(f"{chain.site}/members?text=West") as answer:
        assert f'href="/members/{chain.west.member}"' in await answer.text()
    async with visitor.get(f"{chain.site}/members/{chain.west.member}") as answer:
        text = await answer.text()
    # The guest has it all; what was done at the other cafe is the other's.
    assert "83.32" in text
    assert re.search(r"其他门店：77\.77", text)
    assert chain.west.box_name not in text
    assert ("+5.55" in text, "+77.77" in text) == (True, False)
