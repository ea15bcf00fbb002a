"""Two real peers over a fake link: hosts in memory for both sessions, and a seeded lossy line.

Runs on CPython and on MicroPython. Signing is a stand-in: a keyed hash of the length of Ed25519's.
"""

from hashlib import sha256

from sync_protocol.annotations import APPLIED, Annotation
from sync_protocol.blocks import (
    Block,
    ChainHeads,
    block_signing_bytes,
    entry_of,
    log_genesis_hash,
)
from sync_protocol.frames import CODECS_WRITTEN, pack_frame
from sync_protocol.hub_facts import HubLimits, LogHead, NodeFacts
from sync_protocol.hub_session import HubSession
from sync_protocol.messages import Blocks, Head
from sync_protocol.node_identity import NodeIdentity
from sync_protocol.node_session import NodeSession
from sync_protocol.ops import HUB, Header, genesis_hash, make_op
from sync_protocol.outbox import Outbox
from sync_protocol.session import OFFLINE, SYNCING
from sync_protocol.session_events import (
    BatchReceived,
    BlocksReceived,
    BlocksWanted,
    Cursor,
    HashWanted,
    HelloReceived,
    HistoryWanted,
    OpsAcked,
    OpsWanted,
    SessionFenced,
    Transmit,
)
from sync_protocol.topics import (
    blocks_topic,
    down_topic,
    head_topic,
    up_topic,
)

CHAIN = "test"
WALL_MS = 1_780_000_000_000


class Random:
    """A seeded generator that is the same on both interpreters (xorshift64*, Vigna 2016)."""

    def __init__(self, seed):
        self.state = seed * 2654435761 + 88172645463325252 & (1 << 64) - 1

    def below(self, limit):
        x = self.state
        x ^= x >> 12
        x ^= x << 25 & (1 << 64) - 1
        x ^= x >> 27
        self.state = x
        return (x * 2685821657736338717 & (1 << 64) - 1) % limit

    def percent(self, chance):
        return self.below(100) < chance


class Key:
    """The stand-in for an Ed25519 key pair."""

    def __init__(self, secret):
        self.secret = secret

    def sign(self, data):
        half = sha256(self.secret + data).digest()
        return half + half

    def verify(self, signature, data):
        return signature == self.sign(data)


HUB_KEY = Key(b"hub")


def ledger_body(cafe, number, salt):
    """Return the body of a small top-up; another salt gives another body."""
    amount = 1000 + salt + number * 7 % 500
    postings = [
        [1, cafe, 0, 0, 0, "fen", amount],
        [10, 900000 + number % 5, 3, 1, 0, "fen", -amount],
    ]
    return [cafe, 1, 20270501, 480, 1, 0, None, postings]


def node_key(node):
    return Key(b"node %d" % node)


class NodeHost:
    """A box: its op log in a list, its copy of the hub's log in another."""

    def __init__(self, node, epoch, random, ops=()):
        self.node = node
        self.epoch = epoch
        self.random = random
        self.ops = list(ops)
        self.blocks = []
        self.events = []
        self.acked_seq = 0
        self.apply_late = False
        self.applied = Cursor(1, 0, 0, 0, log_genesis_hash(CHAIN, 1))
        self.heads = ChainHeads(CHAIN)
        self.repairs = []
        self.start()

    def hash_at(self, seq):
        return self.ops[seq - 1].hash if seq else genesis_hash(CHAIN, self.node, self.epoch)

    def start(self):
        """Make the session from what is stored, as after a boot."""
        key = node_key(self.node)
        seq = len(self.ops)
        self.session = NodeSession(
            NodeIdentity(CHAIN, self.node, self.epoch, "test 1", b"hardware", key.sign),
            Outbox(seq, self.hash_at(seq), self.acked_seq, self.hash_at(self.acked_seq)),
            self.applied,
            ChainHeads(CHAIN, self.heads.heads),
            HUB_KEY.verify,
            self.random.below,
        )

    def append(self, count=1, salt=0, body=None):
        """Write ops to the log and return the last."""
        for _ in range(count):
            seq = len(self.ops) + 1
            header = Header(
                1, 50, self.node, self.epoch, seq, (WALL_MS + seq) << 16, 1, 2, 1, 0, 0, 7, 1, 0
            )
            content = ledger_body(self.node, seq, salt) if body is None else body
            self.ops.append(make_op(header, content, self.hash_at(seq - 1)))
        return self.ops[-1]

    def handle(self, events, now_ms):
        """Do what the events say; return the messages to publish as (topic, data)."""
        out = []
        queue = list(events)
        while queue:
            event = queue.pop(0)
            self.events.append(event)
            if isinstance(event, Transmit):
                out.append((event.topic, event.data))
            elif isinstance(event, OpsWanted):
                ops = self.ops[event.from_seq - 1 : event.from_seq - 1 + event.limit]
                queue = queue + self.session.push(ops, now_ms)
            elif isinstance(event, HashWanted):
                hash = self.hash_at(event.seq) if event.seq <= len(self.ops) else None
                queue = queue + self.session.hash_known(event.seq, hash, now_ms)
            elif isinstance(event, OpsAcked):
                self.acked_seq = event.seq
            elif isinstance(event, BlocksReceived):
                self.blocks.extend(event.blocks)
                self.heads = ChainHeads(CHAIN, self.session.follower.heads.heads)
                self.applied = event.cursor
                if not self.apply_late:
                    self.session.blocks_applied(event.cursor, now_ms)
            elif isinstance(event, BlocksWanted):
                self.repairs.append(event)
        return out

    def said(self, event_class):
        """Return the events of a class so far."""
        return [event for event in self.events if isinstance(event, event_class)]


class HubHost:
    """The hub: every node's ops and the block log in lists; a commit is a call."""

    def __init__(self, ops_max=50, window=4, bytes_max=100000):
        self.limits = HubLimits(ops_max, bytes_max, window)
        self.epochs = {}
        self.logs = {}
        self.blocks = []
        self.signatures = []
        self.position = 0
        self.events = []
        self.restart()

    def restart(self):
        """Lose everything that is not committed."""
        self.sessions = {}
        self.pending = []

    def enrol(self, node, epoch=1):
        self.epochs[node] = epoch
        self.logs[(node, epoch)] = []

    def session(self, node):
        if node not in self.sessions:
            known = node in self.epochs

            def key_of(epoch):
                return node_key(node).verify if known and epoch <= self.epochs[node] else None

            self.sessions[node] = HubSession(CHAIN, node, self.limits, HUB_KEY.sign, key_of)
        return self.sessions[node]

    def hash_at(self, node, seq):
        epoch = self.epochs[node]
        log = self.logs[(node, epoch)]
        if seq > len(log):
            return None
        return log[seq - 1].hash if seq else genesis_hash(CHAIN, node, epoch)

    def head(self):
        return LogHead(1, 0, self.position, len(self.blocks), 0)

    def receive(self, node, data, now_ms):
        return self.handle(node, self.session(node).receive(data, WALL_MS + now_ms), now_ms)

    def handle(self, node, events, now_ms):
        """Do what the events say; return the messages to publish as (topic, data)."""
        session = self.session(node)
        out = []
        queue = list(events)
        while queue:
            event = queue.pop(0)
            self.events.append(event)
            if isinstance(event, Transmit):
                out.append((event.topic, event.data))
            elif isinstance(event, HelloReceived):
                queue = queue + self.answer(session, event.hello, now_ms)
            elif isinstance(event, HistoryWanted):
                before = self.hash_at(node, event.before_seq)
                queue = queue + session.history_known(before, self.hash_at(node, event.last_seq))
            elif isinstance(event, BatchReceived):
                self.pending.append((node, event.ops))
        return out

    def answer(self, session, hello, now_ms):
        node = hello.node
        # What came with the old session is dropped: the node sends it again from the watermark.
        self.pending = [item for item in self.pending if item[0] != node]
        watermark = len(self.logs[(node, self.epochs[node])])
        facts = NodeFacts(
            self.epochs[node],
            watermark,
            self.hash_at(node, watermark),
            self.hash_at(node, hello.acked_seq),
            node_key(node).verify,
        )
        return session.take_hello(facts, self.head(), WALL_MS + now_ms)

    def annotate(self, op):
        """Return what this hub says of an op at its place."""
        return Annotation(op.header.stamp, APPLIED)

    def commit(self, now_ms):
        """Append what waits as one block; return the messages to publish."""
        out = []
        entries = []
        tops = {}
        for node, ops in self.pending:
            self.logs[(node, self.epochs[node])].extend(ops)
            tops[node] = ops[-1]
            entries.extend(entry_of(op, self.annotate(op)) for op in ops)
        self.pending = []
        if not entries:
            return out
        previous = self.blocks[-1].hash if self.blocks else log_genesis_hash(CHAIN, 1)
        block = Block(1, 0, len(self.blocks) + 1, self.position + 1, previous, entries)
        self.position += len(entries)
        self.blocks.append(block)
        self.signatures.append(HUB_KEY.sign(block_signing_bytes(CHAIN, block.hash)))
        for node in sorted(tops):
            top = tops[node]
            events = self.session(node).committed(top.header.seq, top.hash)
            out.extend(self.handle(node, events, now_ms))
        out.append((blocks_topic(CHAIN), self.range(block.number, block.number)))
        return out

    def range(self, first, last):
        """Return blocks `first` to `last` as one message."""
        blocks = self.blocks[first - 1 : last]
        rows = []
        for block in blocks:
            rows.extend([entry.wire_row(True) for entry in block.entries])
        return Blocks(
            1,
            0,
            first,
            blocks[0].first_position,
            blocks[0].previous_hash,
            [len(block.entries) for block in blocks],
            pack_frame(rows, CODECS_WRITTEN),
            self.signatures[first - 1 + len(blocks) - 1],
        ).pack()

    def said(self, event_class):
        """Return the events of a class so far."""
        return [event for event in self.events if isinstance(event, event_class)]

    def announce(self):
        hash = self.blocks[-1].hash if self.blocks else log_genesis_hash(CHAIN, 1)
        head = Head(1, 0, len(self.blocks), self.position, hash[:8], 0, WALL_MS)
        return [(head_topic(CHAIN), head.sign(CHAIN, HUB, HUB_KEY.sign))]


class Line:
    """Both directions between one hub and its nodes, with faults drawn from a seed.

    loss, double, late: chances in percent. `cut(node)` drops all that is under way and says so to
    the node, as a transport does.
    """

    def __init__(self, hub, hosts, random, loss=0, double=0, late=0):
        self.hub = hub
        self.hosts = hosts
        self.random = random
        self.loss = loss
        self.double = double
        self.late = late
        self.now_ms = 0
        self.up = []
        self.down = []
        self.sent = 0

    def connect(self, host):
        events = host.session.connected(self.now_ms, WALL_MS + self.now_ms, 1)
        self.publish_up(host, host.handle(events, self.now_ms))

    def cut(self, host):
        host.session.disconnected()
        self.up = [item for item in self.up if item[1] is not host]
        self.down = [item for item in self.down if item[1] is not host]

    def publish_up(self, host, messages):
        for topic, data in messages:
            assert topic == up_topic(CHAIN, host.node)
            self._put(self.up, host, data)

    def publish_down(self, messages):
        for topic, data in messages:
            for host in self.hosts:
                if "/down/" not in topic or topic == down_topic(CHAIN, host.node):
                    self._put(self.down, host, data)

    def _put(self, queue, host, data):
        self.sent += 1
        copies = 0 if self.random.percent(self.loss) else 1
        if self.random.percent(self.double):
            copies += 1
        for _ in range(copies):
            delay_ms = 10 + (self.random.below(3000) if self.random.percent(self.late) else 0)
            queue.append((self.now_ms + delay_ms, host, data))

    def _due(self, queue):
        due = [item for item in queue if item[0] <= self.now_ms]
        queue[:] = [item for item in queue if item[0] > self.now_ms]
        return due

    def step(self, step_ms=50):
        """Let time pass once: deliver, commit, tick, repair."""
        self.now_ms += step_ms
        now_ms = self.now_ms
        for _at, host, data in self._due(self.up):
            self.publish_down(self.hub.receive(host.node, data, now_ms))
        self.publish_down(self.hub.commit(now_ms))
        if now_ms % 3000 == 0:
            self.publish_down(self.hub.announce())
        for _at, host, data in self._due(self.down):
            events = host.session.receive(data, now_ms, WALL_MS + now_ms)
            self.publish_up(host, host.handle(events, now_ms))
        for host in self.hosts:
            events = host.session.tick(now_ms, WALL_MS + now_ms)
            self.publish_up(host, host.handle(events, now_ms))
            self._repair(host)

    def _repair(self, host):
        while host.repairs and host.session.state != OFFLINE:
            wanted = host.repairs.pop(0)
            last = min(wanted.last, len(self.hub.blocks), wanted.first + 3)
            if last < wanted.first or self.random.percent(self.loss):
                continue
            data = self.hub.range(wanted.first, last)
            events = host.session.receive_blocks(data, self.now_ms)
            self.publish_up(host, host.handle(events, self.now_ms))

    def is_settled(self):
        for host in self.hosts:
            if host.session.state != SYNCING or host.session.unacked_ops():
                return False
            if host.applied.block_number != len(self.hub.blocks):
                return False
        return True

    def settle(self, limit_ms=900_000):
        """Heal the line and run until all is acked and followed."""
        self.loss = self.double = self.late = 0
        end_ms = self.now_ms + limit_ms
        while not self.is_settled():
            assert self.now_ms < end_ms, "not settled"
            self.step()


def check_agreement(hub, hosts):
    """Every op is at the hub once and in order, and every node holds the hub's blocks."""
    logged = []
    for block in hub.blocks:
        logged.extend([(entry.node, entry.epoch, entry.seq, entry.hash) for entry in block.entries])
    assert len(logged) == len(set(logged))
    for host in hosts:
        own = [key for key in logged if key[0] == host.node]
        assert [key[3] for key in own] == [op.hash for op in host.ops]
        assert [block.hash for block in host.blocks] == [block.hash for block in hub.blocks]
        assert not host.said(SessionFenced)


def live_a_moment(host, line, random):
    """Perhaps write ops, lose the line, be switched off and on, or find the line again."""
    if random.percent(40):
        last = host.append(1 + random.below(30))
        events = host.session.ops_appended(last.header.seq, last.hash, line.now_ms)
        line.publish_up(host, host.handle(events, line.now_ms))
    if random.percent(4):
        if host.session.state != OFFLINE:
            line.cut(host)
        if random.percent(30):
            host.start()
    if host.session.state == OFFLINE and random.percent(30):
        line.connect(host)


def run_faults(seed, nodes=2, rounds=120):
    """Run nodes through loss, doubles, reordering, cuts and hub restarts; return (hub, hosts)."""
    random = Random(seed)
    hub = HubHost()
    hosts = []
    for node in range(3, 3 + nodes):
        hub.enrol(node)
        hosts.append(NodeHost(node, 1, random))
    line = Line(hub, hosts, random, random.below(30), random.below(20), random.below(30))
    for host in hosts:
        line.connect(host)
    for _ in range(rounds):
        for host in hosts:
            live_a_moment(host, line, random)
        if random.percent(2):
            hub.restart()
        line.step(50 + random.below(10) * 50)
    for host in hosts:
        if host.session.state == OFFLINE:
            line.connect(host)
    line.settle()
    check_agreement(hub, hosts)
    return hub, hosts
