"""What the pages show of money: accounts, records, rules, traces, reconciliations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from edge.desk import facts
from edge.desk.accounts import AccountView, Filter, RecordView, account_records, account_view
from edge.desk.commit import Committer
from edge.desk.purses import offered, top_up_rule_of
from edge.desk.reconciling import Reconciliation, reconcile_cafe, reconcile_member
from edge.desk.settings import Clocks, DeskSettings
from edge.desk.tracing import TracedTopUp, member_of_number, trace_top_ups
from edge.domain.decision import Here
from edge.domain.tenders import Tender
from edge.domain.top_up_rule import TopUpRule
from edge.store.reader import Reader
from edge.store.store import Store

T = TypeVar("T")

RECORDS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Account:
    """A member's account with its records."""

    view: AccountView
    records: tuple[RecordView, ...]


class MoneyViews:
    """Reads for the works about money; each call is one snapshot of the store."""

    def __init__(
        self, store: Store, settings: DeskSettings, committer: Committer, clocks: Clocks
    ) -> None:
        self._store = store
        self._settings = settings
        self._committer = committer
        self._clocks = clocks

    async def tenders(self) -> Mapping[str, Tender]:
        """The tenders that are offered here."""
        return self._read(lambda reader, _at: offered(reader, self._committer.catalogue))

    async def top_up_rule(self) -> TopUpRule:
        """Amounts, tiers and packages of top-ups, and their limits."""
        return self._read(lambda reader, _at: top_up_rule_of(reader, self._committer.catalogue))

    async def account(self, member: int, wanted: Filter | None = None) -> Account:
        """A member's account, and the records that a filter lets through, newest first."""

        def read(reader: Reader, at: Here) -> Account:
            at = self._committer.asked.here_for(reader, at, member)
            view = account_view(reader, self._committer.catalogue, at, member)
            found = account_records(reader, view.member, wanted, RECORDS_SHOWN)
            return Account(view, tuple(found))

        return self._read(read)

    async def traced(self, member: int, number: str) -> tuple[TracedTopUp, ...]:
        """How far top-ups have come: a member's, or the one of a paper's number."""

        def read(reader: Reader, _at: Here) -> tuple[TracedTopUp, ...]:
            person = member or member_of_number(reader, number)
            line_up = self._committer.asked.line.up
            return trace_top_ups(reader, person, number, line_up) if person else ()

        return self._read(read)

    async def reconciled_member(self, member: int) -> Reconciliation:
        """A member's account added up."""
        return self._read(lambda reader, at: reconcile_member(reader, at, member))

    async def reconciled_cafe(self, business_day: int = 0) -> Reconciliation:
        """A day of this cafe added up; 0: today."""
        return self._read(
            lambda reader, at: reconcile_cafe(reader, at.cafe, business_day or at.business_day)
        )

    def _read(self, read: Callable[[Reader, Here], T]) -> T:
        with self._store.read() as reader:
            now_ms = self._clocks.wall_ms()
            cut_off = not self._committer.asked.line.up
            return read(reader, facts.here(reader, self._settings, now_ms, cut_off=cut_off))
