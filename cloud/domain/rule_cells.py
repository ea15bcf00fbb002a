"""One cell of a rule as people write it, and as it stands in the document.

Money is written in yuan, times of day as HH:MM up to 24:00, days as yyyy-mm-dd; what cannot be
read comes back as a refusal that says how to write it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date

from cloud.domain.refusals import Refusal
from sync_protocol.rules import (
    CHOICE,
    CHOICES,
    DAY,
    FEN,
    FLAG,
    MINUTE,
    NUMBER,
    PERCENT,
    TEXT,
    TEXT_LENGTH_MAX,
    Column,
)

Value = int | str | bool

_WHOLE = re.compile(r"[0-9]{1,12}")
_YUAN = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_DAY = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})")


def cell_text(column: Column, value: Value) -> str:
    """Return how a value is shown and typed; a flag is `yes` or nothing."""
    if column.type == FEN:
        yuan, fen = divmod(int(value), 100)
        return f"{yuan}.{fen:02}"
    if column.type == MINUTE:
        hours, minutes = divmod(int(value), 60)
        return f"{hours:02}:{minutes:02}"
    if column.type == DAY:
        digits = f"{int(value):08}"
        return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if value else ""
    if column.type == FLAG:
        return "yes" if value else ""
    return str(value)


def cell_value(column: Column, text: str) -> Value | Refusal:
    """Return the value of what was typed, or how to type it; empty is the column's zero."""
    if column.type == FLAG:
        return text != ""
    if column.type == CHOICES:
        return " ".join(text.split())
    if column.type in (TEXT, CHOICE):
        return text
    value = 0 if not text else _READERS[column.type](text)
    return _shape_fault(column) if value is None else value


def value_fault(column: Column, value: object) -> Refusal | None:
    """Return why a value cannot stand in a column, None where it can."""
    if column.type == FLAG:
        return None if isinstance(value, bool) else _type_fault("true / false")
    if column.type in (TEXT, CHOICE, CHOICES):
        return _text_fault(column, value)
    if isinstance(value, bool) or not isinstance(value, int):
        return _shape_fault(column)
    if not column.low <= value <= column.high:
        low, high = cell_text(column, column.low), cell_text(column, column.high)
        return Refusal("cell_range", f"须在 {low} 到 {high} 之间", f"From {low} to {high}")
    if column.type == DAY and value and _day(str(value)) is None:
        return _shape_fault(column)
    return None


def _text_fault(column: Column, value: object) -> Refusal | None:
    if not isinstance(value, str):
        return _type_fault('"…"')
    if column.type == TEXT:
        if len(value) > TEXT_LENGTH_MAX:
            words = (f"最多 {TEXT_LENGTH_MAX} 个字", f"At most {TEXT_LENGTH_MAX} characters")
            return Refusal("cell_long", *words)
        if not value.isprintable():
            words = ("不能有换行或控制字符", "Neither line breaks nor control characters")
            return Refusal("cell_control", *words)
        return None
    chosen = [value] if column.type == CHOICE else value.split()
    for word in chosen:
        if word not in column.choices:
            known = ", ".join(column.choices)
            return Refusal("cell_choice", f"只能选：{known}", f"One of: {known}")
    return None


def _type_fault(example: str) -> Refusal:
    return Refusal("cell_type", f"类型不对，应为 {example}", f"Of another type; write {example}")


_SHAPES = {
    NUMBER: ("请输入整数，如 100", "A whole number such as 100"),
    PERCENT: ("请输入百分比整数，如 95", "A whole percentage such as 95"),
    FEN: ("请输入元，最多两位小数，如 12.50", "Yuan with at most two decimals, such as 12.50"),
    MINUTE: ("请输入时间 00:00 到 24:00，如 23:30", "A time from 00:00 to 24:00, such as 23:30"),
    DAY: ("请输入日期，如 2027-03-01", "A day of the calendar such as 2027-03-01"),
}


def _shape_fault(column: Column) -> Refusal:
    return Refusal("cell_shape", *_SHAPES[column.type])


def _whole(text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text) else None


def _fen(text: str) -> int | None:
    match = _YUAN.fullmatch(text)
    return int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0")) if match else None


def _minute(text: str) -> int | None:
    match = _CLOCK.fullmatch(text)
    if not match or int(match[2]) > 59:  # minutes of an hour
        return None
    return int(match[1]) * 60 + int(match[2])


def _day(text: str) -> int | None:
    match = _DAY.fullmatch(text)
    if not match:
        return None
    year, month, day = (int(part) for part in match.groups())
    try:
        date(year, month, day)
    except ValueError:
        return None
    return year * 10_000 + month * 100 + day


_READERS: Mapping[int, Callable[[str], int | None]] = {
    NUMBER: _whole,
    PERCENT: _whole,
    FEN: _fen,
    MINUTE: _minute,
    DAY: _day,
}
