"""Proposals that write documents in head office's name."""

from collections.abc import Callable, Mapping

from cloud.domain.refusals import Refusal
from cloud.hub.builder import Proposal
from cloud.hub.draft import Draft, HubOps
from sync_protocol.kinds import KINDS
from sync_protocol.ops import OpRef
from sync_protocol.registers import SALT_BYTES, Change, RegisterRow, RegisterWrite, check_value

RandomBytes = Callable[[int], bytes]


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


def write_fields(
    kind: int,
    key: int | str,
    values: Mapping[str, object],
    actor: int,
    random_bytes: RandomBytes,
    cafe: int = 0,
    check: Callable[[Draft, RegisterRow | None], Refusal | None] | None = None,
) -> Proposal:
    """Return a proposal that sets fields of one document over whatever is current then.

    `check` sees the row inside the transaction and may refuse.
    """

    def decide(draft: Draft) -> HubOps | list[OpRef] | Refusal:
        row = draft.state.register(kind, key)
        fault = check(draft, row) if check is not None else None
        if fault is not None:
            return fault
        body = register_body(kind, key, cafe, values, row, random_bytes)
        return [] if body is None else [(kind, body)]

    return Proposal(decide, actor)
