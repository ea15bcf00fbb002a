"""What the contract suites run on: real stacks and the fakes that must behave like them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.drivers.fake.virtual_pcscd import VirtualPcscd
from tests.contracts.collector import Collector


@pytest.fixture
async def collector() -> Collector:
    return Collector()


@pytest.fixture(scope="session")
def private_pcscd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualPcscd]:
    """A real pcscd with two virtual readers; libpcsclite in this process speaks to it.

    One for the session: libpcsclite reads its socket's path once in a process.
    """
    pcscd = VirtualPcscd(Path(tmp_path_factory.mktemp("pcscd")))
    pcscd.open()
    os.environ.update(pcscd.environment)
    yield pcscd
    pcscd.close()
