"""The store: hands work to the one writer and readers to pages."""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Self, TypeVar

from edge.store import apply, backup, erasure, retention, snapshot
from edge.store.apply import Applied
from edge.store.errors import StoreBusyError, StoreStoppedError
from edge.store.facts import Cursor, Head
from edge.store.identity import Clock, ClockReading, Identity, RandomBytes
from edge.store.log_reader import SETTING_BACKED_UP
from edge.store.opening import OpenedFile, open_file, open_reader
from edge.store.reader import Reader
from edge.store.standing import SETTING_STOP
from edge.store.transaction import WriteTransaction
from edge.store.writer import Writer
from sync_protocol.blocks import Block
from sync_protocol.manifest import Manifest

T = TypeVar("T")
Work = Callable[[WriteTransaction], T]

READERS_MAX = 8
"""Open read-only connections kept for the next page; more are opened and closed as needed."""

SCRUB_AGAIN_S = 2.0
"""Between two tries to empty the log of a scrub while somebody reads an old state."""

logger = logging.getLogger(__name__)


class Store:
    """One box's SQLite file. Any thread may use it; `close` it, or use it as a context manager."""

    def __init__(self, path: Path, opened: OpenedFile) -> None:
        """For `open` alone."""
        transaction = opened.transaction
        self.path = path
        self.identity = transaction.identity
        self._lock = opened.lock
        self._database = opened.database
        self._readers: list[Reader] = []
        self._readers_lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._own = transaction.own
        self._head = transaction.own.head
        self._acked_seq = 0
        self._scrubbing: asyncio.Task[None] | None = None
        self._writer = Writer(transaction, self._tell)
        self._writer.start()

    @classmethod
    def open(
        cls,
        path: Path,
        identity: Identity,
        clock: Clock,
        random_bytes: RandomBytes,
        hardware: bytes = b"",
    ) -> Self:
        """Open or create the file, bring its tables up to date, check it, start the writer.

        `hardware` names the machine: an epoch is bound to the first one that it is opened on, and
        spends nothing on any other (b"" is not compared).

        Raises `StoreDamagedError` for a file that fails its check and `StoreMismatchError` for
        one that is in use, belongs to another box or was written by a later program.
        """
        return cls(path, open_file(path, identity, clock, random_bytes, hardware))

    @property
    def head(self) -> Head:
        """The last own op that is committed."""
        return self._head

    @property
    def segment(self) -> int:
        """The number of the running clock segment."""
        return self._own.segment

    @property
    def clock_trust(self) -> int:
        """How good the clock is in the running segment, as the next op will say."""
        return self._own.trust

    def clock_reading(self) -> ClockReading:
        """Return both clocks of this boot as they are now."""
        clock = self._own.clock
        return ClockReading(clock.boot_id, clock.wall_ms(), clock.monotonic_ms(), self._own.trust)

    async def write(self, work: Work[T]) -> T:
        """Run `work(transaction)` on the writer thread; return its result once it is on the disk.

        Works that wait together share one commit. An exception, or a `Refusal` as the result,
        undoes that work alone and is passed on. Raises `StoreBusyError` when the bounded queue is
        full, `StoreStoppedError` once the disk has failed.
        """
        return await asyncio.wrap_future(self.submit(work))

    def submit(self, work: Work[T]) -> "Future[T]":
        """Do what `write` does, for a thread."""
        return self._writer.submit(work)

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """Hand out a read-only `Reader` of what is committed now. Never waits for the writer."""
        with self._readers_lock:
            reader = self._readers.pop() if self._readers else None
        reader = reader or open_reader(self.path, self.identity)
        reader.acked_hint = self._acked_seq
        reader.connection.execute("BEGIN")
        try:
            yield reader
        finally:
            reader.connection.execute("ROLLBACK")
            with self._readers_lock:
                keep = len(self._readers) < READERS_MAX
                if keep:
                    self._readers.append(reader)
            if not keep:
                reader.database.close()

    def listen(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after every commit, on the writer thread: return at once."""
        self._listeners.append(listener)

    # --- sync -------------------------------------------------------------------------------------

    async def apply_blocks(self, blocks: list[Block], signature: bytes | None) -> Applied:
        """Apply verified blocks that follow the cursor, all or none; see `apply.apply_blocks`."""
        applied = await self.write(lambda tx: apply.apply_blocks(tx, blocks, signature))
        if applied.erased:
            await self.scrub()
        return applied

    def note_acked(self, seq: int) -> None:
        """Note that the hub has committed own ops up to `seq`; the session compared the hash.

        Kept in memory: the block that confirms them follows, and after a restart HELLO tells.
        """
        self._acked_seq = max(self._acked_seq, seq)

    async def note_backup(self, block_number: int) -> None:
        """Note the last block in the hub's announced backup, for retention."""
        with self.read() as reader:
            known = reader.setting(SETTING_BACKED_UP)
        if known != block_number:
            await self.write(lambda tx: tx.set_setting(SETTING_BACKED_UP, block_number))

    async def note_clock(self, segment: int, trust: int) -> None:
        """Note how good the clock is in a segment, from the next op on."""
        await self.write(lambda tx: tx.own.note_trust(segment, trust))

    async def stop_spending(self, reason: str) -> None:
        """Have this box lower no right until a person takes it back."""
        await self.write(lambda tx: tx.set_setting(SETTING_STOP, reason))

    async def note_fence(self, reason: str, seq: int) -> None:
        """Keep that this epoch is fenced, and have the box lower no right."""
        await self.write(lambda tx: tx.note_fence(reason, seq))

    async def lift_fence(self) -> None:
        """Note that the hub takes ops of this epoch; a fence found in the chains stays."""
        with self.read() as reader:
            fenced = reader.fence() is not None
        if fenced:
            await self.write(lambda tx: tx.lift_fence())

    async def load_snapshot(self, manifest: Manifest, path: Path) -> Cursor:
        """Replace confirmed state by a snapshot, own unacked ops on top; see `snapshot.load`."""
        cursor = await self.write(lambda tx: snapshot.load(tx, manifest, path))
        await self.scrub()
        return cursor

    async def keep_manifest(self, manifest: Manifest, signature: bytes) -> bool:
        """Keep a verified manifest of the hub for retention; False where it is ahead of us."""
        return await self.write(lambda tx: retention.keep_manifest(tx, manifest, signature))

    # --- upkeep -----------------------------------------------------------------------------------

    async def retain(self) -> retention.Retained:
        """Drop what may go by `kinds.keep_days`; in pieces, so that the counter goes on."""
        with self.read() as reader:
            scrub_is_due = reader.setting(erasure.SETTING_SCRUB_DUE)
        if scrub_is_due:
            await self.scrub()
        return await retention.retain(self.write)

    async def scrub(self) -> bool:
        """Rewrite the file so that nothing erased is left in its bytes; see `erasure.scrub`.

        False where somebody reads an old state: the rest is done by itself when that ends.
        """
        try:
            await self._scrub_by(erasure.scrub)
        except StoreBusyError as error:
            logger.warning("%s", error)
            if self._scrubbing is None or self._scrubbing.done():
                self._scrubbing = asyncio.create_task(self._scrub_later())
            return False
        return True

    async def _scrub_later(self) -> None:
        while True:
            await asyncio.sleep(SCRUB_AGAIN_S)
            try:
                await self._scrub_by(erasure.empty_log)
            except StoreBusyError:
                continue
            except StoreStoppedError:
                return  # the next start does it
            return

    async def _scrub_by(self, work: Callable[[sqlite3.Connection], None]) -> None:
        with self._readers_lock:
            idle, self._readers = self._readers, []
        for reader in idle:
            reader.database.close()
        await asyncio.wrap_future(self._writer.submit_alone(work))
        await self.write(lambda tx: tx.set_setting(erasure.SETTING_SCRUB_DUE, None))

    async def checkpoint(self) -> None:
        """Put what is committed from the log into the file: a quicker start after a power cut."""
        pragma = "PRAGMA wal_checkpoint(PASSIVE)"
        await asyncio.wrap_future(
            self._writer.submit_alone(lambda connection: connection.execute(pragma).fetchall())
        )

    def backup(self, target: Path) -> None:
        """Write a consistent copy while the box goes on, checked and synced before it is named."""
        with self.read() as reader:
            backup.write_backup(reader, target)

    def close(self) -> None:
        """Finish the works taken in, checkpoint, close."""
        self._writer.close()
        with self._readers_lock:
            for reader in self._readers:
                reader.database.close()
            self._readers.clear()
        self._database.close()
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _tell(self) -> None:
        self._head = self._own.head  # no work is running: all of it is committed
        for listener in self._listeners:
            listener()
