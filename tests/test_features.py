"""The feature rows and the covers marks on tests."""

from pathlib import Path

import pytest

from tests.features import FEATURES_PATH, read_features

pytest_plugins = ["pytester"]
CONFTEST = (Path(__file__).parent / "conftest.py").read_text(encoding="utf-8")


def run(pytester: pytest.Pytester, test_source: str) -> pytest.RunResult:
    pytester.makeconftest(CONFTEST)
    pytester.makepyprojecttoml(
        '[tool.pytest]\nmarkers = ["covers(*rows): rows"]\nfilterwarnings = ["ignore"]'
    )
    pytester.makepyfile(test_source)
    return pytester.runpytest("-p", "no:aiohttp")


def test_the_table_has_all_rows() -> None:
    scopes = [row.scope for row in read_features().values()]
    assert {scope: scopes.count(scope) for scope in sorted(set(scopes))} == {
        "core": 318,
        "out": 65,
        "useful": 132,
    }


def test_a_row_that_does_not_parse_is_an_error(tmp_path: Path) -> None:
    broken = tmp_path / "FEATURES.md"
    broken.write_text(FEATURES_PATH.read_text(encoding="utf-8") + "\n| A516 | no scope | x | |\n")
    with pytest.raises(ValueError, match="not a feature row"):
        read_features(broken)


@pytest.mark.parametrize(
    ("marks", "complaint"),
    [
        ('"A330", "A999"', "*covers unknown feature rows*A999*"),
        ('"A001", "A002", "A003", "A004"', "*covers 4 rows, at most 3*"),
        ("", "*covers names no feature row*"),
    ],
    ids=["unknown", "too many", "none"],
)
def test_a_wrong_covers_mark_stops_the_run(
    pytester: pytest.Pytester, marks: str, complaint: str
) -> None:
    result = run(
        pytester,
        f"import pytest\n@pytest.mark.covers({marks})\ndef test_tap():\n    pass\n",
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([complaint])


def test_a_right_covers_mark_passes(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        'import pytest\n@pytest.mark.covers("A330")\ndef test_tap():\n    pass\n',
    )
    assert result.ret == pytest.ExitCode.OK


@pytest.mark.parametrize("call", ["pytest.skip('no reader')", "pytest.xfail('not yet')"])
def test_a_run_that_skips_fails(pytester: pytest.Pytester, call: str) -> None:
    result = run(pytester, f"import pytest\ndef test_tap():\n    {call}\n")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["Failing: tests were *"])
