"""Rules as a file of TOML (https://toml.io/en/v1.0.0): to keep, to compare, to publish elsewhere.

A table per rule of one row, an array of tables per rule of many; a rule of one cafe is called
`"<name>@<cafe>"`. Values are those of the document: fen, minutes since midnight, yyyymmdd. What
a row leaves out is the column's default.

The table `versions` says what the file was made from, so that nothing is undone that somebody
published since. Without it a file is published over whatever stands.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass

import tomli_w

from cloud.domain.refusals import Refusal
from cloud.domain.rules import EDITABLE, Fault, Place, Rows, faults_of, place_of
from sync_protocol.rules import Rule

FILE_LENGTH_MAX = 256 * 1024
"""In characters. All rules of a large chain take a tenth of it."""
VERSIONS = "versions"
VERSION_MAX = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class FileFault:
    """A fault and the key of the rule that it is in; "" for the whole file."""

    key: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A file's rules and every fault in it; with a fault nothing may be published.

    `seen`: which version of a rule the file was made from, by the rule's key; 0 before the first.
    """

    rules: list[tuple[Place, Rows]]
    seen: dict[str, int]
    faults: list[FileFault]


def file_of(published: Sequence[tuple[Place, Rows, int]]) -> str:
    """Return the file of these rules, each with its version."""
    tables: dict[str, object] = {
        VERSIONS: {place.key: version for place, _rows, version in published}
    }
    for place, rows, _version in published:
        names = [column.name for column in place.rule.columns]
        made = [dict(zip(names, row, strict=True)) for row in rows]
        tables[place.key] = made[0] if place.rule.single else made
    return tomli_w.dumps(tables)


def rules_of_file(text: str, cafes: Sequence[int]) -> RuleFile:
    """Read a file; `cafes` are those of the chain."""
    if len(text) > FILE_LENGTH_MAX:
        words = (
            f"文件超过 {FILE_LENGTH_MAX} 字",
            f"The file has over {FILE_LENGTH_MAX} characters",
        )
        return RuleFile([], {}, [_file_fault("", "file_long", words)])
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also a number of 5,000 digits, 1,000 brackets
        words = (f"不是 TOML 文件：{error}", f"This is no TOML: {error}")
        return RuleFile([], {}, [_file_fault("", "file_shape", words)])
    versions = tables.pop(VERSIONS, {})
    file = RuleFile([], {}, [])
    if _are_versions(versions):
        file.seen.update(versions)
    else:
        words = ("每条规则的版本号应为整数", "The version of each rule is a whole number")
        file.faults.append(_file_fault(VERSIONS, "file_shape", words))
    for key, table in tables.items():
        place = _place(key, cafes)
        if place is None:
            words = ("没有这条规则或门店", "There is no such rule or cafe")
            file.faults.append(_file_fault(key, "rule_unknown", words))
            continue
        rows, wrong = _rows(place.rule, table)
        wrong = wrong or faults_of(place.rule, rows)
        file.faults.extend(FileFault(key, fault) for fault in wrong)
        file.rules.append((place, rows))
    return file


def _file_fault(key: str, code: str, words: tuple[str, str]) -> FileFault:
    return FileFault(key, Fault(0, "", Refusal(code, *words)))


def _are_versions(table: object) -> bool:
    return isinstance(table, dict) and all(
        type(value) is int and 0 <= value <= VERSION_MAX for value in table.values()
    )


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
