"""A furnished counter with the cashier logged in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.edge.desk.counter import Counter, furnish, open_counter


@pytest.fixture
async def counter(tmp_path: Path) -> AsyncIterator[Counter]:
    async with open_counter(tmp_path) as opened:
        await furnish(opened)
        await opened.log_in()
        yield opened
