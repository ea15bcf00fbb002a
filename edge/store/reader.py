"""What the box knows: documents, claims, balances, ledgers, outbox. Read only, one snapshot."""

import sqlite3
from collections.abc import Iterator

from edge.store.facts import (
    Account,
    Balance,
    Claim,
    Cursor,
    Document,
    Head,
    LedgerEntry,
    Lockout,
    LoggedOp,
    Outbox,
    PrintJob,
)
from edge.store.identity import Identity
from sync_protocol.ops import OpRef


class Reader:
    """Reads through one connection; everything read from one `Reader` is of one moment.

    A `WriteTransaction` is a `Reader` that also sees what it has written itself.
    """

    def __init__(self, connection: sqlite3.Connection, identity: Identity) -> None:
        self._connection = connection
        self.identity = identity

    # --- documents -------------------------------------------------------------------------------

    def register(self, kind: int, key: int | str) -> Document | None:
        """Return a document, None where there is none."""
        raise NotImplementedError

    def registers(
        self, kind: int, after: int | str | None = None, limit: int = 1000
    ) -> Iterator[Document]:
        """Yield a kind's documents in order of their keys, from the first one beyond `after`."""
        raise NotImplementedError

    def registers_where(
        self, kind: int, field: str, value: int | str, limit: int = 1000
    ) -> list[Document]:
        """Return the documents whose shown `field` is `value`, latest key last.

        `field` is one of `tables.LOOKUP_FIELDS[kind]`; KeyError for any other.
        """
        raise NotImplementedError

    def search_registers(self, kind: int, field: str, text: str, limit: int = 20) -> list[Document]:
        """Return documents whose shown text `field` contains `text`, those that start so first."""
        raise NotImplementedError

    def register_history(self, kind: int, key: int | str, limit: int = 100) -> list[LoggedOp]:
        """Return the ops that changed a document, newest first, as far as this box keeps them."""
        raise NotImplementedError

    # --- claims ----------------------------------------------------------------------------------

    def claim(self, kind: int, key: bytes) -> Claim | None:
        """Return who holds a unique key, None where it is free."""
        raise NotImplementedError

    # --- ledger ----------------------------------------------------------------------------------

    def balance(self, account: Account) -> Balance:
        """Return an account's balance; zero where the account was never seen."""
        raise NotImplementedError

    def balances_of(
        self, account_class: int, subject: int | str, unit: str | None = None
    ) -> list[tuple[Account, Balance]]:
        """Return the accounts of a class and subject over all holders, months and units."""
        raise NotImplementedError

    def places_of_asset(self, unit: str) -> list[tuple[Account, Balance]]:
        """Return the accounts of a unit `asset:<tag>` that are not zero: where the asset is."""
        raise NotImplementedError

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
        raise NotImplementedError

    # --- the log ---------------------------------------------------------------------------------

    def op(self, reference: OpRef) -> LoggedOp | None:
        """Return an op by its reference; None if not kept here or another op has that number."""
        raise NotImplementedError

    def own_head(self) -> Head:
        """Return the last op of this box's epoch: (0, genesis hash) before the first."""
        raise NotImplementedError

    def outbox(self) -> Outbox:
        """Return what the hub has not acknowledged yet."""
        raise NotImplementedError

    def cursor(self) -> Cursor:
        """Return how far the hub's log is applied here."""
        raise NotImplementedError

    def stop_spending(self) -> str | None:
        """Return why this box must not lower any right (a code), None while all is well.

        Set where an own ledger op came back void or diverted.
        """
        raise NotImplementedError

    # --- the counter's own ------------------------------------------------------------------------

    def answer(self, request_id: str) -> bytes | None:
        """Return the answer kept for a request id, None for a new one."""
        raise NotImplementedError

    def print_job(self, job_id: int) -> PrintJob | None:
        """Return a print job."""
        raise NotImplementedError

    def print_jobs(self, state: str, limit: int = 100) -> list[PrintJob]:
        """Return the jobs in a state, oldest first."""
        raise NotImplementedError

    def setting(self, name: str) -> object:
        """Return a kept value (any plain value of `sync_protocol.codec`), None if never set."""
        raise NotImplementedError

    def lockout(self, staff: int) -> Lockout:
        """Return a person's failed log-ins."""
        raise NotImplementedError
