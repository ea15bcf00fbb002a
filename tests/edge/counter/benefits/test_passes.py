"""Passes: sold, used where and when they hold, given back in part, never used twice."""

import re

import pytest

from sync_protocol.accounts import TILL, VISITS, VISITS_HELD
from sync_protocol.kinds import TRANSACTION
from sync_protocol.ledger import REASON_GRANT, Transaction
from tests.edge.counter.benefits.conftest import APPROVED, Shop
from tests.edge.desk.counter import BOX, CAFE, EPOCH


@pytest.mark.covers("A203")
async def test_a_monthly_pass_holds_for_its_days_and_its_rest_is_given_back(shop: Shop) -> None:
    member = await shop.member()
    sold = await shop.done("sell_pass", member=member, code="month", tender="cash")
    assert sold["total_fen"] == 39_900
    for _ in range(3):
        await shop.done("use_pass", pass_id=sold["pass"], zone="vip")
    assert f'data-pass="{sold["pass"]}"' in await shop.show("passes", member)
    shop.at_hour(12, days=9)
    await shop.log_in(502)
    back = await shop.done("refund_pass", pass_id=sold["pass"], reason="搬家")
    assert back["amount_fen"] == 39_900 * 20 // 30
    assert await shop.refused("use_pass", pass_id=sold["pass"]) == "pass_not_active"
    other = await shop.done("sell_pass", member=member, code="month", tender="cash")
    shop.at_hour(12, days=29)
    await shop.done("use_pass", pass_id=other["pass"])
    shop.at_hour(12, days=1)
    assert await shop.refused("use_pass", pass_id=other["pass"]) == "pass_expired"


@pytest.mark.covers("A204")
async def test_noon_packages_and_night_passes_hold_in_their_hours_only(shop: Shop) -> None:
    member = await shop.member()
    shop.at_hour(12)
    noon = await shop.done("sell_pass", member=member, code="noon", tender="cash")
    shop.at_hour(15)
    assert await shop.refused("use_pass", pass_id=noon["pass"]) == "pass_other_hours"
    shop.at_hour(12, days=1)
    assert await shop.refused("use_pass", pass_id=noon["pass"]) == "pass_expired"
    shop.at_hour(23)
    night = await shop.done("sell_pass", member=member, code="night", tender="cash")
    shop.at_hour(7, days=1)
    assert (await shop.done("use_pass", pass_id=night["pass"]))["visits"] == 0
    assert await shop.refused("use_pass", pass_id=night["pass"]) == "pass_used_up"


@pytest.mark.parametrize(
    ("work", "command", "asked"),
    [
        ("passes", "sell_pass", {"code": "month"}),
        ("tiers", "join_tier", {"tier": "paid"}),
    ],
)
async def test_what_is_sold_is_paid_as_head_office_says_and_a_large_sum_asks_who_pays(
    shop: Shop, work: str, command: str, asked: dict[str, str]
) -> None:
    """A month and a membership alike: the form has what a refusal asks for."""
    await shop.publish(
        "tenders",
        {"code": "cash", "name": "现金", "name_en": "cash"},
        {"code": "coupon", "name": "餐券", "name_en": "meal coupon"},
    )
    await shop.publish("tiers", {"code": "paid", "name": "贵宾", "fee_fen": 39_900})
    await shop.publish("spending", {"pin_above_fen": 3_000})
    member = await shop.member()
    await shop.done("top_up", member=member, amount_fen=50_000, tender="cash")
    page = await shop.show(work, member)
    assert 'value="coupon"' in page
    assert 'value="alipay"' not in page
    form = {"member": str(member), "tender": "wallet", **asked}
    page = await shop.form(command, **form)
    assert "approval_needed" in page
    assert re.search(r'name="tender" value="wallet" checked', page)
    assert 'name="approver_pin"' in page
    sold = await shop.done(command, **{**form, "member": member}, **APPROVED)
    assert sold["total_fen"] == 39_900
    assert await shop.balance_fen(member) == 50_000 - 39_900


async def test_what_is_left_of_a_pass_is_given_back_before_its_member_leaves(shop: Shop) -> None:
    member = await shop.member()
    sold = await shop.done("sell_pass", member=member, code="ten", tender="cash")
    await shop.done("request_exit", member=member, reason="搬家")
    await shop.log_in(502)
    assert await shop.refused("approve_exit", member=member) == "exit_passes_left"
    await shop.done("refund_pass", pass_id=sold["pass"], reason="搬家")
    await shop.done("approve_exit", member=member)


async def test_ten_visits_are_used_one_by_one_and_the_rest_is_money(shop: Shop) -> None:
    member = await shop.member()
    sold = await shop.done("sell_pass", member=member, code="ten", tender="cash")
    number = int(str(sold["pass"]))
    for left in (9, 8, 7):
        assert (await shop.done("use_pass", pass_id=number))["visits"] == left
    page = await shop.show("passes", member)
    assert re.findall(r'data-visits="(\d+)"', page) == ["7"]
    before = shop.counter.shown((TILL, CAFE, 0, 0, 0, "fen"))
    await shop.log_in(502)
    whole = {"sale": sold["sale"], "amount_fen": 18_000, "reason": "退"}
    assert await shop.refused("refund", **whole) == "pass_has_its_own_refund"
    back = await shop.done("refund_pass", pass_id=number, reason="不来了")
    assert back["amount_fen"] == 18_000 * 7 // 10
    assert shop.counter.shown((TILL, CAFE, 0, 0, 0, "fen")) == before - 12_600
    assert shop.held(VISITS_HELD, number, VISITS) == 0
    assert await shop.refused("refund_pass", pass_id=number, reason="再退") == "pass_not_active"


async def test_what_is_left_of_a_pass_is_money_until_its_last_day_and_nothing_after_it(
    shop: Shop,
) -> None:
    for code, last_days, share_fen in (("ten", 179, 18_000 * 9 // 10), ("month", 28, 39_900 // 30)):
        made = [
            (await shop.done("sell_pass", member=await shop.member(), code=code, tender="cash"))
            for _ in range(2)
        ]
        early, late = (int(str(one["pass"])) for one in made)
        for number in (early, late):
            await shop.done("use_pass", pass_id=number)
        await shop.log_in(502)
        shop.at_hour(12, days=last_days)
        back = await shop.done("refund_pass", pass_id=early, reason="搬家")
        assert back["amount_fen"] == share_fen
        shop.at_hour(12, days=2)
        assert await shop.refused("refund_pass", pass_id=late, reason="搬家") == "pass_over"
        await shop.log_in(501)


async def test_a_pass_of_some_zones_and_weekdays_holds_there_and_then(shop: Shop) -> None:
    weekday = shop.now.isoweekday()
    await shop.publish(
        "passes",
        {"code": "a", "form": "period", "price_fen": 100, "days": 30, "zones": "vip"},
        {
            "code": "b",
            "form": "period",
            "price_fen": 100,
            "days": 30,
            "weekdays": str(weekday % 7 + 1),
        },
    )
    member = await shop.member()
    one = await shop.done("sell_pass", member=member, code="a", tender="cash")
    await shop.done("use_pass", pass_id=one["pass"], zone="vip")
    refused = await shop.refused("use_pass", pass_id=one["pass"], zone="hall")
    assert refused == "pass_other_zone"
    two = await shop.done("sell_pass", member=member, code="b", tender="cash")
    assert await shop.refused("use_pass", pass_id=two["pass"]) == "pass_other_weekday"
    shop.at_hour(12, days=1)
    await shop.done("use_pass", pass_id=two["pass"])


async def test_a_walk_ins_pass_is_used_by_the_number_on_its_slip(shop: Shop) -> None:
    sold = await shop.done("sell_pass", code="ten", tender="cash")
    used = await shop.done("use_pass", number=str(sold["pass_number"]).lower())
    assert (used["pass"], used["visits"]) == (sold["pass"], 9)
    assert await shop.refused("use_pass", number="P0-0") == "pass_unknown"
    wallet = await shop.refused("sell_pass", code="ten", tender="wallet")
    assert wallet == "ticket_needs_member"


async def test_visits_stay_at_this_cafe_until_another_one_asks_and_come_back_by_asking(
    shop: Shop,
) -> None:
    sold = await shop.done("sell_pass", code="ten", tender="cash")
    number = int(str(sold["pass"]))
    rights, line = shop.counter.desk.rights, shop.counter.line
    shop.at_hour(12, days=3)
    await rights.release_due()
    assert shop.held(VISITS_HELD, number, VISITS) == 10
    assert await rights.release_recalled(number, VISITS_HELD)
    assert await shop.refused("use_pass", pass_id=number) == "pass_cut_off"
    line.up = True
    assert await shop.refused("use_pass", pass_id=number) == "pass_elsewhere"
    assert line.asked[-1][1:] == (VISITS_HELD, number, VISITS, 10, "tap")
    await shop.counter.hub.confirm_all()
    postings = [
        (VISITS_HELD, number, 0, 0, 0, VISITS, 10),
        (VISITS_HELD, number, BOX, EPOCH, 0, VISITS, -10),
    ]
    grant = Transaction(0, REASON_GRANT, 0, 0, 0, 9, None, postings).body()
    await shop.counter.hub.write((TRANSACTION, grant))
    assert (await shop.done("use_pass", pass_id=number))["visits"] == 9
