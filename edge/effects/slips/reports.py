"""Slips: a report on paper, each row under its first cell."""

from collections.abc import Mapping

from edge.domain.report_table import Cell, Column, Type, shown
from edge.effects.slips.job import Facts, Name
from edge.effects.slips.parts import Slip, Words, cut
from edge.receipt import Line, Pair, Rule, SlipGroup, Text

WORDS: Mapping[str, Name] = {
    "report": ("报表", "REPORT"),
    "period": ("日期", "Days"),
    "in_all": ("合计", "In all"),
    "report_cut": ("行数较多，完整内容请导出表格", "More rows: export the whole to a spreadsheet"),
    "report_empty": ("这段时间没有记录", "Nothing in these days"),
}
LINES_MAX = 360
"""Of the rows: a receipt has at most 400 lines."""


def _report(facts: Facts, words: Words) -> list[Line]:
    columns = [
        Column(code, (chinese, english), Type(kind))
        for code, chinese, english, kind in facts["columns"]
    ]
    first, last = (_day(facts[name]) for name in ("from_day", "to_day"))
    lines: list[Line] = [
        Text(cut(words.pick(facts["title"])), bold=True),
        Pair(words("period"), first if first == last else f"{first} ~ {last}"),
    ]
    rows = list(facts["rows"])
    whole = not facts["cut"]
    for row in rows:
        made = _row(columns, row, facts, words)
        if len(lines) + len(made) > LINES_MAX:
            whole = False
            break
        lines += made
    if not rows:
        lines.append(Text(words("report_empty")))
    if facts["sums"]:
        lines += [Rule(), Text(words("in_all"), bold=True)]
        lines += _cells(columns, facts["sums"], facts, words)
    if not whole:
        lines.append(Text(words("report_cut")))
    return lines


def _row(columns: list[Column], row: list[Cell], facts: Facts, words: Words) -> list[Line]:
    title = _shown(columns[0], row[0], facts, words)
    return [Rule(), Text(cut(title), bold=True), *_cells(columns[1:], row[1:], facts, words)]


def _cells(columns: list[Column], row: list[Cell], facts: Facts, words: Words) -> list[Line]:
    """A line for each cell that says something."""
    pairs = (
        (words.pick(column.name), _shown(column, cell, facts, words))
        for column, cell in zip(columns, row, strict=True)
        if cell not in ("", 0)
    )
    return [Pair(name, cut(text)) for name, text in pairs if text]


def _shown(column: Column, cell: Cell, facts: Facts, words: Words) -> str:
    value = words.pick(cell) if isinstance(cell, list | tuple) else cell
    return shown(column, value, "", facts["utc_offset_min"])


def _day(number: int) -> str:
    return shown(Column("", ("", ""), Type.DAY), number, "", 0)


SLIPS: Mapping[str, Slip] = {
    "report": Slip(_report, group=SlipGroup.REPORT, stale_after_min=60),
}
