"""What the contract suites run on: real stacks and the fakes that must behave like them.

Pins and keyboards are fakes here. Under `python -m tests.pins`, which gives `--kernel-pins`, the
same suites have lines and keyboards of a real kernel instead.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.drivers.fake.virtual_pcscd import VirtualPcscd
from tests.contracts.collector import DEADLINE_S, Collector
from tests.contracts.keyboards import FakeKeyboards, Keyboards
from tests.contracts.walls import Board, FarBoard, FarWall, NearWall, Wall
from tests.pins.keyboards import KernelKeyboards
from tests.pins.lines import KernelBoard, KernelWall

KERNEL = "kernel"
PLACES = {
    "wall": ("near", "far"),
    "near_wall": ("near",),
    "board": ("far",),
    "keyboards": ("fake",),
}
"""Fixture -> where it is outside of the kernel for pins."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each suite on all that stands for its pins or keyboards here."""
    for fixture in PLACES.keys() & set(metafunc.fixturenames):
        real = metafunc.config.getoption("--kernel-pins")
        metafunc.parametrize(fixture, (KERNEL,) if real else PLACES[fixture], indirect=True)


@pytest.fixture
def wall(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Wall]:
    """Pins of this process, and what they lead to."""
    made: Wall
    if request.param == KERNEL:
        made = KernelWall()
    elif request.param == "near":
        made = NearWall()
    else:
        made = far = FarWall(tmp_path / "gpio.sock")
        while not far.wired:
            time.sleep(0.001)
    yield made
    made.close()


@pytest.fixture
def near_wall(request: pytest.FixtureRequest) -> Iterator[Wall]:
    """As `wall`, where the way to the pins does not matter."""
    made: Wall
    made = KernelWall() if request.param == KERNEL else NearWall()
    yield made
    made.close()


@pytest.fixture
def board(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Board]:
    """What the pins of another process lead to."""
    made: Board
    made = KernelBoard() if request.param == KERNEL else FarBoard(tmp_path / "gpio.sock")
    yield made
    made.close()


@pytest.fixture
def keyboards(request: pytest.FixtureRequest) -> Iterator[Keyboards]:
    made: Keyboards
    made = KernelKeyboards() if request.param == KERNEL else FakeKeyboards()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def patient_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine reads a card again in more time than a cashier waits."""
    monkeypatch.setattr("edge.drivers.pcsc_card_reader.READ_AGAIN_S", DEADLINE_S)


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
