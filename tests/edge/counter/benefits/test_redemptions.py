"""What points are redeemed for, what goes back, and what is converted."""

import pytest

from sync_protocol.accounts import BONUS, FEN, POINTS_HELD, WALLET
from sync_protocol.kinds import SITE, TRANSACTION
from sync_protocol.ledger import REASON_POINTS, Transaction
from tests.edge.counter.benefits.conftest import APPROVED, Shop

REWARDS = (
    {"code": "noodle", "name": "泡面", "points": 10, "gives": "goods", "sku": "NOODLE"},
    {"code": "cap", "name": "帽子", "points": 8, "gives": "gift"},
    {"code": "credit", "points": 20, "gives": "stored_value", "amount_fen": 300},
    {"code": "money", "points": 20, "gives": "stored_value", "amount_fen": 200, "into": "wallet"},
    {"code": "off", "name": "抵 3 元", "points": 15, "gives": "discount", "amount_fen": 300},
    {"code": "loyal", "name": "水杯", "points": 50, "gives": "gift", "takes_points": False},
)


async def rich(shop: Shop, points: int = 60) -> int:
    """A member with so many points, who may redeem them for REWARDS."""
    await shop.publish("redemptions", *REWARDS)
    member = await shop.member()
    await shop.done("goods_receipt", lines=[["NOODLE", 5]])
    inputs = {"member": member, "form": "award", "points": points, "reason": "开业"}
    await shop.done("adjust_points", **inputs, **APPROVED)
    return member


@pytest.mark.covers("A096", "A319", "A366")
async def test_points_become_goods_out_of_the_stock_gifts_or_credit(shop: Shop) -> None:
    member = await rich(shop)
    await shop.done("redeem_points", member=member, code="noodle")
    assert (shop.in_stock("NOODLE"), await shop.points(member)) == (4, 50)
    await shop.done("redeem_points", member=member, code="cap")
    assert await shop.points(member) == 42
    answer = await shop.done("redeem_points", member=member, code="credit")
    assert (answer["balance_fen"], shop.held(BONUS, member, FEN)) == (300, 300)
    assert await shop.points(member) == 22
    await shop.done("redeem_points", member=member, code="money")
    assert shop.held(WALLET, member, FEN) == 200
    refused = await shop.refused("redeem_points", member=member, code="noodle")
    assert (refused, await shop.points(member)) == ("points_too_few", 2)


@pytest.mark.covers("A385")
async def test_points_pay_for_a_gift_and_for_joining_an_event(shop: Shop) -> None:
    await shop.publish("events", {"code": "cup", "name": "五排赛", "entry_points": 30})
    member = await rich(shop)
    await shop.done("redeem_points", member=member, code="cap")
    assert (await shop.done("join_event", member=member, event="cup"))["points"] == -30
    assert await shop.points(member) == 22
    assert 'data-event="cup"' in await shop.show("points", member)
    other = await shop.member("没分")
    assert await shop.refused("join_event", member=other, event="cup") == "points_too_few"


@pytest.mark.covers("A401")
async def test_who_has_enough_points_gets_the_gift_once_and_keeps_the_points(shop: Shop) -> None:
    member = await rich(shop)
    answer = await shop.done("redeem_points", member=member, code="loyal")
    assert (answer["points"], await shop.points(member)) == (0, 60)
    again = await shop.refused("redeem_points", member=member, code="loyal")
    assert again == "gift_given_before"
    poor = await shop.member("不够")
    assert await shop.refused("redeem_points", member=poor, code="loyal") == "points_too_few"


@pytest.mark.covers("A293", "A394")
async def test_points_pay_part_of_the_open_ticket_at_once(shop: Shop) -> None:
    member = await rich(shop)
    assert await shop.ticket(member, NOODLE=2) == 1000
    assert (await shop.done("use_points", code="off"))["total_fen"] == 700
    assert 'data-offset-fen="300"' in await shop.show("ticket")
    sold = await shop.done("pay", tender="cash", expected_total_fen=700)
    assert (sold["total_fen"], sold["points"]) == (700, 7)
    assert await shop.points(member) == 60 - 15 + 7
    await shop.log_in(502)
    await shop.done("refund", sale=sold["sale"], amount_fen=700, reason="退货")
    assert await shop.points(member) == 60


async def test_points_let_off_only_who_stands_on_the_step_that_it_takes(shop: Shop) -> None:
    gold = {"code": "gold", "name": "黄金", "threshold_points": 100}
    await shop.publish("tiers", gold, {**gold, "code": "diamond", "threshold_points": 200})
    member = await rich(shop)
    await shop.publish("redemptions", {**REWARDS[4], "tier": "gold"})
    await shop.ticket(member, NOODLE=2)
    assert await shop.refused("use_points", code="off") == "redemption_needs_tier"
    inputs = {"member": member, "form": "award", "points": 50, "reason": "开业"}
    await shop.done("adjust_points", **inputs, **APPROVED)
    assert (await shop.done("use_points", code="off"))["total_fen"] == 700
    await shop.publish("redemptions", {**REWARDS[4], "tier": "diamond"})
    code = await shop.refused("pay", tender="cash", expected_total_fen=700)
    assert code == "redemption_needs_tier"


async def test_a_discount_by_a_threshold_looks_at_the_points_and_is_given_once(
    shop: Shop,
) -> None:
    member = await rich(shop)
    await shop.publish("redemptions", {**REWARDS[4], "points": 50, "takes_points": False})
    assert "kept" in await shop.show("points", member) or "不扣" in await shop.show(
        "points", member
    )
    await shop.publish("points", {"per_yuan": 0})
    await shop.ticket(member, NOODLE=2)
    assert (await shop.done("use_points", code="off"))["total_fen"] == 700
    sold = await shop.done("pay", tender="cash", expected_total_fen=700)
    assert await shop.points(member) == 60
    await shop.ticket(member, NOODLE=2)
    assert await shop.refused("use_points", code="off") == "gift_given_before"
    await shop.log_in(502)
    await shop.done("refund", sale=sold["sale"], amount_fen=700, reason="退货")
    assert await shop.points(member) == 60
    poor = await shop.member("不够")
    await shop.ticket(poor, NOODLE=2)
    assert await shop.refused("use_points", code="off") == "points_too_few"


async def test_a_member_gets_only_so_much_stored_value_for_points_in_a_day(shop: Shop) -> None:
    await shop.publish("points", {"yuan_points": 10, "convert_day_fen": 600})
    member = await rich(shop, 500)
    swap = {"member": member, "give": "points", "get": "money"}
    await shop.done("convert", **swap, amount=30)
    assert await shop.refused("convert", **swap, amount=31) == "conversion_day_limit"
    await shop.done("redeem_points", member=member, code="credit")
    assert await shop.refused("redeem_points", member=member, code="credit") == (
        "conversion_day_limit"
    )
    assert await shop.refused("convert", **{**swap, "get": "spend_points"}, amount=1) == (
        "conversion_day_limit"
    )
    # Money that becomes bonus credit is none for points, and the next day begins anew.
    await shop.done("convert", member=member, give="money", get="spend_points", amount=100)
    shop.at_hour(12, days=1)
    await shop.done("convert", **swap, amount=60)


@pytest.mark.covers("A339")
async def test_what_was_redeemed_is_returned_or_exchanged_once(shop: Shop) -> None:
    member = await rich(shop)
    sale = (await shop.done("redeem_points", member=member, code="noodle"))["sale"]
    await shop.log_in(502)
    swap = {"sale": sale, "reason": "换一个", "instead": "cap"}
    await shop.done("return_redemption", **swap)
    assert (shop.in_stock("NOODLE"), await shop.points(member)) == (5, 52)
    twice = await shop.refused("return_redemption", sale=sale, reason="再退")
    assert twice == "redemption_returned"
    credit = (await shop.done("redeem_points", member=member, code="credit"))["sale"]
    money = {"sale": credit, "amount_fen": 1, "reason": "退钱"}
    assert await shop.refused("refund", **money) == "sale_unknown"
    await shop.done("return_redemption", sale=credit, reason="不要了")
    assert (await shop.points(member), shop.held(BONUS, member, FEN)) == (52, 0)


@pytest.mark.covers("A447", "A469")
async def test_points_money_and_spend_points_are_converted_at_the_published_ratios(
    shop: Shop,
) -> None:
    await shop.publish("points", {"per_yuan": 0, "yuan_points": 10, "money_points": 5})
    member = await rich(shop, 100)
    await shop.done("convert", member=member, give="points", get="money", amount=40)
    assert (await shop.points(member), shop.held(WALLET, member, FEN)) == (60, 400)
    await shop.done("convert", member=member, give="points", get="spend_points", amount=10)
    assert (await shop.points(member), shop.held(BONUS, member, FEN)) == (50, 100)
    await shop.done("convert", member=member, give="money", get="points", amount=200)
    assert (await shop.points(member), shop.held(WALLET, member, FEN)) == (60, 200)
    await shop.done("convert", member=member, give="money", get="spend_points", amount=50)
    assert (shop.held(BONUS, member, FEN), shop.held(WALLET, member, FEN)) == (150, 150)
    await shop.done("convert", member=member, give="spend_points", get="points", amount=100)
    assert (await shop.points(member), shop.held(BONUS, member, FEN)) == (65, 50)
    back = {"member": member, "give": "spend_points", "get": "money", "amount": 50}
    assert await shop.refused("convert", **back) == "conversion_unknown"


@pytest.mark.covers("A359")
async def test_a_member_without_tier_or_card_earns_and_redeems(shop: Shop) -> None:
    await shop.publish("redemptions", REWARDS[1])
    member = await shop.member()
    assert (await shop.buy(member, NOODLE=2))["points"] == 10
    await shop.done("redeem_points", member=member, code="cap")
    assert await shop.points(member) == 2


@pytest.mark.covers("A263")
async def test_a_franchisees_front_desk_earns_and_redeems_for_the_chains_members(
    shop: Shop,
) -> None:
    await shop.counter.hub.document(SITE, 1, {"form": "franchise"})
    await shop.publish("redemptions", REWARDS[1])
    member = await shop.member("外店会员", home_cafe=2)
    shop.counter.line.up = True
    postings = [(21, member, 0, 0, 0, "points", 9), (20, member, 2, 1, 0, "points", -9)]
    earned = Transaction(2, REASON_POINTS, 0, 0, 0, 0, None, postings).body()
    await shop.counter.hub.write((TRANSACTION, earned))
    assert await shop.points(member) == 9
    code = await shop.refused("redeem_points", member=member, code="cap")
    assert code == "points_elsewhere"
    assert shop.counter.line.asked[-1][1:] == (POINTS_HELD, member, "points", 8, "tap")
    assert (await shop.buy(member, NOODLE=2))["points"] == 10
    await shop.done("redeem_points", member=member, code="cap")
    assert await shop.points(member) == 11


@pytest.mark.covers("A097")
async def test_the_birthdays_gift_is_given_once_in_its_month(shop: Shop) -> None:
    await shop.publish("points", {"birthday_gift": "COLA"})
    await shop.done("goods_receipt", lines=[["COLA", 2]])
    born = 20000000 + shop.today // 100 % 100 * 100 + 28
    member, other = await shop.member("寿星", birth_date=born), await shop.member("路人")
    gift = f"birthday-{shop.today // 10000}"
    assert f'data-gift="{gift}"' in await shop.show("points", member)
    assert await shop.refused("give_gift", member=other, gift=gift) == "gift_not_due"
    assert (await shop.done("give_gift", member=member, gift=gift))["what"] == "可乐"
    assert shop.in_stock("COLA") == 1
    assert await shop.refused("give_gift", member=member, gift=gift) == "gift_given_before"
