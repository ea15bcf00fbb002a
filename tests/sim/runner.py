"""Runs a plan from its copy of the template to its verdict, and shrinks one that fails."""

import gc
import logging
import os
import shutil
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import mkdtemp

from tests.sim.box import FILE as BOX_FILE
from tests.sim.checkers import check_all
from tests.sim.disk import SimulatedDisk
from tests.sim.evidence import Evidence, HubEvidence, read_box, read_hub, read_own_hashes
from tests.sim.hub import FILE as HUB_FILE
from tests.sim.lies import LIAR
from tests.sim.stand_ins import stand_ins
from tests.sim.template import template
from tests.sim.versions import NEW
from tests.sim.world import Plan, World, plan_of

MEMORY_FOLDER = Path("/dev/shm")  # the disk that loses power is ours; this one only holds it


@dataclass(slots=True)
class Result:
    """What one run came to."""

    plan: Plan
    violations: list[str]
    events: int = 0
    """Calls of the schedule: messages, requests, blocks, what people do, faults, timers."""
    timers: int = 0
    """Of these the sessions' ticks, five a second for each box."""
    ops: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    kinds: Counter[int] = field(default_factory=Counter)
    dropped_ops: int = 0
    """Ops that boxes need not keep, and did not."""
    trace: list[str] = field(default_factory=list)
    trace_hash: str = ""


class Runner:
    """Holds the folder and the simulated disk for any number of runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs = 0

    def run(self, plan: Plan, *, traced: bool = False) -> Result:
        """Run a plan. An exception of the product is a violation like any other."""
        self._runs += 1
        folder = self._folder / f"run{self._runs}"
        ready = template(self._folder / "template")
        world = World(plan, folder, ready, traced)
        result = Result(plan, world.violations)
        try:
            world.run()
            if not world.violations:
                world.versions.show(NEW)
                evidence = _evidence(world, folder)
                result.violations.extend(check_all(evidence))
                result.ops = len(evidence.hub.ops)
                result.kinds = Counter(op.kind for op in evidence.hub.ops if not op.is_stub)
                result.dropped_ops = sum(result.ops - len(box.ops) for box in evidence.boxes)
                _count_lies(world, evidence.hub)
        except Exception:  # noqa: BLE001  # whatever a run ends with is its verdict
            result.violations.append("crash: " + traceback.format_exc())
        result.events = world.schedule.events
        result.timers = world.schedule.timers
        result.faults = world.faults.counts
        result.trace = world.trace or []
        result.trace_hash = world.trace_hash()
        world.close()
        shutil.rmtree(folder)
        return result

    def shrink(self, plan: Plan) -> Plan:
        """Return a smaller plan that still fails: fewer kinds of fault, fewer things done."""
        for kind in sorted(plan.faults):
            smaller = replace(plan, faults=plan.faults - {kind})
            if self.run(smaller).violations:
                plan = smaller
        low, high = 0, 60
        while low < high:
            middle = (low + high) // 2
            if self.run(replace(plan, acts_max=middle)).violations:
                high = middle
            else:
                low = middle + 1
        smaller = replace(plan, acts_max=high)
        return smaller if self.run(smaller).violations else plan


@contextmanager
def runner() -> Iterator[Runner]:
    """Make a `Runner`; its folder is gone afterwards."""
    parent = MEMORY_FOLDER if MEMORY_FOLDER.is_dir() else None
    folder = Path(mkdtemp(prefix=f"cafebox-sim-{os.getpid()}-", dir=parent))
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    collects = gc.isenabled()
    gc.freeze()  # what is there now stays, garbage too: a collection looks at the runs alone
    gc.disable()
    template.cache_clear()
    try:
        with SimulatedDisk(), stand_ins():
            yield Runner(folder)
    finally:
        gc.unfreeze()
        if collects:
            gc.enable()
        logging.disable(level)
        shutil.rmtree(folder, ignore_errors=True)


def run_seeds(first: int, count: int) -> Iterator[Result]:
    """Run the plans of seeds first .. first + count - 1."""
    with runner() as runs:
        for seed in range(first, first + count):
            yield runs.run(plan_of(seed))
            gc.collect()  # what one run leaves is still in the processor's cache


def _evidence(world: World, folder: Path) -> Evidence:
    boxes = [
        read_box(folder / str(place) / BOX_FILE, box.node, box.identity.epoch, box.cafe)
        for place, box in world.boxes.items()
    ]
    return Evidence(
        world.model,
        world.liar,
        read_hub(folder / "hub" / HUB_FILE),
        boxes,
        {box.place: box.problems for box in (*world.boxes.values(), *world.retired)},
        {
            box.place: read_own_hashes(folder / str(box.place) / BOX_FILE, box.node)
            for box in world.retired
        },
        world.schedule.true_ms,
        world.workload.erased,
    )


def _count_lies(world: World, hub: HubEvidence) -> None:
    """Count the lies that reached the hub: void or deferred in the log, or quarantined."""
    held = hub.authors[LIAR, 1][1]
    world.faults.counts["forged_block"] += sum(
        box.refused_codes.count("signature") for box in world.boxes.values()
    )
    for seq, kind in world.liar.kinds.items():
        if kind in ("other_cafe", "forged_op", "unknown_kind") and seq <= held:
            world.faults.took_effect(kind)
    for _node, reason in hub.quarantined:
        if reason == "signature":
            world.faults.took_effect("wrong_signature")
        elif reason in ("fenced", "revoked"):
            world.faults.took_effect("revoked_node")
        else:
            world.faults.took_effect("poison_message")
