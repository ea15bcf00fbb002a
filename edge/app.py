"""The box's composition root: reads the configuration, makes every part, hands each what it needs.

Parts are opened from the store outwards and closed in the reverse order. A part that fails ends
the box with words for the operator; a supervisor starts it again, and nothing is lost by it.
"""

import asyncio
import contextlib
import gc
import logging
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta, timezone
from importlib.metadata import version
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry, Histogram

from edge.configuration import Configuration, ConfigurationError
from edge.desk.desk import Desk
from edge.desk.door_counts import DoorCounts
from edge.desk.settings import Clocks
from edge.desk.view_types import DeviceView
from edge.device_events import StraightTaps, deliver
from edge.drivers.bridge import Bridge
from edge.drivers.registry import Devices, build_devices
from edge.drivers.stacks import Stacks
from edge.effects.after_commit import Effects
from edge.effects.cash_drawer import CashDrawer
from edge.effects.customer_display import CustomerDisplay
from edge.effects.door import Door
from edge.effects.page_events import PageEvents, Region
from edge.effects.print_routes import printers_of
from edge.effects.printing import PrinterQueue
from edge.effects.tap_feedback import TapFeedback
from edge.events import DeviceEvent
from edge.machine import hardware_id, machine_clock, wall_ms
from edge.receipt import SlipGroup
from edge.second_copy.follower import CopyPlace, SecondCopy
from edge.second_copy.rebuild import is_to_be_rebuilt
from edge.second_copy.sealed_files import Sealing
from edge.store.apply import Applied
from edge.store.errors import StoreBusyError, StoreError, StoreFullError
from edge.store.identity import Clock
from edge.store.store import Store
from edge.sync.enrolment import Enrolment, load_enrolment
from edge.sync.hub_http import HubHttp, Signer
from edge.sync.line_switch import LineSwitch
from edge.sync.metrics import SyncMetrics
from edge.sync.mqtt_transport import BrokerLogin, login_of
from edge.sync.settings import SyncHandlers, SyncSettings
from edge.sync.sync import Sync
from edge.sync.tls import http_client
from edge.watchdog import READY, ServiceManager
from edge.web.application import build_application
from edge.web.health import CountsCollector, add_health_routes
from sync_protocol.messages import Recall

STORE_NAME = "box.db"
IDENTITY_NAME = "box.identity"
SNAPSHOT_NAME = "snapshot.part"
SOFTWARE = f"cafebox {version('cafebox')}"

UPKEEP_EVERY_S = 10 * 60.0
KEEP_UP_EVERY = 6 * 24
"""Old ops are dropped once a day: every so many rounds of upkeep."""
DOOR_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 3.0)
GC_THRESHOLD = 10_000
"""New objects between two collections: of so many one takes 3 ms, of 50,000 up to 77 ms. Python's
default of 700 would stop a tap for a millisecond now and then."""
SWITCH_INTERVAL_S = 0.0005
"""After which a thread that computes lets another one run; by default, a tap that comes while a
page is made waits for up to 5 ms at each of its statements."""
SHUTDOWN_S = 3.0

log = logging.getLogger(__name__)

Work = Coroutine[None, None, None]
AddRoutes = Callable[[web.Application], None]


class NotEnrolledError(Exception):
    """The box has no identity yet; the words say what to type."""


@dataclass(frozen=True, slots=True)
class Running:
    """A box that runs."""

    desk: Desk
    store: Store
    address: str


def enrolment_of(configuration: Configuration) -> Enrolment:
    """The box's identity. Raises NotEnrolledError, or EnrolmentError for a damaged one."""
    enrolment = load_enrolment(configuration.data_dir / IDENTITY_NAME)
    if enrolment is None:
        raise NotEnrolledError(
            "This box has no identity yet. On the hub: cafebox-hub enrol-code --cafe NUMBER."
            " Then enter the code on the page that cafebox run serves, or here: cafebox enrol CODE"
        )
    return enrolment


def broker_login(configuration: Configuration, enrolment: Enrolment) -> BrokerLogin:
    """Where the broker is, by the configuration or else by what the hub said."""
    url = configuration.hub.broker_url or enrolment.answer.broker
    try:
        return login_of(url, configuration.hub.protocol, configuration.ca_file)
    except ValueError:
        raise ConfigurationError(
            'hub.broker_url: the hub named no broker. Set broker_url = "mqtt://host:1883"'
        ) from None


def _open_store(path: Path, enrolment: Enrolment, clock: Clock) -> Store:
    if is_to_be_rebuilt(path, enrolment.identity.epoch):
        raise StoreError(
            "not_rebuilt",
            "this box succeeds an earlier one and has none of its data yet. Type: cafebox rebuild"
            " --from FOLDER, or without --from where there is no second copy",
        )
    return Store.open(path, enrolment.identity, clock, secrets.token_bytes, hardware_id())


def _add_none(_pages: web.Application) -> None:
    """The counter's own pages are all."""


@asynccontextmanager
async def running(
    configuration: Configuration, add_routes: AddRoutes = _add_none
) -> AsyncIterator[Running]:
    """Run everything until the body ends; `add_routes` adds pages to the counter's.

    Raises, each with words for the operator: ConfigurationError, DeviceConfigurationError,
    NotEnrolledError, EnrolmentError, StoreError, OSError (the port is taken).
    """
    configuration.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    enrolment = enrolment_of(configuration)
    login = broker_login(configuration, enrolment)
    registry = CollectorRegistry()
    async with AsyncExitStack() as stack:
        clock = machine_clock()
        store = _open_store(configuration.data_dir / STORE_NAME, enrolment, clock)
        stack.callback(store.close)
        client = await stack.enter_async_context(http_client(configuration.ca_file))
        start = await stack.enter_async_context(_tasks())

        # The desk is made last; nothing calls these before the devices are opened.
        def on_event(event: DeviceEvent) -> None:
            deliver(event, desk, effects.door, start)

        async def recalled(recall: Recall) -> None:
            await _recalled(desk, recall)

        def applied(_applied: Applied) -> None:
            desk.log_applied()

        def line_changed() -> None:
            desk.line_changed()

        handlers = SyncHandlers(recalled, applied, line_changed)
        bridge = Bridge(on_event, straight=StraightTaps(lambda: desk, start))
        stacks = Stacks(configuration.stacks.pcsc, configuration.stacks.gpio)
        devices = build_devices(configuration.devices, bridge, stacks)
        effects = _effects(configuration, store, devices, registry)
        signer = Signer(enrolment.identity, enrolment.sign)
        http = HubHttp(configuration.hub.url, client, LineSwitch(), signer)
        sync = Sync(
            store,
            enrolment,
            http,
            _sync_settings(configuration, login),
            SyncMetrics(registry),
            clock,
            secrets.randbelow,
            handlers,
        )
        desk_settings = configuration.desk_settings(enrolment.answer.claim_secret)
        desk = Desk(
            store,
            desk_settings,
            effects,
            sync,
            Clocks(wall_ms, time.monotonic_ns),
            secrets.token_bytes,
            lambda: _device_views(devices),
            lambda reader: _cards_there(devices, reader),
        )
        _register_counts(registry, effects.door, bridge, desk.doors)
        _keep_second_copy(configuration, store, enrolment, desk, registry, start)
        start(effects.printer_queue.run())
        start(sync.run())
        start(_keep_up(desk, sync))
        for work in (desk.session_watch.run(), desk.customer_screen.run(), desk.doors.run()):
            start(work)
        stack.push_async_callback(desk.doors.commit)  # after the devices are closed
        await devices.open()
        stack.push_async_callback(devices.close)
        pages = _pages(configuration, store, desk, registry)
        await _serve(stack, configuration, pages, add_routes)
        yield Running(desk, store, configuration.address)


async def run_until(
    stop: asyncio.Event,
    configuration: Configuration,
    started: Callable[[Running], None],
    add_routes: AddRoutes,
) -> None:
    """Run until `stop` is set; `started` is told once everything listens."""
    async with running(configuration, add_routes) as box:
        # What is there now stays: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD, 10, 10)
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        started(box)
        manager = ServiceManager.of(os.environ, os.getpid())
        manager.tell(READY)
        life = asyncio.create_task(manager.show_life(lambda: _writer_answers(box.store)))
        await stop.wait()
        life.cancel()
        log.info("stopping")


async def _writer_answers(store: Store) -> None:
    """Return once the store has done a write or refused it: a disk that is full hangs nothing."""
    with contextlib.suppress(StoreError):
        await store.write(lambda _transaction: None)


@asynccontextmanager
async def _tasks() -> AsyncIterator[Callable[[Work], None]]:
    """Start tasks beside the body: the failure of one ends the body, its end ends them.

    One failure comes out as it is, several as a group.
    """
    started: set[asyncio.Task[None]] = set()
    try:
        async with asyncio.TaskGroup() as group:

            def start(work: Work) -> None:
                task = group.create_task(work)
                started.add(task)
                task.add_done_callback(started.discard)

            try:
                yield start
            finally:
                for task in tuple(started):
                    task.cancel()
    except BaseExceptionGroup as failures:
        if len(failures.exceptions) == 1:
            raise failures.exceptions[0] from None
        raise


async def _recalled(desk: Desk, recall: Recall) -> None:
    if isinstance(recall.subject, int):
        await desk.rights.release_recalled(recall.subject, recall.account_class)


def _effects(
    configuration: Configuration, store: Store, devices: Devices, registry: CollectorRegistry
) -> Effects:
    page_events = PageEvents()
    delay = Histogram(
        "cafebox_tap_to_door_seconds",
        "From the card's event to the call of the door's relay",
        buckets=DOOR_BUCKETS_S,
        registry=registry,
    )
    printers = devices.receipt_printers
    receipts = printers_of(SlipGroup.RECEIPT, printers)[0] if printers else None
    drawer = CashDrawer(receipts, time.monotonic_ns)
    queue = PrinterQueue(
        store,
        printers,
        configuration.box.language,
        wall_ms,
        lambda: page_events.publish(Region.TRUTH),
        drawer,
    )
    door = Door(devices.door_relays, time.monotonic_ns, delay.observe)
    display = CustomerDisplay(devices.customer_displays, configuration.box.language)
    feedback = TapFeedback(devices.feedbacks)
    return Effects(door, queue, page_events, display, feedback, drawer=drawer)


def _keep_second_copy(
    configuration: Configuration,
    store: Store,
    enrolment: Enrolment,
    desk: Desk,
    registry: CollectorRegistry,
    start: Callable[[Work], None],
) -> None:
    """Have what the hub has not copied to a second medium, where one is configured."""
    folder = configuration.second_copy_folder
    if folder is None:
        return
    second_copy = SecondCopy(
        store,
        CopyPlace(folder, configuration.data_dir, configuration.second_copy.other_disk),
        Sealing.of(enrolment, wall_ms, secrets.token_bytes),
        lambda: desk.page_events.publish(Region.TRUTH),
    )
    desk.views.second_copy = lambda: second_copy.state
    name, help_text = "cafebox_second_copy_writes", "Records written, files removed, faults"
    counts = CountsCollector(name, help_text, "outcome", lambda: dict(second_copy.outcomes))
    registry.register(counts)
    start(second_copy.run())


def _register_counts(
    registry: CollectorRegistry, door: Door, bridge: Bridge, doors: DoorCounts
) -> None:
    for name, help_text, label, counts in (
        ("cafebox_door_pulses", "Pulses of the entry door", "outcome", lambda: dict(door.pulses)),
        ("cafebox_events_dropped", "Device events refused", "event", lambda: bridge.dropped),
        ("cafebox_door_crossings", "People counted", "direction", lambda: dict(doors.crossings)),
    ):
        registry.register(CountsCollector(name, help_text, label, counts))


def _sync_settings(configuration: Configuration, login: BrokerLogin) -> SyncSettings:
    snapshot_path = configuration.data_dir / SNAPSHOT_NAME
    return SyncSettings(login, SOFTWARE, hardware_id(), snapshot_path)


async def _keep_up(desk: Desk, sync: Sync) -> None:
    """Give back and expire what fell due, and once a day drop what need not be kept."""
    rounds = 0
    while True:
        await asyncio.sleep(UPKEEP_EVERY_S)
        rounds += 1
        try:
            released = await desk.rights.release_due()
            log.info("upkeep", extra={"released": released})
            await desk.rights.expire_due()
            await desk.audit.keep()
            if rounds % KEEP_UP_EVERY == 0:
                await sync.keep_up()
        except (StoreBusyError, StoreFullError) as error:
            log.warning("upkeep put off: %s", error.code)


def _pages(
    configuration: Configuration, store: Store, desk: Desk, registry: CollectorRegistry
) -> web.Application:
    zone = timezone(timedelta(minutes=configuration.box.utc_offset_min))
    pages = build_application(desk, zone)
    add_health_routes(pages, store, desk, registry)
    return pages


async def _serve(
    stack: AsyncExitStack,
    configuration: Configuration,
    pages: web.Application,
    add_routes: AddRoutes,
) -> None:
    add_routes(pages)
    runner = web.AppRunner(pages, access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    host, port = configuration.listens_at
    await web.TCPSite(runner, host, port, reuse_address=True).start()


async def _cards_there(devices: Devices, reader: str) -> tuple[bytes, ...]:
    for device in devices.card_readers:
        if device.name == reader:
            return await device.cards_there()
    return ()


def _device_views(devices: Devices) -> tuple[DeviceView, ...]:
    return tuple(
        DeviceView(
            device.name, device.kind, device.status.state, device.status.reason, device.status.hint
        )
        for device in devices
    )
