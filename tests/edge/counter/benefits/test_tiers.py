"""Tiers: reached, bought, ended, renewed, and what each brings."""

import pytest

from sync_protocol.kinds import MEMBER
from tests.edge.counter.benefits.conftest import APPROVED, Shop
from tests.edge.desk.counter import MANAGER

LADDER = (
    {
        "code": "gold",
        "name": "黄金会员",
        "name_en": "gold",
        "threshold_points": 100,
        "discount_percent": 95,
        "valid_days": 365,
        "gift": "COLA",
    },
    {
        "code": "diamond",
        "name": "钻石会员",
        "name_en": "diamond",
        "threshold_fen": 30_000,
        "discount_percent": 90,
        "points_percent": 200,
        "valid_days": 365,
        "booking": True,
        "for_others": True,
        "fee_fen": 8_800,
    },
    {
        "code": "royal",
        "name": "皇家会员",
        "name_en": "royal",
        "threshold_points": 5_000,
        "discount_percent": 80,
        "valid_days": 365,
        "booking": True,
    },
)


async def tier_of(shop: Shop, member: int) -> tuple[object, object]:
    """(tier, last day) on the member's document."""
    with shop.counter.store.read() as reader:
        document = reader.register(MEMBER, member)
        assert document is not None
        return document.value("tier"), document.value("tier_until_day")


@pytest.mark.covers("A043", "A273", "A353")
async def test_a_member_climbs_by_points_or_by_purchases(shop: Shop) -> None:
    await shop.publish("tiers", *LADDER)
    by_points, by_fen = await shop.member("积分"), await shop.member("消费")
    sold = await shop.buy(by_points, NOODLE=20)
    assert (sold["points"], sold["tier"]) == (100, "gold")
    await shop.publish("points", {"per_yuan": 0})
    assert "tier" not in await shop.buy(by_fen, NOODLE=20)
    assert (await shop.buy(by_fen, NOODLE=40))["tier"] == "diamond"
    page = await shop.show("tiers", by_fen)
    assert 'data-tier="diamond"' in page
    assert 'data-grown-fen="30000"' in page


@pytest.mark.covers("A395", "A419", "A325")
async def test_the_next_ticket_has_the_discount_of_the_step_that_points_reached(
    shop: Shop,
) -> None:
    await shop.publish("tiers", *LADDER)
    member = await shop.member()
    assert await shop.ticket(member, NOODLE=20) == 10_000
    await shop.done("pay", tender="cash", expected_total_fen=10_000)
    assert await shop.ticket(member, NOODLE=20) == 9_500
    assert "黄金会员 9.5折" in await shop.show("ticket")


@pytest.mark.covers("A198")
async def test_each_step_of_the_ladder_brings_more(shop: Shop) -> None:
    await shop.publish("tiers", *LADDER)
    member = await shop.member()
    await shop.publish("points", {"per_yuan": 1})
    paid = []
    for points in (100, 0, 4_900):
        if points:
            inputs = {"member": member, "form": "award", "points": points, "reason": "阶梯"}
            await shop.done("adjust_points", **inputs, **APPROVED)
        paid.append((await shop.buy(member, NOODLE=60))["total_fen"])
    assert paid == [28_500, 28_500, 24_000]
    assert (await tier_of(shop, member))[0] == "royal"
    page = await shop.show("tiers", member)
    assert page.index('data-step="gold"') < page.index('data-step="diamond"')
    assert page.index('data-step="diamond"') < page.index('data-step="royal"')


@pytest.mark.covers("A397")
async def test_a_step_holds_a_year_from_the_upgrade_and_then_what_is_reached_decides(
    shop: Shop,
) -> None:
    await shop.publish("tiers", *LADDER)
    member = await shop.member()
    await shop.buy(member, NOODLE=20)
    until = shop.day_after(365)
    assert await tier_of(shop, member) == ("gold", until)
    assert f'data-until="{until}"' in await shop.show("tiers", member)
    shop.at_hour(12, days=364)
    assert await shop.ticket(member, NOODLE=20) == 9_500
    shop.at_hour(12, days=3)
    assert await shop.ticket(member, NOODLE=20) == 10_000
    await shop.publish("tiers", {**LADDER[0], "threshold_points": 500})
    inputs = {"member": member, "form": "deduct", "points": 1, "reason": "更正"}
    await shop.done("adjust_points", **inputs, **APPROVED)
    assert (await tier_of(shop, member))[0] == ""
    await shop.publish("tiers", *LADDER)
    inputs = {"member": member, "form": "award", "points": 1, "reason": "更正"}
    await shop.done("adjust_points", **inputs, **APPROVED)
    assert await tier_of(shop, member) == ("gold", shop.day_after(365))


@pytest.mark.covers("A272", "A095")
async def test_a_membership_is_bought_for_its_fee_and_brings_its_privileges(shop: Shop) -> None:
    await shop.publish("tiers", *LADDER)
    member = await shop.member()
    gold = {"member": member, "tier": "gold", "tender": "cash"}
    assert await shop.refused("join_tier", **gold) == "tier_not_for_sale"
    sold = await shop.done("join_tier", member=member, tier="diamond", tender="cash")
    assert sold["total_fen"] == 8_800
    assert await tier_of(shop, member) == ("diamond", shop.day_after(365))
    assert (await shop.buy(member, NOODLE=2))["points"] == 18
    await shop.log_in(MANAGER)
    for back_fen, tier in ((800, "diamond"), (8_000, "")):
        inputs = {"sale": sold["sale"], "amount_fen": back_fen, "reason": "不要了"}
        await shop.done("refund", **inputs)
        assert (await tier_of(shop, member))[0] == tier, "who has the fee back has no step for it"


@pytest.mark.covers("A197", "A358")
async def test_only_some_steps_may_book_or_redeem_for_somebody_else(shop: Shop) -> None:
    await shop.publish("tiers", *LADDER)
    await shop.publish("redemptions", {"code": "cap", "points": 10, "gives": "gift"})
    await shop.publish(
        "redemptions",
        {"code": "credit", "points": 10, "gives": "stored_value", "amount_fen": 100},
        {"code": "hour", "name": "免费试玩", "points": 0, "gives": "gift", "tier": "diamond"},
    )
    plain, high, friend = [await shop.member(name) for name in ("普通", "钻石", "朋友")]
    for member in (plain, high):
        inputs = {"member": member, "form": "award", "points": 20, "reason": "测试"}
        await shop.done("adjust_points", **inputs, **APPROVED)
    await shop.done("join_tier", member=high, tier="diamond", tender="cash")
    wanted = {"code": "credit", "for_member": friend}
    refused = await shop.refused("redeem_points", member=plain, **wanted)
    assert refused == "redemption_not_for_others"
    await shop.done("redeem_points", member=high, **wanted)
    assert await shop.balance_fen(friend) == 100
    booking = {"what": "包厢", "day": shop.day_after(1)}
    assert await shop.refused("book", member=plain, **booking) == "booking_not_in_tier"
    await shop.done("book", member=high, **booking)
    trial = await shop.refused("redeem_points", member=plain, code="hour")
    assert trial == "redemption_needs_tier"
    await shop.done("redeem_points", member=high, code="hour")


@pytest.mark.covers("A387")
async def test_customers_are_shown_the_rules_in_force_and_their_version(shop: Shop) -> None:
    await shop.publish("tiers", *LADDER, version=11)
    await shop.publish(
        "redemptions", {"code": "cap", "name": "帽子", "points": 77, "gives": "gift"}, version=12
    )
    page = await shop.show("tiers")
    assert "版本 11" in page
    assert "版本 12" in page
    assert "帽子" in page
    await shop.publish(
        "redemptions", {"code": "cap", "name": "雨伞", "points": 77, "gives": "gift"}, version=13
    )
    page = await shop.show("tiers")
    assert "版本 13" in page
    assert "雨伞" in page
    assert "帽子" not in page


async def test_a_step_goes_with_what_had_reached_it(shop: Shop) -> None:
    """Who tops up for a step and takes the money back stands where they stood before."""
    await shop.publish("tiers", *LADDER)
    await shop.publish("top_up_tiers", {"from_fen": 10_000, "points": 120})
    await shop.publish("top_up", {"cash_out_approval_above_fen": 500_000})
    member = await shop.member()
    top_up = {"member": member, "amount_fen": 10_000, "tender": "cash"}
    cancel = {"reason": "充错", **APPROVED}
    made = await shop.done("top_up", **top_up)
    assert (await tier_of(shop, member))[0] == "gold"
    await shop.done("cancel_top_up", top_up=made["top_up"], **cancel)
    assert await tier_of(shop, member) == ("", 0)
    assert await shop.ticket(member, NOODLE=20) == 10_000
    # With a cash-out it goes as well, and with the sale that is given back.
    await shop.done("top_up", **top_up)
    asked = {"member": member, "amount_fen": 10_000, "tender": "cash", "reason": "退卡"}
    await shop.done("cash_out", **asked)
    assert (await tier_of(shop, member))[0] == ""
    sold = await shop.buy(member, NOODLE=20)
    assert (await tier_of(shop, member))[0] == "gold"
    await shop.log_in(MANAGER)
    await shop.done("refund", sale=sold["sale"], amount_fen=1, reason="退货")
    await shop.done("refund", sale=sold["sale"], amount_fen=9_999, reason="退货")
    assert (await tier_of(shop, member))[0] == ""


async def test_what_was_bought_or_earned_before_stays_when_a_later_step_is_undone(
    shop: Shop,
) -> None:
    await shop.publish("tiers", LADDER[0], LADDER[1], {**LADDER[2], "threshold_points": 500})
    await shop.publish("top_up_tiers", {"from_fen": 10_000, "points": 600})
    await shop.publish("points", {"per_yuan": 0})
    member = await shop.member()
    await shop.done("join_tier", member=member, tier="diamond", tender="cash")
    bought = await tier_of(shop, member)
    assert bought[0] == "diamond"
    shop.at_hour(12, days=3)
    made = await shop.done("top_up", member=member, amount_fen=10_000, tender="cash")
    assert (await tier_of(shop, member))[0] == "royal"
    await shop.done("cancel_top_up", top_up=made["top_up"], reason="充错", **APPROVED)
    assert await tier_of(shop, member) == bought
