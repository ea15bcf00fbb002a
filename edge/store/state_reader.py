"""What ops have made: documents, claims, balances and ledgers, each with its pending side."""

from collections.abc import Iterator

from edge.store import statements
from edge.store.facts import (
    ZERO_BALANCE,
    Account,
    Balance,
    Claim,
    Document,
    LedgerEntry,
    LoggedOp,
)
from edge.store.log_reader import LogReader
from edge.store.tables import LOOKUP_FIELDS, PARTS, SEARCH_FIELDS
from sync_protocol.annotations import APPLIED, DIVERTED, annotation_from_row
from sync_protocol.claims import claim_row_from_stored
from sync_protocol.codec import unpack_stored
from sync_protocol.kinds import KINDS, LEDGER, field_index
from sync_protocol.ledger import divert, transaction_from_body
from sync_protocol.registers import row_from_stored, write_from_body

LAST_CHARACTER = "\U0010ffff"


class StateReader(LogReader):
    """Reads the projections, and the ops behind them; see `edge.store.reader`."""

    # --- documents --------------------------------------------------------------------------------

    def register(self, kind: int, key: int | str) -> Document | None:
        """Return a document, None where there is none."""
        row = self._execute(statements.SELECT_DOCUMENT, (kind, key)).fetchone()
        return None if row is None else _document(kind, key, *row)

    def registers(
        self, kind: int, after: int | str | None = None, limit: int = 1000
    ) -> Iterator[Document]:
        """Yield a kind's documents in order of their keys, from the first one beyond `after`.

        Numbers come before texts.
        """
        first = -1 if after is None else after
        for key, confirmed, pending in self._execute(
            statements.SELECT_DOCUMENTS, (kind, first, limit)
        ):
            yield _document(kind, key, confirmed, pending)

    def registers_where(
        self, kind: int, field: str, value: int | str, limit: int = 1000
    ) -> list[Document]:
        """Return the documents whose shown `field` is `value`, in order of their keys.

        `field` is one of `tables.LOOKUP_FIELDS[kind]`, ValueError for any other.
        """
        wanted = (kind, _lookup_index(kind, field), value, limit)
        rows = self._execute(statements.SELECT_LOOKUP, wanted)
        return [_document(kind, *row) for row in rows]

    def registers_between(
        self, kind: int, field: str, low: int | str, high: int | str, limit: int = 1000
    ) -> list[Document]:
        """Return the documents whose shown `field` is from `low` to below `high`, in its order.

        `field` is one of `tables.LOOKUP_FIELDS[kind]`, ValueError for any other.
        """
        wanted = (kind, _lookup_index(kind, field), low, high, limit)
        rows = self._execute(statements.SELECT_LOOKUP_BETWEEN, wanted)
        return [_document(kind, *row) for row in rows]

    def search_registers(self, kind: int, field: str, text: str, limit: int = 20) -> list[Document]:
        """Return documents of whose shown text `field` a part begins with `text`.

        Those that begin with it themselves come first. `field` is one of
        `tables.SEARCH_FIELDS[kind]`; see `documents.parts_of`.
        """
        if field not in SEARCH_FIELDS.get(kind, ()):
            raise ValueError(f"no search of {KINDS[kind].name}.{field}: see tables.SEARCH_FIELDS")
        low = text.lower()
        wanted = (kind, PARTS + field_index(kind, field), low, low + LAST_CHARACTER, 2 * limit)
        rows = self._execute(statements.SELECT_LOOKUP_BETWEEN, wanted)
        found = {row[0]: _document(kind, *row) for row in rows}

        def begins(document: Document) -> bool:
            return str(document.value(field) or "").lower().startswith(low)

        return sorted(found.values(), key=lambda document: not begins(document))[:limit]

    def register_history(self, kind: int, key: int | str, limit: int = 100) -> list[LoggedOp]:
        """Return the ops that changed a document, newest first, as far as this box keeps them."""
        found = []
        for logged in self._mentions(key):
            if logged.op.header.kind == kind:
                found.append(logged)
                if len(found) == limit:
                    break
        return found

    def documents_written_since(
        self, position: int, kinds: tuple[int, ...]
    ) -> Iterator[tuple[int, int | str]]:
        """Yield (kind, key) of each register op of some kinds behind a position of the log."""
        for kind in kinds:
            for (body,) in self._execute(statements.SELECT_BODIES_SINCE, (position, kind)):
                yield kind, write_from_body(KINDS[kind], unpack_stored(body)).key

    # --- claims -----------------------------------------------------------------------------------

    def claim(self, kind: int, key: bytes) -> Claim | None:
        """Return who holds a unique key, None where it is free."""
        row = self._execute(statements.SELECT_CLAIM, (kind, key)).fetchone()
        if row is None:
            return None
        confirmed, pending = row
        shown = unpack_stored(confirmed if pending is None else pending)
        if shown is None:
            return None
        return Claim(claim_row_from_stored(shown), pending is None or pending == confirmed)

    # --- ledger -----------------------------------------------------------------------------------

    def balance(self, account: Account) -> Balance:
        """Return an account's balance; zero where the account was never seen."""
        row = self._execute(statements.SELECT_BALANCE, account).fetchone()
        return ZERO_BALANCE if row is None else Balance(*row)

    def balances_of(
        self, account_class: int, subject: int | str, unit: str | None = None
    ) -> list[tuple[Account, Balance]]:
        """Return the accounts of a class and subject over all holders, months and units.

        Ordered by unit, holder node, epoch, month; those that came back to zero are among them.
        """
        found: list[tuple[Account, Balance]] = []
        for row in self._execute(statements.SELECT_BALANCES, (subject, account_class)):
            row_unit, node, epoch, month, confirmed, pending = row
            if unit is None or row_unit == unit:
                account = (account_class, subject, node, epoch, month, row_unit)
                found.append((account, Balance(confirmed, pending)))
        return found

    def subjects_held(self, account_class: int) -> list[int | str]:
        """Return whose accounts of a limited class this box's own part of is not zero."""
        identity = self.identity
        wanted = (account_class, identity.node, identity.epoch)
        return [row[0] for row in self._execute(statements.SELECT_SUBJECTS_HELD, wanted)]

    def places_of_asset(self, unit: str) -> list[tuple[Account, Balance]]:
        """Return the accounts of a unit `asset:<tag>` that are not zero: where the asset is."""
        rows = self._execute(statements.SELECT_ASSET_PLACES, (unit,))
        return [(row[:6], Balance(row[6], row[7])) for row in rows]

    def entries(
        self,
        subject: int | str,
        classes: tuple[int, ...] = (),
        unit: str | None = None,
        limit: int = 100,
    ) -> list[LedgerEntry]:
        """Return the postings to a subject's accounts, newest first, as far as this box keeps them.

        `classes` narrows to some account classes, `unit` to one unit. For an asset or an item over
        all subjects, hand in its unit (`asset:<tag>`) as `subject`.
        """
        by_unit = isinstance(subject, str) and ":" in subject
        found: list[LedgerEntry] = []
        for logged in self._mentions(subject):
            if KINDS[logged.op.header.kind].policy != LEDGER or logged.op.body is None:
                continue
            for entry in _entries(logged):
                account = entry.account
                if account[5 if by_unit else 1] != subject:
                    continue
                if (classes and account[0] not in classes) or (unit and account[5] != unit):
                    continue
                found.append(entry)
            if len(found) >= limit:
                break
        return found[:limit]


def _document(
    kind: int, key: int | str, confirmed: bytes | None, pending: bytes | None
) -> Document:
    row = None if confirmed is None else row_from_stored(unpack_stored(confirmed))
    if pending is not None:
        return Document(kind, key, row_from_stored(unpack_stored(pending)), row)
    if row is None:
        raise ValueError(f"document {kind}/{key} has neither side")
    return Document(kind, key, row, row)


def _lookup_index(kind: int, field: str) -> int:
    if field not in LOOKUP_FIELDS.get(kind, ()):
        raise ValueError(f"no lookup of {KINDS[kind].name}.{field}: see tables.LOOKUP_FIELDS")
    return field_index(kind, field)


def _entries(logged: LoggedOp) -> Iterator[LedgerEntry]:
    header = logged.op.header
    transaction = transaction_from_body(logged.op.body)
    postings, business_day = transaction.postings, transaction.business_day
    if logged.detail is not None and logged.verdict in (APPLIED, DIVERTED):
        annotation = annotation_from_row([logged.effective, logged.verdict, logged.detail])
        business_day = annotation.business_day() or business_day
        postings = divert(postings, transaction.cafe, annotation.diversions())
    for code, subject, node, epoch, month, unit, amount in postings:
        yield LedgerEntry(
            reference=logged.op.ref(),
            stamp=header.stamp if logged.position is None else logged.effective,
            actor=header.actor,
            reason=transaction.reason,
            business_day=business_day,
            document=transaction.document,
            account=(code, subject, node, epoch, month, unit),
            amount=amount,
            verdict=logged.verdict,
        )
