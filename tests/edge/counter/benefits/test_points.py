"""How points come, by the yuan, the purchase, the day, the category; and what bounds them."""

import re

import pytest

from tests.edge.counter.benefits.conftest import APPROVED, Shop


@pytest.mark.covers("A446", "A352", "A425")
async def test_points_come_by_themselves_and_stored_value_earns_by_a_rule_of_its_own(
    shop: Shop,
) -> None:
    await shop.publish("points", {"per_yuan": 1, "stored_value_percent": 50})
    member = await shop.member()
    await shop.done("top_up", member=member, amount_fen=10_000, tender="cash")
    before = await shop.points(member)
    assert (await shop.buy(member, NOODLE=4))["points"] == 20
    assert (await shop.buy(member, tender="wallet", NOODLE=4))["points"] == 10
    assert (await shop.buy(0, NOODLE=4))["points"] == 0
    assert await shop.points(member) == before + 30


@pytest.mark.covers("A393")
async def test_each_category_earns_at_its_own_rate(shop: Shop) -> None:
    await shop.product("SMOKE", 1000, category="tobacco")
    await shop.product("TEA", 1000, category="drinks")
    await shop.publish(
        "category_points",
        {"category": "tobacco", "percent": 0},
        {"category": "drinks", "percent": 300},
    )
    member = await shop.member()
    assert (await shop.buy(member, SMOKE=1))["points"] == 0
    assert (await shop.buy(member, TEA=1))["points"] == 30
    assert (await shop.buy(member, NOODLE=2))["points"] == 10


@pytest.mark.covers("A392")
async def test_points_by_count_and_by_amount_end_with_the_purchases_of_a_day(shop: Shop) -> None:
    await shop.publish("points", {"per_yuan": 1, "per_sale": 3, "times_per_day": 2})
    member = await shop.member()
    assert [(await shop.buy(member, NOODLE=1))["points"] for _ in range(3)] == [8, 8, 0]
    shop.at_hour(12, days=1)
    assert (await shop.buy(member, NOODLE=1))["points"] == 8


@pytest.mark.covers("A384")
async def test_checking_in_gives_points_once_a_day_besides_what_is_spent(shop: Shop) -> None:
    await shop.publish("points", {"per_yuan": 1, "check_in": 7})
    member = await shop.member()
    assert (await shop.done("check_in", member=member))["points"] == 7
    assert await shop.refused("check_in", member=member) == "checked_in_before"
    await shop.buy(member, NOODLE=1)
    assert await shop.points(member) == 12
    shop.at_hour(12, days=1)
    assert (await shop.done("check_in", member=member))["points"] == 7


@pytest.mark.covers("A194", "A467")
async def test_one_a_yuan_five_for_the_event_and_double_in_the_month_of_the_birthday(
    shop: Shop,
) -> None:
    await shop.publish("points", {"per_yuan": 1, "birthday_percent": 200})
    await shop.publish("events", {"code": "cup", "name": "五排赛", "points": 5})
    born = 20000000 + shop.today // 100 % 100 * 100 + 28
    child, other = await shop.member("寿星", birth_date=born), await shop.member("路人")
    assert (await shop.buy(other, NOODLE=2))["points"] == 10
    assert (await shop.buy(child, NOODLE=2))["points"] == 20
    assert (await shop.done("join_event", member=other, event="cup"))["points"] == 5
    assert await shop.points(other) == 15
    assert await shop.refused("join_event", member=other, event="cup") == "event_joined_before"


@pytest.mark.covers("A388")
async def test_a_new_policy_holds_at_once_a_cap_bounds_it_and_the_manager_sees_who_got_many(
    shop: Shop,
) -> None:
    await shop.publish("points", {"per_yuan": 10, "daily_cap": 120, "watch_points": 100}, version=8)
    many, few = await shop.member("多多"), await shop.member("少少")
    assert [(await shop.buy(many, NOODLE=2))["points"] for _ in range(3)] == [100, 20, 0]
    await shop.buy(few, NOODLE=1)
    await shop.log_in(502)
    page = await shop.show("points-watch")
    watched = dict(re.findall(r'data-watched="(\d+)" data-unusual="(\w+)"', page))
    assert watched == {str(many): "yes", str(few): "no"}
    await shop.publish("points", {"per_yuan": 2}, version=9)
    assert (await shop.buy(many, NOODLE=2))["points"] == 20


@pytest.mark.covers("A470")
async def test_the_history_has_every_entry_since_the_first_and_ends_at_what_there_is(
    shop: Shop,
) -> None:
    await shop.publish("redemptions", {"code": "r", "points": 4, "gives": "gift"})
    member = await shop.member()
    await shop.buy(member, NOODLE=2)
    await shop.done("redeem_points", member=member, code="r")
    await shop.done(
        "adjust_points", member=member, form="award", points=3, reason="补分", **APPROVED
    )
    page = await shop.show("points-history", member)
    assert re.findall(r'data-points-entry="(-?\d+)"', page) == ["3", "-4", "10"]
    assert await shop.points(member) == 9


@pytest.mark.covers("A044", "A408")
async def test_points_are_given_and_taken_by_hand_only_with_a_reason_and_a_second_person(
    shop: Shop,
) -> None:
    member = await shop.member()
    award = {"member": member, "form": "award", "points": 50}
    assert await shop.refused("adjust_points", **award, reason="补分") == "approval_needed"
    assert await shop.refused("adjust_points", **award, **APPROVED) == "field_missing"
    await shop.done("adjust_points", **award, reason="补分", **APPROVED)
    assert await shop.points(member) == 50
    deduct = {"member": member, "form": "deduct", "reason": "多记了"}
    assert await shop.refused("adjust_points", **deduct, points=60, **APPROVED) == "points_too_few"
    await shop.done("adjust_points", **deduct, points=20, **APPROVED)
    assert await shop.points(member) == 30
    assert "多记了" in "".join(str(one) for one in await _slips(shop))


async def _slips(shop: Shop) -> list[object]:
    with shop.counter.store.read() as reader:
        return [job.document.decode() for job in reader.latest_print_jobs()]
