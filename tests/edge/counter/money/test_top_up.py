"""Top-ups: tiers, packages, tenders, approval, cancelling, many at once, cash-out."""

import json

import pytest

from edge.domain.members import number_text
from edge.domain.payment_provider import Charge
from edge.domain.refusals import Refusal, refuse
from sync_protocol.accounts import (
    ALIPAY_CLEARING,
    CARD_CLEARING,
    DUE_TO_CHAIN,
    OTHER_CLEARING,
    POINTS_HELD,
    TILL,
    WECHAT_CLEARING,
)
from sync_protocol.kinds import RULE
from tests.edge.counter.money.conftest import APPROVED, Till
from tests.edge.desk.counter import CASHIER, MANAGER

TIERS: tuple[dict[str, object], ...] = (
    {"from_fen": 20_000, "bonus_fen": 3_000, "points": 50},
    {"from_fen": 10_000, "bonus_fen": 1_000, "bonus_months": 2},
)


@pytest.mark.covers("A116")
async def test_a_top_up_earns_the_bonus_of_the_highest_tier_that_it_reaches(till: Till) -> None:
    await till.publish("top_up_tiers", *TIERS)
    assert (await till.top_up(9_999))["bonus_fen"] == 0
    made = await till.top_up(19_999)
    assert (made["bonus_fen"], made["points"]) == (1_000, 0)
    made = await till.top_up(20_000)
    assert (made["bonus_fen"], made["points"]) == (3_000, 50)
    assert (till.wallet_fen, till.bonus_fen, till.promotion_fen) == (49_998, 4_000, 4_000)
    assert till.has(POINTS_HELD) == 50
    assert made["balance_fen"] == made["spendable_fen"] == 53_998
    slip = await till.slip(3)
    assert "¥30.00" in slip
    assert "+50" in slip
    assert "2027-01" in await till.slip(2)
    await till.publish("top_up", {"rewarded": False})
    assert (await till.top_up(20_000))["bonus_fen"] == 0


@pytest.mark.covers("A127")
async def test_head_office_chooses_the_amounts_and_the_ways_to_pay(till: Till) -> None:
    page = await till.get("/show/top-up")
    assert 'data-fill="amount_yuan=500"' in page
    assert 'value="alipay"' in page
    await till.publish("top_up_amounts", {"amount_fen": 3_000}, {"amount_fen": 8_800})
    await till.publish(
        "tenders",
        {"code": "cash", "name": "现金", "name_en": "cash"},
        {"code": "wechat", "name": "微信", "name_en": "WeChat Pay", "enabled": False},
        {"code": "coupon", "name": "餐券", "name_en": "meal coupon"},
    )
    page = await till.get("/show/top-up")
    assert 'data-fill="amount_yuan=88"' in page
    assert 'data-fill="amount_yuan=500"' not in page
    assert "Meal coupon" in page
    assert 'value="alipay"' not in page
    await till.top_up(3_000, tender="coupon")
    assert till.of_cafe(OTHER_CLEARING) == 3_000
    for closed in ("wechat", "alipay", "gold"):
        code = await till.refused("top_up", member=till.member, amount_fen=100, tender=closed)
        assert code == "tender_unknown"


@pytest.mark.covers("A128")
async def test_a_typed_amount_changes_balance_and_records_by_itself(till: Till) -> None:
    page = await till.form("top_up", member=str(till.member), amount_yuan="50.5", tender="cash")
    assert 'data-done="top_up"' in page
    assert 'data-balance-fen="5050"' in page
    records = await till.get("/show/account")
    assert "+50.50" in records
    assert "Topped up, all known" in records
    assert till.of_cafe(DUE_TO_CHAIN) == -5_050
    for typed, code in (
        ("", "amount_missing"),
        ("0.5", "top_up_too_small"),
        ("6000", "top_up_too"),
    ):
        refused = await till.form(
            "top_up", member=str(till.member), amount_yuan=typed, tender="cash"
        )
        assert code in refused
        assert f'value="{typed}"' in refused
    assert till.wallet_fen == 5_050


@pytest.mark.covers("A153")
async def test_an_amount_or_a_package_is_chosen_and_confirmed_by_head_office(till: Till) -> None:
    await till.publish(
        "top_up_packages",
        {
            "code": "weekend",
            "name": "周末",
            "name_en": "weekend",
            "price_fen": 8_800,
            "bonus_fen": 2_200,
        },
    )
    assert "weekend ¥88.00 +¥22.00" in await till.get("/show/top-up")
    made = await till.done("top_up", member=till.member, package="weekend", tender="cash")
    assert (made["amount_fen"], made["bonus_fen"], made["balance_fen"]) == (8_800, 2_200, 11_000)
    assert "Waits for head office" in await till.get("/show/top-ups")
    await till.counter.hub.confirm_all()
    page = await till.get("/show/top-ups")
    assert "Confirmed by head office" in page
    assert "Waits for head office" not in page
    code = await till.refused("top_up", member=till.member, package="summer", tender="cash")
    assert code == "top_up_package_unknown"


@pytest.mark.covers("A133")
async def test_cash_is_counted_and_change_goes_back(till: Till) -> None:
    made = await till.top_up(3_500, received_fen=10_000)
    assert made["change_fen"] == 6_500
    assert till.of_cafe(TILL) == 3_500
    slip = await till.slip(1)
    assert "¥100.00" in slip
    assert "¥65.00" in slip
    code = await till.refused(
        "top_up", member=till.member, amount_fen=3_500, tender="cash", received_fen=3_000
    )
    assert code == "tenders_too_little"
    assert till.counter.printer.printed[0][0].kick_drawer


@pytest.mark.covers("A134")
async def test_a_bank_card_is_taken_with_the_terminals_reference(till: Till) -> None:
    asked: dict[str, object] = {"member": till.member, "amount_fen": 5_000, "tender": "card"}
    assert await till.refused("top_up", **asked) == "tender_reference_missing"
    assert (
        await till.refused("top_up", **asked, tender_reference="<b>") == "tender_reference_invalid"
    )
    await till.done("top_up", **asked, tender_reference="POS-000123")
    assert till.of_cafe(CARD_CLEARING) == 5_000
    assert "POS-000123" in await till.slip(1)
    assert "POS-000123" in await till.get("/show/account")


class Gateway:
    """A provider that knows which references are paid."""

    def __init__(self) -> None:
        self.asked: list[Charge] = []

    async def confirm(self, charge: Charge) -> Refusal | None:
        self.asked.append(charge)
        paid = charge.reference.startswith("PAID")
        return None if paid else refuse("tender_reference_invalid", reference=charge.reference)


@pytest.mark.covers("A135")
async def test_phone_payments_go_through_their_provider_and_no_reference_pays_twice(
    till: Till,
) -> None:
    gateway = Gateway()
    till.counter.desk.payment_providers.serve("wechat", gateway)
    asked: dict[str, object] = {"member": till.member, "amount_fen": 5_000}
    wechat = {**asked, "tender": "wechat"}
    assert await till.refused("top_up", **wechat, tender_reference="UNPAID1") == (
        "tender_reference_invalid"
    )
    await till.done("top_up", **wechat, tender_reference="PAID-77")
    assert [charge.reference for charge in gateway.asked] == ["UNPAID1", "PAID-77"]
    again = {**wechat, "tender_reference": "PAID-77"}
    assert await till.refused("top_up", **again) == "tender_reference_used"
    await till.done("top_up", **again, **APPROVED)
    await till.done("top_up", **asked, tender="alipay", tender_reference="PAID-77")
    assert till.of_cafe(WECHAT_CLEARING) == 10_000
    assert till.of_cafe(ALIPAY_CLEARING) == 5_000


@pytest.mark.covers("A468")
async def test_above_a_limit_a_second_person_approves(till: Till) -> None:
    await till.publish("top_up", {"approval_above_fen": 10_000})
    await till.top_up(10_000)
    asked: dict[str, object] = {"member": till.member, "amount_fen": 10_001, "tender": "cash"}
    assert await till.refused("top_up", **asked) == "approval_needed"
    own = {"approver": 501, "approver_pin": "2580"}
    assert await till.refused("top_up", **asked, **own) == "approver_is_asker"
    wrong = {**APPROVED, "approver_pin": "0000"}
    status, answer = await till.json("top_up", **asked, **wrong)
    assert (status, answer["code"]) == (422, "pin_wrong")
    page = await till.form("top_up", member=str(till.member), amount_yuan="100.01", tender="cash")
    assert 'name="approver_pin"' in page
    assert 'value="100.01"' in page
    await till.done("top_up", **asked, **APPROVED)
    assert till.wallet_fen == 20_001
    assert "赵" in await till.get("/show/account")


async def test_many_small_amounts_of_a_day_need_a_second_person_as_one_large_one_does(
    till: Till,
) -> None:
    await till.publish(
        "top_up", {"approval_above_fen": 10_000, "cash_out_approval_above_fen": 5_000}
    )
    asked: dict[str, object] = {"member": till.member, "tender": "cash"}
    await till.done("top_up", amount_fen=6_000, **asked)
    wrong = await till.done("top_up", amount_fen=4_000, **asked)
    assert await till.refused("top_up", amount_fen=100, **asked) == "approval_needed"
    cancel = {"top_up": wrong["top_up"], "reason": "充错", **APPROVED}
    await till.done("cancel_top_up", **cancel)
    await till.done("top_up", amount_fen=4_000, **asked)
    await till.done("top_up", amount_fen=100, **asked, **APPROVED)
    out = {**asked, "reason": "退卡"}
    await till.done("cash_out", amount_fen=3_000, **out)
    assert await till.refused("cash_out", amount_fen=2_001, **out) == "approval_needed"
    await till.done("cash_out", amount_fen=2_000, **out)
    assert await till.refused("cash_out", amount_fen=100, **out) == "approval_needed"
    till.counter.clock.forward(24 * 3_600)
    await till.done("top_up", amount_fen=10_000, **asked)
    await till.done("cash_out", amount_fen=5_000, **out)


@pytest.mark.covers("A451")
async def test_the_dialog_shows_what_the_member_has_and_tops_up(till: Till) -> None:
    await till.publish("top_up_tiers", *TIERS)
    await till.top_up(20_000)
    page = await till.get("/show/top-up")
    assert 'data-account-fen="23000"' in page
    assert "of it bonus ¥30.00" in page
    assert "Card in use" in page
    assert "from ¥200.00 +¥30.00" in page
    fields = {"member": str(till.member), "amount_yuan": "200", "note": "续费"}
    text = await till.form(
        "top_up", **fields, **{"pays:cash": "120", "pays:card": "80", "reference:card": "POS-1"}
    )
    assert 'data-done="top_up"' in text
    assert "Bonus ¥30.00" in text
    assert (till.of_cafe(TILL), till.of_cafe(CARD_CLEARING)) == (32_000, 8_000)


async def test_a_wrong_top_up_is_taken_back_exactly(till: Till) -> None:
    await till.publish("top_up_tiers", *TIERS)
    kept = await till.top_up(10_000)
    wrong = await till.top_up(20_000, tender="card", tender_reference="POS-9")
    asked = {"top_up": wrong["top_up"], "reason": "充错人"}
    assert await till.refused("cancel_top_up", **asked) == "approval_needed"
    back = await till.done("cancel_top_up", **asked, **APPROVED)
    assert (back["amount_fen"], back["bonus_fen"], back["points"]) == (20_000, 3_000, 50)
    assert back["kept_fen"] == 0
    assert (till.wallet_fen, till.bonus_fen, till.has(POINTS_HELD)) == (10_000, 1_000, 0)
    assert (till.of_cafe(CARD_CLEARING), till.of_cafe(TILL)) == (0, 10_000)
    assert (till.promotion_fen, till.of_cafe(DUE_TO_CHAIN)) == (1_000, -10_000)
    assert await till.refused("cancel_top_up", **asked, **APPROVED) == "top_up_cancelled"
    await till.done("spend", member=till.member, amount_fen=6_000)
    asked = {"top_up": kept["top_up"], "reason": "充错人"}
    assert await till.refused("cancel_top_up", **asked, **APPROVED) == "top_up_spent"


async def test_a_spent_bonus_is_kept_from_what_a_cancelled_top_up_gives_back(till: Till) -> None:
    await till.publish("top_up_tiers", *TIERS)
    await till.publish("points", {"per_yuan": 0, "yuan_points": 100})
    made = await till.top_up(10_000)
    await till.done("spend", member=till.member, amount_fen=400)
    assert (till.wallet_fen, till.bonus_fen) == (10_000, 600)
    back = await till.done("cancel_top_up", top_up=made["top_up"], reason="错", **APPROVED)
    assert (back["amount_fen"], back["kept_fen"], back["bonus_fen"]) == (9_600, 400, 600)
    assert (till.wallet_fen, till.bonus_fen) == (0, 0)
    assert (till.of_cafe(TILL), till.promotion_fen) == (400, 0)
    assert "¥96.00" in await till.slip(3)


@pytest.mark.covers("A334")
async def test_stored_value_is_cashed_out_with_approval_and_its_bonus_comes_back(
    till: Till,
) -> None:
    await till.publish("top_up_tiers", *TIERS)
    await till.top_up(10_000)
    asked: dict[str, object] = {"member": till.member, "tender": "cash", "reason": "退卡"}
    assert await till.refused("cash_out", amount_fen=4_000, **asked) == "approval_needed"
    assert await till.refused("cash_out", amount_fen=10_001, **asked, **APPROVED) == (
        "cash_out_too_large"
    )
    out = await till.done("cash_out", amount_fen=4_000, **asked, **APPROVED)
    assert (out["paid_fen"], out["bonus_fen"], out["kept_fen"]) == (4_000, 400, 0)
    assert (till.wallet_fen, till.bonus_fen) == (6_000, 600)
    await till.done("spend", member=till.member, amount_fen=500)
    out = await till.done("cash_out", amount_fen=6_000, **asked, **APPROVED)
    assert (out["paid_fen"], out["bonus_fen"], out["kept_fen"]) == (5_500, 100, 500)
    assert (till.wallet_fen, till.bonus_fen, till.promotion_fen) == (0, 0, 0)
    assert till.of_cafe(TILL) == 500
    assert "¥55.00" in await till.slip(4)


async def test_what_was_earned_comes_back_once_by_cash_outs_alone(till: Till) -> None:
    await till.publish("top_up_tiers", {"from_fen": 10_000, "bonus_fen": 2_000, "lucky": 4})
    made = await till.top_up(10_000)
    asked: dict[str, object] = {"member": till.member, "tender": "cash", "reason": "退款"}
    await till.done("cash_out", amount_fen=5_000, **asked, **APPROVED)
    assert (till.bonus_fen, till.lucky) == (1_000, 2)
    await till.top_up(5_000)
    cancel = {"top_up": made["top_up"], "reason": "充错", **APPROVED}
    assert await till.refused("cancel_top_up", **cancel) == "top_up_cashed_out"
    out = await till.done("cash_out", amount_fen=10_000, **asked, **APPROVED)
    assert (out["paid_fen"], out["bonus_fen"], out["kept_fen"]) == (10_000, 1_000, 0)
    assert (till.wallet_fen, till.bonus_fen, till.lucky) == (0, 0, 0)
    late = await till.top_up(10_000)
    await till.done("cancel_top_up", **{**cancel, "top_up": late["top_up"]})
    assert (till.wallet_fen, till.bonus_fen, till.lucky, till.promotion_fen) == (0, 0, 0, 0)


async def test_nobody_pays_for_bonus_and_points_that_expired_unused(till: Till) -> None:
    await till.publish("top_up_tiers", {**TIERS[1], "points": 50})
    rights: dict[str, object] = {"version": 1, "values": [100, 0, 2_000, 3]}
    await till.counter.hub.document(RULE, "rights", rights)
    till.counter.desk.log_applied()
    await till.top_up(10_000)
    wrong = await till.top_up(10_000)
    sold = await till.done("spend", member=till.member, amount_fen=5_000)
    till.counter.clock.forward(130 * 24 * 3_600)
    await till.counter.desk.rights.expire_due()
    assert (till.bonus_fen, till.has(POINTS_HELD)) == (0, 0)
    await till.log_in(MANAGER)
    back = await till.done("refund", sale=sold["sale"], amount_fen=5_000, reason="停电")
    assert (back["amount_fen"], back["kept_fen"]) == (5_000, 0)
    await till.log_in(CASHIER)
    back = await till.done("cancel_top_up", top_up=wrong["top_up"], reason="错", **APPROVED)
    assert (back["amount_fen"], back["kept_fen"]) == (10_000, 0)
    asked: dict[str, object] = {"member": till.member, "tender": "cash", "reason": "退卡"}
    out = await till.done("cash_out", amount_fen=10_000, **asked, **APPROVED)
    assert (out["paid_fen"], out["kept_fen"]) == (10_000, 0)


async def test_many_are_topped_up_after_a_try_with_an_outcome_for_each(till: Till) -> None:
    await till.publish("top_up_tiers", *TIERS)
    other = await till.done("register_member", name="李雷", phone="13800138002", consent=True)
    text = "王小明 100\n13800138002 20.5\n999999 10\n王小明 x"
    fields = {"list": text, "tender": "cash"}
    tried = await till.form("top_up_many", **fields, dry_run="on")
    assert "2 would be topped up by ¥120.50" in tried
    assert till.wallet_fen == 0
    page = await till.form("top_up_many", **fields)
    assert "approval_needed" in page
    assert "13800138002 20.5" in page
    approved = {name: str(value) for name, value in APPROVED.items()}
    page = await till.form("top_up_many", **fields, **approved)
    assert "2 topped up by ¥120.50 in all, 2 not" in page
    assert 'data-code="row_member_unknown"' in page
    assert 'data-code="amount_not_a_number"' in page
    assert (till.wallet_fen, till.bonus_fen) == (10_000, 1_000)
    view = await till.counter.desk.views.member(int(str(other["member"])))
    assert view is not None
    assert view.balance_fen == 2_050
    lines = json.dumps([["王小明", "1"]])
    done = await till.done("top_up_many", lines=lines, tender="cash", **APPROVED)
    assert (done["done"], done["failed"], done["amount_fen"]) == (1, 0, 100)
    lines = json.dumps([["王小明", "1"], [number_text(till.member), "1"]])
    done = await till.done("top_up_many", lines=lines, tender="cash", **APPROVED)
    assert (done["done"], done["rows"][1]["code"]) == (1, "line_repeated")  # type: ignore[index]  # a list of rows
