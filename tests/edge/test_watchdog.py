"""What the service manager hears of a box."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.watchdog import ALIVE, READY, ServiceManager

DEADLINE_S = 60


@pytest.fixture
def manager_socket(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(DEADLINE_S)
        yield heard


def test_the_environment_says_where_and_how_patient_it_is() -> None:
    environment = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "30000000"}
    assert ServiceManager.of(environment, 7) == ServiceManager("/run/notify", 30.0)
    assert ServiceManager.of(environment | {"WATCHDOG_PID": "8"}, 7).patience_s == 0
    assert ServiceManager.of({}, 7) == ServiceManager()


async def test_signs_of_life_come_while_the_box_answers(
    manager_socket: socket.socket,
) -> None:
    manager = ServiceManager(manager_socket.getsockname(), 0.03)
    manager.tell(READY)
    assert manager_socket.recv(64) == READY
    hangs = asyncio.Event()
    answered = 0

    async def answers() -> None:
        nonlocal answered
        answered += 1
        if answered > 3:
            await hangs.wait()

    life = asyncio.create_task(manager.show_life(answers))
    for _ in range(3):
        assert await asyncio.to_thread(manager_socket.recv, 64) == ALIVE
    manager_socket.settimeout(0.1)
    with pytest.raises(TimeoutError):
        await asyncio.to_thread(manager_socket.recv, 64)
    life.cancel()


async def test_without_a_service_manager_nothing_happens() -> None:
    await asyncio.wait_for(ServiceManager().show_life(asyncio.Event().wait), DEADLINE_S)
