"""Keeps the box in step with the hub: runs the session, loads snapshots, asks for rights.

One task runs `run` until it is cancelled. The desk sees `Sync` as its line: whether it is up and
since when, how far behind our clock is, and rights to ask for. Nothing here is waited for by a
sale.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress

from edge.store.errors import StoreError, StoreMismatchError
from edge.store.identity import Clock
from edge.store.retention import Retained
from edge.store.store import Store
from edge.sync.enrolment import Enrolment
from edge.sync.grants import Grants, GrantWanted
from edge.sync.hand_back import HandBack
from edge.sync.host import StoreHost
from edge.sync.hub_http import HubHttp, HubRefusedError, HubUnreachableError
from edge.sync.left_overs import LeftOvers
from edge.sync.line_switch import LineCutError
from edge.sync.metrics import SyncMetrics
from edge.sync.mqtt_transport import MqttTransport
from edge.sync.node_session import SessionClock, new_session
from edge.sync.settings import SyncHandlers, SyncSettings, SyncState
from edge.sync.snapshots import SnapshotLoader
from sync_protocol.block_follower import OTHER_LOG
from sync_protocol.errors import ProtocolError
from sync_protocol.greetings import FENCED_REASONS
from sync_protocol.messages import GrantAnswer, Recall
from sync_protocol.ops import TRUST_MEASURED
from sync_protocol.pump import Pump
from sync_protocol.session import SYNCING
from sync_protocol.session_events import (
    BatchRejected,
    BlocksRefused,
    ClockMeasured,
    Event,
    GenerationChanged,
    GrantAnswered,
    HeadAnnounced,
    MessageIgnored,
    OpsAcked,
    PeerErred,
    RecallReceived,
    SessionFenced,
    Welcomed,
)
from sync_protocol.topics import blocks_topic, down_topic, head_topic

SILENCE_MS = 12_000
"""The hub announces its head every few seconds: after this long without a word it is away."""
CLOCK_MEASURED_EVERY_MS = 10 * 60 * 1000
CLOCK_ERROR_MS_MAX = 1000
"""A round trip longer than twice this says too little of the hub's clock."""
SNAPSHOT_BEHIND_OPS = 50_000
"""Further behind than this a snapshot is quicker than the log."""
WATCH_S = 1.0

logger = logging.getLogger(__name__)


class Sync:
    """See the module. Make it on the loop that runs it; `random_below(n)` returns 0..n-1."""

    def __init__(
        self,
        store: Store,
        enrolment: Enrolment,
        http: HubHttp,
        settings: SyncSettings,
        metrics: SyncMetrics,
        clock: Clock,
        random_below: Callable[[int], int],
        handlers: SyncHandlers,
    ) -> None:
        self._store = store
        self._enrolment = enrolment
        self._http = http
        self._settings = settings
        self._metrics = metrics
        self._clock = SessionClock(store, clock)
        self._random_below = random_below
        self._handlers = handlers
        self._loop = asyncio.get_running_loop()
        self._snapshots = SnapshotLoader(
            store, enrolment, http, settings.snapshot_path, metrics, random_below
        )
        self._hand_back = HandBack(store, http, metrics, random_below)
        self._left_overs = LeftOvers(store, http, enrolment.sign, metrics)
        self._pump: Pump | None = None
        self._state = SyncState.DOWN
        self._since_ms = 0
        self._heard_ms = 0
        self._measured_ms: int | None = None
        self._measured_segment = 0
        self._snapshot_wanted = asyncio.Event()
        self._snapshot_asked = 0
        self._grants = Grants()
        self._tasks: set[asyncio.Task[None]] = set()
        self.clock_offset_ms = 0
        self.fence_reason = ""
        self.hub_position = 0
        store.listen(self._committed)

    # --- what the desk sees -----------------------------------------------------------------------

    @property
    def state(self) -> SyncState:
        """The line as a person is told of it."""
        return self._state

    @property
    def up(self) -> bool:
        """Whether the hub has welcomed this box and answers."""
        return self._state is SyncState.UP

    @property
    def since_ms(self) -> int:
        """When the line went up or down (milliseconds since 1970); 0: never up since the start."""
        return self._since_ms

    def request_grant(
        self,
        request_id: int,
        account_class: int,
        subject: int | str,
        unit: str,
        amount: int,
        purpose: str,
    ) -> None:
        """Ask the hub for rights; the answer comes as an op in the hub's log.

        Nothing happens without a line. A repeat of a request id gets the same op.
        """
        wanted = GrantWanted(request_id, account_class, subject, unit, amount, purpose)
        self._start(self._grants.ask(self._pump, wanted))

    async def grant(self, wanted: GrantWanted, timeout_s: float) -> GrantAnswer | None:
        """Ask for rights and wait for the answer; None if none came in time.

        The rights are there once the op that the answer names is applied.
        """
        return await self._grants.ask_and_wait(self._pump, wanted, timeout_s)

    # --- running ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the session going until cancelled; a snapshot starts it anew behind it."""
        watch = asyncio.create_task(self._watch())
        try:
            while True:
                await self._run_session()
                self._snapshot_asked = self.hub_position
                await self._snapshots.load_newest()
        except StoreMismatchError as error:
            logger.error("sync stopped: %s", error)
            self._set_state(SyncState.STOPPED)
            await self._store.stop_spending(error.code)
        finally:
            watch.cancel()

    async def _run_session(self) -> None:
        """Run a session until a snapshot is wanted."""
        self._snapshot_wanted.clear()
        session = new_session(self._store, self._enrolment, self._settings, self._random_below)
        identity = self._store.identity
        transport = MqttTransport(
            self._settings.login,
            f"cafebox-{identity.chain}-{identity.node}.{identity.epoch}",
            [
                down_topic(identity.chain, identity.node),
                blocks_topic(identity.chain),
                head_topic(identity.chain),
            ],
            self._http.switch,
            self._note_down,
        )
        host = StoreHost(
            self._store,
            self._http,
            self._metrics,
            self._hear,
            self._handlers.applied,
            self._snapshot_wanted.set,
        )
        self._pump = Pump(session, host, transport, self._clock, self._random_below)
        self._committed()
        running = asyncio.create_task(self._pump.run())
        wanted = asyncio.create_task(self._snapshot_wanted.wait())
        try:
            await asyncio.wait((running, wanted), return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
        finally:
            wanted.cancel()
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            self._pump = None
            self._note_down()

    def _committed(self) -> None:
        """Tell the pump of new own ops; called on the writer thread."""
        with suppress(RuntimeError):  # the loop is closed: the box is stopping
            self._loop.call_soon_threadsafe(self._wake_pump)

    def _wake_pump(self) -> None:
        head = self._store.head
        if self._pump is not None and head.seq > self._pump.session.outbox.seq:
            self._pump.ops_appended(head.seq, head.hash)

    async def _watch(self) -> None:
        """Notice a hub that fell silent, and measure the clock now and then."""
        while True:
            await asyncio.sleep(WATCH_S)
            now_ms = self._clock.now_ms()
            if self.up and now_ms - self._heard_ms > SILENCE_MS:
                self._note_down()
            if self.up and self._clock_is_unmeasured(now_ms):
                await self._measure_clock()

    def _clock_is_unmeasured(self, now_ms: int) -> bool:
        if self._measured_ms is None or self._measured_segment != self._store.segment:
            return True
        return now_ms - self._measured_ms > CLOCK_MEASURED_EVERY_MS

    async def _measure_clock(self) -> None:
        if self._pump is not None:
            session = self._pump.session
            wall_ms, segment = self._clock.wall_ms(), self._store.segment
            await self._pump.send(session.measure_clock(wall_ms, segment))

    # --- events of the session --------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        if isinstance(event, OpsAcked):
            self._heard()
            self._store.note_acked(event.seq)
            self._metrics.acked_seq.set(event.seq)
        elif isinstance(event, Welcomed):
            welcome = event.welcome
            self._heard()
            self._note_hub(welcome.position, welcome.backup_number)
            self._note_head(welcome.generation, welcome.block_number)
            self.fence_reason = ""
            self._set_state(SyncState.UP)
            self._start(self._store.lift_fence())
            self._start(self._left_overs.hand_in())
            self._start(self._measure_clock())
        elif isinstance(event, HeadAnnounced):
            self._heard()
            self._note_hub(event.position, event.backup_number)
            self._note_head(event.generation, event.block_number)
        elif isinstance(event, ClockMeasured):
            self._note_clock(event)
        elif isinstance(event, GrantAnswered):
            self._grants.answered(event.answer)
        elif isinstance(event, RecallReceived):
            self._start(self._recall(event.recall))
        elif isinstance(event, SessionFenced):
            self._fenced(event)
        else:
            self._count(event)

    def _count(self, event: Event) -> None:
        if isinstance(event, BlocksRefused) and event.code == OTHER_LOG:
            self._snapshot_wanted.set()
        if isinstance(event, (BatchRejected, BlocksRefused, PeerErred)):
            self._metrics.faults.labels(event.code).inc()
            logger.warning("%s: %s", type(event).__name__, event.code)
        elif isinstance(event, MessageIgnored):
            self._metrics.faults.labels(event.reason).inc()
        elif isinstance(event, GenerationChanged):
            self._metrics.faults.labels("generation_changed").inc()
            self._start(self._follow_recovery())

    def _heard(self) -> None:
        self._heard_ms = self._clock.now_ms()
        pump = self._pump
        if self._state is SyncState.DOWN and pump is not None and pump.session.state == SYNCING:
            self._set_state(SyncState.UP)

    def _note_hub(self, position: int, backup_number: int) -> None:
        self.hub_position = position
        self._metrics.hub_position.set(position)
        self._start(self._store.note_backup(backup_number))
        if self._pump is not None:
            followed = max(self._pump.session.follower.cursor.position, self._snapshot_asked)
            if position - followed > SNAPSHOT_BEHIND_OPS:
                self._snapshot_wanted.set()

    def _note_head(self, generation: int, block_number: int) -> None:
        """Notice a hub whose log ends before ours: its database is an older one.

        In a later generation that is for good: what it lacks nobody could bring back, and this
        box takes the log's state anew.
        """
        if self._pump is None:
            return
        applied = self._pump.session.follower.applied
        if block_number >= applied.block_number or generation < applied.generation:
            return
        self._start(self._compare_logs())

    async def _compare_logs(self) -> None:
        await self._follow_recovery()
        try:
            answer = await self._http.recovery()
        except (HubUnreachableError, HubRefusedError, LineCutError, ProtocolError):
            return  # asked again at the next announcement
        with self._store.read() as reader:
            cursor = reader.cursor()
        lost = answer.block_number < cursor.block_number and answer.generation > cursor.generation
        if lost and not answer.under_way:
            self._snapshot_wanted.set()

    async def _follow_recovery(self) -> None:
        """Hand back what the hub lacks, and greet as soon as its log is whole."""
        await self._hand_back.run()
        if self._pump is not None:
            session = self._pump.session
            await self._pump.send(session.greet_now(self._clock.now_ms(), self._clock.wall_ms()))

    def _note_clock(self, event: ClockMeasured) -> None:
        self.clock_offset_ms = event.offset_ms
        self._measured_ms = self._clock.now_ms()
        self._measured_segment = event.segment
        if event.error_ms <= CLOCK_ERROR_MS_MAX:
            self._start(self._store.note_clock(event.segment, TRUST_MEASURED))

    def _fenced(self, event: SessionFenced) -> None:
        self.fence_reason = FENCED_REASONS.get(event.reason, "unknown")
        logger.error("the epoch is fenced: %s at op %d", self.fence_reason, event.seq)
        self._set_state(SyncState.FENCED)
        self._start(self._store.note_fence(self.fence_reason, event.seq))

    async def _recall(self, recall: Recall) -> None:
        await self._handlers.recalled(recall)

    def _note_down(self) -> None:
        if self._state in (SyncState.UP, SyncState.FENCED):
            self._metrics.lines_lost.inc()
            self._set_state(SyncState.DOWN)

    def _set_state(self, state: SyncState) -> None:
        if state is not self._state:
            self._state = state
            self._since_ms = self._clock.wall_ms()
            self._metrics.line_up.set(int(state is SyncState.UP))
            logger.info("line %s", state)
            self._handlers.line_changed()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(self._finish(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except StoreError as error:
            logger.error("%s", error)

    async def keep_up(self) -> Retained | None:
        """Do the nightly upkeep: take the hub's newest manifest, drop old ops below it.

        None without a line. Raises `StoreDamagedError` where our state is not what the hub signed.
        """
        return await self._snapshots.keep_up()
