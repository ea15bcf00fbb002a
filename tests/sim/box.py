"""One cafe's box as the simulation runs it: the real store, desk and line, killed and cut off.

Everything from the desk's commands down to the bytes on the disk is the product's. What stands in
for `edge.app` is here: the order of starting, and what a dead disk does to the process.
"""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TypeVar

import peewee

from edge.desk.answers import Outcome, Session
from edge.desk.desk import Desk
from edge.desk.open_tickets import ticket_at
from edge.desk.settings import Clocks, DeskSettings
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
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import FEN, WALLET
from sync_protocol.messages import Recall
from sync_protocol.node_session import NodeSession
from tests.sim.box_line import BoxLine
from tests.sim.disk import Drive
from tests.sim.hub import UTC_OFFSET_MIN
from tests.sim.hub_http import SimulatedHttp
from tests.sim.inline_store import InlineStore, run
from tests.sim.network import Line
from tests.sim.schedule import MachineClock
from tests.sim.signing import Key
from tests.sim.surroundings import Surroundings
from tests.sim.versions import CURRENT

FILE = "box.sqlite"
CHAIN_KEY = b"claim key of the simulated chain"
SETTINGS = DeskSettings(CHAIN_KEY, UTC_OFFSET_MIN, 6, 2_000, 40_000)
RELEASE_DUE_MS = 30_000
TERMINAL = 1
DISK_CODES = ("disk_refused", "outcome_unknown")
REBOOT_MS = (500, 9_000)

T = TypeVar("T")
R = TypeVar("R")


class BoxDiedError(Exception):
    """The box died while it was asked: whether the command was done is not known.

    `words` is what the screen said last, "" where it went dark.
    """

    def __init__(self, words: str = "") -> None:
        self.words = words
        super().__init__(words)


@dataclass(frozen=True, slots=True)
class Watchers:
    """Who is told of a box: of acks, and of a fence (box, reason, seq)."""

    acked: Callable[["Box", int], None]
    fenced: Callable[["Box", str, int], None]


class Box:
    """One box machine. `problems` says why it no longer takes part, nothing while it does."""

    def __init__(
        self,
        surroundings: Surroundings,
        place: int,
        folder: Path,
        random: Random,
        identity: Identity,
        session: Session,
        watchers: Watchers,
    ) -> None:
        self._schedule = surroundings.schedule
        self._network = surroundings.network
        self._faults = surroundings.faults
        self._hub = surroundings.hub
        self._versions = surroundings.versions
        self._session_of_staff = session
        self._watchers = watchers
        self._key = Key(f"node {identity.node}")
        self.random = random
        self.place = place
        self.identity = identity
        self.node = identity.node
        self.cafe = identity.cafe
        self.release = CURRENT
        self.drive = Drive(folder)
        self.path = folder / FILE
        self.clock = MachineClock(surroundings.schedule)
        self.store: InlineStore | None = None
        self.line: BoxLine | None = None
        self.desk: Desk | None = None
        self.power_cut = False
        self.retired = False
        self.problems: list[str] = []
        self.clock_fault = ""
        """The clock's fault under which the next op is written, "" where the clock is right."""
        self.refused_codes: list[str] = []
        self._grants: list[tuple[object, ...]] = []
        self._has_shift = False
        """Whether this life of the process found one: nobody closes it."""
        self._network.lines[place] = Line(identity.node, self._receive, self._disconnected)

    @property
    def is_up(self) -> bool:
        return self.store is not None

    @property
    def session(self) -> NodeSession | None:
        return None if self.line is None else self.line.session

    # --- life -------------------------------------------------------------------------------------

    def boot(self) -> None:
        """Start the process on what the disk holds. A store that is refused is a violation."""
        if self.is_up or self.retired:
            return
        self._versions.show(self.release)
        self.drive.start()
        self.clock.boot()
        clock = Clock(self.clock.wall_ms, self.clock.monotonic_ms, self.random.randbytes(16))
        try:
            store = InlineStore.open(self.path, self.identity, clock, self.random.randbytes)
        except StoreError as error:
            self.problems.append(f"does not start: {error}")
            return
        self.store = store
        self._has_shift = False
        http = SimulatedHttp(
            self._network, self._hub, self.place, self.node, self.identity.epoch, self.cafe
        )
        self.line = BoxLine(self, self._schedule, self._network, http, store, self._key)
        self._make_desk(store)
        self._schedule.after(RELEASE_DUE_MS, self._release_due, self.desk)
        self.line.start()

    def _make_desk(self, store: InlineStore) -> None:
        pages = PageEvents()
        queue = PrinterQueue(store, (), "en", self.clock.wall_ms, lambda: None)
        effects = Effects(Door((), self.clock.monotonic_ns), queue, pages)
        clocks = Clocks(self.clock.wall_ms, self.clock.monotonic_ns)
        self.desk = Desk(store, SETTINGS, effects, self, clocks, self.random.randbytes, tuple)

    def die(self) -> None:
        """The process ends here; with `power_cut` what was not synced is lost by chance."""
        if self.store is None:
            return
        if self.drive.died:
            kind = "box_power_cut" if self.power_cut else "box_killed_at_write"
            self._faults.took_effect(kind)
        if self.power_cut:
            self.drive.cut_power(self.random)
        self.drive.die()
        self.power_cut = False
        self.shut_down()

    def shut_down(self) -> None:
        """The process ends; in good order where the disk still writes."""
        store, self.store = self.store, None
        line, self.line = self.line, None
        self.desk = None
        self._grants.clear()
        if line is not None:
            line.close()
        if store is not None:
            store.abandon()
            self._network.hang_up(self.place)

    def enrol_as(self, epoch: int, key: Key) -> None:
        """Go on as the node's next epoch, after a start."""
        self.shut_down()
        self.identity = replace(self.identity, epoch=epoch)
        self._key = key
        self.boot()

    def retire(self) -> None:
        """This machine is switched off for good."""
        self.shut_down()
        self.retired = True

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
        if self._has_shift:
            return
        with self.store.read() as reader:
            shift = shift_at(reader, TERMINAL)
        if shift is None:
            run(desk.perform("open_shift", self._session_of_staff, f"shift-{request_id}"[:64], {}))
        self._has_shift = shift is not None

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
        line = self.line
        if line is not None:
            line.handle(
                line.session.request_grant(request_id, WALLET, member, FEN, amount_fen, "slice")
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
            ticket = ticket_at(reader, TERMINAL)
            return ticket.member, dict(ticket.lines)

    def waiting_ops(self) -> int:
        """Return how many ops are parked or wait for a late verdict."""
        if self.store is None:
            return 0
        with self.store.read() as reader:
            return len(reader.waiting_ops())

    def _desk(self) -> Desk:
        assert self.desk is not None
        return self.desk

    def _known(self, outcome: R) -> R:
        """Return an outcome; a box whose disk failed is started anew, and nobody knows."""
        if isinstance(outcome, Refusal) and outcome.code in DISK_CODES:
            self._stop()
            raise BoxDiedError(outcome.words("en"))
        return outcome

    # --- a disk that fails ------------------------------------------------------------------------

    def _at_work(self, work: Callable[[], T]) -> T:
        """Return what `work` returns, its ops told to the session.

        What goes wrong while the disk is dead is the box's death, at whatever place it shows.
        Other refusals of the store (its disk is full) are passed on.
        """
        self._versions.show(self.release)
        try:
            result = work()
            self._tell_session()
        except (StoreError, sqlite3.Error, peewee.PeeweeException) as error:
            self._count_disk_faults()
            if self.drive.died or isinstance(error, StoreStoppedError):
                self._stop()
                raise BoxDiedError from error
            raise
        self._count_disk_faults()
        if self.drive.died:
            self._stop()
            raise BoxDiedError
        return result

    def guard(self, call: Callable[[], None]) -> None:
        """Do something that nobody waits for; the process may end over it, and starts again."""
        try:
            self._at_work(call)
        except BoxDiedError:
            return
        except StoreError as error:
            # What came cannot be kept now: the process starts again, and asks for it again.
            if error.code != "disk_full":
                self.problems.append(f"stopped: {error}")
            self._stop()

    def _count_disk_faults(self) -> None:
        for kind in self.drive.took_effect:
            self._faults.took_effect("box_" + kind)
        self.drive.took_effect.clear()

    def _stop(self) -> None:
        """The process ends, and is started again a while later."""
        if self.is_up:
            self.die()
            self._schedule.after(self.random.randint(*REBOOT_MS), self.boot)

    def _tell_session(self) -> None:
        """Tell the session what was committed; ask for grants that the desk wants."""
        store, line = self.store, self.line
        if store is None or line is None:
            return
        head = store.head
        if head.seq > line.session.outbox.seq:
            if self.clock_fault:
                self._faults.took_effect(self.clock_fault)
                self.clock_fault = ""
            line.handle(line.session.ops_appended(head.seq, head.hash, self._schedule.now_ms))
        grants, self._grants = self._grants, []
        for arguments in grants:
            if line.open:
                line.handle(line.session.request_grant(*arguments))

    def _release_due(self, desk: Desk) -> None:
        if desk is not self.desk:
            return
        try:
            self._at_work(lambda: run(desk.rights.release_due()))
        except BoxDiedError:
            return
        except StoreError:
            pass  # tried again
        self._schedule.after(RELEASE_DUE_MS, self._release_due, desk)

    # --- the line, as the desk sees it ------------------------------------------------------------

    since_ms = 0
    clock_offset_ms = 0

    @property
    def up(self) -> bool:
        return self.line is not None and self.line.up

    def request_grant(self, *arguments: object) -> None:
        self._grants.append(arguments)

    # --- the box, as its line sees it -------------------------------------------------------------

    def _receive(self, data: bytes) -> None:
        if self.line is not None:
            self.line.receive(data)

    def _disconnected(self) -> None:
        if self.line is not None:
            self.line.disconnected()

    def acked(self, seq: int) -> None:
        self._watchers.acked(self, seq)

    def fenced(self, reason: str, seq: int) -> None:
        self._watchers.fenced(self, reason, seq)

    def rejected(self, code: str) -> None:
        self.refused_codes.append(code)

    def recalled(self, recall: Recall) -> None:
        """The hub asks for what this box holds of a member."""
        if self.desk is not None and isinstance(recall.subject, int):
            run(self.desk.rights.release_recalled(recall.subject, recall.account_class))
