"""Whatever is written, lost, doubled and reordered, boxes and hub agree and show what they said."""

import secrets
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.store.apply import apply_blocks
from edge.store.identity import Identity
from edge.store.refold import refold
from edge.store.store import Store
from sync_protocol.annotations import VOID
from sync_protocol.block_follower import BlockFollower
from sync_protocol.blocks import ChainHeads, log_genesis_hash
from sync_protocol.claims import RELEASE, TAKE
from sync_protocol.frames import CODECS_WRITTEN, pack_frame
from sync_protocol.kinds import CAFE, CARD, CARD_CLAIM, KINDS, MEMBER, TRANSACTION, VISIT
from sync_protocol.messages import Blocks
from sync_protocol.session_events import BlocksReceived, Cursor
from tests.edge.store import bodies
from tests.edge.store.conftest import Hands
from tests.edge.store.log_hub import CHAIN, GENERATION, LogHub, sums_of

MEMBERS = (1, 2, 3)
STATUSES = ("active", "suspended", "lost", "void")


class World:
    """Two boxes and a hub; every step is drawn by hypothesis."""

    def __init__(self, folder):
        self.hands = Hands()
        self.hub = LogHub(lambda: 1_780_000_000_001 + self.hands.ms)
        self.boxes = [self._open(folder, cafe) for cafe in (3, 4)]

    def _open(self, folder, cafe):
        identity = Identity(CHAIN, cafe, 1, cafe)
        return Store.open(folder / f"{cafe}.db", identity, self.hands.clock(), secrets.token_bytes)

    def close(self):
        for box in self.boxes:
            box.close()

    def step(self, step):
        name, which, member, number = step
        self.hands.ms += number
        box = self.boxes[which]
        getattr(self, name)(box, box.identity.cafe, member, number)

    def append(self, box, kind, make):
        def work(tx):
            body = make(tx)
            return None if body is None else tx.append(kind, body)

        box.submit(work).result(30)

    def top_up(self, box, cafe, member, number):
        self.append(box, TRANSACTION, lambda _tx: bodies.top_up(cafe, member, number + 1))

    def spend(self, box, cafe, member, number):
        def make(tx):
            held = -tx.balance(bodies.wallet(member, cafe)).shown
            return bodies.spend(cafe, member, min(held, number + 1)) if held else None

        self.append(box, TRANSACTION, make)

    def edit(self, box, cafe, member, number):
        def make(tx):
            shown = tx.register(MEMBER, member)
            values = {"note": f"{cafe}:{number}"} if number % 2 else {"tier": str(number)}
            return bodies.document(MEMBER, member, cafe, values, shown)

        self.append(box, MEMBER, make)

    def status(self, box, cafe, member, number):
        def make(tx):
            shown = tx.register(CARD, member)
            return bodies.document(CARD, member, cafe, {"status": STATUSES[number % 4]}, shown)

        self.append(box, CARD, make)

    def visit(self, box, cafe, member, number):
        key = f"{cafe}-{member}"

        def make(tx):
            return bodies.document(VISIT, key, cafe, {"taps": number}, tx.register(VISIT, key))

        self.append(box, VISIT, make)

    def take(self, box, cafe, member, number):
        key = bytes([number % 3])
        self.append(box, CARD_CLAIM, lambda _tx: bodies.claim(CARD_CLAIM, key, cafe, member, TAKE))

    def release(self, box, cafe, member, number):
        key = bytes([number % 3])
        self.append(
            box, CARD_CLAIM, lambda _tx: bodies.claim(CARD_CLAIM, key, cafe, member, RELEASE)
        )

    def void(self, box, _cafe, _member, _number):
        """Have the hub void the next op that it does not have yet, unless that is money."""
        with box.read() as reader:
            taken = self.hub.taken.get((box.identity.node, 1), 0)
            for op in reader.own_ops(taken + 1, 1):
                if op.header.kind != TRANSACTION:
                    self.hub.verdicts[(op.header.node, op.header.seq)] = (VOID, "test")

    def push(self, box, _cafe, _member, number):
        self.hub.take(box, number % 4 + 1)

    def pull(self, box, _cafe, _member, number):
        with box.read() as reader:
            done = reader.cursor().block_number
        self.hub.deliver(box, done + number % 3 + 1)

    def heal(self):
        for box in self.boxes:
            self.hub.take(box)
        for box in self.boxes:
            self.hub.deliver(box)

    def check(self, box):
        """Both sides of every row are what another reader folds from the log."""
        with box.read() as reader:
            report = refold(reader)
        assert report.differences == []


STEP_NAMES = (
    *("top_up", "spend", "edit", "status", "visit", "take", "release", "void"),
    *("push", "push", "pull", "pull"),
)

STEPS = st.lists(
    st.tuples(
        st.sampled_from(STEP_NAMES),
        st.integers(0, 1),
        st.sampled_from(MEMBERS),
        st.integers(0, 50),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_boxes_show_what_they_said_and_end_equal_to_the_hub(steps):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        try:
            for index, step in enumerate(steps):
                world.step(step)
                if index % 8 == 7:
                    world.check(world.boxes[step[1]])
            world.heal()
            for box in world.boxes:
                world.check(box)
                assert sums_of(box) == world.hub.sums_for(box.identity.cafe)
                with box.read() as reader:
                    assert reader.outbox().count == 0
        finally:
            world.close()


def ranges_of(hub, cuts):
    """Return the log as Blocks messages, cut into ranges."""
    messages = []
    at = 0
    while at < len(hub.blocks):
        size = cuts[len(messages) % len(cuts)]
        part = hub.blocks[at : at + size]
        rows = [
            entry.wire_row(KINDS[entry.op.header.kind].reach != CAFE)
            for block in part
            for entry in block.entries
        ]
        messages.append(
            Blocks(
                GENERATION,
                0,
                part[0].number,
                part[0].first_position,
                part[0].previous_hash,
                [len(block.entries) for block in part],
                pack_frame(rows, CODECS_WRITTEN),
                hub.signature(part[-1]),
            )
        )
        at += size
    return messages


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS, st.lists(st.integers(1, 4), min_size=1, max_size=5), st.data())
def test_any_order_and_repetition_of_blocks_gives_the_same_state(steps, cuts, data):
    """A third box hears the log doubled, shuffled and in pieces."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        late = world._open(Path(folder), 5)
        try:
            for step in steps:
                world.step(step)
            world.heal()
            messages = ranges_of(world.hub, cuts)
            order = data.draw(st.permutations(messages + messages[::2]))
            cursor = Cursor(GENERATION, 0, 0, 0, log_genesis_hash(CHAIN, GENERATION))
            follower = BlockFollower(
                CHAIN, cursor, ChainHeads(CHAIN), lambda _signature, _data: True, lambda _n: 0
            )
            for message in [*order, *messages]:
                for event in follower.receive(message, 0, False):
                    if isinstance(event, BlocksReceived):
                        late.submit(
                            lambda tx, event=event: apply_blocks(tx, event.blocks, event.signature)
                        ).result(30)
                        follower.blocks_applied(event.cursor, 0)
            world.check(late)
            assert sums_of(late) == world.hub.sums_for(5)
        finally:
            late.close()
            world.close()
