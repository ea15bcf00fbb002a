"""Where this box's own chain stands: what the next op's header and hash continue."""

from edge.store.facts import Cursor, Head
from edge.store.identity import Clock, Identity
from edge.store.op_rows import op_key
from sync_protocol.clock import HybridClock, SegmentTracker
from sync_protocol.ops import OP_VERSION, Header

Mark = tuple[Head, int, int, bool]


class OwnLog:
    """In memory and on the writer thread only; `mark` and `return_to` follow a savepoint.

    A process opens a clock segment when it starts and when the wall clock steps; the op that
    records it is written before the first op in it, so that a box that only reads writes nothing.
    """

    def __init__(
        self, identity: Identity, clock: Clock, author: int, head: Head, last: tuple[int, int]
    ) -> None:
        """`author`: own local number; `last`: stamp and segment of the last own op, (0, 0)."""
        self.identity = identity
        self.clock = clock
        self.author = author
        self.head = head
        self.cursor = Cursor(0, 0, 0, 0, b"", 0)
        self.trust = clock.trust
        self.segment_recorded = False
        self.stepped = False
        self._hybrid = HybridClock(last[0])
        self._tracker = SegmentTracker(last[1] + 1, clock.wall_ms(), clock.monotonic_ms())

    @property
    def segment(self) -> int:
        """Return the number of the running clock segment."""
        return self._tracker.segment

    def observe_clock(self) -> tuple[int, int]:
        """Read both clocks and return (wall_ms, monotonic_ms); a step opens the next segment."""
        wall_ms, monotonic_ms = self.clock.wall_ms(), self.clock.monotonic_ms()
        if self._tracker.observe(wall_ms, monotonic_ms):
            self.segment_recorded = False
            self.stepped = True
            self.trust = self.clock.trust
        return wall_ms, monotonic_ms

    def note_trust(self, segment: int, trust: int) -> None:
        """Note how good the clock is, if `segment` is still the running one."""
        if segment == self.segment:
            self.trust = trust

    def next_header(self, kind: int, wall_ms: int, actor: int, terminal: int, shift: int) -> Header:
        """Return the header of the op that follows the head."""
        cursor = self.cursor
        return Header(
            OP_VERSION,
            kind,
            self.identity.node,
            self.identity.epoch,
            self.head.seq + 1,
            self._hybrid.next(wall_ms, cursor.greatest_effective),
            self._tracker.segment,
            self.trust,
            cursor.generation,
            cursor.stream,
            cursor.position,
            actor,
            terminal,
            shift,
        )

    def next_key(self) -> int:
        """Return the key of the op that follows the head."""
        return op_key(self.author, self.head.seq + 1)

    def mark(self) -> Mark:
        """Return where the log stands now."""
        return (self.head, self._hybrid.last, self.trust, self.segment_recorded)

    def return_to(self, mark: Mark) -> None:
        """Forget what came after `mark`: it was rolled back.

        The clock's segment stays: what it noticed has happened.
        """
        self.head, self._hybrid.last, self.trust, recorded = mark
        self.segment_recorded = self.segment_recorded and recorded
