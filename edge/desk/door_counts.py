"""Who went through the doors: door nodes' reports and the box's own counters, committed.

A node hears of its counts once they are committed. What the box's own counters tell is gathered
and committed every `COMMIT_EVERY_S`: a box that is killed loses no more than that of it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable

from edge.desk import facts
from edge.desk.door_watch import DoorWatch
from edge.desk.settings import Clocks, DeskSettings
from edge.desk.store_faults import STORE_FAULTS
from edge.domain.door_counts import (
    MINUTE_MS,
    Bucket,
    Crossed,
    add_to_bucket,
    bucket_of,
    crossed_since,
)
from edge.door_frames import Totals
from edge.events import Direction, DoorCommitted, DoorCrossed, DoorReported
from edge.store.reader import Reader
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import DOOR_COUNT

SETTING_PREFIX = "door_node."
"""With the node's name in hexadecimal: the totals that are counted already."""
COMMIT_EVERY_S = 20.0
_DIRECTIONS = (Direction.IN, Direction.OUT, Direction.UNKNOWN)
"""In the order of `Crossed`."""

_Counted = tuple[DoorCommitted, tuple[Crossed, ...]]


class DoorCounts:
    """Counts crossings in the store. `changed` is called when the page should show it."""

    def __init__(
        self, store: Store, settings: DeskSettings, clocks: Clocks, changed: Callable[[], None]
    ) -> None:
        self._store = store
        self._settings = settings
        self._clocks = clocks
        self._changed = changed
        self._waiting: dict[int, list[int]] = {}
        """Of the box's own counters, not committed yet: by minute, in the order of `Crossed`."""
        self.watch = DoorWatch(store, settings, clocks)
        self.crossings: Counter[str] = Counter()
        """Since the start, by direction."""

    def crossed(self, event: DoorCrossed) -> None:
        """One of the box's own counters told a person."""
        age_ms = (self._clocks.monotonic_ns() - event.at_monotonic_ns) // 1_000_000
        at_ms = self._clocks.wall_ms() - age_ms
        counts = self._waiting.setdefault(at_ms - at_ms % MINUTE_MS, [0, 0, 0])
        counts[_DIRECTIONS.index(event.direction)] += 1
        self.crossings[event.direction.value] += 1
        if self.watch.crossed(event, at_ms):
            self._changed()

    async def run(self) -> None:
        """Commit what was gathered, again and again."""
        while True:
            await asyncio.sleep(COMMIT_EVERY_S)
            if self._waiting:
                await self.commit()
                self._changed()

    async def commit(self) -> None:
        """Commit what was gathered; while the disk refuses it is kept for the next time."""
        waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        crossings = tuple(Crossed(at_ms, *counts) for at_ms, counts in waiting.items())
        try:
            await self._store.write(lambda write: self._add_own(write, crossings))
        except STORE_FAULTS:
            for at_ms, counts in waiting.items():
                since = self._waiting.get(at_ms, [0, 0, 0])
                self._waiting[at_ms] = [sum(pair) for pair in zip(counts, since, strict=True)]

    async def take(self, report: DoorReported) -> None:
        """Commit a report, then answer it.

        While the disk refuses there is no answer: the node keeps its crossings and comes again.
        """
        try:
            done, crossings = await self._store.write(lambda write: self._count(write, report))
        except STORE_FAULTS:
            report.committed.cancel()
            return
        if report.committed.set_running_or_notify_cancel():  # else nobody awaits it any more
            report.committed.set_result(done)
        for crossed in crossings:
            for direction, count in zip(_DIRECTIONS, crossed.counts(), strict=True):
                self.crossings[direction.value] += count
            self.watch.counted(crossed)
        if crossings:
            self._changed()

    def _count(self, transaction: WriteTransaction, report: DoorReported) -> _Counted:
        name = SETTING_PREFIX + report.node.hex()
        now_ms = transaction.wall_ms()
        held = _held(transaction, name)
        crossings, counted = crossed_since(held, report.known, report.steps, now_ms)
        self._add(transaction, crossings)
        if counted.counts() != held.counts():
            transaction.set_setting(name, list(counted.counts()))
        return DoorCommitted(counted, now_ms), crossings

    def _add_own(self, transaction: WriteTransaction, crossings: tuple[Crossed, ...]) -> None:
        self._add(transaction, crossings)
        self.watch.keep(transaction)

    def _add(self, transaction: WriteTransaction, crossings: tuple[Crossed, ...]) -> None:
        here = facts.here(transaction, self._settings, transaction.wall_ms(), spends=False)
        buckets: dict[Bucket, list[Crossed]] = {}
        for crossed in crossings:
            bucket = bucket_of(here, crossed.at_ms, self._settings.cut_over_hour)
            buckets.setdefault(bucket, []).append(crossed)
        for bucket, found in buckets.items():
            row = facts.row(transaction, DOOR_COUNT, bucket.key)
            op = add_to_bucket(here, bucket, row, found)
            transaction.append(op.kind, op.body)


def _held(reader: Reader, name: str) -> Totals:
    kept = reader.setting(name)
    return Totals(*kept) if isinstance(kept, list) else Totals(0, 0, 0)
