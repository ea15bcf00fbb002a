"""Rules as a file of TOML (https://toml.io/en/v1.0.0): to keep, to compare, to publish elsewhere.

A table per rule of one row, an array of tables per rule of many; a rule of one cafe is called
`"<name>@<cafe>"`. Values are those of the document: fen, minutes since midnight, yyyymmdd. What
a row leaves out is the column's default.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass

import tomli_w

from cloud.domain.refusals import Refusal
from cloud.domain.rules import EDITABLE, Fault, Place, Rows, faults_of, place_of
from sync_protocol.rules import Rule

FILE_BYTES_MAX = 256 * 1024
"""All rules of a large chain take a tenth of it."""


@dataclass(frozen=True, slots=True)
class FileFault:
    """A fault and the key of the rule that it is in; "" for the whole file."""

    key: str
    fault: Fault


def file_of(published: Sequence[tuple[Place, Rows]]) -> str:
    """Return the file of these rules."""
    tables: dict[str, object] = {}
    for place, rows in published:
        names = [column.name for column in place.rule.columns]
        made = [dict(zip(names, row, strict=True)) for row in rows]
        tables[place.key] = made[0] if place.rule.single else made
    return tomli_w.dumps(tables)


def rules_of_file(
    text: str, cafes: Sequence[int]
) -> tuple[list[tuple[Place, Rows]], list[FileFault]]:
    """Return the rules of a file and every fault in it; with a fault nothing may be published."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        words = (f"不是 TOML 文件：{error}", f"This is no TOML: {error}")
        return [], [FileFault("", Fault(0, "", Refusal("file_shape", *words)))]
    found: list[tuple[Place, Rows]] = []
    faults: list[FileFault] = []
    for key, table in tables.items():
        place = _place(key, cafes)
        if place is None:
            words = ("没有这条规则或门店", "There is no such rule or cafe")
            faults.append(FileFault(key, Fault(0, "", Refusal("rule_unknown", *words))))
            continue
        rows, wrong = _rows(place.rule, table)
        wrong = wrong or faults_of(place.rule, rows)
        faults.extend(FileFault(key, fault) for fault in wrong)
        found.append((place, rows))
    return found, faults


def _place(key: str, cafes: Sequence[int]) -> Place | None:
    name, at, cafe = key.partition("@")
    if at and not (cafe.isascii() and cafe.isdecimal() and len(cafe) < 9):  # digits
        return None
    return place_of(name, int(cafe or 0), cafes) if name in EDITABLE else None


def _rows(rule: Rule, table: object) -> tuple[Rows, list[Fault]]:
    given = [table] if rule.single and isinstance(table, dict) else table
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        words = ("应为 [[…]] 的表格", "Tables are needed: [[name]], or [name] for one row")
        return [], [Fault(0, "", Refusal("file_shape", *words))]
    names = [column.name for column in rule.columns]
    rows: Rows = []
    faults = []
    for number, row in enumerate(given, 1):
        words = ("没有这一列", "There is no such column")
        unknown = [name for name in row if name not in names]
        faults += [Fault(number, name, Refusal("column_unknown", *words)) for name in unknown]
        rows.append([row.get(column.name, column.default) for column in rule.columns])
    return rows, faults
