"""Snapshots: a cafe's whole reach in one file, with a signed manifest, for a new or late box."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cloud.domain.judge import section_of
from cloud.store import log
from cloud.store.database import Database
from cloud.store.log import Head
from cloud.store.models import (
    Balance,
    ClaimHolder,
    DeferredOp,
    ErasedSubject,
    RegisterDocument,
    SectionSum,
)
from sync_protocol.claims import claim_row_from_stored
from sync_protocol.codec import unpack
from sync_protocol.errors import LimitError
from sync_protocol.frames import CODECS_READ
from sync_protocol.http_api import SnapshotAnswer
from sync_protocol.kinds import CAFE, KINDS
from sync_protocol.manifest import Manifest
from sync_protocol.ops import HASH_BYTES
from sync_protocol.registers import row_from_stored
from sync_protocol.snapshot import (
    CHUNK_ROWS_MAX,
    balance_item,
    claim_item,
    erased_item,
    pack_chunk,
    register_item,
    waiting_item,
)

KEPT_MAX = 8
"""Files kept, so that a slow box can finish the one it began; the oldest go first."""
FRESH_POSITIONS = 2000
"""A snapshot no further behind than this is handed out again: the rest comes as blocks."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A finished file and what the asker is told of it."""

    cafe: int
    path: Path
    answer: SnapshotAnswer


class Snapshots:
    """The files of one hub. Built in the caller's thread, one at a time."""

    def __init__(self, folder: Path, sign: Callable[[bytes], bytes]) -> None:
        self._folder = folder
        self._sign = sign
        self._building = threading.Lock()
        self._keeping = threading.Lock()
        self._kept: list[Snapshot] = []
        self._floor = 0
        self._clean()

    def _clean(self) -> None:
        """Remove what an earlier process left: its manifests are gone, and it may be erased."""
        if self._folder.is_dir():
            for path in self._folder.glob("*.snapshot*"):
                path.unlink()

    def newest(self, database: Database, cafe: int) -> Snapshot:
        """Return a snapshot for `cafe` that is fresh enough, building it if need be."""
        with self._building:
            head = log.read_head(database)
            for snapshot in reversed(self._kept):
                manifest = snapshot.answer.manifest
                fresh = head.position - manifest.position <= FRESH_POSITIONS
                same = manifest.generation == head.generation and snapshot.cafe == cafe
                if same and fresh and manifest.position >= self._floor:
                    return snapshot
            snapshot = self._build(database, cafe)
            while not self._keep(snapshot):
                snapshot = self._build(database, cafe)
            return snapshot

    def _keep(self, snapshot: Snapshot) -> bool:
        """Keep a snapshot; False, and its file goes, where an erasure has overtaken it."""
        with self._keeping:
            if snapshot.answer.manifest.position < self._floor:
                snapshot.path.unlink()
                return False
            self._kept.append(snapshot)
            while len(self._kept) > KEPT_MAX:
                self._kept.pop(0).path.unlink(missing_ok=True)
            return True

    def file(self, cafe: int, content_hash: bytes) -> Path | None:
        """Return the file of a content hash, if it is there and was built for `cafe`."""
        for snapshot in list(self._kept):
            if snapshot.answer.manifest.content_hash == content_hash and snapshot.cafe == cafe:
                return snapshot.path
        return None

    def drop_below(self, position: int) -> None:
        """Delete every snapshot of an earlier position: an erasure was committed since."""
        with self._keeping:
            self._floor = position
            kept = list(self._kept)
            self._kept = [item for item in kept if item.answer.manifest.position >= position]
            for snapshot in kept:
                if snapshot.answer.manifest.position < position:
                    snapshot.path.unlink(missing_ok=True)

    def _build(self, database: Database, cafe: int) -> Snapshot:
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._folder / f"building-{cafe}.snapshot.partial"
        digest = sha256()
        size = 0
        with database.consistent_read(), partial.open("wb") as file:
            head = log.read_head(database)
            for chunk in _chunks(_items(database, cafe)):
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
            manifest = _manifest(database, head, cafe, digest.digest())
            file.flush()
            os.fsync(file.fileno())
        path = self._folder / f"{manifest.position}-{cafe}.snapshot"
        partial.replace(path)
        signature = self._sign(manifest.signing_bytes())
        return Snapshot(cafe, path, SnapshotAnswer(manifest, signature, size))


def _within(kind: int, row_cafe: int, cafe: int) -> bool:
    return KINDS[kind].reach != CAFE or row_cafe == cafe


def _items(database: Database, cafe: int) -> Iterator[object]:
    for document in RegisterDocument.select().bind(database.peewee).iterator():
        row = row_from_stored(unpack(document.row))
        if _within(document.kind, row.cafe, cafe):
            yield register_item(document.kind, document.key, row)
    for claim in ClaimHolder.select().bind(database.peewee).iterator():
        claim_row = claim_row_from_stored(unpack(claim.row))
        if _within(claim.kind, claim_row.cafe, cafe):
            yield claim_item(claim.kind, claim.key, claim_row)
    balances = Balance.select().where(Balance.amount != 0, Balance.cafe.in_((0, cafe)))
    for row in balances.bind(database.peewee).iterator():
        account = (row.code, row.subject, row.node, row.epoch, row.month, row.unit)
        yield balance_item(section_of(row.code, row.cafe), account, row.amount)
    for erased in ErasedSubject.select().bind(database.peewee).iterator():
        yield erased_item(erased.subject)
    for deferred in DeferredOp.select().order_by(DeferredOp.position).bind(database.peewee):
        stored = log.read_entries(database, deferred.position, deferred.position)[0]
        op = stored.entry.op
        if op is not None and stored.within_reach(cafe):
            yield waiting_item(stored.position, stored.entry, op)


def _chunks(items: Iterator[object]) -> Iterator[bytes]:
    waiting: list[object] = []
    for item in items:
        waiting.append(item)
        if len(waiting) == CHUNK_ROWS_MAX:
            yield from _packed(waiting)
            waiting = []
    if waiting:
        yield from _packed(waiting)


def _packed(items: list[object]) -> Iterator[bytes]:
    try:
        yield pack_chunk(items, CODECS_READ)
    except LimitError:
        if len(items) == 1:
            raise
        middle = len(items) // 2
        yield from _packed(items[:middle])
        yield from _packed(items[middle:])


def _manifest(database: Database, head: Head, cafe: int, content_hash: bytes) -> Manifest:
    heads = [
        (author.node, author.epoch, author.seq, author.hash)
        for _, author in sorted(log.read_authors(database).items())
        if author.seq
    ]
    sums = [
        (row.kind, row.cafe, row.sum)
        for row in database.rows(
            SectionSum.select()
            .where(SectionSum.cafe.in_((0, cafe)))
            .order_by(SectionSum.kind, SectionSum.cafe)
        )
        if row.sum != bytes(HASH_BYTES)
    ]
    return Manifest(
        head.chain,
        head.generation,
        head.stream,
        head.block_number,
        head.block_hash,
        head.position,
        heads,
        sums,
        content_hash,
    )
