"""Door nodes' reports: the box authors the counts, and says so once they are committed."""

from edge.desk import facts
from edge.desk.settings import DeskSettings
from edge.desk.store_faults import STORE_FAULTS
from edge.domain.door_counts import Bucket, Crossed, add_to_bucket, bucket_of, crossed_since
from edge.door_frames import Totals
from edge.events import DoorCommitted, DoorReported
from edge.store.reader import Reader
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import DOOR_COUNT

SETTING_PREFIX = "door_node."
"""With the node's name in hexadecimal: the totals that are counted already."""

_Counted = tuple[DoorCommitted, tuple[Crossed, ...]]


class DoorCounts:
    """Counts crossings in the store."""

    def __init__(self, store: Store, settings: DeskSettings) -> None:
        self._store = store
        self._settings = settings

    async def take(self, report: DoorReported) -> tuple[Crossed, ...]:
        """Commit a report, then answer it; what it brought that was new.

        While the disk refuses there is no answer: the node keeps its crossings and comes again.
        """
        try:
            done, crossings = await self._store.write(lambda write: self._count(write, report))
        except STORE_FAULTS:
            report.committed.cancel()
            return ()
        if report.committed.set_running_or_notify_cancel():  # else nobody awaits it any more
            report.committed.set_result(done)
        return crossings

    def _count(self, transaction: WriteTransaction, report: DoorReported) -> _Counted:
        name = SETTING_PREFIX + report.node.hex()
        now_ms = transaction.wall_ms()
        here = facts.here(transaction, self._settings, now_ms, spends=False)
        held = _held(transaction, name)
        crossings, counted = crossed_since(held, report.known, report.steps, now_ms)
        buckets: dict[Bucket, list[Crossed]] = {}
        for crossed in crossings:
            bucket = bucket_of(here, crossed.at_ms, self._settings.cut_over_hour)
            buckets.setdefault(bucket, []).append(crossed)
        for bucket, found in buckets.items():
            row = facts.row(transaction, DOOR_COUNT, bucket.key)
            op = add_to_bucket(here, bucket, row, found)
            transaction.append(op.kind, op.body)
        if counted.counts() != held.counts():
            transaction.set_setting(name, list(counted.counts()))
        return DoorCommitted(counted, now_ms), crossings


def _held(reader: Reader, name: str) -> Totals:
    kept = reader.setting(name)
    return Totals(*kept) if isinstance(kept, list) else Totals(0, 0, 0)
