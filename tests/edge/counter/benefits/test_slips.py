"""Every slip of the topic is printed by what it is for, in both languages, and fits the paper."""

from edge.effects.slips.benefits import SLIPS
from edge.effects.slips.job import from_bytes
from edge.effects.slips.paper import receipt_of
from edge.receipt import Pair, QrCode
from tests.edge.counter.benefits.conftest import APPROVED, Shop


async def test_every_slip_is_laid_out_in_both_languages(shop: Shop) -> None:
    await shop.publish(
        "tiers",
        {"code": "g", "name": "黄金", "threshold_points": 40, "valid_days": 9, "gift": "COLA"},
        {"code": "v", "name": "贵宾", "fee_fen": 100, "booking": True},
    )
    await shop.publish("redemptions", {"code": "cap", "name": "帽子", "points": 1, "gives": "gift"})
    await shop.publish(
        "events", {"code": "cup", "name": "五排赛", "points": 5, "discount_percent": 90}
    )
    member = await shop.member()
    award = {"member": member, "form": "award", "points": 50, "reason": "开业"}
    await shop.done("adjust_points", **award, **APPROVED)
    redeemed = await shop.done("redeem_points", member=member, code="cap")
    await shop.done("convert", member=member, give="points", get="money", amount=10)
    await shop.done("join_event", member=member, event="cup")
    await shop.done("give_gift", member=member, gift=f"tier-g-{shop.today}")
    sold = await shop.done("sell_pass", member=member, code="ten", tender="cash")
    await shop.done("use_pass", pass_id=sold["pass"])
    await shop.done("join_tier", member=member, tier="v", tender="cash")
    await shop.done("book", member=member, what="包厢", day=shop.today)
    await shop.buy(member, NOODLE=1)
    await shop.log_in(502)
    issued = await shop.done("issue_voucher", amount_fen=500, count=2, only_here=True)
    await shop.done("redeem_voucher", member=member, code=issued["code"])
    await shop.done("return_redemption", sale=redeemed["sale"], reason="不合适")
    with shop.counter.store.read() as reader:
        oldest_first = reversed(reader.latest_print_jobs())
        jobs = {job.kind: from_bytes(job.document) for job in oldest_first}
    assert SLIPS.keys() <= jobs.keys()
    for name in SLIPS:
        chinese, english = (receipt_of(jobs[name], language) for language in ("zh", "en"))
        assert len(chinese.lines) == len(english.lines)
        assert chinese.lines != english.lines
    vouchers = receipt_of(jobs["voucher"], "zh").lines
    assert sum(isinstance(line, QrCode) for line in vouchers) == 2
    assert Pair("会员", "王小明") in receipt_of(jobs["tier_change"], "zh").lines
    assert Pair("Saved", "-¥0.50") in receipt_of(jobs["sale"], "en").lines
