"""`cafebox report` and `cafebox import`: what goes out to spreadsheets, and what comes in."""

import argparse
import asyncio
import json
import secrets
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

from edge import app
from edge.configuration import BoxSection, Configuration
from edge.desk.imports import Asked as AskedImport
from edge.desk.imports import Imports, Progress
from edge.desk.reports.day_sums import DaySums
from edge.desk.reports.views import RECORDS_EXPORTED, REPORT_NAMES, table_of
from edge.desk.reports.views import Asked as AskedReport
from edge.domain.business_day import business_day, day_number
from edge.domain.imports import ALIASES, BALANCES, MEMBERS
from edge.domain.refusals import Refusal
from edge.domain.report_table import Table, shown, text_of
from edge.effects.spreadsheets import csv_of, json_of, xlsx_of
from edge.store.reader import Reader
from edge.store.store import Store
from edge.web.sheets import SheetError, read_sheet

DONE, REFUSED = 0, 1
Row = dict[str, object]
PrintTable = Callable[[Sequence[Row], Sequence[str]], None]


def add_commands(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add both to the parser."""
    report = add("report", "a report of some days, as a table, CSV, XLSX or JSON")
    report.add_argument("name", choices=tuple(REPORT_NAMES), help="which report")
    for name in ("from", "to"):
        day = f"business day (yyyy-mm-dd) to {'begin' if name == 'from' else 'end'} with"
        report.add_argument(f"--{name}", dest=f"{name}_day", type=date.fromisoformat, help=day)
    report.add_argument("--csv", action="store_true", help="print CSV for a spreadsheet")
    report.add_argument("--xlsx", type=Path, help="write a workbook to this file")
    report.add_argument("--language", choices=("zh", "en"), default="zh", help="of names")
    listed = add("import", "bring members or balances of an old system in; stop the box first")
    listed.add_argument("what", choices=(MEMBERS, BALANCES), help="what the list holds")
    listed.add_argument("file", type=Path, help="CSV (UTF-8 or GB18030) or XLSX")
    listed.add_argument("--dry-run", action="store_true", help="only list every problem")
    leave_out = "import the other rows although some have problems"
    listed.add_argument("--leave-out", action="store_true", help=leave_out)


def report(
    reader: Reader, box: BoxSection, options: argparse.Namespace, print_table: PrintTable
) -> int:
    """Print a report, or write it to a file."""
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    today = business_day(now_ms, box.utc_offset_min, box.business_day_hour)
    first, last = (day_number(day) if day else 0 for day in (options.from_day, options.to_day))
    asked = AskedReport(options.name, first, last, limit=RECORDS_EXPORTED)
    table = table_of(reader, DaySums(), asked, today)
    language, offset_min = options.language, box.utc_offset_min
    if isinstance(table, Refusal):
        print(f"cafebox: {table.words(language)} ({table.code})", file=sys.stderr)
        return REFUSED
    if options.xlsx:
        options.xlsx.write_bytes(xlsx_of(table, language, offset_min))
        print(options.xlsx)
    elif options.csv:
        print(csv_of(table, language, offset_min), end="")
    elif options.json:
        print(json_of(table, language))
    else:
        _print(table, language, offset_min, print_table)
    return DONE


def _print(table: Table, language: str, offset_min: int, print_table: PrintTable) -> None:
    names = [text_of(column.name, language) for column in table.columns]
    rows: list[Row] = []
    for line in (*table.rows, *((table.sums,) if table.is_summed else ())):
        pairs = zip(table.columns, line, strict=True)
        texts = [shown(column, cell, language, offset_min) for column, cell in pairs]
        rows.append(dict(zip(names, texts, strict=True)))
    print_table(rows, names)


def import_list(configuration: Configuration, options: argparse.Namespace) -> int:
    """Import a list; 1 where something is wrong with it."""
    try:
        sheet = read_sheet(options.file.read_bytes(), ALIASES[options.what])
    except SheetError as error:
        print(f"cafebox: {error.zh} {error.en} ({error.code})", file=sys.stderr)
        return REFUSED
    asked = AskedImport(options.what, sheet.columns, sheet.rows, options.dry_run, options.leave_out)
    progress = asyncio.run(_run(configuration, asked))
    values: Row = {
        "rows": progress.total,
        "imported": progress.written,
        "skipped": progress.skipped,
        "problems": len(progress.problems),
        "encoding": sheet.encoding,
        "unknown_columns": ", ".join(sheet.unknown),
    }
    found = [
        {
            "row": one.row,
            "column": one.column,
            "code": one.refusal.code,
            "zh": one.refusal.words("zh"),
            "en": one.refusal.words("en"),
        }
        for one in progress.problems
    ]
    if options.json:
        print(json.dumps({**values, "found": found}, ensure_ascii=False))
    else:
        for name, value in values.items():
            print(f"{name}: {value}")
        for row in found:
            print(f"{row['row']}  {row['column'] or '-'}  {row['zh']}  {row['en']}")
    if progress.refusal is not None:
        print(f"cafebox: {progress.refusal.words('en')}", file=sys.stderr)
    return REFUSED if progress.refusal is not None or progress.problems else DONE


async def _run(configuration: Configuration, asked: AskedImport) -> Progress:
    enrolment = app.enrolment_of(configuration)
    path = configuration.data_dir / app.STORE_NAME
    clock = app.machine_clock()
    store = Store.open(path, enrolment.identity, clock, secrets.token_bytes, app.hardware_id())
    with closing(store):
        imports = Imports(
            store, configuration.desk_settings(enrolment.answer.claim_secret), app.wall_ms
        )
        running = asyncio.create_task(imports.run(asked))
        while not running.done():
            await asyncio.wait({running}, timeout=1)
            progress = imports.progress
            if progress is not None and not running.done():
                print(f"{progress.done} / {progress.total}", file=sys.stderr)
        return await running
