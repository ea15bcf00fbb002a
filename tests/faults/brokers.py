"""The broker killed again and again under load, its database kept, deleted, emptied or zeroed."""

import asyncio
import random
from contextlib import suppress
from pathlib import Path

from tests.faults.chain import Chain, open_chain
from tests.faults.report import Report, tell
from tests.faults.scale import Scale
from tests.faults.services import StoringMosquitto

DAMAGES = ("kept", "deleted", "kept", "emptied", "kept", "zeroed")
FLOW_SECONDS = 60.0
"""A box's pauses between two tries grow while nobody answers."""
SOON_SECONDS = 0.5
FLOW_EVERY = 3
TOLD_EVERY = 20


async def run(folder: Path, scale: Scale) -> Report:
    """Kill it (-9): every third time once ops flow again, else soon after it was started."""
    report = Report()
    draw = random.Random(1)
    async with open_chain(folder) as chain:
        async with chain.load():
            for number in range(scale.broker_kills):
                await _wait(chain, number, draw, report)
                await asyncio.to_thread(_kill, chain, DAMAGES[number % len(DAMAGES)], report)
                if number % TOLD_EVERY == TOLD_EVERY - 1:
                    tell(f"the broker was killed {number + 1} times")
        await chain.settle()
    chain.check(report, "broker kills")
    return report


async def _wait(chain: Chain, number: int, draw: random.Random, report: Report) -> None:
    if number % FLOW_EVERY:
        await asyncio.sleep(draw.random() * SOON_SECONDS)
        return
    flows = await chain.flows_again(chain.hub_position(), FLOW_SECONDS)
    report.expect(flows, f"nothing flows {FLOW_SECONDS:.0f} s after broker kill {number}")


def _kill(chain: Chain, damage: str, report: Report) -> None:
    broker = chain.broker
    assert isinstance(broker, StoringMosquitto)
    broker.kill()
    report.injected("broker_killed")
    database = broker.database
    if damage != "kept" and database.exists():
        size = database.stat().st_size
        if damage == "deleted":
            database.unlink()
        else:
            database.write_bytes(bytes(size if damage == "zeroed" else 0))
        report.injected(f"broker_database_{damage}")
    with suppress(RuntimeError):  # it refuses what it cannot read; its operator deletes it
        broker.start()
        return
    database.unlink()
    broker.start()
