"""The hub's writer on a real database and a box's real store, with real keys."""

import tempfile
from pathlib import Path

import peewee
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud.domain.grants import GrantPolicy
from cloud.hub.builder import BlockBuilder, Proposal
from cloud.hub.inbox import Inbox
from cloud.hub.keys import verifier
from cloud.hub.metrics import HubMetrics
from cloud.hub.worker import Worker
from cloud.store import log, reports
from cloud.store.database import Database
from cloud.store.migrations import migrate
from cloud.store.refold import refold as refold_hub
from cloud.store.schema import LOG_TABLES, REPORT_TABLES
from edge.store.apply import apply_blocks
from edge.store.errors import StoreMismatchError
from edge.store.identity import Clock, Identity
from edge.store.refold import refold as refold_box
from edge.store.store import Store
from sync_protocol.block_follower import BlockFollower
from sync_protocol.blocks import ChainHeads, log_genesis_hash
from sync_protocol.errors import ProtocolError
from sync_protocol.greetings import Welcome
from sync_protocol.kinds import NODE as NODE_KIND
from sync_protocol.kinds import field_index
from sync_protocol.messages import (
    Ack,
    Blocks,
    Reject,
    unpack_message,
)
from sync_protocol.ops import genesis_hash
from sync_protocol.registers import Change, RegisterWrite
from sync_protocol.session_events import BlocksReceived, BlocksRefused, Cursor
from tests.fuzz.crafting import body_of, hello, signed_blocks, signed_push
from tests.fuzz.draw import Draw
from tests.fuzz.sessions import NODE, OTHERS, SessionRun, check_ledger
from tests.fuzz.targets import TAKEN, promise
from tests.sync_protocol.peers import CHAIN, WALL_MS

BOX_KEY = Ed25519PrivateKey.from_private_bytes(b"b" * 32)
HUB_KEY = Ed25519PrivateKey.from_private_bytes(b"h" * 32)
QUARANTINED = "quarantined"
INTEGER_BITS = {"SMALLINT": 15, "INT": 31}
"""Of a column of that type in PostgreSQL (its manual, section 8.1), without the sign."""


class HubStoreRun(SessionRun):
    """Worker, judge, builder, tables and reports, from a node's bytes to the published block."""

    name = "hub_store"
    frames = 30

    def start(self) -> "HubStoreRun":
        run = HubStoreRun()
        run.open()
        return run

    def open(self) -> None:
        memory = peewee.SqliteDatabase(":memory:")
        self.database = Database(memory, Path(":memory:"), "sqlite:///:memory:")
        migrate(self.database)
        log.create_log(self.database, CHAIN, HUB_KEY.public_key().public_bytes_raw())
        self.builder = BlockBuilder(self.database, HUB_KEY.sign, self._now_ms, lambda _point: None)
        self.inbox = Inbox()
        self.heard: list[bytes] = []
        self.worker = Worker(
            self.builder,
            self.inbox,
            HubMetrics(),
            self._now_ms,
            lambda: (20270501, 480),
            GrantPolicy(),
            lambda messages, _number: self.heard.extend(data for _topic, data in messages),
        )
        self._enrol()
        cursor = Cursor(1, 0, 0, 0, log_genesis_hash(CHAIN, 1))
        verify = verifier(HUB_KEY.public_key().public_bytes_raw())
        self.follower = BlockFollower(CHAIN, cursor, ChainHeads(CHAIN), verify, lambda _limit: 0)
        self.put([self._hello()])
        self.take(self.waiting.pop())

    def sign(self, data: bytes) -> bytes:
        return BOX_KEY.sign(data)

    def _now_ms(self) -> int:
        return WALL_MS + self.now_ms

    def _enrol(self) -> None:
        public = BOX_KEY.public_key().public_bytes_raw()
        values = {"cafe": NODE, "public_key": public, "epoch": 1, "status": "active"}
        changes = [Change(field_index(NODE_KIND, name), v, None) for name, v in values.items()]
        changes.sort(key=lambda change: change.index)
        body = RegisterWrite(b"", NODE, NODE, changes).body()
        self.worker.propose(Proposal(lambda _draft: [(NODE_KIND, body)]), lambda _proposal: None)

    def _hello(self) -> bytes:
        author = self.builder.authors.get((NODE, 1))
        genesis = genesis_hash(CHAIN, NODE, 1)
        seq, hash = (author.seq, author.hash) if author else (0, genesis)
        return hello(CHAIN, NODE, seq, hash, genesis, self.sign)

    def crafted(self, draw: Draw) -> bytes:
        if draw.chance(10):
            return self._hello()
        author = self.builder.authors[NODE, 1]
        return signed_push(draw, CHAIN, NODE, author.seq, author.hash, self.sign)

    def take(self, frame: bytes) -> str:
        self.now_ms += 1000
        self.heard.clear()
        self.inbox.put(NODE, frame)
        self.worker.run_round()
        end = self.builder.head.position
        while reports.fold_chunk(self.database, end):
            continue
        rows = self.database.execute("SELECT code, unit, amount FROM balance").fetchall()
        check_ledger(((code, 0, 0, 0, 0, unit), amount) for code, unit, amount in rows)
        return self._hear()

    def _hear(self) -> str:
        word = QUARANTINED if not self.heard else TAKEN
        for data in self.heard:
            message = unpack_message(data)
            if isinstance(message, Blocks):
                events = self.follower.receive(message, self.now_ms, False)
                refused = [event for event in events if isinstance(event, BlocksRefused)]
                promise(not refused, "a node refuses the hub's block")
                self.follower.blocks_applied(self.follower.cursor, self.now_ms)
            elif isinstance(message, Reject):
                word = "batch " + message.code
            elif isinstance(message, (Ack, Welcome)):
                word = TAKEN
        return word

    def finish(self) -> None:
        report = refold_hub(self.database, verifier(HUB_KEY.public_key().public_bytes_raw()))
        promise(report.equal, f"refold: {report.differences[:3]}")
        promise(self.follower.cursor.position == self.builder.head.position, "a block is missing")
        check_columns(self.database)
        self.database.close()


def check_columns(database: Database) -> None:
    """What SQLite holds in its columns of any type, PostgreSQL's columns hold as well."""
    for model in (*LOG_TABLES, *REPORT_TABLES):
        tests = []
        for field in model._meta.sorted_fields:
            name = field.column_name
            if isinstance(field, peewee.TextField):
                tests.append(f"instr({name}, char(0))")
            elif field.field_type in INTEGER_BITS:
                limit = 1 << INTEGER_BITS[field.field_type]
                tests.append(f"{name} >= {limit} OR {name} < -{limit}")
        if tests:
            sql = f"SELECT 1 FROM {model._meta.table_name} WHERE {' OR '.join(tests)}"
            found = database.execute(sql).fetchone()
            promise(found is None, f"PostgreSQL would refuse a row of {model._meta.table_name}")


class BoxStoreRun(SessionRun):
    """A box's session and store, from the hub's bytes to the projections."""

    name = "box_store"
    frames = 20

    def start(self) -> "BoxStoreRun":
        run = BoxStoreRun()
        run.open()
        return run

    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        clock = Clock(lambda: WALL_MS + self.now_ms, lambda: self.now_ms, b"boot of fuzz")
        identity = Identity(CHAIN, NODE, 1, NODE)
        counter = Draw(1)
        self.store = Store.open(Path(self.folder.name) / "box.db", identity, clock, counter.bytes)
        draw = Draw(2)
        for kind in (9, 13, 30):
            body = body_of(draw, kind, NODE)
            self.store.submit(lambda tx, kind=kind, body=body: tx.append(kind, body)).result(30)
        self.follower = self._followed()
        self.is_stopped = False

    def sign(self, data: bytes) -> bytes:
        return HUB_KEY.sign(data)

    def _followed(self) -> BlockFollower:
        """Return a follower that begins where the store is, as after a start."""
        with self.store.read() as reader:
            cursor, heads = reader.cursor(), ChainHeads(CHAIN, reader.heads())
        generation = max(cursor.generation, 1)
        hash = cursor.block_hash if cursor.generation else log_genesis_hash(CHAIN, generation)
        place = Cursor(generation, cursor.stream, cursor.position, cursor.block_number, hash)
        verify = verifier(HUB_KEY.public_key().public_bytes_raw())
        return BlockFollower(CHAIN, place, heads, verify, lambda _limit: 0)

    def crafted(self, draw: Draw) -> bytes:
        follower = self.follower
        return signed_blocks(draw, CHAIN, follower.cursor, follower.heads, OTHERS, self.sign)

    def take(self, frame: bytes) -> str:
        self.now_ms += 1000
        try:
            message = unpack_message(frame)
        except ProtocolError as error:
            return error.code
        if not isinstance(message, Blocks):
            return "ignored"
        word = "ignored"
        for event in self.follower.receive(message, self.now_ms, False):
            if isinstance(event, BlocksRefused):
                word = "blocks " + event.code
            elif isinstance(event, BlocksReceived):
                word = self._apply(event)
        return word

    def _apply(self, event: BlocksReceived) -> str:
        """Apply a range; one that the store refuses leaves it as it was."""
        with self.store.read() as reader:
            before = reader.cursor()
        try:
            self.store.submit(lambda tx: apply_blocks(tx, event.blocks, event.signature)).result(30)
        except (ProtocolError, StoreMismatchError) as error:
            with self.store.read() as reader:
                promise(reader.cursor() == before, "a refused range moved the cursor")
            self.follower = self._followed()
            return "apply " + error.code
        self.follower.blocks_applied(event.cursor, self.now_ms)
        return TAKEN

    def finish(self) -> None:
        with self.store.read() as reader:
            report = refold_box(reader)
        promise(not report.differences, f"refold: {report.differences[:3]}")
        self.store.close()
        self.folder.cleanup()
