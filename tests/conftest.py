"""What holds for every test: feature rows exist and are few, and nothing is skipped."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web_app
from hypothesis import HealthCheck, settings

from tests.features import marker_errors, read_features

OPEN_FILES = Path("/proc/self/fd")
OPEN_FILES_MAX = 200
"""Beyond them garbage is looked for: pyserial waits by select(2), which ends at file 1023."""


@pytest.fixture(autouse=True, scope="module")
def what_a_process_ends_with() -> Iterator[None]:
    """Let go of the hubs and boxes that ran in this process.

    They freeze what the collector sees, and aiohttp keeps their applications in a cache.
    """
    yield
    if sum(1 for _ in OPEN_FILES.iterdir()) > OPEN_FILES_MAX:
        web_app._cached_build_middleware.cache_clear()
        gc.unfreeze()
        gc.collect()


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Have properties try the same examples in each run, however slow the machine is.

    Hypothesis does so by itself where it knows the CI. New examples are looked for by
    `--hypothesis-profile=search`.
    """
    slow = [HealthCheck.too_slow]
    settings.register_profile("search", deadline=None, suppress_health_check=slow)
    settings.register_profile(
        "same", settings.get_profile("search"), derandomize=True, database=None, print_blob=True
    )
    settings.load_profile("same")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `python -m tests.pins` says to the suites that it runs."""
    words = "pins and keyboards are a kernel's own (by python -m tests.pins alone)"
    parser.addoption("--kernel-pins", action="store_true", help=words)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse the whole run when a covers mark is wrong."""
    errors = marker_errors(items, read_features())
    if errors:
        raise pytest.UsageError(*errors)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that skipped a test or expected one to fail."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    unproven = [kind for kind in ("skipped", "xfailed") if reporter.stats.get(kind)]
    if unproven and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(
            f"\nFailing: tests were {' and '.join(unproven)}, so they prove nothing."
        )
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
