"""A block in the making: what each op's verdict changes in state, authors and entries.

Everything here runs inside the block's transaction; `builder` commits it or rolls it back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cloud.domain import judge as rules
from cloud.domain.business_day import CLOCK_OFF_MS, Calendar
from cloud.domain.cases import Conflict, opening_body
from cloud.domain.epochs import (
    closed_epoch,
    epoch_fenced_by,
    fencing,
    returning,
    standing_after,
)
from cloud.domain.judge import Account, Section
from cloud.domain.openings import second_opening
from cloud.store import log
from cloud.store.database import Database
from cloud.store.log import Author, Head
from cloud.store.models import DeferredOp, GrantMade
from cloud.store.state import StoredState
from sync_protocol.accounts import class_of
from sync_protocol.annotations import APPLIED, DEFERRED, VOID, Annotation, late_verdict
from sync_protocol.blocks import Entry, entry_of
from sync_protocol.branches import branch_from_body
from sync_protocol.claims import ClaimWrite, claim_from_body, fold_claim
from sync_protocol.clock import HybridClock, effective_stamp, stamp_ms
from sync_protocol.codec import pack
from sync_protocol.fold import erased_subject, fold_register, fold_transaction, has_effect
from sync_protocol.kinds import (
    BRANCH,
    CASE,
    CLAIM,
    EPOCH_CLOSE,
    ERASE,
    KINDS,
    LATE_VERDICT,
    LEDGER,
    NODE,
    REGISTER,
    TRANSACTION,
    field_index,
)
from sync_protocol.ledger import REASON_SWEEP, Transaction, transaction_from_body
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
from sync_protocol.registers import RegisterRow, RegisterWrite, write_from_body

BUSINESS_DAY_FIELD = "business_day"

Decoded = Transaction | RegisterWrite | ClaimWrite | int
"""What an op with an effect says; an int is the subject that it erases."""

HubOps = Sequence[tuple[int, object]]
"""(kind, body) of ops that the hub writes"""


class HubOpVoidError(Exception):
    """An op of the hub's own would be void: a bug, or a body that a caller made wrongly."""


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
    rows: list[tuple[Op | None, bytes | None, int]] = field(default_factory=list)
    effective_max: int = 0
    calendar: Calendar = field(default_factory=Calendar)
    standing_changed: set[int] = field(default_factory=set)
    _effective_at: dict[int, int] = field(default_factory=dict)
    _closed: set[tuple[int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._closed = {
            place for place, author in self.known.items() if author.standing == rules.CLOSED
        }

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
        self._correct_day(op.header, author, judged)
        self._take(op, body, author, judged)
        if isinstance(judged.decoded, Transaction):
            self._sweep(judged.decoded)
            taken_back = second_opening(op, judged.decoded, self.state)
            if taken_back is not None:
                self.append_own(TRANSACTION, taken_back.body(), 0)
        if judged.conflict is not None:
            self._open_case(judged.conflict, author.cafe)

    def append_own(self, kind: int, body: object, actor: int) -> OpRef:
        """Append an op of the hub's; raises `HubOpVoidError` where it would be void."""
        author = self.author(HUB, self.head.generation)
        header = Header(
            OP_VERSION,
            kind,
            HUB,
            self.head.generation,
            author.seq + 1,
            self._own_stamp(),
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

    def append_late(self, entry: Entry) -> OpRef | None:
        """Judge an op that was deferred, by a LATE_VERDICT; None where it is deferred still."""
        op = entry.op
        if op is None:
            return None
        author = self.author(entry.node, entry.epoch)
        standing = rules.Author(author.cafe, author.standing)
        judged = rules.judge(op, standing, self._own_stamp(), self.state)
        annotation = judged.annotation
        if annotation.verdict == DEFERRED:
            return None
        body = [op.ref().row(), annotation.verdict, annotation.detail]
        reference = self.append_own(LATE_VERDICT, body, 0)
        if judged.conflict is not None:
            self._open_case(judged.conflict, author.cafe)
        return reference

    def restore(self, entry: Entry) -> None:
        """Take an entry as the hub annotated it before its database was lost.

        Of one whose content no box has the place and the hash are kept.
        """
        op, annotation = entry.op, entry.annotation
        author = self.author(entry.node, entry.epoch)
        if op is None:
            self._note(entry, author)
            self.rows.append((None, None, author.cafe))
            return
        known = op.header.kind in KINDS
        decoded = decoded_body(op) if known and has_effect(op, annotation) else None
        body = None if op.body is None else pack(op.body)
        self._take(op, body, author, rules.Judged(annotation, decoded))
        if isinstance(decoded, Transaction) and op.header.node == HUB and decoded.document:
            self._restore_grant(decoded, op.ref())

    def _restore_grant(self, transaction: Transaction, reference: OpRef) -> None:
        """Know again which op answered a request: a repeat gets the same."""
        holders = {posting[2] for posting in transaction.postings if posting[2]}
        for node in sorted(holders):
            made = GrantMade.insert(
                node=node,
                request=transaction.document,
                epoch=reference.epoch,
                seq=reference.seq,
                hash8=reference.hash8,
            )
            self.database.run(made.on_conflict_ignore())

    def _own_stamp(self) -> int:
        author = self.author(HUB, self.head.generation)
        return HybridClock(author.effective).next(self.hub_ms, self.effective_max)

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

    def _correct_day(self, header: Header, author: Author, judged: rules.Judged) -> None:
        """Where the author's clock was wrong, have the op's business day be that of its effect."""
        offset_ms = author.offset_ms if author.segment == header.segment else 0
        times_ms = (stamp_ms(header.stamp), stamp_ms(judged.annotation.effective))
        off_ms = times_ms[1] - times_ms[0]
        if -CLOCK_OFF_MS < off_ms < CLOCK_OFF_MS and -CLOCK_OFF_MS < offset_ms < CLOCK_OFF_MS:
            return  # nearly all of them
        written, utc_offset_min = _written_day(header.kind, judged.decoded)
        if written is not None:
            day = self.calendar.corrected(written, times_ms, offset_ms, utc_offset_min)
            if day:
                judged.annotation.book_on(day)

    def _take(self, op: Op, body: bytes | None, author: Author, judged: rules.Judged) -> None:
        annotation = judged.annotation
        cafe = self._fold(op, annotation, judged.decoded, author.cafe)
        branch_epoch = author.epoch if author.epoch != op.header.epoch else 0
        self._note(entry_of(op, annotation, branch_epoch), author)
        self.rows.append((op, body, cafe))
        if annotation.verdict == DEFERRED:
            self.database.run(DeferredOp.insert(position=self.position(), kind=op.header.kind))

    def _note(self, entry: Entry, author: Author) -> None:
        author.seq = entry.seq
        author.hash = entry.hash
        author.effective = entry.annotation.effective
        self.effective_max = max(self.effective_max, author.effective)
        self.entries.append(entry)

    def _fold(
        self, op: Op, annotation: Annotation, decoded: Decoded | None, author_cafe: int
    ) -> int:
        """Fold an op into the state by its verdict; return whose op it is."""
        if isinstance(decoded, Transaction):
            fold_transaction(self.state, decoded, annotation.diversions(), 0)
            return decoded.cafe
        if isinstance(decoded, RegisterWrite):
            fold_register(self.state, op.header.kind, decoded, annotation, op.ref())
            self._follow_document(op.header.kind, decoded)
            return decoded.cafe
        if isinstance(decoded, ClaimWrite):
            held = self.state.claim(op.header.kind, decoded.key)
            row = fold_claim(held, decoded, op.ref())
            self.state.set_claim(op.header.kind, decoded.key, row)
            return decoded.cafe
        if decoded is not None:
            self.state.erase(decoded)
        elif op.header.node == HUB and annotation.verdict == APPLIED:
            self._follow_system(op, annotation)
        return author_cafe

    def _follow_system(self, op: Op, annotation: Annotation) -> None:
        """Do what an op of the hub's about the log itself says."""
        kind = op.header.kind
        if kind == EPOCH_CLOSE:
            node, epoch, _seq = closed_epoch(op.body)
            self.author(node, epoch).standing = rules.CLOSED
            self._closed.add((node, epoch))
            self.standing_changed.add(node)
        elif kind == BRANCH:
            branch = branch_from_body(op.body)
            parent = self.author(branch.node, branch.parent_epoch)
            made = log.new_author(
                self.head.chain, branch.node, branch.epoch, parent.cafe, parent.public_key
            )
            made.standing = rules.ADMITTED
            made.seq, made.hash = branch.parent_seq, branch.parent_hash
            self.authors[(branch.node, branch.epoch)] = made
        elif kind == LATE_VERDICT:
            self._fold_late(op, annotation)

    def _fold_late(self, op: Op, annotation: Annotation) -> None:
        reference, late = late_verdict(op.body, annotation.effective)
        stored = log.find_op(self.database, reference)
        if stored is None or stored.entry.op is None:
            return
        self.database.run(DeferredOp.delete().where(DeferredOp.position == stored.position))
        target = stored.entry.op
        if has_effect(target, late):
            self._fold(target, late, decoded_body(target), stored.cafe)

    def _sweep(self, transaction: Transaction) -> None:
        """Return to the hub's part what has landed in a part of a closed epoch."""
        if not self._closed:
            return
        found: dict[tuple[Section, Account], int] = {}
        for posting in transaction.postings:
            account = posting[:6]
            if class_of(account[0]).limited and (account[2], account[3]) in self._closed:
                section = rules.section_of(account[0], transaction.cafe)
                found[section, account] = self.state.balance(section, account)
        held = [(place[0][1], place[1], amount) for place, amount in found.items() if amount]
        day, offset_min = transaction.business_day, transaction.utc_offset_min
        for body in returning(held, REASON_SWEEP, day, offset_min):
            self.append_own(TRANSACTION, body, 0)

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


def decoded_body(op: Op) -> Decoded | None:
    """Return what an op of a known kind says; None for one about the log itself."""
    kind = KINDS[op.header.kind]
    if kind.policy == LEDGER:
        return transaction_from_body(op.body)
    if kind.policy == REGISTER:
        return write_from_body(kind, op.body)
    if kind.policy == CLAIM:
        return claim_from_body(kind, op.body)
    return erased_subject(op.body) if kind.code == ERASE else None


def _written_day(kind: int, decoded: Decoded | None) -> tuple[int | None, int | None]:
    """Return (business day, UTC offset in minutes) as an op says them; None where it does not."""
    if isinstance(decoded, Transaction):
        return decoded.business_day, decoded.utc_offset_min
    if isinstance(decoded, RegisterWrite):
        for change in decoded.changes:
            name = KINDS[kind].fields[change.index].name
            if name == BUSINESS_DAY_FIELD and isinstance(change.value, int):
                return change.value, None
    return None, None


def _int_field(row: RegisterRow, name: str) -> int:
    value = row.value(field_index(NODE, name))
    return value if isinstance(value, int) else 0
