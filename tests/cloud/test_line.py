"""The hub's line to its broker: it ends when it is told to, whatever comes in at that moment."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

from cloud.hub.line import BrokerLogin, Line
from cloud.hub.metrics import HubMetrics
from tests.brokers.servers import Mosquitto

DEADLINE_S = 60.0
ROUNDS = 12
MESSAGES = 400


async def test_a_line_ends_however_many_messages_are_under_way(tmp_path: Path) -> None:
    """It is ended a few turns of the loop after some of the broker's PUBACKs, while others come."""
    published: list[int] = []
    hub = SimpleNamespace(
        chain="test",
        metrics=HubMetrics(),
        head=lambda: SimpleNamespace(published_number=0, block_number=0),
        line_opened=lambda: None,
        announcement=lambda: b"head",
        note_published=published.append,
    )
    with Mosquitto(tmp_path / "broker") as broker:
        for number in range(ROUNDS):
            line = Line(BrokerLogin("127.0.0.1", broker.port, None, None, "5"), "hub")
            running = asyncio.create_task(line.run(hub))
            await asyncio.wait_for(line.subscribed.wait(), DEADLINE_S)
            published.clear()
            line.send([("test/blocks", b"x" * 100)] * MESSAGES, 1)
            while len(published) <= 7 * number:  # noqa: ASYNC110  turns of the loop are counted
                await asyncio.sleep(0)
            for _turn in range(number % 4):
                await asyncio.sleep(0)
            running.cancel()
            ended, _running = await asyncio.wait({running}, timeout=DEADLINE_S)
            assert ended, f"in round {number} the line goes on"
