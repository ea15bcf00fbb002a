"""Sealed files in a folder: each record is on the medium before it counts, each file only grows.

The format is `sync_protocol.sealed_copy`. A file that an earlier process wrote, or that a write
failed on, is never continued: its end may be torn.
"""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from edge.store.identity import Identity, RandomBytes
from edge.sync.enrolment import Enrolment
from edge.sync.pushes import push_of
from sync_protocol.errors import ProtocolError
from sync_protocol.ops import Op
from sync_protocol.sealed_copy import (
    FILE_BYTES_MAX,
    FILE_SUFFIX,
    MAGIC,
    ROTATE_BYTES,
    CopyHead,
    file_name,
    first_check,
    read_records,
    record_bytes,
)

MARK_BYTES = 4
FILE_MODE = 0o600


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A file with at least one whole record: the heads of its first and last one.

    `torn_bytes` at its end are of no whole record.
    """

    path: Path
    first: CopyHead
    last: CopyHead
    torn_bytes: int


def scan(folder: Path) -> tuple[list[SealedFile], list[Path]]:
    """Return (the files that hold something, in order; the paths of those that do not).

    Raises `OSError`.
    """
    found: list[SealedFile] = []
    empty: list[Path] = []
    for path in sorted(folder.glob(f"*{FILE_SUFFIX}")):
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
        try:
            records, whole = read_records(data)
        except ProtocolError:
            records, whole = [], 0
        if records:
            heads = records[0].head, records[-1].head
            found.append(SealedFile(path, *heads, len(data) - whole))
        else:
            empty.append(path)
    return found, empty


@dataclass(frozen=True, slots=True)
class Sealing:
    """In whose name ops are sealed, for which hub (its X25519 key), and by which clock."""

    identity: Identity
    sign: Callable[[bytes], bytes]
    hub_key: bytes
    wall_ms: Callable[[], int]
    random_bytes: RandomBytes

    @classmethod
    def of(
        cls, enrolment: Enrolment, wall_ms: Callable[[], int], random_bytes: RandomBytes
    ) -> "Sealing":
        """Return the sealing of an enrolled box."""
        key = enrolment.answer.sealing_key
        return cls(enrolment.identity, enrolment.sign, key, wall_ms, random_bytes)

    def seal(self, message: bytes, info: bytes) -> bytes:
        """Seal to the hub (HPKE, RFC 9180): a fresh key each time, which nobody here keeps."""
        suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
        return suite.encrypt(message, X25519PublicKey.from_public_bytes(self.hub_key), info)


class SealedWriter:
    """Writes one box's ops to a folder. After an `OSError` use a new one.

    Between two records no file is open, so that a stick can be unmounted at any time.
    """

    def __init__(self, folder: Path, sealing: Sealing) -> None:
        self._folder = folder
        self._sealing = sealing
        self._size = 0
        self._check = first_check()
        self._next = (0, 0)
        self.file: SealedFile | None = None
        """The file that the last record went to, None before the first."""

    def write(self, ops: list[Op]) -> Op:
        """Write the first of consecutive `ops`, as many as fit a record; return the last of them.

        They are on the medium when this returns.
        """
        push, last = push_of(ops, self._sealing.identity, self._sealing.sign)
        header = ops[0].header
        head = CopyHead(
            self._sealing.identity.chain,
            header.node,
            header.epoch,
            header.seq,
            last.header.seq,
            last.hash,
            self._sealing.wall_ms(),
        )
        file = self.file
        if self._next != (header.epoch, header.seq) or self._size > ROTATE_BYTES:
            file = None
        before = first_check() if file is None else self._check
        record, self._check = record_bytes(before, head, push, self._sealing.seal)
        if file is None:
            mark = self._sealing.random_bytes(MARK_BYTES).hex()
            file = SealedFile(self._folder / file_name(head, mark), head, head, 0)
            self._create(file.path, MAGIC + record)
        else:
            self._append(file.path, record)
        self.file = replace(file, last=head)
        self._next = (header.epoch, last.header.seq + 1)
        return last

    def _create(self, path: Path, data: bytes) -> None:
        self._size = 0
        self._put(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), data)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _append(self, path: Path, data: bytes) -> None:
        if path.stat().st_size != self._size:
            raise FileNotFoundError(errno.ENOENT, "not the file that was written", str(path))
        self._put(os.open(path, os.O_WRONLY | os.O_APPEND), data)

    def _put(self, file: int, data: bytes) -> None:
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(file, left) :]
            os.fdatasync(file)
        finally:
            os.close(file)
        self._size += len(data)
