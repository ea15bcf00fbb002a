"""10,000 ops made without a line, drained to a hub that commits them, caught up by a second box.

Three ways to do the same work, each up (first box → hub) and then down (hub → second box): the raw
floor, the product as three processes over Mosquitto, and PouchDB. The product is timed from its
first HELLO on the broker to the hub's last ack, and from the second box's HELLO to its last commit.
"""

import asyncio
import secrets
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as mqtt

from benchmarks.drain_floor import DrainTimes, measure_floor
from benchmarks.measure import Line, at_least, at_most, for_reading, progress
from benchmarks.pouchdb import install, measure_pouchdb
from benchmarks.workload import WRITES, ProfileWritten, Write, workload
from edge.app import IDENTITY_NAME, machine_clock
from edge.domain.decision import Here, document_change, transaction
from edge.domain.points import EARN_RULE_DEFAULT, points_earned
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from edge.sync.enrolment import load_enrolment
from sync_protocol.kinds import MEMBER
from sync_protocol.ledger import REASON_POINTS
from sync_protocol.messages import Ack, Hello, Push, unpack_message
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
    with Mosquitto(folder / "broker") as broker, Traffic(broker.port) as traffic:
        async with Stack(folder / "stack", broker.url) as stack:
            first, second = await stack.add_box("a"), await stack.add_box("b")
            await stack.until_in_step()
            for box in (first, second):
                await asyncio.to_thread(box.service.stop)
            last_seq = await asyncio.to_thread(write_offline, first, workload())
            traffic.forget()
            await stack.start_box("a")

            def is_acked() -> bool:
                return traffic.acked.get(first.node, (0, 0.0))[0] >= last_seq

            await eventually(is_acked, "the hub to ack the last op", DRAIN_SECONDS)
            up_s = traffic.acked[first.node][1] - traffic.hello_s[first.node]
            up_bytes = traffic.push_bytes
            await stack.until_in_step_of("a")
            arrival = ArrivalWatcher(second.store, first.node)
            arrival.open()
            try:
                await stack.start_box("b")
                await eventually(
                    lambda: arrival.arrived_ns(last_seq), "the second box", DRAIN_SECONDS
                )
            finally:
                arrival.close()
            done_ns = arrival.arrived_ns(last_seq) or 0
            offset_s = time.perf_counter() - time.monotonic()
            down_s = done_ns / 1e9 + offset_s - traffic.hello_s[second.node]
    return DrainTimes(up_s, down_s, up_bytes)


def _middle(times: Sequence[DrainTimes]) -> DrainTimes:
    return sorted(times, key=lambda one: one.up_s + one.down_s)[len(times) // 2]


def _total(times: DrainTimes) -> float:
    return times.up_s + times.down_s


def run() -> list[Line]:
    """Run floor and product in turns and take the middle rounds; PouchDB once."""
    install()
    floors, products = [], []
    for number in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            floors.append(measure_floor(Path(name)))
            products.append(asyncio.run(_product(Path(name))))
        progress(
            f"  round {number + 1}: floor {_total(floors[-1]):.2f} s,"
            f" product {products[-1].up_s:.2f} up, {products[-1].down_s:.2f} s down"
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
        for_reading("- peer, up and down", peer_s, "s", raw, _total(floor)),
        for_reading(
            "- bytes up an op", product.up_bytes / WRITES, "bytes/op", raw, floor.up_bytes / WRITES
        ),
    ]
