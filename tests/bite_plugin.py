"""A pytest plugin for `tests.rows_bite`: notes which commands a test has done, or refuses one.

`pytest -p tests.bite_plugin --bite-report FILE [--bite-disabled FILE]`: the second file maps a
test's id to the command whose handler is replaced by a refusal while it runs (not its fixtures).
The report maps each test's id to its outcome and to the commands that were done, in their order.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from edge.desk.answers import Answer, Outcome
from edge.desk.commands import Command
from edge.desk.commit import Request
from edge.desk.desk import Desk
from edge.domain.refusals import refuse


def pytest_addoption(parser: pytest.Parser) -> None:
    """The two files."""
    parser.addoption("--bite-report", type=Path, required=True)
    parser.addoption("--bite-disabled", type=Path)


def pytest_configure(config: pytest.Config) -> None:
    """Stand between the desk and its handlers for this session."""
    disabled = config.getoption("--bite-disabled")
    plan = json.loads(disabled.read_text()) if disabled is not None else {}
    config.pluginmanager.register(_Bite(config.getoption("--bite-report"), plan))


class _Bite:
    """What is known of each test."""

    def __init__(self, report: Path, disabled: Mapping[str, str]) -> None:
        self._report = report
        self._disabled = disabled
        self._found: dict[str, dict[str, object]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        done: list[str] = []
        perform = Desk._perform  # the one place that every command goes through
        refused = self._disabled.get(item.nodeid)

        async def perform_or_refuse(
            desk: Desk, command: Command, request: Request, inputs: Mapping[str, object]
        ) -> Outcome:
            if command.name == refused:
                return refuse("command_unknown", command=command.name)
            outcome = await perform(desk, command, request, inputs)
            if isinstance(outcome, Answer):
                done.append(command.name)
            return outcome

        Desk._perform = perform_or_refuse  # type: ignore[method-assign]  # as above
        self._found[item.nodeid] = {"commands": done, "outcome": "passed"}
        try:
            return (yield)
        finally:
            Desk._perform = perform  # type: ignore[method-assign]  # as above

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._found.setdefault(report.nodeid, {"commands": []})["outcome"] = report.when

    def pytest_sessionfinish(self) -> None:
        self._report.write_text(json.dumps(self._found))
