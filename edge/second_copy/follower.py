"""Follows the op log behind the writer and keeps a sealed copy of what the hub has not.

A thread of its own, so that a medium that hangs stops nothing: no tap waits for it. What is on
the medium says by itself how far it goes; after any fault, and when a stick comes back, the
folder is read anew and the log's ops behind it are written. Files whose ops the hub's log holds
go away.
"""

import asyncio
import errno
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge.desk.copy_state import CopyState
from edge.second_copy.sealed_files import SealedFile, SealedWriter, Sealing, scan
from edge.store.facts import LeftOver
from edge.store.reader import Reader
from edge.store.store import Store
from edge.sync.pushes import OPS_MAX
from sync_protocol.ops import Op
from sync_protocol.sealed_copy import name_prefix

IN_STEP_S = 1.0
"""A commit is on the second medium after so long at the latest, or the page says that it is not."""
GATHER_S = 0.15
"""After a commit; those of a burst share a record, and the counter has the processor to itself."""
RETRY_S = 1.0
CLEAN_EVERY_S = 20.0
STOP_S = 2.0

_STATE_OF_ERROR = {
    errno.ENOENT: CopyState.MISSING,
    errno.ENOTDIR: CopyState.MISSING,
    errno.EROFS: CopyState.READ_ONLY,
    errno.EACCES: CopyState.READ_ONLY,
    errno.EPERM: CopyState.READ_ONLY,
    errno.ENOSPC: CopyState.FULL,
    errno.EDQUOT: CopyState.FULL,
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CopyPlace:
    """The folder of the copy. With `other_disk` it must lie on another file system than `data_dir`:
    the empty mount point of a stick that was pulled is no second medium."""

    folder: Path
    data_dir: Path
    other_disk: bool

    def fault(self) -> CopyState | None:
        """Return MISSING or SAME_DISK where there is no second medium now."""
        if not self.folder.is_dir():
            return CopyState.MISSING
        if self.other_disk and self.folder.stat().st_dev == self.data_dir.stat().st_dev:
            return CopyState.SAME_DISK
        return None


class SecondCopy:
    """See the module. `changed` is called on the loop of `run` when the state is another one."""

    def __init__(
        self, store: Store, place: CopyPlace, sealing: Sealing, changed: Callable[[], None]
    ) -> None:
        self._store = store
        self._place = place
        self._sealing = sealing
        self._changed = changed
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._writer: SealedWriter | None = None
        self._files: list[SealedFile] = []
        """What is on the medium of this node, in the order of writing; read when it is opened."""
        self._seq = 0
        self._behind_since_s: float | None = time.monotonic()
        self._copying_since_s: float | None = None
        self._failed: CopyState | None = None
        self._ahead = False
        self._cleaned_s = 0.0
        self.outcomes: Counter[str] = Counter()
        """Records written, files removed, and faults by state."""
        store.listen(self._committed)

    @property
    def state(self) -> CopyState:
        """How the copy does now."""
        if self._failed is not None:
            return self._failed
        if self._writer is None:
            return CopyState.BEHIND
        since = [at for at in (self._behind_since_s, self._copying_since_s) if at is not None]
        if since and time.monotonic() - min(since) > IN_STEP_S:
            return CopyState.BEHIND
        return CopyState.OTHER_ENTRIES if self._ahead else CopyState.IN_STEP

    async def run(self) -> None:
        """Follow the log until cancelled. What goes wrong in here is a bug and ends the box."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()

        def tell(error: BaseException | None) -> None:
            if not ended.done():
                ended.set_exception(error) if error is not None else ended.set_result(None)

        def follow() -> None:
            error: BaseException | None = None
            try:
                self._follow(lambda: _tell(loop, self._changed))
            except BaseException as failure:  # noqa: BLE001  # handed to the loop, which ends
                error = failure
            _tell(loop, lambda: tell(error))

        thread = threading.Thread(target=follow, name="second-copy", daemon=True)
        thread.start()
        try:
            await asyncio.shield(ended)
        finally:
            self._stopping.set()
            self._wake.set()
            await asyncio.to_thread(thread.join, STOP_S)  # a medium that hangs holds nobody up

    def _committed(self) -> None:
        """Note a commit; called on the writer's thread."""
        if self._behind_since_s is None:
            self._behind_since_s = time.monotonic()
        self._wake.set()

    def _follow(self, changed: Callable[[], None]) -> None:
        told: CopyState | None = None
        while not self._stopping.is_set():
            self.copy()
            state = self.state
            if state is not told:
                logger.info("second copy", extra={"state": state, "folder": self._place.folder})
                told = state
                changed()
            self._wake.wait(RETRY_S)
            if self._wake.is_set() and self._failed is None:
                self._stopping.wait(GATHER_S)
            elif self._failed is not None:
                self._stopping.wait(RETRY_S)
            self._wake.clear()
        # What was committed since: the box stops in good order.
        self.copy()

    def copy(self) -> None:
        """Bring the copy up to the log's end; on the follower's thread, or in its place."""
        started_s = time.monotonic()
        self._copying_since_s = self._behind_since_s
        self._behind_since_s = None
        failed: CopyState | None = None
        try:
            failed = self._place.fault()
            if failed is None:
                self._write_all()
                if started_s - self._cleaned_s > CLEAN_EVERY_S:
                    self._clean()
                    self._cleaned_s = started_s
        except OSError as error:
            failed = _STATE_OF_ERROR.get(error.errno or 0, CopyState.FAULT)
            if failed is not self._failed:
                logger.warning("second copy: %s", error)
            if failed is CopyState.FULL:
                self._clean_quietly()
        if failed is not None:
            self.outcomes[failed] += 1
            self._writer = None
            self._behind_since_s = self._copying_since_s or started_s
        self._failed = failed
        self._copying_since_s = None

    # --- writing ----------------------------------------------------------------------------------

    def _write_all(self) -> None:
        if self._writer is None or self._is_other_medium():
            self._writer = self._open()
        while True:
            with self._store.read() as reader:
                # What the hub has by now needs no copy.
                self._seq = max(self._seq, reader.acked_seq())
                ops = reader.own_ops(self._seq + 1, OPS_MAX)
            if not ops:
                return
            self._seq = self._write(self._writer, ops)

    def _write(self, writer: SealedWriter, ops: list[Op]) -> int:
        seq = writer.write(ops).header.seq
        written = writer.file
        if written is not None:
            if self._files and self._files[-1].path == written.path:
                self._files.pop()
            self._files.append(written)
        self.outcomes["written"] += 1
        return seq

    def _is_other_medium(self) -> bool:
        """Return whether what was last written is gone: another stick, or somebody made room."""
        return bool(self._files) and not self._files[-1].path.exists()

    def _open(self) -> SealedWriter:
        """Find out how far the medium goes; copy what it lacks of earlier epochs."""
        self._files = self._own_files()
        with self._store.read() as reader:
            self._seq, self._ahead = _copied(reader, self._files)
            left_overs = reader.left_overs()
        writer = SealedWriter(self._place.folder, self._sealing)
        for left in left_overs:
            self._write_left_over(writer, left)
        return writer

    def _write_left_over(self, writer: SealedWriter, left: LeftOver) -> None:
        """Copy what this box wrote in an earlier epoch and the hub has not taken yet."""
        with self._store.read() as reader:
            seq = left.parent_seq
            for file in self._files:
                last = file.last
                if last.epoch != left.epoch or file.first.first_seq > seq + 1:
                    continue
                ops = reader.left_over_ops(left, last.last_seq, 1)
                if last.last_seq > seq and ops and ops[0].hash == last.last_hash:
                    seq = last.last_seq
        while seq < left.last_seq:
            with self._store.read() as reader:
                ops = reader.left_over_ops(left, seq + 1, OPS_MAX)
            if not ops:
                return
            seq = self._write(writer, ops)

    # --- what is there ----------------------------------------------------------------------------

    def _own_files(self) -> list[SealedFile]:
        """Return this node's files; those of the present epoch without a whole record go away."""
        identity = self._store.identity
        files, empty = scan(self._place.folder)
        ours = f"{name_prefix(identity.node)}{identity.epoch:08}-"
        for path in empty:
            if path.name.startswith(ours):  # its ops are written again
                path.unlink()
        return [
            file
            for file in files
            if (file.first.chain, file.first.node) == (identity.chain, identity.node)
        ]

    def _clean(self) -> None:
        """Remove files whose ops the hub's log holds, but for the one that is written to."""
        current = None if self._writer is None else self._writer.file
        with self._store.read() as reader:
            done = [
                file
                for file in self._files
                if file != current
                and reader.is_logged(file.last.epoch, file.last.last_seq, file.last.last_hash)
            ]
        for file in done:
            file.path.unlink(missing_ok=True)
            self._files.remove(file)
            self.outcomes["removed"] += 1

    def _clean_quietly(self) -> None:
        try:
            self._clean()
        except OSError as error:
            logger.warning("second copy: %s", error)


def _tell(loop: asyncio.AbstractEventLoop, listener: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop is closed: the box is stopping
        loop.call_soon_threadsafe(listener)


def _copied(reader: Reader, files: Iterable[SealedFile]) -> tuple[int, bool]:
    """Return (up to which own op the present epoch is copied, without a gap; whether there are ops
    in its name that this store has not: an older copy of it was put back)."""
    seq, others = reader.acked_seq(), False
    for file in files:
        last = file.last
        if last.epoch != reader.identity.epoch:
            continue
        known = reader.own_hash(last.last_seq)
        if known == last.last_hash:
            if file.first.first_seq <= seq + 1:
                seq = max(seq, last.last_seq)
        elif known is not None or last.last_seq > reader.own_head().seq:
            others = True
    return seq, others
