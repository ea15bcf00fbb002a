"""Do the tests of feature rows notice a missing handler? `python -m tests.rows_bite [--rows 40]`.

Picks covered rows at random (`--seed`, by default the day), runs each row's test while noting the
commands that it does, then again with the handler behind the row replaced by a refusal. That test
must fail. The handler behind a row is the command of its test that the fewest of all picked tests
do, of several the last. Exit code 1 where a test does not bite.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.features import collect

ROOT = Path(__file__).parent.parent
FOLDERS = ("tests/edge/counter", "tests/edge/desk", "tests/edge/web")
"""Where tests go through the counter's commands without a browser."""
TIMEOUT_S = 900


@dataclass(frozen=True)
class Bitten:
    """What came of one row: the refused command ("" for none), and whether its test failed."""

    row: str
    test: str
    command: str
    failed: bool


def rows_bite(count: int, seed: int) -> list[Bitten]:
    """Try `count` rows of the counter; those whose test does no command at all are passed over."""
    tests_by_row = collect(FOLDERS)
    rows = sorted(tests_by_row)
    picked = random.Random(seed).sample(rows, min(count, len(rows)))
    tests = {row: tests_by_row[row][0] for row in picked}
    noted = _run(sorted(set(tests.values())), {})
    broken = [test for test, found in noted.items() if found["outcome"] != "passed"]
    if broken:
        raise RuntimeError(f"these fail already: {broken}")
    done = {test: list(found["commands"]) for test, found in noted.items()}
    spread = Counter(name for names in done.values() for name in set(names))
    behind = {test: handler_behind(names, spread) for test, names in done.items()}
    plan = {test: command for test, command in behind.items() if command}
    outcomes = _run(sorted(plan), plan) if plan else {}
    return [
        Bitten(row, test, behind[test], behind[test] != "" and _failed(outcomes, test))
        for row, test in tests.items()
    ]


def handler_behind(done: Sequence[str], spread: Mapping[str, int]) -> str:
    """The command that is most a test's own: done by the fewest tests, of several the last."""
    return min(reversed(done), key=lambda name: spread[name], default="")


def _failed(outcomes: Mapping[str, Mapping[str, object]], test: str) -> bool:
    return outcomes[test]["outcome"] == "call"


def _run(tests: Sequence[str], disabled: Mapping[str, str]) -> dict[str, dict[str, list[str]]]:
    """Run tests in a process of their own and return what the plugin reports."""
    with tempfile.TemporaryDirectory() as name:
        report, plan = Path(name) / "report.json", Path(name) / "disabled.json"
        plan.write_text(json.dumps(disabled))
        plugin = ("-p", "tests.bite_plugin", f"--bite-report={report}", f"--bite-disabled={plan}")
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--tb=no", *plugin, *tests],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        if not report.exists():
            raise RuntimeError(f"pytest ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")
        found: dict[str, dict[str, list[str]]] = json.loads(report.read_text())
        return found


def main() -> int:
    """Print each row with the handler that was taken away."""
    parser = argparse.ArgumentParser(prog="python -m tests.rows_bite", description=__doc__)
    today = int(f"{datetime.now(UTC):%Y%m%d}")
    parser.add_argument("--rows", type=int, default=40, help="how many rows")
    parser.add_argument("--seed", type=int, default=today, help="which rows; by default the day")
    options = parser.parse_args()
    tried = rows_bite(options.rows, options.seed)
    for one in tried:
        word = "bites" if one.failed else "DOES NOT BITE" if one.command else "no command"
        print(f"{one.row} {word}: {one.command or '-'} · {one.test}")
    blunt = [one for one in tried if one.command and not one.failed]
    bitten = sum(one.failed for one in tried)
    print(f"seed {options.seed}: {bitten} bite, {len(blunt)} do not, of {len(tried)} rows")
    return 1 if blunt else 0


if __name__ == "__main__":
    sys.exit(main())
