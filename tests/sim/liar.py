"""A node with a good key that lies: ops that it may not write, forged bytes, and no remorse.

Its key and epoch are the chain's own; its store is a list. It speaks the real session, so that
what it lies about gets as far as a lie can.
"""

from collections.abc import Callable
from random import Random

from sync_protocol.blocks import Block, ChainHeads
from sync_protocol.frames import CODECS_READ, pack_frame
from sync_protocol.kinds import TRANSACTION
from sync_protocol.messages import (
    Blocks,
    Push,
    push_signing_bytes,
    unpack_message,
)
from sync_protocol.node_identity import NodeIdentity
from sync_protocol.node_session import NodeSession
from sync_protocol.ops import Header, Op, genesis_hash, make_op
from sync_protocol.outbox import Outbox
from sync_protocol.session import FENCED, OFFLINE
from sync_protocol.session_events import (
    BlocksReceived,
    BlocksWanted,
    Cursor,
    Event,
    HashWanted,
    OpsWanted,
    SessionFenced,
    Transmit,
)
from sync_protocol.topics import blocks_topic, up_topic
from tests.sim.faults import Faults
from tests.sim.hub import CHAIN, HUB_KEY, Hub
from tests.sim.lies import LIAR, LIAR_CAFE, Lies
from tests.sim.network import Network
from tests.sim.schedule import Schedule
from tests.sim.signing import Key

UNKNOWN_KIND = 999


class Liar:
    """Node `LIAR` of a cafe of its own. `opening` is the block up to which it has the log."""

    def __init__(
        self,
        schedule: Schedule,
        network: Network,
        faults: Faults,
        hub: Hub,
        random: Random,
        opening: Block,
    ) -> None:
        self._schedule = schedule
        self._network = network
        self._faults = faults
        self._hub = hub
        self._random = random
        self.node = node = LIAR
        self.cafe = LIAR_CAFE
        self._key = Key(f"node {node}")
        self.ops: list[Op] = []
        self.kinds: dict[int, str] = {}
        """seq -> what it is: "good", or a kind of `faults.FAULTS`"""
        self.lies = Lies(random)
        self.poison_sent = 0
        self.forged_blocks = 0
        self.revoked = False
        self._spoils_signature = False
        identity = NodeIdentity(CHAIN, node, 1, "liar", b"", self._key.sign)
        genesis = genesis_hash(CHAIN, node, 1)
        last = opening.entries[-1]
        self.session = NodeSession(
            identity,
            Outbox(0, genesis, 0, genesis),
            Cursor(1, 0, opening.last_position(), opening.number, opening.hash),
            ChainHeads(CHAIN, {(last.node, last.epoch): (last.seq, last.hash)}),
            HUB_KEY.verify,
            random.randrange,
        )

    # --- lies -------------------------------------------------------------------------------------

    def act(self) -> None:
        """Do one thing that is enabled, or write something good."""
        lies = [
            kind
            for kind in (
                "poison_message",
                "wrong_signature",
                "other_cafe",
                "forged_op",
                "unknown_kind",
                "forged_block",
            )
            if self._faults.on(kind)
        ]
        lie = self._random.choice([*lies, "good"])
        if lie == "poison_message":
            self._poison()
        elif lie == "wrong_signature":
            if self._random.random() < 0.5:
                self._forge_batch()
            else:
                self._spoils_signature = True
                self._write("good", *self.lies.good())
        elif lie == "other_cafe":
            self._write(lie, *self.lies.for_other_cafe())
        elif lie == "forged_op":
            self._write(lie, *self.lies.forged())
        elif lie == "forged_block":
            self._forge_block()
        elif lie == "unknown_kind":
            self._write(lie, UNKNOWN_KIND, ["of a later version", self._random.randrange(99)])
        else:
            self._write("good", *self.lies.good())

    def _write(self, lie: str, kind: int, body: object) -> None:
        seq = len(self.ops) + 1
        previous = self.ops[-1].hash if self.ops else genesis_hash(CHAIN, self.node, 1)
        stamp_ms = self._schedule.true_ms + self._random.choice((0, 0, 10**12, -(10**12)))
        header = Header(
            1,
            kind,
            self.node,
            1,
            seq,
            stamp_ms << 16,
            1,
            self._random.choice((0, 2)),
            1,
            0,
            self._random.choice((0, 1, 1 << 40)),
            0,
            0,
            0,
        )
        op = make_op(header, body, previous)
        self.ops.append(op)
        self.kinds[seq] = lie
        self._handle(self.session.ops_appended(seq, op.hash, self._schedule.now_ms))

    def _poison(self) -> None:
        """Send bytes that are no batch, in its own name or in an honest node's."""
        random = self._random
        node = random.choice((self.node, 1, 2))
        data = random.choice(
            (
                b"",
                random.randbytes(40),
                b"\x91" * 600,
                b"\xc1",
                b"\xcb\x7f\xf8\0\0\0\0\0\0",
                b"\x92\x01\x01",
                b"\x95\x03\x01\x00\xc4\x00\xc4\x00",
                Push(node, 1, 1, random.randbytes(30), b"s" * 64).pack(),
                Push(node, 7, 1, b"\x00\x01\x90", b"s" * 64).pack(),
            )
        )
        self.poison_sent += 1
        self._network.forge(up_topic(CHAIN, node), data)

    def _forge_batch(self) -> None:
        """Write in an honest node's name, as its log continues, under a key of our own."""
        node = self._random.choice((1, 2))
        seq, hash = self.session.follower.heads.get(node, 1)
        stamp = self._schedule.true_ms << 16
        member = self._random.choice(self.lies.members) if self.lies.members else 5
        header = Header(1, TRANSACTION, node, 1, seq + 1, stamp, 1, 2, 1, 0, 0, 0, 0, 0)
        postings: list[list[object]] = [
            [1, node, 0, 0, 0, "fen", 9_999],
            [10, member, node, 1, 0, "fen", -9_999],
        ]
        op = make_op(header, self.lies.transaction(node, postings), hash)
        signed = push_signing_bytes(CHAIN, node, 1, seq + 1, op.hash)
        rows: list[object] = [op.wire_row()]
        push = Push(node, 1, seq + 1, pack_frame(rows, CODECS_READ), self._key.sign(signed))
        self._network.forge(up_topic(CHAIN, node), push.pack())

    def _forge_block(self) -> None:
        """Publish a block that follows the log: the money of a member in its own purse."""
        cursor = self.session.follower.cursor
        seq = self.session.follower.heads.get(0, 1)[0] + 1
        member = self._random.choice(self.lies.members) if self.lies.members else 5
        postings = [
            [10, member, 0, 0, 0, "fen", 10_000],
            [10, member, self.node, 1, 0, "fen", -10_000],
        ]
        header = [1, TRANSACTION, 0, 1, seq, self._schedule.true_ms << 16, 0, 2, 1, 0, 0, 0, 0, 0]
        body = [0, 6, 20260528, 480, 0, 7, None, postings]
        stamp = self._schedule.true_ms << 16
        rows: list[object] = [[1, header, body, [stamp, 1, None]]]
        message = Blocks(
            1,
            0,
            cursor.block_number + 1,
            cursor.position + 1,
            cursor.block_hash,
            [1],
            pack_frame(rows, CODECS_READ),
            self._key.sign(b"a block"),
        )
        self.forged_blocks += 1
        self._network.publish_down(blocks_topic(CHAIN), message.pack())

    # --- the session's host -----------------------------------------------------------------------

    def start(self) -> None:
        self._connect()
        self._schedule.after(1_000, self._tick)

    def _connect(self) -> None:
        if self._network.connect(self.node):
            now_ms, wall_ms = self._schedule.now_ms, self._schedule.true_ms
            self._handle(self.session.connected(now_ms, wall_ms, 1))
        else:
            self._schedule.after(3_000, self._connect)

    def disconnected(self) -> None:
        if self.session.state != OFFLINE:
            self.session.disconnected()
        self._schedule.after(2_000, self._connect)

    def _tick(self) -> None:
        self._schedule.timers += 1
        self._handle(self.session.tick(self._schedule.now_ms, self._schedule.true_ms))
        self._schedule.after(1_000, self._tick)

    def receive(self, data: bytes) -> None:
        self._handle(self.session.receive(data, self._schedule.now_ms, self._schedule.true_ms))

    def _handle(self, events: list[Event]) -> None:
        queue = list(events)
        while queue:
            event = queue.pop(0)
            if isinstance(event, Transmit):
                self._network.publish_up(self.node, self._spoilt(event.data))
            elif isinstance(event, OpsWanted):
                first = event.from_seq - 1
                ops = self.ops[first : first + event.limit]
                queue += self.session.push(ops, self._schedule.now_ms)
            elif isinstance(event, HashWanted):
                hash = self.ops[event.seq - 1].hash if event.seq else None
                queue += self.session.hash_known(event.seq, hash, self._schedule.now_ms)
            elif isinstance(event, BlocksReceived):
                self.session.blocks_applied(event.cursor, self._schedule.now_ms)
            elif isinstance(event, BlocksWanted):
                self._network.request(self.node, self._ask(event), self._receive_blocks)
            elif isinstance(event, SessionFenced):
                self.revoked = True

    def _ask(self, event: BlocksWanted) -> Callable[[], bytes | None]:
        return lambda: self._hub.blocks(event.generation, event.first, event.last, self.cafe)

    def _receive_blocks(self, data: object) -> None:
        if isinstance(data, bytes):
            self._handle(self.session.receive_blocks(data, self._schedule.now_ms))

    def _spoilt(self, data: bytes) -> bytes:
        """Return a batch with a signature of another key, once, where that is wanted."""
        if not self._spoils_signature:
            return data
        message = unpack_message(data)
        if not isinstance(message, Push):
            return data
        self._spoils_signature = False
        message.signature = Key("somebody else").sign(b"anything")
        return message.pack()

    def push_when_revoked(self) -> None:
        """Send a good batch past the fence, as a node does that does not listen."""
        if self.session.state != FENCED:
            return
        self._write("revoked_node", *self.lies.good())
        first = self.session.outbox.acked_seq
        ops = self.ops[first:]
        last = ops[-1]
        signature = self._key.sign(
            push_signing_bytes(CHAIN, self.node, 1, last.header.seq, last.hash)
        )
        rows: list[object] = [op.wire_row() for op in ops]
        frame = pack_frame(rows, CODECS_READ)
        push = Push(self.node, 1, first + 1, frame, signature)
        self._network.forge(up_topic(CHAIN, self.node), push.pack())
