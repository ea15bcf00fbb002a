"""The bridge from threads to the loop: order, bound, counted drops."""

import asyncio
import threading
from concurrent.futures import Future

import pytest

from edge.drivers.bridge import Bridge
from edge.events import CardRemoved, CardTapped, DeviceEvent


async def test_events_of_threads_arrive_on_the_loop_in_each_threads_order() -> None:
    seen: list[CardRemoved] = []
    all_seen = asyncio.Event()
    loop_thread = threading.get_ident()

    def deliver(event: DeviceEvent) -> None:
        assert threading.get_ident() == loop_thread
        assert isinstance(event, CardRemoved)
        seen.append(event)
        if len(seen) == 300:
            all_seen.set()

    bridge = Bridge(deliver)

    def post(reader: str) -> None:
        for number in range(100):
            assert bridge.post(CardRemoved(reader, number))

    threads = [threading.Thread(target=post, args=(f"reader {number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    async with asyncio.timeout(60):
        await all_seen.wait()
    for number in range(3):
        own = [event.at_monotonic_ns for event in seen if event.reader == f"reader {number}"]
        assert own == list(range(100))
    assert bridge.dropped == {}


async def test_a_full_bridge_refuses_the_newest_and_counts_it() -> None:
    seen: list[DeviceEvent] = []
    bridge = Bridge(seen.append, capacity=3)
    posted = [bridge.post(CardRemoved("reader", number)) for number in range(5)]
    await asyncio.sleep(0)  # the loop was held up until here
    assert posted == [True, True, True, False, False]
    assert seen == [CardRemoved("reader", number) for number in range(3)]
    assert bridge.dropped == {"CardRemoved": 2}
    assert bridge.post(CardRemoved("reader", 5)), "there is room again"


async def test_a_bridge_has_room_for_something() -> None:
    with pytest.raises(ValueError, match="capacity"):
        Bridge(lambda _event: None, capacity=0)


async def test_what_is_begun_straight_away_ends_on_the_loop_once_it_is_done() -> None:
    threads: list[tuple[str, int]] = []
    delivered: list[DeviceEvent] = []
    ended = asyncio.Event()
    work: Future[str] = Future()

    class Taps:
        def begin(self, event: DeviceEvent) -> "Future[str] | None":
            threads.append(("begin", threading.get_ident()))
            return work if isinstance(event, CardTapped) else None

        def end(self, event: DeviceEvent, begun: "Future[str]") -> None:
            assert isinstance(event, CardTapped)
            assert begun.result() == "committed"
            threads.append(("end", threading.get_ident()))
            ended.set()

    bridge = Bridge(delivered.append, straight=Taps())

    def post() -> None:
        assert bridge.post(CardTapped("reader", b"uid", 1))
        assert bridge.post(CardRemoved("reader", 2))

    poster = threading.Thread(target=post)
    poster.start()
    await asyncio.to_thread(poster.join)
    await asyncio.sleep(0)
    assert delivered == [CardRemoved("reader", 2)]
    assert not ended.is_set()
    await asyncio.to_thread(work.set_result, "committed")
    async with asyncio.timeout(60):
        await ended.wait()
    here = threading.get_ident()
    assert [name for name, _ in threads] == ["begin", "begin", "end"]
    assert threads[0][1] != here
    assert threads[2][1] == here
    assert delivered == [CardRemoved("reader", 2)]
