"""One cafe's box as the simulation runs it: the real store, desk and session, killed and cut off.

Everything from the desk's commands down to the bytes on the disk is the product's. What stands in
for `edge.app` is here: the session's events handled in order, ticks, and the line.
"""

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import TypeVar

import peewee

from edge.desk.answers import Outcome, Session
from edge.desk.desk import Desk
from edge.desk.settings import Clocks, DeskSettings
from edge.desk.tickets import kept_ticket
from edge.desk.tills import shift_at
from edge.desk.view_types import TapView
from edge.domain.refusals import Refusal
from edge.effects.after_commit import Effects
from edge.effects.door import Door
from edge.effects.page_events import PageEvents
from edge.effects.printing import PrinterQueue
from edge.events import CardTapped
from edge.store.errors import StoreError, StoreStoppedError
from edge.store.facts import Claim
from edge.store.identity import Clock, Identity
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import FEN, WALLET
from sync_protocol.blocks import ChainHeads, log_genesis_hash
from sync_protocol.node_session import NodeIdentity, NodeSession, OutboxState
from sync_protocol.session import OFFLINE, SYNCING
from sync_protocol.session_events import (
    BatchRejected,
    BlocksReceived,
    BlocksRefused,
    BlocksWanted,
    Cursor,
    Event,
    HashWanted,
    OpsAcked,
    OpsWanted,
    PeerErred,
    RecallReceived,
    SessionFenced,
    Transmit,
    Welcomed,
)
from tests.sim.disk import Drive
from tests.sim.faults import Faults
from tests.sim.hub import CHAIN, HUB_KEY, UTC_OFFSET_MIN, Hub
from tests.sim.inline_store import InlineStore, run
from tests.sim.network import Network
from tests.sim.schedule import MachineClock, Schedule
from tests.sim.signing import Key

FILE = "box.sqlite"
TICK_MS = 500
RECONNECT_MS = (1_000, 6_000)
CHAIN_KEY = b"claim key of the simulated chain"
SETTINGS = DeskSettings(CHAIN_KEY, UTC_OFFSET_MIN, 6, 2_000, 40_000)
RELEASE_DUE_MS = 15_000
TERMINAL = 1
DISK_CODES = ("disk_refused", "outcome_unknown")

T = TypeVar("T")
R = TypeVar("R")


class BoxDiedError(Exception):
    """The box died while it was asked: whether the command was done is not known.

    `words` is what the screen said last, "" where it went dark.
    """

    def __init__(self, words: str = "") -> None:
        self.words = words
        super().__init__(words)


class Box:
    """One box machine. `problem` says why it no longer takes part, None while it does."""

    def __init__(
        self,
        schedule: Schedule,
        network: Network,
        faults: Faults,
        hub: Hub,
        *,
        folder: Path,
        random: Random,
        identity: Identity,
        session: Session,
        acked: Callable[["Box", int], None],
    ) -> None:
        self._schedule = schedule
        self._network = network
        self._faults = faults
        self._hub = hub
        self._random = random
        self._key = Key(f"node {identity.node}")
        self._session_of_staff = session
        self._acked = acked
        self.identity = identity
        self.node = identity.node
        self.cafe = identity.cafe
        self.drive = Drive(folder)
        self.path = folder / FILE
        self.clock = MachineClock(schedule)
        self.store: InlineStore | None = None
        self.session: NodeSession | None = None
        self.desk: Desk | None = None
        self.power_cut = False
        self.problems: list[str] = []
        self.clock_fault = ""
        """The clock's fault under which the next op is written, "" where the clock is right."""
        self.rejected: list[str] = []
        self._life = 0
        self._connecting = False
        self._grants: list[tuple[object, ...]] = []

    @property
    def is_up(self) -> bool:
        return self.store is not None

    # --- life -------------------------------------------------------------------------------------

    def boot(self) -> None:
        """Start the process on what the disk holds. A store that is refused is a violation."""
        if self.is_up:
            return
        self.drive.start()
        self.clock.boot()
        self._life += 1
        clock = Clock(self.clock.wall_ms, self.clock.monotonic_ms, self._random.randbytes(16))
        try:
            self.store = InlineStore.open(self.path, self.identity, clock, self._random.randbytes)
        except StoreError as error:
            self.problems.append(f"does not start: {error}")
            return
        with self.store.read() as reader:
            self.session = self._make_session(reader)
        self._make_desk(self.store)
        self._schedule.after(self._random.randint(0, TICK_MS), self._tick, self._life)
        self._schedule.after(RELEASE_DUE_MS, self._release_due, self._life)
        self._try_to_connect(self._life)

    def _make_session(self, reader: Reader) -> NodeSession:
        head = reader.own_head()
        acked_seq = reader.acked_seq()
        acked_hash = reader.own_hash(acked_seq)
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
        heads = ChainHeads(CHAIN, reader.heads())
        identity = NodeIdentity(
            CHAIN, self.node, self.identity.epoch, "sim", b"hardware", self._key.sign
        )
        return NodeSession(
            identity,
            OutboxState(head.seq, head.hash, acked_seq, acked_hash or head.hash),
            at,
            heads,
            HUB_KEY.verify,
            self._random.randrange,
        )

    def _make_desk(self, store: InlineStore) -> None:
        pages = PageEvents()
        queue = PrinterQueue(store, (), "en", self.clock.wall_ms, lambda: None)
        effects = Effects(Door((), self.clock.monotonic_ns), queue, pages)
        clocks = Clocks(self.clock.wall_ms, self.clock.monotonic_ns)
        self.desk = Desk(store, SETTINGS, effects, self, clocks, self._random.randbytes, tuple)

    def die(self) -> None:
        """The process ends here; with `power_cut` what was not synced is lost by chance."""
        store, self.store = self.store, None
        self.session = self.desk = None
        if store is None:
            return
        if self.drive.died:
            kind = "box_power_cut" if self.power_cut else "box_killed_at_write"
            self._faults.took_effect(kind)
        if self.power_cut:
            self.drive.cut_power(self._random)
        self.drive.died = True
        store.abandon()
        self._network.hang_up(self.node)
        self.power_cut = False
        self._connecting = False
        self._grants.clear()

    def shut_down(self) -> None:
        """The process ends in good order."""
        store, self.store = self.store, None
        self.session = self.desk = None
        if store is not None:
            store.abandon()
            self._network.hang_up(self.node)
            self._connecting = False

    # --- the counter ------------------------------------------------------------------------------

    def perform(self, name: str, request_id: str, inputs: Mapping[str, object]) -> Outcome:
        """Do a command of the desk. Raises `BoxDiedError` where the box died over it."""
        desk = self._desk()

        def command() -> Outcome:
            self._have_shift(desk, request_id)
            return run(desk.perform(name, self._session_of_staff, request_id, inputs))

        return self._known(self._at_work(command))

    def perform_twice(
        self, name: str, request_id: str, inputs: Mapping[str, object]
    ) -> list[Outcome]:
        """Do a command that comes in twice at the same moment: both writes share one commit."""
        desk, store = self._desk(), self.store
        assert store is not None

        def commands() -> list[Outcome]:
            self._have_shift(desk, request_id)
            twice = [
                desk.perform(name, self._session_of_staff, request_id, inputs) for _ in range(2)
            ]
            return store.run_together(twice)

        return [self._known(outcome) for outcome in self._at_work(commands)]

    def _have_shift(self, desk: Desk, request_id: str) -> None:
        """Open a shift where none is open: a new box has none, and money needs one."""
        with self.store.read() as reader:
            shift = shift_at(reader, TERMINAL)
        if shift is None:
            run(desk.perform("open_shift", self._session_of_staff, f"shift-{request_id}"[:64], {}))

    def tap(self, uid: bytes) -> TapView:
        """A card on the reader."""
        desk = self._desk()
        event = CardTapped("reader", uid, self.clock.monotonic_ns())
        view = self._at_work(lambda: run(desk.tap(event)))
        if view.refusal is not None:
            self._known(view.refusal)
        return view

    def write(self, work: Callable[[WriteTransaction], T]) -> T:
        """Have something written that is no command of the desk."""
        store = self.store
        assert store is not None
        return self._at_work(lambda: store.submit(work).result())

    def ask_rights(self, request_id: int, member: int, amount_fen: int) -> None:
        """Ask the hub for a part of what a member has elsewhere, as a nightly slice does."""
        session = self.session
        if session is not None:
            self._handle(
                session.request_grant(request_id, WALLET, member, FEN, amount_fen, "slice")
            )

    def claim(self, kind: int, key: bytes) -> Claim | None:
        """Who holds a key, as this box shows it."""
        assert self.store is not None
        with self.store.read() as reader:
            return reader.claim(kind, key)

    def ticket(self) -> tuple[int, dict[str, int]]:
        """The open ticket: whose it is (0: a walk-in), and its lines."""
        assert self.store is not None
        with self.store.read() as reader:
            return kept_ticket(reader, TERMINAL)

    def _desk(self) -> Desk:
        assert self.desk is not None
        return self.desk

    def _known(self, outcome: R) -> R:
        """Return an outcome; a box whose disk failed is started anew, and nobody knows."""
        if isinstance(outcome, Refusal) and outcome.code in DISK_CODES:
            self._stop()
            raise BoxDiedError(outcome.words("en"))
        return outcome

    def _at_work(self, work: Callable[[], T]) -> T:
        """Return what `work` returns, its ops told to the session.

        What goes wrong while the disk is dead is the box's death, at whatever place it shows.
        Other refusals of the store (its disk is full) are passed on.
        """
        try:
            result = work()
            self._tell_session()
        except (StoreError, sqlite3.Error, peewee.PeeweeException) as error:
            self._count_disk_faults()
            if self.drive.died or not isinstance(error, StoreError):
                if not self.drive.died:
                    raise
                self._stop()
                raise BoxDiedError from error
            if isinstance(error, StoreStoppedError):
                self._stop()
                raise BoxDiedError from error
            raise
        self._count_disk_faults()
        if self.drive.died:
            self._stop()
            raise BoxDiedError
        return result

    def _count_disk_faults(self) -> None:
        for kind in self.drive.took_effect:
            self._faults.took_effect("box_" + kind)
        self.drive.took_effect.clear()

    def _tell_session(self) -> None:
        """Tell the session what was committed; ask for grants that the desk wants."""
        store, session = self.store, self.session
        if store is None or session is None:
            return
        head = store.head
        if head.seq > session.seq:
            if self.clock_fault:
                self._faults.took_effect(self.clock_fault)
                self.clock_fault = ""
            self._handle(session.ops_appended(head.seq, head.hash, self._schedule.now_ms))
        grants, self._grants = self._grants, []
        for arguments in grants:
            if self.session is not None:
                self._handle(self.session.request_grant(*arguments))

    # --- the line, as the desk sees it ------------------------------------------------------------

    @property
    def up(self) -> bool:
        return self.session is not None and self.session.state == SYNCING

    since_ms = 0
    clock_offset_ms = 0

    def request_grant(self, *arguments: object) -> None:
        self._grants.append(arguments)

    # --- the session's host -----------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """A message from the broker."""
        if self.session is not None:
            events = self.session.receive(data, self._schedule.now_ms, self.clock.wall_ms())
            self._work(events)

    def disconnected(self) -> None:
        if self.session is not None and self.session.state != OFFLINE:
            self.session.disconnected()
            self._plan_to_connect()

    def _plan_to_connect(self) -> None:
        if not self._connecting:
            self._connecting = True
            delay_ms = self._random.randint(*RECONNECT_MS)
            self._schedule.after(delay_ms, self._try_to_connect, self._life)

    def _try_to_connect(self, life: int) -> None:
        if life != self._life or self.session is None:
            return
        self._connecting = False
        if not self._network.connect(self.node):
            self._plan_to_connect()
            return
        segment = self.store.segment if self.store else 0
        events = self.session.connected(self._schedule.now_ms, self.clock.wall_ms(), segment)
        self._work(events)

    def _tick(self, life: int) -> None:
        if life != self._life or self.session is None:
            return
        self._work(self.session.tick(self._schedule.now_ms, self.clock.wall_ms()))
        self._schedule.after(TICK_MS, self._tick, life)

    def _release_due(self, life: int) -> None:
        desk = self.desk
        if life != self._life or desk is None:
            return
        try:
            self._at_work(lambda: run(desk.rights.release_due()))
        except BoxDiedError:
            return
        except StoreError:
            pass  # tried again
        self._schedule.after(RELEASE_DUE_MS, self._release_due, life)

    def _work(self, events: list[Event]) -> None:
        """Handle events; the box may die of a write among them."""
        try:
            self._at_work(lambda: self._handle(events))
        except BoxDiedError:
            return
        except StoreError as error:
            # What came cannot be kept now: the process starts again, and asks for it again.
            if error.code != "disk_full":
                self.problems.append(f"stopped: {error}")
            self._stop()

    def _stop(self) -> None:
        """The process ends, and is started again a while later."""
        if self.is_up:
            self.die()
            self._schedule.after(self._random.randint(500, 9_000), self.boot)

    def _handle(self, events: list[Event]) -> None:
        queue = list(events)
        while queue and self.session is not None and self.store is not None:
            event = queue.pop(0)
            queue.extend(self._answer(event, self.session, self.store))

    def _answer(self, event: Event, session: NodeSession, store: InlineStore) -> list[Event]:
        now_ms = self._schedule.now_ms
        if isinstance(event, Transmit):
            self._network.publish_up(self.node, event.data)
        elif isinstance(event, OpsWanted):
            with store.read() as reader:
                ops = reader.own_ops(event.from_seq, event.limit)
            return session.push(ops, now_ms)
        elif isinstance(event, HashWanted):
            with store.read() as reader:
                hash = reader.own_hash(event.seq)
            return session.hash_known(event.seq, hash, now_ms)
        elif isinstance(event, OpsAcked):
            self._acked(self, event.seq)
            store.note_acked(event.seq)
        elif isinstance(event, BlocksReceived):
            self._apply(event, session, store)
        elif isinstance(event, BlocksWanted):
            self._fetch(event)
        elif isinstance(event, RecallReceived):
            self._release_recalled(event)
        elif isinstance(event, Welcomed):
            return session.measure_clock(self.clock.wall_ms(), session.segment)
        elif isinstance(event, SessionFenced):
            self.problems.append(f"fenced for reason {event.reason} at op {event.seq}")
        elif isinstance(event, (BatchRejected, BlocksRefused, PeerErred)):
            self.rejected.append(event.code)
        return []

    def _apply(self, event: BlocksReceived, session: NodeSession, store: InlineStore) -> None:
        run(store.apply_blocks(event.blocks, event.signature))
        session.blocks_applied(event.cursor, self._schedule.now_ms)

    def _fetch(self, event: BlocksWanted) -> None:
        life = self._life

        def ask() -> bytes | None:
            return self._hub.blocks(event.generation, event.first, event.last, self.cafe)

        def answer(data: bytes) -> None:
            if life == self._life and self.session is not None:
                self._work(self.session.receive_blocks(data, self._schedule.now_ms))

        self._network.request(self.node, ask, answer)

    def _release_recalled(self, event: RecallReceived) -> None:
        subject = event.recall.subject
        if self.desk is not None and isinstance(subject, int):
            run(self.desk.rights.release_recalled(subject))
            self._tell_session()
