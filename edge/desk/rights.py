"""Rights on stored value: asking the hub for them on a tap, giving them back after the visit."""

import asyncio
from collections.abc import Callable

from edge.desk import facts
from edge.desk.answers import Outcome
from edge.desk.commit import Committer, Request
from edge.desk.line import Line
from edge.desk.settings import Clocks, DeskSettings
from edge.domain.decision import Decision, Here, Judgement
from edge.domain.stored_value import release
from edge.domain.visits import visit_key
from edge.effects.after_commit import Effects
from edge.effects.page_events import Region
from edge.store.reader import Reader
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.accounts import FEN, POINTS, POINTS_HELD, WALLET
from sync_protocol.clock import stamp_ms
from sync_protocol.kinds import VISIT, field_index
from sync_protocol.ops import HUB
from sync_protocol.registers import RegisterRow

ASK_AGAIN_NS = 5_000_000_000
"""A grant that has not come after this long was lost; the next tap asks again."""
AWAITED_NS = 60_000_000_000
"""So long after a tap its member is taken to stand at this counter still."""
ASKED_MAX = 1000
DAY_MS = 24 * 3600 * 1000
ENTRIES_LOOKED_AT = 20
"""The newest of a member's entries, of which some may be other cafes'."""
PURPOSE_TAP = "tap"


class Rights:
    """Moves what may be spent between this box and the hub."""

    def __init__(
        self,
        store: Store,
        settings: DeskSettings,
        committer: Committer,
        line: Line,
        effects: Effects,
        clocks: Clocks,
        new_id: Callable[[], int],
    ) -> None:
        self._store = store
        self._settings = settings
        self._committer = committer
        self._line = line
        self._page_events = effects.page_events
        self._clocks = clocks
        self._new_id = new_id
        self._asked: dict[int, tuple[int, int]] = {}

    def ask(self, member: int) -> bool:
        """Ask the hub for all that a member has elsewhere; True while an answer is awaited.

        Returns at once. A repeat within a few seconds carries the same request id, so that the
        hub grants it once.
        """
        if not self._line.up:
            return False
        with self._store.read() as reader:
            at = self._here(reader)
            purse = facts.purse_of(reader, at, member)
        if purse.elsewhere_fen <= 0:
            self._asked.pop(member, None)
            return False
        now_ns = self._clocks.monotonic_ns()
        request_id, asked_ns = self._asked.get(member, (0, 0))
        if not request_id or now_ns - asked_ns > ASK_AGAIN_NS:
            if len(self._asked) >= ASKED_MAX:
                self._asked.clear()
            request_id = self._new_id()
            self._asked[member] = (request_id, now_ns)
        self._line.request_grant(request_id, WALLET, member, FEN, purse.elsewhere_fen, PURPOSE_TAP)
        return True

    def ask_again(self) -> None:
        """The log brought something new: ask for what another box has released to the hub since."""
        now_ns = self._clocks.monotonic_ns()
        for member, (_request_id, asked_ns) in tuple(self._asked.items()):
            if now_ns - asked_ns > AWAITED_NS:
                del self._asked[member]
                continue
            with self._store.read() as reader:
                purse = facts.purse_of(reader, self._here(reader), member)
            if any(holding.node == HUB and holding.amount > 0 for holding in purse.elsewhere):
                self.ask(member)

    async def release(self, request: Request, member: int) -> Outcome:
        """Give what this box holds of a member back to the hub, at once."""

        def decide(transaction: WriteTransaction, at: Here) -> Judgement:
            return _release(transaction, at, member)

        return await self._committer.commit(request, decide, Region.TAP)

    async def release_recalled(self, member: int) -> bool:
        """The hub asks for what this box holds of a member, who tapped elsewhere.

        True if there was something to give.
        """
        return await self._release_where(member, _always)

    async def release_due(self) -> int:
        """Give back the rights of members who were last seen long ago; how many were released."""
        released = 0
        for member in await asyncio.to_thread(self._due):
            released += await self._release_where(member, self._long_gone)
        return released

    def _due(self) -> list[int]:
        with self._store.read() as reader:
            at = self._here(reader)
            held = {*reader.subjects_held(WALLET), *reader.subjects_held(POINTS_HELD)}
            members = [member for member in held if isinstance(member, int)]
            return sorted(member for member in members if self._long_gone(reader, at, member))

    async def _release_where(
        self, member: int, allowed: Callable[[Reader, Here, int], bool]
    ) -> bool:
        def work(transaction: WriteTransaction) -> bool:
            at = facts.here(transaction, self._settings, transaction.wall_ms())
            if not allowed(transaction, at, member):
                return False
            decision = _release(transaction, at, member)
            self._committer.record(transaction, at, decision, Request("release", "", None, 0))
            return bool(decision.ops)

        done = await self._store.write(work)
        if done:
            self._page_events.publish(Region.TAP, Region.EVENTS, Region.TRUTH)
        return done

    def _long_gone(self, reader: Reader, at: Here, member: int) -> bool:
        """Whether a member tapped, paid or topped up here long ago only."""
        before = facts.here(reader, self._settings, at.now_ms - DAY_MS)
        taps = (
            facts.row(reader, VISIT, visit_key(at.cafe, day, member))
            for day in (before.business_day, at.business_day)
        )
        seen = [last_tap_ms(visit) for visit in taps if visit is not None]
        for code in (WALLET, POINTS_HELD):
            entries = reader.entries(member, (code,), limit=ENTRIES_LOOKED_AT)
            seen += [stamp_ms(e.stamp) for e in entries if e.account[2:4] == (at.node, at.epoch)]
        return at.now_ms - max(seen, default=0) >= self._settings.release_after_ms

    def _here(self, reader: Reader) -> Here:
        return facts.here(reader, self._settings, self._clocks.wall_ms())


def _always(_reader: Reader, _at: Here, _member: int) -> bool:
    return True


def _release(reader: Reader, at: Here, member: int) -> Decision:
    wallet_fen = -facts.held_here(reader, at, WALLET, member, FEN)
    points = -facts.held_here(reader, at, POINTS_HELD, member, POINTS)
    return release(at, member, wallet_fen, points)


def last_tap_ms(visit: RegisterRow) -> int:
    """When a visit's last tap was, by the stamp of its count of taps."""
    entry = visit.entry(field_index(VISIT, "taps"))
    stamp = entry[1] if entry is not None else 0
    return stamp_ms(stamp) if isinstance(stamp, int) else 0
