"""The hub killed at its commit, and its disk failing there, under load."""

import asyncio
import signal
from pathlib import Path

from tests.faults.chain import Chain, open_chain
from tests.faults.report import Report, tell
from tests.faults.scale import Scale
from tests.faults.tracing import Boundary, failing, traced

KILL_POINTS = ("hub_committing", "hub_committed")
"""A block is written and not committed; committed and nobody is told yet."""
BLOCKS_MAX = 3
PAUSE_SECONDS = 0.2
"""Of each cashier. A box that has all its batches in flight at a hub that died waits for long."""
LAST_SECONDS = 2.0
"""A box hears that the hub is another when it pushes; one with nothing new waits for its ack."""
DEATH_SECONDS = 60.0
TOLD_EVERY = 20
DISK_FAILURES = (
    ("hub_fsync_eio", Boundary("fdatasync", 1), "EIO"),
    ("hub_write_eio", Boundary("pwrite64", 3), "EIO"),
    ("hub_no_space", Boundary("pwrite64", 2), "ENOSPC"),
)
STOPPED = 3
"""The exit code that says that the store stopped the hub."""


async def run(folder: Path, scale: Scale) -> Report:
    """Kill the hub at its points, then fail its disk; nothing may be lost or doubled."""
    report = Report()
    async with open_chain(folder) as chain:
        async with chain.load(PAUSE_SECONDS):
            for number in range(scale.hub_kills):
                await _kill(chain, number, report)
                if number % TOLD_EVERY == TOLD_EVERY - 1:
                    tell(f"the hub was killed {number + 1} times")
            for number in range(scale.hub_failures):
                await _fail(chain, number, report)
            await chain.stack.start_hub()
            await asyncio.sleep(LAST_SECONDS)
        await chain.settle()
    chain.check(report, "hub kills")
    return report


async def _kill(chain: Chain, number: int, report: Report) -> None:
    """Start the hub anew with a point where it dies, and wait until it did."""
    hub = chain.hub
    await asyncio.to_thread(hub.stop)
    point = KILL_POINTS[number % len(KILL_POINTS)]
    hub.start({"CAFEBOX_KILL_POINT": f"{point}:{number % BLOCKS_MAX + 1}"})
    await asyncio.to_thread(hub.wait_for_end, DEATH_SECONDS)
    if hub.exit_code == -signal.SIGKILL:
        report.injected(f"{point}_killed")
    else:
        report.violated(f"the hub ended by itself: {hub.exit_code}")


async def _fail(chain: Chain, number: int, report: Report) -> None:
    """Fail a call of the running hub's next commit: it must stop, and say that the store did it."""
    fault, boundary, error = DISK_FAILURES[number % len(DISK_FAILURES)]
    await chain.stack.start_hub()
    hub = chain.hub
    injection = failing(boundary, error, for_good=True)
    output = chain.folder / "strace"
    with traced(hub.pid, output, (injection,)) as trace:
        await asyncio.to_thread(hub.wait_for_end, DEATH_SECONDS)
    if trace.injected():
        report.injected(fault)
    report.expect(hub.exit_code == STOPPED, f"{fault}: the hub ended with {hub.exit_code}")
