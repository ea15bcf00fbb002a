"""The hub put back from an old backup while its boxes are far ahead.

Either the hub takes back from the boxes what it lost and all agree again with nothing lost or
doubled, or the boxes stop following it and keep all that they answered. Which of the two it was is
counted; anything else is a violation. A chain that stopped starts the next round from a copy.
"""

import asyncio
import shutil
from contextlib import closing
from pathlib import Path

from edge.store.refold import refold
from edge.store.store import open_reader
from examples.two_cafes.agreement import look, read_hub
from tests.faults.chain import Chain, open_chain
from tests.faults.copies import check_kept
from tests.faults.report import Report, tell
from tests.faults.scale import Scale
from tests.stack import eventually

LOAD_SECONDS = 0.7
RECOVERY_SECONDS = 6.0
TOLD_EVERY = 5


async def run(folder: Path, scale: Scale) -> Report:
    """Put the backup back again and again."""
    report = Report()
    async with open_chain(folder) as chain:
        await chain.settle()
        backup = folder / "backup.sqlite"
        for number in range(scale.hub_restores):
            recovered = await _round(chain, backup, report)
            report.injected("hub_restored")
            report.injected("hub_recovered" if recovered else "hub_restored_boxes_stopped")
            if number % TOLD_EVERY == TOLD_EVERY - 1:
                tell(f"the hub was restored {number + 1} times")
    if recovered:
        chain.check(report, "hub restores")
    return report


async def _round(chain: Chain, backup: Path, report: Report) -> bool:
    """Put an old backup back under running boxes; return whether all agree again."""
    await chain.stack.operate("backup", str(backup))
    saved = chain.folder / "saved"
    await _save(chain, saved)
    answered = len(chain.evidence.acknowledged)
    async with chain.load():
        await asyncio.sleep(LOAD_SECONDS)
    await chain.settle()
    lost = read_hub(chain.stack.hub_store).position
    await asyncio.to_thread(chain.hub.kill)
    _put_back(chain.stack.hub_store, backup)
    lost -= read_hub(chain.stack.hub_store).position
    report.expect(lost > 0, "the backup lacked nothing")
    await chain.stack.start_hub()
    try:
        await eventually(
            lambda: look(chain.stack.hub_store, chain.stores).agree, "recovery", RECOVERY_SECONDS
        )
    except TimeoutError:
        recovered = False
    else:
        recovered = True
    await _check_boxes(chain, report)
    if not recovered:
        del chain.evidence.acknowledged[answered:]
        await _return_to(chain, saved)
    return recovered


def _put_back(store: Path, backup: Path) -> None:
    for path in store.parent.glob(store.name + "*"):
        path.unlink()
    shutil.copy(backup, store)


async def _check_boxes(chain: Chain, report: Report) -> None:
    for name, store in chain.stores.items():
        check_kept(chain.evidence, name, store, report)
        reader = open_reader(store)
        with closing(reader.database):
            reader.connection.execute("BEGIN")
            for difference in refold(reader).differences:
                report.violated(f"{name} after the hub's restore: refold: {difference}")
        running = chain.stack.boxes[name].service.is_running()
        report.expect(running, f"{name} ended after the hub's restore")


async def _save(chain: Chain, saved: Path) -> None:
    """Copy what hub and boxes have, while all of them stand still."""
    shutil.rmtree(saved, ignore_errors=True)
    await _stop(chain)
    for folder in _data_folders(chain):
        shutil.copytree(folder, saved / folder.name, ignore=shutil.ignore_patterns("*.sock"))
    await _start(chain)


async def _return_to(chain: Chain, saved: Path) -> None:
    await _stop(chain)
    for folder in _data_folders(chain):
        shutil.rmtree(folder)
        shutil.copytree(saved / folder.name, folder)
    await _start(chain)


def _data_folders(chain: Chain) -> list[Path]:
    return [chain.stack.hub_store.parent, *(store.parent for store in chain.stores.values())]


async def _stop(chain: Chain) -> None:
    for box in chain.stack.boxes.values():
        await asyncio.to_thread(box.service.stop)
    await asyncio.to_thread(chain.hub.stop)


async def _start(chain: Chain) -> None:
    await chain.stack.start_hub()
    for name in chain.stack.boxes:
        await chain.stack.start_box(name)
    await chain.settle()
