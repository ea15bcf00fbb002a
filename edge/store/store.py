"""The store: opens and checks the file, hands work to the one writer and readers to pages."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Self, TypeVar

from edge.store.identity import Clock, Identity, RandomBytes
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction

T = TypeVar("T")
Work = Callable[[WriteTransaction], T]


class Store:
    """One box's SQLite file. Any thread may use it; `close` it, or use it as a context manager."""

    identity: Identity

    @classmethod
    def open(cls, path: Path, identity: Identity, clock: Clock, random_bytes: RandomBytes) -> Self:
        """Open or create the file, bring its tables up to date, check it, start the writer.

        Raises `StoreDamagedError` for a file that fails its check and `StoreMismatchError` for
        one that belongs to another box or a later program.
        """
        raise NotImplementedError

    async def write(self, work: Work[T]) -> T:
        """Run `work(transaction)` on the writer thread; return its result once it is on the disk.

        Works that wait together share one commit. An exception, or a result whose `is_refusal` is
        true, undoes that work alone and is passed on. Raises `StoreBusyError` when the bounded
        queue is full, `StoreStoppedError` once the disk has refused a commit.
        """
        raise NotImplementedError

    def submit(self, work: Work[T]) -> "Future[T]":
        """Do what `write` does, for a thread."""
        raise NotImplementedError

    @contextmanager
    def read(self) -> Iterator[Reader]:
        """Hand out a read-only `Reader` of what is committed now. Never waits for the writer."""
        raise NotImplementedError
        yield

    def backup(self, target: Path) -> None:
        """Write a consistent copy while the box goes on, checked and synced before it is named."""
        raise NotImplementedError

    def close(self) -> None:
        """Finish the works taken in, checkpoint, close."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
