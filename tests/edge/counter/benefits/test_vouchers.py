"""Vouchers and bookings: numbered, with a value and a last day, redeemed once by their code."""

import re

import pytest

from edge.receipt import QrCode
from sync_protocol.accounts import BONUS, FEN
from tests.edge.counter.benefits.conftest import Shop


@pytest.mark.covers("A493")
async def test_vouchers_are_numbered_and_have_a_value_and_a_last_day(shop: Shop) -> None:
    member = await shop.member()
    await shop.log_in(502)
    until = shop.day_after(10)
    issued = await shop.done(
        "issue_voucher", amount_fen=1_500, count=3, until_day=until, only_here=True
    )
    codes = issued["codes"]
    assert isinstance(codes, list)
    assert len({number for number, _ in codes}) == len({code for _, code in codes}) == 3
    page = await shop.show(f"vouchers?text={codes[0][0]}")
    assert codes[0][0] in page
    assert "¥15.00" in page
    await shop.done("redeem_voucher", member=member, code=codes[0][1])
    assert shop.held(BONUS, member, FEN) == 1_500
    used = await shop.refused("redeem_voucher", member=member, code=codes[0][1])
    assert used == "voucher_used"
    shop.at_hour(12, days=11)
    late = await shop.refused("redeem_voucher", member=member, code=codes[1][1])
    assert late == "voucher_expired"


async def test_a_voucher_may_be_spent_and_never_paid_out(shop: Shop) -> None:
    member = await shop.member()
    await shop.log_in(502)
    issued = await shop.done("issue_voucher", amount_fen=1_500, only_here=True)
    redeemed = await shop.done("redeem_voucher", member=member, code=issued["code"])
    assert redeemed["spendable_fen"] == 1_500
    cash_out = {"member": member, "amount_fen": 1_500, "tender": "cash", "reason": "退款"}
    assert await shop.refused("cash_out", **cash_out) == "cash_out_too_large"
    await shop.done("spend", member=member, amount_fen=1_500)
    assert shop.held(BONUS, member, FEN) == 0


@pytest.mark.covers("A290", "A291")
async def test_a_booking_makes_a_code_that_is_redeemed_by_scan_and_its_use_is_visible(
    shop: Shop,
) -> None:
    await shop.publish("tiers", {"code": "vip", "fee_fen": 100, "booking": True})
    member = await shop.member()
    await shop.done("join_tier", member=member, tier="vip", tender="cash")
    day = shop.day_after(1)
    booked = await shop.done("book", member=member, what="包厢", day=day)
    printed = await _printed_qr_codes(shop)
    assert printed == [booked["code"]]
    assert await shop.refused("redeem_voucher", code=printed[0]) == "voucher_not_yet"
    assert re.findall(r'data-used="(\d+)"', await shop.show("vouchers", member)) == ["0"]
    shop.at_hour(12, days=1)
    assert (await shop.done("redeem_voucher", code=printed[0]))["what"] == "包厢"
    page = await shop.show("vouchers", member)
    assert re.findall(r'data-used="(\d+)"', page) == [str(day)]
    assert "本店" in page


async def test_a_voucher_of_a_product_takes_it_out_of_the_stock(shop: Shop) -> None:
    await shop.done("goods_receipt", lines=[["COLA", 3]])
    await shop.log_in(502)
    issued = await shop.done("issue_voucher", sku="COLA", only_here=True)
    await shop.done("redeem_voucher", code=issued["code"])
    assert shop.in_stock("COLA") == 2
    assert await shop.refused("issue_voucher") == "voucher_of_what"


async def _printed_qr_codes(shop: Shop) -> list[str]:
    await shop.counter.printer.wait_for(2)
    return [
        line.content
        for receipt, _ in shop.counter.printer.printed
        for line in receipt.lines
        if isinstance(line, QrCode) and not line.content.startswith("CB1:")
    ]
