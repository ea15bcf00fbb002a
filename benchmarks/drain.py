"""10,000 ops made without a line, drained to a hub that commits them, caught up by a second box.

Three ways to do the same work, each up (first box → hub) and then down (hub → second box): the raw
floor, the product as three processes over Mosquitto, and PouchDB. The boxes run before their line
is there. The product is timed from the first box's HELLO on the broker to the hub's last ack, and
from the second box's HELLO to its last commit; for reading also with the second box on the line
all along, from the first box's HELLO to the second's last commit.
"""

import asyncio
import secrets
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import paho.mqtt.client as mqtt

from benchmarks.drain_floor import DrainTimes, measure_floor
from benchmarks.measure import Line, at_least, at_most, for_reading, progress
from benchmarks.pouchdb import install, measure_pouchdb
from benchmarks.workload import WRITES, ProfileWritten, Write, workload
from edge.app import IDENTITY_NAME
from edge.domain.decision import Here, document_change, transaction
from edge.domain.points import EARN_RULE_DEFAULT, points_earned
from edge.machine import machine_clock
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from edge.sync.enrolment import load_enrolment
from sync_protocol.greetings import Hello
from sync_protocol.kinds import MEMBER
from sync_protocol.ledger import REASON_POINTS
from sync_protocol.messages import Ack, Push, unpack_message
from tests.brokers.servers import Mosquitto
from tests.smoke.watchers import ArrivalWatcher
from tests.stack import CHAIN, Box, Stack, eventually

ROUNDS = 3
FLOOR_RATIO_MAX = 3.0
PEER_RATIO_MIN = 8.0
WRITES_PER_COMMIT = 200
UTC_OFFSET_MIN = 480
DAY = 20260529
DRAIN_SECONDS = 120.0


@dataclass
class Traffic:
    """When each box greeted and what was acked, as heard on the broker."""

    port: int
    hello_s: dict[int, float] = field(default_factory=dict)
    acked: dict[int, tuple[int, float]] = field(default_factory=dict)
    push_bytes: int = 0
    _client: mqtt.Client | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> "Traffic":
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        client.on_connect = lambda *_: client.subscribe(f"cafebox/{CHAIN}/#")
        client.on_message = lambda _client, _data, message: self._hear(
            message.topic, message.payload
        )
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        self._client = client
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()

    def forget(self) -> None:
        """Start anew: the next HELLO counts."""
        with self._lock:
            self.hello_s.clear()
            self.acked.clear()
            self.push_bytes = 0

    def _hear(self, topic: str, payload: bytes) -> None:
        now_s = time.perf_counter()
        _, _, way, *rest = topic.split("/")
        if way not in ("up", "down"):
            return
        node = int(rest[0])
        message = unpack_message(payload)
        with self._lock:
            if isinstance(message, Hello):
                self.hello_s.setdefault(node, now_s)
            elif isinstance(message, Push):
                self.push_bytes += len(payload)
            elif isinstance(message, Ack):
                self.acked[node] = (message.seq, now_s)


def write_offline(box: Box, writes: Sequence[Write]) -> int:
    """Write the workload into a box's store while its process is down; return its last seq."""
    enrolment = load_enrolment(box.store.with_name(IDENTITY_NAME))
    if enrolment is None:
        raise RuntimeError("the box is not enrolled")
    identity = enrolment.identity
    here = Here(
        identity.cafe,
        identity.node,
        identity.epoch,
        time.time_ns() // 1_000_000,
        DAY,
        UTC_OFFSET_MIN,
    )

    def write_part(store: WriteTransaction, part: Sequence[Write]) -> int:
        for write in part:
            if isinstance(write, ProfileWritten):
                profile = {"number": write.number, "name": write.name, "phone": write.phone}
                salt = store.new_salt(MEMBER)
                new = document_change(here, MEMBER, write.member, None, profile, salt)
            else:
                postings = points_earned(here, write.member, write.points, EARN_RULE_DEFAULT)
                new = transaction(here, REASON_POINTS, postings)
            last = store.append(new.kind, new.body)
        return last.header.seq

    seq = 0
    with Store.open(box.store, identity, machine_clock(), secrets.token_bytes) as store:
        for start in range(0, len(writes), WRITES_PER_COMMIT):
            part = writes[start : start + WRITES_PER_COMMIT]
            seq = store.submit(lambda tx, part=part: write_part(tx, part)).result()
    return seq


async def _product(folder: Path) -> DrainTimes:
    """Drain the first box, and only then mend the second one's line."""
    async with _Run(folder) as run:
        await run.mend("a")
        await run.until_acked()
        await run.stack.until_in_step_of("a")
        with run.watch_second() as arrival:
            await run.mend("b")
            await run.until_arrived(arrival)
        up_s = run.acked_s() - run.hello_s("a")
        down_s = run.arrived_s(arrival) - run.hello_s("b")
        return DrainTimes(up_s, down_s, run.traffic.push_bytes)


async def _product_at_once(folder: Path) -> float:
    """Drain the first box while the second is on the line; return the seconds for both."""
    async with _Run(folder) as run:
        await run.mend("b")
        await run.stack.until_in_step_of("b")
        with run.watch_second() as arrival:
            await run.mend("a")
            await run.until_arrived(arrival)
        return run.arrived_s(arrival) - run.hello_s("a")


class _Run:
    """Hub, broker and two boxes that run without a line, the first with the workload to send."""

    def __init__(self, folder: Path) -> None:
        self._stack = AsyncExitStack()
        self._folder = folder
        self._last_seq = 0

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opened:
            broker = opened.enter_context(Mosquitto(self._folder / "broker"))
            self.traffic = opened.enter_context(Traffic(broker.port))
            stack = Stack(self._folder / "stack", broker.url)
            self.stack = await opened.enter_async_context(stack)
            first, second = await stack.add_box("a"), await stack.add_box("b")
            await stack.until_in_step()
            for box in (first, second):
                box.line.cut()
                await asyncio.to_thread(box.service.stop)
            self._last_seq = await asyncio.to_thread(write_offline, first, workload())
            await stack.start_box("a")
            await stack.start_box("b")
            self.traffic.forget()
            self._stack = opened.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def mend(self, name: str) -> None:
        """Mend a box's line and wait until it greets."""
        self.stack.boxes[name].line.mend()
        node = self.stack.boxes[name].node
        await eventually(lambda: node in self.traffic.hello_s, "a HELLO", DRAIN_SECONDS)

    async def until_acked(self) -> None:
        def is_acked() -> bool:
            return self.traffic.acked.get(self._node("a"), (0, 0.0))[0] >= self._last_seq

        await eventually(is_acked, "the hub to ack the last op", DRAIN_SECONDS)

    async def until_arrived(self, arrival: ArrivalWatcher) -> None:
        await eventually(
            lambda: arrival.arrived_ns(self._last_seq), "the second box", DRAIN_SECONDS
        )

    @contextmanager
    def watch_second(self) -> Iterator[ArrivalWatcher]:
        """Note when the second box has committed each of the first one's ops."""
        arrival = ArrivalWatcher(self.stack.boxes["b"].store, self._node("a"))
        arrival.open()
        try:
            yield arrival
        finally:
            arrival.close()

    def hello_s(self, name: str) -> float:
        return self.traffic.hello_s[self._node(name)]

    def acked_s(self) -> float:
        return self.traffic.acked[self._node("a")][1]

    def arrived_s(self, arrival: ArrivalWatcher) -> float:
        """Return when the last op was there, by the clock of `hello_s`."""
        offset_s = time.perf_counter() - time.monotonic()
        return (arrival.arrived_ns(self._last_seq) or 0) / 1e9 + offset_s

    def _node(self, name: str) -> int:
        return self.stack.boxes[name].node


def _middle(times: Sequence[DrainTimes]) -> DrainTimes:
    return sorted(times, key=lambda one: one.up_s + one.down_s)[len(times) // 2]


def _total(times: DrainTimes) -> float:
    return times.up_s + times.down_s


def run() -> list[Line]:
    """Run floor and product in turns and take the middle rounds; PouchDB once."""
    install()
    floors, products, at_once = [], [], []
    for number in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            floors.append(measure_floor(Path(name)))
            products.append(asyncio.run(_product(Path(name) / "in_turn")))
            at_once.append(asyncio.run(_product_at_once(Path(name) / "at_once")))
        progress(
            f"  round {number + 1}: floor {_total(floors[-1]):.2f} s,"
            f" product {products[-1].up_s:.2f} up, {products[-1].down_s:.2f} s down,"
            f" both at once {at_once[-1]:.2f} s"
        )
    with tempfile.TemporaryDirectory() as name:
        pouch = measure_pouchdb(Path(name))
    floor, product = _middle(floors), _middle(products)
    total_s, peer_s = _total(product), pouch.up_s + pouch.down_s
    raw, peer = "sqlite3 → msgpack → socket → sqlite3", "PouchDB → express-pouchdb → PouchDB"
    faster = at_least(
        "drain and catch up, times faster", peer_s / total_s, "×", peer, 1.0, PEER_RATIO_MIN
    )
    return [
        at_most(
            f"drain and catch up, {WRITES:,} ops",
            total_s,
            "s",
            raw,
            _total(floor),
            FLOOR_RATIO_MAX,
        ),
        faster,
        for_reading("- up", product.up_s, "s", raw, floor.up_s),
        for_reading("- down", product.down_s, "s", raw, floor.down_s),
        for_reading("- up and down at once", sorted(at_once)[1], "s", raw, _total(floor)),
        for_reading("- peer, up and down", peer_s, "s", raw, _total(floor)),
        for_reading(
            "- bytes up an op", product.up_bytes / WRITES, "bytes/op", raw, floor.up_bytes / WRITES
        ),
    ]
