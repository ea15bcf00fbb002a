"""`cafebox run` from the beginning: a box that is not set up serves the set-up page first.

Once that is over, the same process goes on to the counter: no shell, no restart. A box is set up
when it has an identity, unless the page gave it one and was not gone through to its end.
"""

import asyncio
import logging
import os
import secrets
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta, timezone
from functools import partial
from pathlib import Path

from aiohttp import web

from edge import app, machine, rebuilding
from edge.configuration import Configuration, load
from edge.discovery.found import Finder
from edge.discovery.survey import finders_of
from edge.drivers.errors import DeviceConfigurationError
from edge.drivers.stacks import Stacks
from edge.second_copy.rebuild import Rebuilt, Tell
from edge.setup.changing import DeviceChange
from edge.setup.gate import Gate
from edge.setup.progress import ProgressFile
from edge.setup.setup import Setup, Surroundings
from edge.sync.enrolment import load_enrolment
from edge.sync.tls import http_client
from edge.watchdog import READY, STOPPING, ServiceManager
from edge.web.setup.application import build_setup_application
from edge.web.setup.later import DevicesLater

PROGRESS_NAME = "first-boot.json"
TOKEN_BYTES = 16
COPY_FOLDER = Path("/media/copy")
"""Where a provisioned box mounts a stick that is named CAFEBOX."""
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  what a configuration may say

log = logging.getLogger(__name__)

Finders = Callable[[Stacks, bool], Sequence[Finder]]
"""The finders over some stacks; True for those that ask serial ports what hangs on them."""


class _End:
    """Of what runs now: for good by a signal, else to start anew."""

    def __init__(self) -> None:
        self.now = asyncio.Event()
        self.is_for_good = False

    def for_good(self) -> None:
        """Of what starts anew the service manager hears nothing: it would end the process."""
        self.is_for_good = True
        self.now.set()
        ServiceManager.of(os.environ, os.getpid()).tell(STOPPING)


async def run(path: Path, configuration: Configuration, tell: Callable[[str], None]) -> None:
    """Set the box up if need be, then run it until SIGTERM or SIGINT; `path` is its configuration.

    `tell` gets a line for the operator whenever a page is served. Raises as `app.running` does.
    """
    end = _End()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.for_good)
    if is_needed(configuration):
        async with serving(path, configuration) as setup:
            tell(f"set-up page: {setup.address}setup  PIN {setup.pin}")
            await _until_one(setup.handed_over, end.now)
        if end.is_for_good:
            return
        configuration = load(path)
    await _run_counter(path, configuration, end, tell)


async def _run_counter(
    path: Path, configuration: Configuration, end: _End, tell: Callable[[str], None]
) -> None:
    """Run the counter, anew whenever its devices were changed; as before if it does not start."""
    last: DeviceChange | None = None
    while True:
        change = DeviceChange(path, configuration, machine_finders)
        page = DevicesLater(change, end.now.set)
        address = page_address(configuration)
        try:
            await app.run_until(
                end.now, configuration, partial(_tell_counter, tell, address), page.add_routes
            )
        except DeviceConfigurationError as error:
            if last is None:
                raise
            log.error("the changed devices cannot be used, the file is as before: %s", error)
            await last.take_back()
            last = None
        else:
            if end.is_for_good or change.before is None:
                return
            last, end.now = change, asyncio.Event()
        configuration = load(path)


def _tell_counter(tell: Callable[[str], None], address: str, _box: app.Running) -> None:
    tell(f"counter page: {address}")


def is_needed(configuration: Configuration) -> bool:
    """Whether the box is still to be set up. Raises EnrolmentError for a damaged identity."""
    if load_enrolment(configuration.data_dir / app.IDENTITY_NAME) is None:
        return True
    begun = ProgressFile(configuration.data_dir / PROGRESS_NAME).read()
    return begun is not None and begun.hub != ""


@asynccontextmanager
async def serving(
    path: Path, configuration: Configuration, finders: Finders | None = None
) -> AsyncIterator[Setup]:
    """Serve the set-up where the counter page will be. Raises OSError if the port is taken.

    `finders` are those of this machine unless others are handed in.
    """
    configuration.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = ProgressFile(configuration.data_dir / PROGRESS_NAME)
    stacks = Stacks(configuration.stacks.pcsc, configuration.stacks.gpio)
    async with http_client(configuration.ca_file) as client:
        around = Surroundings(
            configuration_path=path,
            identity_path=configuration.data_dir / app.IDENTITY_NAME,
            store_path=configuration.data_dir / app.STORE_NAME,
            address=page_address(configuration),
            hardware=machine.hardware_id(),
            software=app.SOFTWARE,
            client=client,
            finders=lambda ask: (finders or machine_finders)(stacks, ask),
            rebuild=partial(_rebuild, configuration),
            copies=_places_of_copies(configuration),
            stacks=stacks,
            random_bytes=secrets.token_bytes,
            wall_ms=machine.wall_ms,
        )
        setup = Setup(around, configuration, file, file.begin(secrets.randbelow))
        gate = Gate(setup.pin, time.monotonic, lambda: secrets.token_urlsafe(TOKEN_BYTES))
        await setup.look()
        await setup.look_at_broker()
        zone = timezone(timedelta(minutes=configuration.box.utc_offset_min))
        runner = web.AppRunner(
            build_setup_application(setup, gate, zone),
            access_log=None,
            shutdown_timeout=app.SHUTDOWN_S,
        )
        await runner.setup()
        host, port = configuration.listens_at
        manager = ServiceManager.of(os.environ, os.getpid())
        life = asyncio.create_task(manager.show_life(_turning))
        try:
            await web.TCPSite(runner, host, port, reuse_address=True).start()
            manager.tell(READY)
            yield setup
        finally:
            life.cancel()
            await runner.cleanup()
            await setup.succession.close()
            await setup.trial.close()


async def _rebuild(
    configuration: Configuration, hub: str, folder: Path | None, tell: Tell
) -> Rebuilt:
    """Rebuild by the hub's address that was typed; the file may not have it yet."""
    reached = replace(configuration, hub=replace(configuration.hub, url=hub))
    _enrolment, rebuilt = await rebuilding.rebuild(reached, "", folder, tell)
    return rebuilt


def _places_of_copies(configuration: Configuration) -> tuple[Path, ...]:
    """Where the dead box's second copy may lie: as configured, or where sticks are mounted."""
    configured = configuration.second_copy_folder
    return tuple({COPY_FOLDER, *(() if configured is None else (configured,))})


def page_address(configuration: Configuration) -> str:
    """Where people open the page: by the machine's name where it is served to the network."""
    box = configuration.box
    if box.listen_host not in EVERYWHERE:
        return configuration.address
    port = "" if box.listen_port == 80 else f":{box.listen_port}"
    return f"http://{socket.gethostname()}.local{port}/"


def machine_finders(stacks: Stacks, ask: bool) -> Sequence[Finder]:
    """All of `edge.discovery`; nobody else holds the serial ports, so that they may be asked."""
    return finders_of(stacks, probe=ask)


async def _turning() -> None:
    """The loop turns: before there is a store, that is all there is to ask."""


async def _until_one(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
