"""`GET /reports/<report>.<format>`: a report as a file, csv, xlsx or json."""

import asyncio
from dataclasses import replace
from http import HTTPStatus

from aiohttp import web

from edge.desk.commit import Request as AskedBy
from edge.desk.reports.views import RECORDS_EXPORTED
from edge.domain.refusals import Refusal
from edge.domain.report_table import Table
from edge.domain.staff import right_refusal
from edge.effects.spreadsheets import CSV_TYPE, XLSX_TYPE, csv_of, json_of, xlsx_of
from edge.web.counter import Counter
from edge.web.statuses import status_of
from edge.web.translations import chosen_language
from edge.web.works.reports import report_asked

TYPES = {"csv": CSV_TYPE, "xlsx": XLSX_TYPE, "json": "application/json"}


async def export_report(request: web.Request) -> web.Response:
    """The file; 401 without a log-in, 403 without the right, 404 for no such format."""
    format_name = request.match_info["format"]
    counter = request.app[Counter.KEY]
    session = await counter.session(request)
    if session is None:
        return web.Response(status=HTTPStatus.UNAUTHORIZED)
    language = chosen_language(request.cookies)
    refusal = right_refusal(session, "see_reports")
    asked_by = AskedBy("show:export", "", session, session.terminal)
    await counter.desk.audit.note_look(asked_by, request.query, refusal)
    if refusal is not None:
        return web.Response(status=HTTPStatus.FORBIDDEN, text=refusal.words(language))
    if format_name not in TYPES:
        raise web.HTTPNotFound
    reports = counter.desk.reports
    query = {**request.query, "report": request.match_info["report"]}
    wanted = replace(report_asked(query, reports.today), limit=RECORDS_EXPORTED)
    table = await reports.table(wanted)
    if isinstance(table, Refusal):
        return web.Response(status=status_of(table), text=table.words(language))
    body = await asyncio.to_thread(
        file_of, table, format_name, language, counter.desk.reports.utc_offset_min
    )
    name = f"{table.code}-{table.from_day}-{table.to_day}.{format_name}"
    return web.Response(
        body=body,
        content_type=TYPES[format_name],
        charset=None if format_name == "xlsx" else "utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def file_of(table: Table, format_name: str, language: str, utc_offset_min: int) -> bytes:
    """A report in one of TYPES."""
    if format_name == "xlsx":
        return xlsx_of(table, language, utc_offset_min)
    if format_name == "csv":
        return csv_of(table, language, utc_offset_min).encode()
    return json_of(table, language).encode()
