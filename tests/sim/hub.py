"""The hub as the simulation runs it: the real worker, builder, judge and store, and a slow commit.

What came in since the last round is one block. Messages that the worker sends leave after its
commit; a hub that is killed at one of the builder's named points loses what it had in memory.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import peewee
from prometheus_client import CollectorRegistry

from cloud.domain.grants import GrantPolicy
from cloud.domain.refusals import Refusal
from cloud.hub import worker as worker_module
from cloud.hub.builder import BlockBuilder, Proposal
from cloud.hub.draft import Draft, HubOps
from cloud.hub.inbox import Inbox
from cloud.hub.publishing import head_message, range_message
from cloud.hub.worker import Worker
from cloud.store.database import Database, open_reader, open_writer
from sync_protocol.messages import head_topic
from sync_protocol.ops import HUB, OpRef
from tests.sim.disk import Drive
from tests.sim.faults import Faults
from tests.sim.network import Network
from tests.sim.schedule import MachineClock, Schedule
from tests.sim.signing import Key, verifier

CHAIN = "sim"
HUB_KEY = Key("hub")
UTC_OFFSET_MIN = 480
HEAD_MS = 3_000
FILE = "hub.sqlite"


class HubKilledError(BaseException):
    """The hub's process ends here. No `except` of the product may catch it."""


class _NoMetric:
    """Counts nothing: metrics are not what is tested here, and cost as much as a small block."""

    def labels(self, *_: object) -> "_NoMetric":
        return self

    def inc(self, *_: object) -> None: ...

    def set(self, *_: object) -> None: ...

    def time(self) -> "_NoMetric":
        return self

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


class NoMetrics:
    """In the place of `HubMetrics`."""

    registry = CollectorRegistry()

    def __getattr__(self, name: str) -> _NoMetric:
        return _NoMetric()


@dataclass(slots=True)
class Outside:
    """What can be seen of the hub from outside: heads that it committed, acks that it sent."""

    committed: Callable[[], None]
    sent: Callable[[str, bytes], None]


class Hub:
    """One hub machine."""

    def __init__(
        self,
        schedule: Schedule,
        network: Network,
        faults: Faults,
        folder: Path,
        random: Random,
        outside: Outside,
    ) -> None:
        self._schedule = schedule
        self._network = network
        self._faults = faults
        self._random = random
        self._outside = outside
        self.drive = Drive(folder)
        self.clock = MachineClock(schedule)
        self.url = f"sqlite:///{folder / FILE}"
        self.writer: Database | None = None
        self.reader: Database | None = None
        self.worker: Worker | None = None
        self.inbox = Inbox()
        self.kill_at: str | None = None
        self._round_planned = False
        self._commit_ms = random.choice(((20, 200), (200, 900), (500, 2_500)))

    @property
    def is_up(self) -> bool:
        return self.worker is not None

    # --- life -------------------------------------------------------------------------------------

    def boot(self) -> None:
        """Start the process on what the disk holds."""
        self.drive.start()
        self.clock.boot()
        self.writer = open_writer(self.url)
        self.reader = open_reader(self.url)
        builder = BlockBuilder(self.writer, HUB_KEY.sign, self.clock.wall_ms, self._reached)
        self.inbox = Inbox()
        self.worker = Worker(
            builder,
            self.inbox,
            NoMetrics(),
            self.clock.wall_ms,
            lambda: (20260528, UTC_OFFSET_MIN),
            GrantPolicy(),
            self._send,
        )
        self._network.hub_receive = self._receive
        self._round_planned = False

    def die(self) -> None:
        """The process is gone, and all that it had in memory."""
        self.worker = None
        self._network.hub_receive = None
        self.drive.died = True
        for database in (self.writer, self.reader):
            if database is not None:
                database.close()
        self.writer = self.reader = None

    def close(self) -> None:
        if self.is_up:
            self.die()

    # --- work -------------------------------------------------------------------------------------

    def _receive(self, node: int, data: bytes) -> None:
        self.inbox.put(node, data)
        self._plan_round()

    def propose(
        self,
        decide: Callable[[Draft], HubOps | list[OpRef] | Refusal],
        done: Callable[[Proposal], None] = lambda _: None,
    ) -> None:
        """Have head office's ops in the next block; lost if the hub dies before."""
        worker = self.worker
        if worker is None:
            return
        self.inbox.call(lambda: worker.propose(Proposal(decide), done))
        self._plan_round()

    def _plan_round(self) -> None:
        if not self._round_planned:
            self._round_planned = True
            self._schedule.after(self._random.randint(*self._commit_ms), self._round, self.worker)

    def _round(self, worker: Worker | None) -> None:
        if worker is None or worker is not self.worker:
            return
        self._round_planned = False
        try:
            worker.run_round()
        except HubKilledError:
            self._killed()
            return
        except (sqlite3.Error, peewee.PeeweeException):
            if not self.drive.died:
                raise
            self._killed()
            return
        self._outside.committed()
        if not self.inbox.is_empty():
            self._plan_round()

    def _killed(self) -> None:
        """Die, having lost what the disk did not sync; come back after a while."""
        power = self.kill_at == "power"
        self.kill_at = None
        if power:
            self._faults.took_effect("hub_power_cut")
            self.drive.cut_power(self._random)
        self.die()
        self._schedule.after(self._random.randint(300, 12_000), self.boot)

    def _reached(self, point: str) -> None:
        if self.kill_at == point:
            before = point == "hub_committing"
            self._faults.took_effect(
                "hub_killed_before_commit" if before else "hub_killed_before_ack"
            )
            raise HubKilledError(point)

    def _send(self, messages: list[tuple[str, bytes]], _block: int) -> None:
        for topic, data in messages:
            self._outside.sent(topic, data)
            self._network.publish_down(topic, data)

    def announce(self) -> None:
        """Say where the log ends, every few seconds."""
        if self.worker is not None:
            head = self.worker.builder.head
            data = head_message(head, self.clock.wall_ms()).sign(CHAIN, HUB, HUB_KEY.sign)
            self._network.publish_down(head_topic(CHAIN), data)
        self._schedule.after(HEAD_MS, self.announce)

    def held_seq(self, node: int, epoch: int) -> int:
        """Return the last op of an epoch that the database holds, read beside the worker."""
        if self.reader is None:
            return 0
        row = self.reader.execute(
            "SELECT MAX(seq) FROM log_op WHERE node = ? AND epoch = ?", (node, epoch)
        ).fetchone()
        return int(row[0] or 0)

    def held_claim(self, kind: int, key: bytes) -> bytes | None:
        """Return who holds a key, packed, b"" for nobody; None while the hub is down."""
        if self.reader is None:
            return None
        row = self.reader.execute(
            "SELECT subject FROM claim_holder WHERE kind = ? AND key = ?", (kind, key)
        ).fetchone()
        return b"" if row is None else bytes(row[0])

    def blocks(self, generation: int, first: int, last: int, cafe: int) -> bytes | None:
        """Answer a box's GET of blocks."""
        if self.reader is None:
            return None
        message = range_message(self.reader, generation, first, last, cafe)
        return None if message is None else message.pack()


def stand_in_signatures() -> None:
    """Have the worker check the simulation's signatures."""
    worker_module.verifier = verifier
