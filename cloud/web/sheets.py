"""Reads a list of the old system: CSV in UTF-8 or GB18030, or the first sheet of an XLSX workbook.

Cells become texts: a number of a spreadsheet loses its `.0`, a date is yyyy-mm-dd. Formulas are
never computed; what the workbook last showed counts.

One source for both web packages: `make vendor` copies it from edge/web to cloud/web.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

BYTES_MAX = 20 * 1024 * 1024
ROWS_MAX = 50_000
"""A chain's members fit in five such files; a page of them is read in seconds."""
CELL_LENGTH_MAX = 500
ENCODINGS = ("utf-8-sig", "gb18030")
"""GB18030 (GB 18030-2022) holds GBK and GB2312, in which Chinese Windows writes CSV."""
ZIP_START = b"PK\x03\x04"
UNPACKED_MAX = 200 * 1024 * 1024


class SheetError(Exception):
    """A file that cannot be read; `zh` and `en` say what to do."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        self.code = code
        self.zh = zh
        self.en = en
        super().__init__(en)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list: `rows` are (number of the row in the file, cells by column); `encoding` of a CSV."""

    rows: tuple[tuple[int, Mapping[str, str]], ...]
    columns: tuple[str, ...]
    unknown: tuple[str, ...]
    encoding: str


def read_sheet(data: bytes, aliases: Mapping[str, str]) -> Sheet:
    """Read a file whose first line names the columns; `aliases`: heading in lower case -> column.

    Raises `SheetError` for what is no such file, is too large, or has no known column.
    """
    if len(data) > BYTES_MAX:
        raise SheetError(
            "file_too_large", "文件超过 20 MB，请分成几个", "Over 20 MB: split the file"
        )
    if data.startswith(ZIP_START):
        return _sheet(_workbook_rows(data), aliases, "")
    text, encoding = decoded(data)
    return _sheet(_csv_rows(text), aliases, encoding)


def decoded(data: bytes) -> tuple[str, str]:
    """The text of a CSV and its encoding: UTF-8 if it is that, else GB18030."""
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise SheetError(
        "file_encoding",
        "读不懂文件的编码，请在表格软件里另存为 CSV UTF-8 或 XLSX",
        "Its encoding is neither UTF-8 nor GB18030; save it as CSV UTF-8 or XLSX",
    )


def _csv_rows(text: str) -> Iterator[list[str]]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise SheetError("file_shape", f"不是 CSV 文件：{error}", f"No CSV: {error}") from error


def _workbook_rows(data: bytes) -> Iterator[list[str]]:
    broken = SheetError(
        "file_shape",
        "打不开这个表格，请另存为 XLSX 或 CSV",
        "This workbook cannot be opened; save it again as XLSX or CSV",
    )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(part.file_size for part in packed.infolist()) > UNPACKED_MAX:
                raise broken
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        for row in sheet.iter_rows(values_only=True):
            yield [_cell(value) for value in row]
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError) as error:
        raise broken from error


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.strftime("%Y-%m-%d")
    return str(value)


def _sheet(lines: Iterable[list[str]], aliases: Mapping[str, str], encoding: str) -> Sheet:
    heading: list[str] | None = None
    unknown: list[str] = []
    rows: list[tuple[int, Mapping[str, str]]] = []
    for number, line in enumerate(lines, 1):
        cells = [cell.strip()[:CELL_LENGTH_MAX] for cell in line]
        if not any(cells):
            continue
        if heading is None:
            heading = [aliases.get(cell.lower().replace(" ", ""), "") for cell in cells]
            unknown = [cell for cell, name in zip(cells, heading, strict=True) if cell and not name]
            if not any(heading):
                known = ", ".join(sorted(set(aliases.values())))
                raise SheetError(
                    "file_heading",
                    f"第一行要写列名，认识的列：{known}",
                    f"The first line must name the columns; known ones: {known}",
                )
            continue
        if len(rows) == ROWS_MAX:
            raise SheetError(
                "file_rows",
                f"最多 {ROWS_MAX} 行，请分成几个文件",
                f"Over {ROWS_MAX} rows: split it",
            )
        named = zip(heading, cells, strict=False)
        rows.append((number, {name: cell for name, cell in named if name}))
    if heading is None:
        raise SheetError("file_empty", "文件是空的", "The file is empty")
    columns = tuple(dict.fromkeys(name for name in heading if name))
    return Sheet(tuple(rows), columns, tuple(unknown), encoding)
