"""The item master by category and scope, services, and what serving them earns."""

import re

import pytest

from sync_protocol.kinds import STAFF
from tests.edge.counter.tickets.conftest import APPROVED, Desk
from tests.edge.desk.counter import CASHIER, EAST_CAFE, MANAGER


@pytest.mark.covers("A289")
async def test_the_catalogue_shows_categories_and_who_may_buy_where(till: Desk) -> None:
    shop = till.shop
    await shop.publish("categories", {"of": "product", "code": "drink", "name": "饮料"})
    await shop.product("JUICE", 900, category="drink", audience="gold", brand="汇源", unit="瓶")
    await shop.product("CAKE", 1_500, category="food", cafes=[EAST_CAFE])
    await shop.product("MUG", 2_000, category="food", audience="members")
    page = await shop.show("catalogue")
    scope = dict(re.findall(r'data-sku="(\w+)".*?data-scope>(.*?)</td>', page, re.DOTALL))
    assert scope["JUICE"] == "黄金会员 · 所有门店"
    assert scope["CAKE"] == "所有人 · 东门店"
    assert scope["MUG"] == "会员 · 所有门店"
    assert "JUICE · 瓶 · 汇源" in page
    drinks = await shop.get("/show/catalogue?category=drink")
    assert re.findall(r'<tr data-sku="(\w+)"', drinks) == ["JUICE"]
    assert "<h3>饮料</h3>" in drinks
    member, gold = await shop.member(), await shop.member("金", tier="gold")
    await shop.done("set_ticket_member", member=member)
    assert await till.refused("add_line", sku="CAKE") == "product_not_here"
    assert await till.refused("add_line", sku="JUICE") == "product_for_tier"
    await shop.done("add_line", sku="MUG")
    assert await till.refused("set_ticket_member") == "product_for_members"
    await shop.ticket(gold)
    assert (await shop.done("add_line", sku="JUICE"))["lines"] == [["JUICE", 1]]


async def test_the_ticket_names_categories_as_head_office_does(till: Desk) -> None:
    shop = till.shop
    await shop.publish(
        "categories", {"of": "product", "code": "drink", "name": "饮料", "name_en": "Drinks"}
    )
    await shop.product("JUICE", 900, category="drink")
    await shop.product("CAKE", 1_500, category="food")
    page = await shop.get("/show/ticket")
    tabs = re.findall(r'data-filter-by="([^"]*)">([^<]*)<', page)
    assert ("饮料", "饮料") in tabs
    assert ("food", "food") in tabs
    (words,) = re.findall(r'data-words="(JUICE[|][^"]*)"', page)
    assert words.endswith("|drink|饮料|Drinks")


@pytest.mark.covers("A342")
async def test_the_services_and_those_that_this_member_may_use(till: Desk) -> None:
    shop = till.shop
    await shop.product("MASSAGE", 5_000, service=True, audience="gold", member_price_fen=4_000)
    await shop.product("PRINTOUT", 100, service=True)
    plain, gold = await shop.member(), await shop.member("金", tier="gold")
    await shop.done("sell_pass", member=plain, code="ten", tender="cash")

    def may(page: str) -> dict[str, str]:
        return dict(re.findall(r'data-sku="(\w+)" data-may="(\w+)"', page))

    page = await shop.show("services", plain)
    assert may(page) == {"MASSAGE": "no", "PRINTOUT": "yes"}
    assert "等级不能享受" in page
    assert 'data-pass="ten"' in page
    page = await shop.show("services", gold)
    assert may(page) == {"MASSAGE": "yes", "PRINTOUT": "yes"}
    assert "¥40.00" in page
    assert "COLA" not in may(page)


@pytest.mark.covers("A423")
async def test_an_item_has_a_price_and_a_commission_for_whoever_served_it(till: Desk) -> None:
    shop = till.shop
    await shop.product("NAILS", 8_000, service=True, commission_percent=15)
    waiter = {"name": "小美", "role": "service", "pin_hash": "x", "active": True}
    await shop.counter.hub.document(STAFF, 510, waiter)
    assert ">15%</td>" in await shop.show("catalogue")
    await shop.done("add_line", sku="NAILS")
    await shop.done("set_ticket_staff", staff=510)
    assert "小美" in await shop.show("ticket")
    served = await shop.done("pay", tender="cash", expected_total_fen=8_000)
    await shop.done("add_line", sku="NAILS")
    own = await shop.done("pay", tender="cash", expected_total_fen=8_000)
    await shop.log_in(MANAGER)

    async def earned() -> dict[str, str]:
        page = await shop.show("commissions")
        return dict(re.findall(r'data-staff="(\d+)" data-commission-fen="(\d+)"', page))

    assert await earned() == {"510": "1200", str(CASHIER): "1200"}
    await shop.done("refund", sale=served["sale"], amount_fen=4_000, reason="半价")
    await shop.log_in(CASHIER)
    await shop.done("void_sale", sale=own["sale"], reason="错", **APPROVED)
    assert await earned() == {str(CASHIER): "0"}, "a cashier sees what is theirs"
    await shop.log_in(MANAGER)
    assert (await earned())["510"] == "600"
    assert await till.refused("set_ticket_staff", staff=999) == "ticket_staff_unknown"


@pytest.mark.covers("A455")
async def test_the_item_master_says_what_an_item_is_and_points_redeem_it(till: Desk) -> None:
    shop = till.shop
    await shop.product("CUP", 1_200, barcode="6900000000017", counted=True, low_stock=5)
    await shop.publish(
        "redemptions", {"code": "cup", "name": "杯子", "points": 50, "gives": "goods", "sku": "CUP"}
    )
    await shop.done("goods_receipt", lines=[["CUP", 6]])
    page = await shop.show("catalogue")
    assert "6900000000017" in page
    assert re.search(r'data-sku="CUP".*?<td class="figure">6\s*</td>', page, re.DOTALL)
    member = await shop.member()
    given = {"points": 80, "form": "award", "reason": "礼"}
    await shop.done("adjust_points", member=member, **given, **APPROVED)
    await shop.done("redeem_points", member=member, code="cup")
    assert shop.in_stock("CUP") == 5
    assert await shop.points(member) == 30
    assert "偏低" in await shop.show("catalogue")
