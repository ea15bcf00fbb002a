"""Clocks that are wrong: a box in 1970, one 30 years ahead, one that is stepped while it works.

The monotonic clock runs as it does on a real machine (libfaketime, FAKETIME_DONT_FAKE_MONOTONIC).
A wrong clock is no reason to refuse anything; what counts is the effective stamp.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

from sync_protocol.annotations import VERDICTS
from sync_protocol.clock import stamp_ms
from sync_protocol.kinds import SEGMENT
from tests.faults.chain import Chain, open_chain
from tests.faults.report import Report, tell
from tests.faults.scale import Scale
from tests.faults.tracing import FaultNotInjectedError
from tests.refold import LoggedOp, read_hub_log

LIBRARIES = "/usr/lib"
LIBRARY = "*/faketime/libfaketimeMT.so.1"
STARTS = {"past": "@1970-01-01 08:00:10", "future": "+30y", "stepped": "+0"}
STEPS = ("+400d", "-2y", "+0")
"""What the stepped box's clock jumps to while the others go on."""
NOTICED_S = 60.0
"""A busy machine's box writes its next op within this time after a step."""
LOOK_S = 0.3
AHEAD_MS_MAX = 5_000
"""An effective stamp is never beyond the hub's clock but by what many ops in one ms take."""
YEAR_MS = 365 * 24 * 3600 * 1000


async def run(folder: Path, _scale: Scale) -> Report:
    """Trade at all three, step one of the clocks, and compare stamps with the real time."""
    report = Report()
    library = _library()
    started_ms = time.time_ns() // 1_000_000
    step_file = folder / "stepped.time"
    async with open_chain(folder, "true") as chain:
        for name, start in STARTS.items():
            environment = {
                "LD_PRELOAD": str(library),
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "TZ": "UTC",
            }
            if name == "stepped":
                step_file.write_text(f"{start}\n")
                environment |= {
                    "FAKETIME_TIMESTAMP_FILE": str(step_file),
                    "FAKETIME_CACHE_DURATION": "1",  # seconds until the file is read again
                }
            else:
                environment["FAKETIME"] = start
            await chain.add_box(name, environment)
            report.injected(f"clock_{name}")
        async with chain.load():
            await _wait_for_segments(chain, 1)
            for number, step in enumerate(STEPS, 1):
                step_file.write_text(f"{step}\n")
                report.injected("clock_step")
                await _wait_for_segments(chain, number + 1)
        await chain.settle()
    chain.check(report, "clocks")
    _check_stamps(chain, started_ms, report)
    return report


def _library() -> Path:
    found = next(Path(LIBRARIES).glob(LIBRARY), None)
    if found is None:
        raise FaultNotInjectedError("libfaketime is missing. Run: apt install libfaketime")
    return found


async def _wait_for_segments(chain: Chain, count: int) -> None:
    """Wait until the stepped box has written under so many clocks, and the hub has it.

    Without a word after `NOTICED_S`: what comes of that is checked at the end.
    """
    node = chain.stack.boxes["stepped"].node
    deadline_s = time.monotonic() + NOTICED_S
    while time.monotonic() < deadline_s:
        log = await asyncio.to_thread(read_hub_log, chain.stack.hub_store)
        if len(list(_segment_clocks([entry for entry in log if entry.node == node]))) >= count:
            return
        await asyncio.sleep(LOOK_S)


def _check_stamps(chain: Chain, started_ms: int, report: Report) -> None:
    log = read_hub_log(chain.stack.hub_store)
    ended_ms = time.time_ns() // 1_000_000
    for name, box in chain.stack.boxes.items():
        own = [entry for entry in log if entry.node == box.node]
        clocks = list(_segment_clocks(own))
        _check_fault(name, clocks, ended_ms, report)
        effective = [entry.annotation.effective for entry in own]
        if sorted(effective) != effective or len(set(effective)) != len(effective):
            report.violated(f"{name}: effective stamps are not in the order of its log")
        if stamp_ms(max(effective)) > ended_ms + AHEAD_MS_MAX:
            report.violated(f"{name}: an effective stamp is ahead of the hub's clock")
        early = [entry for entry in own if stamp_ms(entry.annotation.effective) < started_ms]
        if early:
            report.violated(f"{name}: {len(early)} ops took effect before the run, as {early[0]}")
        for entry in own:
            if VERDICTS[entry.annotation.verdict] not in ("applied", "overwrote"):
                report.violated(f"{name}: op {entry.seq} is {entry.annotation}")
        tell(f"{name}: {len(own)} ops, {len(clocks)} clock segments")
        if name == "stepped" and len(clocks) <= len(STEPS):
            report.violated(f"{len(clocks)} segments for a boot and {len(STEPS)} steps")


def _segment_clocks(own: list[LoggedOp]) -> Iterator[int]:
    """Yield what the wall clock said as each segment began, ms since 1970."""
    for entry in own:
        if entry.op is not None and entry.op.header.kind == SEGMENT:
            body = entry.op.body
            assert isinstance(body, list)
            yield body[2]


def _check_fault(name: str, clocks: list[int], now_ms: int, report: Report) -> None:
    """The fault took effect: without it the run proves nothing."""
    wrong = {
        "past": min(clocks) < YEAR_MS,
        "future": max(clocks) > now_ms + 29 * YEAR_MS,
        "stepped": max(clocks) > now_ms + YEAR_MS and min(clocks) < now_ms - YEAR_MS,
    }
    report.expect(wrong.get(name, True), f"the clock of {name} was never wrong: {clocks}")
