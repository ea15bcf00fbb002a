"""A box in this process: its real store and desk, a clock of ours, a relay that notes the time."""

import asyncio
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.traffic import CUT_OVER_HOUR, SAME_TAP_MS, START_MS, UTC_OFFSET_MIN, OpChain
from edge.desk.desk import Desk
from edge.desk.line import NoLine
from edge.desk.settings import Clocks, DeskSettings
from edge.desk.view_types import TapOutcome
from edge.domain.cards import NewCard, issue_card, normal_uid
from edge.domain.decision import Decision, Here, NewOp, document_change
from edge.domain.members import keyed_hash
from edge.effects.after_commit import Effects
from edge.effects.door import Door
from edge.effects.page_events import PageEvents
from edge.effects.printing import PrinterQueue
from edge.events import CardTapped
from edge.store.identity import Clock, Identity
from edge.store.store import Store
from sync_protocol.kinds import MEMBER
from sync_protocol.ops import TRUST_MEASURED, Op

CHAIN_KEY = bytes(32)
RELEASE_AFTER_MS = 4 * 3600 * 1000
SALT_BYTES = 16
PAUSE_S = 0.005


class SetClock:
    """Wall time as set, monotonic time as it is."""

    def __init__(self) -> None:
        self.now_ms = START_MS

    def wall_ms(self) -> int:
        return self.now_ms

    def as_store_clock(self) -> Clock:
        return Clock(
            self.wall_ms, lambda: self.now_ms - START_MS, b"benchmark-boot", TRUST_MEASURED
        )


class NotingRelay:
    """A door relay that only notes when it was called."""

    name = "door"

    def __init__(self) -> None:
        self.called_ns = 0

    def open_door(self) -> None:
        self.called_ns = time.monotonic_ns()


@contextmanager
def open_box(path: Path, chain: str, node: int, clock: SetClock, epoch: int = 1) -> Iterator[Store]:
    """Open the store of box `node`, which is also its cafe's number."""
    identity = Identity(chain, node, epoch, node)
    with Store.open(path, identity, clock.as_store_clock(), secrets.token_bytes) as store:
        yield store


def card_uid(index: int) -> bytes:
    """Return the UID of the card that `member_ops` gives to the member of that index."""
    return bytes((0x04, *index.to_bytes(6, "big")))


def member_ops(here: Here, chain: OpChain, index: int, member: int, card: int) -> list[Op]:
    """Return the ops that register a member with a card."""
    return [chain.append(new) for new in registration(here, index, member, card, f"会员{index}")]


def registration(
    here: Here, index: int, member: int, card: int, name: str, **more: object
) -> list[NewOp]:
    """Return what registers a member with the card of that index; `more` are its other fields."""
    profile = {"name": name, "number": f"M{index}", "status": "active", **more}
    key = keyed_hash(CHAIN_KEY, normal_uid(card_uid(index)))
    issued = issue_card(here, member, NewCard(card, key, 0))
    if not isinstance(issued, Decision):
        raise TypeError(f"no card was issued: {issued.code}")
    salt = index.to_bytes(SALT_BYTES, "big")
    return [document_change(here, MEMBER, member, None, profile, salt), *issued.ops]


def desk_on(store: Store, clock: SetClock, relay: NotingRelay) -> Desk:
    """Return a desk without a line and without a printer."""
    printer_queue = PrinterQueue(store, (), "zh", clock.wall_ms, lambda: None)
    effects = Effects(Door((relay,), time.monotonic_ns), printer_queue, PageEvents())
    settings = DeskSettings(CHAIN_KEY, UTC_OFFSET_MIN, CUT_OVER_HOUR, SAME_TAP_MS, RELEASE_AFTER_MS)
    clocks = Clocks(clock.wall_ms, time.monotonic_ns)
    return Desk(store, settings, effects, NoLine(), clocks, secrets.token_bytes, tuple)


class TapBench:
    """A desk on a store, whose taps are timed from the event to the relay's call."""

    def __init__(self, store: Store, clock: SetClock) -> None:
        self._relay = NotingRelay()
        self._desk = desk_on(store, clock, self._relay)

    async def tap(self, index: int) -> float:
        """Return the milliseconds from a card's event to its door."""
        start_ns = time.monotonic_ns()
        view = await self._desk.tap(CardTapped("counter", card_uid(index), start_ns))
        if view.outcome != TapOutcome.WELCOME:
            raise RuntimeError(f"card {index} was not welcome: {view}")
        return (self._relay.called_ns - start_ns) / 1e6


async def tap_all(bench: TapBench, first: int, count: int) -> list[float]:
    """Tap `count` cards from `first` on, with a pause between, as people do; return ms."""
    times = []
    for index in range(first, first + count):
        times.append(await bench.tap(index))
        await asyncio.sleep(PAUSE_S)
    return times
