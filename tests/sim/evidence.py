"""What a run left behind, read from the files by SQL of our own, and refolded from nothing.

The checkers look at this and at the model, never at the product's caches or readers.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from edge.store.log_reader import SETTING_BACKED_UP, SETTING_CURSOR, SETTING_VERIFIED
from sync_protocol.accounts import CLASSES
from sync_protocol.annotations import DEFERRED, DIVERTED, LOST, VOID
from sync_protocol.codec import pack, unpack
from sync_protocol.kinds import (
    CAFE,
    CAFE_TRANSACTION,
    KINDS,
    LATE_VERDICT,
    LEDGER,
    TRANSACTION,
)
from tests.sim.liar import Liar
from tests.sim.model import Model

UNPACKED_KEPT = 512
"""Some runs' values. The collector of garbage goes over each of them after every run."""

Account = tuple[int, int | str, int, int, int, str]
"""(class, subject, holder node, holder epoch, month, unit)"""
Place = tuple[int, int, int]
"""(node, epoch, seq)"""

Posting = tuple[int, int | str, int, int, int, str, int]
"""An account's fields, then the amount."""

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
    _header: list[object] | None = None
    _decoded: list[object] | None = None
    _booked: list[Posting] | None = None

    @property
    def place(self) -> Place:
        """Where it stands in the log; an op of a branch stands under the branch's epoch."""
        return (self.node, self.epoch, self.seq)

    @property
    def stated(self) -> Place:
        """What its header says: the epoch that it was written in."""
        if self.is_stub:
            return self.place
        node, epoch, seq = self.header_row()[2:5]
        return (int(str(node)), int(str(epoch)), int(str(seq)))

    @property
    def is_stub(self) -> bool:
        """Whether a recovery left the place and the hash alone: no box had the op's content."""
        return not self.header

    @property
    def is_of_branch(self) -> bool:
        return self.stated != self.place

    def header_row(self) -> list[object]:
        if self._header is None:
            self._header = unpacked(self.header)
        return self._header

    @property
    def has_effect(self) -> bool:
        return self.body is not None and self.verdict not in (VOID, LOST, DEFERRED)

    def decoded(self) -> list[object]:
        """The body's values; nobody changes them."""
        if self._decoded is None:
            value = unpacked(self.body or b"\x90")
            self._decoded = value if isinstance(value, list) else []
        return self._decoded

    def diversions(self) -> list[list[int]]:
        """[posting index, amount] of what a diverted op books as the chain's loss."""
        detail = unpack(self.detail or b"\x90") if self.verdict == DIVERTED else []
        return [pair for pair in detail if isinstance(pair, list)]  # a business day may follow

    def booked(self) -> list[Posting]:
        """The postings of a ledger op as they count: nothing if void, less what was diverted."""
        if self._booked is None:
            self._booked = self._book()
        return self._booked

    def _book(self) -> list[Posting]:
        if not self.has_effect:
            return []
        body = self.decoded()
        postings = [tuple(posting) for posting in body[7]]
        if self.verdict == DIVERTED:
            for index, amount in self.diversions():
                code, subject, node, epoch, month, unit, posted = postings[index]
                postings[index] = (code, subject, node, epoch, month, unit, posted - amount)
                postings.append((60, body[0], 0, 0, 0, unit, amount))
        return postings

    def seen_position(self) -> int:
        return 0 if self.is_stub else int(str(self.header_row()[10]))


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
    still_deferred: list[LoggedOp] = field(default_factory=list)
    """What no later release has judged, once `in_effect` is gone through."""

    def ledger_ops(self) -> list[LoggedOp]:
        return [op for op in self.ops if op.kind in KINDS and KINDS[op.kind].policy == LEDGER]

    def in_effect(self) -> Iterator[LoggedOp]:
        """Yield every op where it takes effect: a deferred one at its late verdict, judged so."""
        deferred = {}
        for op in self.ops:
            if op.verdict == DEFERRED:
                deferred[op.hash[:8]] = op
            elif op.kind == LATE_VERDICT:
                reference, verdict, detail = op.decoded()
                late = deferred.pop(reference[3])
                packed = None if detail is None else pack(detail)
                effective, verdict = op.effective, int(str(verdict))
                yield replace(late, effective=effective, verdict=verdict, detail=packed)
            else:
                yield op
        self.still_deferred = list(deferred.values())


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
    may_lack: int
    """Up to this position it may have dropped ops that are old."""


@dataclass(slots=True)
class Evidence:
    """All that the checkers are given."""

    model: Model
    liar: Liar
    hub: HubEvidence
    boxes: list[BoxEvidence]
    problems: dict[int, list[str]]
    """place -> what went wrong with the machine, in words"""
    switched_off: dict[int, set[bytes]]
    """place of a machine that is no more -> hashes of the ops that it wrote"""
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
                (cafe, (code, unpacked(subject), node, epoch, month, unit)): amount
                for subject, code, unit, cafe, node, epoch, month, amount in run(
                    "SELECT subject, code, unit, cafe, node, epoch, month, amount FROM balance"
                )
            },
            {
                (kind, unpacked(key)): row
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
        settings = {
            name: unpack(value) for name, value in run("SELECT name, value FROM setting").fetchall()
        }
        cursor = settings.get(SETTING_CURSOR)
        backed_up = run(
            "SELECT MAX(first_position + count - 1) FROM block WHERE number <= ?",
            (settings.get(SETTING_BACKED_UP) or 0,),
        ).fetchone()[0]
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
            int(cursor[2]) if cursor else 0,
            min(settings.get(SETTING_VERIFIED) or 0, backed_up or 0),
        )


def read_own_hashes(path: Path, node: int) -> set[bytes]:
    """Return the hashes of the ops that a machine wrote, of a store that is no longer in use."""
    with _Connection(path) as run:
        rows = run(
            "SELECT op.hash FROM op JOIN author ON author.number = op.key >> 48"
            " WHERE author.node = ?",
            (node,),
        )
        return {row[0] for row in rows}


def section_of_posting(code: int, cafe: int) -> tuple[int, int]:
    return (CAFE_TRANSACTION, cafe) if CLASSES[code].reach == CAFE else (TRANSACTION, 0)


@lru_cache(UNPACKED_KEPT)
def unpacked(data: bytes) -> Any:
    """Return what bytes hold, for those who change nothing of it: every run begins alike."""
    return unpack(data)


class _Connection:
    """A connection that only reads; `run` is its execute."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    def __enter__(self):
        return self._database.execute

    def __exit__(self, *_: object) -> None:
        self._database.close()
