"""Build one block: judge what waits, fold it, add the hub's own ops, commit, sign.

A block is one transaction. Nothing that is decided here reaches anybody before it is committed,
and after any failure nothing of it is left, in the tables or in memory.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from cloud.domain import judge as rules
from cloud.domain.cases import Conflict, opening_body
from cloud.domain.epochs import closed_epoch, epoch_fenced_by, fencing, standing_after
from cloud.domain.erasure import subject_of
from cloud.domain.refusals import Refusal
from cloud.store import log
from cloud.store.database import Database
from cloud.store.log import Author, Head
from cloud.store.state import StoredState
from sync_protocol.annotations import APPLIED, DEFERRED, VOID
from sync_protocol.blocks import Block, Entry, block_signing_bytes, entry_of
from sync_protocol.claims import ClaimWrite, fold_claim
from sync_protocol.clock import HybridClock, effective_stamp
from sync_protocol.codec import pack
from sync_protocol.fold import fold_register, fold_transaction
from sync_protocol.kinds import CASE, EPOCH_CLOSE, KINDS, NODE, REGISTER, field_index
from sync_protocol.ledger import Transaction
from sync_protocol.ops import (
    HUB,
    OP_VERSION,
    REFERENCE_HASH_BYTES,
    TRUST_MEASURED,
    Header,
    Op,
    OpRef,
    make_op,
)
from sync_protocol.registers import RegisterRow, RegisterWrite

HubOps = Sequence[tuple[int, object]]
"""(kind, body) of ops that the hub writes"""


class HubOpVoidError(Exception):
    """An op of the hub's own would be void: a bug, or a body that a caller made wrongly."""


@dataclass(slots=True)
class Batch:
    """Verified ops of one author in order, their packed bodies, the signature over their head."""

    node: int
    epoch: int
    ops: list[Op]
    bodies: list[bytes | None]
    signature: bytes


@dataclass(slots=True)
class Proposal:
    """Ops that the hub itself may append, decided inside the block's transaction.

    `decide` sees the draft as it stands and returns ops to append, the references of ops that
    already answer it, or a refusal. `record` runs after they are appended, in the same
    transaction. `outcome` is set when the block is committed.
    """

    decide: Callable[["Draft"], HubOps | list[OpRef] | Refusal]
    actor: int = 0
    record: Callable[[Database, list[OpRef]], None] | None = None
    outcome: list[OpRef] | Refusal | HubOpVoidError | None = None


@dataclass(slots=True)
class Committed:
    """A committed block with what follows from it.

    `acked` is (node, epoch) -> last seq; `erased` the subjects of erase ops in it;
    `standing_changed` the nodes whose standing may have changed.
    """

    block: Block
    signature: bytes
    acked: dict[tuple[int, int], int]
    erased: list[int]
    standing_changed: set[int]


@dataclass(slots=True)
class Draft:
    """A block in the making: state, authors and entries as far as they have come."""

    database: Database
    state: StoredState
    head: Head
    hub_ms: int
    known: dict[tuple[int, int], Author]
    authors: dict[tuple[int, int], Author] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    rows: list[tuple[Op, bytes | None, int]] = field(default_factory=list)
    effective_max: int = 0
    standing_changed: set[int] = field(default_factory=set)
    _effective_at: dict[int, int] = field(default_factory=dict)

    def author(self, node: int, epoch: int) -> Author:
        """Return an author as this block leaves it so far; KeyError if it is not known."""
        key = (node, epoch)
        author = self.authors.get(key)
        if author is None:
            author = self.authors[key] = self.known[key].copy()
        return author

    def authors_of(self, node: int) -> list[Author]:
        """Return every epoch of a node."""
        keys = {key for key in (*self.known, *self.authors) if key[0] == node}
        return [self.author(*key) for key in sorted(keys)]

    def position(self) -> int:
        """Return the position of the last entry so far."""
        return self.head.position + len(self.entries)

    def append(self, op: Op, body: bytes | None, author: Author, standing: rules.Author) -> None:
        """Judge and fold a verified op, then open the conflict case that it raised.

        `body` is its packed body. One that is too long is void and loses its body: the chain
        holds without it, and every block can be sent.
        """
        effective = self._effective(op.header, author)
        if body is not None and len(body) > rules.BODY_BYTES_MAX:
            op.body = body = None
            judged = rules.judge_oversized(op, effective)
        else:
            judged = rules.judge(op, standing, effective, self.state)
        self._take(op, body, author, judged)
        if judged.conflict is not None:
            self._open_case(judged.conflict, author.cafe)

    def append_own(self, kind: int, body: object, actor: int) -> OpRef:
        """Append an op of the hub's; raises `HubOpVoidError` where it would be void."""
        author = self.author(HUB, self.head.generation)
        clock = HybridClock(author.effective)
        header = Header(
            OP_VERSION,
            kind,
            HUB,
            self.head.generation,
            author.seq + 1,
            clock.next(self.hub_ms, self.effective_max),
            0,
            TRUST_MEASURED,
            self.head.generation,
            self.head.stream,
            self.position(),
            actor,
            0,
            0,
        )
        op = make_op(header, body, author.hash)
        judged = rules.judge(op, rules.Author(0), header.stamp, self.state)
        if judged.annotation.verdict in (VOID, DEFERRED):
            raise HubOpVoidError(f"{KINDS[kind].name}: {judged.annotation.detail}")
        self._take(op, pack(body), author, judged)
        return op.ref()

    def _effective(self, header: Header, author: Author) -> int:
        seen = header.seen_position
        seen_effective = self._effective_at.get(seen)
        if seen_effective is None:
            if seen >= self.head.position:
                seen_effective = self.head.effective_max
            else:
                seen_effective = log.effective_at(self.database, seen)
            self._effective_at[seen] = seen_effective
        offset_ms = author.offset_ms if author.segment == header.segment else 0
        return effective_stamp(
            header.stamp, offset_ms, self.hub_ms, author.effective, seen_effective
        )

    def _take(self, op: Op, body: bytes | None, author: Author, judged: rules.Judged) -> None:
        annotation = judged.annotation
        cafe = author.cafe
        decoded = judged.decoded
        if isinstance(decoded, Transaction):
            fold_transaction(self.state, decoded, annotation.diversions(), 0)
            cafe = decoded.cafe
        elif isinstance(decoded, RegisterWrite):
            fold_register(self.state, op.header.kind, decoded, annotation, op.ref())
            cafe = decoded.cafe
            self._follow_document(op.header.kind, decoded)
        elif isinstance(decoded, ClaimWrite):
            held = self.state.claim(op.header.kind, decoded.key)
            row = fold_claim(held, decoded, op.ref())
            self.state.set_claim(op.header.kind, decoded.key, row)
            cafe = decoded.cafe
        elif decoded is not None:
            self.state.erase(decoded)
        elif op.header.kind == EPOCH_CLOSE and annotation.verdict == APPLIED:
            node, epoch, _seq = closed_epoch(op.body)
            self.author(node, epoch).standing = rules.CLOSED
            self.standing_changed.add(node)
        author.seq = op.header.seq
        author.hash = op.hash
        author.effective = annotation.effective
        self.effective_max = max(self.effective_max, annotation.effective)
        self.entries.append(entry_of(op, annotation))
        self.rows.append((op, body, cafe))

    def fence_epoch(self, node: int, epoch: int, reason: str) -> HubOps:
        """Return the ops that fence an epoch for good; none where it writes no more already."""
        author = self.author(node, epoch)
        if author.standing != rules.CURRENT or not author.seq:
            return []
        last = OpRef(node, epoch, author.seq, author.hash[:REFERENCE_HASH_BYTES])
        row = self.state.register(NODE, node)
        return fencing(last, reason, author.cafe, row, self.hub_ms)

    def _follow_document(self, kind: int, write: RegisterWrite) -> None:
        if kind == NODE and isinstance(write.key, int):
            self._follow_node(write.key)
        elif kind == CASE:
            place = epoch_fenced_by(write)
            if place is not None:
                self.author(*place).standing = rules.FORKED
                self.standing_changed.add(place[0])

    def _follow_node(self, node: int) -> None:
        """Bring a node's authors into line with its register: one epoch is current, or none."""
        row = self.state.register(NODE, node)
        if row is None:
            return
        epoch = _int_field(row, "epoch")
        public_key = row.value(field_index(NODE, "public_key"))
        status = row.value(field_index(NODE, "status"))
        if isinstance(public_key, bytes) and (node, epoch) not in self.known:
            key = (node, epoch)
            if key not in self.authors:
                cafe = _int_field(row, "cafe")
                self.authors[key] = log.new_author(self.head.chain, node, epoch, cafe, public_key)
        for author in self.authors_of(node):
            author.standing = standing_after(author.standing, author.epoch == epoch, str(status))
        self.standing_changed.add(node)

    def _open_case(self, conflict: Conflict, cafe: int) -> None:
        if self.state.register(CASE, conflict.key) is None:
            self.append_own(CASE, opening_body(conflict, cafe, self.hub_ms), 0)


def _int_field(row: RegisterRow, name: str) -> int:
    value = row.value(field_index(NODE, name))
    return value if isinstance(value, int) else 0


def _documents_of(batches: Sequence[Batch]) -> Iterator[tuple[int, int | str]]:
    """Yield the documents that the batches' register ops are about."""
    for batch in batches:
        for op in batch.ops:
            kind = KINDS.get(op.header.kind)
            if kind is None or kind.policy != REGISTER:
                continue
            if isinstance(op.body, list) and len(op.body) > 1:
                key = op.body[1]
                if key.__class__ is int or key.__class__ is str:
                    yield (kind.code, key)


class BlockBuilder:
    """Appends blocks to one log. Used by one thread.

    `sign` signs with the hub's key, `now_ms` is the hub's clock, `reached` is told of each point
    at which a test may stop the process (see `configuration`).
    """

    def __init__(
        self,
        database: Database,
        sign: Callable[[bytes], bytes],
        now_ms: Callable[[], int],
        reached: Callable[[str], None],
    ) -> None:
        self.database = database
        self.sign = sign
        self._now_ms = now_ms
        self._reached = reached
        fence = log.take_fence(database)
        self.head = log.read_head(database)
        self.head.fence = fence
        self.authors = log.read_authors(database)
        self.state = StoredState(database)

    def build(self, batches: Sequence[Batch], proposals: Sequence[Proposal]) -> Committed | None:
        """Commit one block of everything given; None where no op came of it.

        Raises `FencedError` where another hub has taken the log over, and the database's errors:
        in either case nothing is committed.
        """
        draft = Draft(self.database, self.state, self.head, self._now_ms(), self.authors)
        draft.effective_max = self.head.effective_max
        done = False
        try:
            with self.database.transaction():
                log.lock_head(self.database, self.head.fence)
                self.state.prefetch_registers(_documents_of(batches))
                for batch in batches:
                    author = draft.author(batch.node, batch.epoch)
                    standing = rules.Author(author.cafe, author.standing)
                    for op, body in zip(batch.ops, batch.bodies, strict=True):
                        draft.append(op, body, author, standing)
                    author.proof = batch.signature
                outcomes = [self._propose(draft, proposal) for proposal in proposals]
                committed = self._write(draft) if draft.entries else None
                if committed is not None:
                    self._reached("hub_committing")
            done = True
        finally:
            if not done:
                self.state.forget()
        if committed is not None:
            self._reached("hub_committed")
        for proposal, outcome in zip(proposals, outcomes, strict=True):
            proposal.outcome = outcome
        if committed is not None:
            self._advance(draft, committed)
        return committed

    def _propose(self, draft: Draft, proposal: Proposal) -> list[OpRef] | Refusal | HubOpVoidError:
        decision = proposal.decide(draft)
        if isinstance(decision, Refusal):
            return decision
        references: list[OpRef] = []
        try:
            for item in decision:
                if isinstance(item, OpRef):
                    references.append(item)
                else:
                    references.append(draft.append_own(item[0], item[1], proposal.actor))
        except HubOpVoidError as error:
            return error
        if proposal.record is not None:
            proposal.record(self.database, references)
        return references

    def _write(self, draft: Draft) -> Committed:
        head = self.head
        block = Block(
            head.generation,
            head.stream,
            head.block_number + 1,
            head.position + 1,
            head.block_hash,
            draft.entries,
        )
        signature = self.sign(block_signing_bytes(head.chain, block.hash))
        rows = []
        position = head.position
        for (op, packed, cafe), entry in zip(draft.rows, draft.entries, strict=True):
            position += 1
            kind = KINDS.get(op.header.kind)
            subject, body = None, packed
            if kind is not None and kind.personal:
                subject = subject_of(kind.code, op.body)
                if subject in self.state.erased:
                    op.body = body = None
            rows.append(log.op_row(position, cafe, entry, op, body, subject))
        log.write_block(
            self.database, head, block, signature, rows, draft.effective_max, draft.hub_ms
        )
        self.state.flush(block.last_position())
        log.write_authors(self.database, list(draft.authors.values()))
        acked = {key: author.seq for key, author in draft.authors.items()}
        return Committed(
            block, signature, acked, list(self.state.newly_erased), draft.standing_changed
        )

    def _advance(self, draft: Draft, committed: Committed) -> None:
        self.state.flushed()
        self.authors.update(draft.authors)
        block = committed.block
        # A new one, not changed in place: other threads read it.
        self.head = replace(
            self.head,
            position=block.last_position(),
            block_number=block.number,
            block_hash=block.hash,
            effective_max=draft.effective_max,
        )
