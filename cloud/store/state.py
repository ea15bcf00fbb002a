"""Confirmed state as the hub folds it: a write-back cache over the projection tables.

Within a block rows are read once, changed in memory, and written once each; the state hash of a
section is updated once for each row that changed. `flush` writes inside the block's transaction;
after a rollback `forget` drops everything, and the next block reads anew.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cloud.domain.judge import Account, Section
from cloud.domain.judge import section_of as section_of_posting
from cloud.store import statements
from cloud.store.database import Database
from cloud.store.models import (
    ClaimHolder,
    ErasedSubject,
    LogOp,
)
from cloud.store.returned_models import LeftOverOp
from sync_protocol.claims import ClaimRow, claim_row_from_stored
from sync_protocol.codec import pack_decoded, unpack, unpack_stored
from sync_protocol.expect import expect_key
from sync_protocol.fold import State
from sync_protocol.kinds import KINDS, REGISTER
from sync_protocol.registers import RegisterRow, row_from_stored
from sync_protocol.state_hash import (
    StateHash,
    balance_hash,
    claim_hash,
    packed_row_hash,
    register_hash,
    section_of,
)

CACHED_BALANCES_MAX = 400_000
"""About 150 MB; beyond it the cache starts afresh."""
CACHED_ROWS_MAX = 50_000
PREFETCHED_MIN = 10
"""Balances of fewer subjects are read one by one: one read of a hundred costs as much."""

BalanceKey = tuple[Section, Account]
_PERSONAL_REGISTERS = tuple(
    kind.code for kind in KINDS.values() if kind.policy == REGISTER and kind.personal
)


class StoredState(State):
    """`fold.State` and `judge.Facts` over the hub's tables."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._balances: dict[int | str, dict[BalanceKey, int]] = {}
        self._balance_count = 0
        self._registers: dict[tuple[int, int | str], RegisterRow | None] = {}
        self._claims: dict[tuple[int, bytes], ClaimRow | None] = {}
        self._old_balances: dict[BalanceKey, int] = {}
        self._old_registers: dict[tuple[int, int | str], RegisterRow | None] = {}
        self._old_claims: dict[tuple[int, bytes], ClaimRow | None] = {}
        self.erased: set[int] = set()
        self.newly_erased: list[int] = []
        self.sums = StateHash()
        self.load()

    def load(self) -> None:
        """Read what is always in memory: the sections' sums and the erased subjects."""
        rows = self._database.execute(statements.SELECT_SECTIONS).fetchall()
        self.sums = StateHash(
            {(kind, cafe): int.from_bytes(total, "big") for kind, cafe, total in rows}
        )
        erased = self._database.execute(statements.SELECT_ERASED).fetchall()
        self.erased = {subject for (subject,) in erased}

    def forget(self) -> None:
        """Drop all that is cached or changed: the transaction was rolled back."""
        self._clear_cache()
        self._old_balances.clear()
        self._old_registers.clear()
        self._old_claims.clear()
        self.newly_erased.clear()
        self.load()

    def _clear_cache(self) -> None:
        self._balances.clear()
        self._balance_count = 0
        self._registers.clear()
        self._claims.clear()

    # Facts

    def is_erased(self, subject: int | str) -> bool:
        return subject in self.erased

    def balance(self, section: Section, account: Account) -> int:
        balances = self._balances.get(account[1])
        if balances is None:
            balances = self.of_subject(account[1])
        return balances.get((section, account), 0)

    def of_subject(self, subject: int | str) -> dict[BalanceKey, int]:
        """Return every balance of a subject: {((kind, cafe), account): amount}."""
        balances = self._balances.get(subject)
        if balances is None:
            balances = self._balances[subject] = self._read_balances(subject)
            self._balance_count += len(balances) + 1
        return balances

    def _read_balances(self, subject: int | str) -> dict[BalanceKey, int]:
        rows = self._database.execute(
            statements.SELECT_BALANCES, (pack_decoded(subject),)
        ).fetchall()
        return dict(_balance(subject, *row) for row in rows)

    def prefetch_balances(self, subjects: Iterable[int | str]) -> None:
        """Read the balances of subjects that are about to be asked for, where they are many."""
        wanted = list(set(subjects).difference(self._balances))
        if len(wanted) < PREFETCHED_MIN:
            return
        subject_of = {pack_decoded(subject): subject for subject in wanted}
        for subject in wanted:
            self._balances[subject] = {}
        self._balance_count += len(wanted)
        for key, *row in _read_many(
            self._database,
            statements.SELECT_BALANCES_OF,
            (),
            list(subject_of),
            statements.BALANCES_AT_ONCE,
        ):
            subject = subject_of[bytes(key)]
            place, amount = _balance(subject, *row)
            self._balances[subject][place] = amount
            self._balance_count += 1

    def touched(self) -> set[int | str]:
        """Return the subjects whose balances this block has changed so far."""
        return {account[1] for _section, account in self._old_balances}

    # State

    def add(self, section: Section, account: Account, amount: int) -> None:
        balances = self.of_subject(account[1])
        key = (section, account)
        before = balances.get(key)
        if before is None:
            before = 0
            self._balance_count += 1
        if key not in self._old_balances:
            self._old_balances[key] = before
        balances[key] = before + amount

    def register(self, kind: int, key: int | str) -> RegisterRow | None:
        place = (kind, key)
        if place in self._registers:
            return self._registers[place]
        stored = self._database.execute(
            statements.SELECT_REGISTER, (kind, pack_decoded(key))
        ).fetchone()
        row = None if stored is None else row_from_stored(unpack(bytes(stored[0])))
        self._registers[place] = row
        return row

    def prefetch_registers(self, places: Iterable[tuple[int, int | str]]) -> None:
        """Read documents that are about to be asked for, many at once."""
        wanted: dict[int, list[bytes]] = {}
        for place in set(places).difference(self._registers):
            self._registers[place] = None
            wanted.setdefault(place[0], []).append(pack_decoded(place[1]))
        for kind, keys in wanted.items():
            for key, row in read_registers(self._database, kind, keys):
                self._registers[(kind, _key_of(key))] = row_from_stored(unpack_stored(row))

    def set_register(self, kind: int, key: int | str, row: RegisterRow) -> None:
        place = (kind, key)
        if place not in self._old_registers:
            self._old_registers[place] = self.register(kind, key)
        self._registers[place] = row

    def claim(self, kind: int, key: bytes) -> ClaimRow | None:
        place = (kind, key)
        if place in self._claims:
            return self._claims[place]
        stored = self._database.execute(statements.SELECT_CLAIM, place).fetchone()
        row = None if stored is None else claim_row_from_stored(unpack(bytes(stored[0])))
        self._claims[place] = row
        return row

    def set_claim(self, kind: int, key: bytes, row: ClaimRow | None) -> None:
        place = (kind, key)
        if place not in self._old_claims:
            self._old_claims[place] = self.claim(kind, key)
        self._claims[place] = row

    def erase(self, subject: int) -> None:
        self.erased.add(subject)
        self.newly_erased.append(subject)
        for kind in _PERSONAL_REGISTERS:
            row = self.register(kind, subject)
            if row is not None:
                self.set_register(kind, subject, RegisterRow(row.cafe, None))
        for kind, key in self._claims_of(subject):
            if KINDS[kind].personal:
                self.set_claim(kind, key, None)

    def _claims_of(self, subject: int) -> list[tuple[int, bytes]]:
        stored = self._database.rows(ClaimHolder.select().where(ClaimHolder.subject == subject))
        places = {(row.kind, row.key) for row in stored}
        places.update(place for place, row in self._claims.items() if row is not None)
        held = []
        for kind, key in sorted(places):
            row = self.claim(kind, key)
            if row is not None and row.subject == subject:
                held.append((kind, key))
        return held

    def flush(self, position: int) -> None:
        """Write all that changed, in the caller's transaction; `position`: of the block's end.

        Bodies of subjects erased here are dropped from the log; those of this block are the
        caller's to leave out.
        """
        before = dict(self.sums.sums)
        for subject in self.newly_erased:
            self._database.run(ErasedSubject.insert(subject=subject, position=position))
            self._database.run(LogOp.update(body=None).where(LogOp.subject == subject))
            kept = LeftOverOp.update(body=None).where(LeftOverOp.subject == subject)
            self._database.run(kept)
        self._flush_balances()
        self._flush_registers()
        self._flush_claims()
        changed = [
            (kind, cafe, self.sums.sums.get((kind, cafe), 0).to_bytes(32, "big"))
            for kind, cafe in before.keys() | self.sums.sums.keys()
            if before.get((kind, cafe)) != self.sums.sums.get((kind, cafe))
        ]
        if changed:
            self._database.executemany(statements.UPSERT_SECTION, changed)

    def flushed(self) -> None:
        """The transaction is committed: forget what was changed, keep what is cached."""
        self._old_balances.clear()
        self._old_registers.clear()
        self._old_claims.clear()
        self.newly_erased.clear()
        if self._balance_count > CACHED_BALANCES_MAX:
            self._clear_cache()
        if len(self._registers) > CACHED_ROWS_MAX:
            self._registers.clear()
        if len(self._claims) > CACHED_ROWS_MAX:
            self._claims.clear()

    def _flush_balances(self) -> None:
        rows = []
        for key, old in self._old_balances.items():
            section, account = key
            amount = self._balances[account[1]][key]
            if amount == old:
                continue
            self.sums.replace(section, balance_hash(account, old), balance_hash(account, amount))
            code, subject, node, epoch, month, unit = account
            rows.append((pack_decoded(subject), code, unit, section[1], node, epoch, month, amount))
        if rows:
            rows.sort()
            self._database.executemany(statements.UPSERT_BALANCE, rows)

    def _flush_registers(self) -> None:
        rows = []
        for (kind, key), old in self._old_registers.items():
            row = self._registers[(kind, key)]
            if row is None:
                continue
            packed = pack_decoded(row.row())
            share = 0 if row.entries is None else packed_row_hash(kind, key, packed)
            self.sums.replace(section_of(kind, row.cafe), register_hash(kind, key, old), share)
            rows.append((kind, pack_decoded(key), packed))
        if rows:
            self._database.executemany(statements.UPSERT_REGISTER, rows)

    def _flush_claims(self) -> None:
        held, freed = [], []
        for (kind, key), old in self._old_claims.items():
            row = self._claims[(kind, key)]
            self.sums.replace(
                section_of(kind, 0), claim_hash(kind, key, old), claim_hash(kind, key, row)
            )
            if row is None:
                freed.append((kind, key))
            else:
                held.append((kind, key, pack_decoded(row.subject), pack_decoded(row.row())))
        if freed:
            self._database.executemany(statements.DELETE_CLAIM, freed)
        if held:
            self._database.executemany(statements.UPSERT_CLAIM, held)


def read_registers(
    database: Database, kind: int, keys: list[bytes]
) -> Iterator[tuple[bytes, bytes]]:
    """Yield (packed key, packed row) of those documents that there are, many in one read."""
    statement, at_once = statements.SELECT_REGISTERS, statements.REGISTERS_AT_ONCE
    if len(keys) <= statements.FEW_REGISTERS:
        statement, at_once = statements.SELECT_FEW_REGISTERS, statements.FEW_REGISTERS
    for key, row in _read_many(database, statement, (kind,), keys, at_once):
        yield bytes(key), bytes(row)


def _read_many(
    database: Database, statement: str, first: tuple[int, ...], keys: list[bytes], at_once: int
) -> Iterator[Sequence[Any]]:
    """Yield the rows that a statement finds for `keys`, so many in one read."""
    for start in range(0, len(keys), at_once):
        part = keys[start : start + at_once]
        part += part[-1:] * (at_once - len(part))
        yield from database.execute(statement, (*first, *part)).fetchall()


def _balance(
    subject: int | str,
    code: int,
    unit: str,
    cafe: int,
    node: int,
    epoch: int,
    month: int,
    amount: int,
) -> tuple[BalanceKey, int]:
    """Return a balance of a row of the table."""
    account = (code, subject, node, epoch, month, unit)
    return (section_of_posting(code, cafe), account), amount


def _key_of(stored: bytes) -> int | str:
    return expect_key(unpack(bytes(stored)), "key")
