"""What a run left behind, read from the files by SQL of our own, and refolded from nothing.

The checkers look at this and at the model, never at the product's caches or readers.
"""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from sync_protocol.accounts import CLASSES
from sync_protocol.annotations import DEFERRED, DIVERTED, LOST, VOID
from sync_protocol.codec import unpack
from sync_protocol.kinds import CAFE, CAFE_TRANSACTION, KINDS, LEDGER, TRANSACTION
from tests.sim.liar import Liar
from tests.sim.model import Model

Account = tuple[int, int | str, int, int, int, str]
"""(class, subject, holder node, holder epoch, month, unit)"""
Place = tuple[int, int, int]
"""(node, epoch, seq)"""

SEQ_MASK = (1 << 48) - 1


@dataclass(slots=True)
class LoggedOp:
    """One op as the hub's table has it. `header`, `body` and `detail` are packed."""

    position: int
    node: int
    epoch: int
    seq: int
    kind: int
    header: bytes
    body: bytes | None
    body_hash: bytes
    hash: bytes
    effective: int
    verdict: int
    detail: bytes | None

    @property
    def place(self) -> Place:
        return (self.node, self.epoch, self.seq)

    @property
    def has_effect(self) -> bool:
        return self.body is not None and self.verdict not in (VOID, LOST, DEFERRED)

    def decoded(self) -> list[object]:
        """The body's values."""
        value = unpack(self.body or b"\x90")
        return value if isinstance(value, list) else []

    def booked(self) -> list[tuple[int, int | str, int, int, int, str, int]]:
        """The postings of a ledger op as they count: nothing if void, less what was diverted."""
        if not self.has_effect:
            return []
        body = self.decoded()
        postings = [tuple(posting) for posting in body[7]]
        if self.verdict == DIVERTED:
            for index, amount in unpack(self.detail or b"\x90"):
                code, subject, node, epoch, month, unit, posted = postings[index]
                postings[index] = (code, subject, node, epoch, month, unit, posted - amount)
                postings.append((60, body[0], 0, 0, 0, unit, amount))
        return postings

    def seen_position(self) -> int:
        return int(unpack(self.header)[10])


@dataclass(slots=True)
class HubEvidence:
    """The hub's database."""

    ops: list[LoggedOp]
    blocks: list[tuple[object, ...]]
    """(number, generation, stream, first position, count, previous hash, hash, committed ms)"""
    balances: dict[tuple[int, Account], int]
    """(cafe of the section, account) -> amount"""
    documents: dict[tuple[int, int | str], bytes]
    claims: dict[tuple[int, bytes], bytes]
    sections: dict[tuple[int, int], bytes]
    authors: dict[tuple[int, int], tuple[str, int, bytes]]
    """(node, epoch) -> (standing, seq, hash)"""
    grants: list[tuple[int, int, int]]
    """(node, request, seq of the hub's op)"""
    quarantined: list[tuple[int, str]]

    def ledger_ops(self) -> list[LoggedOp]:
        return [op for op in self.ops if op.kind in KINDS and KINDS[op.kind].policy == LEDGER]


@dataclass(slots=True)
class BoxEvidence:
    """One box's database."""

    node: int
    epoch: int
    cafe: int
    ops: dict[Place, tuple[object, ...]]
    """place -> (position, effective, verdict, detail, header, body, body hash, hash)"""
    balances: dict[Account, tuple[int, int]]
    """account -> (confirmed, pending)"""
    documents: dict[tuple[int, int | str], tuple[bytes | None, bytes | None]]
    claims: dict[tuple[int, bytes], tuple[bytes | None, bytes | None]]
    sections: dict[tuple[int, int], bytes]
    position: int


@dataclass(slots=True)
class Evidence:
    """All that the checkers are given."""

    model: Model
    liar: Liar
    hub: HubEvidence
    boxes: list[BoxEvidence]
    problems: dict[int, list[str]]
    """node -> what went wrong with it in words"""
    true_ms: int
    erased: set[int] = field(default_factory=set)


def read_hub(path: Path) -> HubEvidence:
    with _Connection(path) as run:
        ops = [
            LoggedOp(*row)
            for row in run(
                "SELECT position, node, epoch, seq, kind, header, body, body_hash, hash,"
                " effective, verdict, detail FROM log_op ORDER BY position"
            )
        ]
        return HubEvidence(
            ops,
            run(
                "SELECT number, generation, stream, first_position, count, previous_hash, hash,"
                " committed_ms FROM log_block ORDER BY number"
            ).fetchall(),
            {
                (cafe, (code, _key(subject), node, epoch, month, unit)): amount
                for subject, code, unit, cafe, node, epoch, month, amount in run(
                    "SELECT subject, code, unit, cafe, node, epoch, month, amount FROM balance"
                )
            },
            {
                (kind, _key(key)): row
                for kind, key, row in run("SELECT kind, key, row FROM register_document")
            },
            {(kind, key): row for kind, key, row in run("SELECT kind, key, row FROM claim_holder")},
            {
                (kind, cafe): total
                for kind, cafe, total in run("SELECT kind, cafe, sum FROM section_sum")
            },
            {
                (node, epoch): (standing, seq, hash)
                for node, epoch, standing, seq, hash in run(
                    "SELECT node, epoch, standing, seq, hash FROM author_head"
                )
            },
            run("SELECT node, request, seq FROM grant_made").fetchall(),
            run("SELECT node, reason FROM quarantined_batch").fetchall(),
        )


def read_box(path: Path, node: int, epoch: int, cafe: int) -> BoxEvidence:
    with _Connection(path) as run:
        authors = {
            number: (author, author_epoch)
            for number, author, author_epoch in run("SELECT number, node, epoch FROM author")
        }
        ops = {
            (*authors[key >> 48], key & SEQ_MASK): tuple(row)
            for key, *row in run(
                "SELECT key, position, effective, verdict, detail, header, body, body_hash, hash"
                " FROM op"
            )
        }
        cursor = run("SELECT value FROM setting WHERE name = 'store.cursor'").fetchone()
        return BoxEvidence(
            node,
            epoch,
            cafe,
            ops,
            {
                (code, subject, holder, holder_epoch, month, unit): (confirmed, pending)
                for subject, code, unit, holder, holder_epoch, month, confirmed, pending in run(
                    "SELECT subject, account_class, unit, node, epoch, month, confirmed, pending"
                    " FROM account_balance"
                )
            },
            {
                (kind, key): (confirmed, pending)
                for kind, key, confirmed, pending in run(
                    "SELECT kind, key, confirmed, pending FROM document"
                )
            },
            {
                (kind, key): (confirmed, pending)
                for kind, key, confirmed, pending in run(
                    "SELECT kind, key, confirmed, pending FROM claimed_key"
                )
            },
            {
                (kind, section): total
                for kind, section, total in run("SELECT kind, cafe, sum FROM state_section")
            },
            int(unpack(cursor[0])[2]) if cursor else 0,
        )


def section_of_posting(code: int, cafe: int) -> tuple[int, int]:
    return (CAFE_TRANSACTION, cafe) if CLASSES[code].reach == CAFE else (TRANSACTION, 0)


def _key(packed: bytes) -> int | str:
    return unpack(packed)


class _Connection:
    """A connection that only reads; `run` is its execute."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    def __enter__(self):
        return self._database.execute

    def __exit__(self, *_: object) -> None:
        self._database.close()
