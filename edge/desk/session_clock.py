"""The time that sessions are measured by: it goes on evenly, whatever the wall clock does.

A reading of both clocks is kept, the anchor, once a minute and at each change of a session. Within
a boot the monotonic clock says how long it is ago. Where the wall clock says otherwise it was set,
and the moments of all sessions under way are moved along: their time stays what it was, and
their bands follow the right clock. After a reboot the wall clock counts if it was vouched for
before and is now; else the time since the anchor, when the box was last known to be alive, is
nobody's.
"""

from dataclasses import dataclass

from edge.desk.session_facts import sessions_under_way
from edge.domain.decision import Here
from edge.domain.sessions import RESTARTED, STEPPED, document_of, moved_in_time
from edge.store.identity import ClockReading
from edge.store.reader import Reader
from edge.store.transaction import WriteTransaction
from sync_protocol.clock import STEP_MS
from sync_protocol.ops import TRUST_NONE

SETTING = "session_clock"
ANCHOR_EVERY_MS = 60_000


@dataclass(frozen=True, slots=True)
class Shift:
    """By how much the moments of sessions move, and why (a mark of `edge.domain.sessions`)."""

    by_ms: int
    note: str


def session_now_ms(reader: Reader, reading: ClockReading) -> int:
    """The moment on the clock of the sessions; a step that was not settled yet does not show."""
    anchor = _anchor(reader)
    if anchor is None or anchor.boot_id != reading.boot_id:
        return reading.wall_ms
    return anchor.wall_ms + reading.monotonic_ms - anchor.monotonic_ms


def settle_clock(transaction: WriteTransaction, at: Here) -> int:
    """Move all sessions under way along with a wall clock that was set, before they are read.

    Returns when the next anchor is due, by the wall clock.
    """
    reading = transaction.clock_reading()
    anchor = _anchor(transaction)
    shift = _shift(anchor, reading) if anchor is not None else None
    if shift is not None:
        for session, row in sessions_under_way(transaction):
            moved = moved_in_time(session, shift.by_ms, shift.note)
            op = document_of(at, moved, row)
            transaction.append(op.kind, op.body)
    if shift is not None or anchor is None or _is_old(anchor, reading):
        kept = [reading.boot_id, reading.wall_ms, reading.monotonic_ms, reading.trust]
        transaction.set_setting(SETTING, kept)
        anchor = reading
    return anchor.wall_ms + ANCHOR_EVERY_MS


def _shift(anchor: ClockReading, reading: ClockReading) -> Shift | None:
    """What has happened to the wall clock since the anchor; None: nothing."""
    passed_ms = reading.wall_ms - anchor.wall_ms
    if anchor.boot_id == reading.boot_id:
        step_ms = passed_ms - (reading.monotonic_ms - anchor.monotonic_ms)
        return Shift(step_ms, STEPPED) if abs(step_ms) > STEP_MS else None
    if min(anchor.trust, reading.trust) > TRUST_NONE and passed_ms >= 0:
        return None
    return Shift(passed_ms, RESTARTED)


def _is_old(anchor: ClockReading, reading: ClockReading) -> bool:
    other_boot = anchor.boot_id != reading.boot_id
    return other_boot or reading.monotonic_ms - anchor.monotonic_ms >= ANCHOR_EVERY_MS


def _anchor(reader: Reader) -> ClockReading | None:
    kept = reader.setting(SETTING)
    if not isinstance(kept, list):
        return None
    boot_id, wall_ms, monotonic_ms, trust = kept
    return ClockReading(bytes(boot_id), wall_ms, monotonic_ms, trust)
