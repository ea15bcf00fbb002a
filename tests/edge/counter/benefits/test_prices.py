"""What a customer pays: member price, card, tier, events; what comes back; what is kept of it."""

import re

import pytest

from sync_protocol.accounts import BONUS, FEN
from tests.edge.counter.benefits.conftest import Shop

CARDS = (
    {"code": "plain", "name": "储值卡", "price": "member"},
    {"code": "dull", "name": "普通卡", "price": "normal"},
    {"code": "cheap", "name": "折扣卡", "price": "discount", "discount_percent": 80},
)


@pytest.mark.covers("A400", "A444")
async def test_the_card_type_says_whether_member_price_list_price_or_a_discount_holds(
    shop: Shop,
) -> None:
    await shop.publish("card_types", *CARDS)
    due = {}
    for number, row in enumerate(CARDS):
        member = await shop.member(f"会员{number}")
        await shop.card(member, str(row["code"]), f"0400000{number}")
        due[row["code"]] = await shop.ticket(member, COLA=2)
    assert due == {"plain": 900, "dull": 1000, "cheap": 800}
    assert await shop.ticket(0, COLA=2) == 1000


@pytest.mark.covers("A145", "A438")
async def test_a_discount_card_pays_less_and_what_was_bought_with_it_is_kept(shop: Shop) -> None:
    await shop.publish("card_types", *CARDS)
    member = await shop.member()
    await shop.card(member, "cheap", "04000009")
    sold = await shop.buy(member, NOODLE=2)
    assert sold["total_fen"] == 800
    page = await shop.show("tiers", member)
    assert re.findall(r'data-spent-fen="(\d+)"', page) == ["800"]
    assert "折扣卡 ¥8.00" in page
    assert (await shop.buy(0, NOODLE=2))["total_fen"] == 1000


@pytest.mark.covers("A115", "A389")
async def test_a_holiday_makes_it_cheaper_and_gives_away_while_it_lasts(shop: Shop) -> None:
    await shop.product("CUP", 300, counted=True)
    await shop.publish(
        "events",
        {
            "name": "国庆",
            "name_en": "Holiday",
            "from_day": shop.today,
            "to_day": shop.today,
            "discount_percent": 90,
        },
        {"name": "买一送一", "name_en": "Gift", "to_day": shop.today, "give_away": "CUP"},
    )
    assert await shop.ticket(0, NOODLE=1) == 450
    page = await shop.show("ticket")
    assert "国庆 9折" in page
    assert "买一送一" in page
    await shop.done("pay", tender="cash", expected_total_fen=450)
    assert shop.in_stock("CUP") == -1
    shop.at_hour(12, days=1)
    assert await shop.ticket(0, NOODLE=1) == 500
    assert "买一送一" not in await shop.show("ticket")


@pytest.mark.covers("A190")
async def test_a_new_guest_has_the_trial_price_until_the_first_purchase(shop: Shop) -> None:
    await shop.publish(
        "events",
        {"name": "新客体验", "name_en": "Trial", "audience": "new_guests", "discount_percent": 20},
    )
    member = await shop.member()
    assert await shop.ticket(0, NOODLE=1) == 500
    assert (await shop.buy(member, NOODLE=1))["total_fen"] == 100
    assert await shop.ticket(member, NOODLE=1) == 500


@pytest.mark.covers("A452")
async def test_a_card_gives_part_of_a_payment_back_and_says_so(shop: Shop) -> None:
    await shop.publish(
        "card_types", {"code": "back", "name": "返点卡", "name_en": "rebate", "rebate_percent": 10}
    )
    member = await shop.member()
    await shop.card(member, "back", "0400000A")
    sold = await shop.buy(member, NOODLE=3)
    assert shop.held(BONUS, member, FEN) == 150
    assert await shop.balance_fen(member) == 150
    page = await shop.show("tiers", member)
    assert 'data-card-type="back" data-rebate="10"' in page
    await shop.log_in(502)
    await shop.done("refund", sale=sold["sale"], amount_fen=1500, reason="退货")
    assert shop.held(BONUS, member, FEN) == 0


@pytest.mark.covers("A061")
async def test_points_offers_and_activities_all_work_for_one_member(shop: Shop) -> None:
    await shop.publish(
        "events",
        {
            "code": "cup",
            "name": "五排赛",
            "name_en": "Cup",
            "to_day": shop.today,
            "discount_percent": 90,
            "points_percent": 200,
            "points": 5,
        },
    )
    member = await shop.member()
    sold = await shop.buy(member, NOODLE=2)
    assert (sold["total_fen"], sold["points"]) == (900, 18)
    await shop.done("join_event", member=member, event="cup")
    assert await shop.points(member) == 23
