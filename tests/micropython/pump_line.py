"""A node's pump over a line in memory that is cut as it goes. Runs on both interpreters.

Usage: pump_line.py SEED OPS. Prints what arrived.
"""

import asyncio
import sys
import time

sys.path.insert(0, ".")

from sync_protocol.pump import Clock, LineLostError, Pump, PumpHost, Transport
from tests.sync_protocol.peers import (
    WALL_MS,
    HubHost,
    NodeHost,
    Random,
    check_agreement,
)

NODE = 3
BATCH_OPS = 50
DEADLINE_S = 60


class RealClock(Clock):
    """The interpreter's own time, from 0."""

    def __init__(self):
        self.start_s = time.time()

    def now_ms(self):
        return int((time.time() - self.start_s) * 1000)

    def wall_ms(self):
        return WALL_MS + self.now_ms()

    def segment(self):
        return 1


class MemoryTransport(Transport):
    """A line to a hub in the same process. `cut` ends it in the middle of anything."""

    def __init__(self, hub, clock):
        self.hub = hub
        self.clock = clock
        self.is_open = False
        self.opened = 0
        self.arrived = asyncio.Event()
        self.messages = []

    async def open(self):
        await asyncio.sleep(0)
        self.is_open = True
        self.opened += 1
        self.messages = []

    async def publish(self, topic, data):  # noqa: ARG002 - there is one hub
        await asyncio.sleep(0)
        if not self.is_open:
            raise LineLostError
        now_ms = self.clock.now_ms()
        self.messages.extend(self.hub.receive(NODE, data, now_ms) + self.hub.commit(now_ms))
        self.arrived.set()

    async def receive(self):
        while not self.messages:
            if not self.is_open:
                raise LineLostError
            await self.arrived.wait()
            self.arrived.clear()
        return self.messages.pop(0)

    async def close(self):
        self.cut()

    def cut(self):
        self.is_open = False
        self.arrived.set()


class MemoryHost(PumpHost):
    """Keeps ops and blocks in the lists of a `NodeHost`; the network for repairs is the hub."""

    def __init__(self, node_host, hub):
        self.node_host = node_host
        self.hub = hub

    async def read_ops(self, from_seq, limit):
        return self.node_host.ops[from_seq - 1 : from_seq - 1 + limit]

    async def hash_of(self, seq):
        known = seq <= len(self.node_host.ops)
        return self.node_host.hash_at(seq) if known else None

    async def apply_blocks(self, event):
        await asyncio.sleep(0)
        self.node_host.blocks.extend(event.blocks)
        self.node_host.applied = event.cursor

    async def fetch_blocks(self, wanted):
        await asyncio.sleep(0)
        return self.hub.range(wanted.first, min(wanted.last, len(self.hub.blocks)))

    async def notify(self, event):
        self.node_host.events.append(event)


async def send_through_cuts(seed, count):
    """Push `count` ops while the line is cut again and again; return (node host, hub, lines)."""
    random = Random(seed)
    hub = HubHost()
    hub.enrol(NODE)
    node_host = NodeHost(NODE, 1, random)
    clock = RealClock()
    transport = MemoryTransport(hub, clock)
    pump = Pump(node_host.session, MemoryHost(node_host, hub), transport, clock, random.below)
    task = asyncio.create_task(pump.run())
    while len(node_host.ops) < count:
        last = node_host.append(BATCH_OPS)
        pump.ops_appended(last.header.seq, last.hash)
        await asyncio.sleep(0.01)
        if random.percent(30):
            transport.cut()
    deadline_s = time.time() + DEADLINE_S
    while not settled(node_host, hub):
        assert time.time() < deadline_s, "not settled"
        await asyncio.sleep(0.02)
    task.cancel()
    try:  # noqa: SIM105 - MicroPython has no contextlib
        await task
    except asyncio.CancelledError:
        pass
    check_agreement(hub, [node_host])
    return node_host, hub, transport.opened


def settled(node_host, hub):
    done = node_host.session.unacked_ops() == 0
    return done and node_host.applied.block_number == len(hub.blocks)


if __name__ == "__main__":
    sent, hub_host, lines = asyncio.run(send_through_cuts(int(sys.argv[1]), int(sys.argv[2])))
    print(f"{hub_host.position} of {len(sent.ops)} ops over {lines} lines")
