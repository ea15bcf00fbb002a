"""Confirmed state under an applied range: a cache over the projections, written once per range.

Rows are read when first touched, changed in memory, and flushed together with their share of the
state hash; what own pending ops show over a changed row is folded anew.
"""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from edge.store import statements
from edge.store.bulk import read_rows, write_rows
from edge.store.documents import LookupRows
from edge.store.op_rows import NIL_BYTES, StoredOp
from sync_protocol.claims import ClaimRow, claim_from_body, claim_row_from_stored, fold_claim
from sync_protocol.codec import pack_decoded, unpack_stored
from sync_protocol.fold import State
from sync_protocol.kinds import CLAIM, KINDS, REGISTER
from sync_protocol.ops import Op
from sync_protocol.registers import RegisterRow, fold_write, row_from_stored, write_from_body
from sync_protocol.state_hash import (
    CHAIN_WIDE,
    StateHash,
    balance_hash,
    claim_hash,
    packed_row_hash,
    section_of,
)

Section = tuple[int, int]
Account = tuple[int, int | str, int, int, int, str]

PERSONAL_REGISTERS = tuple(
    kind.code for kind in KINDS.values() if kind.policy == REGISTER and kind.personal
)
PERSONAL_CLAIMS = tuple(
    kind.code for kind in KINDS.values() if kind.policy == CLAIM and kind.personal
)


class _Stored(NamedTuple):
    """What a row of `document` or `claimed_key` held when it was first touched."""

    confirmed: bytes | None
    pending: bytes | None


_NOTHING = _Stored(None, None)


class ConfirmedState(State):
    """The `State` that a box folds annotated ops into, inside one write transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self._connection = connection
        rows = self._execute(statements.SELECT_SECTIONS).fetchall()
        self._sums = StateHash({(row[0], row[1]): int.from_bytes(row[2], "big") for row in rows})
        self._sums_before = dict(self._sums.sums)
        self._documents: dict[tuple[int, int | str], tuple[_Stored, RegisterRow | None]] = {}
        self._claims: dict[tuple[int, bytes], tuple[_Stored, ClaimRow | None]] = {}
        self._changed_documents: dict[tuple[int, int | str], RegisterRow | None] = {}
        self._changed_claims: dict[tuple[int, bytes], ClaimRow | None] = {}
        self._confirmed_deltas: dict[tuple[Section, Account], int] = {}
        self._pending_deltas: dict[Account, int] = {}
        self._pending_keys: dict[int | str | bytes, list[int]] | None = None

    # --- State -----------------------------------------------------------------------------------

    def register(self, kind: int, key: int | str) -> RegisterRow | None:
        """Return a document's confirmed row."""
        place = (kind, key)
        if place in self._changed_documents:
            return self._changed_documents[place]
        return self._document(place)[1]

    def prefetch(self, places: Iterable[tuple[int, int | str]]) -> None:
        """Read documents that are about to be folded into, many at once."""
        wanted = list(set(places).difference(self._documents))
        for place in wanted:
            self._documents[place] = (_NOTHING, None)
        for kind, key, *sides in read_rows(
            self._connection, statements.SELECT_DOCUMENT_ROWS, wanted
        ):
            self._documents[(kind, key)] = _with_row(_Stored(*sides))

    def set_register(self, kind: int, key: int | str, row: RegisterRow) -> None:
        """Replace a document's confirmed row."""
        self._changed_documents[(kind, key)] = row

    def claim(self, kind: int, key: bytes) -> ClaimRow | None:
        """Return who holds a key as confirmed."""
        place = (kind, key)
        if place in self._changed_claims:
            return self._changed_claims[place]
        return self._claim(place)[1]

    def set_claim(self, kind: int, key: bytes, row: ClaimRow | None) -> None:
        """Replace who holds a key."""
        self._changed_claims[(kind, key)] = row

    def add(self, section: Section, account: Account, amount: int) -> None:
        """Add to a confirmed balance."""
        place = (section, account)
        deltas = self._confirmed_deltas
        deltas[place] = deltas.get(place, 0) + amount

    # --- what only a box has ----------------------------------------------------------------------

    def add_pending(self, account: Account, amount: int) -> None:
        """Add to what own pending ops add to a balance."""
        self._pending_deltas[account] = self._pending_deltas.get(account, 0) + amount

    def touch_register(self, kind: int, key: int | str) -> None:
        """Fold anew what is shown: an own op on the document is not pending any more."""
        self._changed_documents.setdefault((kind, key), self._document((kind, key))[1])

    def touch_claim(self, kind: int, key: bytes) -> None:
        """Do the same for a key."""
        self._changed_claims.setdefault((kind, key), self._claim((kind, key))[1])

    def erase_register(self, kind: int, key: int | str) -> None:
        """Leave a tombstone of a document; nothing at all where the hub has not seen it."""
        row = self.register(kind, key)
        self._changed_documents[(kind, key)] = None if row is None else RegisterRow(row.cafe, None)

    def erase_claim(self, kind: int, key: bytes) -> None:
        """Free a key."""
        self._changed_claims[(kind, key)] = None

    def personal_rows_of(
        self, subject: int
    ) -> tuple[list[tuple[int, int]], list[tuple[int, bytes]]]:
        """Return the places of a person's documents and claims, shown ones among them.

        To be called on flushed state: it reads the tables.
        """
        documents = [
            (kind, subject)
            for kind in PERSONAL_REGISTERS
            if self._document((kind, subject))[0] != _NOTHING
        ]
        claims = []
        for kind in PERSONAL_CLAIMS:
            for key, *sides in self._execute(statements.SELECT_CLAIMS_OF_KIND, (kind,)):
                rows = [unpack_stored(side) for side in sides if side is not None]
                if any(
                    row is not None and claim_row_from_stored(row).subject == subject
                    for row in rows
                ):
                    claims.append((kind, key))
        return documents, claims

    # --- flush ------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what changed. The op rows of the range, and which own ops are still pending, are
        written before: they are read back here."""
        self._pending_keys = None
        self._flush_balances()
        self._flush_documents()
        for (kind, claim_key), claim in self._changed_claims.items():
            self._flush_claim(kind, claim_key, claim)
        self._flush_sections()
        self._documents.clear()
        self._claims.clear()
        self._changed_documents.clear()
        self._changed_claims.clear()

    def _flush_balances(self) -> None:
        pending_deltas = self._pending_deltas
        deltas = [(place, amount) for place, amount in self._confirmed_deltas.items() if amount]
        deltas.sort(key=_by_subject)
        accounts = [place[1] for place, _amount in deltas]
        before = {
            row[:6]: row[6]
            for row in read_rows(self._connection, statements.SELECT_BALANCE_ROWS, accounts)
        }
        rows = []
        for (section, account), amount in deltas:
            old = before.get(account, 0)
            new = old + amount
            self._sums.replace(section, balance_hash(account, old), balance_hash(account, new))
            rows.append((*account, amount, pending_deltas.pop(account, 0)))
        rows += [(*account, 0, pending) for account, pending in pending_deltas.items() if pending]
        write_rows(self._connection, statements.ADD_BALANCE, rows)
        self._confirmed_deltas.clear()
        pending_deltas.clear()

    def _flush_documents(self) -> None:
        gone, rows, lookups = [], [], LookupRows()
        for (kind, key), row in self._changed_documents.items():
            stored, before = self._document((kind, key))
            confirmed = None if row is None else pack_decoded(row.row())
            pending, shown, shown_before = None, row, before
            if stored.pending is not None:
                shown_before = row_from_stored(unpack_stored(stored.pending))
                for op in self._pending_ops(key, kind):
                    write = write_from_body(KINDS[kind], op.body)
                    shown = fold_write(shown, write, op.header.stamp, op.ref(), [])
                    pending = pack_decoded(shown.row())
            if confirmed is None and pending is None:
                gone.append((kind, key))
            else:
                rows.append((kind, key, confirmed, pending))
            if confirmed != stored.confirmed:
                cafe = row.cafe if row is not None else CHAIN_WIDE
                self._sums.replace(
                    section_of(kind, before.cafe if before is not None else cafe),
                    _register_share(kind, key, before, stored.confirmed),
                    _register_share(kind, key, row, confirmed),
                )
            lookups.move(kind, key, shown_before, shown)
        self._connection.executemany(statements.DELETE_DOCUMENT, gone)
        write_rows(self._connection, statements.UPSERT_DOCUMENT, rows)
        lookups.write(self._connection)

    def _flush_claim(self, kind: int, key: bytes, row: ClaimRow | None) -> None:
        stored, before = self._claim((kind, key))
        confirmed = None if row is None else pack_decoded(row.row())
        pending, shown = None, row
        if stored.pending is not None:
            for op in self._pending_ops(key, kind):
                shown = fold_claim(shown, claim_from_body(KINDS[kind], op.body), op.ref())
                pending = NIL_BYTES if shown is None else pack_decoded(shown.row())
        if confirmed is None and pending is None:
            self._execute(statements.DELETE_CLAIM, (kind, key))
        else:
            self._execute(statements.UPSERT_CLAIM, (kind, key, confirmed, pending))
        if confirmed != stored.confirmed:
            self._sums.replace(
                section_of(kind, CHAIN_WIDE),
                claim_hash(kind, key, before),
                claim_hash(kind, key, row),
            )

    def _flush_sections(self) -> None:
        before, now = self._sums_before, self._sums.sums
        for section in before.keys() - now.keys():
            self._execute(statements.DELETE_SECTION, section)
        for section, total in now.items():
            if before.get(section) != total:
                values = (*section, total.to_bytes(32, "big"))
                self._execute(statements.UPSERT_SECTION, values)
        self._sums_before = dict(now)

    # --- reading ----------------------------------------------------------------------------------

    def _document(self, place: tuple[int, int | str]) -> tuple[_Stored, RegisterRow | None]:
        known = self._documents.get(place)
        if known is None:
            row = self._execute(statements.SELECT_DOCUMENT, place).fetchone()
            known = _with_row(_NOTHING if row is None else _Stored(*row))
            self._documents[place] = known
        return known

    def _claim(self, place: tuple[int, bytes]) -> tuple[_Stored, ClaimRow | None]:
        known = self._claims.get(place)
        if known is None:
            row = self._execute(statements.SELECT_CLAIM, place).fetchone()
            stored = _NOTHING if row is None else _Stored(*row)
            confirmed = stored.confirmed
            known = (
                stored,
                None if confirmed is None else claim_row_from_stored(unpack_stored(confirmed)),
            )
            self._claims[place] = known
        return known

    def _pending_ops(self, subject: int | str | bytes, kind: int) -> list[Op]:
        """Return own ops of a kind that name `subject` and are not confirmed, in seq order."""
        if self._pending_keys is None:
            self._pending_keys = {}
            for named, key in self._execute(statements.SELECT_ALL_PENDING_MENTIONS):
                self._pending_keys.setdefault(named, []).append(key)
        found = []
        for key in self._pending_keys.get(subject, ()):
            op = StoredOp(*self._execute(statements.SELECT_OP, (key,)).fetchone()).op()
            if op is not None and op.body is not None and op.header.kind == kind:
                found.append(op)
        return found


def _with_row(stored: _Stored) -> tuple[_Stored, RegisterRow | None]:
    confirmed = stored.confirmed
    return stored, None if confirmed is None else row_from_stored(unpack_stored(confirmed))


def _register_share(
    kind: int, key: int | str, row: RegisterRow | None, packed: bytes | None
) -> int:
    """Return `register_hash` of a row whose bytes are at hand."""
    if row is None or row.entries is None or packed is None:
        return 0
    return packed_row_hash(kind, key, packed)


def _by_subject(item: tuple[tuple[Section, Account], int]) -> tuple[str, str, int]:
    """Order balances as the table has them, so that neighbours share a page while it is at hand."""
    account = item[0][1]
    subject = account[1]
    return ("", "", subject) if isinstance(subject, int) else ("text", subject, 0)
