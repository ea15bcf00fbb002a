"""One checker for each invariant of `FAULTS.md`; each yields what is violated, in words."""

from collections.abc import Callable, Iterator

from tests.sim.checkers import (
    i1_zero_sum,
    i2_nothing_lost,
    i3_once,
    i4_agreement,
    i5_authors,
    i6_limits,
    i7_chains,
    i8_flow,
    i9_outcomes,
)
from tests.sim.evidence import Evidence

CHECKERS: dict[str, Callable[[Evidence], Iterator[str]]] = {
    "I1": i1_zero_sum.check,
    "I2": i2_nothing_lost.check,
    "I3": i3_once.check,
    "I4": i4_agreement.check,
    "I5": i5_authors.check,
    "I6": i6_limits.check,
    "I7": i7_chains.check,
    "I8": i8_flow.check,
    "I9": i9_outcomes.check,
}

MAX_EACH = 5
"""Violations of one invariant that are told; one fault often shows in a hundred rows."""


def check_all(evidence: Evidence) -> list[str]:
    """Return every violation, named by its invariant."""
    found = []
    for name, check in CHECKERS.items():
        for count, words in enumerate(check(evidence)):
            if count == MAX_EACH:
                found.append(f"{name}: and more")
                break
            found.append(f"{name}: {words}")
    return found
