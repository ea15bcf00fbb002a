"""`python -m tests.faults [SCENARIO ...]`: real faults against real parts; the last line is JSON.

Each scenario is a process of its own; two run at a time, and `convergence`, which is timed, alone.
Progress goes to stderr. Exit 1 on a violation, and on a fault that did not take effect.

- `faults`: how often each fault took effect; `violations`: what did not hold, in words
- `seconds`: of each scenario
- `line_up_s`, `converged_s`: from the mended line to a greeted hub, and to equal state hashes
"""

import argparse
import asyncio
import importlib
import inspect
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from tests.faults.report import Report, tell
from tests.faults.scale import SMALL, WHOLE, Scale

SCENARIOS = {
    "box_kills": "tests.faults.write_boundaries:run_kills",
    "failing_disk": "tests.faults.write_boundaries:run_failing_disk",
    "disks": "tests.faults.disks:run",
    "clocks": "tests.faults.clocks:run",
    "hubs": "tests.faults.hubs:run",
    "brokers": "tests.faults.brokers:run",
    "copies": "tests.faults.copies:run",
    "printers": "tests.faults.printers:run",
    "readers": "tests.faults.readers:run",
    "hub_restores": "tests.faults.hub_restores:run",
    "dead_box": "tests.faults.dead_box:run",
    "convergence": "tests.faults.convergence:run",
}
LANES = (
    ("hubs", "box_kills", "clocks", "disks", "printers"),
    ("brokers", "failing_disk", "copies", "hub_restores", "dead_box", "readers"),
)
ALONE = ("convergence",)
SCENARIO_SECONDS = 400.0
EXPECTED = (
    *(f"box_killed_{name}" for name in ("open", "log_in", "close")),
    *(f"box_killed_{name}" for name in ("top_up", "spend", "tap", "transfer", "sync_apply")),
    *("fsync_eio", "write_eio", "write_no_space", "write_read_only"),
    *("disk_full", "disk_read_only", "bit_flipped", "bit_flip_found"),
    *("clock_past", "clock_future", "clock_stepped", "clock_step"),
    *("hub_committing_killed", "hub_committed_killed"),
    *("hub_fsync_eio", "hub_write_eio", "hub_no_space"),
    *("broker_killed", "broker_database_deleted", "broker_database_emptied"),
    "broker_database_zeroed",
    *("reader_unplugged_in_mid_exchange", "pcscd_killed", "card_swapped", "door_storm"),
    *("paper_ended_in_mid_receipt", "printer_line_closed"),
    *("box_destroyed", "first_sale"),
    *("box_cloned", "old_store_put_back", "hub_restored", "hub_recovered", "backlog_drained"),
)
"""Faults without which a whole run proves too little."""


def run_scenario(name: str, folder: Path, scale: Scale) -> Report:
    """Run one scenario in this process; whatever it raises is a violation."""
    module, _, function = SCENARIOS[name].partition(":")
    scenario = getattr(importlib.import_module(module), function)
    try:
        found = scenario(folder, scale)
        report: Report = asyncio.run(found) if inspect.iscoroutine(found) else found
    except Exception as error:  # noqa: BLE001  # the other scenarios still run
        traceback.print_exc()
        report = Report()
        report.violated(f"{name} broke off: {type(error).__name__}: {error}")
    return report


async def run_apart(names: Sequence[str], small: bool) -> tuple[Report, dict[str, float]]:
    """Run scenarios one after the other, each as a process of its own."""
    report = Report()
    seconds = {}
    for name in names:
        started_s = time.monotonic()
        words = [sys.executable, "-m", "tests.faults", "--here", name]
        process = await asyncio.create_subprocess_exec(
            *words, *(["--small"] if small else []), stdout=asyncio.subprocess.PIPE
        )
        try:
            async with asyncio.timeout(SCENARIO_SECONDS):
                output, _ = await process.communicate()
            report.merge(json.loads(output.splitlines()[-1]))
        except (TimeoutError, IndexError, ValueError) as error:
            report.violated(f"{name} gave no report: {type(error).__name__}")
            if process.returncode is None:
                process.kill()
                await process.wait()
        seconds[name] = round(time.monotonic() - started_s, 1)
        tell(f"{name}: {seconds[name]:.0f} s, {len(report.violations)} violations so far")
    return report, seconds


async def run_all(names: Sequence[str], small: bool) -> tuple[Report, dict[str, float]]:
    """Run scenarios in two lanes, then those that need the machine alone."""
    lanes = [[name for name in lane if name in names] for lane in LANES]
    done = list(await asyncio.gather(*(run_apart(lane, small) for lane in lanes)))
    done.append(await run_apart([name for name in ALONE if name in names], small))
    whole = Report()
    seconds: dict[str, float] = {}
    for report, took in done:
        whole.merge(report.values())
        seconds |= took
    return whole, seconds


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(SCENARIOS))
    parser.add_argument("--small", action="store_true", help="a few of each fault")
    parser.add_argument("--here", action="store_true", help="in this process; prints its report")
    options = parser.parse_args()
    names = options.scenarios or list(SCENARIOS)
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        parser.error(f"no scenario {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    if options.here:
        with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
            report = run_scenario(names[0], Path(folder), SMALL if options.small else WHOLE)
        print(json.dumps(report.values(), ensure_ascii=False))
        return 1 if report.violations else 0
    report, seconds = asyncio.run(run_all(names, options.small))
    if not options.scenarios and not options.small:
        for fault in EXPECTED:
            report.expect(report.faults[fault], f"no {fault} took effect")
    values = {
        "faults": dict(sorted(report.faults.items())),
        **report.figures,
        "seconds": seconds,
        "violations": report.violations,
    }
    print(json.dumps(values, ensure_ascii=False))
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
