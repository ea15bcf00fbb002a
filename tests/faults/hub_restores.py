"""The hub put back from an old backup while its boxes are far ahead.

It takes back from the boxes what it lost: all agree again, and what any box answered before is in
the log once. Each round puts back a younger backup, of a log that was restored before.
"""

import asyncio
import shutil
from contextlib import closing
from pathlib import Path

from edge.store.opening import open_reader
from edge.store.refold import refold
from examples.two_cafes.agreement import read_hub
from tests.faults.chain import Chain, open_chain
from tests.faults.copies import check_kept
from tests.faults.report import Report, tell
from tests.faults.scale import Scale

LOAD_SECONDS = 0.7
TOLD_EVERY = 5


async def run(folder: Path, scale: Scale) -> Report:
    """Put a backup back again and again."""
    report = Report()
    async with open_chain(folder) as chain:
        await chain.settle()
        for number in range(scale.hub_restores):
            await _round(chain, folder / "backup.sqlite", report)
            if number % TOLD_EVERY == TOLD_EVERY - 1:
                tell(f"the hub was restored {number + 1} times")
    chain.check(report, "hub restores")
    return report


async def _round(chain: Chain, backup: Path, report: Report) -> None:
    """Let the boxes run ahead of a backup, put it back, wait until all agree again."""
    await chain.stack.operate("backup", str(backup))
    async with chain.load():
        await asyncio.sleep(LOAD_SECONDS)
    await chain.settle()
    position = read_hub(chain.stack.hub_store).position
    await asyncio.to_thread(chain.hub.kill)
    _put_back(chain.stack.hub_store, backup)
    lost = position - read_hub(chain.stack.hub_store).position
    report.expect(lost > 0, "the backup lacked nothing")
    report.injected("hub_restored")
    await chain.stack.start_hub()
    await chain.settle()
    report.injected("hub_recovered")
    _check_boxes(chain, report)


def _put_back(store: Path, backup: Path) -> None:
    for path in store.parent.glob(store.name + "*"):
        path.unlink()
    shutil.copy(backup, store)


def _check_boxes(chain: Chain, report: Report) -> None:
    for name, store in chain.stores.items():
        check_kept(chain.evidence, name, store, report)
        reader = open_reader(store)
        with closing(reader.database):
            reader.connection.execute("BEGIN")
            for difference in refold(reader).differences:
                report.violated(f"{name} after the hub's restore: refold: {difference}")
