"""The bridge from threads to the loop: order, bound, counted drops."""

import asyncio
import threading

import pytest

from edge.drivers.bridge import Bridge
from edge.events import CardRemoved, DeviceEvent


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
    async with asyncio.timeout(5):
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
