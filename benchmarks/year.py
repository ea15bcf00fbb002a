"""A year of a 40-cafe chain on one box after retention, and what one tap writes to its disk.

Not a whole year is played (44 million ops): two days of one own and nine other cafes, each day
followed by retention at 31 and at 61 days, as the box itself does it. From what stays and what
goes follows the size at the end of a year, cafe by cafe and day by day:

    fixed + 365 × what stays of a day + 30 × what 31 days drop + 60 × what 61 days drop
"""

import asyncio
import random
import sqlite3
import struct
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.box import SetClock, TapBench, member_ops, open_box, tap_all
from benchmarks.drain_floor import connect
from benchmarks.hub import Hub, block_for
from benchmarks.measure import Line, for_reading, progress
from benchmarks.traffic import (
    DAY_MS,
    START_MS,
    UTC_OFFSET_MIN,
    CafeTraffic,
    OpChain,
    draw_id,
    write_ops,
)
from edge.domain.decision import Here
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import KINDS
from sync_protocol.ops import Op

CHAIN = "bench"
BOX = 1
OTHERS = range(2, 11)
OTHERS_OF_CHAIN = 39
OPS_A_DAY = 3000
DAYS_A_YEAR = 365
SHORT_DAYS, LONG_DAYS = 30, 60
"""keep_days of what a cafe writes all day; `run` checks that `kinds` still says so."""
BLOCK_OPS = 1000
HAPPENINGS_PER_COMMIT = 50
SIZE_MAX = 2e9
TAPS = 150
"""No more commits than the writer lets pass before a checkpoint."""
PAGE = 4096
WAL_HEADER, FRAME_HEADER = 32, 24
MEMBERS = 400


@dataclass(frozen=True)
class Parts:
    """Bytes of one or more cafes: once and for all, for good each day, and for a time each day."""

    fixed: float
    daily: float
    short: float
    long: float

    def after_a_year(self) -> float:
        """Return the bytes at the end of a year."""
        lasting = self.fixed + DAYS_A_YEAR * self.daily
        return lasting + SHORT_DAYS * self.short + LONG_DAYS * self.long

    def times(self, factor: float) -> "Parts":
        """Return the parts of so many times the cafes."""
        values = (self.fixed, self.daily, self.short, self.long)
        return Parts(*(value * factor for value in values))


@dataclass(frozen=True)
class DayKept:
    """Bytes of the store around one day: before it, after it, and after each retention."""

    before: int
    full: int
    after_short: int
    after_long: int


class Box:
    """The box, its hub, and the other cafes, on a clock that is set."""

    def __init__(self, path: Path, hub: Hub, store: Store, clock: SetClock) -> None:
        self._path, self._hub, self._store, self._clock = path, hub, store, clock
        self._own = CafeTraffic(BOX, 1, BOX, seed=BOX, members=MEMBERS)
        self._others = [
            (CafeTraffic(node, 1, node, seed=node, members=MEMBERS), OpChain(CHAIN, node, 1))
            for node in OTHERS
        ]
        self._day = 0

    async def enrol(self) -> None:
        """Enrol every node, and register the members who will tap, at another cafe."""
        for node in (BOX, *OTHERS):
            committed = self._hub.enrol(node, node)
            await self._store.apply_blocks([committed.block], committed.signature)
        draw = random.Random(0)
        _, chain = self._others[0]
        here = Here(chain.node, chain.node, 1, START_MS, 20260529, UTC_OFFSET_MIN)
        ops: list[Op] = []
        for index in range(TAPS):
            ops += member_ops(here, chain, index, draw_id(draw), draw_id(draw))
        await self._commit(ops)

    async def own_day(self) -> DayKept:
        """Play a day of this cafe, then let it grow old."""
        before = self.size()
        self._own.start_day(self._day)
        self._set_clock(self._own.now_ms)
        written = 0
        while written < OPS_A_DAY:
            written += await self._store.write(self._write_own)
        self._set_clock(self._own.now_ms)
        with self._store.read() as reader:
            waiting = reader.own_ops(reader.acked_seq() + 1, 2 * OPS_A_DAY)
        await self._commit(waiting)
        self._store.note_acked(waiting[-1].header.seq)
        return await self._grow_old(before)

    async def others_day(self) -> DayKept:
        """Play a day of the other cafes, then let it grow old."""
        before = self.size()
        for traffic, chain in self._others:
            traffic.start_day(self._day)
            self._set_clock(traffic.now_ms)
            await self._commit(write_ops(traffic, chain, OPS_A_DAY))
        return await self._grow_old(before)

    def size(self) -> int:
        """Return the bytes in use."""
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as reader:
            pages = reader.execute("PRAGMA page_count").fetchone()[0]
            free = reader.execute("PRAGMA freelist_count").fetchone()[0]
        return (pages - free) * PAGE

    async def _grow_old(self, before: int) -> DayKept:
        full = self.size()
        after_short = await self._retain_after(SHORT_DAYS + 1)
        after_long = await self._retain_after(LONG_DAYS - SHORT_DAYS)
        self._day += LONG_DAYS + 2
        return DayKept(before, full, after_short, after_long)

    async def _retain_after(self, days: int) -> int:
        manifest, signature = self._hub.manifest()
        self._set_clock(self._clock.now_ms + days * DAY_MS)
        await self._store.note_backup(manifest.block_number)
        await self._store.keep_manifest(manifest, signature)
        await self._store.retain()
        return self.size()

    def _set_clock(self, now_ms: int) -> None:
        self._clock.now_ms = self._hub.now_ms = max(self._clock.now_ms, now_ms)

    def _write_own(self, transaction: WriteTransaction) -> int:
        written = 0
        for _ in range(HAPPENINGS_PER_COMMIT):
            for new in self._own.happen():
                self._own.remember(transaction.append(new.kind, new.body))
                written += 1
        return written

    async def _commit(self, ops: list[Op]) -> None:
        self._set_clock(ops[-1].header.stamp >> 16)
        for start in range(0, len(ops), BLOCK_OPS):
            committed = self._hub.commit([ops[start : start + BLOCK_OPS]])
            block = block_for(committed.block, BOX)
            await self._store.apply_blocks([block], committed.signature)


def _parts(first: DayKept, second: DayKept) -> Parts:
    """Return what two days of the same cafes show; the second is like every later one."""
    daily = second.after_long - second.before
    return Parts(
        first.after_long - first.before - daily,
        daily,
        second.full - second.after_short,
        second.after_short - second.after_long,
    )


@dataclass(frozen=True)
class Written:
    """Bytes that one tap brings to the disk: pages into the WAL, and those to the file later."""

    wal_by_table: dict[str, float]
    checkpoint: float

    @property
    def total(self) -> float:
        return sum(self.wal_by_table.values()) + self.checkpoint


@dataclass(frozen=True)
class Wal:
    """The pages of the frames in a WAL since it was last restarted; `salt` names that start."""

    salt: bytes
    pages: list[int]

    def since(self, earlier: "Wal") -> list[int]:
        """Return the pages that were written after `earlier`."""
        return self.pages[len(earlier.pages) :] if self.salt == earlier.salt else self.pages


def read_wal(store: Path) -> Wal:
    """Read a store's WAL (https://www.sqlite.org/fileformat2.html#walformat)."""
    data = store.with_name(store.name + "-wal").read_bytes()
    salt = data[16:24]
    pages = []
    at = WAL_HEADER
    while at + FRAME_HEADER <= len(data) and data[at + 8 : at + 16] == salt:
        pages.append(struct.unpack_from(">I", data, at)[0])
        at += FRAME_HEADER + PAGE
    return Wal(salt, pages)


def _written_since(store: Path, before: Wal, commits: int) -> Written:
    pages = read_wal(store).since(before)
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as reader:
        tables = dict(reader.execute("SELECT pageno, name FROM dbstat"))
    frames = Counter(tables.get(page, "free list") for page in pages)
    wal = {name: count * (PAGE + FRAME_HEADER) / commits for name, count in frames.most_common()}
    return Written(wal, len(set(pages)) * PAGE / commits)


async def _tap_writes(path: Path, store: Store, clock: SetClock) -> Written:
    before = read_wal(path)
    await tap_all(TapBench(store, clock), 0, TAPS)
    return _written_since(path, before, TAPS)


def _floor_writes(path: Path) -> Written:
    """What raw sqlite3 writes for one row a commit."""
    with closing(connect(path)) as database:
        database.execute("CREATE TABLE tap (id INTEGER PRIMARY KEY, uid BLOB, at_ms INTEGER)")
        before = read_wal(path)
        for _ in range(TAPS):
            now_ms = time.time_ns() // 1_000_000
            database.execute("INSERT INTO tap (uid, at_ms) VALUES (?, ?)", (bytes(7), now_ms))
        return _written_since(path, before, TAPS)


async def _play(folder: Path) -> tuple[float, dict[str, float], Written]:
    clock = SetClock()
    path = folder / "box.sqlite"
    with ExitStack() as opened:
        hub = opened.enter_context(Hub(folder / "hub.sqlite", CHAIN))
        store = opened.enter_context(open_box(path, CHAIN, BOX, clock))
        box = Box(path, hub, store, clock)
        await box.enrol()
        empty = box.size()
        days = []
        for number in range(2):
            progress(f"  day {number + 1}: the own cafe")
            own = await box.own_day()
            progress(f"  day {number + 1}: {len(OTHERS)} others")
            days.append((own, await box.others_day()))
        own = _parts(days[0][0], days[1][0])
        others = _parts(days[0][1], days[1][1]).times(OTHERS_OF_CHAIN / len(OTHERS))
        written = await _tap_writes(path, store, clock)
    consists = {
        "own cafe": own.after_a_year(),
        "39 others, for good": others.fixed + DAYS_A_YEAR * others.daily,
        "39 others, last 30 and 60 days": SHORT_DAYS * others.short + LONG_DAYS * others.long,
    }
    return empty + sum(consists.values()), consists, written


def run() -> list[Line]:
    """Play two days, let them grow old, and add up a year; then look at what taps wrote."""
    kept = {kind.keep_days for kind in KINDS.values()}
    if not {SHORT_DAYS, LONG_DAYS} <= kept:
        raise RuntimeError(f"the kinds keep ops for {kept} days: adapt the benchmark")
    with tempfile.TemporaryDirectory() as name:
        total, consists, written = asyncio.run(_play(Path(name)))
        floor = _floor_writes(Path(name) / "floor.sqlite")
    lines = [
        Line(
            "a year of 40 cafes on one box",
            total / 1e6,
            "MB",
            "the limit, 2 GB",
            SIZE_MAX / 1e6,
            total / SIZE_MAX,
            "ratio ≤ 1",
            total <= SIZE_MAX,
        )
    ]
    lines += [
        for_reading(f"- {part}", size / 1e6, "MB", "the whole year", total / 1e6)
        for part, size in consists.items()
    ]
    reference = "raw sqlite3, one row a commit"
    lines.append(for_reading("written per tap", written.total, "bytes", reference, floor.total))
    by_part = {**written.wal_by_table, "checkpoint": written.checkpoint}
    lines += [
        for_reading(f"- {part}", size, "bytes", "written per tap", written.total)
        for part, size in by_part.items()
    ]
    return lines
