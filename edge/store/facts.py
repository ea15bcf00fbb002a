"""What a reader returns: plain values, each with its pending and its confirmed side."""

from dataclasses import dataclass

from sync_protocol.claims import ClaimRow
from sync_protocol.kinds import field_index
from sync_protocol.ops import Op, OpRef
from sync_protocol.registers import RegisterRow

Account = tuple[int, int | str, int, int, int, str]
"""(class, subject, holder node, holder epoch, month, unit), as in `sync_protocol.accounts`."""


@dataclass(frozen=True, slots=True)
class Document:
    """A register's current row: `shown` has this box's unconfirmed changes, `confirmed` has not.

    `confirmed` is None for a document that the hub has not judged yet.
    """

    kind: int
    key: int | str
    shown: RegisterRow
    confirmed: RegisterRow | None

    @property
    def pending(self) -> bool:
        """Whether a change of this box is still to be confirmed."""
        return self.confirmed is None or self.shown.row() != self.confirmed.row()

    @property
    def erased(self) -> bool:
        """Whether this is the tombstone of an erased person."""
        return self.shown.entries is None

    def value(self, field: str) -> object:
        """Return a field's shown value, None where it is not set; KeyError for no such field."""
        return self.shown.value(field_index(self.kind, field))

    def base(self, field: str) -> list[object] | None:
        """Return the reference that a change of this field names as the value it was shown."""
        entry = self.shown.entry(field_index(self.kind, field))
        return None if entry is None else entry[2]  # type: ignore[return-value]  # a reference row


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds a unique key. Not `confirmed`: only this box says so yet, and pages say that."""

    row: ClaimRow
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Balance:
    """An account's amount, debit positive: as the hub confirmed it, and what is still pending."""

    confirmed: int
    pending: int

    @property
    def shown(self) -> int:
        """Return the amount with this box's own unconfirmed postings: what may be spent."""
        return self.confirmed + self.pending


ZERO_BALANCE = Balance(0, 0)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One posting to an account, and the op it stands in.

    `stamp` is the effective one where confirmed, else the author's. `verdict` is None while
    pending, else one of `sync_protocol.annotations` (a VOID or LOST entry counts nothing).
    `amount` is debit positive, after any diversion.
    """

    reference: OpRef
    stamp: int
    actor: int
    reason: int
    business_day: int
    document: int
    account: Account
    amount: int
    verdict: int | None


@dataclass(frozen=True, slots=True)
class LoggedOp:
    """An op with its place in the hub's log; `position` and `verdict` are None while pending."""

    op: Op
    position: int | None
    effective: int
    verdict: int | None
    detail: object


@dataclass(frozen=True, slots=True)
class LeftOver:
    """Ops of an earlier epoch that the hub's log has not.

    `author` is the store's number of the chain; they follow op `parent_seq` of it and end with
    `last_seq`, whose hash is `last_hash`.
    """

    author: int
    epoch: int
    parent_seq: int
    last_seq: int
    last_hash: bytes


@dataclass(frozen=True, slots=True)
class WaitingOp:
    """An op in the log without effect here yet: `parked` until this program knows its kind, else
    deferred until the hub gives its verdict."""

    position: int
    node: int
    epoch: int
    seq: int
    kind: int
    parked: bool


@dataclass(frozen=True, slots=True)
class Outbox:
    """What only this box has: ops that the hub has not acknowledged, earlier epochs' among them.

    `oldest_ms` is the stamp (milliseconds since 1970) of the first, None if there is none;
    `money_fen` is what they moved through tills and wallets.
    """

    count: int
    oldest_ms: int | None
    money_fen: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far this box has applied the hub's log. `position` and `block_number` start at 0."""

    generation: int
    stream: int
    position: int
    block_number: int
    block_hash: bytes
    greatest_effective: int


@dataclass(frozen=True, slots=True)
class Head:
    """The last op of an author: (seq, hash)."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class PrintJob:
    """A document for a printer. `state` is one of `tables.PRINT_*`; `copies` counts what came out.
    `document` is b"" where it was erased or is damaged.

    A job keeps its id over retries and reprints.
    """

    id: int
    kind: str
    document: bytes
    state: str
    copies: int
    created_ms: int
    error: str
