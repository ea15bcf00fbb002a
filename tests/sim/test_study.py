"""The partition study's promises, on a part of its month."""

import pytest

from tests.sim.study import Month
from tests.sim.study_counts import ADVANCE_FEN, Setting

DAYS = 10


@pytest.mark.parametrize("advances", [False, True], ids=["no advances", "advances"])
@pytest.mark.parametrize("means", [False, True], ids=["no slices or grants", "slices and grants"])
def test_nobody_spends_above_what_was_topped_up_and_the_limit(means: bool, advances: bool) -> None:
    month = Month(Setting(means, means, advances), 7, DAYS)
    result = month.run()
    assert result.voids == 0
    assert result.excess_fen == 0
    assert result.usual_cut.covered > 100
    owed = [spent - month.topped_up.get(member, 0) for member, spent in month.spent.items()]
    assert max(owed) <= (ADVANCE_FEN if advances else 0)
    assert (result.drawn_fen > 0) == advances
    if means:
        assert result.usual_cut.percent() <= 2
    else:
        assert result.usual_cut.percent() > 20
