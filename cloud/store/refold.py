"""Refold the hub's log from nothing, and compare everything with what the store says.

A reader apart from the code that wrote the projections: plain dictionaries, the protocol's own
fold, every hash recomputed. Nothing is changed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloud.store import log
from cloud.store.database import Database
from cloud.store.log import Head, StoredEntry
from cloud.store.models import (
    AuthorHead,
    Balance,
    ClaimHolder,
    LogBlock,
    RegisterDocument,
    SectionSum,
)
from sync_protocol.annotations import APPLIED, OVERWROTE, late_verdict
from sync_protocol.blocks import Block, block_signing_bytes, log_genesis_hash
from sync_protocol.branches import branch_from_body
from sync_protocol.claims import ClaimRow
from sync_protocol.codec import pack
from sync_protocol.fold import State, fold_op, has_effect
from sync_protocol.kinds import BRANCH, KINDS, LATE_VERDICT, REGISTER
from sync_protocol.ops import HUB, body_hash, genesis_hash, op_hash
from sync_protocol.registers import RegisterRow
from sync_protocol.state_hash import (
    StateHash,
    balance_hash,
    claim_hash,
    register_hash,
    section_of,
)

DIFFERENCES_MAX = 50
"""Differences named in full; beyond it they are counted."""


@dataclass(slots=True)
class Refolded:
    """`differences`: what does not agree, in words; `difference_count`: how many in all.

    `without_content`: ops that a recovery could get from nobody.
    """

    ops: int = 0
    blocks: int = 0
    without_content: int = 0
    differences: list[str] = field(default_factory=list)
    difference_count: int = 0

    @property
    def equal(self) -> bool:
        return self.difference_count == 0

    def differ(self, text: str) -> None:
        self.difference_count += 1
        if len(self.differences) < DIFFERENCES_MAX:
            self.differences.append(text)


class RefoldedState(State):
    """A state in dictionaries."""

    def __init__(self) -> None:
        self.registers: dict[tuple[int, int | str], RegisterRow] = {}
        self.claims: dict[tuple[int, bytes], ClaimRow] = {}
        self.balances: dict[
            tuple[tuple[int, int], tuple[int, int | str, int, int, int, str]], int
        ] = {}
        self.bodyless: dict[tuple[int, int], int] = {}

    def register(self, kind: int, key: int | str) -> RegisterRow | None:
        return self.registers.get((kind, key))

    def set_register(self, kind: int, key: int | str, row: RegisterRow) -> None:
        self.registers[(kind, key)] = row

    def claim(self, kind: int, key: bytes) -> ClaimRow | None:
        return self.claims.get((kind, key))

    def set_claim(self, kind: int, key: bytes, row: ClaimRow | None) -> None:
        if row is None:
            self.claims.pop((kind, key), None)
        else:
            self.claims[(kind, key)] = row

    def add(
        self,
        section: tuple[int, int],
        account: tuple[int, int | str, int, int, int, str],
        amount: int,
    ) -> None:
        key = (section, account)
        self.balances[key] = self.balances.get(key, 0) + amount

    def note_bodyless(self, kind: int, subject: int, cafe: int) -> None:
        """Note that a document was here whose body is gone: its erasure leaves a tombstone."""
        self.bodyless.setdefault((kind, subject), cafe)

    def erase(self, subject: int) -> None:
        for kind, key in list(self.registers):
            if key == subject and KINDS[kind].personal:
                cafe = self.registers[(kind, key)].cafe
                self.registers[(kind, key)] = RegisterRow(cafe, None)
        for (kind, key), cafe in self.bodyless.items():
            if key == subject and (kind, key) not in self.registers:
                self.registers[(kind, key)] = RegisterRow(cafe, None)
        for (kind, claimed), row in list(self.claims.items()):
            if row.subject == subject and KINDS[kind].personal:
                del self.claims[(kind, claimed)]

    def sums(self) -> StateHash:
        total = StateHash()
        for (kind, key), row in self.registers.items():
            total.replace(section_of(kind, row.cafe), 0, register_hash(kind, key, row))
        for (kind, claimed), claim in self.claims.items():
            total.replace(section_of(kind, claim.cafe), 0, claim_hash(kind, claimed, claim))
        for (section, account), amount in self.balances.items():
            total.replace(section, 0, balance_hash(account, amount))
        return total


def _tell_nobody(_done: int, _total: int) -> None:
    """Nobody waits for it."""


def refold(
    database: Database,
    verify: Callable[[bytes, bytes], bool],
    tell: Callable[[int, int], None] = _tell_nobody,
) -> Refolded:
    """Refold and compare, all as of one moment; `verify` checks the hub's signatures.

    `tell(ops done, of how many)` hears of each block.
    """
    result = Refolded()
    with database.consistent_read():
        head = log.read_head(database)
        state = RefoldedState()
        heads: dict[tuple[int, int], tuple[int, bytes]] = {}
        previous_hash = log_genesis_hash(head.chain, 1)
        position = 0
        for row in database.rows(LogBlock.select().order_by(LogBlock.number)):
            result.blocks += 1
            entries = log.read_entries(database, position + 1, position + row.count)
            block = Block(
                row.generation,
                row.stream,
                result.blocks,
                position + 1,
                previous_hash,
                [stored.entry for stored in entries],
            )
            signed = block_signing_bytes(head.chain, block.hash)
            if block.hash != row.hash or not verify(row.signature, signed):
                result.differ(f"block {row.number}: hash or signature does not hold")
            for stored in entries:
                result.ops += 1
                _check_chain(head, stored, heads, result)
                _fold(database, state, stored)
            previous_hash = block.hash
            position += row.count
            tell(position, head.position)
        if position != head.position or previous_hash != head.block_hash:
            result.differ("the log's head is not at its last block")
        _compare(database, state, heads, result)
    return result


def _check_chain(
    head: Head,
    stored: StoredEntry,
    heads: dict[tuple[int, int], tuple[int, bytes]],
    result: Refolded,
) -> None:
    op = stored.entry.op
    if op is None:  # no box could hand its content back: its place and hash stand
        result.without_content += 1
        place = (stored.entry.node, stored.entry.epoch)
        if stored.entry.seq != heads.get(place, (0, b""))[0] + 1:
            result.differ(f"position {stored.position}: a gap in the chain of {place}")
        heads[place] = (stored.entry.seq, stored.entry.hash)
        return
    header = op.header
    author = (stored.entry.node, stored.entry.epoch)
    seq, previous = heads.get(author, (0, genesis_hash(head.chain, *author)))
    expected = op_hash(pack(header.row()), previous, op.hash_of_body)
    if header.seq != seq + 1 or expected != op.hash:
        result.differ(f"position {stored.position}: op {op.ref()} does not continue its chain")
    if op.body is not None and body_hash(op.body) != op.hash_of_body:
        result.differ(f"position {stored.position}: body is not what its hash says")
    heads[author] = (header.seq, op.hash)
    if header.node == HUB and header.kind == BRANCH:
        branch = branch_from_body(op.body)
        heads[branch.node, branch.epoch] = (branch.parent_seq, branch.parent_hash)


def _fold(database: Database, state: RefoldedState, stored: StoredEntry) -> None:
    op, annotation = stored.entry.op, stored.entry.annotation
    kind = KINDS.get(stored.kind)
    if op is None or kind is None:
        return
    if op.body is None and kind.policy == REGISTER and stored.subject is not None:
        if annotation.verdict in (APPLIED, OVERWROTE):
            state.note_bodyless(kind.code, stored.subject, stored.cafe)
        return
    fold_op(state, op, annotation, 0)
    if kind.code == LATE_VERDICT and has_effect(op, annotation):
        reference, late = late_verdict(op.body, annotation.effective)
        target = log.find_op(database, reference)
        if target is not None and target.entry.op is not None:
            fold_op(state, target.entry.op, late, 0)


def _compare(
    database: Database,
    state: RefoldedState,
    heads: dict[tuple[int, int], tuple[int, bytes]],
    result: Refolded,
) -> None:
    registers = {(kind, pack(key)): pack(row.row()) for (kind, key), row in state.registers.items()}
    stored_registers = {
        (row.kind, pack(row.key)): row.row for row in database.rows(RegisterDocument.select())
    }
    _compare_maps("document", registers, stored_registers, result)
    claims = {place: pack(row.row()) for place, row in state.claims.items()}
    stored_claims = {(row.kind, row.key): row.row for row in database.rows(ClaimHolder.select())}
    _compare_maps("claim", claims, stored_claims, result)
    balances = {
        (section[1], account): amount
        for (section, account), amount in state.balances.items()
        if amount
    }
    stored_balances = {
        (row.cafe, (row.code, row.subject, row.node, row.epoch, row.month, row.unit)): row.amount
        for row in database.rows(Balance.select().where(Balance.amount != 0))
    }
    _compare_maps("balance", balances, stored_balances, result)
    stored_sums = {
        (row.kind, row.cafe): int.from_bytes(row.sum, "big")
        for row in database.rows(SectionSum.select())
        if any(row.sum)
    }
    _compare_maps("state hash", state.sums().sums, stored_sums, result)
    stored_heads = {
        (row.node, row.epoch): (row.seq, row.hash)
        for row in database.rows(AuthorHead.select().where(AuthorHead.seq > 0))
    }
    _compare_maps("author", heads, stored_heads, result)


def _compare_maps(
    name: str, folded: Mapping[Any, object], stored: Mapping[Any, object], result: Refolded
) -> None:
    for key in folded.keys() | stored.keys():
        if folded.get(key) != stored.get(key):
            # Not the rows themselves: a document may hold a person's data.
            amounts = (folded.get(key), stored.get(key)) if name == "balance" else ""
            result.differ(f"{name} {key} {amounts}")
