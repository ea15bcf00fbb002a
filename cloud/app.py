"""The hub's composition root: reads the configuration, makes every part, hands each what it needs.

`CAFEBOX_KILL_POINT` (for tests of crashes) stops the process with SIGKILL when a named point is
reached: `hub_committing` (a block is written, not committed) or `hub_committed` (committed, nobody
told yet), at the n-th time with `hub_committed:n`.
"""

import asyncio
import contextlib
import fcntl
import gc
import logging
import os
import secrets
import signal
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path

from aiohttp import web

from cloud.broker import EmbeddedBroker
from cloud.configuration import Configuration, broker_address
from cloud.domain.business_day import Calendar
from cloud.domain.grants import GrantPolicy
from cloud.domain.passwords import GENERATED_DAY
from cloud.domain.refusals import Refusal
from cloud.hub import control, http
from cloud.hub.hub import Hub, HubSurroundings
from cloud.hub.keys import HubKeys, create_keys, load_keys
from cloud.hub.line import BrokerLogin, Line
from cloud.hub.nightly import Nightly
from cloud.hub.office import HeadOffice
from cloud.log_format import JsonFormatter
from cloud.store.database import StoreError
from cloud.store.reports import read_documents
from cloud.web.application import build_application
from sync_protocol.kinds import STAFF

KILL_POINT = "CAFEBOX_KILL_POINT"
KEYS_NAME = "hub.keys"
LOCK_NAME = "hub.lock"
ADMIN_NAME = "admin"
ADMIN_PASSWORD_LETTERS = 16
GC_THRESHOLD = 100_000
"""A block makes tens of thousands of objects that are gone right after it: with its default of 700
the collector looks at them again and again (measured: 40 % of ingest)."""


class HubFailedError(Exception):
    """The hub's writer died; the process ends so that it is started anew."""


@dataclass(frozen=True, slots=True)
class Running:
    """A hub that runs: where its pages are, and the commands over it.

    `admin_password` is set at the first run only: the one time that it can be shown.
    """

    office: HeadOffice
    url: str
    broker_url: str
    admin_password: str | None


def set_up_logging(level: int = logging.INFO) -> None:
    """Log JSON lines to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler])
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)


def kill_point(environment: Mapping[str, str]) -> Callable[[str], None]:
    """Return what stops the process at the point that `CAFEBOX_KILL_POINT` names."""
    name, _, times = environment.get(KILL_POINT, "").partition(":")
    left = int(times or 1)

    def reached(point: str) -> None:
        nonlocal left
        if point == name:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return reached


def calm_collector() -> None:
    """Have Python's collector look at what is there now no more, and at what comes rarely."""
    gc.collect()  # what is garbage by now would stay for ever
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 10, 10)


@contextmanager
def _only_process(configuration: Configuration) -> Iterator[None]:
    """Hold the data folder; `StoreError` where another process of this machine does."""
    configuration.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (configuration.data_dir / LOCK_NAME).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"another hub runs on {configuration.data_dir}; stop it, or use another data_dir"
            ) from None
        yield


def _keys(configuration: Configuration) -> HubKeys:
    path = configuration.data_dir / KEYS_NAME
    database = configuration.data_dir / "hub.sqlite"
    if path.exists() or (not configuration.hub.database and database.exists()):
        return load_keys(path)
    return create_keys(path, secrets.token_bytes)


def _make_hub(
    configuration: Configuration, line: Line, failed: Callable[[BaseException], None]
) -> Hub:
    settings = configuration.hub
    calendar = Calendar(settings.utc_offset_min, settings.business_day_hour)
    surroundings = HubSurroundings(
        now_ms=lambda: time.time_ns() // 1_000_000,
        monotonic_s=time.monotonic,
        random_bytes=secrets.token_bytes,
        business_day=lambda: (calendar.day(time.time_ns() // 1_000_000), calendar.utc_offset_min),
        send=line.send,
        reached=kill_point(os.environ),
        failed=failed,
        calendar=calendar,
        boot_id=_boot_id(),
    )
    return Hub(
        configuration.database_url,
        settings.chain,
        _keys(configuration),
        GrantPolicy(configuration.grants.amount_max or None),
        configuration.data_dir / "snapshots",
        surroundings,
    )


def _boot_id() -> bytes:
    """What names this boot of the machine; where the kernel says nothing, this process."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_bytes().strip() if path.exists() else secrets.token_bytes(16)


async def _first_admin(office: HeadOffice) -> str | None:
    """Add the first person of head office; returns the password, None if there is somebody."""
    if await asyncio.to_thread(read_documents, office.hub.reader, STAFF):
        return None
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    password = "".join(secrets.choice(alphabet) for _ in range(ADMIN_PASSWORD_LETTERS))
    secret = (password, "")
    added = await office.add_staff(ADMIN_NAME, "admin", [], secret, control.OPERATOR, GENERATED_DAY)
    if isinstance(added, Refusal):
        raise StoreError(added.en)
    return password


@asynccontextmanager
async def open_office(
    configuration: Configuration, line: Line, failed: Callable[[BaseException], None]
) -> AsyncIterator[HeadOffice]:
    """Start the hub's writer and yield the commands over it; no broker, no pages."""
    with _only_process(configuration):
        hub = _make_hub(configuration, line, failed)
        await asyncio.to_thread(hub.start)
        boxes_url = configuration.broker.boxes_url or configuration.broker_url
        try:
            yield HeadOffice(hub, boxes_url)
        finally:
            await asyncio.to_thread(hub.stop)


def make_line(configuration: Configuration) -> Line:
    """Return the line to the configured broker, not connected yet."""
    address = broker_address(configuration.broker_url)
    protocol = "3.1.1" if configuration.broker_is_embedded else configuration.broker.protocol
    ca_file = configuration.broker_ca_file
    tls = ssl.create_default_context(cafile=ca_file) if address.is_tls else None
    secrets_of = (address.username, address.password)
    login = BrokerLogin(address.host, address.port, *secrets_of, protocol, tls)
    return Line(login, f"cafebox-hub-{configuration.hub.chain}")


@asynccontextmanager
async def running(configuration: Configuration) -> AsyncIterator[Running]:
    """Run everything: broker, writer, line, pages, control socket. Ends in the reverse order.

    Raises `StoreError`, `KeyFileError`, `BrokerError` or OSError with words for the operator, and
    `HubFailedError` out of the body if the writer dies.
    """
    loop = asyncio.get_running_loop()
    failure: asyncio.Future[None] = loop.create_future()

    def failed(error: BaseException) -> None:
        def tell() -> None:
            if not failure.done():
                failure.set_exception(HubFailedError(str(error)))

        loop.call_soon_threadsafe(tell)

    line = make_line(configuration)
    async with contextlib.AsyncExitStack() as stack:
        if configuration.broker_is_embedded:
            broker = EmbeddedBroker(configuration.broker.host, configuration.broker.port)
            await asyncio.to_thread(broker.start)
            stack.push_async_callback(asyncio.to_thread, broker.stop)
        office = await stack.enter_async_context(open_office(configuration, line, failed))
        password = await _first_admin(office)
        await stack.enter_async_context(_task(line.run(office.hub)))
        await stack.enter_async_context(_task(_watch(failure)))
        await stack.enter_async_context(_task(Nightly(office.hub).run()))
        url = await _serve(stack, configuration, office)
        if configuration.broker_is_embedded:
            await line.subscribed.wait()
        calm_collector()
        yield Running(office, url, configuration.broker_url, password)


async def _watch(failure: "asyncio.Future[None]") -> None:
    await failure


@asynccontextmanager
async def _task(coroutine: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run a coroutine beside the body; its failure cancels the body and comes out of here."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(coroutine)
        try:
            yield
        finally:
            task.cancel()


async def _serve(
    stack: contextlib.AsyncExitStack, configuration: Configuration, office: HeadOffice
) -> str:
    """Serve pages and HTTP for boxes, and the control socket; returns the pages' address."""
    zone = timezone(timedelta(minutes=configuration.hub.utc_offset_min))
    app = build_application(office, zone)
    app.add_routes(http.routes(office))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    host, port = configuration.listens_at
    await web.TCPSite(runner, host, port, reuse_address=True).start()
    control_runner = web.AppRunner(control.control_app(office), access_log=None)
    await control_runner.setup()
    stack.push_async_callback(control_runner.cleanup)
    socket_path = configuration.data_dir / control.SOCKET_NAME
    socket_path.unlink(missing_ok=True)
    await web.UnixSite(control_runner, str(socket_path)).start()
    socket_path.chmod(0o600)
    return configuration.address


async def run_until_signalled(
    configuration: Configuration, started: Callable[[Running], None]
) -> None:
    """Run until SIGTERM or SIGINT; `started` is told once everything listens."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(configuration) as hub:
        started(hub)
        await stop.wait()
