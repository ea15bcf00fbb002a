"""Which feature rows of docs/FEATURES.md the tests prove: `python -m tests.features [--json]`.

Prints a line `missing A123 …` for each core row without a test and `core N/318` last. A row counts
as proven when a collected test that is neither skipped nor expected to fail names it with
`@pytest.mark.covers("A123")`; whether that test passes is the test run's business.
"""

import argparse
import io
import json
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Literal, NamedTuple, cast

import pytest

FEATURES_PATH = Path(__file__).parent.parent / "docs" / "FEATURES.md"
MAX_ROWS_PER_TEST = 3
_ROW = re.compile(r"^\| (A\d{3}) \| (.+?) \| .*? \| (core|useful|out)\b.*\|$")


class FeatureRow(NamedTuple):
    """One row of the table: its id, what it asks for, and its scope."""

    id: str
    text: str
    scope: Literal["core", "useful", "out"]


def read_features(path: Path = FEATURES_PATH) -> dict[str, FeatureRow]:
    """Return the rows by id, in the table's order; a row that does not parse is an error."""
    rows: dict[str, FeatureRow] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.startswith("| A"):
            continue
        match = _ROW.match(line)
        if match is None or match[1] in rows:
            raise ValueError(f"{path.name}:{number}: not a feature row, or its id twice: {line}")
        row_id, text, scope = match.groups()
        rows[row_id] = FeatureRow(row_id, text, cast("Literal['core', 'useful', 'out']", scope))
    return rows


def covered_rows(item: pytest.Item) -> list[str]:
    """Return the ids that one test names, its own and those of its class and module."""
    return [row_id for mark in item.iter_markers("covers") for row_id in mark.args]


def marker_errors(items: Iterable[pytest.Item], rows: dict[str, FeatureRow]) -> list[str]:
    """Return what is wrong with the covers marks: unknown ids, none, or too many to one test."""
    errors = []
    for item in items:
        ids = covered_rows(item)
        unknown = [row_id for row_id in ids if row_id not in rows]
        if unknown:
            errors.append(f"{item.nodeid}: covers unknown feature rows {unknown}")
        if len(set(ids)) > MAX_ROWS_PER_TEST:
            errors.append(
                f"{item.nodeid}: covers {len(set(ids))} rows, at most {MAX_ROWS_PER_TEST}"
            )
        if not ids and item.get_closest_marker("covers") is not None:
            errors.append(f"{item.nodeid}: covers names no feature row")
    return errors


class _Collector:
    """A pytest plugin that keeps what was collected."""

    def __init__(self) -> None:
        self.tests_by_row: dict[str, list[str]] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            if any(item.get_closest_marker(mark) for mark in ("skip", "skipif", "xfail")):
                continue
            for row_id in covered_rows(item):
                self.tests_by_row.setdefault(row_id, []).append(item.nodeid)


def collect(arguments: Sequence[str] = ()) -> dict[str, list[str]]:
    """Return the tests that name each row; exit with pytest's report if collecting fails.

    `arguments` are pytest's: paths of tests, by default all of them.
    """
    collector = _Collector()
    with redirect_stdout(io.StringIO()) as report:
        code = pytest.main(["--collect-only", "-q", *arguments], plugins=[collector])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        sys.exit(f"{report.getvalue()}\nThe tests cannot be collected, so no row can be counted.")
    return collector.tests_by_row


def main() -> None:
    """Print the rows that still miss a test."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.features")
    parser.add_argument("--json", action="store_true", help="print every row with its tests")
    arguments = parser.parse_args()

    rows = read_features()
    tests_by_row = collect()
    core = [row for row in rows.values() if row.scope == "core"]
    missing = [row for row in core if row.id not in tests_by_row]
    if arguments.json:
        listed = [row._asdict() | {"tests": tests_by_row.get(row.id, [])} for row in rows.values()]
        totals = {"core": len(core), "core_proven": len(core) - len(missing)}
        print(json.dumps(totals | {"rows": listed}, ensure_ascii=False, indent=1))
        return
    for row in missing:
        print(f"missing {row.id} {row.text}")
    print(f"core {len(core) - len(missing)}/{len(core)}")


if __name__ == "__main__":
    main()
