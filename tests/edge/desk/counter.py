"""A counter on a real store in a temporary folder: recorded door, printer and line, a hub by hand.

The hub by hand writes what only a hub may (cafes, nodes, staff, products) as blocks of its log
and confirms the box's own ops in them.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import argon2

from edge.desk import facts
from edge.desk.answers import Answer, Session
from edge.desk.desk import Desk
from edge.desk.settings import Clocks, DeskSettings
from edge.desk.tills import shift_at
from edge.desk.view_types import TapView
from edge.domain.decision import Here, document_change
from edge.domain.refusals import Refusal
from edge.effects.after_commit import Effects
from edge.effects.cash_drawer import CashDrawer
from edge.effects.door import Door
from edge.effects.page_events import PageEvents
from edge.effects.printing import PrinterQueue
from edge.events import CardTapped
from edge.receipt import Receipt
from edge.store.identity import Clock, Identity
from edge.store.store import Store
from sync_protocol.annotations import APPLIED, Annotation
from sync_protocol.blocks import Block, Entry, entry_of, log_genesis_hash
from sync_protocol.kinds import KINDS, NODE, PRODUCT, RULE, SHIFT, SITE, STAFF, TRANSACTION
from sync_protocol.ledger import REASON_GRANT, Transaction
from sync_protocol.ops import HUB, TRUST_NONE, Header, Op, OpRef, genesis_hash, make_op

CHAIN = "test"
CAFE, BOX, EPOCH = 1, 1, 1
EAST_CAFE, EAST_BOX = 2, 2
CASHIER, MANAGER = 501, 502
PIN = "2580"
START_MS = 1_794_000_000_000
SETTINGS = DeskSettings(b"k" * 32, 480, 6, 3000, 6 * 3_600_000, tailgating_ms=10_000)
CARD = bytes.fromhex("04A1B2C3")
OTHER_CARD = bytes.fromhex("04A1B2C4")
_PIN_HASH = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PIN)


def pin_hash() -> str:
    """The hash of everybody's PIN."""
    return _PIN_HASH


class MovedClock:
    """A wall clock and a monotonic one that tests move."""

    def __init__(self) -> None:
        self.now_ms = START_MS
        self.set_by_ms = 0
        self.boot_id = b"boot-000"
        self.trust = TRUST_NONE

    def wall_ms(self) -> int:
        return self.now_ms

    def monotonic_ms(self) -> int:
        return self.now_ms - START_MS - self.set_by_ms

    def monotonic_ns(self) -> int:
        return self.monotonic_ms() * 1_000_000

    def forward(self, seconds: float) -> None:
        self.now_ms += int(seconds * 1000)

    def step(self, seconds: float) -> None:
        """Set the wall clock, while no time passes."""
        self.forward(seconds)
        self.set_by_ms += int(seconds * 1000)

    def boot(self, boot_id: bytes, now_ms: int, trust: int = TRUST_NONE) -> None:
        """Boot the machine: its wall clock says `now_ms`, its monotonic one begins anew."""
        self.boot_id, self.now_ms, self.trust = boot_id, now_ms, trust
        self.set_by_ms = now_ms - START_MS


class RecordedRelay:
    """A relay that counts its pulses."""

    name = "door"

    def __init__(self) -> None:
        self.pulses = 0

    def open_door(self) -> None:
        self.pulses += 1


class RecordedPrinter:
    """A printer that keeps what it printed; `faults` are raised first, one for each try."""

    name = "receipts"
    slips: frozenset[str] = frozenset()
    stands_in_for: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.printed: list[tuple[Receipt, bool]] = []
        self.kicks = 0
        self.faults: list[Exception] = []
        self.arrived = asyncio.Event()

    async def print_receipt(self, receipt: Receipt, *, copy: bool = False) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.printed.append((receipt, copy))
        self.arrived.set()

    async def kick_drawer(self) -> None:
        self.kicks += 1

    async def wait_for(self, count: int) -> None:
        """Wait until so many receipts came out."""
        async with asyncio.timeout(60):
            while len(self.printed) < count:
                self.arrived.clear()
                await self.arrived.wait()


class RecordedLine:
    """A line that keeps what was asked of the hub."""

    def __init__(self) -> None:
        self.up = False
        self.since_ms = 0
        self.clock_offset_ms = 0
        self.asked: list[tuple[int, int, int, str, int, str]] = []

    def request_grant(
        self,
        request_id: int,
        account_class: int,
        subject: int,
        unit: str,
        amount: int,
        purpose: str,
    ) -> None:
        self.asked.append((request_id, account_class, subject, unit, amount, purpose))


@dataclass
class HandHub:
    """A hub's log, written by the test."""

    store: Store
    clock: MovedClock
    number: int = 0
    position: int = 0
    seq: int = 0
    confirmed_seq: int = 0
    head: bytes = genesis_hash(CHAIN, HUB, 1)
    block_hash: bytes = log_genesis_hash(CHAIN, 1)

    async def write(self, *ops: tuple[int, list[object]]) -> None:
        """Append hub ops and let the box apply them."""
        await self._apply([entry_of(self._make(*op), self._applied()) for op in ops])

    async def document(self, kind: int, key: int | str, values: Mapping[str, object]) -> None:
        """Write a document that only the hub may write."""
        await self.write(self.change(kind, key, values))

    def change(
        self, kind: int, key: int | str, values: Mapping[str, object]
    ) -> tuple[int, list[object]]:
        """An op that changes a document, as (kind, body) for `write`."""
        with self.store.read() as reader:
            known = reader.register(kind, key)
        here = Here(0, HUB, 1, 0, 0, 0)
        salt = b"s" * 16 if KINDS[kind].personal else b""
        row = known.shown if known is not None else None
        op = document_change(here, kind, key, row, values, salt)
        return op.kind, op.body

    async def grant(
        self, member: int, amount_fen: int, node: int = BOX, epoch: int = EPOCH
    ) -> None:
        """Move a member's money from the hub's part to a box."""
        postings = [
            (10, member, 0, 0, 0, "fen", amount_fen),
            (10, member, node, epoch, 0, "fen", -amount_fen),
        ]
        body = Transaction(0, REASON_GRANT, 0, 0, 0, 9, None, postings).body()
        await self.write((TRANSACTION, body))

    async def owe(self, member: int, amount_fen: int, node: int, epoch: int) -> None:
        """A member has money at some other holder."""
        postings = [
            (62, 0, 0, 0, 0, "fen", amount_fen),
            (10, member, node, epoch, 0, "fen", -amount_fen),
        ]
        body = Transaction(0, 8, 0, 0, 0, 0, None, postings).body()
        await self.write((TRANSACTION, body))

    async def confirm_all(self) -> int:
        """Annotate all of the box's ops as applied; return how many."""
        entries: list[Entry] = []
        with self.store.read() as reader:
            last = reader.own_head().seq
            for seq in range(self.confirmed_seq + 1, last + 1):
                logged = reader.op(OpRef(BOX, EPOCH, seq, b""))
                assert logged is not None
                entries.append(entry_of(logged.op, self._applied()))
            head = reader.own_head()
        if entries:
            await self._apply(entries)
            self.store.note_acked(head.seq)
        self.confirmed_seq = last
        return len(entries)

    def _applied(self) -> Annotation:
        return Annotation((self.clock.now_ms << 16) + self.position + 1, APPLIED)

    def _make(self, kind: int, body: list[object]) -> Op:
        self.seq += 1
        stamp = self.clock.now_ms << 16
        header = Header(1, kind, HUB, 1, self.seq, stamp, 1, 0, 1, 0, self.position, 0, 0, 0)
        op = make_op(header, body, self.head)
        self.head = op.hash
        return op

    async def _apply(self, entries: list[Entry]) -> None:
        self.number += 1
        block = Block(1, 0, self.number, self.position + 1, self.block_hash, entries)
        await self.store.apply_blocks([block], b"x" * 64)
        self.block_hash = block.hash
        self.position = block.last_position()


@dataclass
class Counter:
    """The counter under test and everything around it."""

    store: Store
    desk: Desk
    hub: HandHub
    clock: MovedClock
    relay: RecordedRelay
    printer: RecordedPrinter
    line: RecordedLine
    printer_queue: PrinterQueue
    printing: asyncio.Task[None]
    requests: int = 0
    session: Session | None = field(default=None)

    async def log_in(self, staff: int = CASHIER) -> Session:
        """Log a person in at terminal 1, with a shift of theirs open: what takes money needs one.

        A test that wants none does `counter.do("log_in", ...)`.
        """
        answer = await self.do("log_in", staff=staff, pin=PIN)
        self.session = await self.desk.session(str(answer.values["token"]))
        assert self.session is not None
        await self.have_shift(self.session)
        return self.session

    async def have_shift(self, session: Session) -> None:
        """Open a shift for whoever is logged in; another's open one becomes theirs."""
        with self.store.read() as reader:
            shift = shift_at(reader, session.terminal)
            at = facts.here(reader, SETTINGS, self.clock.now_ms)
            row = facts.row(reader, SHIFT, shift.id) if shift is not None else None
        if shift is None:
            self.requests += 1
            opened = await self.desk.perform(
                "open_shift", session, f"open-shift-{self.requests}", {}
            )
            assert isinstance(opened, Answer), opened.words("en")
        elif shift.staff != session.staff:
            op = document_change(at, SHIFT, shift.id, row, {"staff": session.staff})
            await self.store.write(lambda transaction: transaction.append(op.kind, op.body))

    async def ask(self, command: str, /, **inputs: object) -> Answer | Refusal:
        """Perform a command under a new request id."""
        self.requests += 1
        return await self.desk.perform(command, self.session, f"request-{self.requests}", inputs)

    async def do(self, command: str, /, **inputs: object) -> Answer:
        """Perform a command that must not be refused."""
        outcome = await self.ask(command, **inputs)
        assert isinstance(outcome, Answer), outcome.words("en")
        return outcome

    async def refused(self, command: str, /, **inputs: object) -> Refusal:
        """Perform a command that must be refused; the log is then as it was."""
        before = self.own_seq()
        outcome = await self.ask(command, **inputs)
        assert isinstance(outcome, Refusal), outcome
        assert outcome.words("zh") != outcome.words("en")
        assert self.own_seq() == before
        return outcome

    async def member(self, card: bytes | None = CARD, name: str = "王小明") -> int:
        """Register a member, with a card."""
        answer = await self.do(
            "register_member", name=name, consent=True, card_uid=card.hex() if card else ""
        )
        member = answer.values["member"]
        assert isinstance(member, int)
        return member

    async def tap(self, card: bytes = CARD) -> TapView:
        """Lay a card on the reader."""
        return await self.desk.tap(CardTapped("counter", card, self.clock.monotonic_ns()))

    def own_seq(self) -> int:
        """The number of the box's last op."""
        with self.store.read() as reader:
            return reader.own_head().seq

    def shown(self, account: tuple[int, int | str, int, int, int, str]) -> int:
        """An account's shown balance, debit positive."""
        with self.store.read() as reader:
            return reader.balance(account).shown


def open_store(folder: Path, clock: MovedClock) -> Store:
    """The box's store, as a start of the box opens it."""
    store_clock = Clock(clock.wall_ms, clock.monotonic_ms, clock.boot_id, clock.trust)
    identity = Identity(CHAIN, BOX, EPOCH, CAFE)
    return Store.open(folder / "box.db", identity, store_clock, secrets.token_bytes)


@asynccontextmanager
async def open_counter(
    folder: Path,
    clock: MovedClock | None = None,
    relay: RecordedRelay | None = None,
    printer: RecordedPrinter | None = None,
) -> AsyncIterator[Counter]:
    """A counter with its store opened and its printer queue running; nothing in the books yet."""
    clock = clock or MovedClock()
    store = open_store(folder, clock)
    relay, printer, line = relay or RecordedRelay(), printer or RecordedPrinter(), RecordedLine()
    page_events = PageEvents()
    drawer = CashDrawer(printer, clock.monotonic_ns)
    queue = PrinterQueue(store, [printer], "zh", clock.wall_ms, lambda: None, drawer)
    effects = Effects(Door([relay], clock.monotonic_ns), queue, page_events, drawer=drawer)
    clocks = Clocks(clock.wall_ms, clock.monotonic_ns)
    desk = Desk(store, SETTINGS, effects, line, clocks, secrets.token_bytes, lambda: ())
    printing = asyncio.create_task(queue.run())
    try:
        hub = HandHub(store, clock)
        yield Counter(store, desk, hub, clock, relay, printer, line, queue, printing)
    finally:
        printing.cancel()
        await asyncio.gather(printing, return_exceptions=True)
        store.close()


async def furnish(counter: Counter) -> None:
    """Fill the counter's books as `furnish_hub` does."""
    await furnish_hub(counter.hub)


async def furnish_hub(hub: HandHub) -> None:
    """Two cafes with a box each, a cashier, a manager, three products and a rule of points."""
    documents: list[tuple[int, int | str, Mapping[str, object]]] = [
        (SITE, CAFE, {"name": "本店", "name_en": "Home"}),
        (SITE, EAST_CAFE, {"name": "东门店", "name_en": "East Gate"}),
    ]
    for node, cafe in ((BOX, CAFE), (EAST_BOX, EAST_CAFE)):
        documents.append((NODE, node, {"cafe": cafe, "epoch": 1, "status": "active"}))
    for staff, name, role in ((CASHIER, "李", "cashier"), (MANAGER, "赵", "manager")):
        person = {"name": name, "role": role, "pin_hash": _PIN_HASH, "active": True}
        documents.append((STAFF, staff, person))
    cola = {"name": "可乐", "name_en": "Cola", "price_fen": 500, "counted": True, "on_sale": True}
    documents += [
        (PRODUCT, "COLA", {**cola, "member_price_fen": 450}),
        (PRODUCT, "NOODLE", {**cola, "name": "泡面", "name_en": "Noodles"}),
        (PRODUCT, "HOUR", {"name": "上网一小时", "price_fen": 300, "on_sale": True}),
        (RULE, "points", {"version": 1, "values": [[1, 5]]}),
    ]
    await hub.write(*(hub.change(*document) for document in documents))
