"""The state from which every run starts: a chain with its cafes, boxes, staff, products and rules.

Built once per process by the real hub and the real stores; each run gets a copy of the files.
"""

import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cloud.hub.builder import Committed, Proposal
from cloud.store.database import open_writer
from cloud.store.log import create_log
from cloud.store.migrations import migrate
from cloud.store.models import LogHead
from edge.desk.answers import Session
from edge.desk.commit import Request
from edge.desk.pins import Pins
from edge.desk.staff import StaffDesk
from edge.domain.members import keyed_hash
from edge.effects.page_events import PageEvents
from edge.store.identity import Clock, Identity
from sync_protocol.accounts import ADVANCE_BOOK, ADVANCE_RIGHT, FEN, OPENING, WALLET
from sync_protocol.blocks import Block
from sync_protocol.claims import TAKE, ClaimWrite
from sync_protocol.kinds import (
    CARD,
    CARD_CLAIM,
    MEMBER,
    NODE,
    PRODUCT,
    RULE,
    SITE,
    STAFF,
    TRANSACTION,
    field_index,
)
from sync_protocol.ledger import REASON_OPENING, Transaction
from sync_protocol.registers import Change, RegisterWrite
from tests.sim import hub as hub_module
from tests.sim.box import CHAIN_KEY, FILE, TERMINAL
from tests.sim.hub import CHAIN, HUB_KEY
from tests.sim.inline_store import InlineStore, run
from tests.sim.lies import LIAR, LIAR_CAFE
from tests.sim.schedule import START_MS
from tests.sim.signing import Key

OPENED_MS = START_MS - 100 * 24 * 3_600_000
"""When the opening ops were written: long enough ago that boxes need not keep most of them."""
NODES = {1: 1, 2: 2, 3: 3}
"""Node -> its cafe. The liar is node `LIAR` in the last cafe."""
CAFES = (1, 2, 3, 4)
MANAGER = 77
SALT = b"s" * 16
PRODUCTS = {"cola": (500, 400, True), "noodles": (1200, 0, True), "printing": (100, 0, False)}
"""sku -> (price in fen, member price in fen, counted)"""
MEMBERS = {501: "04D00001", 502: "04D00002", 503: "04D00003", 504: "04D00004"}
"""Member -> the UID of their card, whose document has the member's number and 1,000 more."""
OPENING_FEN = 6_000
"""What each of them has at the hub when a run starts."""
ADVANCE_FEN = 1_500
"""What the box of a member's usual cafe may advance to them."""


def document(kind: int, key: int | str, salt: bytes, **values: object) -> tuple[int, object]:
    """Return (kind, body) of an op of head office that sets fields not set before."""
    changes = [Change(field_index(kind, name), value, None) for name, value in values.items()]
    changes.sort(key=lambda change: change.index)
    return kind, RegisterWrite(salt, key, 0, changes).body()


def node_document(node: int, cafe: int, status: str = "active") -> tuple[int, object]:
    key = Key(f"node {node}").public
    return document(
        NODE, node, b"", cafe=cafe, name=f"box {node}", public_key=key, epoch=1, status=status
    )


def _opening_ops() -> list[tuple[int, object]]:
    ops = [
        document(SITE, cafe, b"", code=f"C{cafe}", name=f"店{cafe}", name_en=f"Cafe {cafe}")
        for cafe in CAFES
    ]
    ops += [node_document(node, cafe) for node, cafe in {**NODES, LIAR: LIAR_CAFE}.items()]
    ops += [
        document(
            STAFF,
            person,
            SALT,
            name=f"manager {person}",
            role="manager",
            cafes=[],
            active=True,
            pin_hash="x",
        )
        for person in (MANAGER, MANAGER + 1)
    ]
    for sku, (price, member_price, counted) in PRODUCTS.items():
        ops.append(
            document(
                PRODUCT,
                sku,
                b"",
                name=sku,
                price_fen=price,
                member_price_fen=member_price,
                counted=counted,
                on_sale=True,
            )
        )
    for number, (member, uid) in enumerate(MEMBERS.items()):
        ops += _member(member, uid, list(NODES)[number % len(NODES)])
    ops.append(document(RULE, "points", b"", version=1, values=[[1, 5]]))
    return ops


def _member(member: int, uid: str, usual_node: int) -> list[tuple[int, object]]:
    """A member with a card, money at the hub, and an advance at the usual cafe."""
    card = member + 1_000
    key = keyed_hash(CHAIN_KEY, uid)
    postings: list[tuple[int, int | str, int, int, int, str, int]] = [
        (OPENING, 0, 0, 0, 0, FEN, OPENING_FEN),
        (WALLET, member, 0, 0, 0, FEN, -OPENING_FEN),
        (ADVANCE_BOOK, member, 0, 0, 0, FEN, ADVANCE_FEN),
        (ADVANCE_RIGHT, member, usual_node, 1, 0, FEN, -ADVANCE_FEN),
    ]
    opening = Transaction(0, REASON_OPENING, 20260528, 480, 0, 0, None, postings)
    return [
        document(MEMBER, member, SALT, name=f"老会员{member}", status="active"),
        document(CARD, card, b"", member=member, status="active"),
        (CARD_CLAIM, ClaimWrite(b"", key, 0, card, TAKE).body()),
        (TRANSACTION, opening.body()),
    ]


@dataclass(frozen=True, slots=True)
class Template:
    """The files, and the cashier's session that every box's store holds."""

    hub: dict[str, bytes]
    boxes: dict[int, dict[str, bytes]]
    sessions: dict[int, Session]
    block: Block
    """The one block of the opening ops."""

    def write_hub(self, folder: Path) -> None:
        _write(folder, self.hub)

    def write_box(self, folder: Path, node: int) -> None:
        _write(folder, self.boxes[node])


def _write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


def _read(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if not path.name.endswith(("-wal", "-shm", ".lock"))
    }


def identity_of(node: int) -> Identity:
    return Identity(CHAIN, node, 1, NODES[node])


@cache
def template(folder: Path) -> Template:
    """Build the files under `folder`, read them and leave nothing there."""
    committed = _build_hub(folder / "hub")
    boxes, sessions = {}, {}
    for node in NODES:
        sessions[node] = _build_box(folder / str(node), node, committed)
        boxes[node] = _read(folder / str(node))
    hub = _read(folder / "hub")
    shutil.rmtree(folder)
    return Template(hub, boxes, sessions, committed.block)


def _build_hub(folder: Path) -> Committed:
    folder.mkdir(parents=True)
    database = open_writer(f"sqlite:///{folder / hub_module.FILE}")
    migrate(database)
    create_log(database, CHAIN, HUB_KEY.public)
    builder = hub_module.BlockBuilder(database, HUB_KEY.sign, lambda: OPENED_MS, lambda _: None)
    proposal = Proposal(lambda _: _opening_ops())
    committed = builder.build([], [proposal])
    if committed is None or not isinstance(proposal.outcome, list):
        raise RuntimeError(f"the opening ops were not taken: {proposal.outcome}")
    database.run(LogHead.update(backup_number=committed.block.number))
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    database.close()
    return committed


def _build_box(folder: Path, node: int, committed: Committed) -> Session:
    folder.mkdir(parents=True)
    clock = Clock(lambda: OPENED_MS, lambda: 0, b"template" * 2)
    store = InlineStore.open(folder / FILE, identity_of(node), clock, lambda count: b"t" * count)
    run(store.apply_blocks([committed.block], committed.signature))
    staff = StaffDesk(store, PageEvents(), lambda count: b"t" * count, Pins(store), b"k" * 32)
    token = run(staff.take_over(Request("log_in", "", None, TERMINAL), MANAGER))
    session = run(staff.session(token))
    assert session is not None
    store.abandon()
    # The next start finds the chains whole, and notes that it need not look again.
    store = InlineStore.open(folder / FILE, identity_of(node), clock, lambda count: b"t" * count)
    store._database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    store.abandon()
    return session
