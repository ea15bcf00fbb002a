"""The watch over sessions: warns before the end, ends at zero, keeps their clock.

It survives restarts: what it goes by stands in the sessions' documents. Others, such as the agents
of the seats' computers, hear of each warning and end by `listen`.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from edge.desk import session_facts
from edge.desk.commit import Committer, Request
from edge.desk.session_clock import ANCHOR_EVERY_MS, settle_clock
from edge.desk.sessions import SessionsDesk, UnderWay
from edge.domain.charges import MINUTE_MS
from edge.domain.decision import Decision, Here
from edge.domain.session_bills import bill_of, end, needs_person
from edge.domain.sessions import OVER, RUNNING, SeatSession, document_of, stopped
from edge.effects.after_commit import Effects
from edge.effects.page_events import Region
from edge.store.errors import StoreBusyError, StoreFullError
from edge.store.identity import ClockReading
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.clock import STEP_MS
from sync_protocol.registers import RegisterRow

LOOK_EVERY_S = 5.0
"""An end at zero comes at most so late; it is charged to the minute that was paid for."""
MAP_EVERY_ROUNDS = 12
"""The minutes on the map are written anew each minute."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """Something that the seat's computer should know; `ends_ms` is the wall clock's."""

    what: Literal["ending", "over"]
    session: int
    seat: int
    ends_ms: int


_BY_ITSELF = Request("end_session", "", None, 0)
"""The request of nobody: the time was up."""

Listener = Callable[[SessionEvent], None]


@dataclass(frozen=True, slots=True)
class _Quiet:
    """Nothing is due before a moment, if no session changes and the clock is not set meanwhile."""

    stale: int
    reading: ClockReading
    until_ms: int

    def lasts(self, stale: int, now: ClockReading) -> bool:
        """Whether it still holds."""
        passed_ms = now.monotonic_ms - self.reading.monotonic_ms
        is_set = abs(now.wall_ms - self.reading.wall_ms - passed_ms) > STEP_MS
        is_over = self.reading.wall_ms + passed_ms >= self.until_ms
        return stale == self.stale and not is_set and not is_over


class SessionWatch:
    """Looks at all sessions again and again; started by the composition root."""

    def __init__(
        self, store: Store, committer: Committer, sessions: SessionsDesk, effects: Effects
    ) -> None:
        self._store = store
        self._committer = committer
        self._sessions = sessions
        self._effects = effects
        self._listeners: list[Listener] = []
        self._quiet: _Quiet | None = None

    def listen(self, listener: Listener) -> None:
        """Have `listener` called on the loop after each commit that warns of an end, or ends."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Look every few seconds, until cancelled."""
        rounds = 0
        while True:
            try:
                await self.look()
            except (StoreBusyError, StoreFullError) as error:
                log.warning("looking at sessions was put off: %s", error.code)
            if rounds % MAP_EVERY_ROUNDS == 0:
                self._effects.page_events.publish(Region.SEATS)
            rounds += 1
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> list[SessionEvent]:
        """Settle the clock, warn and end what is due; return what happened.

        All sessions are read only where some may be due: the writer's thread is wanted by taps.
        """
        stale = self._effects.page_events.times_stale(Region.SEATS)
        quiet = self._quiet
        if quiet is not None and quiet.lasts(stale, self._store.clock_reading()):
            return []
        reading, events, next_ms = await self._store.write(self._due)
        self._quiet = _Quiet(stale, reading, next_ms)
        if events:
            self._effects.printer_queue.wake()
            self._effects.page_events.publish(Region.SEATS, Region.EVENTS, Region.TRUTH)
        for event in events:
            for listener in self._listeners:
                listener(event)
        return events

    def _due(self, transaction: WriteTransaction) -> tuple[ClockReading, list[SessionEvent], int]:
        """(clocks, what happened, when something is due next by the wall clock)."""
        at = self._committer.here(transaction)
        next_ms = settle_clock(transaction, at)
        reading = transaction.clock_reading()
        events: list[SessionEvent] = []
        for session, row in session_facts.sessions_under_way(transaction):
            if session.status != RUNNING or not session.ends_ms:
                continue
            warn_ms = session.plan.warn_minutes * MINUTE_MS
            if session.ends_ms <= at.now_ms and session.plan.ends_at_zero:
                self._end(transaction, at, session, row)
                events.append(_event("over", session))
            elif session.ends_ms - warn_ms <= at.now_ms and not session.warned_ms:
                warned = replace(session, warned_ms=at.now_ms)
                op = document_of(at, warned, row)
                transaction.append(op.kind, op.body)
                events.append(_event("ending", session))
                next_ms = min(next_ms, session.ends_ms)
            else:
                next_ms = min(next_ms, _next_ms(session, at.now_ms))
        return reading, events, next_ms

    def _end(
        self, transaction: WriteTransaction, at: Here, session: SeatSession, row: RegisterRow
    ) -> None:
        """End a session at its zero; one that a person must settle keeps its seat till then."""
        over = stopped(session, session.ends_ms, OVER)
        decision = self._bill(transaction, at, session, row)
        if decision is None:
            op = document_of(at, over, row)
            transaction.append(op.kind, op.body)
        else:
            self._committer.record(transaction, at, decision, _BY_ITSELF)

    def _bill(
        self, transaction: WriteTransaction, at: Here, session: SeatSession, row: RegisterRow
    ) -> Decision | None:
        """The decision that settles a session's bill, None where that takes a person."""
        seat = session_facts.seat(transaction, session.seat)
        bill = bill_of(session, session.ends_ms, at.utc_offset_min)
        if seat is None or needs_person(session, bill):
            return None
        found = UnderWay(session, row, seat)
        ending = self._sessions.ending(transaction, at, _BY_ITSELF, found, session.ends_ms)
        decision = end(at, session, row, ending)
        return decision if isinstance(decision, Decision) else None


def _next_ms(session: SeatSession, now_ms: int) -> int:
    """When a session is to be warned of its end, or ended."""
    warn_ms = session.ends_ms - session.plan.warn_minutes * MINUTE_MS
    if warn_ms > now_ms:
        return warn_ms
    return session.ends_ms if session.ends_ms > now_ms else now_ms + ANCHOR_EVERY_MS


def _event(what: Literal["ending", "over"], session: SeatSession) -> SessionEvent:
    return SessionEvent(what, session.id, session.seat, session.ends_ms)
