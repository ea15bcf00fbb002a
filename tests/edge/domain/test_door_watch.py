"""Who is inside, and who came in without a tap."""

import pytest

from edge.domain.door_watch import Admissions, DoorsToday

S = 1_000_000_000


@pytest.mark.parametrize(
    ("taps_s", "came_s", "admitted"),
    [
        ([0], [2], [True]),
        ([0], [2, 3], [True, False]),
        ([0, 1], [2, 3], [True, True]),
        ([], [5], [False]),
        ([0], [11], [False]),
        ([0, 9], [11, 12], [True, False]),
    ],
    ids=["one", "two_on_one_tap", "two_taps", "no_tap", "too_late", "the_first_never_came"],
)
def test_a_tap_admits_one_person_within_its_time(
    taps_s: list[int], came_s: list[int], admitted: list[bool]
) -> None:
    admissions = Admissions(10 * S)
    for tap_s in taps_s:
        admissions.admit(tap_s * S)
    assert [admissions.is_admitted(one * S) for one in came_s] == admitted


def test_nobody_is_inside_less_than_once() -> None:
    today = DoorsToday(20260301).crossed(2, 0).crossed(0, 3)
    assert today.inside == 0
    assert today.crossed(5, 0).inside == 4
