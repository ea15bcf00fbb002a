"""The node's own log on its way to the hub: a window of batches, trimmed by acks alone."""

from sync_protocol.errors import LimitError
from sync_protocol.frames import pack_frame
from sync_protocol.greetings import Welcome
from sync_protocol.ops import Op

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

REJECT_MS = 500
"""Pause after a reject; it doubles with each until an ack comes."""
PAUSE_MS_MAX = 60000


class Outbox:
    """Where the node's own log stands: its last op and the last that the hub acked, as (seq, hash);
    before the first both are (0, genesis hash)."""

    __slots__ = (
        "seq",
        "hash",
        "acked_seq",
        "acked_hash",
        "_next_seq",
        "_wanted_seq",
        "_in_flight",
        "_paused_until_ms",
        "_rejects",
    )

    def __init__(self, seq: int, hash: bytes, acked_seq: int, acked_hash: bytes) -> None:
        self.seq = seq
        self.hash = hash
        self.acked_seq = acked_seq
        self.acked_hash = acked_hash
        self._next_seq = 0
        self._wanted_seq = 0
        self._in_flight: "list[tuple[int, bytes, int]]" = []
        self._paused_until_ms = 0
        self._rejects = 0

    def begin(self, now_ms: int) -> None:
        """Start to push behind what the hub has acked."""
        self._paused_until_ms = now_ms
        self.push_from_watermark()

    def push_from_watermark(self) -> None:
        """Forget what is on its way: it is pushed again."""
        self._in_flight = []
        self._next_seq = self.acked_seq + 1
        self._wanted_seq = 0

    def want(self, welcome: Welcome, now_ms: int) -> "tuple[int, int] | None":
        """Return (first seq, how many) of the next batch, None while the window has no room."""
        if self._wanted_seq or now_ms < self._paused_until_ms:
            return None
        if self._next_seq > self.seq or len(self._in_flight) >= welcome.window:
            return None
        self._wanted_seq = self._next_seq
        return self._next_seq, min(welcome.ops_max, self.seq - self._next_seq + 1)

    def is_wanted(self, ops: "list[Op]") -> bool:
        """Say whether these are the ops that `want` named last, and nothing has changed since."""
        return bool(ops) and ops[0].header.seq == self._wanted_seq

    def sent(self, last: Op, now_ms: int) -> None:
        """Note that the wanted ops up to `last` are on their way."""
        self._wanted_seq = 0
        self._in_flight.append((last.header.seq, last.hash, now_ms))
        self._next_seq = last.header.seq + 1

    def waits_ms(self, now_ms: int) -> int:
        """Return for how long the oldest batch has waited for its ack; 0 without one."""
        return now_ms - self._in_flight[0][2] if self._in_flight else 0

    def hash_at(self, seq: int) -> "bytes | None":
        """Return the hash of an own op if it is at hand."""
        if seq == self.seq:
            return self.hash
        if seq == self.acked_seq:
            return self.acked_hash
        for last_seq, last_hash, _sent_ms in self._in_flight:
            if last_seq == seq:
                return last_hash
        return None

    def acked(self, seq: int, hash: bytes) -> bool:
        """Trim what the hub has up to our op `seq`; say whether that is news."""
        is_news = seq != self.acked_seq
        self.acked_seq = seq
        self.acked_hash = hash
        self._rejects = 0
        while self._in_flight and self._in_flight[0][0] <= seq:
            self._in_flight.pop(0)
        if self._next_seq <= seq:
            self._next_seq = seq + 1
            self._wanted_seq = 0
        return is_news

    def is_paused(self, now_ms: int) -> bool:
        """Say whether a reject has stopped the pushing for now."""
        return now_ms < self._paused_until_ms

    def rejected(self, now_ms: int, random_below: "Callable[[int], int]") -> None:
        """Pause, longer with each reject, and then push from the watermark."""
        pause_ms = min(REJECT_MS << min(self._rejects, 8), PAUSE_MS_MAX)
        self._rejects += 1
        self._paused_until_ms = now_ms + pause_ms + random_below(pause_ms >> 1)
        self.push_from_watermark()


def fit_frame(ops: "list[Op]", welcome: Welcome) -> "tuple[int, bytes]":
    """Return how many of the ops fit the hub's limits, and their frame."""
    sent = min(len(ops), welcome.ops_max)
    while True:
        rows: "list[object]" = [op.wire_row() for op in ops[:sent]]
        try:
            frame = pack_frame(rows, welcome.codecs)
        except LimitError:
            if sent == 1:
                raise
            frame = b""
        if frame and (len(frame) <= welcome.bytes_max or sent == 1):
            return sent, frame
        sent = (sent + 1) // 2
