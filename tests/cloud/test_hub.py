"""The hub's process from within: a writer that fails ends it, a full inbox loses its own."""

import asyncio
import threading

import pytest

from cloud import app
from cloud.domain.business_day import Calendar
from cloud.hub.builder import Proposal
from cloud.hub.inbox import NODE_MESSAGES_MAX, Inbox


async def test_a_writer_that_fails_ends_the_process_and_nobody_waits_for_ever(configuration):
    def fail(_draft):
        raise RuntimeError("a bug")

    async def run():
        async with app.running(configuration) as running:
            await running.office.hub.propose(Proposal(fail))

    with pytest.raises(BaseExceptionGroup) as caught:
        await asyncio.wait_for(run(), 60)
    assert caught.value.subgroup(app.HubFailedError) is not None
    # Started again, all is as it was before.
    async with app.running(configuration) as running:
        assert await running.office.add_cafe({"code": "A", "name": "A"}, 0) == 1


async def test_whoever_goes_away_while_the_writer_works_does_not_end_it(configuration):
    started, go_on = threading.Event(), threading.Event()

    def slow(_database):
        started.set()
        assert go_on.wait(60)

    async with app.running(configuration) as running:
        hub = running.office.hub
        asked = asyncio.ensure_future(hub.write(slow))
        await asyncio.to_thread(started.wait, 60)
        waiting = asyncio.ensure_future(running.office.add_cafe({"code": "A", "name": "A"}, 0))
        await asyncio.sleep(0)
        for task in (asked, waiting):
            task.cancel()
        go_on.set()
        assert await running.office.add_cafe({"code": "B", "name": "B"}, 0) == 2  # A was made


def test_nodes_take_turns_and_one_that_floods_loses_only_its_own():
    inbox = Inbox()
    taken = [inbox.put(1, b"x") for _ in range(NODE_MESSAGES_MAX + 5)]
    assert taken.count(False) == 5
    assert inbox.put(2, b"y")
    assert [inbox.next_message(), inbox.next_message()] == [(1, b"x"), (2, b"y")]
    assert inbox.put(1, b"x")
    assert inbox.waiting() == NODE_MESSAGES_MAX
    while inbox.next_message() is not None:
        pass
    assert inbox.is_empty()


def test_a_business_day_begins_at_its_hour():
    six_local = 1_780_264_800  # 2026-06-01 06:00 at UTC+8
    assert Calendar(480, 6).day(six_local * 1000) == 20260601
    assert Calendar(480, 6).day(six_local * 1000 - 1) == 20260531
