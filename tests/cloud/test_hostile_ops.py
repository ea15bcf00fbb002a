"""Ops signed as they should be and made to stop the hub: taken or void, as any other."""

import random

import pytest

from cloud.domain.grants import GrantPolicy
from cloud.hub.inbox import Inbox
from cloud.hub.metrics import HubMetrics
from cloud.hub.worker import Worker
from cloud.store import reports
from sync_protocol.annotations import VOID
from sync_protocol.frames import CODECS_READ, FRAME_BYTES_MAX, pack_frame
from sync_protocol.greetings import Hello
from sync_protocol.kinds import MEMBER, NODE, TRANSACTION, TRANSFER, VISIT
from sync_protocol.messages import (
    Blocks,
    Push,
    push_signing_bytes,
    unpack_message,
)
from sync_protocol.registers import BLOB_MAX
from tests.cloud import bodies
from tests.cloud.chain import NOW_MS, Chain
from tests.sync_protocol.peers import Key

MEMBER_ID = 4001


def _with_unit(unit):
    body = bodies.points(1, MEMBER_ID, 1, 1, 10)
    for posting in body[7]:
        posting[5] = unit
    return body


def _nested(depth):
    value = [1]
    for _ in range(depth - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("kind", "body", "detail"),
    [
        (TRANSACTION, _with_unit("fen\x00"), "malformed"),
        (MEMBER, bodies.register(MEMBER, MEMBER_ID, 1, {"name": "a\x00b"}), "malformed"),
        (MEMBER, bodies.register(MEMBER, MEMBER_ID, 1, {"home_cafe": 1 << 53}), None),
        (VISIT, bodies.register(VISIT, 5, 1, {"member": 1, "business_day": 1 << 53}), None),
        (TRANSFER, bodies.register(TRANSFER, 5, 1, {"lines": _nested(8)}), None),
        (TRANSFER, bodies.register(TRANSFER, 5, 1, {"lines": _nested(9)}), "malformed"),
    ],
    ids=["zero_in_unit", "zero_in_name", "great_cafe", "great_day", "deep_list", "too_deep_list"],
)
def test_a_body_that_a_table_or_a_hash_cannot_hold_is_void(chain, kind, body, detail):
    author = chain.node(1, 1)
    [annotation] = chain.commit(author.op(kind, body))
    assert annotation.detail == detail
    assert (annotation.verdict == VOID) == (detail is not None)
    end = chain.builder.head.position
    assert reports.fold_chunk(chain.database, end) == end
    assert chain.refolded().equal


class Line:
    """A worker that hears one node, and what it publishes."""

    def __init__(self, chain: Chain):
        self.inbox = Inbox()
        self.published = []
        self.worker = Worker(
            chain.builder,
            self.inbox,
            HubMetrics(),
            lambda: NOW_MS,
            lambda: (bodies.DAY, 480),
            GrantPolicy(),
            lambda messages, _number: self.published.extend(data for _topic, data in messages),
        )

    def hear(self, message):
        assert self.inbox.put(1, message.pack())


def test_pictures_that_come_at_once_are_published_in_blocks_that_a_message_holds(
    sqlite_chain, monkeypatch
):
    key = Key(b"node 1")
    monkeypatch.setattr("cloud.hub.node_sessions.verifier", lambda _public: key.verify)
    author = sqlite_chain.node(1, 1)
    line = Line(sqlite_chain)
    genesis = author.hash
    # fmt: off
    hello = Hello(
        "test", 1, 1, 1, 0, genesis, 0, genesis, 1, 0, 0, 0, bytes(32), CODECS_READ, NOW_MS, 1,
        "", b"",
    )
    # fmt: on
    hello.sign("test", 1, key.sign)
    line.hear(hello)
    line.worker.run_round()
    noise = random.Random(1)
    for number in range(16):
        photo = noise.randbytes(BLOB_MAX)
        op = author.op(MEMBER, bodies.register(MEMBER, 5000 + number, 1, {"photo": photo}))
        signed = push_signing_bytes("test", 1, 1, op.header.seq, op.hash)
        frame = pack_frame([op.wire_row()], CODECS_READ)
        line.hear(Push(1, 1, op.header.seq, frame, key.sign(signed)))
    line.worker.run_round()
    blocks = [
        message for message in map(unpack_message, line.published) if isinstance(message, Blocks)
    ]
    assert sum(sum(block.counts) for block in blocks) == 16
    assert all(len(block.frame) <= FRAME_BYTES_MAX for block in blocks)
    assert sqlite_chain.builder.authors[1, 1].seq == 16
    assert sqlite_chain.builder.state.register(NODE, 1) is not None
