"""The hub's line to its broker: it ends when it is told to, and sends at once."""

import asyncio
import os
import socket
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from cloud import app
from cloud.configuration import load
from cloud.hub.line import BrokerLogin, Line
from cloud.hub.metrics import HubMetrics
from edge.sync.line_switch import LineSwitch
from edge.sync.mqtt_transport import MqttTransport, login_of
from sync_protocol.topics import head_topic
from tests.brokers.servers import Mosquitto
from tests.certificates import Authority
from tests.cloud.remote_box import eventually

DEADLINE_S = 60.0
ROUNDS = 12
MESSAGES = 400


def _hub(published: list[int]) -> SimpleNamespace:
    """As much of a hub as its line asks for."""
    return SimpleNamespace(
        chain="test",
        metrics=HubMetrics(),
        head=lambda: SimpleNamespace(published_number=0, block_number=0),
        line_opened=lambda: None,
        announcement=lambda: b"head",
        note_published=published.append,
    )


async def test_a_line_ends_however_many_messages_are_under_way(tmp_path: Path) -> None:
    """It is ended a few turns of the loop after some of the broker's PUBACKs, while others come."""
    published: list[int] = []
    hub = _hub(published)
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


async def test_small_messages_of_hub_and_box_wait_for_no_acknowledgement(tmp_path: Path) -> None:
    """As the kernel has it of both sockets: the first batch does not wait behind the greeting."""
    with Mosquitto(tmp_path / "broker") as broker:
        line = Line(BrokerLogin("127.0.0.1", broker.port, None, None, "5"), "hub")
        running = asyncio.create_task(line.run(_hub([])))
        await asyncio.wait_for(line.subscribed.wait(), DEADLINE_S)
        login = login_of(broker.url, "5")
        box = MqttTransport(login, "box", [head_topic("test")], LineSwitch(), lambda: None)
        await box.open()
        assert _at_once(broker.port) == [True, True]
        await box.close()
        running.cancel()
        await asyncio.wait({running}, timeout=DEADLINE_S)


def _at_once(port: int) -> list[bool]:
    """Return of each of this process's connections to `port` whether it sends without delay."""
    found = []
    for connection in psutil.Process().net_connections("tcp"):
        if connection.raddr and connection.raddr.port == port:
            with socket.socket(fileno=os.dup(connection.fd)) as same:
                found.append(bool(same.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
    return found


async def test_hub_and_box_meet_over_tls_by_an_authority_of_ones_own(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    authority, other = Authority(tmp_path / "one"), Authority(tmp_path / "two")
    path = tmp_path / "cafebox-hub.toml"
    with Mosquitto(tmp_path / "broker", authority.certificate("127.0.0.1")) as broker:

        def line_of(ca_file: Path) -> Line:
            path.write_text(f'[broker]\nurl = "{broker.url}"\nca_file = "{ca_file}"\n')
            return app.make_line(load(path))

        deceived = asyncio.create_task(line_of(other.path).run(_hub([])))
        await eventually(
            lambda: any(
                "CERTIFICATE_VERIFY_FAILED" in str(vars(record).get("error"))
                for record in caplog.records
            ),
            "the refusal",
        )
        deceived.cancel()
        lost = asyncio.Event()
        login = login_of(broker.url, "5", authority.path)
        box = MqttTransport(login, "box", [head_topic("test")], LineSwitch(), lost.set)
        await box.open()
        line = line_of(authority.path)
        running = asyncio.create_task(line.run(_hub([])))
        await asyncio.wait_for(line.subscribed.wait(), DEADLINE_S)
        topic, data = await asyncio.wait_for(box.receive(), DEADLINE_S)
        assert (topic, data) == (head_topic("test"), b"head")
        await box.close()
        for task in (deceived, running):
            task.cancel()
            await asyncio.wait({task}, timeout=DEADLINE_S)
