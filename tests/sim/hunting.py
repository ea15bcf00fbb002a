"""Hunts a planted bug: runs seeds under what brings it to light until one of them is violated."""

from dataclasses import dataclass

from tests.sim.planting import Mutant, planted
from tests.sim.runner import runner
from tests.sim.world import Plan

LIES = frozenset(
    {
        "forged_op",
        "other_cafe",
        "wrong_signature",
        "forged_block",
        "unknown_kind",
        "poison_message",
        "revoked_node",
    }
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The seed that caught a mutant, None if none did, and what it violated."""

    mutant: Mutant
    seed: int | None
    violation: str


def hunt(mutant: Mutant, seeds: int) -> Outcome:
    """Run seeds with a mutant planted until one is violated that is not without it."""
    seed = 0
    while seed < seeds:
        seed, violations = _next_violation(mutant, seed, seeds)
        if violations and not _fails_without(plan_for(mutant, seed)):
            return Outcome(mutant, seed, violations[0].strip().replace("\n", " "))
        seed += 1
    return Outcome(mutant, None, "")


def _next_violation(mutant: Mutant, first: int, end: int) -> tuple[int, list[str]]:
    """Return the first seed from `first` on that is violated, and how; (end, []) for none."""
    with planted(mutant), runner() as runs:
        for seed in range(first, end):
            violations = runs.run(plan_for(mutant, seed)).violations
            if violations:
                return seed, violations
    return end, []


def _fails_without(plan: Plan) -> bool:
    """Whether a plan fails by itself; with a runner of its own, whose template no bug has built."""
    with runner() as runs:
        return bool(runs.run(plan).violations)


def plan_for(mutant: Mutant, seed: int) -> Plan:
    """Return a plan that looks for this bug: its kinds of fault, and more of who brings it out."""
    return Plan(
        seed,
        mutant.faults,
        2 + seed % 2,
        liar_share=0.45 if mutant.faults & LIES else 0.0,
        office_share=mutant.office_share,
        favours=mutant.favours,
    )
