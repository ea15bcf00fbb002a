"""What the suites of the session share: a node and its hub, at any stage, and what they say."""

from sync_protocol.frames import CODECS_READ, pack_frame
from sync_protocol.greetings import Hello
from sync_protocol.messages import Head, Push, push_signing_bytes, unpack_message
from sync_protocol.session import SYNCING
from sync_protocol.session_events import Transmit
from tests.sync_protocol.peers import (
    CHAIN,
    HUB_KEY,
    WALL_MS,
    HubHost,
    Line,
    NodeHost,
    Random,
    node_key,
)

NODE = 3


def kinds(events):
    return [event.__class__ for event in events]


def messages(events):
    return [unpack_message(event.data) for event in events if isinstance(event, Transmit)]


def only(events, event_class):
    found = [event for event in events if isinstance(event, event_class)]
    assert len(found) == 1, kinds(events)
    return found[0]


def pair(ops=0, **limits):
    """Return (line, host, hub) of an enrolled node with `ops` ops, not yet connected."""
    random = Random(1)
    hub = HubHost(**limits)
    hub.enrol(NODE)
    host = NodeHost(NODE, 1, random)
    if ops:
        host.append(ops)
        host.start()
    return Line(hub, [host], random), host, hub


def connected(ops=0, **limits):
    line, host, hub = pair(ops, **limits)
    line.connect(host)
    line.settle()
    line.step()
    assert host.session.state == SYNCING
    return line, host, hub


def push_of(ops, node=NODE, epoch=1, key=None, first_seq=None):
    """Return the bytes of a batch of ops as their author would send it."""
    last = ops[-1]
    signed = push_signing_bytes(CHAIN, node, epoch, last.header.seq, last.hash)
    rows = [op.wire_row() for op in ops]
    signature = (key or node_key(node)).sign(signed)
    seq = first_seq or ops[0].header.seq
    return Push(node, epoch, seq, pack_frame(rows, CODECS_READ), signature).pack()


def hello_of(host, chain=CHAIN, node=NODE, key=None):
    hello = Hello(
        chain, node, 1, 5, len(host.ops), host.hash_at(len(host.ops)), 0, host.hash_at(0), 1, 0, 0,
        0, bytes(32), CODECS_READ, WALL_MS, 1, "", b"",
    )  # fmt: skip
    return hello.sign(chain, node, (key or node_key(node)).sign)


def signed_head(generation, block_number, position):
    head = Head(generation, 0, block_number, position, bytes(8), 0, WALL_MS)
    return head.sign(CHAIN, 0, HUB_KEY.sign)
