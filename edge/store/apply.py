"""Applies a verified range of blocks: one transaction that moves log, projections and cursor."""

from dataclasses import dataclass, field

from edge.store import statements
from edge.store.bulk import read_rows
from edge.store.confirmed import ConfirmedState
from edge.store.erasure import drop_bodies, forget_person
from edge.store.facts import Cursor
from edge.store.log_reader import AuthorRow
from edge.store.op_rows import (
    MentionKey,
    StoredOp,
    claim_mentions,
    ledger_mentions,
    mentions_of_void,
    op_key,
    subject_of,
)
from edge.store.own_chains import OwnChains
from edge.store.range_rows import RangeRows
from edge.store.standing import OWN_OP_NOT_APPLIED, SETTING_STOP
from edge.store.tables import Author
from edge.store.transaction import WriteTransaction
from sync_protocol.annotations import DEFERRED, DIVERTED, VOID, Annotation, late_verdict
from sync_protocol.blocks import Block, Entry, log_genesis_hash
from sync_protocol.branches import branch_from_body
from sync_protocol.claims import claim_from_body, fold_claim
from sync_protocol.errors import ChainError
from sync_protocol.fold import (
    erased_subject,
    fold_register,
    fold_transaction,
    has_effect,
)
from sync_protocol.kinds import (
    BRANCH,
    CLAIM,
    ERASE,
    KINDS,
    LATE_VERDICT,
    LEDGER,
    REGISTER,
    SYSTEM,
    Kind,
)
from sync_protocol.ledger import transaction_from_body
from sync_protocol.ops import OP_VERSION, Op, OpRef, genesis_hash
from sync_protocol.registers import write_from_body


@dataclass(slots=True)
class Applied:
    """What a range brought: for the page, the sync and the alarms.

    `alarms` names own ledger ops that came back void or diverted, `lost_claims` own claims that
    another holds; `erased` the people whose bytes are to be scrubbed from the files.
    """

    cursor: Cursor
    ops: int = 0
    own_ops: int = 0
    parked: int = 0
    alarms: list[OpRef] = field(default_factory=list)
    lost_claims: list[OpRef] = field(default_factory=list)
    erased: list[int] = field(default_factory=list)


def apply_blocks(
    transaction: WriteTransaction, blocks: list[Block], signature: bytes | None
) -> Applied:
    """Apply blocks that follow the cursor, all or none.

    `signature` is the hub's, of the last block; who calls has verified it. Raises `ChainError` for
    blocks that do not follow what was applied before. Own ops that this store has not written, or
    not so, fence its epoch and change nothing of what it holds, see `own_chains`.
    """
    return _Application(transaction).run(blocks, signature)


def is_known(op: Op, parked_kinds: set[int]) -> bool:
    """Return whether an op can be folded here. Once one of a kind is parked, later ones wait too:
    a document's changes are folded in their order."""
    kind = KINDS.get(op.header.kind)
    if kind is None or kind.code in parked_kinds:
        return False
    return op.header.version <= OP_VERSION or kind.policy == LEDGER


class _Application:
    """The state of one `apply_blocks`."""

    def __init__(self, transaction: WriteTransaction) -> None:
        self._transaction = transaction
        self._connection = transaction.connection
        self._identity = transaction.identity
        self._state = ConfirmedState(transaction.connection)
        rows = self._connection.execute(statements.SELECT_PARKED_KINDS)
        self._parked_kinds = {row[0] for row in rows}
        self._authors: dict[tuple[int, int], AuthorRow] = {}
        self._heads: dict[tuple[int, int], tuple[int, bytes]] = {}
        self._rows = RangeRows(transaction.connection)
        self._erased: set[object] = set()
        self._applied = Applied(transaction.cursor())
        self._must_stop = False
        self._position = 0
        self._own_chains = OwnChains(transaction, self._renamed)

    def run(self, blocks: list[Block], signature: bytes | None) -> Applied:
        self._own_chains.compare(blocks)
        self._read_ahead(blocks)
        cursor = self._applied.cursor
        greatest = cursor.greatest_effective
        for block in blocks:
            cursor = self._check_follows(cursor, block)
            position = block.first_position
            for entry in block.entries:
                greatest = max(greatest, entry.annotation.effective)
                self._apply_entry(entry, position)
                position += 1
            is_last = block is blocks[-1]
            values = (block.generation, block.number, block.first_position, len(block.entries))
            self._connection.execute(
                statements.INSERT_BLOCK, (*values, block.hash, signature if is_last else None)
            )
            cursor = Cursor(
                block.generation,
                block.stream,
                block.last_position(),
                block.number,
                block.hash,
                greatest,
            )
        self._flush()
        self._transaction.move_cursor(cursor)
        self._note_outcome(cursor)
        return self._applied

    def fold_parked(self) -> Applied:
        """Fold ops of kinds that an update brought, in order; see `unpark`."""
        self._parked_kinds = set()
        for row in self._connection.execute(statements.SELECT_PARKED).fetchall():
            stored = StoredOp(*row)
            op, annotation = stored.op(), stored.annotation()
            if op is None or annotation is None or not is_known(op, self._parked_kinds):
                self._parked_kinds.add(op.header.kind if op is not None else 0)
                continue
            self._connection.execute(statements.DELETE_WAITING, (stored.key,))
            self._position = stored.position or 0
            own = op.header.node == self._identity.node
            self._rows.mention(self._fold(op, annotation, own, stored.key), stored.key)
            self._applied.ops += 1
        self._flush()
        self._note_outcome(self._applied.cursor)
        return self._applied

    # --- one entry --------------------------------------------------------------------------------

    def _apply_entry(self, entry: Entry, position: int) -> None:
        self._position = position
        place = (entry.node, entry.epoch)
        author = self._authors.get(place) or self._open_author(place)
        last_seq = self._heads[place][0]
        if entry.seq != last_seq + 1:
            raise ChainError("seq_gap", f"{place}: {entry.seq} after {last_seq}")
        op, local = entry.op, None
        if entry.node == self._identity.node:
            author, local = self._own_chains.written_here(place, author, entry)
        self._heads[place] = (entry.seq, entry.hash)
        key = op_key(author.number, entry.seq)
        annotation = entry.annotation
        self._applied.ops += 1
        if local is not None:
            op = local
            self._rows.place_own(key, position, annotation)
            self._applied.own_ops += 1
        else:
            op = self._without_erased_body(op)
            self._rows.add_op(key, position, entry, op)
            if op is None:
                return
        kind = op.header.kind
        if annotation.verdict == DEFERRED:
            self._wait(key, position, kind, parked=False)
        elif not is_known(op, self._parked_kinds):
            self._wait(key, position, kind, parked=True)
            self._parked_kinds.add(kind)
            self._applied.parked += 1
            return
        self._rows.mention(self._fold(op, annotation, local is not None, key), key)

    def _fold(self, op: Op, annotation: Annotation, own: bool, key: int) -> set[MentionKey]:
        """Fold an op into both sides of the projections; return whom it names."""
        was_pending = own and annotation.verdict != DEFERRED  # a deferred one stays pending
        if was_pending:
            self._rows.confirm(key)
        if own:
            self._note_own(op, annotation)
        kind = KINDS.get(op.header.kind)
        if kind is None or op.body is None:  # deferred by a hub that does not know it, or erased
            return set()
        if not own and not has_effect(op, annotation):
            return mentions_of_void(op)
        if kind.policy == SYSTEM:
            if has_effect(op, annotation):
                self._fold_system(kind, op, annotation, key)
            return set()
        return self._fold_record(kind, op, annotation, was_pending, key)

    def _fold_record(
        self, kind: Kind, op: Op, annotation: Annotation, was_pending: bool, key: int
    ) -> set[MentionKey]:
        if kind.policy == LEDGER:
            return self._fold_ledger(op, annotation, was_pending and self._is_pending(op, key))
        if kind.policy == REGISTER:
            return self._fold_register(kind, op, annotation, was_pending)
        return self._fold_claim(kind, op, annotation, was_pending)

    def _fold_system(self, kind: Kind, op: Op, annotation: Annotation, key: int) -> None:
        if kind.code == ERASE:
            self._erase(erased_subject(op.body))
        elif kind.code == LATE_VERDICT:
            self._fold_late(op, annotation, key)
        elif kind.code == BRANCH:
            self._flush()
            for known in self._own_chains.open_branch(branch_from_body(op.body)):
                self._take_back(known)

    def _fold_ledger(self, op: Op, annotation: Annotation, was_pending: bool) -> set[MentionKey]:
        transaction = transaction_from_body(op.body)
        if was_pending:
            for posting in transaction.postings:
                self._state.add_pending(posting[:6], -posting[6])
        if has_effect(op, annotation):
            cafe = self._identity.cafe
            fold_transaction(self._state, transaction, annotation.diversions(), cafe)
        return ledger_mentions(transaction, self._identity.cafe == transaction.cafe)

    def _fold_register(
        self, kind: Kind, op: Op, annotation: Annotation, was_pending: bool
    ) -> set[MentionKey]:
        write = write_from_body(kind, op.body)
        if has_effect(op, annotation):
            fold_register(self._state, kind.code, write, annotation, op.ref())
        if was_pending:
            self._state.touch_register(kind.code, write.key)
        return {write.key}

    def _fold_claim(
        self, kind: Kind, op: Op, annotation: Annotation, was_pending: bool
    ) -> set[MentionKey]:
        claim = claim_from_body(kind, op.body)
        if has_effect(op, annotation):
            held = self._state.claim(kind.code, claim.key)
            self._state.set_claim(kind.code, claim.key, fold_claim(held, claim, op.ref()))
        if was_pending:
            self._state.touch_claim(kind.code, claim.key)
        return set(claim_mentions(claim))

    def _fold_late(self, op: Op, annotation: Annotation, late_key: int) -> None:
        """Fold an op whose verdict comes now; one of a kind that is parked here parks both."""
        reference, late = late_verdict(op.body, annotation.effective)
        self._flush()
        logged = self._transaction.op_row(reference)
        target = None if logged is None else logged.op()
        if logged is None or target is None:
            return  # a stub here: out of reach
        if not is_known(target, self._parked_kinds):
            self._wait(late_key, self._position, target.header.kind, parked=True)
            self._parked_kinds.add(target.header.kind)
            return
        self._connection.execute(statements.DELETE_WAITING, (logged.key,))
        own = target.header.node == self._identity.node
        self._fold(target, late, own, logged.key)

    def _take_back(self, row: StoredOp) -> None:
        """Drop an own op that is shown as pending and stands, confirmed, in the log's chain."""
        op = row.op()
        if op is not None and op.body is not None and KINDS[op.header.kind].policy != SYSTEM:
            self._rows.confirm(row.key)
            void = Annotation(0, VOID, "known")
            self._fold_record(KINDS[op.header.kind], op, void, True, row.key)
            self._flush()
        self._connection.execute(statements.DELETE_OP, (row.key,))

    def _renamed(self, place: tuple[int, int], author: AuthorRow | None) -> None:
        """What was applied of an own chain is to be written, for its number is to change."""
        self._flush()
        self._authors.pop(place, None)
        self._heads.pop(place, None)
        if author is not None:
            self._authors[place] = author
            self._heads[place] = (author.seq, author.hash)

    def _erase(self, subject: int) -> None:
        """Drop a person's rows and bodies; see `erasure`. All that came before is in the tables."""
        self._flush()
        self._erased.add(subject)
        state = self._state
        documents, claims = state.personal_rows_of(subject)
        drop_bodies(self._transaction, subject)
        forget_person(self._transaction, subject)
        for place in documents:
            state.erase_register(*place)
        for claim_place in claims:
            state.erase_claim(*claim_place)
        self._applied.erased.append(subject)

    # --- own ops ----------------------------------------------------------------------------------

    def _note_own(self, op: Op, annotation: Annotation) -> None:
        kind = KINDS.get(op.header.kind)
        policy = None if kind is None else kind.policy
        if policy == LEDGER and annotation.verdict in (VOID, DIVERTED):
            self._applied.alarms.append(op.ref())
            self._must_stop |= op.header.epoch == self._identity.epoch
        elif policy == CLAIM and not has_effect(op, annotation):
            self._applied.lost_claims.append(op.ref())

    def _is_pending(self, op: Op, key: int) -> bool:
        """Return whether the own op's postings are counted as pending: this store wrote it."""
        if op.header.epoch == self._identity.epoch:
            return True
        row = self._connection.execute(statements.SELECT_OP, (key,)).fetchone()
        return row is not None and row[1] is None

    # --- helpers of the range ---------------------------------------------------------------------

    def _check_follows(self, cursor: Cursor, block: Block) -> Cursor:
        if cursor.generation == 0:
            first_hash = log_genesis_hash(self._identity.chain, block.generation)
            cursor = Cursor(block.generation, block.stream, 0, 0, first_hash, 0)
        expected = (cursor.generation, cursor.stream, cursor.block_number + 1, cursor.position + 1)
        got = (block.generation, block.stream, block.number, block.first_position)
        expected = (max(cursor.generation, block.generation), *expected[1:])
        if got != expected or block.previous_hash != cursor.block_hash:
            raise ChainError("block_gap", f"{got} does not follow {cursor.block_number}")
        return cursor

    def _open_author(self, place: tuple[int, int]) -> AuthorRow:
        author = self._transaction.author(*place)
        if author is None:
            genesis = genesis_hash(self._identity.chain, *place)
            number = Author.insert(node=place[0], epoch=place[1], seq=0, hash=genesis)
            author = AuthorRow(number.execute(self._transaction.database), 0, genesis)
        self._authors[place] = author
        self._heads[place] = (author.seq, author.hash)
        return author

    def _read_ahead(self, blocks: list[Block]) -> None:
        """Read at once what the range's ops will ask for: documents, and who is erased."""
        documents, people = set(), set()
        for block in blocks:
            for entry in block.entries:
                op = entry.op
                kind = None if op is None else KINDS.get(op.header.kind)
                if op is None or kind is None or kind.policy == LEDGER:
                    continue
                subject = subject_of(kind, op)
                if subject is None:
                    continue
                if kind.policy == REGISTER:
                    documents.add((kind.code, subject))
                if kind.personal:
                    people.add((subject,))
        self._state.prefetch(documents)
        rows = read_rows(self._connection, statements.SELECT_ERASED_ROWS, list(people))
        self._erased.update(row[0] for row in rows)

    def _without_erased_body(self, op: Op | None) -> Op | None:
        """Apply the standing rule: what comes on an erased person loses its body."""
        if op is None or not self._erased:
            return op
        kind = KINDS.get(op.header.kind)
        if kind is None or not kind.personal or subject_of(kind, op) not in self._erased:
            return op
        return Op(op.header, None, op.hash_of_body, op.hash)

    def _wait(self, key: int, position: int, kind: int, *, parked: bool) -> None:
        self._connection.execute(statements.INSERT_WAITING, (key, position, kind, parked))

    def _flush(self) -> None:
        self._rows.write()
        for place, author in self._authors.items():
            self._connection.execute(statements.UPDATE_AUTHOR, (*self._heads[place], author.number))
        self._state.flush()

    def _note_outcome(self, cursor: Cursor) -> None:
        self._applied.cursor = cursor
        if self._must_stop:
            self._transaction.set_setting(SETTING_STOP, OWN_OP_NOT_APPLIED)


def unpark(transaction: WriteTransaction) -> Applied:
    """Fold the parked ops whose kinds this program knows, in their order."""
    return _Application(transaction).fold_parked()
