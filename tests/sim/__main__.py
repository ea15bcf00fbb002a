"""Command line of the simulator.

python -m tests.sim --seeds 1000 [--first-seed N] --json   many runs, their counts
python -m tests.sim --seed 42 --trace                      one run, step by step in words
python -m tests.sim --mutants --json                       every planted bug is caught
python -m tests.sim --smoke NAME                           the smoke test with planted bugs
"""

import argparse
import json
import sys
import time
from collections import Counter

from sync_protocol.kinds import KINDS
from tests.sim import smoke
from tests.sim.hunting import hunt
from tests.sim.mutants import MUTANTS
from tests.sim.runner import Result, run_seeds, runner
from tests.sim.versions import LATER_KINDS
from tests.sim.world import plan_of

EVENTS_OF_A_RUN = 500
"""What a run comes to on average, its sessions' ticks among them; shorter ones are counted."""
SEEDS_FOR_ALL_KINDS = 200
"""So many runs write every kind of the table, or something is wrong with the simulator."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many runs")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seed", type=int, help="one run")
    parser.add_argument("--trace", action="store_true", help="tell what happens")
    parser.add_argument("--mutants", action="store_true", help="plant bugs, each must be caught")
    parser.add_argument("--only", default="", help="with --mutants: those whose name holds this")
    parser.add_argument("--smoke", default=None, metavar="NAME", help="plant it in `make smoke`")
    parser.add_argument("--json", action="store_true", help="one JSON line at the end")
    options = parser.parse_args(arguments)
    if options.mutants:
        return _run_mutants(options.only, options.seeds, as_json=options.json)
    if options.smoke is not None:
        return _run_smoke(options.smoke)
    if options.seed is not None:
        return _run_one(options.seed, traced=options.trace)
    return _run_many(options.first_seed, options.seeds, as_json=options.json)


def _run_one(seed: int, *, traced: bool) -> int:
    with runner() as runs:
        result = runs.run(plan_of(seed), traced=traced)
    for line in result.trace:
        print(line)
    _tell(result)
    return 1 if result.violations else 0


def _tell(result: Result) -> None:
    plan = result.plan
    print(f"seed {plan.seed}: {result.events} events, {result.ops} ops, {dict(result.faults)}")
    for violation in result.violations:
        print(f"  VIOLATION {violation}")


def _run_many(first: int, count: int, *, as_json: bool) -> int:
    started, used = time.perf_counter(), time.process_time()
    faults: Counter[str] = Counter()
    kinds: Counter[int] = Counter()
    sums: Counter[str] = Counter()
    fewest_events, short_runs = sys.maxsize, 0
    failed: list[Result] = []
    for result in run_seeds(first, count):
        faults += result.faults
        kinds += result.kinds
        fewest_events = min(fewest_events, result.events)
        short_runs += result.events < EVENTS_OF_A_RUN
        for name in ("events", "timers", "ops", "dropped_ops"):
            sums[name] += getattr(result, name)
        if result.violations:
            failed.append(result)
            _tell(result)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - used
    if failed:
        _shrink(failed[0])
    names = {**{code: kind.name for code, kind in KINDS.items()}, **LATER_KINDS}
    never = [name for code, name in names.items() if not kinds[code]]
    report = {
        "seeds": count,
        "first_seed": first,
        "seeds_per_second": round(count / seconds, 2),
        "seeds_per_cpu_second": round(count / cpu_seconds, 2),
        "events": sums["events"],
        "events_per_seed": round(sums["events"] / count),
        "events_of_the_shortest": fewest_events,
        "seeds_under_500_events": short_runs,
        "timers_per_seed": round(sums["timers"] / count),
        "ops": sums["ops"],
        "ops_dropped_by_retention": sums["dropped_ops"],
        "violations": sum(len(result.violations) for result in failed),
        "failed_seeds": [result.plan.seed for result in failed],
        "faults": dict(sorted(faults.items())),
        "fault_kinds_over_1000": sum(times >= 1_000 for times in faults.values()),
        "kinds": {names.get(code, str(code)): kinds[code] for code in sorted(kinds)},
        "kinds_never_written": never,
    }
    print(json.dumps(report) if as_json else json.dumps(report, indent=2))
    return 1 if failed or (never and count >= SEEDS_FOR_ALL_KINDS) else 0


def _shrink(result: Result) -> None:
    """Print the smallest plan that still fails, step by step."""
    with runner() as runs:
        plan = runs.shrink(result.plan)
        smaller = runs.run(plan, traced=True)
    print(f"shrunk seed {plan.seed}: faults {sorted(plan.faults)}, {plan.acts_max} acts")
    for line in smaller.trace:
        print(line)
    _tell(smaller)


def _run_mutants(only: str, seeds: int, *, as_json: bool) -> int:
    outcomes = []
    for mutant in MUTANTS:
        if only in mutant.name:
            outcome = hunt(mutant, seeds)
            outcomes.append(outcome)
            seed = "MISSED" if outcome.seed is None else f"caught by seed {outcome.seed}"
            print(f"{mutant.invariant} {mutant.name}: {seed} {outcome.violation[:120]}")
    report = {
        "planted": len(outcomes),
        "caught": sum(outcome.seed is not None for outcome in outcomes),
        "subtle": sum(outcome.mutant.subtle for outcome in outcomes),
        "mutants": {
            outcome.mutant.name: {
                "invariant": outcome.mutant.invariant,
                "seed": outcome.seed,
                "passes_smoke": outcome.mutant.subtle,
                "violation": outcome.violation[:200],
            }
            for outcome in outcomes
        },
    }
    print(json.dumps(report) if as_json else json.dumps(report, indent=2))
    return 0 if report["caught"] == report["planted"] else 1


def _run_smoke(only: str) -> int:
    """Say of each bug whose name holds `only` whether the smoke test passes with it."""
    as_told = True
    for mutant in MUTANTS:
        if only in mutant.name:
            passed, last_line = smoke.passes_smoke(mutant)
            as_told &= passed == mutant.subtle
            words = "passes" if passed else "is caught by"
            print(
                f"{mutant.invariant} {mutant.name}: {words} the smoke test: {last_line}", flush=True
            )
    return 0 if as_told else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
