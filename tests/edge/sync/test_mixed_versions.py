"""N-1, N and N+1 in one chain: what one does not know yet waits, in order, and stops nothing.

The three share this process: which kinds one of them knows is patched in while it is at work.
"""

import secrets
from contextlib import contextmanager

import pytest

from cloud.domain.grants import GrantPolicy
from cloud.hub.builder import Batch
from cloud.hub.inbox import Inbox
from cloud.hub.metrics import HubMetrics
from cloud.hub.publishing import range_message
from cloud.hub.snapshots import Snapshots
from cloud.hub.worker import Worker
from cloud.store.database import open_writer
from cloud.store.migrations import migrate
from cloud.store.models import SectionSum
from edge.store.apply import apply_blocks
from edge.store.errors import OverdrawnError
from edge.store.identity import Clock, Identity
from edge.store.refold import refold
from edge.store.snapshot import SnapshotRefusedError, load
from edge.store.store import Store
from sync_protocol.accounts import REVENUE
from sync_protocol.annotations import APPLIED, DEFERRED
from sync_protocol.blocks import ChainHeads, blocks_from_rows
from sync_protocol.codec import pack
from sync_protocol.frames import unpack_frame
from sync_protocol.kinds import (
    ANY_CAFE,
    CHAIN,
    KINDS,
    MEMBER,
    REGISTER,
    TEXT,
    TRANSACTION,
    Field,
    Kind,
)
from sync_protocol.ledger import REASON_SALE, Transaction
from tests.cloud.chain import NOW_MS
from tests.cloud.chain import Chain as HubLog
from tests.edge.store import bodies

NEW_CLASS = 64 + 16 * 900 + 6
"""Of a later version: limited, credit, reaching the chain; its code says so."""
NEW_KIND = 99
NEW = Kind(NEW_KIND, "tab", REGISTER, (Field("text", TEXT),), ANY_CAFE, CHAIN, False, 30)


@contextmanager
def updated():
    """Whoever is at work within knows the new kind."""
    KINDS[NEW_KIND] = NEW
    try:
        yield
    finally:
        del KINDS[NEW_KIND]


def body(key, text, cafe):
    return [b"", key, cafe, [[0, text, None]]]


class House:
    """One hub on a real store and boxes on theirs; what passes between them are real messages."""

    def __init__(self, folder):
        self.folder = folder
        self.database = open_writer(f"sqlite:///{folder / 'hub.sqlite'}")
        migrate(self.database)
        self.log = HubLog(self.database)
        self.stores = {}
        for node in (1, 2, 3):
            self.log.node(node, node)
            self.open(node)

    def open(self, node):
        clock = Clock(lambda: NOW_MS, lambda: 0, b"boot-of-test")
        identity = Identity("test", node, 1, node)
        path = self.folder / f"box{node}.db"
        self.stores[node] = Store.open(path, identity, clock, secrets.token_bytes)

    def write(self, node, kind, content):
        return self.stores[node].submit(lambda tx: tx.append(kind, content)).result()

    def push(self, node):
        """Commit what a box has not sent; return the verdicts."""
        author = self.log.builder.authors[node, 1]
        with self.stores[node].read() as reader:
            ops = reader.own_ops(author.seq + 1, 1000)
        batch = Batch(node, 1, ops, [pack(op.body) for op in ops], b"s" * 64)
        committed = self.log.builder.build([batch], [])
        return [entry.annotation.verdict for entry in committed.block.entries]

    def start_hub(self):
        """Start the hub's worker on the log, as after an update; run its first rounds."""
        worker = Worker(
            self.log.builder,
            Inbox(),
            HubMetrics(),
            lambda: self.log.now_ms,
            lambda: (20260528, 480),
            GrantPolicy(),
            lambda *_: None,
        )
        worker.run_round()
        worker.run_round()

    def deliver(self, node):
        store = self.stores[node]
        while True:
            with store.read() as reader:
                cursor, heads = reader.cursor(), ChainHeads("test", reader.heads())
            first = cursor.block_number + 1
            message = range_message(self.database, 1, first, first + 100, node)
            if message is None:
                return
            blocks = blocks_from_rows(
                1,
                0,
                first,
                message.first_position,
                message.previous_hash,
                message.counts,
                unpack_frame(message.frame),
                heads,
            )
            store.submit(lambda tx, got=blocks: apply_blocks(tx, got, None)).result()

    def sums(self, cafe):
        rows = self.database.rows(SectionSum.select().where(SectionSum.cafe.in_((0, cafe))))
        return {(row.kind, row.cafe): row.sum for row in rows if any(row.sum)}

    def assert_equal(self, node):
        with self.stores[node].read() as reader:
            rows = reader.connection.execute("SELECT kind, cafe, sum FROM state_section")
            assert {(kind, cafe): total for kind, cafe, total in rows} == self.sums(node)
            assert refold(reader).differences == []

    def waiting(self, node):
        with self.stores[node].read() as reader:
            return [(op.kind, op.seq, op.parked) for op in reader.waiting_ops()]

    def text(self, node, key):
        with self.stores[node].read() as reader:
            found = reader.register(NEW_KIND, key)
        return None if found is None else found.shown.value(0)

    def close(self):
        for store in self.stores.values():
            store.close()
        self.database.close()


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    made.close()


def test_a_kind_that_the_hub_does_not_know_waits_for_it_and_for_every_box(house):
    with updated():  # node 1 is a version ahead
        house.write(1, NEW_KIND, body(7, "first", 1))
    house.write(1, MEMBER, bodies.document(MEMBER, 4001, 1, {"name": "flows past"}))
    assert house.push(1)[1:] == [DEFERRED, APPLIED]
    house.deliver(2)
    assert house.waiting(2) == [(NEW_KIND, 2, False)]
    house.assert_equal(2)
    with updated():
        house.start_hub()
        house.write(1, NEW_KIND, body(8, "second", 1))
        assert house.push(1) == [APPLIED]
        house.deliver(1)
        house.assert_equal(1)
        assert (house.text(1, 7), house.text(1, 8)) == ("first", "second")
        assert house.log.refolded().differences == []
    # Node 2 is a version behind: both wait for its update, what it knows does not.
    house.write(2, MEMBER, bodies.document(MEMBER, 4002, 2, {"name": "goes on"}))
    house.push(2)
    house.deliver(2)
    assert [(kind, parked) for kind, _seq, parked in house.waiting(2)] == [
        (NEW_KIND, False),
        (NEW_KIND, True),
        (NEW_KIND, True),
    ]
    with house.stores[2].read() as reader:
        assert reader.register(MEMBER, 4002).confirmed is not None
    house.stores[2].close()
    with updated():
        house.open(2)
        assert house.waiting(2) == []
        assert (house.text(2, 7), house.text(2, 8)) == ("first", "second")
        house.assert_equal(2)


def test_a_deferred_op_older_than_a_snapshot_gets_its_verdict_all_the_same(house, tmp_path):
    with updated():
        house.write(1, NEW_KIND, body(7, "first", 1))
    house.push(1)
    snapshots = Snapshots(tmp_path / "snapshots", house.log.key.sign)
    snapshot = snapshots.newest(house.database, 3)
    store = house.stores[3]
    store.submit(lambda tx: load(tx, snapshot.answer.manifest, snapshot.path)).result()
    assert house.waiting(3) == [(NEW_KIND, 2, False)]
    house.assert_equal(3)
    with updated():
        house.start_hub()
        house.deliver(3)
        assert house.text(3, 7) == "first"
        house.assert_equal(3)
        assert house.waiting(3) == []


def test_a_snapshot_of_a_later_hub_is_refused_and_the_log_is_the_way(house, tmp_path):
    with updated():
        house.write(1, NEW_KIND, body(7, "first", 1))
        house.push(1)
        snapshots = Snapshots(tmp_path / "snapshots", house.log.key.sign)
        snapshot = snapshots.newest(house.database, 3)
    store = house.stores[3]
    with pytest.raises(SnapshotRefusedError, match="later_version"):
        store.submit(lambda tx: load(tx, snapshot.answer.manifest, snapshot.path)).result()
    house.deliver(3)
    assert house.waiting(3) == [(NEW_KIND, 2, True)]


def test_an_account_class_of_a_later_version_is_folded_and_limited_everywhere(house):
    mine = (NEW_CLASS, 4001, 1, 1, 0, "fen")
    for amount in (-500, 300):  # raised, then lowered
        other = (REVENUE, 1, 0, 0, 0, "fen", -amount)
        sold = Transaction(1, REASON_SALE, 20260528, 480, 0, 0, None, [(*mine, amount), other])
        house.write(1, TRANSACTION, sold.body())
    assert house.push(1)[1:] == [APPLIED, APPLIED]
    for node in (1, 2):
        house.deliver(node)
        house.assert_equal(node)
        with house.stores[node].read() as reader:
            assert reader.balance(mine).confirmed == -200
    assert house.log.refolded().differences == []
    too_much = [(*mine, 201), (REVENUE, 1, 0, 0, 0, "fen", -201)]
    overdrawing = Transaction(1, REASON_SALE, 20260528, 480, 0, 0, None, too_much).body()
    with pytest.raises(OverdrawnError):
        house.write(1, TRANSACTION, overdrawing)
