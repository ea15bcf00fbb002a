"""How long a chain takes to agree once a box with a backlog gets its line back."""

import asyncio
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from edge.app import IDENTITY_NAME
from edge.machine import machine_clock
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from edge.sync.enrolment import load_enrolment
from examples.two_cafes.agreement import look, read_box, read_hub
from sync_protocol.kinds import MEMBER, TRANSACTION
from sync_protocol.ops import Op
from tests.edge.store import bodies
from tests.faults.chain import Chain, open_chain
from tests.faults.report import Report, tell
from tests.faults.scale import Scale
from tests.stack import eventually

SECONDS_MAX = 10.0
AGREED_SECONDS = 120.0
LOOK_SECONDS = 0.1
WORKS = 100
FIRST_MEMBER = 1_000_000


async def run(folder: Path, scale: Scale) -> Report:
    """Measure the time from the mended line to equal state hashes at hub and boxes."""
    report = Report()
    async with open_chain(folder) as chain:
        await chain.settle()
        box = chain.stack.boxes["a"]
        await asyncio.to_thread(box.service.stop)
        box.line.cut()
        await asyncio.to_thread(_write_backlog, chain, scale.backlog_ops)
        await chain.stack.start_box("a")
        waiting = look(chain.stack.hub_store, chain.stores).boxes["a"].waiting
        report.expect(waiting >= scale.backlog_ops, f"only {waiting} ops wait at the box")
        started_s = time.monotonic()
        box.line.mend()
        await eventually(lambda: _line_is_up(chain), "the line", AGREED_SECONDS)
        report.figures["line_up_s"] = round(time.monotonic() - started_s, 2)
        while not await asyncio.to_thread(_agree, chain):
            if time.monotonic() - started_s > AGREED_SECONDS:
                raise TimeoutError("the chain does not agree")
            await asyncio.sleep(LOOK_SECONDS)
        took_s = time.monotonic() - started_s
        tell(f"{waiting} ops waited; hub and both boxes agree after {took_s:.1f} s")
        report.figures["backlog_ops"] = waiting
        report.figures["converged_s"] = round(took_s, 2)
        report.expect(took_s <= SECONDS_MAX, f"it took {took_s:.1f} s to converge")
        report.injected("backlog_drained")
    chain.check(report, "convergence")
    return report


async def _line_is_up(chain: Chain) -> bool:
    return bool((await chain.counters["a"].health())["line_up"])


def _agree(chain: Chain) -> bool:
    """Look at all three, at the whole of them only where the places in the log are equal."""
    position = read_hub(chain.stack.hub_store).position
    behind = any(read_box(store).position != position for store in chain.stores.values())
    return not behind and look(chain.stack.hub_store, chain.stores).agree


def _write_backlog(chain: Chain, ops: int) -> None:
    """Write ops into the stopped box's store, as its counter would."""
    box = chain.stack.boxes["a"]
    enrolment = load_enrolment(box.store.with_name(IDENTITY_NAME))
    assert enrolment is not None
    with Store.open(box.store, enrolment.identity, machine_clock(), secrets.token_bytes) as store:
        for first in range(0, ops, WORKS):
            works = [store.submit(_op(box.cafe, index)) for index in range(first, first + WORKS)]
            for work in works:
                work.result()


def _op(cafe: int, index: int) -> Callable[[WriteTransaction], Op]:
    """Return a work that writes a member's note, or points of a member of their own."""
    member = FIRST_MEMBER + index
    if index % 2:
        return lambda tx: tx.append(TRANSACTION, bodies.points(cafe, member, 1))
    document = bodies.document(MEMBER, member, cafe, {"note": f"member {index}"})
    return lambda tx: tx.append(MEMBER, document)
