"""A device that comes after the first boot: behind a right, and in use without a shell."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from edge import app, first_boot
from edge.configuration import Configuration
from edge.drivers.errors import DeviceConfigurationError
from edge.setup.choice import Choice, Chosen
from edge.store import audit
from edge.store.opening import open_reader
from edge.watchdog import READY, STOPPING
from tests.edge.desk.counter import (
    CASHIER,
    MANAGER,
    PIN,
    HandHub,
    MovedClock,
    furnish_hub,
    open_store,
)
from tests.edge.setup.conftest import Bench
from tests.edge.test_box import write_identity
from tests.ports import free_port
from tests.stack import Service, command, eventually, wait_for_health

pytestmark = pytest.mark.asyncio(loop_scope="module")

WAIT_S = 60.0


@pytest.fixture
def service_manager(bench: Bench) -> Iterator[socket.socket]:
    """What systemd hears."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hears:
        hears.bind(str(bench.folder / "notify"))
        hears.setblocking(False)
        yield hears


def heard(service_manager: socket.socket) -> list[bytes]:
    """All that it was told since it was asked last."""
    messages = []
    with suppress(BlockingIOError):
        while True:
            messages.append(service_manager.recv(100))
    return messages


@pytest_asyncio.fixture(loop_scope="module")
async def service(bench: Bench, service_manager: socket.socket) -> AsyncIterator[Service]:
    """A box that was set up without devices, at work; people may log in."""
    configuration = bench.configuration()
    write_identity(configuration.data_dir, free_port())
    clock = MovedClock()
    with open_store(configuration.data_dir, clock) as store:
        await furnish_hub(HandHub(store, clock))
    words = command("cafebox", "--config", str(bench.path), "run")
    box = Service("box", words, bench.folder)
    box.start({"NOTIFY_SOCKET": str(bench.folder / "notify")})
    await wait_for_health(box, configuration.address.rstrip("/"))
    yield box
    await asyncio.to_thread(box.stop)


@asynccontextmanager
async def logged_in(bench: Bench, staff: int) -> AsyncIterator[aiohttp.ClientSession]:
    jar = aiohttp.CookieJar(unsafe=True)
    address = bench.configuration().address
    async with aiohttp.ClientSession(address, cookie_jar=jar) as client:
        form = {"request_id": f"log-in-{staff}", "staff": staff, "pin": PIN}
        async with client.post("/desk/log_in", json=form) as answer:
            assert answer.status == 200, await answer.text()
        yield client


def printer_by_hand(bench: Bench) -> dict[str, str]:
    return {"port": bench.printer_port, "port_use": "receipt_printer/serial", "port_baud": "9600"}


async def test_a_printer_that_is_added_is_there_without_a_shell(
    service: Service, service_manager: socket.socket, bench: Bench
) -> None:
    process = service.pid
    async with logged_in(bench, MANAGER) as client:
        async with client.get("/setup/devices") as answer:
            assert (answer.status, "port_use" in await answer.text()) == (200, True)
        async with client.post("/setup/devices", data=printer_by_hand(bench)) as answer:
            before = answer.headers["Box-Start"]
            assert f'data-started-before="{before}"' in await answer.text()

        async def started_anew() -> bool:
            try:
                async with client.get("/healthz") as answer:
                    values = await answer.json()
                    return bool(
                        answer.headers["Box-Start"] != before
                        and values["devices"] == {"receipts": "ok"}
                    )
            except aiohttp.ClientError:
                return False

        await eventually(started_anew, "the box to have its printer", WAIT_S)
    assert service.pid == process
    told = heard(service_manager)
    while len(told) < 2:  # the page is there a moment before the service manager hears of it
        await asyncio.sleep(0.02)
        told += heard(service_manager)
    assert told == [READY, READY]  # at STOPPING it would end the process
    assert "# as provisioned" in bench.path.read_text()
    reader = open_reader(bench.configuration().data_dir / app.STORE_NAME)
    with closing(reader.database):
        rows = list(audit.entries(reader, command="set_up_devices"))
    assert [(row.act.staff, row.act.outcome) for row in rows] == [(MANAGER, "done")]
    await asyncio.to_thread(service.stop)
    assert heard(service_manager) == [STOPPING]


async def test_who_may_not_is_denied_and_nothing_changes(service: Service, bench: Bench) -> None:
    before = bench.path.read_text()
    async with logged_in(bench, CASHIER) as client:
        for ask in (client.get, client.post):
            async with ask("/setup/devices", data=printer_by_hand(bench)) as answer:
                assert answer.status == 403
                assert "no_right" in await answer.text()
    address = bench.configuration().address
    async with (
        aiohttp.ClientSession(address) as stranger,
        stranger.post(
            "/setup/devices", data=printer_by_hand(bench), allow_redirects=False
        ) as answer,
    ):
        assert (answer.status, answer.headers["Location"]) == (303, "/")
    # Nor does anybody write devices that cannot be.
    async with logged_in(bench, MANAGER) as client:
        form = {**printer_by_hand(bench), "port_baud": "1"}
        async with client.post("/setup/devices", data=form) as answer:
            assert (answer.status, "setup_device_refused" in await answer.text()) == (422, True)
    assert bench.path.read_text() == before


async def test_a_box_that_does_not_start_with_them_starts_as_before(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counter itself is scripted: no device passes the check and then cannot be opened."""
    write_identity(bench.configuration().data_dir, free_port())
    before = bench.path.read_text()
    seen: list[int] = []
    by_hand = Choice(frozenset(), by_hand=Chosen("receipt_printer", "serial", "/dev/x"))

    async def run_until(
        stop: asyncio.Event, configuration: Configuration, _started: object, add_routes: Any
    ) -> None:
        seen.append(len(configuration.devices))
        if configuration.devices:
            raise DeviceConfigurationError("devices[0].port", "taken", "Choose another one")
        if len(seen) == 1:
            assert await add_routes.__self__._change.use(by_hand) is None

    monkeypatch.setattr(app, "run_until", run_until)
    await first_boot.run(bench.path, bench.configuration(), lambda _line: None)
    assert seen == [0, 1, 0]
    assert bench.path.read_text() == before
