"""Works: reports on the screen with a chart, a record in full; and their files for spreadsheets."""

from collections.abc import Mapping
from functools import partial
from urllib.parse import urlencode

from edge.desk.reports.records import RECORD_REPORTS
from edge.desk.reports.views import RECORDS_SHOWN, REPORT_NAMES
from edge.desk.reports.views import Asked as AskedReport
from edge.domain.amounts import fen_of_yuan
from edge.domain.business_day import date_of, days_before
from edge.domain.refusals import Refusal
from edge.domain.report_table import shown, text_of
from edge.web.actions import Action
from edge.web.translations import _
from edge.web.works.asked import Asked, Facts, Work, id_of

DEFAULT_DAYS = 14
"""So many days a report over days shows at first; records begin with today's."""
ACCOUNT_LENGTH_MAX = 40


def report_asked(query: Mapping[str, str], today: int, limit: int = RECORDS_SHOWN) -> AskedReport:
    """The report of an address; what is no day or amount is as if it were not there."""
    name = query.get("report", "day")
    default = today if name in RECORD_REPORTS else days_before(today, DEFAULT_DAYS)[-1]
    return AskedReport(
        name,
        _day(query.get("from_day", "")) or default,
        _day(query.get("to_day", "")) or today,
        query.get("account", "").strip()[:ACCOUNT_LENGTH_MAX],
        _fen(query.get("from_yuan", "")),
        _fen(query.get("to_yuan", "")),
        limit,
    )


def _day(text: str) -> int:
    digits = text.replace("-", "")
    day = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) == 8 else 0
    return day if date_of(day) is not None else 0


def _fen(text: str) -> int:
    fen = fen_of_yuan(text)
    return fen if isinstance(fen, int) else 0


async def _report(asked: Asked) -> Facts:
    reports = asked.desk.reports
    query = dict(asked.query) if asked.query else dict(asked.values)
    wanted = report_asked(query, reports.today)
    found = await reports.table(wanted)
    language = asked.screen.language
    table = None if isinstance(found, Refusal) else found
    fields = {
        "report": wanted.report,
        "from_day": str(wanted.from_day),
        "to_day": str(wanted.to_day),
        "account": wanted.account,
        **{name: query[name] for name in ("from_yuan", "to_yuan") if query.get(name)},
    }
    return {
        "table": table,
        "fault": found if isinstance(found, Refusal) else None,
        "wanted": wanted,
        "query": query,
        "names": REPORT_NAMES,
        "is_records": wanted.report in RECORD_REPORTS,
        "file_query": urlencode(fields),
        "bars": _bars(table.chart if table else (), language),
        "shown_cell": partial(_shown, language, reports.utc_offset_min),
    }


def _shown(language: str, utc_offset_min: int, column: object, cell: object) -> str:
    return shown(column, cell, language, utc_offset_min)  # type: ignore[arg-type]  # of a Table


BARS_MAX = 62


def _bars(chart: tuple[tuple[object, int], ...], language: str) -> list[tuple[str, int, float]]:
    """(label, value, height from 0 to 1) of a chart's bars; none where there is nothing to see."""
    peak = max((value for _label, value in chart), default=0)
    if peak <= 0 or len(chart) > BARS_MAX:
        return []
    return [
        (text_of(label, language), value, max(value, 0) / peak)  # type: ignore[arg-type]  # a cell
        for label, value in chart
    ]


async def _record(asked: Asked) -> Facts:
    document = id_of(asked.query.get("record", ""))
    record = await asked.desk.reports.record(document) if document else None
    return {"record": record, "query": asked.query}


async def _reminders(asked: Asked) -> Facts:
    return {"reminders": await asked.desk.reminders.due()}


async def _import(asked: Asked) -> Facts:
    return {"progress": asked.desk.imports.progress, "outcome": None}


WORKS: Mapping[str, Work] = {
    "report": _report,
    "record": _record,
    "reminders": _reminders,
    "import": _import,
}
AFTER_ANSWER: Mapping[str, str] = {"print_report": "report", "settle_reminder": "reminders"}
AFTER_REFUSAL: Mapping[str, str] = {**AFTER_ANSWER}
ACTIONS = (
    Action("reminders", _("Reminders"), "serve", work="reminders"),
    Action("reports", _("Reports"), "see_reports", work="report"),
    Action("import", _("Import from the old system"), "import_lists", work="import"),
    Action("record", _("A record in full"), "see_reports", work="record"),
)
