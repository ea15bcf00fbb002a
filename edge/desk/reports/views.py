"""What is asked of reports: one of them for some days, one record, and a report on paper."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from edge.desk.answers import Outcome
from edge.desk.commands import Handlers
from edge.desk.commit import Committer, Request
from edge.desk.reports.day_sums import DaySums
from edge.desk.reports.detail import RecordDetail, record_of
from edge.desk.reports.records import RECORD_REPORTS, Wanted
from edge.desk.reports.sums import SUM_REPORTS
from edge.desk.settings import DeskSettings
from edge.domain.business_day import business_day, date_of, day_number
from edge.domain.decision import Decision, Here, Judgement, PrintSlip
from edge.domain.members import normal_phone
from edge.domain.refusals import Refusal, refuse
from edge.domain.report_table import Name, Row, Table
from edge.store.reader import Reader
from edge.store.store import Store
from edge.store.transaction import WriteTransaction
from sync_protocol.kinds import MEMBER

SUMS_NAME = "report-sums.json"
"""Beside the store; it holds sums alone, no names."""
SUM_DAYS_MAX = 366
RECORD_DAYS_MAX = 92
"""A year of sums, a quarter of single records: so much a page may ask for at once."""
RECORDS_SHOWN = 500
RECORDS_EXPORTED = 50_000
PRINTED_ROWS = 80
"""Rows on a paper: longer ones are for a spreadsheet."""

REPORT_NAMES: dict[str, Name] = {
    **{code: report.name for code, report in SUM_REPORTS.items()},
    **{code: report.name for code, report in RECORD_REPORTS.items()},
}
"""Code -> name, in the order of the page."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A report that is asked for: days (0: today), and of records account and amounts."""

    report: str
    from_day: int = 0
    to_day: int = 0
    account: str = ""
    from_fen: int = 0
    to_fen: int = 0
    limit: int = RECORDS_SHOWN


def table_of(reader: Reader, kept: DaySums, asked: Asked, today: int) -> Table | Refusal:
    """A report's table; refused where there is no such report or account, or too many days."""
    days = days_of(asked.from_day or today, asked.to_day or today)
    summed, listed = SUM_REPORTS.get(asked.report), RECORD_REPORTS.get(asked.report)
    limit = SUM_DAYS_MAX if summed else RECORD_DAYS_MAX
    if not days:
        return refuse("report_days_order")
    if len(days) > limit:
        return refuse("report_days_many", limit=limit)
    if summed is not None:
        rows = tuple(summed.rows(reader, kept.of_days(reader, days)))
        made = (summed.code, summed.name, days[0], days[-1], summed.columns, rows, summed.charted)
        return Table(*made)
    if listed is None:
        return refuse("report_unknown")
    member = member_of(reader, asked.account) if asked.account else 0
    if asked.account and not member:
        return refuse("report_account_unknown", account=asked.account)
    wanted = Wanted(days, member, asked.from_fen, asked.to_fen)
    found: list[Row] = []
    keys: list[int] = []
    cut = False
    for key, amount_fen, row in listed.lines(reader, wanted):
        if not wanted.lets(amount_fen):
            continue
        if len(found) == asked.limit:
            cut = True
            break
        found.append(row)
        keys.append(key)
    head = (listed.code, listed.name, days[0], days[-1], listed.columns, tuple(found))
    return Table(*head, cut=cut, keys=tuple(keys))


def days_of(from_day: int, to_day: int) -> tuple[int, ...]:
    """Every day from one to another (yyyymmdd), () where there is none."""
    first, last = date_of(from_day), date_of(to_day)
    if first is None or last is None or first > last:
        return ()
    count = (last - first).days + 1
    return tuple(day_number(first + timedelta(days=place)) for place in range(count))


def member_of(reader: Reader, text: str) -> int:
    """The member of an account number or a phone number, 0 for none."""
    phone = normal_phone(text)
    for field, value in (("number", text), ("phone", "" if isinstance(phone, Refusal) else phone)):
        for document in reader.registers_where(MEMBER, field, value, limit=1) if value else ():
            return int(document.key)
    return 0


class Reports:
    """Reports for pages, and the command that prints one."""

    def __init__(
        self,
        store: Store,
        settings: DeskSettings,
        committer: Committer,
        wall_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._settings = settings
        self._committer = committer
        self._wall_ms = wall_ms
        self._kept: DaySums | None = None
        self._file = store.path.with_name(SUMS_NAME)
        self._lock = threading.Lock()

    def handlers(self) -> Handlers:
        """The commands done here."""
        return {"print_report": self.print_report}

    @property
    def today(self) -> int:
        """The business day."""
        settings = self._settings
        return business_day(self._wall_ms(), settings.utc_offset_min, settings.cut_over_hour)

    @property
    def utc_offset_min(self) -> int:
        """The cafe's offset, for times in files."""
        return self._settings.utc_offset_min

    async def table(self, asked: Asked) -> Table | Refusal:
        """A report."""
        return await asyncio.to_thread(self._table, asked)

    def _table(self, asked: Asked) -> Table | Refusal:
        # A first report of a year reads for seconds: one at a time, and never on the loop.
        with self._lock, self._store.read() as reader:
            kept = self._kept = self._kept or DaySums.load(self._file)
            known = len(kept.days)
            table = table_of(reader, kept, asked, self.today)
            if len(kept.days) > known:
                kept.save(self._file)
            return table

    async def record(self, document: int) -> RecordDetail | None:
        """One top-up or sale of this cafe in full, None where there is none."""
        with self._store.read() as reader:
            return record_of(reader, document)

    async def print_report(
        self, request: Request, report: str, from_day: int, to_day: int
    ) -> Outcome:
        """Print a report of some days."""
        table = await self.table(Asked(report, from_day, to_day, limit=PRINTED_ROWS))
        if isinstance(table, Refusal):
            return table

        def decide(_transaction: WriteTransaction, at: Here) -> Judgement:
            slip = PrintSlip("report", slip_facts(table, at.utc_offset_min))
            return Decision((), (slip,), {"report": report})

        return await self._committer.commit(request, decide)


def slip_facts(table: Table, utc_offset_min: int) -> dict[str, object]:
    """A table as the facts of its paper, which has the first rows of a long one."""
    return {
        "title": list(table.name),
        "from_day": table.from_day,
        "to_day": table.to_day,
        "columns": [[column.code, *column.name, column.type.value] for column in table.columns],
        "rows": [list(row) for row in table.rows[:PRINTED_ROWS]],
        "sums": list(table.sums) if table.is_summed else [],
        "cut": table.cut or len(table.rows) > PRINTED_ROWS,
        "utc_offset_min": utc_offset_min,
    }
