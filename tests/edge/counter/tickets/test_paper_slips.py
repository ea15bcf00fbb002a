"""Slips for hours without the box: printed with codes, entered once each, the open ones listed."""

import re

import pytest

from edge.desk import facts
from edge.domain.decision import read_int, read_text
from sync_protocol.kinds import PAPER_SLIP, SALE, TOP_UP
from tests.edge.counter.tickets.conftest import Desk, texts
from tests.edge.desk.counter import CAFE, CASHIER, MANAGER


async def _book(till: Desk, count: int) -> list[tuple[str, str]]:
    """Print a book; (number, code) of each slip, as they stand on the paper."""
    before = len(till.shop.counter.printer.printed)
    await till.shop.log_in(MANAGER)
    await till.shop.done("print_paper_slips", count=count)
    await till.shop.log_in(CASHIER)
    lines = texts((await till.papers(before + 1))[-1])
    numbers = [line.removeprefix("单号 ") for line in lines if line.startswith("单号 ")]
    codes = [line.removeprefix("校验码 ") for line in lines if line.startswith("校验码 ")]
    return list(zip(numbers, codes, strict=True))


def _when(till: Desk) -> str:
    return f"{till.shop.now:%Y-%m-%d %H:%M}"


@pytest.mark.covers("A131")
async def test_a_book_of_slips_is_entered_once_each_and_what_is_missing_is_listed(
    till: Desk,
) -> None:
    shop = till.shop
    (first, second, third) = await _book(till, 3)
    assert len({first[1], second[1], third[1]}) == 3
    member = await shop.member()
    shop.counter.clock.forward(3_600)
    happened = _when(till)
    top_up = {"number": first[0], "code": first[1].lower(), "form": "top_up", "member": member}
    paid = {"amount_fen": 5_000, "happened_at": happened, "tender": "cash"}
    shop.counter.clock.forward(7_200)
    done = await shop.done("enter_paper_slip", **top_up, **paid)
    assert await shop.balance_fen(member) == 5_000
    assert await till.refused("enter_paper_slip", **top_up, **paid) == "paper_slip_entered"
    assert await shop.balance_fen(member) == 5_000
    with shop.counter.store.read() as reader:
        slip = facts.row(reader, PAPER_SLIP, f"{CAFE}.00000001")
        made = facts.row(reader, TOP_UP, int(str(done["top_up"])))
    assert read_text(PAPER_SLIP, slip, "status") == "entered"
    assert shop.counter.clock.now_ms - read_int(PAPER_SLIP, slip, "happened_ms") >= 7_200_000
    assert read_int(TOP_UP, made, "paper_slip") == 1
    page = await shop.show("paper-slips")
    assert re.findall(r'data-open-slip="([^"]+)"', page) == [second[0], third[0]]
    assert f"补录手工单 {first[0]}" in texts((await till.papers(2))[-1])


async def test_a_slip_of_something_bought_is_a_sale_that_names_it(till: Desk) -> None:
    shop = till.shop
    ((number, code), (other, other_code)) = await _book(till, 2)
    member = await shop.member()
    await shop.done("top_up", member=member, amount_fen=2_000, tender="cash")
    asked = {"form": "spend", "amount_fen": 700, "happened_at": _when(till), "note": "泡面"}
    sold = await shop.done(
        "enter_paper_slip", number=number, code=code, member=member, tender="wallet", **asked
    )
    assert sold["balance_fen"] == 1_300
    assert read_int(SALE, till.sale(sold["sale"]), "paper_slip") == 1
    walk_in = await shop.done(
        "enter_paper_slip", number="2", code=other_code, tender="cash", **asked
    )
    assert walk_in["paper_slip"] == other
    assert read_int(SALE, till.sale(walk_in["sale"]), "total_fen") == 700


async def test_a_slip_that_is_none_of_ours_or_of_no_time_is_refused(till: Desk) -> None:
    shop = till.shop
    ((number, code),) = await _book(till, 1)
    asked = {"form": "spend", "amount_fen": 100, "tender": "cash"}
    now = _when(till)

    async def refused(number: str, code: str, happened_at: str) -> str:
        slip = {"number": number, "code": code, "happened_at": happened_at}
        return await till.refused("enter_paper_slip", **asked, **slip)

    wrong = ("0" if code[0] != "0" else "1") + code[1:]
    assert await refused(number, wrong, now) == "paper_slip_unknown"
    assert await refused("77", code, now) == "paper_slip_unknown"
    assert await refused(number, code, "2020-01-01 10:00") == "paper_slip_time"
    assert await refused(number, code, "2999-01-01 10:00") == "paper_slip_time"
    assert await refused(number, code, "gestern") == "field_invalid"
    shop.at_hour(10, days=40)
    assert await refused(number, code, now) == "paper_slip_too_old"


async def test_a_torn_slip_is_taken_off_the_list_by_its_code(till: Desk) -> None:
    shop = till.shop
    ((number, code),) = await _book(till, 1)
    await shop.log_in(MANAGER)
    spoil = {"number": number, "code": code, "note": "撕坏"}
    await shop.done("spoil_paper_slip", **spoil)
    assert await till.refused("spoil_paper_slip", **spoil) == "paper_slip_spoilt"
    asked = {"form": "spend", "amount_fen": 100, "tender": "cash", "happened_at": _when(till)}
    refused = await till.refused("enter_paper_slip", number=number, code=code, **asked)
    assert refused == "paper_slip_spoilt"
    assert "data-open-slip" not in await shop.show("paper-slips")


async def test_only_so_many_slips_at_once(till: Desk) -> None:
    await till.shop.log_in(MANAGER)
    for count in (0, 16, "x", 1.5):
        assert await till.refused("print_paper_slips", count=count) == "quantity_invalid"
