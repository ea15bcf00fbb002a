"""`cafebox report`, `identity-checks`, `import`: what goes to spreadsheets, and what comes in."""

import argparse
import asyncio
import json
import secrets
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from edge import app, machine
from edge.cli_output import DONE, REFUSED, Row, check_days, day, print_table
from edge.cli_store import reading
from edge.configuration import BoxSection, Configuration
from edge.desk.identity_checks import checks_between
from edge.desk.imports import Asked as AskedImport
from edge.desk.imports import Imports, Progress
from edge.desk.reports.day_sums import DaySums
from edge.desk.reports.views import RECORDS_EXPORTED, REPORT_NAMES, table_of
from edge.desk.reports.views import Asked as AskedReport
from edge.domain.business_day import business_day, day_number
from edge.domain.identity_checks import table_of_checks
from edge.domain.imports import ALIASES, BALANCES, MEMBERS
from edge.domain.refusals import Refusal
from edge.domain.report_table import Table, shown, text_of
from edge.effects.spreadsheets import csv_of, json_of, xlsx_of
from edge.store.reader import Reader
from edge.store.store import Store
from edge.web.sheets import SheetError, read_sheet

CHECKS_SHOWN = ("checked_at", "outcome", "name", "document_kind", "document_number", "seat")


def add_commands(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add them to the parser."""
    report = add("report", "a report of some days, as a table, CSV, XLSX or JSON")
    report.add_argument("name", choices=tuple(REPORT_NAMES), help="which report")
    _add_days_and_files(report, required=False)
    checks = add("identity-checks", "who was checked before a session, for an inspector")
    _add_days_and_files(checks, required=True)
    listed = add("import", "bring members or balances of an old system in; stop the box first")
    listed.add_argument("what", choices=(MEMBERS, BALANCES), help="what the list holds")
    listed.add_argument("file", type=Path, help="CSV (UTF-8 or GB18030) or XLSX")
    listed.add_argument("--dry-run", action="store_true", help="only list every problem")
    leave_out = "import the other rows although some have problems"
    listed.add_argument("--leave-out", action="store_true", help=leave_out)


def _add_days_and_files(parser: argparse.ArgumentParser, *, required: bool) -> None:
    for name, word in (("from", "begin"), ("to", "end")):
        parser.add_argument(
            f"--{name}",
            dest=f"{name}_day",
            type=day,
            required=required,
            help=f"business day (yyyy-mm-dd) to {word} with",
        )
    parser.add_argument("--csv", action="store_true", help="print CSV for a spreadsheet")
    parser.add_argument("--xlsx", type=Path, help="write a workbook to this file")
    parser.add_argument("--language", choices=("zh", "en"), default="zh", help="of names")


def report(configuration: Configuration, options: argparse.Namespace) -> int:
    """Print a report, or write it to a file; returns the exit code."""
    with reading(configuration) as reader:
        return _report(reader, configuration.box, options)


def _report(reader: Reader, box: BoxSection, options: argparse.Namespace) -> int:
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    today = business_day(now_ms, box.utc_offset_min, box.business_day_hour)
    first, last = (day_number(one) if one else 0 for one in (options.from_day, options.to_day))
    asked = AskedReport(options.name, first, last, limit=RECORDS_EXPORTED)
    table = table_of(reader, DaySums(), asked, today)
    language, offset_min = options.language, box.utc_offset_min
    if isinstance(table, Refusal):
        print(f"cafebox: {table.words(language)} ({table.code})", file=sys.stderr)
        return REFUSED
    if _written(table, options, offset_min):
        return DONE
    if options.json:
        print(json_of(table, language))
    else:
        _print(table, language, offset_min)
    return DONE


def identity_checks(configuration: Configuration, options: argparse.Namespace) -> int:
    """Print who was checked, or write it to a file; returns the exit code."""
    check_days(options.from_day, options.to_day)
    with reading(configuration) as reader:
        return _identity_checks(reader, configuration.box, options)


def _identity_checks(reader: Reader, box: BoxSection, options: argparse.Namespace) -> int:
    days = (day_number(options.from_day), day_number(options.to_day))
    records = checks_between(reader, *days)
    if _written(table_of_checks(records, days, box.utc_offset_min), options, box.utc_offset_min):
        return DONE
    rows: list[Row] = [record.row(box.utc_offset_min) for record in records]
    if options.json:
        print(json.dumps({"checks": rows}, ensure_ascii=False))
        return DONE
    print_table(rows, CHECKS_SHOWN)
    print(f"{len(rows)} checks")
    return DONE


def _written(table: Table, options: argparse.Namespace, offset_min: int) -> bool:
    """Whether a spreadsheet was asked for, and written."""
    if options.xlsx:
        options.xlsx.write_bytes(xlsx_of(table, options.language, offset_min))
        print(options.xlsx.absolute())
    elif options.csv:
        print(csv_of(table, options.language, offset_min), end="")
    return bool(options.xlsx or options.csv)


def _print(table: Table, language: str, offset_min: int) -> None:
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
    clock = machine.machine_clock()
    store = Store.open(path, enrolment.identity, clock, secrets.token_bytes, machine.hardware_id())
    with closing(store):
        imports = Imports(
            store, configuration.desk_settings(enrolment.answer.claim_secret), machine.wall_ms
        )
        running = asyncio.create_task(imports.run(asked))
        while not running.done():
            await asyncio.wait({running}, timeout=1)
            progress = imports.progress
            if progress is not None and not running.done():
                print(f"{progress.done} / {progress.total}", file=sys.stderr)
        return await running
