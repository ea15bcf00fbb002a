"""Sync under faults: ranges of the hub's log applied to a box's store, the last one an erasure.

`play` is a process of its own; `verify` opens what is left, applies the rest, and says what does
not hold.
"""

import asyncio
import secrets
import shutil
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from edge.store.errors import StoreError
from edge.store.identity import Clock, Identity
from edge.store.refold import refold
from edge.store.store import Store
from sync_protocol.blocks import Block
from sync_protocol.kinds import ERASE, MEMBER, TRANSACTION
from tests.edge.store import bodies
from tests.edge.store.log_hub import CHAIN, LogHub, sums_of
from tests.faults.told import END, Told, step

STEPS = ("open", "act", "close")
START_MS = 1_780_000_000_000
CAFE, OTHER_CAFE = 3, 4
MEMBERS = (901, 902, 903)
ERASED = 903
SECRET = "王小明明明"

Sums = dict[tuple[int, int], int]


@dataclass(frozen=True)
class Range:
    """Blocks as the box receives them, with the signature of the last."""

    blocks: list[Block]
    signature: bytes

    @property
    def last_position(self) -> int:
        return self.blocks[-1].last_position()


@dataclass(frozen=True)
class Feed:
    """What the hub sends, and the state hash within the box's reach at the end of it."""

    ranges: list[Range]
    sums: Sums


def open_box(folder: Path, cafe: int = CAFE) -> Store:
    """Open the store of a cafe's box; node and cafe have one number."""
    folder.mkdir(parents=True, exist_ok=True)
    clock = Clock(lambda: START_MS, lambda: 0, b"boot-of-test")
    identity = Identity(CHAIN, cafe, 1, cafe)
    return Store.open(folder / "box.db", identity, clock, secrets.token_bytes)


def prepare(folder: Path, scratch: Path) -> Feed:
    """Make a box whose ops the hub has not confirmed, and a log that confirms them among those of
    another cafe and then erases a member."""
    hub = LogHub(lambda: START_MS + 1)
    with open_box(folder) as box, open_box(scratch / "other", OTHER_CAFE) as other:
        for store in (box, other):
            _write(store)
            hub.take(store)
    shutil.copytree(folder, scratch / "ahead")
    with open_box(scratch / "ahead") as ahead:
        ranges = [_range(hub, ahead)]
        _apply(ahead, ranges)
        hub.write(ERASE, [ERASED])
        ranges.append(_range(hub, ahead))
    return Feed(ranges, _nonzero(hub.sums_for(CAFE)))


def _write(store: Store) -> None:
    """Append what a cafe knows of its members, as pending."""
    cafe = store.identity.cafe
    for member in MEMBERS:
        name = {"name": SECRET if member == ERASED else f"member {member}"}
        for kind, body in (
            (MEMBER, bodies.document(MEMBER, member, cafe, name)),
            (TRANSACTION, bodies.top_up(cafe, member, 500)),
            (TRANSACTION, bodies.points(cafe, member, 3)),
        ):
            store.submit(lambda tx, kind=kind, body=body: tx.append(kind, body)).result()


def _range(hub: LogHub, store: Store) -> Range:
    blocks = hub.shown_to(store)
    return Range(blocks, hub.signature(blocks[-1]))


def _apply(store: Store, ranges: list[Range]) -> None:
    for each in ranges:
        asyncio.run(store.apply_blocks(each.blocks, each.signature))


def _nonzero(sums: Sums) -> Sums:
    return {section: total for section, total in sums.items() if total}


def play(folder: Path, ranges: list[Range], pipe: Connection) -> None:
    """Apply the ranges; the whole of a process."""
    step(pipe, "open")
    with open_box(folder) as box:
        step(pipe, "act")
        for each in ranges:
            try:
                asyncio.run(box.apply_blocks(each.blocks, each.signature))
            except StoreError as error:
                pipe.send(("refused", str(each.last_position), error.code))
                break
            pipe.send(("applied", each.last_position))
        step(pipe, "close")
    step(pipe, END)


def verify(folder: Path, feed: Feed, told: Told) -> list[str]:
    """Open the store that is left, apply the rest; return what does not hold."""
    wrong = []
    with open_box(folder) as box:
        with box.read() as reader:
            position = reader.cursor().position
            wrong += [f"refold: {difference}" for difference in refold(reader).differences]
        ends = [0, *(each.last_position for each in feed.ranges)]
        if position not in ends:
            wrong.append(f"the cursor stands at {position}, within a range")
        if position < told.position:
            wrong.append(f"applied to {told.position} and back at {position}")
        _apply(box, [each for each in feed.ranges if each.last_position > position])
        with box.read() as reader:
            wrong += [f"refold: {difference}" for difference in refold(reader).differences]
        if _nonzero(sums_of(box)) != feed.sums:
            wrong.append("the state hash is not the hub's")
    left = [path.name for path in folder.iterdir() if SECRET.encode() in path.read_bytes()]
    wrong += [f"the erased name is still in {name}" for name in left]
    return wrong
