"""Stamps only move forward, and no clock moves another's."""

from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.clock import (
    STEP_MS,
    HybridClock,
    SegmentTracker,
    effective_stamp,
    stamp_ms,
    stamp_of,
)

HUB_MS = 1_790_000_000_000
YEAR_MS = 365 * 24 * 3600 * 1000


@given(st.lists(st.tuples(st.integers(0, 2 * HUB_MS), st.integers(0, 1 << 58)), min_size=1))
def test_own_stamps_rise_whatever_the_wall_clock_does(readings):
    clock = HybridClock(0)
    last = 0
    for wall_ms, seen in readings:
        stamp = clock.next(wall_ms, seen)
        assert stamp > last
        assert stamp > seen
        last = stamp


def test_a_box_thirty_years_ahead_is_capped_at_the_hubs_clock():
    stamp = effective_stamp(stamp_of(HUB_MS + 30 * YEAR_MS), 0, HUB_MS, 0, 0)
    assert stamp_ms(stamp) == HUB_MS


def test_a_box_in_1970_is_corrected_by_its_measured_offset():
    stamp = effective_stamp(stamp_of(5_000), HUB_MS - 10_000, HUB_MS, 0, 0)
    assert stamp_ms(stamp) == HUB_MS - 5_000


@given(
    st.integers(0, 1 << 62),
    st.integers(-HUB_MS, HUB_MS),
    st.integers(0, 1 << 58),
    st.integers(0, 1 << 58),
)
def test_effective_follows_the_author_and_what_it_had_seen(stamp, offset_ms, previous, seen):
    effective = effective_stamp(stamp, offset_ms, HUB_MS, previous, seen)
    assert effective > previous
    assert effective > seen
    assert effective <= max(stamp_of(HUB_MS, 0xFFFF), previous + 1, seen + 1)


def test_a_step_opens_a_segment_and_a_slew_does_not():
    tracker = SegmentTracker(1, 1_000_000, 0)
    assert not tracker.observe(1_000_000 + 60_000 + STEP_MS, 60_000)
    assert tracker.segment == 1
    assert tracker.observe(1_000_000, 61_000)
    assert tracker.segment == 2
    assert not tracker.observe(1_001_000, 62_000)
