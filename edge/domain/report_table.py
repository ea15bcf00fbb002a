"""A report as data: typed columns, rows, sums; the same for screen, paper, CSV, XLSX and JSON.

Money is fen, days are yyyymmdd, times milliseconds since 1970, lasting minutes. A text cell is a
text, or a name in both languages.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge.domain.business_day import local_time
from edge.domain.refusals import CHINESE

Name = tuple[str, str]
"""(Chinese, English)."""
Cell = int | str | Name
Row = tuple[Cell, ...]


class Type(StrEnum):
    """What a column holds."""

    MONEY = "money"
    COUNT = "count"
    MINUTES = "minutes"
    DAY = "day"
    TIME = "time"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `summed`: its sum stands in the last line."""

    code: str
    name: Name
    type: Type
    summed: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A report of some days. `cut`: there are more rows than were read.

    `charted` is the code of the column that a chart shows over the first one, "" for none.
    """

    code: str
    name: Name
    from_day: int
    to_day: int
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    charted: str = ""
    cut: bool = False
    keys: tuple[int, ...] = ()
    """Each row's document, where a row is one."""

    @property
    def sums(self) -> Row:
        """The last line: each summed column's sum, "" for the others."""
        return tuple(
            sum(int(str(row[place])) for row in self.rows) if column.summed else ""
            for place, column in enumerate(self.columns)
        )

    @property
    def is_summed(self) -> bool:
        """Whether there is a last line."""
        return any(column.summed for column in self.columns)

    @property
    def chart(self) -> tuple[tuple[Cell, int], ...]:
        """(label, value) of each row, for a bar chart."""
        codes = [column.code for column in self.columns]
        if self.charted not in codes:
            return ()
        place = codes.index(self.charted)
        return tuple((row[0], int(str(row[place]))) for row in self.rows)


def text_of(cell: Cell, language: str) -> str:
    """A text cell in a language."""
    return cell[0 if language == CHINESE else 1] if isinstance(cell, tuple) else str(cell)


def shown(column: Column, cell: Cell, language: str, utc_offset_min: int) -> str:
    """A cell as people read it; nothing for an empty one, and for no day and no time."""
    if cell == "" or column.type is Type.TEXT:
        return text_of(cell, language)
    value = int(str(cell))
    if column.type is Type.MONEY:
        sign = "-" if value < 0 else ""
        return f"{sign}{abs(value) // 100:,}.{abs(value) % 100:02}"
    if column.type is Type.DAY:
        return f"{value // 10000:04}-{value // 100 % 100:02}-{value % 100:02}" if value else ""
    if column.type is Type.TIME:
        return f"{local_time(value, utc_offset_min):%Y-%m-%d %H:%M}" if value else ""
    return f"{value:,}"


def columns(text: str, names: Iterable[Name]) -> tuple[Column, ...]:
    """Columns from words `code:type`, a trailing `+` for those that are summed, and their names."""
    made = []
    for word, name in zip(text.split(), names, strict=True):
        code, type_name = word.rstrip("+").split(":")
        made.append(Column(code, name, Type(type_name), word.endswith("+")))
    return tuple(made)


def added(one: Sequence[int], other: Sequence[int]) -> list[int]:
    """Two rows of sums added up."""
    return [left + right for left, right in zip(one, other, strict=True)]
