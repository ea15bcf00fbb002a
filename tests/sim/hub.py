"""The hub as the simulation runs it: the real worker, builder, judge and store, and a slow commit.

What came in since the last round is one block. Messages that the worker sends leave after its
commit; a hub that is killed at one of the builder's named points loses what it had in memory.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import peewee

from cloud.domain.grants import GrantPolicy
from cloud.domain.refusals import Refusal
from cloud.hub.builder import BlockBuilder, Proposal
from cloud.hub.draft import Draft, HubOps
from cloud.hub.inbox import Inbox
from cloud.hub.publishing import (
    announced_head,
    head_message,
    range_message,
    returned_message,
)
from cloud.hub.snapshots import Snapshots
from cloud.hub.worker import Worker
from cloud.store import returned
from cloud.store.backup import back_up
from cloud.store.database import Database, open_reader, open_writer
from cloud.store.models import LogHead
from sync_protocol.errors import ProtocolError
from sync_protocol.http_api import SnapshotAnswer
from sync_protocol.ops import HUB, OpRef
from sync_protocol.topics import head_topic
from tests.sim.disk import Drive
from tests.sim.faults import Faults
from tests.sim.metrics import NO_METRICS
from tests.sim.network import Network
from tests.sim.schedule import MachineClock, Schedule
from tests.sim.signing import Key
from tests.sim.versions import CURRENT, Versions

CHAIN = "sim"
HUB_KEY = Key("hub")
UTC_OFFSET_MIN = 480
HEAD_MS = 3_000
COMMIT_MS = ((50, 500), (400, 1_200), (800, 3_000))
"""How long a commit takes: what came meanwhile is the next block. Drawn for each run."""
FILE = "hub.sqlite"
BACKUP = "backup.sqlite"
RESTORE_MS = (9_500, 12_000)
"""Putting a backup back takes longer than what is under way."""


class HubKilledError(BaseException):
    """The hub's process ends here. No `except` of the product may catch it."""


class Hub:
    """One hub machine. `sent` is told of each message that it sends: (topic, data)."""

    def __init__(
        self,
        schedule: Schedule,
        network: Network,
        faults: Faults,
        versions: Versions,
        folder: Path,
        random: Random,
        sent: Callable[[str, bytes], None],
    ) -> None:
        self._schedule = schedule
        self._network = network
        self._faults = faults
        self._random = random
        self._versions = versions
        self._sent = sent
        self._beside = folder.with_name(folder.name + "_beside")
        """Backups and snapshots: another disk, which nothing happens to."""
        self.release = CURRENT
        self.drive = Drive(folder)
        self.clock = MachineClock(schedule)
        self.url = f"sqlite:///{folder / FILE}"
        self.writer: Database | None = None
        self.reader: Database | None = None
        self.worker: Worker | None = None
        self.inbox = Inbox()
        self.kill_at: str | None = None
        self.backup_number = 0
        self._round_planned = False
        self._commit_ms = random.choice(COMMIT_MS)

    @property
    def is_up(self) -> bool:
        return self.worker is not None

    # --- life -------------------------------------------------------------------------------------

    def boot(self) -> None:
        """Start the process on what the disk holds."""
        if self.is_up:
            return
        self._versions.show(self.release)
        self.drive.start()
        self.clock.boot()
        self.writer = open_writer(self.url)
        self.reader = open_reader(self.url)
        returned.take_copy_mark(self.writer)
        self._snapshots = Snapshots(self._beside, HUB_KEY.sign)
        builder = BlockBuilder(self.writer, HUB_KEY.sign, self.clock.wall_ms, self._reached)
        self.inbox = Inbox()
        self.worker = Worker(
            builder,
            self.inbox,
            NO_METRICS,
            self.clock.wall_ms,
            lambda: (20260528, UTC_OFFSET_MIN),
            GrantPolicy(),
            self._send,
        )
        self._network.hub_receive = self._receive
        self._round_planned = False
        self._plan_round()  # what waits from before: deferred ops, admitted branches

    def die(self) -> None:
        """The process is gone, and all that it had in memory."""
        self.worker = None
        self._network.hub_receive = None
        self.drive.die()
        for database in (self.writer, self.reader):
            if database is not None:
                database.close()
        self.writer = self.reader = None

    def shut_down(self) -> None:
        """The process ends; what it has not committed is lost."""
        if self.is_up:
            self.die()

    def waiting_ops(self) -> int:
        """Return how many ops are deferred."""
        if self.reader is None:
            return 0
        return int(self.reader.execute("SELECT COUNT(*) FROM deferred_op").fetchone()[0])

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
        if worker is not None:
            self.call(lambda: worker.propose(Proposal(decide), done))

    def call(self, call: Callable[[], None]) -> None:
        """Have something called between two blocks; lost if the hub dies before."""
        if self.worker is not None:
            self.inbox.call(call)
            self._plan_round()

    def _plan_round(self) -> None:
        if not self._round_planned:
            self._round_planned = True
            self._schedule.after(self._random.randint(*self._commit_ms), self._round, self.worker)

    def _round(self, worker: Worker | None) -> None:
        if worker is None or worker is not self.worker:
            return
        self._round_planned = False
        self._at_work(worker.run_round)
        if not self.inbox.is_empty():
            self._plan_round()

    def serve(self, call: Callable[[Worker], Any]) -> Any:
        """Return the answer to a request or what was wrong with it, None where the hub is down."""
        worker = self.worker
        if worker is None:
            return None

        def answered() -> Any:
            try:
                return call(worker)
            except ProtocolError as error:
                return error

        answer = self._at_work(answered)
        self._plan_round()
        return answer

    def _at_work(self, work: Callable[[], Any]) -> Any:
        """Return what `work` returns; a process that is killed or whose disk is dead ends."""
        self._versions.show(self.release)
        try:
            answer = work()
        except HubKilledError:
            self._killed()
            return None
        except (sqlite3.Error, peewee.PeeweeException):
            if not self.drive.died:
                raise
            self._killed()
            return None
        return answer

    def snapshot(self, cafe: int) -> SnapshotAnswer | None:
        """Answer a box's GET of the newest snapshot's manifest."""
        if self.reader is None:
            return None
        self._versions.show(self.release)
        return self._snapshots.newest(self.reader, cafe).answer

    # --- backups ----------------------------------------------------------------------------------

    def back_up(self) -> None:
        """Copy the database while it is in use, and announce it."""
        if self.worker is None or self.reader is None or self.worker.recovery.under_way:
            return
        self._beside.mkdir(exist_ok=True)
        number = back_up(self.reader, self._beside / BACKUP)
        self.backup_number = number
        worker = self.worker

        def note() -> None:
            worker.builder.database.run(LogHead.update(backup_number=number))
            worker.builder.head.backup_number = number

        self.call(note)

    def put_back(self) -> int | None:
        """Start on the backup in the place of what there is.

        Returns how many blocks that lost, None where nothing was put back.
        """
        if self.worker is None or not self.backup_number:
            return None
        lost = self.worker.builder.head.block_number - self.backup_number
        self.die()
        for path in self.drive.folder.iterdir():
            path.unlink()
        self.drive.forget_files()
        (self.drive.folder / FILE).write_bytes((self._beside / BACKUP).read_bytes())
        self._schedule.after(self._random.randint(*RESTORE_MS), self.boot)
        return lost

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
            self._sent(topic, data)
            self._network.publish_down(topic, data)

    def announce(self) -> None:
        """Say where the log ends, every few seconds."""
        if self.worker is not None:
            head = self.worker.builder.head
            if self.worker.recovery.under_way and self.reader is not None:
                head = announced_head(self.reader, head)
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
        """Return who holds a key, packed, b"" for nobody; None while the hub cannot say."""
        if self.reader is None or self.worker is None or self.worker.recovery.under_way:
            return None
        row = self.reader.execute(
            "SELECT subject FROM claim_holder WHERE kind = ? AND key = ?", (kind, key)
        ).fetchone()
        return b"" if row is None else bytes(row[0])

    def blocks(self, generation: int, first: int, last: int, cafe: int) -> bytes | None:
        """Answer a box's GET of blocks."""
        if self.reader is None:
            return None
        self._versions.show(self.release)
        message = range_message(self.reader, generation, first, last, cafe)
        if message is None and self.worker is not None and self.worker.recovery.under_way:
            message = returned_message(self.reader, HUB_KEY.sign, first, cafe)
        return None if message is None else message.pack()
