"""What a person must look at: found by the judge, kept as conflict cases in the log.

A case names ops by reference and never copies a value, so that an erasure has nothing to find in
it. Cases are ops of the hub, appended right after the op that raised them, in the same block.
"""

from dataclasses import dataclass
from hashlib import sha256

from sync_protocol.codec import pack
from sync_protocol.expect import ID_MAX
from sync_protocol.kinds import CASE, LEDGER, Kind, field_index
from sync_protocol.ops import Op, OpRef
from sync_protocol.registers import Change, RegisterRow, RegisterWrite

LOST_CLAIM = "lost_claim"
CONCURRENT = "concurrent"
VOIDED = "void"

OPEN = "open"


@dataclass(frozen=True, slots=True)
class Conflict:
    """One thing to look at.

    `against` is the op on the other side, if there is one. `fields` is [[field index, lost, other
    side's reference], ...] of a concurrent edit, `lost` saying whether the new value lost.
    `key` is the case's id: the same conflict has the same id. `subject` is 0 for none.
    """

    type: str
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
    return Conflict(
        LOST_CLAIM, _key_of(op.hash), op.ref(), holder, _subject_id(subject), (), "claim_held"
    )


def overwritten_fields(
    op: Op, key: int | str, lost: list[int], overwrote: list[int], row: RegisterRow | None
) -> Conflict:
    """Two people changed the same fields of a document without seeing each other's value."""
    fields = []
    for index in sorted((*lost, *overwrote)):
        entry = row.entry(index) if row is not None else None
        other = entry[2] if entry is not None else None
        fields.append((index, index in lost, tuple(other) if isinstance(other, list) else ()))
    return Conflict(
        CONCURRENT, _key_of(op.hash), op.ref(), None, _subject_id(key), tuple(fields), "concurrent"
    )


def voided(op: Op, kind: Kind, reason: str) -> Conflict:
    """An op has no effect, or not all of it.

    Each ledger op has a case of its own. Of other kinds one case stands for all that a node's
    epoch wrote of that kind with that reason: a node that lies cannot flood the log.
    """
    header = op.header
    if kind.policy == LEDGER:
        key = _key_of(op.hash)
    else:
        key = _key_of(header.node, header.epoch, kind.code, reason)
    return Conflict(VOIDED, key, op.ref(), None, 0, (), reason)


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
    ]
    changes = [Change(field_index(CASE, name), value, None) for name, value in values]
    changes.sort(key=lambda change: change.index)
    return RegisterWrite(b"", conflict.key, cafe, changes).body()
