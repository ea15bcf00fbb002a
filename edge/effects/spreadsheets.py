"""A report as a file: CSV (RFC 4180), an XLSX workbook with typed cells, or JSON.

Nothing in them is executed by a spreadsheet: a text that begins like a formula gets an apostrophe
in CSV (OWASP, «CSV Injection») and is a marked text cell in XLSX. Money is in yuan.
"""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime, time

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.cell.cell import Cell as SheetCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from edge.domain.business_day import date_of, local_time
from edge.domain.report_table import Cell, Column, Row, Table, Type, shown, text_of

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Spreadsheets read the full-width forms as formulas too."""
BYTE_ORDER_MARK = "\ufeff"
"""Excel reads CSV as UTF-8 only behind it."""
MONEY_FORMAT, COUNT_FORMAT = "#,##0.00", "#,##0"
DAY_FORMAT, TIME_FORMAT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
WIDTHS = {Type.TEXT: 18, Type.TIME: 17, Type.DAY: 12, Type.MONEY: 13}
FORMATS = {Type.MONEY: MONEY_FORMAT, Type.DAY: DAY_FORMAT, Type.TIME: TIME_FORMAT}
SHEET_NAME_MAX = 31
CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def csv_of(table: Table, language: str, utc_offset_min: int) -> str:
    """The report as CSV; its first line has the columns' names."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow([text_of(column.name, language) for column in table.columns])
    for row in _lines(table):
        cells = zip(table.columns, row, strict=True)
        writer.writerow([_csv_cell(*cell, language, utc_offset_min) for cell in cells])
    return BYTE_ORDER_MARK + target.getvalue()


def _lines(table: Table) -> Iterator[Row]:
    yield from table.rows
    if table.is_summed and table.rows:
        yield table.sums


def _csv_cell(column: Column, cell: Cell, language: str, utc_offset_min: int) -> str:
    text = shown(column, cell, language, utc_offset_min)
    return harmless(text) if column.type is Type.TEXT else text.replace(",", "")


def xlsx_of(table: Table, language: str, utc_offset_min: int) -> bytes:
    """The report as a workbook of one sheet; numbers, money, days and times are typed cells."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(text_of(table.name, language)[:SHEET_NAME_MAX])
    sheet.freeze_panes = "A2"
    for place, column in enumerate(table.columns, 1):
        sheet.column_dimensions[get_column_letter(place)].width = WIDTHS.get(column.type, 10)
    names = [_text_cell(sheet, text_of(column.name, language)) for column in table.columns]
    for name in names:
        name.font = Font(bold=True)
    sheet.append(names)
    for row in _lines(table):
        cells = zip(table.columns, row, strict=True)
        sheet.append([_xlsx_cell(sheet, *cell, language, utc_offset_min) for cell in cells])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _text_cell(sheet: WriteOnlyWorksheet, text: str) -> SheetCell:
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text))
    cell.data_type = "s"
    cell.quotePrefix = text.startswith(FORMULA_STARTS)
    return cell


def _xlsx_cell(
    sheet: WriteOnlyWorksheet, column: Column, cell: Cell, language: str, utc_offset_min: int
) -> SheetCell:
    if cell == "" or column.type is Type.TEXT:
        return _text_cell(sheet, text_of(cell, language))
    made = WriteOnlyCell(sheet, _typed(column.type, int(str(cell)), utc_offset_min))
    made.number_format = FORMATS.get(column.type, COUNT_FORMAT)
    return made


def _typed(kind: Type, value: int, utc_offset_min: int) -> float | datetime | None:
    if kind is Type.MONEY:
        return value / 100
    if kind is Type.DAY:
        day = date_of(value)
        return None if day is None else datetime.combine(day, time())
    if kind is Type.TIME:
        moment: datetime | None = local_time(value, utc_offset_min) if value else None
        return None if moment is None else moment.replace(tzinfo=None)
    return value


def json_of(table: Table, language: str) -> str:
    """The report for programs: money in fen, days yyyymmdd, times milliseconds since 1970."""
    codes = [column.code for column in table.columns]

    def line(row: Row) -> dict[str, object]:
        cells = zip(codes, row, strict=True)
        return {c: text_of(v, language) if isinstance(v, tuple) else v for c, v in cells}

    values = {
        "report": table.code,
        "from_day": table.from_day,
        "to_day": table.to_day,
        "rows": [line(row) for row in table.rows],
        "sums": {c: v for c, v in line(table.sums).items() if v != ""},
        "cut": table.cut,
    }
    return json.dumps(values, ensure_ascii=False)
