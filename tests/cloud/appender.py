"""A process that appends to a log as a hub does, as fast as it can: `test_two_hubs` starts several.

    python -m tests.cloud.appender URL [--slow-ms N] [--kill POINT:N] [--stop POINT:N]

Every process hears the same two nodes, so that all want to append the same ops next. Each committed
block is a line on stdout; a fenced process ends with code 3. `--slow-ms` holds each seventh commit
back, `--kill` and `--stop` (SIGKILL, SIGSTOP) strike when a point is reached for the n-th time.
"""

import argparse
import os
import signal
import sys
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud.hub.builder import Batch, BlockBuilder
from cloud.store.database import open_writer
from cloud.store.log import FencedError
from sync_protocol.codec import pack
from sync_protocol.kinds import TRANSACTION
from tests.cloud import bodies
from tests.cloud.chain import NOW_MS, Author

CHAIN = "test"
KEY = Ed25519PrivateKey.from_private_bytes(b"two hubs, one key, by mistake...")
NODES = (1, 2)
MEMBER_ID = 4001
OPS_OF_A_NODE = 1500
FENCED = 3
SLOW_EVERY = 7


def ops_of(node):
    """Return what a node writes: the same ops in every process."""
    author = Author(CHAIN, node, 1, node)
    return [
        author.op(TRANSACTION, bodies.top_up(node, MEMBER_ID, node, 1, 100 + number))
        for number in range(OPS_OF_A_NODE)
    ]


class Points:
    """What happens at the builder's points."""

    def __init__(self, arguments):
        self.slow_ms = arguments.slow_ms
        self.strikes = {}
        for text, number in ((arguments.kill, signal.SIGKILL), (arguments.stop, signal.SIGSTOP)):
            if text:
                point, _, times = text.partition(":")
                self.strikes[point, int(times)] = number
        self.reached = {}

    def reach(self, point):
        times = self.reached[point] = self.reached.get(point, 0) + 1
        number = self.strikes.get((point, times))
        if number is not None:
            print(f"struck {point}", flush=True)
            os.kill(os.getpid(), number)
        if point == "hub_committing" and self.slow_ms and times % SLOW_EVERY == 0:
            time.sleep(self.slow_ms / 1000)


def append(builder, ops):
    """Commit blocks of what the log lacks, one to three ops of each node in each."""
    while True:
        batches = []
        for node in NODES:
            seq = builder.authors[node, 1].seq
            part = ops[node][seq : seq + 1 + builder.head.block_number % 3]
            if part:
                batches.append(Batch(node, 1, part, [pack(op.body) for op in part], b"s" * 64))
        if not batches:
            print("all", flush=True)
            return
        committed = builder.build(batches, [])
        print(committed.block.number, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--slow-ms", type=int, default=0)
    parser.add_argument("--kill", default="")
    parser.add_argument("--stop", default="")
    arguments = parser.parse_args()
    ops = {node: ops_of(node) for node in NODES}
    database = open_writer(arguments.url)
    points = Points(arguments)
    builder = BlockBuilder(database, KEY.sign, lambda: NOW_MS, points.reach)
    print("ready", flush=True)
    try:
        append(builder, ops)
    except FencedError:
        return FENCED
    finally:
        database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
