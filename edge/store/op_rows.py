"""Ops as rows and back: local keys, stored bytes, and whom an op names."""

from hashlib import sha256
from typing import NamedTuple

from edge.store.facts import LoggedOp
from edge.store.tables import SEQ_BITS
from sync_protocol.accounts import ALIPAY_CLEARING, BONUS, FEN, TILL, WALLET, class_of
from sync_protocol.annotations import Annotation
from sync_protocol.blocks import Entry
from sync_protocol.claims import ClaimWrite, claim_from_body
from sync_protocol.codec import unpack_stored
from sync_protocol.errors import DecodeError
from sync_protocol.expect import expect_key
from sync_protocol.fold import personal_subject
from sync_protocol.kinds import CAFE, CLAIM, KINDS, LEDGER, REGISTER, Kind
from sync_protocol.ledger import Transaction, transaction_from_body
from sync_protocol.ops import SEQ_MAX, Op, header_from_row
from sync_protocol.registers import write_from_body

MentionKey = int | str | bytes

NIL_BYTES = b"\xc0"
"""A packed nil."""


def op_key(author: int, seq: int) -> int:
    """Return the key of an op in table `op`; `author` is a row of `author`."""
    return author << SEQ_BITS | seq


def seq_of(key: int) -> int:
    """Return the seq of an op's key."""
    return key & SEQ_MAX


class StoredOp(NamedTuple):
    """A row of the statements that select ops."""

    key: int
    position: int | None
    effective: int
    verdict: int | None
    detail: bytes | None
    header: bytes | None
    body: bytes | None
    body_hash: bytes | None
    hash: bytes

    def op(self) -> Op | None:
        """Return the op, None for a stub."""
        if self.header is None:
            return None
        header = header_from_row(unpack_stored(self.header))
        if self.body is None:
            return Op(header, None, self.body_hash or b"", self.hash)
        return Op(header, unpack_stored(self.body), sha256(self.body).digest(), self.hash)

    def annotation(self) -> Annotation | None:
        """Return the hub's word, None while there is none."""
        if self.verdict is None:
            return None
        detail = None if self.detail is None else unpack_stored(self.detail)
        return Annotation(self.effective, self.verdict, detail)

    def entry(self, node: int, epoch: int) -> Entry:
        """Return the entry of a block again; the row has a position."""
        annotation = self.annotation()
        if annotation is None:
            raise ValueError(f"op {node}.{epoch}.{seq_of(self.key)} is not in the log")
        return Entry(node, epoch, seq_of(self.key), self.hash, self.op(), annotation)

    def logged(self) -> LoggedOp | None:
        """Return the op with its place, None for a stub."""
        op = self.op()
        if op is None:
            return None
        detail = None if self.detail is None else unpack_stored(self.detail)
        return LoggedOp(op, self.position, self.effective, self.verdict, detail)


def ledger_mentions(transaction: Transaction, all_accounts: bool) -> set[MentionKey]:
    """Return the subjects, items and assets by whose name a transaction is found again.

    `all_accounts`: also narrow ones; a box keeps those of its own cafe only.
    """
    found: set[MentionKey] = set()
    for code, subject, _node, _epoch, _month, unit, _amount in transaction.postings:
        if all_accounts or class_of(code).reach != CAFE:
            found.add(subject)
            if ":" in unit:
                found.add(unit)
    return found


def mentions_of(op: Op) -> set[MentionKey]:
    """Return all by whose name an op may be found; nobody for a body without its kind's shape."""
    kind = KINDS.get(op.header.kind)
    if kind is None:
        return set()
    try:
        if kind.policy == LEDGER:
            return ledger_mentions(transaction_from_body(op.body), all_accounts=True)
        if kind.policy == REGISTER:
            return {write_from_body(kind, op.body).key}
        if kind.policy == CLAIM:
            return claim_mentions(claim_from_body(kind, op.body))
    except DecodeError:
        return set()
    return set()


def claim_mentions(write: ClaimWrite) -> set[MentionKey]:
    """Return the key and the subject of a claim."""
    return {write.key, write.subject}


def subject_of(kind: Kind, op: Op) -> int | str | None:
    """Return the document or the subject of a claim that an op names, None where it names none."""
    body, index = op.body, 1 if kind.policy == REGISTER else 3
    if kind.policy not in (REGISTER, CLAIM) or not isinstance(body, list) or len(body) <= index:
        return None
    try:
        return expect_key(body[index], "subject")
    except DecodeError:  # void for its shape
        return None


def mentions_of_void(op: Op) -> set[MentionKey]:
    """Return whose personal data an op without effect holds, so that an erasure finds it.

    What was void for its shape may name nobody.
    """
    try:
        subject = personal_subject(op.header.kind, op.body)
    except DecodeError:
        return set()
    return set() if subject is None else {subject}


def money_fen(transaction: Transaction) -> int:
    """Return how much money a transaction moved: through tenders or wallets, whichever is more."""
    tenders = wallets = 0
    for code, _subject, _node, _epoch, _month, unit, amount in transaction.postings:
        if unit == FEN:
            if TILL <= code <= ALIPAY_CLEARING:
                tenders += abs(amount)
            elif code in (WALLET, BONUS):
                wallets += abs(amount)
    return max(tenders, wallets)
