"""Proposals that write documents in head office's name."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from cloud.domain.refusals import Refusal, refusal
from cloud.hub.builder import Proposal
from cloud.hub.draft import Draft, HubOps
from sync_protocol.codec import pack
from sync_protocol.errors import DecodeError
from sync_protocol.expect import expect_key
from sync_protocol.kinds import KINDS, field_index
from sync_protocol.ops import OpRef
from sync_protocol.registers import SALT_BYTES, Change, RegisterRow, RegisterWrite, check_value

RandomBytes = Callable[[int], bytes]
Check = Callable[[Draft, RegisterRow | None], Refusal | None]
"""Why a document as it stands when the block is made is not to be written over."""
MARK_LENGTH = 16


def register_body(
    kind: int,
    key: int | str,
    cafe: int,
    values: Mapping[str, object],
    row: RegisterRow | None,
    random_bytes: RandomBytes,
) -> list[object] | None:
    """Return the body that sets `values` over the current `row`; None where nothing changes.

    Raises KeyError for a field that the kind lacks, `DecodeError` for a value of another type.
    """
    fields = KINDS[kind].fields
    indexes = {field.name: index for index, field in enumerate(fields)}
    changes = []
    for name, value in values.items():
        index = indexes[name]
        check_value(fields[index], value)
        entry = row.entry(index) if row is not None else None
        if entry is not None and entry[0] == value:
            continue
        changes.append(Change(index, value, entry[2] if entry is not None else None))
    if not changes:
        return None
    changes.sort(key=lambda change: change.index)
    salt = random_bytes(SALT_BYTES) if KINDS[kind].personal else b""
    return RegisterWrite(salt, key, cafe, changes).body()


def mark_of(kind: int, names: Sequence[str], row: RegisterRow | None) -> str:
    """Return what a form carries of the fields that it showed; empty for no document."""
    if row is None or row.entries is None:
        return ""
    values = [row.value(field_index(kind, name)) for name in names]
    return sha256(pack(values)).hexdigest()[:MARK_LENGTH]


def seen_check(kind: int, names: Sequence[str], seen: str) -> Check:
    """Return a check that refuses where the fields are no longer what a form showed.

    `seen` is the `mark_of` that the form carried, so that nobody undoes what they never saw.
    """

    def check(_draft: Draft, row: RegisterRow | None) -> Refusal | None:
        if mark_of(kind, names, row) == seen:
            return None
        return refusal("record_changed" if seen else "record_exists")

    return check


def write_fields(
    kind: int,
    key: int | str,
    values: Mapping[str, object],
    actor: int,
    random_bytes: RandomBytes,
    cafe: int = 0,
    check: Check | None = None,
) -> Proposal:
    """Return a proposal that sets fields of one document over whatever is current then.

    `check` sees the row inside the transaction and may refuse. A value that no document can hold
    is refused too: somebody typed it.
    """

    def decide(draft: Draft) -> HubOps | list[OpRef] | Refusal:
        row = draft.state.register(kind, key)
        fault = check(draft, row) if check is not None else None
        if fault is not None:
            return fault
        try:
            expect_key(key, "key")
            body = register_body(kind, key, cafe, values, row, random_bytes)
        except DecodeError:
            return refusal("value_invalid")
        return [] if body is None else [(kind, body)]

    return Proposal(decide, actor)
