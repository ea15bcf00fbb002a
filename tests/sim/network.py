"""The broker and the lines to it: drop, double, delay, reorder, cut, swallow, all drawn by seed.

The broker keeps nothing (the protocol relies on no queue of it): what is under way when it dies,
when a line is cut or when the hub is down is lost. Faults come at rates of their own in each run.
Each machine has one line, named by its place; two machines of one node (one is a clone) go by one
client id, so that the broker hangs up on the one when the other connects.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from sync_protocol.topics import node_of_topic
from tests.sim.faults import Faults
from tests.sim.schedule import Schedule

DELAY_MS = (2, 60)
LATE_MS = (2_000, 9_000)
REQUEST_MS = (10, 200)
REQUEST_TIMEOUT_MS = 4_000
REQUEST_FAILS = 0.6
MESSAGE_FAULTS = ("message_lost", "message_doubled", "message_delayed")
"""Drawn for each message, each kind from a stream of its own."""


@dataclass(slots=True)
class Line:
    """One machine's line. `generation` grows with each connection: what was sent on an older one
    is lost. `slow_until_ms`: what comes down waits until then."""

    node: int
    receive: Callable[[bytes], None]
    disconnected: Callable[[], None]
    up: bool = False
    cut: bool = False
    half_open: bool = False
    generation: int = 0
    slow_until_ms: int = 0
    waiting: int = 0


class Network:
    """Carries messages between the hub and the nodes."""

    def __init__(self, schedule: Schedule, faults: Faults, random: Random) -> None:
        self._schedule = schedule
        self._faults = faults
        self._random = random
        self.lines: dict[int, Line] = {}
        self.hub_receive: Callable[[int, bytes], None] | None = None
        """None while the hub is down."""
        self.broker_up = True
        self.under_way = 0
        self._sent = 0
        self._arrived: dict[tuple[int, bool], int] = {}
        self._streams = {kind: Random(random.random()) for kind in MESSAGE_FAULTS}
        self._rates = {
            "message_lost": random.choice((0.01, 0.05, 0.15)),
            "message_doubled": random.choice((0.02, 0.1)),
            "message_delayed": random.choice((0.02, 0.1)),
        }

    # --- lines ------------------------------------------------------------------------------------

    def connect(self, place: int) -> bool:
        """Try to open a machine's line; False where there is none to be had."""
        line = self.lines[place]
        if line.cut or not self.broker_up:
            return False
        for other in self.lines.values():
            if other is not line and other.node == line.node:
                self._drop(other)
        line.up = True
        line.generation += 1
        return True

    def cut(self, place: int) -> None:
        """No line until `mend`."""
        line = self.lines[place]
        line.cut = True
        self._drop(line)

    def mend(self, place: int) -> None:
        line = self.lines[place]
        line.cut = line.half_open = False
        line.slow_until_ms = 0

    def hang_up(self, place: int) -> None:
        """The machine's process is gone: the broker notices at once."""
        line = self.lines[place]
        line.up = False
        line.generation += 1

    def kill_broker(self) -> None:
        """All lines drop, all that is under way is lost."""
        if self.under_way:
            self._faults.took_effect("broker_restart")
        self.broker_up = False
        for line in self.lines.values():
            self._drop(line)

    def start_broker(self) -> None:
        self.broker_up = True

    def _drop(self, line: Line) -> None:
        if line.up:
            line.up = False
            line.generation += 1
            line.disconnected()

    # --- messages ---------------------------------------------------------------------------------

    def publish_up(self, place: int, data: bytes) -> None:
        """A machine publishes to the hub."""
        line = self.lines[place]
        if line.up:
            self._send(place, line, data, True)

    def publish_down(self, topic: str, data: bytes) -> None:
        """The hub publishes to one node or to all."""
        if not self.broker_up:
            return
        node = int(topic.rpartition("/")[2]) if "/down/" in topic else None
        for place, line in self.lines.items():
            if line.up and node in (None, line.node):
                self._send(place, line, data, False)

    def forge(self, topic: str, data: bytes) -> None:
        """Somebody publishes to a topic of the hub without a line of their own."""
        node = node_of_topic("sim", topic)
        if node is not None and self.broker_up:
            self._schedule.after(self._delay(), self._forged, node, data)

    def _forged(self, node: int, data: bytes) -> None:
        if self.hub_receive is not None:
            self.hub_receive(node, data)

    def _delay(self) -> int:
        return self._random.randint(*DELAY_MS)

    def _strikes(self, kind: str) -> bool:
        return self._faults.on(kind) and self._streams[kind].random() < self._rates[kind]

    def _send(self, place: int, line: Line, data: bytes, up: bool) -> None:
        if line.half_open:
            self._faults.took_effect("half_open")
            return
        if self._strikes("message_lost"):
            self._faults.took_effect("message_lost")
            return
        copies = 2 if self._strikes("message_doubled") else 1
        for copy in range(copies):
            delay_ms = self._delay()
            late = self._strikes("message_delayed")
            if late:
                delay_ms += self._random.randint(*LATE_MS)
            if not up and line.slow_until_ms > self._schedule.now_ms:
                line.waiting += 1
                delay_ms = line.slow_until_ms - self._schedule.now_ms
            self._sent += 1
            self.under_way += 1
            self._schedule.after(
                delay_ms,
                self._arrive,
                place,
                line,
                line.generation,
                data,
                up,
                self._sent,
                late,
                copy,
            )

    def _arrive(
        self,
        place: int,
        line: Line,
        generation: int,
        data: bytes,
        up: bool,
        number: int,
        late: bool,
        copy: int,
    ) -> None:
        self.under_way -= 1
        if line.generation != generation:
            if line.cut:
                self._faults.took_effect("partition")
            return
        if line.half_open:
            self._faults.took_effect("half_open")
            return
        if up and self.hub_receive is None:
            return
        if late:
            self._faults.took_effect("message_delayed")
        if copy:
            self._faults.took_effect("message_doubled")
        last = self._arrived.get((place, up), 0)
        if number < last and self._faults.on("message_reordered"):
            self._faults.took_effect("message_reordered")
        self._arrived[place, up] = max(last, number)
        if up:
            self.hub_receive(line.node, data)
            return
        if line.waiting and line.slow_until_ms <= self._schedule.now_ms:
            if line.waiting > 2:
                self._faults.took_effect("slow_consumer")
            line.waiting = 0
        line.receive(data)

    # --- requests over HTTP -----------------------------------------------------------------------

    def request(
        self,
        place: int,
        ask: Callable[[], object],
        answer: Callable[[object], None],
    ) -> None:
        """Have the hub asked and `answer` called, each after a while; None after a failure."""
        self._schedule.after(
            self._random.randint(*REQUEST_MS),
            self._ask,
            place,
            self.lines[place].generation,
            ask,
            answer,
        )

    def _ask(
        self,
        place: int,
        generation: int,
        ask: Callable[[], object],
        answer: Callable[[object], None],
    ) -> None:
        line = self.lines[place]
        data = None
        if line.up and not line.half_open and line.generation == generation:
            if self._faults.on("request_failed") and self._random.random() < REQUEST_FAILS:
                self._faults.took_effect("request_failed")
            else:
                data = ask()
        delay_ms = REQUEST_TIMEOUT_MS if data is None else self._random.randint(*REQUEST_MS)
        self._schedule.after(delay_ms, self._answer, place, generation, data, answer)

    def _answer(
        self,
        place: int,
        generation: int,
        data: object,
        answer: Callable[[object], None],
    ) -> None:
        line = self.lines[place]
        answer(data if line.up and line.generation == generation else None)
