"""Taps on a real store: one commit, one pulse, one slip, points once, rights asked for."""

import asyncio

from edge.desk.view_types import TapOutcome
from edge.events import CardTapped
from edge.store.tables import PRINT_DONE
from sync_protocol.accounts import POINTS, POINTS_HELD
from tests.edge.desk.counter import BOX, CARD, EAST_BOX, EPOCH, OTHER_CARD, Counter


async def test_a_tap_opens_the_door_earns_points_and_prints(counter: Counter) -> None:
    member = await counter.member()
    view = await counter.tap()
    assert (view.outcome, view.points_earned) == (TapOutcome.WELCOME, 5)
    assert counter.relay.pulses == 1
    assert counter.shown((POINTS_HELD, member, BOX, EPOCH, 0, POINTS)) == -5
    await counter.printer.wait_for(1)
    page = await counter.desk.views.counter(counter.session, 1)
    assert page.member is not None
    assert (page.member.name, page.member.points) == ("王小明", 5)
    assert [present.member for present in page.present] == [member]
    assert page.events[0].kind == "tap"


async def test_the_same_tap_again_is_one_tap(counter: Counter) -> None:
    await counter.member()
    await counter.tap()
    before = counter.own_seq()
    counter.clock.forward(1)
    view = await counter.tap()
    assert view.outcome is TapOutcome.SAME_TAP
    assert counter.relay.pulses == 1
    assert counter.own_seq() == before


async def test_a_later_tap_opens_the_door_and_earns_nothing(counter: Counter) -> None:
    await counter.member()
    await counter.tap()
    counter.clock.forward(60)
    view = await counter.tap()
    assert (view.outcome, view.points_earned) == (TapOutcome.WELCOME, 0)
    assert counter.relay.pulses == 2


async def test_the_next_business_day_earns_again(counter: Counter) -> None:
    await counter.member()
    await counter.tap()
    counter.clock.forward(24 * 3600)
    assert (await counter.tap()).points_earned == 5


async def test_an_unknown_card_is_refused_and_can_be_issued(counter: Counter) -> None:
    member = await counter.member(card=None)
    view = await counter.tap()
    assert view.outcome is TapOutcome.REFUSED
    assert view.refusal is not None
    assert view.refusal.code == "card_unknown"
    assert counter.relay.pulses == 0
    await counter.do("issue_card", member=member, card_uid=view.card_uid)
    counter.clock.forward(5)
    assert (await counter.tap()).outcome is TapOutcome.WELCOME


async def test_a_card_belongs_to_one_member(counter: Counter) -> None:
    await counter.member()
    other = await counter.member(card=OTHER_CARD, name="张")
    refusal = await counter.refused("issue_card", member=other, card_uid=CARD.hex())
    assert refusal.code == "card_taken"


async def test_a_tap_asks_for_what_is_elsewhere_and_does_not_wait(counter: Counter) -> None:
    member = await counter.member()
    await counter.hub.confirm_all()
    await counter.hub.owe(member, 5000, EAST_BOX, 1)
    counter.line.up = True
    view = await counter.tap()
    assert view.asking_for_rights
    assert [asked[2:5] for asked in counter.line.asked] == [(member, "fen", 5000)]
    shown = await counter.desk.views.member(member)
    assert shown is not None
    assert (shown.balance_fen, shown.spendable_fen) == (5000, 0)
    assert shown.spendable_reason is not None
    assert "东门店" in shown.spendable_reason.words("zh")
    counter.clock.forward(4)
    await counter.tap()
    assert counter.line.asked[0][0] == counter.line.asked[1][0]
    page = await counter.desk.views.counter(counter.session, 1)
    assert page.tap is not None
    assert page.tap.asking_for_rights
    counter.clock.forward(6)
    page = await counter.desk.views.counter(counter.session, 1)
    assert page.tap is not None
    assert not page.tap.asking_for_rights


async def test_without_a_line_nobody_is_asked(counter: Counter) -> None:
    member = await counter.member()
    await counter.hub.owe(member, 5000, EAST_BOX, 1)
    view = await counter.tap()
    assert not view.asking_for_rights
    assert counter.line.asked == []


async def test_a_tap_that_waited_too_long_opens_no_door(counter: Counter) -> None:
    await counter.member()
    event = CardTapped("counter", CARD, counter.clock.monotonic_ns())
    counter.clock.forward(4)
    view = await counter.desk.tap(event)
    assert view.outcome is TapOutcome.WELCOME
    assert counter.relay.pulses == 0


async def test_who_left_is_not_here(counter: Counter) -> None:
    member = await counter.member()
    await counter.tap()
    await counter.do("leave", member=member)
    assert await counter.desk.views.present() == ()
    refusal = await counter.refused("leave", member=member)
    assert refusal.code == "visit_not_open"


async def test_the_check_in_slip_is_done_once(counter: Counter) -> None:
    await counter.member()
    await counter.tap()
    await counter.printer.wait_for(1)
    counter.clock.forward(60)
    await counter.tap()
    with counter.store.read() as reader:
        jobs = reader.latest_print_jobs()
    assert len(jobs) == 1
    assert jobs[0].state in (PRINT_DONE, "sent")
    assert len(counter.printer.printed) == 1


async def test_what_another_box_released_to_the_hub_is_asked_for_again(counter: Counter) -> None:
    member = await counter.member()
    await counter.hub.confirm_all()
    await counter.hub.owe(member, 5000, EAST_BOX, 1)
    counter.line.up = True
    await counter.tap()
    asked = len(counter.line.asked)
    counter.desk.log_applied()
    assert len(counter.line.asked) == asked
    await counter.hub.owe(member, 5000, 0, 0)
    counter.desk.log_applied()
    assert len(counter.line.asked) == asked + 1
    counter.clock.forward(61)
    counter.desk.log_applied()
    assert len(counter.line.asked) == asked + 1


async def test_two_taps_of_one_card_at_the_same_moment_are_one(counter: Counter) -> None:
    await counter.member()
    events = [CardTapped("counter", CARD, counter.clock.monotonic_ns() + more) for more in (0, 1)]
    begun = [counter.desk.begin_tap(event) for event in events]
    await asyncio.gather(*(asyncio.wrap_future(one) for one in begun))
    views = [counter.desk.end_tap(*pair) for pair in zip(events, begun, strict=True)]
    assert [view.outcome for view in views] == [TapOutcome.WELCOME, TapOutcome.SAME_TAP]
    assert counter.relay.pulses == 1
