"""Rights on stored value: asking the hub for them on a tap, giving them back after the visit."""

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
from sync_protocol.registers import RegisterRow

ASK_AGAIN_NS = 5_000_000_000
"""A grant that has not come after this long was lost; the next tap asks again."""
ASKED_MAX = 1000
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
        """Give back the rights of members whose last tap is long ago; how many were released.

        Looks at the visits of this business day and the one before it.
        """
        with self._store.read() as reader:
            now = self._here(reader)
            day_ms = 24 * 3600 * 1000
            before = facts.here(reader, self._settings, now.now_ms - day_ms)
            due = {
                _member_of(key)
                for day in (before.business_day, now.business_day)
                for key, visit in facts.visits_of_day(reader, now.cafe, day)
                if now.now_ms - last_tap_ms(visit) >= self._settings.release_after_ms
                and facts.held_here(reader, now, WALLET, _member_of(key), FEN) < 0
            }
        released = 0
        for member in sorted(due):
            released += await self._release_where(member, self._long_gone)
        return released

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
        """Whether the member has not tapped today, or long ago; read anew, inside the write."""
        return at.now_ms - _last_tap_of(reader, at, member) >= self._settings.release_after_ms

    def _here(self, reader: Reader) -> Here:
        return facts.here(reader, self._settings, self._clocks.wall_ms())


def _always(_reader: Reader, _at: Here, _member: int) -> bool:
    return True


def _last_tap_of(reader: Reader, at: Here, member: int) -> int:
    """When a member last tapped today (milliseconds since 1970), 0 if they did not."""
    visit = facts.row(reader, VISIT, visit_key(at.cafe, at.business_day, member))
    return last_tap_ms(visit) if visit is not None else 0


def _release(reader: Reader, at: Here, member: int) -> Decision:
    wallet_fen = -facts.held_here(reader, at, WALLET, member, FEN)
    points = -facts.held_here(reader, at, POINTS_HELD, member, POINTS)
    return release(at, member, wallet_fen, points)


def last_tap_ms(visit: RegisterRow) -> int:
    """When a visit's last tap was, by the stamp of its count of taps."""
    entry = visit.entry(field_index(VISIT, "taps"))
    stamp = entry[1] if entry is not None else 0
    return stamp_ms(stamp) if isinstance(stamp, int) else 0


def _member_of(visit_key: str) -> int:
    return int(visit_key.rpartition(".")[2])
