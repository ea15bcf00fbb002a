"""A box's store with the history of a chain in it: members with cards, and their ledgers.

The history goes into the product's own fold (`Store.apply_blocks`) in blocks as a hub sends them;
only the hub's judging and the line are left out, since nobody measures those here. A built file is
kept under `build/` and copied for each run: the measured work writes into it.

Each ledger op has four entries, as a top-up and a spend have: the money's two sides, the points'.
"""

import asyncio
import random
import shutil
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path

import argon2

from benchmarks.box import SetClock, open_box, registration
from benchmarks.measure import progress
from benchmarks.traffic import DAY_MS, START_MS, UTC_OFFSET_MIN, OpChain, draw_id
from edge.domain.business_day import business_day
from edge.domain.decision import Here, NewOp, document_change
from edge.domain.initials import initials_of
from edge.store.migrations import STEPS
from edge.store.store import Store
from sync_protocol.accounts import (
    FEN,
    POINTS,
    POINTS_HELD,
    POINTS_ISSUED,
    REVENUE,
    TILL,
    WALLET,
)
from sync_protocol.annotations import APPLIED, Annotation
from sync_protocol.blocks import BLOCK_OPS_MAX, Block, entry_of, log_genesis_hash
from sync_protocol.kinds import NODE, PRODUCT, SITE, STAFF, TRANSACTION
from sync_protocol.ledger import REASON_SPEND, REASON_TOP_UP, Transaction
from sync_protocol.ops import Op

CHAIN = "bench"
CAFE = BOX = 1
CAFES = range(1, 41)
EPOCH = 2
"""Of the measured box; its cafe's history was written by the machine before it."""
OWN_SHARE = 0.25
"""Of the history that is this cafe's own."""
ENTRIES_PER_OP = 4
CASHIER = 4_000_000_000_000_001
PIN = "2580"
PRODUCTS = 200
HISTORY_DAYS = 29
"""A box keeps the ops of its ledgers for 30 days."""
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰萍飞鹏宇欣"
CACHE = Path("build") / "counter-store"


def store_with(members: int, entries: int, folder: Path) -> Path:
    """Return a fresh copy, in `folder`, of a store with so many members and ledger entries."""
    kept = CACHE / f"{members}-{entries}-{_content()}.sqlite"
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        for old in CACHE.glob(f"{members}-{entries}-*"):
            old.unlink()
        building = folder / "building.sqlite"
        asyncio.run(_build(building, members, entries))
        shutil.move(building, kept)
    copy = folder / f"{members}.sqlite"
    shutil.copyfile(kept, copy)
    return copy


def member_id(index: int) -> int:
    """Return the id of the member of that index, the same in each run."""
    return draw_id(random.Random(index))


def _content() -> str:
    """What a kept file depends on: this module and the tables' newest shape."""
    return sha256(
        Path(__file__).read_bytes() + repr([step[:2] for step in STEPS]).encode()
    ).hexdigest()[:12]


async def _build(path: Path, members: int, entries: int) -> None:
    clock = SetClock()
    clock.now_ms = START_MS - HISTORY_DAYS * DAY_MS
    with open_box(path, CHAIN, BOX, clock, EPOCH) as store:
        log = _Log(store, clock)
        await log.write(_furniture())
        await log.write(_registrations(members))
        progress(f"  {members:,} members with their cards")
        count = entries // ENTRIES_PER_OP
        await log.write(_ledger(members, count), count)


class _Log:
    """A hub's log that accepts everything, and gives it to the store block by block."""

    def __init__(self, store: Store, clock: SetClock) -> None:
        self._store, self._clock = store, clock
        self._chains = {node: OpChain(CHAIN, node, 1) for node in (0, *CAFES)}
        self._number = self._position = 0
        self._block_hash = log_genesis_hash(CHAIN, 1)

    async def write(self, news: Iterable[tuple[int, int, NewOp]], count: int = 0) -> None:
        """Write (node, time in ms, op) in their order; `count` of them are told of."""
        waiting = iter(news)
        written = 0
        while piece := [self._op(*new) for new in islice(waiting, BLOCK_OPS_MAX)]:
            await self._apply(piece)
            written += len(piece)
            if count and written % 100_000 < BLOCK_OPS_MAX:
                progress(f"  history: {written * ENTRIES_PER_OP:,} entries")

    def _op(self, node: int, now_ms: int, new: NewOp) -> Op:
        chain = self._chains[node]
        chain.now_ms = self._clock.now_ms = now_ms
        chain.seen_position = self._position
        return chain.append(new)

    async def _apply(self, ops: list[Op]) -> None:
        stamp = (self._clock.now_ms << 16) + self._number
        entries = [entry_of(op, Annotation(stamp, APPLIED)) for op in ops]
        self._number += 1
        first = self._position + 1
        block = Block(1, 0, self._number, first, self._block_hash, entries)
        await self._store.apply_blocks([block], bytes(64))
        self._block_hash, self._position = block.hash, block.last_position()


def _furniture() -> Iterator[tuple[int, int, NewOp]]:
    """Cafes with a box each, a cashier, products."""
    hub = Here(0, 0, 1, START_MS, 0, UTC_OFFSET_MIN)
    for cafe in CAFES:
        name = {"name": f"{cafe} 号店", "name_en": f"Cafe {cafe}"}
        yield 0, START_MS, document_change(hub, SITE, cafe, None, name)
        node = {"cafe": cafe, "epoch": EPOCH if cafe == CAFE else 1, "status": "active"}
        yield 0, START_MS, document_change(hub, NODE, cafe, None, node)
    pin_hash = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PIN)
    person = {"name": "李", "role": "manager", "pin_hash": pin_hash, "active": True}
    yield 0, START_MS, document_change(hub, STAFF, CASHIER, None, person, bytes(16))
    for number in range(PRODUCTS):
        product = {
            "name": f"商品{number}",
            "name_en": f"Product {number}",
            "category": f"类{number % 10}",
            "barcode": f"69{number:011d}",
            "price_fen": 100 + 50 * (number % 20),
            "on_sale": True,
        }
        yield 0, START_MS, document_change(hub, PRODUCT, f"P{number}", None, product)


def _registrations(members: int) -> Iterator[tuple[int, int, NewOp]]:
    draw = random.Random(members)
    begin_ms = START_MS - HISTORY_DAYS * DAY_MS
    for index in range(members):
        node = _node(draw)
        name = draw.choice(SURNAMES) + draw.choice(GIVEN) + draw.choice(GIVEN)
        here = Here(node, node, 1, begin_ms, 20230101, UTC_OFFSET_MIN)
        phone = f"1{3_000_000_000 + 97 * index}"
        more = {"phone": phone, "initials": initials_of(name), "joined_day": 20230101}
        for new in registration(here, index, member_id(index), draw_id(draw), name, **more):
            yield node, begin_ms, new


def _ledger(members: int, count: int) -> Iterator[tuple[int, int, NewOp]]:
    """Each member's top-up of ¥100, then spends of ¥1 to ¥2, at whichever cafe."""
    draw = random.Random(count)
    begin_ms, step = START_MS - HISTORY_DAYS * DAY_MS, HISTORY_DAYS * DAY_MS / count
    homes: dict[int, int] = {}
    for number in range(count):
        index = number % members
        member = member_id(index)
        node = homes.setdefault(index, _node(draw))
        now_ms = begin_ms + int(number * step)
        day = business_day(now_ms, UTC_OFFSET_MIN, 6)
        topped_up = number < members
        amount = 100_00 if topped_up else draw.randrange(100, 200)
        money, reason = (TILL, REASON_TOP_UP) if topped_up else (REVENUE, REASON_SPEND)
        sign = 1 if topped_up else -1
        postings = [
            (money, node, 0, 0, 0, FEN, sign * amount if topped_up else -amount),
            (WALLET, member, node, _epoch(node), 0, FEN, -sign * amount),
            (POINTS_ISSUED, member, 0, 0, 0, POINTS, amount // 100),
            (POINTS_HELD, member, node, _epoch(node), 0, POINTS, -(amount // 100)),
        ]
        body = Transaction(node, reason, day, UTC_OFFSET_MIN, 0, 0, None, postings).body()
        yield node, now_ms, NewOp(TRANSACTION, body)


def _node(draw: random.Random) -> int:
    return CAFE if draw.random() < OWN_SHARE else draw.choice(CAFES)


def _epoch(node: int) -> int:
    """What a member has here is held by the measured box."""
    return EPOCH if node == BOX else 1
