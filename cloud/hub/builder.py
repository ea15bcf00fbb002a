"""Build one block: judge what waits, fold it, add the hub's own ops, commit, sign.

A block is one transaction. Nothing that is decided here reaches anybody before it is committed,
and after any failure nothing of it is left, in the tables or in memory.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from cloud.domain import judge as rules
from cloud.domain.business_day import Calendar
from cloud.domain.erasure import subject_of
from cloud.domain.refusals import Refusal
from cloud.hub.draft import Draft, HubOps, HubOpVoidError
from cloud.store import log, returned
from cloud.store.database import Database
from cloud.store.state import StoredState
from sync_protocol.blocks import Block, block_signing_bytes
from sync_protocol.errors import ProtocolError
from sync_protocol.kinds import KINDS, LEDGER, REGISTER
from sync_protocol.ops import HUB, Op, OpRef


class PartlyVoidError(Exception):
    """Some ops of a proposal are in the draft, and the next would be void: `fault` says why."""

    def __init__(self, proposal: "Proposal", fault: HubOpVoidError) -> None:
        super().__init__(str(fault))
        self.proposal = proposal
        self.fault = fault


class RestoreError(Exception):
    """A handed-back block cannot be appended as it was: a bug, or a damaged store."""


@dataclass(slots=True)
class Batch:
    """Verified ops of one author in order, and their packed bodies.

    `signature` is the author's over the last of them, empty where this is not all that it signed.
    """

    node: int
    epoch: int
    ops: list[Op]
    bodies: list[bytes | None]
    signature: bytes


@dataclass(slots=True)
class Proposal:
    """Ops that the hub itself may append, decided inside the block's transaction.

    `decide` sees the draft as it stands and returns ops to append, the references of ops that
    already answer it, or a refusal; it is asked again where the block is begun anew. `record` runs
    after they are appended, in the same transaction. `outcome` is set when the block is committed.
    All its ops are in the block, or none.
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


def _subjects_of(batches: Sequence[Batch]) -> Iterator[int | str]:
    """Yield the subjects of the accounts that the batches' ledger ops post to."""
    for batch in batches:
        for op in batch.ops:
            kind = KINDS.get(op.header.kind)
            if kind is None or kind.policy != LEDGER:
                continue
            if not isinstance(op.body, list) or not op.body or not isinstance(op.body[-1], list):
                continue  # void
            for posting in op.body[-1]:
                if isinstance(posting, list) and len(posting) > 1:
                    subject = posting[1]
                    if subject.__class__ is int or subject.__class__ is str:
                        yield subject


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
        calendar: Calendar | None = None,
    ) -> None:
        self.database = database
        self.calendar = calendar or Calendar()
        self.sign = sign
        self._now_ms = now_ms
        self._reached = reached
        fence = log.take_fence(database)
        self.head = log.read_head(database)
        self.head.fence = fence
        self.authors = log.read_authors(database)
        self.state = StoredState(database)

    def _draft(self) -> Draft:
        draft = Draft(self.database, self.state, self.head, self._now_ms(), self.authors)
        draft.effective_max = self.head.effective_max
        draft.calendar = self.calendar
        return draft

    def build(self, batches: Sequence[Batch], proposals: Sequence[Proposal]) -> Committed | None:
        """Commit one block of everything given; None where no op came of it.

        Raises `FencedError` where another hub has taken the log over, and the database's errors:
        in either case nothing is committed.
        """
        try:
            return self._build(batches, proposals)
        except PartlyVoidError as error:
            # What is in the draft is not taken out of it again: the block is begun anew without.
            error.proposal.outcome = error.fault
            others = [one for one in proposals if one is not error.proposal]
            return self.build(batches, others)

    def _build(self, batches: Sequence[Batch], proposals: Sequence[Proposal]) -> Committed | None:
        draft = self._draft()
        done = False
        try:
            with self.database.transaction():
                log.lock_head(self.database, self.head.fence)
                self.state.prefetch_registers(_documents_of(batches))
                self.state.prefetch_balances(_subjects_of(batches))
                for batch in batches:
                    author = draft.author(batch.node, batch.epoch)
                    standing = rules.Author(author.cafe, author.standing)
                    for op, body in zip(batch.ops, batch.bodies, strict=True):
                        draft.append(op, body, author, standing)
                    if batch.signature:
                        author.keep_evidence(batch.signature)
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

    def restore(self, block: Block) -> Committed:
        """Append a block as boxes handed it back: verdicts as they were, nothing judged.

        Raises `RestoreError` where it does not come out as it was.
        """
        if block.generation != self.head.generation:
            self._enter_generation(block.generation)
        draft = self._draft()
        done = False
        try:
            with self.database.transaction():
                log.lock_head(self.database, self.head.fence)
                for entry in block.entries:
                    draft.restore(entry)
                committed = self._write(draft)
                if committed.block.hash != block.hash:
                    raise RestoreError(f"block {block.number} does not come out as it was")
            done = True
        finally:
            if not done:
                self.state.forget()
        self._advance(draft, committed)
        return committed

    def begin_generation(self, node_floor: int) -> None:
        """End a recovery: the log goes on in a new generation, behind all that is in it.

        No node number up to `node_floor` is given to a new box.
        """
        self._enter_generation(self.head.generation + 1, node_floor)

    def _enter_generation(self, generation: int, node_floor: int = 0) -> None:
        public_key = self.authors[HUB, self.head.generation].public_key
        hub = log.new_author(self.head.chain, HUB, generation, 0, public_key)
        with self.database.transaction():
            log.lock_head(self.database, self.head.fence)
            log.begin_generation(self.database, generation, hub)
            if node_floor:
                returned.end(self.database, node_floor)
        self.authors[HUB, generation] = hub
        self.head = replace(self.head, generation=generation)

    def _propose(self, draft: Draft, proposal: Proposal) -> list[OpRef] | Refusal | HubOpVoidError:
        references: list[OpRef] = []
        entries_before = len(draft.entries)
        try:
            decision = proposal.decide(draft)
            if isinstance(decision, Refusal):
                return decision
            for item in decision:
                if isinstance(item, OpRef):
                    references.append(item)
                else:
                    references.append(draft.append_own(item[0], item[1], proposal.actor))
        except (HubOpVoidError, ProtocolError) as error:
            # What one caller hands in is refused to that caller: it stops the log for nobody.
            fault = error if isinstance(error, HubOpVoidError) else HubOpVoidError(str(error))
            if len(draft.entries) > entries_before:
                raise PartlyVoidError(proposal, fault) from error
            return fault
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
            if op is None:
                rows.append(log.stub_row(position, cafe, entry))
                continue
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
