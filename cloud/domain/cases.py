"""What a person must look at: found by the judge, kept as conflict cases in the log.

A case names ops by reference and never copies a value, so that an erasure has nothing to find in
it. Cases are ops of the hub, appended right after the op that raised them, in the same block.
How a case is settled: `settlements`.
"""

from dataclasses import dataclass
from hashlib import sha256

from sync_protocol.codec import pack
from sync_protocol.expect import ID_MAX
from sync_protocol.kinds import ASSET, CASE, LEDGER, Kind, field_index
from sync_protocol.ops import Op, OpRef, ref_from_row
from sync_protocol.registers import Change, RegisterRow, RegisterWrite

LOST_CLAIM = "lost_claim"
"""A number was taken twice, or a tagged asset received twice: the first in the log has it."""
CONCURRENT = "concurrent"
"""A document was changed in two places that had not seen each other."""
VOIDED = "void"
"""An op has no effect."""
EXCESS = "excess"
"""An admitted branch spent what it had not: the excess fell on the chain's loss account."""

OPEN = "open"
SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Conflict:
    """One thing to look at.

    `kind` is the code of the op's kind; `against` the op on the other side, if there is one.
    `fields` is [[field index, lost, other side's reference], ...] of a concurrent edit, `lost`
    saying whether the new value lost. `key` is the case's id: the same conflict has the same id.
    `subject` is 0 for none.
    """

    type: str
    kind: int
    key: int
    op: OpRef
    against: OpRef | None
    subject: int
    fields: tuple[tuple[int, bool, tuple[object, ...]], ...]
    reason: str


def _key_of(*parts: object) -> int:
    digest = sha256(pack(["cafebox case", *parts])).digest()
    return int.from_bytes(digest[:7], "big") & (ID_MAX >> 1)


def _subject_id(subject: int | str) -> int:
    return subject if isinstance(subject, int) else 0


def lost_claim(op: Op, subject: int | str, holder: OpRef) -> Conflict:
    """A claim came second: `holder` is the op that has the key."""
    key, subject_id = _key_of(op.hash), _subject_id(subject)
    kind = op.header.kind
    return Conflict(LOST_CLAIM, kind, key, op.ref(), holder, subject_id, (), "claim_held")


def overwritten_fields(
    op: Op, write: RegisterWrite, lost: list[int], overwrote: list[int], row: RegisterRow
) -> Conflict | None:
    """Two people changed the same fields of a document without seeing each other's value.

    None for an asset that two cafes received under one tag: the claim of the tag opens its case.
    """
    if op.header.kind == ASSET and all(change.base is None for change in write.changes):
        return None
    fields = []
    for index in sorted((*lost, *overwrote)):
        entry = row.entry(index)
        other = entry[2] if entry is not None else None
        fields.append((index, index in lost, tuple(other) if isinstance(other, list) else ()))
    others = [ref_from_row(list(other)) for _, _, other in fields if other]
    return Conflict(
        CONCURRENT,
        op.header.kind,
        _key_of(op.hash),
        op.ref(),
        others[0] if others else None,
        _subject_id(write.key),
        tuple(fields),
        "concurrent",
    )


def exceeded(op: Op) -> Conflict:
    """An op spent more than its author held, and the chain bears the rest."""
    kind = op.header.kind
    return Conflict(EXCESS, kind, _key_of(op.hash), op.ref(), None, 0, (), "diverted")


def voided(op: Op, kind: Kind, reason: str) -> Conflict:
    """An op has no effect.

    Each ledger op has a case of its own. Of other kinds one case stands for all that a node's
    epoch wrote of that kind with that reason: a node that lies cannot flood the log.
    """
    header = op.header
    if kind.policy == LEDGER:
        key = _key_of(op.hash)
    else:
        key = _key_of(header.node, header.epoch, kind.code, reason)
    return Conflict(VOIDED, kind.code, key, op.ref(), None, 0, (), reason)


def opening_body(conflict: Conflict, cafe: int, opened_ms: int) -> list[object]:
    """Return the body of the CASE op that opens a case for the cafe of the op's author."""
    values: list[tuple[str, object]] = [
        ("type", conflict.type),
        ("status", OPEN),
        ("cafe", cafe),
        ("op", conflict.op.row()),
        ("against", conflict.against.row() if conflict.against is not None else None),
        ("subject", conflict.subject),
        ("fields", [[index, lost, list(other)] for index, lost, other in conflict.fields]),
        ("opened_ms", opened_ms),
        ("reason", conflict.reason),
        ("kind", conflict.kind),
    ]
    changes = [Change(field_index(CASE, name), value, None) for name, value in values]
    changes.sort(key=lambda change: change.index)
    return RegisterWrite(b"", conflict.key, cafe, changes).body()
