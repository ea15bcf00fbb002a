"""A box's side of the line: the real session, its real host, and what `edge.sync` makes of events.

Blocks are applied beside the line, as in `sync_protocol.pump`; left-over ops are handed in and
blocks handed back by the product's own tasks.
"""

from collections.abc import Callable
from random import Random
from typing import Protocol

from edge.store.identity import Identity
from edge.store.reader import Reader
from edge.sync.hand_back import HandBack
from edge.sync.host import StoreHost
from edge.sync.hub_http import HubRefusedError, HubUnreachableError
from edge.sync.left_overs import LeftOvers
from sync_protocol.blocks import ChainHeads, log_genesis_hash
from sync_protocol.greetings import FENCED_REASONS
from sync_protocol.messages import Recall
from sync_protocol.node_identity import NodeIdentity
from sync_protocol.node_session import NodeSession
from sync_protocol.ops import TRUST_MEASURED
from sync_protocol.outbox import Outbox
from sync_protocol.session import OFFLINE, SYNCING
from sync_protocol.session_events import (
    BatchRejected,
    BlocksReceived,
    BlocksRefused,
    BlocksWanted,
    ClockMeasured,
    Cursor,
    Event,
    GenerationChanged,
    HashWanted,
    HeadAnnounced,
    OpsAcked,
    OpsWanted,
    PeerErred,
    RecallReceived,
    SessionFenced,
    Transmit,
    Welcomed,
)
from tests.sim.hub import CHAIN, HUB_KEY
from tests.sim.hub_http import SimulatedHttp
from tests.sim.inline_store import InlineStore
from tests.sim.metrics import NO_METRICS
from tests.sim.network import Network
from tests.sim.schedule import MachineClock, Schedule
from tests.sim.signing import Key
from tests.sim.tasks import Tasks

TICK_MS = 200
"""As `sync_protocol.pump` ticks."""
RECONNECT_MS = (1_000, 6_000)
CLOCK_ERROR_MS_MAX = 1_000


class LineOwner(Protocol):
    """The box, as its line knows it."""

    place: int
    identity: Identity
    clock: MachineClock
    random: Random

    def guard(self, call: Callable[[], None]) -> None: ...
    def acked(self, seq: int) -> None: ...
    def recalled(self, recall: Recall) -> None: ...
    def fenced(self, reason: str, seq: int) -> None: ...
    def rejected(self, code: str) -> None: ...


class BoxLine:
    """The line of one life of a box's process."""

    def __init__(
        self,
        owner: LineOwner,
        schedule: Schedule,
        network: Network,
        http: SimulatedHttp,
        store: InlineStore,
        key: Key,
    ) -> None:
        self._owner = owner
        self._schedule = schedule
        self._network = network
        self._http = http
        self._store = store
        self._tasks = Tasks(schedule, owner.guard)
        with store.read() as reader:
            self.session = _session(reader, owner.identity, key, owner.random)
        below = owner.random.randrange
        self._host = StoreHost(store, http, NO_METRICS, _ignored, _ignored, _nothing)
        self._hand_back = HandBack(store, http, NO_METRICS, below)
        self._left_overs = LeftOvers(store, http, key.sign, NO_METRICS)
        self._received: list[BlocksReceived] = []
        self._applies = False
        self._connecting = False
        self.open = True

    @property
    def up(self) -> bool:
        """Whether the hub has welcomed this box."""
        return self.session.state == SYNCING

    def start(self) -> None:
        self._schedule.after(self._owner.random.randint(0, TICK_MS), self._tick)
        self._connect()

    def close(self) -> None:
        """The process has ended."""
        self.open = False
        self._tasks.close()

    # --- the broker -------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """A message from the broker."""
        wall_ms = self._owner.clock.wall_ms()
        self.work(self.session.receive(data, self._schedule.now_ms, wall_ms))

    def disconnected(self) -> None:
        if self.session.state != OFFLINE:
            self.session.disconnected()
            self._plan_to_connect()

    def _plan_to_connect(self) -> None:
        if not self._connecting:
            self._connecting = True
            self._schedule.after(self._owner.random.randint(*RECONNECT_MS), self._connect)

    def _connect(self) -> None:
        if not self.open:
            return
        self._connecting = False
        if not self._network.connect(self._owner.place):
            self._plan_to_connect()
            return
        wall_ms, segment = self._owner.clock.wall_ms(), self._store.segment
        self.work(self.session.connected(self._schedule.now_ms, wall_ms, segment))

    def _tick(self) -> None:
        if self.open:
            self._schedule.timers += 1
            session = self.session
            events = session.tick(self._schedule.now_ms, self._owner.clock.wall_ms())
            if events:
                self.work(events)
            self._schedule.after(TICK_MS, self._tick)

    # --- events -----------------------------------------------------------------------------------

    def work(self, events: list[Event]) -> None:
        """Handle events; the box may die of a write among them."""
        self._owner.guard(lambda: self.handle(events))

    def handle(self, events: list[Event]) -> None:
        """Do what the events say, in order."""
        queue = list(events)
        while queue and self.open:
            queue.extend(self._answer(queue.pop(0)))

    def _answer(self, event: Event) -> list[Event]:
        session, now_ms = self.session, self._schedule.now_ms
        if isinstance(event, Transmit):
            self._network.publish_up(self._owner.place, event.data)
        elif isinstance(event, OpsWanted):
            with self._store.read() as reader:
                ops = reader.own_ops(event.from_seq, event.limit)
            return session.push(ops, now_ms)
        elif isinstance(event, HashWanted):
            with self._store.read() as reader:
                hash = reader.own_hash(event.seq)
            return session.hash_known(event.seq, hash, now_ms)
        elif isinstance(event, BlocksReceived):
            self._received.append(event)
            if not self._applies:
                self._tasks.start(self._apply())
        elif isinstance(event, BlocksWanted):
            self._tasks.start(self._repair(event))
        else:
            return self._hear(event)
        return []

    def _hear(self, event: Event) -> list[Event]:
        """What `edge.sync` does of an event that is no work of the session's own."""
        if isinstance(event, OpsAcked):
            self._owner.acked(event.seq)
            self._store.note_acked(event.seq)
        elif isinstance(event, Welcomed):
            welcome = event.welcome
            self._note_head(welcome.generation, welcome.block_number, welcome.backup_number)
            self._tasks.start(self._store.lift_fence())
            self._tasks.start(self._left_overs.hand_in())
            return self.session.measure_clock(self._owner.clock.wall_ms(), self._store.segment)
        elif isinstance(event, HeadAnnounced):
            self._note_head(event.generation, event.block_number, event.backup_number)
        elif isinstance(event, ClockMeasured):
            if event.error_ms <= CLOCK_ERROR_MS_MAX:
                self._tasks.start(self._store.note_clock(event.segment, TRUST_MEASURED))
        elif isinstance(event, RecallReceived):
            self._owner.recalled(event.recall)
        elif isinstance(event, SessionFenced):
            reason = FENCED_REASONS.get(event.reason, "unknown")
            self._tasks.start(self._store.note_fence(reason, event.seq))
            self._owner.fenced(reason, event.seq)
        elif isinstance(event, GenerationChanged):
            self._tasks.start(self._follow_recovery())
        elif isinstance(event, (BatchRejected, BlocksRefused, PeerErred)):
            self._owner.rejected(event.code)
        return []

    async def _apply(self) -> None:
        self._applies = True
        try:
            while self._received:
                event = self._received.pop(0)
                await self._host.apply_blocks(event)
                self.session.blocks_applied(event.cursor, self._schedule.now_ms)
        finally:
            self._applies = False

    async def _repair(self, wanted: BlocksWanted) -> None:
        data = await self._host.fetch_blocks(wanted)
        if data is not None:
            self.handle(self.session.receive_blocks(data, self._schedule.now_ms))

    def _note_head(self, generation: int, block_number: int, backup_number: int) -> None:
        """Notice a hub whose log ends before ours: its database is an older one."""
        self._tasks.start(self._store.note_backup(backup_number))
        applied = self.session.follower.applied
        if block_number < applied.block_number and generation >= applied.generation:
            self._tasks.start(self._follow_recovery())

    async def _follow_recovery(self) -> None:
        """Hand back what the hub lacks, and greet as soon as its log is whole."""
        await self._hand_back.run()
        wall_ms = self._owner.clock.wall_ms()
        self.handle(self.session.greet_now(self._schedule.now_ms, wall_ms))

    def keep_up(self) -> None:
        """Take the hub's newest manifest, and drop old ops below it."""
        self._tasks.start(self._keep_up())

    async def _keep_up(self) -> None:
        try:
            answer = await self._http.newest_snapshot()
        except (HubUnreachableError, HubRefusedError):
            return
        if HUB_KEY.verify(answer.signature, answer.manifest.signing_bytes()):
            await self._store.keep_manifest(answer.manifest, answer.signature)
            await self._store.retain()


def _session(reader: Reader, identity: Identity, key: Key, random: Random) -> NodeSession:
    head = reader.own_head()
    author = reader.own_author()
    cursor = reader.cursor()
    at = Cursor(1, 0, 0, 0, log_genesis_hash(CHAIN, 1))
    if cursor.generation:
        at = Cursor(
            cursor.generation,
            cursor.stream,
            cursor.position,
            cursor.block_number,
            cursor.block_hash,
        )
    return NodeSession(
        NodeIdentity(CHAIN, identity.node, identity.epoch, "sim", b"hardware", key.sign),
        Outbox(head.seq, head.hash, author.seq, author.hash),
        at,
        ChainHeads(CHAIN, reader.heads()),
        HUB_KEY.verify,
        random.randrange,
    )


def _ignored(_what: object) -> None:
    """Nobody asks: the run is seen from outside."""


def _nothing() -> None:
    """A hub that lacks blocks is found by its announcements."""
