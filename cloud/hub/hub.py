"""The hub: one log, its writer thread, and the doors to it for the loop, the pages and the CLI."""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from peewee import IntegrityError

from cloud.domain.business_day import Calendar
from cloud.domain.grants import GrantPolicy
from cloud.domain.refusals import Refusal
from cloud.hub.background import Background
from cloud.hub.builder import BlockBuilder, Proposal
from cloud.hub.draft import HubOpVoidError
from cloud.hub.inbox import Inbox
from cloud.hub.keys import HubKeys
from cloud.hub.metrics import HubMetrics, reason_label
from cloud.hub.node_sessions import NodeLine, Send
from cloud.hub.publishing import (
    announced_head,
    head_message,
    range_message,
    returned_message,
)
from cloud.hub.snapshots import Snapshots
from cloud.hub.worker import Worker
from cloud.store import log, returned
from cloud.store.backup import check_integrity
from cloud.store.database import Database, open_reader, open_writer
from cloud.store.log import Author, Head
from cloud.store.migrations import migrate
from cloud.store.models import LogHead
from sync_protocol.errors import ProtocolError
from sync_protocol.http_api import LeftOverAnswer, LeftOverRequest
from sync_protocol.messages import Blocks
from sync_protocol.ops import HUB, OpRef
from sync_protocol.sealed_copy import CarryAnswer

logger = logging.getLogger(__name__)
T = TypeVar("T")

IDLE_WAIT_S = 1.0
QUIET_S = 0.05
"""Nothing is done between blocks for so long after one: of a box that drains its log the next batch
comes within this time, and would wait for a chunk of the reports and its fsync."""


class HubStoppedError(Exception):
    """The writer has stopped; the process must end and be started again."""


@dataclass(frozen=True, slots=True)
class HubSurroundings:
    """What the hub is handed: clocks, randomness, the way out, and points where tests stop it.

    `now_ms`: wall clock, ms since 1970; `monotonic_s`: never steps; `business_day` returns
    (yyyymmdd, UTC offset in minutes); `send` is called on the writer's thread and must not block;
    `reached` is called with `hub_committing` before and `hub_committed` after each commit, before
    any ack; `failed` is called once if the writer dies; `calendar` says when a day begins;
    `boot_id` names the boot that `monotonic_s` counts from.
    """

    now_ms: Callable[[], int]
    monotonic_s: Callable[[], float]
    random_bytes: Callable[[int], bytes]
    business_day: Callable[[], tuple[int, int]]
    send: Send
    reached: Callable[[str], None]
    failed: Callable[[BaseException], None]
    calendar: Calendar = field(default_factory=Calendar)
    boot_id: bytes = b""


class Hub:
    """See the module. `start` before, `stop` after; all else from any thread."""

    def __init__(
        self,
        url: str,
        chain: str,
        keys: HubKeys,
        policy: GrantPolicy,
        snapshot_dir: Path,
        surroundings: HubSurroundings,
    ) -> None:
        self.chain = chain
        self.keys = keys
        self.metrics = HubMetrics()
        self.surroundings = surroundings
        self.snapshots = Snapshots(snapshot_dir, keys.sign)
        self._url = url
        self._policy = policy
        self._inbox = Inbox()
        self._thread = threading.Thread(target=self._run, name="hub-writer")
        self._started: Future[None] = Future()
        self._stopping = False
        self._published_number = 0
        self._worker: Worker | None = None
        self._reader: Database | None = None
        self._builder: BlockBuilder | None = None

    def start(self) -> None:
        """Open, migrate and check the store, take over the log, start the writer.

        Raises `StoreError` with words for the operator.
        """
        self._thread.start()
        try:
            self._started.result()
        except BaseException:
            self._thread.join()
            raise
        self._reader = open_reader(self._url)

    def stop(self) -> None:
        """Finish the block in hand and stop; what waits is sent again by its nodes."""
        self._stopping = True
        self._inbox.call(lambda: None)
        self._thread.join()

    def is_running(self) -> bool:
        """Return whether the writer takes ops."""
        return self._worker is not None and self._thread.is_alive()

    # For the line to the broker

    def receive(self, node: int, data: bytes) -> None:
        """Take a message from a node's topic; it is dropped where too many wait."""
        if not self._inbox.put(node, data):
            self.metrics.quarantined.labels(reason_label("inbox_full")).inc()

    def head(self) -> Head:
        """Return where the log ended after the last block."""
        if self._builder is None:
            raise HubStoppedError("the hub was not started")
        return self._builder.head

    def announcement(self) -> bytes:
        """Return the signed announcement of the log's end."""
        head = self.head()
        if self.is_recovering():
            head = announced_head(self.reader, head)
        message = head_message(head, self.surroundings.now_ms())
        return message.sign(self.chain, HUB, self.keys.sign)

    def is_recovering(self) -> bool:
        """Return whether boxes are handing back what a restored database has not."""
        return self._worker is not None and self._worker.recovery.under_way

    def blocks(self, generation: int, first: int, last: int, cafe: int) -> Blocks | None:
        """Return blocks first..last or as many as fit; None if there is no such block."""
        message = range_message(self.reader, generation, first, last, cafe)
        if message is None and self.is_recovering():
            return returned_message(self.reader, self.keys.sign, first, cafe)
        return message

    def line_opened(self) -> None:
        """Have every node greet: what it sent while nobody listened here is lost, and a node with
        nothing more to say would notice only as its ack does not come."""
        worker = self._worker

        def ask() -> None:
            if worker is not None and not worker.recovery.under_way:
                worker.nodes.ask_hellos()

        self._inbox.call(ask)

    def note_published(self, number: int) -> None:
        """Note that all blocks up to `number` have left for the broker."""
        self._published_number = max(self._published_number, number)

    # For pages and commands

    @property
    def reader(self) -> Database:
        """A database that only reads, with a connection for each thread that uses it."""
        if self._reader is None:
            raise HubStoppedError("the hub was not started")
        return self._reader

    def lines(self) -> dict[int, NodeLine]:
        """Return what is known of each node's connection."""
        return {} if self._worker is None else dict(self._worker.nodes.lines)

    def authors(self) -> list[Author]:
        """Return every (node, epoch) as of the last block."""
        return [] if self._builder is None else list(self._builder.authors.values())

    async def propose(self, proposal: Proposal) -> list[OpRef] | Refusal:
        """Have a proposal decided in the next block; returns when it is committed.

        Raises `HubOpVoidError` where an op of it would be void.
        """
        future: Future[list[OpRef] | Refusal] = Future()

        def done(decided: Proposal) -> None:
            outcome = decided.outcome
            if outcome is None or isinstance(outcome, HubOpVoidError):
                future.set_exception(outcome or HubOpVoidError("not decided"))
            else:
                future.set_result(outcome)

        self._call(future, lambda worker: worker.propose(proposal, done))
        return await asyncio.wrap_future(future)

    async def append(self, kind: int, body: object, actor: int) -> OpRef:
        """Append one op of the hub's; returns its reference when it is committed."""
        outcome = await self.propose(Proposal(lambda _draft: [(kind, body)], actor))
        if isinstance(outcome, Refusal):
            raise HubOpVoidError(outcome.code)
        return outcome[0]

    async def write(self, function: Callable[[Database], T]) -> T:
        """Run `function` on the writer's connection, in a transaction of its own."""
        future: Future[T] = Future()

        def run(worker: Worker) -> None:
            database = worker.builder.database
            with database.transaction():
                result = function(database)
            future.set_result(result)

        self._call(future, run)
        return await asyncio.wrap_future(future)

    async def take_left_overs(
        self, asker: Author, request: LeftOverRequest
    ) -> LeftOverAnswer | Refusal:
        """Take or keep what a box hands in of an earlier epoch. Raises `ProtocolError`."""
        return await self.on_writer(lambda worker: worker.take_left_overs(asker, request))

    async def take_carried(self, file: bytes) -> CarryAnswer | Refusal:
        """Take or keep what a sealed file holds. Raises `ProtocolError` for any other file."""
        return await self.on_writer(lambda worker: worker.take_carried(file, self.keys.unseal))

    async def on_writer(self, function: Callable[[Worker], T]) -> T:
        """Run `function` on the writer's thread. What it raises comes back, the hub goes on."""
        future: Future[T] = Future()

        def run(worker: Worker) -> None:
            try:
                future.set_result(function(worker))
            except ProtocolError as error:
                future.set_exception(error)

        self._call(future, run)
        return await asyncio.wrap_future(future)

    async def append_branches(self) -> None:
        """Bring what two people admitted into the log; returns when all of it is there."""
        await self.on_writer(lambda worker: worker.append_branches())

    def _call(self, future: "Future[T]", function: Callable[[Worker], None]) -> None:
        if self._worker is None or self._stopping:
            raise HubStoppedError("the hub's writer has stopped")
        worker = self._worker
        # Whoever asked may go away (a browser that was closed): what was asked is done all the
        # same, and its outcome is nobody's.
        future.set_running_or_notify_cancel()

        def run() -> None:
            try:
                function(worker)
            except IntegrityError as error:
                future.set_exception(error)
            except BaseException as error:
                future.set_exception(error)
                raise

        self._inbox.call(run)

    async def note_backup(self, block_number: int) -> None:
        """Note that a backup holds all blocks up to `block_number`."""

        def note(database: Database) -> None:
            database.run(LogHead.update(backup_number=block_number))
            if self._worker is not None:
                self._worker.builder.head.backup_number = block_number

        await self.write(note)

    # The writer's thread

    def _run(self) -> None:
        database: Database | None = None
        try:
            database = open_writer(self._url)
            worker = self._open(database)
            background = Background(
                database, self.metrics, self.surroundings.monotonic_s, self.snapshots.drop_below
            )
        except BaseException as error:  # noqa: BLE001  # handed to whoever starts the hub
            self._started.set_exception(error)
            if database is not None:
                database.close()
            return
        self._worker = worker
        self._started.set_result(None)
        try:
            position = self.head().position
            while not self._stopping:
                if position != self.head().position:
                    position = self.head().position
                    self._inbox.wait(QUIET_S)
                more = background.step(self.head().position, not self._inbox.is_empty())
                self._inbox.wait(0 if more else IDLE_WAIT_S)
                worker.builder.head.published_number = self._published_number
                background.scrub_due |= worker.run_round()
        except BaseException as error:
            self._worker = None
            logger.critical("the hub's writer stopped", exc_info=True)
            self.surroundings.failed(error)
        finally:
            database.close()

    def _open(self, database: Database) -> Worker:
        migrate(database)
        log.create_log(database, self.chain, self.keys.public_bytes)
        check_integrity(database)
        returned.take_copy_mark(database)
        builder = BlockBuilder(
            database,
            self.keys.sign,
            self.surroundings.now_ms,
            self.surroundings.reached,
            self.surroundings.calendar,
        )
        self._published_number = builder.head.published_number
        self._builder = builder
        return Worker(
            builder,
            self._inbox,
            self.metrics,
            self.surroundings.now_ms,
            self.surroundings.business_day,
            self._policy,
            self.surroundings.send,
        )
