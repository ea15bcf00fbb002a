"""Publishing rules in head office's name, and the versions that there were.

Each version names the one before it: a field's write has the reference of the write whose value
its author had seen. So a history is read backwards from the document, one op at a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from cloud.domain.refusals import Refusal, refusal
from cloud.domain.rules import (
    EDITABLE,
    RIGHTS,
    Place,
    Rows,
    default_rows,
    document_values,
    rows_of_document,
)
from cloud.hub.builder import Proposal
from cloud.hub.draft import Draft, HubOps
from cloud.hub.hub import Hub
from cloud.hub.registers import register_body
from cloud.store import log
from cloud.store.database import Database
from cloud.store.reports import read_document, read_documents
from sync_protocol.clock import stamp_ms
from sync_protocol.kinds import KINDS, RULE, SITE, field_index
from sync_protocol.ops import OpRef, ref_from_row
from sync_protocol.registers import Change, RegisterRow, write_from_body

VERSION, VALUES = field_index(RULE, "version"), field_index(RULE, "values")
HISTORY_MAX = 50
"""Versions that a page shows."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a rule: `rows` None where the rule was taken back; actor 0: the operator."""

    number: int
    rows: Rows | None
    published_ms: int
    actor: int


def current(database: Database, place: Place) -> Version | None:
    """Return the version that holds at a place, None where nothing was ever published there."""
    return next(_versions(database, place), None)


def history(database: Database, place: Place) -> list[Version]:
    """Return the versions of a rule, newest first, at most `HISTORY_MAX`."""
    return list(islice(_versions(database, place), HISTORY_MAX))


def cafe_numbers(database: Database) -> list[int]:
    """Return the numbers of the chain's cafes."""
    return [key for key, _row in read_documents(database, SITE) if isinstance(key, int)]


def in_force(database: Database) -> list[tuple[Place, Rows, int]]:
    """Return every rule as it holds for the chain or a cafe that has its own, and its version."""
    found: list[tuple[Place, Rows, int]] = []
    for name, rule in EDITABLE.items():
        chain = current(database, Place(name, 0))
        stands = None if chain is None else chain.rows
        version = 0 if chain is None else chain.number
        found.append((Place(name, 0), default_rows(rule) if stands is None else stands, version))
        for cafe in cafe_numbers(database) if name != RIGHTS.name else []:
            own = current(database, Place(name, cafe))
            if own is not None and own.rows is not None:
                found.append((Place(name, cafe), own.rows, own.number))
    return found


def _versions(database: Database, place: Place) -> Iterator[Version]:
    row = read_document(database, RULE, place.key)
    entry = None if row is None else row.entry(VERSION)
    if row is None or entry is None:
        return
    number, values, reference = entry[0], row.value(VALUES), entry[2]
    while reference is not None:
        stored = log.find_op(database, ref_from_row(reference))
        if stored is None or stored.entry.op is None:
            return
        op, written = stored.entry.op, _changes(stored)
        yield Version(
            number if isinstance(number, int) else 0,
            None if values is None else rows_of_document(place, number, values),
            stamp_ms(stored.entry.annotation.effective),
            op.header.actor,
        )
        # An op that left the values as they were has no base for them: they stand before it too.
        if VALUES in written:
            values = _value_at(database, written[VALUES].base, VALUES)
        reference = written[VERSION].base
        number = _value_at(database, reference, VERSION)


def _changes(stored: log.StoredEntry) -> dict[int, Change]:
    if stored.entry.op is None:
        return {}
    write = write_from_body(KINDS[RULE], stored.entry.op.body)
    return {change.index: change for change in write.changes}


def _value_at(database: Database, reference: object, index: int) -> object:
    """Return what the op of a reference wrote to a field, None for no op."""
    stored = None if reference is None else log.find_op(database, ref_from_row(reference))
    change = None if stored is None else _changes(stored).get(index)
    return None if change is None else change.value


async def publish(
    hub: Hub,
    wanted: Sequence[tuple[Place, Rows | None]],
    actor: int,
    seen: Mapping[str, int] | None = None,
) -> list[OpRef] | Refusal:
    """Publish rules together: each version grows by one; [] where all of them hold already.

    Rows None take a rule back: then the chain's holds, or the default. `seen` has the versions
    that the person changed, by the rules' keys: where another has come, nothing is published. The
    rows are checked before.
    """
    random_bytes = hub.surroundings.random_bytes

    def decide(draft: Draft) -> HubOps | list[OpRef] | Refusal:
        ops: list[tuple[int, object]] = []
        for place, rows in wanted:
            row = draft.state.register(RULE, place.key)
            version, values = _standing(row)
            new = None if rows is None else document_values(place, rows)
            is_default = values is None and not place.cafe and rows == default_rows(place.rule)
            if new == values or is_default:
                continue
            if seen is not None and seen.get(place.key, version) != version:
                return _changed(place)
            fields = {"version": version + 1, "values": new}
            body = register_body(RULE, place.key, 0, fields, row, random_bytes)
            if body is not None:
                ops.append((RULE, body))
        return ops

    return await hub.propose(Proposal(decide, actor))


def _changed(place: Place) -> Refusal:
    words = refusal("rule_changed")
    return Refusal(words.code, f"{place.key}：{words.zh}", f"{place.key}: {words.en}")


def _standing(row: RegisterRow | None) -> tuple[int, object]:
    """Return (version, values) of a document."""
    version = None if row is None else row.value(VERSION)
    return (
        version if isinstance(version, int) else 0,
        None if row is None else row.value(VALUES),
    )
