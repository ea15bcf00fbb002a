"""Rights end to end: desks on real stores, over a real broker, with a real hub in this process."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from cloud.hub.nightly import Nightly
from sync_protocol.accounts import ADVANCE_RIGHT, BONUS, FEN, HUB_HOLDER, RECEIVABLE, WALLET
from sync_protocol.kinds import RULE
from tests.edge.sync.boxes import eventually
from tests.edge.sync.counters import CARD, PIN, Counter


@pytest.fixture
async def counters(make_box, hub):
    office = hub.office
    staff = await office.add_staff("李", "cashier", [], ("", PIN), 0)
    opened = []
    for cafe in (0, 1):
        counter = Counter(await make_box(cafe, start=False))
        await eventually(lambda counter=counter: counter.box.sync.up, "the line")
        await counter.log_in(staff)
        opened.append(counter)
    return opened


async def _member(counter):
    answer = await counter.do("register_member", name="王", consent=True, card_uid=CARD.hex())
    return answer.values["member"]


async def _next_night(hub):
    """Do what the hub does when tomorrow's business day begins."""
    today, offset_min = hub.surroundings.business_day()
    day = date(today // 10000, today // 100 % 100, today % 100) + timedelta(days=1)
    tomorrow = day.year * 10000 + day.month * 100 + day.day
    hub.surroundings = replace(hub.surroundings, business_day=lambda: (tomorrow, offset_min))
    assert await Nightly(hub).run_due()


async def test_who_topped_up_here_and_was_acked_can_spend_all_of_it_here_without_a_line(counters):
    here, _ = counters
    member = await _member(here)
    await here.tap()
    await here.do("top_up", member=member, amount_fen=10_000, tender="cash")
    await here.box.settled()
    await here.cut()
    assert await here.spendable(member) == 10_000
    await here.do("spend", member=member, amount_fen=6_000)
    await here.do("spend", member=member, amount_fen=4_000)
    refused = await here.ask("spend", member=member, amount_fen=1)
    assert refused.code == "spendable_too_little"
    here.box.switch.mend()
    await here.box.settled()
    await here.box.assert_equal_to_hub()


async def test_one_tap_elsewhere_recalls_what_the_first_cafe_holds(counters):
    here, there = counters
    member = await _member(here)
    await here.do("top_up", member=member, amount_fen=5_000, tender="cash")
    await here.box.settled()
    await eventually(lambda: there.shown(WALLET, member, (here.box.node, 1)) == 5_000, "the money")
    view = await there.tap()
    assert view.asking_for_rights
    await eventually(lambda: there.shown(WALLET, member) == 5_000, "the recalled money")
    await there.do("spend", member=member, amount_fen=5_000)
    for counter in counters:
        await counter.box.settled()
        await counter.box.assert_equal_to_hub()


@pytest.mark.covers("A410")
async def test_who_topped_up_in_one_cafe_spends_all_of_it_and_its_bonus_in_another(counters, hub):
    here, there = counters
    tiers = {"version": 1, "values": [[5_000, 700, 0, 0, 3], [9_000, 1_100, 0, 0, 0]]}
    await hub.office.set_fields(RULE, "top_up_tiers", tiers, 0)
    member = await _member(here)
    await eventually(
        lambda: here.box.read(lambda reader: reader.register(RULE, "top_up_tiers")), "the rule"
    )
    for amount_fen in (5_000, 9_000):
        await here.do("top_up", member=member, amount_fen=amount_fen, tender="cash")
    await here.box.settled()
    await eventually(lambda: there.shown(WALLET, member, (here.box.node, 1)) == 14_000, "the money")
    await there.tap()
    await eventually(lambda: there.shown(WALLET, member) == 14_000, "the recalled money")

    def bonus_fen():
        held = there.box.read(lambda reader: reader.balances_of(BONUS, member, FEN))
        return -sum(one.shown for account, one in held if account[2] == there.box.node)

    await eventually(lambda: bonus_fen() == 1_800, "the recalled bonus credit")
    assert await there.spendable(member) == 15_800
    await there.do("spend", member=member, amount_fen=15_800)
    for counter in counters:
        await counter.box.settled()
        await counter.box.assert_equal_to_hub()


async def test_the_night_before_a_cut_line_is_enough_for_the_slice_and_an_advance(counters, hub):
    here, there = counters
    member = await _member(here)
    await here.tap()
    await here.do("top_up", member=member, amount_fen=3_000, tender="cash")
    await here.do("release", member=member)
    await here.box.settled()
    await _next_night(hub.office.hub)
    await eventually(lambda: here.shown(WALLET, member) == 3_000, "the slice")
    await eventually(lambda: here.shown(ADVANCE_RIGHT, member) == 2_000, "the limit")
    await eventually(lambda: there.shown(WALLET, member, (here.box.node, 1)) == 3_000, "the member")
    await there.do("top_up", member=member, amount_fen=9_000, tender="cash")
    await there.box.settled()
    await eventually(lambda: here.shown(WALLET, member, (there.box.node, 1)) == 9_000, "the rest")
    await here.cut()
    assert await here.spendable(member) == 5_000
    await here.do("spend", member=member, amount_fen=4_500)
    assert (await here.ask("spend", member=member, amount_fen=501)).code == "spendable_elsewhere"
    here.box.switch.mend()
    await here.box.settled()
    await eventually(lambda: here.box.sync.up, "the line")
    await here.desk.rights.release_due()
    await here.box.settled()
    await there.do("release", member=member)
    await there.box.settled()
    await here.do("set_ticket_member", member=member)
    await eventually(lambda: here.shown(WALLET, member) == 7_500, "what is left of it")
    await here.box.settled()
    assert here.shown(RECEIVABLE, member, HUB_HOLDER) == 0
    assert here.shown(ADVANCE_RIGHT, member, HUB_HOLDER) == 1_500
    await here.box.assert_equal_to_hub()


async def test_a_recall_that_a_cut_line_swallowed_comes_with_the_next_greeting(counters, hub):
    here, there = counters
    member = await _member(here)
    await here.do("top_up", member=member, amount_fen=5_000, tender="cash")
    await here.box.settled()
    await eventually(lambda: there.shown(WALLET, member, (here.box.node, 1)) == 5_000, "the money")
    await here.cut()
    view = await there.tap()
    assert view.asking_for_rights
    refused = hub.office.hub.metrics.grants.labels("grant_nothing_held")
    await eventually(lambda: next(iter(refused.collect())).samples[0].value, "the hub's answer")
    assert there.shown(WALLET, member, (here.box.node, 1)) == 5_000
    here.box.switch.mend()
    # Who asked for it in vain asks again, so it may lie at the hub for a moment only.
    await eventually(lambda: there.shown(WALLET, member, (here.box.node, 1)) == 0, "the release")


async def test_looking_a_member_up_moves_nothing_and_a_sale_that_begins_does(counters):
    here, there = counters
    member = await _member(here)
    await here.do("top_up", member=member, amount_fen=5_000, tender="cash")
    await here.box.settled()
    await eventually(lambda: there.shown(WALLET, member, (here.box.node, 1)) == 5_000, "the money")
    asked = []
    request_grant = there.box.sync.request_grant
    there.box.sync.request_grant = lambda *wanted: (asked.append(wanted), request_grant(*wanted))
    await there.do("show_member", member=member)
    await there.box.settled()
    assert asked == []
    assert there.shown(WALLET, member, (here.box.node, 1)) == 5_000
    refused = await there.ask("spend", member=member, amount_fen=700)
    assert refused.code.startswith("spendable")
    await eventually(lambda: there.shown(WALLET, member) == 5_000, "the money that was asked for")
    assert {wanted[2] for wanted in asked} == {member}
    await there.do("spend", member=member, amount_fen=700)


async def test_bonus_spent_in_one_cafe_is_kept_from_what_others_pay_out(counters, hub):
    """Not a fen of it is lost or taken twice, whichever cafe pays and whether it has a line."""
    here, there = counters
    limits = {"version": 1, "values": [[True, 100, 500_000, 100_000, 500_000]]}
    await hub.office.set_fields(RULE, "top_up", limits, 0)
    tiers = {"version": 1, "values": [[10_000, 1_000, 0, 0, 0]]}
    await hub.office.set_fields(RULE, "top_up_tiers", tiers, 0)
    for counter in counters:
        await eventually(
            lambda box=counter.box: box.read(lambda reader: reader.register(RULE, "top_up_tiers")),
            "the rules",
        )
    member = await _member(here)
    top_up = await here.do("top_up", member=member, amount_fen=10_000, tender="cash")
    await here.do("spend", member=member, amount_fen=1_000)
    await here.box.settled()
    await eventually(lambda: there.shown(WALLET, member, (here.box.node, 1)) == 10_000, "the money")
    await there.tap()
    await eventually(lambda: there.shown(WALLET, member) == 10_000, "the recalled money")
    # Asked for when all of it is here, it is awaited no more: what is released later stays there.
    await there.do("set_ticket_member", member=member)
    await there.cut()
    await there.do("top_up", member=member, amount_fen=2_000, tender="cash")
    asked = {"member": member, "tender": "cash", "reason": "退卡"}
    first = await there.do("cash_out", amount_fen=6_000, **asked)
    assert (first.values["paid_fen"], first.values["kept_fen"]) == (5_500, 500)
    there.box.switch.mend()
    await eventually(lambda: there.box.sync.up, "the line")
    await there.do("release", member=member)
    await there.box.settled()
    await eventually(lambda: here.shown(WALLET, member, HUB_HOLDER) == 6_000, "the release")
    wrong = {"top_up": top_up.values["top_up"], "reason": "充错"}
    assert (await here.ask("cancel_top_up", **wrong)).code == "top_up_cashed_out"
    await here.do("set_ticket_member", member=member)
    await eventually(lambda: here.shown(WALLET, member) == 6_000, "the rest")
    last = await here.do("cash_out", amount_fen=6_000, **asked)
    assert (last.values["paid_fen"], last.values["kept_fen"]) == (5_500, 500)
    await here.do("top_up", member=member, amount_fen=2_000, tender="cash")
    fresh = await here.do("cash_out", amount_fen=2_000, **asked)
    assert (fresh.values["paid_fen"], fresh.values["kept_fen"]) == (2_000, 0)
    for counter in counters:
        await counter.box.settled()
        await counter.box.assert_equal_to_hub()
