"""A `State` over one table of named rows: opening rows, and the scratch of a refold.

Names and rows are those of `sync_protocol.snapshot`, packed. The sections' sums are kept as rows
change, so that the state hash is known at any place in the log.
"""

import sqlite3
from collections.abc import Iterator
from typing import cast

from edge.store import upkeep_statements
from edge.store.confirmed import PERSONAL_CLAIMS, PERSONAL_REGISTERS
from edge.store.log_reader import SETTING_OPENING
from edge.store.reader import Reader
from sync_protocol import snapshot
from sync_protocol.claims import ClaimRow, claim_row_from_stored
from sync_protocol.codec import pack_decoded, unpack_stored
from sync_protocol.expect import AMOUNT_MAX, expect_int, expect_list
from sync_protocol.fold import State
from sync_protocol.registers import RegisterRow, row_from_stored
from sync_protocol.state_hash import (
    CHAIN_WIDE,
    StateHash,
    balance_hash,
    claim_hash,
    register_hash,
    section_of,
)

Section = tuple[int, int]
Account = tuple[int, int | str, int, int, int, str]

CACHED_ROWS_MAX = 50_000


class RowState(State):
    """Folds into table `opening_row` of a connection. `flush` before anybody else reads it."""

    def __init__(self, connection: sqlite3.Connection, sums: StateHash) -> None:
        self._connection = connection
        self.sums = sums
        self._rows: dict[bytes, list[object] | None] = {}
        self._changed: set[bytes] = set()

    def register(self, kind: int, key: int | str) -> RegisterRow | None:
        row = self._row(pack_decoded([snapshot.REGISTER, kind, key]))
        return None if row is None else row_from_stored(row)

    def set_register(self, kind: int, key: int | str, row: RegisterRow) -> None:
        before = self.register(kind, key)
        section = section_of(kind, row.cafe)
        self.sums.replace(section, register_hash(kind, key, before), register_hash(kind, key, row))
        self._set(pack_decoded([snapshot.REGISTER, kind, key]), row.row())

    def claim(self, kind: int, key: bytes) -> ClaimRow | None:
        row = self._row(pack_decoded([snapshot.CLAIM, kind, key]))
        return None if row is None else claim_row_from_stored(row)

    def set_claim(self, kind: int, key: bytes, row: ClaimRow | None) -> None:
        before = self.claim(kind, key)
        self.sums.replace(
            section_of(kind, CHAIN_WIDE), claim_hash(kind, key, before), claim_hash(kind, key, row)
        )
        self._set(pack_decoded([snapshot.CLAIM, kind, key]), None if row is None else row.row())

    def add(self, section: Section, account: Account, amount: int) -> None:
        name = pack_decoded([snapshot.BALANCE, *section, *account])
        row = self._row(name)
        before = 0 if row is None else _amount(row)
        after = before + amount
        self.sums.replace(section, balance_hash(account, before), balance_hash(account, after))
        self._set(name, [after] if after else None)

    def erase(self, subject: int) -> None:
        for kind in PERSONAL_REGISTERS:
            row = self.register(kind, subject)
            if row is not None:
                self.set_register(kind, subject, RegisterRow(row.cafe, None))
        self.flush()
        for kind in PERSONAL_CLAIMS:
            for name, packed in list(self.items(pack_decoded([snapshot.CLAIM, kind, b""])[:-2])):
                if claim_row_from_stored(packed).subject == subject:
                    key = name[2]
                    if isinstance(key, bytes):
                        self.set_claim(kind, key, None)
        self._set(pack_decoded([snapshot.ERASED, subject]), [])

    def items(self, prefix: bytes = b"") -> Iterator[tuple[list[object], list[object]]]:
        """Yield flushed (name, row) pairs whose packed name begins with `prefix`."""
        last = prefix + b"\xff" * 8
        for name, row in self._connection.execute(
            upkeep_statements.SELECT_OPENING_ROWS, (prefix, last)
        ):
            yield (
                expect_list(unpack_stored(name), "name", 2, 9),
                expect_list(unpack_stored(row), "row", 0, 3),
            )

    def flush(self) -> None:
        """Write what changed."""
        changed, gone = [], []
        for name in sorted(self._changed):
            row = self._rows[name]
            if row is None:
                gone.append((name,))
            else:
                changed.append((name, pack_decoded(row)))
        self._connection.executemany(upkeep_statements.DELETE_OPENING_ROW, gone)
        self._connection.executemany(upkeep_statements.UPSERT_OPENING_ROW, changed)
        self._changed.clear()
        if len(self._rows) > CACHED_ROWS_MAX:
            self._rows.clear()

    def trim(self) -> None:
        """Flush if the cache has grown large; call it now and then."""
        if len(self._rows) > CACHED_ROWS_MAX:
            self.flush()

    def _row(self, name: bytes) -> list[object] | None:
        if name in self._rows:
            return self._rows[name]
        found = self._connection.execute(upkeep_statements.SELECT_OPENING_ROW, (name,)).fetchone()
        row = None if found is None else expect_list(unpack_stored(found[0]), "row", 0, 3)
        self._rows[name] = row
        return row

    def _set(self, name: bytes, row: list[object] | None) -> None:
        self._rows[name] = row
        self._changed.add(name)


def _amount(row: list[object]) -> int:
    return expect_int(row[0], "amount", -AMOUNT_MAX, AMOUNT_MAX)


def opening_of(reader: Reader) -> tuple[int, StateHash]:
    """Return the position and the sums of the opening rows; (0, none) before the first manifest."""
    value = reader.setting(SETTING_OPENING)
    if value is None:
        return 0, StateHash()
    position, rows = cast("tuple[int, list[tuple[int, int, bytes]]]", value)
    sums = {(kind, cafe): int.from_bytes(total, "big") for kind, cafe, total in rows}
    return position, StateHash(sums)
