"""The doors as the page shows them, and what a counter does while the mains fails."""

from pathlib import Path

import pytest

from edge.desk.answers import Answer
from edge.desk.view_types import DoorsView, TapOutcome
from edge.events import Direction, DoorCrossed
from sync_protocol.kinds import DOOR_COUNT
from tests.edge.desk.counter import Counter, furnish, open_counter


def walk(counter: Counter, *ways: Direction) -> None:
    for way in ways:
        at_ns = counter.clock.monotonic_ns()
        counter.desk.doors.crossed(DoorCrossed("main door", way, at_ns))


def shown(counter: Counter) -> DoorsView:
    return counter.desk.doors.watch.view()


@pytest.mark.covers("A280")
async def test_who_follows_another_in_without_a_tap_is_noted(counter: Counter) -> None:
    await counter.member()
    await counter.tap()
    counter.clock.forward(2)
    walk(counter, Direction.IN)
    assert shown(counter) == DoorsView(1, 0, 0)
    walk(counter, Direction.IN)
    noted_ms = counter.clock.now_ms
    assert shown(counter) == DoorsView(2, 1, noted_ms)
    walk(counter, Direction.OUT, Direction.UNKNOWN)
    assert shown(counter) == DoorsView(1, 1, noted_ms)
    counter.clock.forward(11 * 60)
    assert shown(counter) == DoorsView(1, 1, 0)


async def test_a_tap_of_long_ago_admits_nobody(counter: Counter) -> None:
    await counter.member()
    await counter.tap()
    counter.clock.forward(11)
    walk(counter, Direction.IN)
    assert shown(counter).untapped == 1


async def test_who_is_inside_outlives_a_restart_and_ends_with_the_day(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        walk(counter, Direction.IN, Direction.IN, Direction.OUT)
        await counter.desk.doors.commit()
        clock, before = counter.clock, shown(counter)
    async with open_counter(tmp_path, clock) as again:
        assert shown(again) == before == DoorsView(1, 2, clock.now_ms)
        clock.forward(24 * 3600)
        assert shown(again) == DoorsView(0, 0, 0)


async def test_while_the_mains_fails_nothing_new_is_taken(counter: Counter) -> None:
    await counter.member()
    added = await counter.do("add_line", sku="COLA")
    walk(counter, Direction.OUT)
    await counter.desk.mains_failed(counter.clock.now_ms)
    assert (await counter.desk.views.truth_line()).mains_failed_ms == counter.clock.now_ms
    with counter.store.read() as reader:
        assert len(list(reader.registers(DOOR_COUNT))) == 1, "what was gathered is committed"
    for command in ("add_line", "pay"):
        inputs = {"sku": "COLA"} if command == "add_line" else {"tender": "cash"}
        assert (await counter.refused(command, **inputs)).code == "power_failed"
    view = await counter.tap()
    assert view.refusal is not None
    assert (view.outcome, view.refusal.code) == (TapOutcome.REFUSED, "power_failed")
    assert counter.relay.pulses == 0
    again = await counter.desk.perform(
        "add_line", counter.session, f"request-{counter.requests - 2}", {"sku": "COLA"}
    )
    assert isinstance(again, Answer)
    assert (again.repeated, again.values) == (True, added.values), "a repeat hears what was done"
    counter.desk.mains_returned()
    await counter.do("pay", tender="cash", expected_total_fen=500)
    assert (await counter.tap()).outcome is TapOutcome.WELCOME


async def test_mains_that_are_back_before_all_is_flushed_are_back(counter: Counter) -> None:
    flushing = counter.desk.mains_failed(1)
    counter.desk.mains_returned()
    await flushing
    assert (await counter.desk.views.truth_line()).mains_failed_ms == 0


async def test_a_failing_mains_with_a_store_that_is_closed_ends_nothing(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        await furnish(counter)
        counter.store.close()
        await counter.desk.mains_failed(1)
