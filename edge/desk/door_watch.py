"""How the doors stand now: who is inside, and who came in without a tap, since the day began.

Who is inside is the day's counts, those of a box that was restarted too. Crossings are held against
taps only where `tailgating_ms` says so, and only those that the box's own counters tell as inward:
a door node tells them by the minute.
"""

from edge.desk.settings import Clocks, DeskSettings
from edge.desk.view_types import DoorsView
from edge.domain.business_day import business_day
from edge.domain.decision import read_int
from edge.domain.door_counts import BUCKETS_OF_DAY, Crossed, bucket_prefix
from edge.domain.door_watch import Admissions, DoorsToday
from edge.events import Direction, DoorCrossed
from edge.store.reader import Reader
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import DOOR_COUNT

UNTAPPED_SETTING = "doors.untapped"
"""[business day, count, time of the last one]"""
NOTE_MS = 10 * 60_000
"""So long the page says that somebody came in without a tap."""


class DoorWatch:
    """On the loop, but for `welcomed`."""

    def __init__(self, store: Store, settings: DeskSettings, clocks: Clocks) -> None:
        self._settings = settings
        self._clocks = clocks
        self._admissions = Admissions(settings.tailgating_ms * 1_000_000)
        with store.read() as reader:
            self._today = _counted(reader, self._day())

    def welcomed(self, tapped_at_ns: int) -> None:
        """A tap opens the door; from any thread."""
        if self._settings.tailgating_ms:
            self._admissions.admit(tapped_at_ns)

    def crossed(self, event: DoorCrossed, at_ms: int) -> bool:
        """One of the box's own counters told a person; whether one who came in without a tap."""
        inward, outward = event.direction is Direction.IN, event.direction is Direction.OUT
        self._today = self._of_today().crossed(int(inward), int(outward))
        if not inward or not self._settings.tailgating_ms:
            return False
        if self._admissions.is_admitted(event.at_monotonic_ns):
            return False
        self._today = self._today.came_untapped(at_ms)
        return True

    def counted(self, crossed: Crossed) -> None:
        """A door node told crossings; those of another day count for that one."""
        today = self._of_today()
        if self._day_of(crossed.at_ms) == today.business_day:
            self._today = today.crossed(crossed.entered, crossed.left)

    def view(self) -> DoorsView:
        """What the page shows."""
        today = self._of_today()
        recent = self._clocks.wall_ms() - today.untapped_at_ms < NOTE_MS
        return DoorsView(today.inside, today.untapped, today.untapped_at_ms if recent else 0)

    def keep(self, transaction: WriteTransaction) -> None:
        """Write what no count says."""
        today = self._today
        kept = [today.business_day, today.untapped, today.untapped_at_ms]
        if transaction.setting(UNTAPPED_SETTING) != kept:
            transaction.set_setting(UNTAPPED_SETTING, kept)

    def _of_today(self) -> DoorsToday:
        day = self._day()
        return self._today if self._today.business_day == day else DoorsToday(day)

    def _day(self) -> int:
        return self._day_of(self._clocks.wall_ms())

    def _day_of(self, at_ms: int) -> int:
        return business_day(at_ms, self._settings.utc_offset_min, self._settings.cut_over_hour)


def _counted(reader: Reader, day: int) -> DoorsToday:
    prefix = bucket_prefix(reader.identity.cafe, day)
    documents = reader.registers(DOOR_COUNT, prefix, BUCKETS_OF_DAY)
    rows = [one.shown for one in documents if str(one.key).startswith(prefix)]
    entered = sum(read_int(DOOR_COUNT, row, "entered") for row in rows)
    left = sum(read_int(DOOR_COUNT, row, "left") for row in rows)
    kept = reader.setting(UNTAPPED_SETTING)
    known_day, untapped, untapped_at_ms = kept if isinstance(kept, list) else (0, 0, 0)
    if known_day != day:
        untapped = untapped_at_ms = 0
    return DoorsToday(day, entered, left, untapped, untapped_at_ms)
