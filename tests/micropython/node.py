"""A whole node in MicroPython: writes ops, pushes them over MQTT, follows the hub's log.

Usage: node.py CHAIN CAFE NODE EPOCH GENERATION BROKER_PORT HTTP_PORT KEY_PORT OPS

MicroPython has no Ed25519: a stand-in at KEY_PORT signs for the node and verifies the hub (one
request a connection: a letter, then hexadecimal digits). Prints one JSON line when all ops are
acked and every block is applied: ops, blocks, the head's hash, how often the line was opened.
"""

import asyncio
import json
import socket
import sys
import time
from binascii import hexlify, unhexlify

sys.path.insert(0, ".")

from sync_protocol.accounts import DUE_FROM_CAFE, DUE_TO_CHAIN, FEN, TILL, WALLET
from sync_protocol.blocks import ChainHeads, log_genesis_hash
from sync_protocol.http_api import (
    NODE_HEADER,
    SIGNATURE_HEADER,
    blocks_target,
    request_signing_bytes,
)
from sync_protocol.kinds import TRANSACTION
from sync_protocol.ledger import REASON_TOP_UP
from sync_protocol.node_identity import NodeIdentity
from sync_protocol.node_session import NodeSession
from sync_protocol.ops import TRUST_NONE, Header, genesis_hash, make_op
from sync_protocol.outbox import Outbox
from sync_protocol.pump import Clock, Pump, PumpHost
from sync_protocol.session_events import BlocksRefused, Cursor, SessionFenced
from sync_protocol.topics import blocks_topic, down_topic, head_topic
from tests.micropython.mqtt import MqttTransport
from tests.sync_protocol.peers import Random

HOST = "127.0.0.1"
BURST_OPS = 25
BURST_PAUSE_S = 0.1
DEADLINE_S = 90
HTTP_S = 10


class Key:
    """Signs and verifies through the stand-in at a port."""

    def __init__(self, port):
        self.address = socket.getaddrinfo(HOST, port)[0][-1]

    def sign(self, data):
        return self._ask(b"s" + hexlify(data))

    def verify(self, signature, data):
        return self._ask(b"v" + hexlify(signature + data)) == b"\x01"

    def _ask(self, line):
        connection = socket.socket()
        try:
            connection.connect(self.address)
            stream = connection.makefile("rwb", 0)
            stream.write(line + b"\n")
            return unhexlify(stream.readline().strip())
        finally:
            connection.close()


class RealClock(Clock):
    """The machine's time; nobody steps it during a test."""

    def now_ms(self):
        return time.time_ns() // 1_000_000

    def wall_ms(self):
        return time.time_ns() // 1_000_000

    def segment(self):
        return 1


class Node(PumpHost):
    """Keeps its ops and what it knows of the log in memory."""

    def __init__(self, chain, cafe, node, epoch, generation, http_port, key):
        self.chain = chain
        self.cafe = cafe
        self.node = node
        self.epoch = epoch
        self.http_port = http_port
        self.key = key
        self.ops = []
        self.own_seqs = []
        self.blocks = 0
        self.repairs = 0
        self.cursor = Cursor(generation, 0, 0, 0, log_genesis_hash(chain, generation))

    def append(self):
        """Write a top-up to the log."""
        seq = len(self.ops) + 1
        stamp = time.time_ns() // 1_000_000 << 16
        cursor = self.cursor
        header = Header(
            1, TRANSACTION, self.node, self.epoch, seq, stamp, 1, TRUST_NONE,
            cursor.generation, cursor.stream, cursor.position, 0, 1, 0,
        )  # fmt: skip
        amount = 1000 + seq
        postings = [
            [TILL, self.cafe, 0, 0, 0, FEN, amount],
            [WALLET, 5000 + seq % 50, self.node, self.epoch, 0, FEN, -amount],
            [DUE_FROM_CAFE, self.cafe, 0, 0, 0, FEN, amount],
            [DUE_TO_CHAIN, self.cafe, 0, 0, 0, FEN, -amount],
        ]
        body = [self.cafe, REASON_TOP_UP, 20270501, 480, 0, 0, None, postings]
        self.ops.append(make_op(header, body, self.hash_at(seq - 1)))
        return self.ops[-1]

    def hash_at(self, seq):
        if seq:
            return self.ops[seq - 1].hash
        return genesis_hash(self.chain, self.node, self.epoch)

    async def read_ops(self, from_seq, limit):
        return self.ops[from_seq - 1 : from_seq - 1 + limit]

    async def hash_of(self, seq):
        return self.hash_at(seq) if seq <= len(self.ops) else None

    async def apply_blocks(self, event):
        for block in event.blocks:
            self.blocks += 1
            for entry in block.entries:
                if entry.node == self.node:
                    self.own_seqs.append(entry.seq)
                    if entry.hash != self.hash_at(entry.seq):
                        raise ValueError("another op than ours in the log")
        self.cursor = event.cursor

    async def fetch_blocks(self, wanted):
        self.repairs += 1
        target = blocks_target(wanted.generation, wanted.first, wanted.last)
        try:
            return await asyncio.wait_for(self._get(target), HTTP_S)
        except (OSError, EOFError, asyncio.TimeoutError):  # noqa: UP041 - not a built-in there
            return None

    async def _get(self, target):
        """Return the body of an HTTP/1.0 answer, None unless it is 200."""
        signed = request_signing_bytes(self.chain, self.node, self.epoch, "GET", target)
        signature = hexlify(self.key.sign(signed)).decode()
        reader, writer = await asyncio.open_connection(HOST, self.http_port)
        try:
            writer.write(
                (
                    f"GET {target} HTTP/1.0\r\n{NODE_HEADER}: {self.node}.{self.epoch}\r\n"
                    f"{SIGNATURE_HEADER}: {signature}\r\n\r\n"
                ).encode()
            )
            await writer.drain()
            status = await reader.readline()
            while await reader.readline() not in (b"\r\n", b""):
                pass
            body = await reader.read(-1)
            return body if b" 200 " in status else None
        finally:
            writer.close()

    async def notify(self, event):
        if isinstance(event, SessionFenced):
            raise ValueError(f"fenced: {event.reason}")
        if isinstance(event, BlocksRefused):
            raise ValueError(f"blocks refused: {event.code} {event.detail}")


async def main(chain, identity, generation, ports, count):
    cafe, node, epoch = identity
    broker_port, http_port, key_port = ports
    key = Key(key_port)
    host = Node(chain, cafe, node, epoch, generation, http_port, key)
    first = host.hash_at(0)
    random = Random(time.time_ns())
    session = NodeSession(
        NodeIdentity(chain, node, epoch, "micropython", b"test", key.sign),
        Outbox(0, first, 0, first),
        host.cursor,
        ChainHeads(chain),
        key.verify,
        random.below,
    )
    topics = [down_topic(chain, node), blocks_topic(chain), head_topic(chain)]
    transport = MqttTransport(HOST, broker_port, f"node-{node}-{epoch}", topics)
    pump = Pump(session, host, transport, RealClock(), random.below)
    task = asyncio.create_task(pump.run())
    deadline_s = time.time() + DEADLINE_S
    while len(host.ops) < count or session.unacked_ops() or len(host.own_seqs) < count:
        if len(host.ops) < count:
            for _ in range(BURST_OPS):
                last = host.append()
            pump.ops_appended(last.header.seq, last.hash)
        if task.done():
            await task
        if time.time() > deadline_s:
            raise ValueError(f"{session.unacked_ops()} unacked, {len(host.own_seqs)} followed")
        await asyncio.sleep(BURST_PAUSE_S)
    task.cancel()
    print(
        json.dumps(
            {
                "interpreter": sys.implementation.name,
                "ops": len(host.ops),
                "followed_in_order": host.own_seqs == list(range(1, count + 1)),
                "blocks": host.blocks,
                "block_hash": hexlify(host.cursor.block_hash).decode(),
                "lines": transport.opened,
                "repairs": host.repairs,
            }
        )
    )


if __name__ == "__main__":
    words = [int(word) for word in sys.argv[2:10]]
    asyncio.run(main(sys.argv[1], words[:3], words[3], words[4:7], words[7]))
