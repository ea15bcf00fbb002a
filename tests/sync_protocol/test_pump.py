"""The pump: ops arrive once over a line that is cut; a bug of the host is not swallowed."""

import asyncio
from typing import ClassVar

import pytest

from sync_protocol.blocks import Block
from sync_protocol.greetings import FENCED_FORK
from sync_protocol.pump import JOINED_OPS_MAX, LineLostError, Pump
from sync_protocol.session_events import BlocksReceived, Cursor, SessionFenced, Transmit
from tests.micropython.pump_line import (
    NODE,
    MemoryHost,
    MemoryTransport,
    RealClock,
    send_through_cuts,
)
from tests.sync_protocol.peers import HubHost, NodeHost, Random


@pytest.mark.parametrize("seed", range(3))
async def test_ops_arrive_once_through_cuts(seed):
    node_host, hub, lines = await send_through_cuts(seed, 600)
    assert hub.position == len(node_host.ops) == 600
    assert lines > 1


def pump_of(host_class=MemoryHost, transport_class=MemoryTransport):
    hub = HubHost()
    hub.enrol(NODE)
    node_host = NodeHost(NODE, 1, Random(1))
    clock = RealClock()
    transport = transport_class(hub, clock)
    host = host_class(node_host, hub)
    return Pump(node_host.session, host, transport, clock, Random(2).below), node_host, hub


async def test_a_bug_of_the_host_ends_the_pump_with_its_error():
    class BrokenHost(MemoryHost):
        async def read_ops(self, *_asked):
            raise KeyError("broken")

    pump, node_host, _hub = pump_of(BrokenHost)
    last = node_host.append(3)
    pump.ops_appended(3, last.hash)
    with pytest.raises(KeyError, match="broken"):
        await asyncio.wait_for(pump.run(), 10)


async def test_short_ranges_that_wait_are_committed_as_one():
    class SlowHost(MemoryHost):
        ranges: ClassVar = []

        async def apply_blocks(self, event):
            await free.wait()
            self.ranges.append(([block.number for block in event.blocks], event.signature))
            if len(self.ranges) == 4:
                done.set()

    free, done = asyncio.Event(), asyncio.Event()
    pump, _node_host, _hub = pump_of(SlowHost)
    applying = asyncio.create_task(pump._apply_loop())
    await pump.send([a_range(1, 1)])
    await asyncio.sleep(0)  # it is being committed
    await pump.send([a_range(2, 1), a_range(3, JOINED_OPS_MAX - 1), a_range(4, 1)])
    await pump.send([a_range(5, 1, generation=2)])
    free.set()
    await asyncio.wait_for(done.wait(), 10)
    applying.cancel()
    expected = [([1], b"1"), ([2, 3], b"3"), ([4], b"4"), ([5], b"5")]
    assert SlowHost.ranges == expected


def a_range(number, ops, generation=1):
    """Return a received range of one block, 1,000 positions after the one before."""
    first_position = number * 1000
    block = Block(generation, 0, number, first_position, bytes(32), [])
    cursor = Cursor(generation, 0, first_position + ops - 1, number, block.hash)
    return BlocksReceived([block], cursor, str(number).encode())


async def test_a_fence_is_told_even_when_the_line_is_lost_before_it():
    pump, node_host, _hub = pump_of()  # its line was never opened
    with pytest.raises(LineLostError):
        await pump.send([Transmit("topic", b"data"), SessionFenced(FENCED_FORK, 1)])
    assert isinstance(node_host.events[-1], SessionFenced)
