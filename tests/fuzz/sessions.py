"""Whole sessions in memory: one side real and honest, the other one's frames spoilt on their way.

Behind a good signature the frames are spoilt too: the node's hub signs malformed entries, the
hub's node malformed ops. What a side then does with them is folded, hashed and, at the hub, judged.
"""

from cloud.domain.cases import opening_body
from cloud.domain.judge import BODY_BYTES_MAX, Author, judge, judge_oversized
from sync_protocol.accounts import CLASSES
from sync_protocol.annotations import annotation_from_row
from sync_protocol.clock import effective_stamp
from sync_protocol.codec import pack
from sync_protocol.errors import ProtocolError
from sync_protocol.fold import fold_op, personal_subject
from sync_protocol.kinds import CASE, KINDS
from sync_protocol.message_fields import SignedMessage
from sync_protocol.messages import unpack_message
from sync_protocol.registers import write_from_body
from sync_protocol.session import FENCED, SYNCING, WAITING
from sync_protocol.session_events import (
    BatchQuarantined,
    BlocksReceived,
    BlocksRefused,
    MessageIgnored,
    PeerErred,
    SessionFenced,
)
from sync_protocol.topics import blocks_topic
from tests.fuzz.crafting import hello, signed_blocks, signed_push, spoilt
from tests.fuzz.draw import Draw, mutate_bytes
from tests.fuzz.targets import TAKEN, Target, promise
from tests.sync_protocol.memory_state import MemoryState
from tests.sync_protocol.peers import CHAIN, HUB_KEY, WALL_MS, HubHost, NodeHost, Random, node_key

NODE = 3
HONEST = 4
OTHERS = (0, 5, 7)
STEP_MS = 400
SEEN_MAX = 40
_WORDS = ((PeerErred, ""), (BatchQuarantined, "batch "), (BlocksRefused, "blocks "))


def word_of(events) -> str:
    """Return the count's word for what a frame led to."""
    for event in events:
        for event_class, prefix in _WORDS:
            if isinstance(event, event_class):
                return prefix + event.code
        if isinstance(event, SessionFenced):
            return "fenced"
    ignored = events and all(isinstance(event, MessageIgnored) for event in events)
    return "ignored" if ignored else TAKEN


class SessionRun(Target):
    """What both sides share: frames on their way, those seen before, and how they are spoilt."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = 0
        self.waiting: list[bytes] = []
        self.seen: list[bytes] = [b"\x00"]

    def put(self, frames) -> None:
        for frame in frames:
            self.waiting.append(frame)
            if len(self.seen) < SEEN_MAX:
                self.seen.append(frame)

    def sign(self, data: bytes) -> bytes:
        """Sign as the side whose frames are spoilt."""
        raise NotImplementedError

    def crafted(self, draw: Draw) -> bytes:
        """Return a frame of which everything but the content is right."""
        raise NotImplementedError

    def make(self, draw: Draw) -> bytes:
        roll = draw.below(100)
        if roll < 30 and self.waiting:
            return self.waiting.pop(draw.below(len(self.waiting)) if draw.chance(20) else 0)
        if roll < 55:
            return self.crafted(draw)
        if roll < 65:
            return draw.pick(self.seen)  # again, or out of its turn
        frame = draw.pick(self.waiting or self.seen)
        if roll < 80:
            return mutate_bytes(draw, frame, self.seen)
        return spoilt_message(draw, frame, self.sign)


def spoilt_message(draw: Draw, frame: bytes, sign) -> bytes:
    """Return a message with other values in its fields, packed and mostly signed as it should."""
    try:
        message = unpack_message(frame)
    except ProtocolError:
        return mutate_bytes(draw, frame, (frame,))
    fields = [field[0] for field in type(message).FIELDS]
    for _ in range(1 + draw.below(2)):
        if fields:
            name = draw.pick(fields)
            setattr(message, name, spoilt(draw, getattr(message, name), 100))
    try:
        if isinstance(message, SignedMessage) and draw.chance(75):
            return message.sign(CHAIN, NODE, sign)
        return message.pack()
    except ProtocolError:
        return frame


class NodeRun(SessionRun):
    """A box's session hears a hub whose frames are spoilt; what it takes is folded and hashed."""

    name = "node_session"
    frames = 24

    def start(self) -> "NodeRun":
        run = NodeRun()
        run.open()
        return run

    def open(self) -> None:
        random = Random(1)
        self.hub = HubHost(ops_max=3, window=2)
        self.hub.enrol(NODE)
        self.node = NodeHost(NODE, 1, random)
        self.node.append(9)
        self.node.start()
        self.state = MemoryState()
        self._say(self.node.session.connected(0, WALL_MS, 1))

    def _say(self, events) -> None:
        for _topic, data in self.node.handle(events, self.now_ms):
            self.put(data for _topic, data in self.hub.receive(NODE, data, self.now_ms))
        self.put(data for _topic, data in self.hub.commit(self.now_ms))

    def sign(self, data: bytes) -> bytes:
        return HUB_KEY.sign(data)

    def is_over(self) -> bool:
        return self.node.session.state == FENCED

    def crafted(self, draw: Draw) -> bytes:
        follower = self.node.session.follower
        return signed_blocks(draw, CHAIN, follower.cursor, follower.heads, OTHERS, self.sign)

    def take(self, frame: bytes) -> str:
        self.now_ms += STEP_MS
        session = self.node.session
        self.node.events.clear()
        self._say(session.receive(frame, self.now_ms, WALL_MS + self.now_ms))
        word = word_of(self.node.events)
        for event in self.node.said(BlocksReceived):
            for block in event.blocks:
                for entry in block.entries:
                    word = self._fold(entry) or word
        self._say(session.tick(self.now_ms, WALL_MS + self.now_ms))
        while self.node.repairs:
            self.node.repairs.pop()
            self._say(session.receive_blocks(frame, self.now_ms))
        return word

    def _fold(self, entry) -> str:
        """Fold as a box does: what the hub signed may be refused, and nothing else."""
        if entry.op is None or entry.op.header.kind not in KINDS:
            return ""
        try:
            personal_subject(entry.op.header.kind, entry.op.body)
            fold_op(self.state, entry.op, entry.annotation, NODE)
            self.state.state_hash()
        except ProtocolError as error:
            return "fold " + error.code
        return ""

    def finish(self) -> None:
        """Nothing was acked that was not written, and nothing taken twice."""
        session = self.node.session
        promise(session.outbox.acked_seq <= session.outbox.seq, "acked beyond what was written")
        own = [entry for block in self.node.blocks for entry in block.entries]
        promise(len({(e.node, e.epoch, e.seq) for e in own}) == len(own), "an op was taken twice")


class JudgingHub(HubHost):
    """Judges, folds and hashes as the hub does, with state in memory."""

    def __init__(self) -> None:
        super().__init__(ops_max=5, window=3)
        self.state = Facts()
        self.effective: dict[int, int] = {}

    def annotate(self, op):
        node = op.header.node
        effective = effective_stamp(op.header.stamp, 0, WALL_MS, self.effective.get(node, 0), 0)
        self.effective[node] = effective
        if op.body is not None and len(pack(op.body)) > BODY_BYTES_MAX:
            op.body = None
            judged = judge_oversized(op, effective)
        else:
            judged = judge(op, Author(node), effective, self.state)
        annotation = judged.annotation
        annotation_from_row(annotation.row())
        if op.header.kind in KINDS:
            fold_op(self.state, op, annotation, 0)
        if judged.conflict is not None:
            write_from_body(KINDS[CASE], opening_body(judged.conflict, node, WALL_MS))
        check_ledger((account, amount) for (_, account), amount in self.state.balances.items())
        return annotation


def check_ledger(balances) -> None:
    """At every prefix of the log each unit sums to zero and no limited account is below zero."""
    sums: dict[str, int] = {}
    for account, amount in balances:
        row = CLASSES[account[0]]
        promise(not row.limited or amount * row.side >= 0, "a limited account is below zero")
        sums[account[5]] = sums.get(account[5], 0) + amount
    promise(not any(sums.values()), "a unit does not sum to zero")


class Facts(MemoryState):
    def balance(self, section, account):
        return self.balances.get((section, account), 0)

    def is_erased(self, subject):
        return subject in self.erased


class HubRun(SessionRun):
    """The hub's session hears a node whose frames are spoilt; another follows what it took."""

    name = "hub_session"
    frames = 24

    def start(self) -> "HubRun":
        run = HubRun()
        run.open()
        return run

    def open(self) -> None:
        self.hub = JudgingHub()
        self.hosts = {}
        for node in (NODE, HONEST):
            self.hub.enrol(node)
            host = self.hosts[node] = NodeHost(node, 1, Random(node))
            host.append(6)
            host.start()
        liar = self.hosts[NODE]
        self._put(liar, liar.session.connected(0, WALL_MS, 1))

    def _put(self, liar, events) -> None:
        self.put(data for _topic, data in liar.handle(events, self.now_ms))

    def sign(self, data: bytes) -> bytes:
        return node_key(NODE).sign(data)

    def crafted(self, draw: Draw) -> bytes:
        session = self.hub.session(NODE)
        if session.state in (FENCED, WAITING):
            return self._hello()
        previous = session._taken_hash or self.hub.hash_at(NODE, 0)
        return signed_push(draw, CHAIN, NODE, session.taken_seq, previous, self.sign)

    def _hello(self) -> bytes:
        """Return a greeting that agrees with the log, whatever was said before."""
        seq = len(self.hub.logs[NODE, 1])
        hash, genesis = self.hub.hash_at(NODE, seq), self.hub.hash_at(NODE, 0)
        return hello(CHAIN, NODE, seq, hash, genesis, self.sign)

    def take(self, frame: bytes) -> str:
        self.now_ms += STEP_MS
        self.hub.events.clear()
        answers = self.hub.receive(NODE, frame, self.now_ms)
        word = word_of(self.hub.events)
        answers += self.hub.commit(self.now_ms)
        liar, honest = self.hosts[NODE], self.hosts[HONEST]
        for topic, data in answers:
            self._put(liar, liar.session.receive(data, self.now_ms, WALL_MS + self.now_ms))
            if topic == blocks_topic(CHAIN):
                self._follow(honest, data)
        self._put(liar, liar.session.tick(self.now_ms, WALL_MS + self.now_ms))
        promise(self.hub.session(NODE).watermark <= self.hub.session(NODE).taken_seq, "acked early")
        return word

    def _follow(self, honest, data: bytes) -> None:
        """Other nodes verify and fold all that this hub publishes."""
        honest.events.clear()
        honest.handle(honest.session.receive_blocks(data, self.now_ms), self.now_ms)
        promise(not honest.said(BlocksRefused), "another node refuses the hub's block")
        promise(bool(honest.said(BlocksReceived)), "another node does not take the hub's block")

    def finish(self) -> None:
        """Another node flows past: it greets, pushes and is acked; state hashes are made."""
        honest = self.hosts[HONEST]
        up = honest.handle(honest.session.connected(self.now_ms, WALL_MS, 1), self.now_ms)
        for _ in range(6):
            down = [item for _topic, data in up for item in self.hub.receive(HONEST, data, 0)]
            down += self.hub.commit(self.now_ms)
            up = []
            for _topic, data in down:
                events = honest.session.receive(data, self.now_ms, WALL_MS)
                up += honest.handle(events, self.now_ms)
        promise(honest.session.state == SYNCING, "another node is not greeted")
        promise(honest.session.unacked_ops() == 0, "another node's ops are not acked")
        self.hub.state.state_hash()
