"""Command line of the simulator.

python -m tests.sim --seeds 1000 [--first-seed N] --json   many runs, their counts
python -m tests.sim --seed 42 --trace                      one run, step by step in words
python -m tests.sim --mutants --json                       every planted bug is caught
"""

import argparse
import json
import sys
import time
from collections import Counter

from sync_protocol.kinds import KINDS
from tests.sim import mutants
from tests.sim.runner import Result, run_seeds, runner
from tests.sim.world import plan_of


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many runs")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seed", type=int, help="one run")
    parser.add_argument("--trace", action="store_true", help="tell what happens")
    parser.add_argument("--mutants", action="store_true", help="plant bugs, each must be caught")
    parser.add_argument("--only", default="", help="with --mutants: those whose name holds this")
    parser.add_argument("--json", action="store_true", help="one JSON line at the end")
    options = parser.parse_args(arguments)
    if options.mutants:
        return _run_mutants(options.only, options.seeds, as_json=options.json)
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
    started = time.perf_counter()
    faults: Counter[str] = Counter()
    kinds: Counter[int] = Counter()
    failed: list[Result] = []
    events = ops = 0
    for result in run_seeds(first, count):
        faults += result.faults
        kinds += result.kinds
        events += result.events
        ops += result.ops
        if result.violations:
            failed.append(result)
            _tell(result)
    seconds = time.perf_counter() - started
    if failed:
        _shrink(failed[0])
    never = [kind.name for code, kind in KINDS.items() if not kinds[code]]
    report = {
        "seeds": count,
        "first_seed": first,
        "seeds_per_second": round(count / seconds, 2),
        "events_per_seed": round(events / count),
        "ops": ops,
        "violations": sum(len(result.violations) for result in failed),
        "failed_seeds": [result.plan.seed for result in failed],
        "faults": dict(sorted(faults.items())),
        "kinds": {
            KINDS[code].name if code in KINDS else str(code): kinds[code] for code in sorted(kinds)
        },
        "kinds_never_written": never,
    }
    print(json.dumps(report) if as_json else json.dumps(report, indent=2))
    return 1 if failed else 0


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
    for mutant in mutants.MUTANTS:
        if only in mutant.name:
            outcome = mutants.hunt(mutant, seeds)
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
                "violation": outcome.violation[:200],
            }
            for outcome in outcomes
        },
    }
    print(json.dumps(report) if as_json else json.dumps(report, indent=2))
    return 0 if report["caught"] == report["planted"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
