"""The every-change tier of the simulator: some dozens of seeds, determinism, every planted bug."""

import pytest

from cloud.hub import left_overs, node_sessions, recovery
from sync_protocol import frames
from sync_protocol.kinds import KINDS
from tests.sim.hunting import hunt
from tests.sim.mutants import MUTANTS
from tests.sim.planting import planted
from tests.sim.runner import run_seeds, runner
from tests.sim.world import Plan, plan_of

SEEDS = 24


def test_runs_under_faults_come_to_rest_without_a_violation():
    faults = 0
    for result in run_seeds(1000, SEEDS):
        assert not result.violations, f"python -m tests.sim --seed {result.plan.seed} --trace"
        faults += sum(result.faults.values())
    assert faults > SEEDS * 10


def test_a_seed_is_the_same_run_again():
    with runner() as runs:
        plan = plan_of(7)
        first = runs.run(plan, traced=True)
        assert len(first.trace) > 10
        assert runs.run(plan, traced=True).trace_hash == first.trace_hash
        assert runs.run(plan_of(8), traced=True).trace_hash != first.trace_hash


def test_a_run_leaves_the_product_as_it_found_it():
    def product() -> list[object]:
        verifiers = [module.verifier for module in (node_sessions, left_overs, recovery)]
        columns = [frames.pack_rows, frames.unpack_rows, list(frames.CODECS_WRITTEN)]
        return [*verifiers, *columns, sorted(KINDS)]

    before = product()
    with runner() as runs:
        assert not runs.run(Plan(3, frozenset({"mixed_versions", "message_lost"}))).violations
        assert product() != before
    assert product() == before


def test_a_failing_run_shrinks_to_the_faults_that_it_needs():
    mutant = next(item for item in MUTANTS if item.name == "requests are not remembered")
    kinds = frozenset({"double_request", "message_lost", "slow_consumer"})
    with planted(mutant), runner() as runs:
        failing = next(
            Plan(seed, kinds) for seed in range(30) if runs.run(Plan(seed, kinds)).violations
        )
        smaller = runs.shrink(failing)
        assert runs.run(smaller).violations
    assert smaller.faults == {"double_request"}
    assert smaller.acts_max <= 60


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_planted_bug_is_caught(mutant):
    outcome = hunt(mutant, 60)
    assert outcome.seed is not None


def test_each_invariant_has_planted_bugs():
    for number in range(1, 10):
        planted = [item for item in MUTANTS if item.invariant == f"I{number}"]
        assert len(planted) >= 2
    assert sum(item.subtle for item in MUTANTS) >= 10
