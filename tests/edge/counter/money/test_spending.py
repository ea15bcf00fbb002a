"""Stored value at the counter: what pays first, limits, PINs, fees, refunds, several tenders."""

import pytest

from sync_protocol.accounts import CARD_CLEARING, DUE_TO_CHAIN, REVENUE, TILL, WECHAT_CLEARING
from tests.edge.counter.money.conftest import APPROVED, Till

TIER: dict[str, object] = {"from_fen": 10_000, "bonus_fen": 1_000}


@pytest.mark.covers("A361")
async def test_the_purse_pays_exactly_and_gives_no_change(till: Till) -> None:
    await till.top_up(1_000)
    await till.done("add_line", sku="NOODLE")
    tenders = [["wallet", 600]]
    code = await till.refused("pay", expected_total_fen=500, tenders=tenders)
    assert code == "tenders_too_much"
    paid = await till.done("pay", expected_total_fen=500, tender="wallet", received_fen=1_000)
    assert (paid["change_fen"], paid["balance_fen"]) == (0, 500)
    assert till.of_cafe(TILL) == 1_000
    await till.done("add_line", sku="NOODLE", quantity=2)
    code = await till.refused("pay", expected_total_fen=1_000, tender="wallet")
    assert code == "spendable_too_little"
    assert till.wallet_fen == 500


@pytest.mark.covers("A287")
async def test_a_sale_is_paid_by_card_cash_and_phone_at_once(till: Till) -> None:
    await till.publish("points", {"per_yuan": 1})
    await till.top_up(200)
    await till.done("add_line", sku="NOODLE", quantity=4)
    tenders = [["wallet", 200], ["card", 300, "POS-5"], ["wechat", 500, "WX-55"], ["cash", 2_000]]
    paid = await till.done("pay", expected_total_fen=2_000, tenders=tenders)
    assert (paid["change_fen"], paid["points"]) == (1_000, 20)
    accounts = [till.of_cafe(code) for code in (TILL, CARD_CLEARING, WECHAT_CLEARING, REVENUE)]
    assert accounts == [1_200, 300, 500, -2_000]
    missing = [["card", 300, "POS-6"]]
    await till.done("add_line", sku="NOODLE")
    assert await till.refused("pay", expected_total_fen=500, tenders=missing) == (
        "tenders_too_little"
    )
    twice = [["card", 250, "POS-7"], ["card", 250, "POS-7"]]
    assert await till.refused("pay", expected_total_fen=500, tenders=twice) == "tender_twice"
    await till.log_in(502)
    back = await till.done("refund", sale=paid["sale"], amount_fen=999, reason="坏了")
    again = await till.done("refund", sale=paid["sale"], amount_fen=1_001, reason="坏了")
    assert int(str(back["points"])) + int(str(again["points"])) == 20
    accounts = [till.of_cafe(code) for code in (TILL, CARD_CLEARING, WECHAT_CLEARING, REVENUE)]
    assert accounts == [200, 0, 0, 0]
    assert till.wallet_fen == 200


async def test_the_purse_pays_once_in_a_sale_so_that_no_limit_is_split(till: Till) -> None:
    await till.publish("spending", {"single_limit_fen": 600})
    await till.top_up(1_000)
    await till.done("add_line", sku="NOODLE", quantity=2)
    halves = [["wallet", 500, "a"], ["wallet", 500, "b"]]
    code = await till.refused("pay", expected_total_fen=1_000, tenders=halves)
    assert code == "tender_twice"
    await till.publish("spending", {})
    await till.done("change_line", sku="NOODLE", quantity=3)
    more = [["wallet", 800, "a"], ["wallet", 700, "b"]]
    code = await till.refused("pay", expected_total_fen=1_500, tenders=more)
    assert code == "tender_twice", "more than there is, and no page of an error"
    assert till.wallet_fen == 1_000


@pytest.mark.parametrize(
    ("order", "wallet", "bonus"),
    [("bonus_first", 10_000, 500), ("wallet_first", 9_500, 1_000), ("in_proportion", 9_545, 955)],
)
async def test_bonus_and_money_pay_in_the_written_order_and_come_back_as_they_were(
    till: Till, order: str, wallet: int, bonus: int
) -> None:
    await till.publish("top_up_tiers", TIER)
    await till.publish("spending", {"order": order})
    await till.top_up(10_000)
    sold = await till.done("spend", member=till.member, amount_fen=500)
    assert (till.wallet_fen, till.bonus_fen) == (wallet, bonus)
    assert till.of_cafe(DUE_TO_CHAIN) == -9_500
    await till.log_in(502)
    for part_fen in (123, 377):
        await till.done("refund", sale=sold["sale"], amount_fen=part_fen, reason="停电")
    assert (till.wallet_fen, till.bonus_fen) == (10_000, 1_000)
    assert (till.of_cafe(DUE_TO_CHAIN), till.of_cafe(REVENUE)) == (-10_000, 0)


@pytest.mark.covers("A344")
async def test_spending_is_bounded_by_sale_by_day_and_by_member(till: Till) -> None:
    await till.publish("spending", {"single_limit_fen": 3_000, "daily_limit_fen": 5_000})
    await till.top_up(20_000)
    spend: dict[str, object] = {"member": till.member}
    assert await till.refused("spend", amount_fen=3_001, **spend) == "spend_above_limit"
    sold = await till.done("spend", amount_fen=3_000, **spend)
    assert await till.refused("spend", amount_fen=2_001, **spend) == "spend_above_daily_limit"
    await till.done("spend", amount_fen=2_000, **spend)
    await till.log_in(502)
    await till.done("refund", sale=sold["sale"], amount_fen=1_000, reason="停电")
    await till.done("spend", amount_fen=1_000, **spend)
    limit: dict[str, object] = {"member": till.member, "limit_fen": 4_000}
    await till.done("set_daily_limit", **limit)
    assert await till.refused("set_daily_limit", **{**limit, "limit_fen": 4_001}) == (
        "approval_needed"
    )
    assert await till.refused("set_daily_limit", member=till.member) == "approval_needed"
    await till.done("set_daily_limit", **{**limit, "limit_fen": 3_500})
    assert await till.refused("spend", amount_fen=1, **spend) == "spend_above_daily_limit"
    page = await till.get("/show/account")
    assert 'data-reason="day_limit_leaves"' in page
    assert 'data-spendable-fen="0"' in page


async def test_a_top_up_that_is_taken_back_is_no_spend_and_a_void_is_no_top_up(till: Till) -> None:
    await till.publish("spending", {"daily_limit_fen": 1_000})
    wrong = await till.top_up(20_000)
    await till.done("cancel_top_up", top_up=wrong["top_up"], reason="错", **APPROVED)
    await till.top_up(2_000)
    for _ in range(2):
        sold = await till.done("spend", member=till.member, amount_fen=1_000)
        await till.done("void_sale", sale=sold["sale"], reason="错", **APPROVED)
    account = (await till.counter.desk.money_views.account(till.member)).view
    assert (account.topped_up_fen, account.spent_fen, account.spent_today_fen) == (2_000, 0, 0)


async def test_above_a_limit_the_card_asks_for_its_pin_or_a_second_person(till: Till) -> None:
    await till.top_up(50_000)
    spend: dict[str, object] = {"member": till.member, "amount_fen": 20_001}
    await till.done("spend", member=till.member, amount_fen=100)
    assert await till.refused("spend", **spend) == "approval_needed"
    with till.counter.store.read() as reader:
        card = int(reader.registers_where(5, "member", till.member)[0].key)
    await till.done("set_card_pin", card=card, pin="4711", pin_again="4711")
    assert await till.refused("spend", **spend) == "card_pin_needed"
    assert await till.refused("spend", **spend, card_pin="1234") == "card_pin_wrong"
    page = await till.form("spend", member=str(till.member), amount_yuan="201")
    assert 'name="card_pin"' in page
    await till.done("spend", **spend, card_pin="4711")
    await till.done("spend", **spend, **APPROVED)
    for _ in range(5):
        code = await till.refused("spend", **spend, card_pin="0000")
    assert code == "card_pin_locked"
    assert await till.refused("spend", **spend, card_pin="4711") == "card_pin_locked"


async def test_paying_twice_below_the_limit_of_the_pin_is_as_paying_once_above_it(
    till: Till,
) -> None:
    await till.publish("spending", {"pin_above_fen": 3_000})
    await till.top_up(50_000)
    spend: dict[str, object] = {"member": till.member}
    await till.done("spend", amount_fen=2_000, **spend)
    assert await till.refused("spend", amount_fen=1_001, **spend) == "approval_needed"
    await till.done("spend", amount_fen=1_000, **spend)
    assert await till.refused("spend", amount_fen=1, **spend) == "approval_needed"
    # What somebody vouched for counts no more, and what comes after it begins anew.
    await till.done("spend", amount_fen=9_000, **spend, **APPROVED)
    await till.done("spend", amount_fen=2_000, **spend)
    assert await till.refused("spend", amount_fen=1_001, **spend) == "approval_needed"
    till.counter.clock.forward(24 * 3_600)
    await till.done("spend", amount_fen=3_000, **spend)


async def test_an_old_list_of_lost_cards_bounds_what_a_card_takes_in_a_day(till: Till) -> None:
    await till.top_up(50_000)
    till.counter.clock.forward(25 * 3_600)
    spend: dict[str, object] = {"member": till.member}
    await till.done("spend", amount_fen=4_000, **spend)
    assert await till.refused("spend", amount_fen=1_001, **spend) == "lost_list_stale"
    await till.done("spend", amount_fen=1_000, **spend)


@pytest.mark.covers("A338")
async def test_fees_are_paid_from_the_card(till: Till) -> None:
    await till.top_up(5_000)
    page = await till.get("/show/pay-fee")
    assert "Membership fee" in page
    fields = {"member": str(till.member), "fee": "membership_fee", "amount_yuan": "20"}
    text = await till.form("pay_fee", **fields, tender="wallet")
    assert "Fee of ¥20.00 paid; the balance is ¥30.00." in text
    assert (till.wallet_fen, till.of_cafe(REVENUE)) == (3_000, -2_000)
    assert "Membership fee" in await till.get("/show/account?kind=spend")
    fee: dict[str, object] = {"member": till.member, "fee": "card_fee", "amount_fen": 3_001}
    assert await till.refused("pay_fee", **fee, tender="wallet") == "spendable_too_little"
    await till.done("pay_fee", **fee, tender="cash", received_fen=4_000)
    assert till.of_cafe(TILL) == 8_001
    assert await till.refused("pay_fee", **{**fee, "fee": "bribe"}, tender="cash") == (
        "field_invalid"
    )
