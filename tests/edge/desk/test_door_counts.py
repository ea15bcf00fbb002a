"""What the box's own door counters tell becomes counts of five minutes, which sync."""

from pathlib import Path

import pytest

from edge.desk.door_counts import DoorCounts
from edge.desk.settings import Clocks
from edge.domain.decision import read_int
from edge.events import Direction, DoorCrossed
from sync_protocol.kinds import DOOR_COUNT
from tests.edge.desk.counter import SETTINGS, Counter, open_counter

NS_PER_MIN = 60_000_000_000


def counts_on(counter: Counter) -> DoorCounts:
    clocks = Clocks(counter.clock.wall_ms, counter.clock.monotonic_ns)
    return DoorCounts(counter.store, SETTINGS, clocks, lambda: None)


def cross(counter: Counter, counts: DoorCounts, *ways: Direction, minutes_ago: int = 0) -> None:
    at_ns = counter.clock.monotonic_ns() - minutes_ago * NS_PER_MIN
    for way in ways:
        counts.crossed(DoorCrossed("door", way, at_ns))


def totals(counter: Counter) -> list[tuple[int, ...]]:
    """Entered, left and unknown of each five minutes that are counted."""
    with counter.store.read() as reader:
        return sorted(
            tuple(
                read_int(DOOR_COUNT, document.shown, name)
                for name in ("entered", "left", "unknown")
            )
            for document in reader.registers(DOOR_COUNT)
        )


@pytest.mark.covers("A170")
async def test_crossings_are_gathered_into_five_minutes_and_added_to_them(tmp_path: Path) -> None:
    async with open_counter(tmp_path) as counter:
        counts = counts_on(counter)
        cross(counter, counts, Direction.IN, Direction.IN, Direction.OUT)
        cross(counter, counts, Direction.UNKNOWN, minutes_ago=20)
        assert totals(counter) == []
        await counts.commit()
        await counts.commit()
        assert totals(counter) == [(0, 0, 1), (2, 1, 0)]
        cross(counter, counts, Direction.OUT)
        await counts.commit()
        assert totals(counter) == [(0, 0, 1), (2, 2, 0)]
