"""What a rule is given (Here) and what it gives back (Decision): new ops and effects, as data."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from edge.domain.refusals import Refusal
from sync_protocol.accounts import class_of
from sync_protocol.kinds import CAFE, CAFE_TRANSACTION, TRANSACTION, field_index
from sync_protocol.ledger import Transaction
from sync_protocol.registers import Change, RegisterRow, RegisterWrite

Posting = tuple[int, int | str, int, int, int, str, int]
"""(class, subject, holder node, holder epoch, month, unit, amount), debit positive."""

Key = int | str


@dataclass(frozen=True, slots=True)
class Here:
    """Who decides, where and when.

    `business_day` is yyyymmdd; `spending_stopped` is set while the hub must first judge this box
    (a fenced epoch, a copied store, an own op that came back void). `cut_off`: the hub cannot
    help, as there is no line, or as it was asked for a member's rights and could not bring them.
    `shift` is the open shift of whoever asks, at their terminal; 0 for none.
    """

    cafe: int
    node: int
    epoch: int
    now_ms: int
    business_day: int
    utc_offset_min: int
    spending_stopped: bool = False
    cut_off: bool = False
    shift: int = 0


@dataclass(frozen=True, slots=True)
class NewOp:
    """An op to append: its kind's code and the body that the kind promises.

    `shift` is that of `Here` where it is None; a handover writes for two.
    """

    kind: int
    body: list[object]
    shift: int | None = None

    def under(self, shift: int) -> "NewOp":
        """The same op, written under a shift."""
        return replace(self, shift=shift)


@dataclass(frozen=True, slots=True)
class OpenDoor:
    """Pulse the entry door's relay."""


@dataclass(frozen=True, slots=True)
class PrintSlip:
    """Print a slip: its name in `edge.effects.slips` and the facts that stand on it.

    One that is not printed `at_once` is kept until somebody asks for it.
    """

    slip: str
    facts: Mapping[str, object]
    at_once: bool = True


Effect = OpenDoor | PrintSlip


@dataclass(frozen=True, slots=True)
class Decision:
    """Ops to commit together, effects for after the commit, and values for the answer.

    The first op is the main one: its chain code is what people are shown.
    """

    ops: tuple[NewOp, ...] = ()
    effects: tuple[Effect, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)


Judgement = Decision | Refusal


def own(here: Here, code: int, subject: Key, unit: str, amount: int) -> Posting:
    """A posting to the part of a limited account that this node holds."""
    return (code, subject, here.node, here.epoch, 0, unit, amount)


def plain(code: int, subject: Key, unit: str, amount: int) -> Posting:
    """A posting to an account that is not split by holder."""
    return (code, subject, 0, 0, 0, unit, amount)


def transaction(
    here: Here,
    reason: int,
    postings: Iterable[Posting],
    *,
    document: int = 0,
    corrects: Sequence[object] | None = None,
    rule_version: int = 0,
) -> NewOp:
    """A ledger op; postings of zero are left out.

    Its kind is the narrow one where every account is, so that other cafes do not carry it.
    """
    kept = [posting for posting in postings if posting[6]]
    narrow = all(class_of(posting[0]).reach == CAFE for posting in kept)
    body = Transaction(
        here.cafe,
        reason,
        here.business_day,
        here.utc_offset_min,
        rule_version,
        document,
        None if corrects is None else list(corrects),
        kept,
    ).body()
    return NewOp(CAFE_TRANSACTION if narrow else TRANSACTION, body)


def document_change(
    here: Here,
    kind: int,
    key: Key,
    row: RegisterRow | None,
    values: Mapping[str, object],
    salt: bytes = b"",
) -> NewOp:
    """A register op that sets `values`, each on the base that `row` shows."""
    changes = []
    for name, value in values.items():
        index = field_index(kind, name)
        entry = row.entry(index) if row is not None else None
        changes.append(Change(index, value, entry[2] if entry is not None else None))
    changes.sort(key=lambda change: change.index)
    return NewOp(kind, RegisterWrite(salt, key, here.cafe, changes).body())


def read_text(kind: int, row: RegisterRow | None, name: str) -> str:
    """A text field of a document, empty where it is not set."""
    value = row.value(field_index(kind, name)) if row is not None else None
    return value if isinstance(value, str) else ""


def read_int(kind: int, row: RegisterRow | None, name: str) -> int:
    """An int field of a document, 0 where it is not set."""
    value = row.value(field_index(kind, name)) if row is not None else None
    return value if isinstance(value, int) else 0


def read_list(kind: int, row: RegisterRow | None, name: str) -> list[object]:
    """A list field of a document, empty where it is not set."""
    value = row.value(field_index(kind, name)) if row is not None else None
    return value if isinstance(value, list) else []
