"""`python -m tests.smoke [--keep FOLDER]`: the whole stack under load and faults, one JSON line.

Progress goes to stderr. Exit 1 unless nothing was lost, doubled or overspent, all state hashes and
refolds are equal, and every fault was really injected.

- `tap_to_commit_ms`: card powered up by its reader → door relay drawn, which follows the commit
- `tap_to_other_cafe_ms`: card powered up → the tap's op committed at the other box; of taps with no
  fault under way
- `bytes_per_op`: whole PUSH messages on the broker ÷ the ops in them
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from examples.two_cafes.world import World
from tests.brokers.servers import Mosquitto
from tests.refold import (
    LoggedOp,
    read_hub_log,
    refold_box,
    refold_hub,
    sum_differences,
)
from tests.smoke.counter import Counter
from tests.smoke.evidence import Evidence
from tests.smoke.faults import Faults
from tests.smoke.load import SKUS, TAPS_EACH, TRANSFERS, Cafe, Load
from tests.smoke.verdict import judge, match_taps, tap_ops
from tests.smoke.watchers import ArrivalWatcher, PushWatcher
from tests.stack import CHAIN, Stack, eventually

SETTLED_SECONDS = 300.0
FINDINGS_SHOWN = 40
SLOW_MS = 2000.0
"""A tap that takes longer to the other cafe is told of, with where it stood between the faults."""
OTHER = {"a": "b", "b": "a"}


@dataclass
class Played:
    """What is left of a run once every process has ended."""

    folder: Path
    evidence: Evidence
    faults: Faults
    nodes: Mapping[str, int]
    cafes: Mapping[str, int]
    transfers: int
    broker_kills: int
    bytes_per_op: float
    arrivals: Mapping[str, ArrivalWatcher]


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


async def play(folder: Path) -> Played:
    """Run the stack, the load and the faults, until both boxes have nothing to say any more."""
    evidence = Evidence()
    async with AsyncExitStack() as opened:
        broker = opened.enter_context(Mosquitto(folder / "broker"))
        world = World(folder / "world", "real")
        await asyncio.to_thread(world.open)
        opened.callback(world.close)
        stack = await opened.enter_async_context(Stack(folder / "stack", broker.url))
        tell("the hub is up")
        cafes: dict[str, Cafe] = {}
        for name, devices in world.cafes.items():
            box = await stack.add_box(
                name,
                devices.device_tables(),
                devices.stacks_table(),
                world.environment,
            )
            counter = Counter(name, box, stack.staff, evidence)
            opened.push_async_callback(counter.close)
            cafes[name] = Cafe(name, counter, devices)
            tell(f"box {name} is up")
        pushes = PushWatcher(CHAIN, broker.port)
        pushes.open()
        opened.callback(pushes.close)
        await stack.add_products(SKUS)
        load = Load(stack, cafes, evidence)
        await load.prepare()
        tell(f"{len(load.members)} members are known in both cafes")
        arrivals = {
            name: ArrivalWatcher(stack.boxes[OTHER[name]].store, box.node)
            for name, box in stack.boxes.items()
        }
        for watcher in arrivals.values():
            watcher.open()
            opened.callback(watcher.close)
        faults = Faults(stack, broker, load, lambda what: tell(f"{load.taps_done} taps: {what}"))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(load.run(tasks.create_task(faults.run())))
        tell(f"{load.taps_done} taps: the load is over")
        await settle(stack, cafes)
        for name, cafe in cafes.items():
            evidence.pulses[name] = cafe.devices.door_openings
            evidence.receipts[name] = cafe.devices.printer.receipts
        return Played(
            folder / "stack",
            evidence,
            faults,
            {name: box.node for name, box in stack.boxes.items()},
            {name: box.cafe for name, box in stack.boxes.items()},
            load.transfers_received,
            broker.kills,
            pushes.bytes_per_op,
            arrivals,
        )


async def settle(stack: Stack, cafes: Mapping[str, Cafe]) -> None:
    """Wait until nothing waits anywhere: no op, no print job, and both boxes at the log's end."""

    async def all_printed() -> bool:
        states = [await cafe.counter.health() for cafe in cafes.values()]
        return not any(state["print_jobs_waiting"] for state in states)

    await eventually(all_printed, "all receipts to be printed", SETTLED_SECONDS)
    await stack.until_in_step(SETTLED_SECONDS)


def results(played: Played) -> tuple[dict[str, object], list[str]]:
    """Return the JSON line's values, and a line of text for each thing that is wrong."""
    hub = refold_hub(played.folder / "hub" / "hub.sqlite")
    log = read_hub_log(played.folder / "hub" / "hub.sqlite")
    hashes: list[str] = []
    refolds = [f"hub: {difference}" for difference in hub.differences]
    for name, cafe in played.cafes.items():
        box = refold_box(played.folder / name / "box.db", CHAIN, cafe)
        refolds += [f"{name}: {difference}" for difference in box.differences]
        within = {section: value for section, value in hub.sums.items() if section[1] in (0, cafe)}
        hashes += sum_differences(within, box.sums, "hub", name)
    verdict = judge(played.evidence, log, played.nodes)
    values = {
        "reader": "pcscd",
        "taps": len(played.evidence.taps),
        "ops": len(log),
        "lost": verdict.lost,
        "duplicated": verdict.duplicated,
        "overspent": verdict.overspent,
        "state_hash_equal": not hashes,
        "refold_equal": not refolds,
        "broker_kills": played.broker_kills,
        "hub_kills": played.faults.hub_kills,
        "box_kills": played.faults.box_kills,
        "tap_to_commit_ms": spread(commit_times(played.evidence)),
        "tap_to_other_cafe_ms": spread(other_cafe_times(played, log)),
        "bytes_per_op": round(played.bytes_per_op, 1),
    }
    return values, [*verdict.findings, *hashes, *refolds, *shortfalls(played)]


def shortfalls(played: Played) -> list[str]:
    """Return what did not happen and should have: without it a run proves nothing."""
    faults = {
        "broker": played.broker_kills,
        "hub": played.faults.hub_kills,
        "box": played.faults.box_kills,
    }
    missing = [f"the {name} was never killed" for name, kills in faults.items() if not kills]
    if len(played.evidence.taps) < 2 * TAPS_EACH:
        missing.append(f"only {len(played.evidence.taps)} taps")
    if played.transfers < TRANSFERS:
        missing.append(f"only {played.transfers} transfers were received")
    done = {seen.command for seen in played.evidence.acknowledged}
    wanted = {"top_up", "spend", "refund"}
    missing += [f"no {command} was done" for command in sorted(wanted - done)]
    if not played.evidence.refused["spendable_elsewhere"]:
        missing.append("no balance was contested")
    return missing


def commit_times(evidence: Evidence) -> list[float]:
    """Return ms from each card's power-up to the door's pulse that followed."""
    times = []
    for box, pulses in evidence.pulses.items():
        taps = sorted(evidence.taps_of(box), key=lambda tap: tap.read_ns)
        for tap, after in zip(taps, [*taps[1:], None], strict=True):
            limit_ns = after.read_ns if after is not None else sys.maxsize
            times += [
                (pulse.at_monotonic_ns - tap.powered_ns) / 1e6
                for pulse in pulses
                if tap.read_ns <= pulse.at_monotonic_ns < limit_ns
            ][:1]
    return times


def other_cafe_times(played: Played, log: Sequence[LoggedOp]) -> list[float]:
    """Return ms from each calm tap's card to its op at the other box."""
    times = []
    for name, node in played.nodes.items():
        calm = [tap for tap in played.evidence.taps_of(name) if played.evidence.is_calm(tap)]
        for tap, entry in match_taps(calm, tap_ops(log, node)):
            arrived_ns = played.arrivals[name].arrived_ns(entry.seq)
            if arrived_ns is not None:
                times.append((arrived_ns - tap.powered_ns) / 1e6)
                if times[-1] > SLOW_MS:
                    tell(f"slow: {times[-1]:.0f} ms from {name}, {played.evidence.when(tap)}")
    return times


def spread(times: Sequence[float]) -> dict[str, float]:
    """Return {p50, p99} in ms, by the nearest rank; raises if nothing was measured."""
    ordered = sorted(times)
    if not ordered:
        raise ValueError("nothing was measured")
    last = len(ordered) - 1
    return {
        "p50": round(ordered[min(last, len(ordered) // 2)], 1),
        "p99": round(ordered[min(last, len(ordered) * 99 // 100)], 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.smoke", description=__doc__)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave stores and logs there")
    keep: Path | None = parser.parse_args().keep
    # Ends as Ctrl-C does: with every process that it started.
    signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    with tempfile.TemporaryDirectory(prefix="smoke-") as temporary:
        folder = keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        played = asyncio.run(play(folder))
        values, wrong = results(played)
    tell(f"refused: {dict(played.evidence.refused)}; answers repeated: {played.evidence.repeated}")
    for line in wrong[:FINDINGS_SHOWN]:
        tell(line)
    if len(wrong) > FINDINGS_SHOWN:
        tell(f"and {len(wrong) - FINDINGS_SHOWN} more")
    print(json.dumps(values))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
