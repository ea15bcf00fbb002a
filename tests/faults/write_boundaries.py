"""The box killed, and its disk failing, at every write boundary of its flows.

A dry run lists the boundaries of a step; then the box is killed, or its call fails, at each of
them, on a fresh copy of the prepared store. What was told before is compared with what is left.
"""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.store.errors import StoreError
from tests.faults import apply_flow, counter_flows
from tests.faults.report import Report, tell
from tests.faults.scale import Scale
from tests.faults.told import Told, observe
from tests.faults.tracing import Boundary, Trace, failing, killing

ACT = "act"
SYNCED = ("fdatasync", "fsync")
TRIES = 3
"""Where a kill did not happen: the printer's thread of work wrote in another order."""


@dataclass(frozen=True)
class Flow:
    """A flow of the box: how to play it in a process on a folder, how to verify what is left."""

    name: str
    template: Path
    steps: tuple[str, ...]
    observe: Callable[[Path, str, Path, tuple[str, ...], bool], tuple[Told, Trace]]
    verify: Callable[[Path, Told], list[str]]


def prepare(folder: Path) -> list[Flow]:
    """Prepare the box's flows in a folder."""
    template = folder / "counter"
    template.mkdir()
    prepared = asyncio.run(counter_flows.prepare(template))
    flows = [_counter_flow(name, template, prepared) for name in counter_flows.FLOWS]
    feed = apply_flow.prepare(folder / "apply", folder / "scratch")

    def play_apply(
        copy: Path, step: str, output: Path, injections: tuple[str, ...], _goes_on: bool
    ) -> tuple[Told, Trace]:
        return observe(apply_flow.play, (copy, feed.ranges), step, output, injections)

    def verify_apply(copy: Path, told: Told) -> list[str]:
        return apply_flow.verify(copy, feed, told)

    sync = Flow("sync_apply", folder / "apply", apply_flow.STEPS, play_apply, verify_apply)
    return [*flows, sync]


def _counter_flow(name: str, template: Path, prepared: counter_flows.Prepared) -> Flow:
    def play(
        copy: Path, step: str, output: Path, injections: tuple[str, ...], goes_on: bool
    ) -> tuple[Told, Trace]:
        arguments = (name, copy, prepared.member, goes_on)
        return observe(counter_flows.play, arguments, step, output, injections)

    def verify(copy: Path, told: Told) -> list[str]:
        return asyncio.run(counter_flows.verify(name, copy, prepared, told))

    return Flow(name, template, counter_flows.STEPS, play, verify)


def run_kills(folder: Path, scale: Scale) -> Report:
    """Kill the box at every write boundary; opening and closing count once, not for each flow."""
    report = Report()
    flows = prepare(folder)
    for flow in flows:
        steps = flow.steps if flow is flows[0] else (ACT,)
        for step in steps:
            boundaries = _boundaries(flow, step, folder, report)
            fault = f"box_killed_{flow.name if step == ACT else step}"
            tell(f"{fault}: {len(boundaries)} boundaries")
            for boundary in boundaries[:: scale.every_boundary]:
                _kill(flow, step, boundary, folder, report, fault)
    return report


def run_failing_disk(folder: Path, scale: Scale) -> Report:
    """Fail each sync with EIO, once and for good, and each write with EIO, ENOSPC and EROFS."""
    report = Report()
    for flow in prepare(folder):
        boundaries = _boundaries(flow, ACT, folder, report)
        syncs = [boundary for boundary in boundaries if boundary.call in SYNCED]
        writes = [boundary for boundary in boundaries if boundary.call == "pwrite64"]
        plan = [("fsync_eio", failing(each, "EIO")) for each in syncs]
        plan += [("fsync_eio", failing(each, "EIO", for_good=True)) for each in syncs]
        for number, each in enumerate(writes):
            error = ("EIO", "ENOSPC", "EROFS")[number % 3]
            name = {"EIO": "write_eio", "ENOSPC": "write_no_space", "EROFS": "write_read_only"}
            plan.append((name[error], failing(each, error, for_good=error != "EIO")))
        tell(f"{flow.name}: {len(plan)} failures of the disk")
        for fault, injection in plan[:: scale.every_failure]:
            _fail(flow, fault, injection, folder, report)
    return report


def _fresh(flow: Flow, folder: Path) -> Path:
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    return Path(shutil.copytree(flow.template, copy))


def _boundaries(flow: Flow, step: str, folder: Path, report: Report) -> list[Boundary]:
    """Play a flow undisturbed under strace and return where it writes in a step."""
    copy = _fresh(flow, folder)
    told, trace = flow.observe(copy, step, folder / "strace", (), False)
    report.expect(told.finished, f"{flow.name} undisturbed does not end")
    _verify(flow, copy, told, f"{flow.name} undisturbed", report)
    return trace.boundaries()


def _kill(
    flow: Flow, step: str, boundary: Boundary, folder: Path, report: Report, fault: str
) -> None:
    for _ in range(TRIES):
        copy = _fresh(flow, folder)
        told, _trace = flow.observe(copy, step, folder / "strace", (killing(boundary),), False)
        _verify(flow, copy, told, f"{flow.name} killed at {step}, {boundary}", report)
        if not told.finished:
            report.injected(fault)
            return
    report.violated(f"{flow.name} was not killed at {step}, {boundary}")


def _fail(flow: Flow, fault: str, injection: str, folder: Path, report: Report) -> None:
    copy = _fresh(flow, folder)
    told, trace = flow.observe(copy, ACT, folder / "strace", (injection,), True)
    what = f"{flow.name} with {injection}"
    if trace.injected():
        report.injected(fault)
        # Who goes on after a failed sync as if it had been done loses money.
        if fault == "fsync_eio" and trace.written_after_failure():
            report.violated(f"{what}: the box went on writing")
    _verify(flow, copy, told, what, report)


def _verify(flow: Flow, copy: Path, told: Told, what: str, report: Report) -> None:
    try:
        found = flow.verify(copy, told)
    except StoreError as error:
        found = [f"the store does not open: {error}"]
    for fault in found:
        report.violated(f"{what}: {fault}")
