"""What pins lead to in the contract suites: fakes here, a kernel's own lines in `tests.pins`."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from edge.drivers.fake.gpio import Edge, FakeGpio, VirtualBoard
from edge.drivers.stacks import FAKE_PREFIX, GpioStack
from tests.contracts.collector import DEADLINE_S


class Board(Protocol):
    """The outside of the pins."""

    stack: str
    """What the configuration calls these pins, for a program in a process of its own."""
    resolution_ms: float
    """How exactly `edges` tells its times."""

    def drive(self, pin: int, level: int) -> None:
        """Put an input of the box to a level."""

    def level(self, pin: int) -> int | None:
        """What an output shows; None before it was ever set up."""

    def edges(self, pin: int) -> list[Edge]:
        """What an output did, oldest first."""

    def close(self) -> None: ...


class Wall(Board, Protocol):
    """A board, and this process's own pins on it."""

    gpio: GpioStack


class FarBoard(VirtualBoard):
    """A board at the other end of a socket, as in the demo."""

    resolution_ms = 0.0

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.stack = f"{FAKE_PREFIX}{path}"


class NearWall:
    """Pins in this process."""

    stack = ""
    resolution_ms = 0.0

    def __init__(self) -> None:
        self._gpio = FakeGpio()
        self.gpio: GpioStack = self._gpio
        self.drive = self._gpio.drive

    def level(self, pin: int) -> int | None:
        return self._gpio._levels.get(pin)

    def edges(self, pin: int) -> list[Edge]:
        return [edge for edge in self._gpio.edges if edge.pin == pin]

    def close(self) -> None:
        """Nothing is held."""


class FarWall(FarBoard):
    """Pins of this process that lead to a `FarBoard`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._gpio = FakeGpio.dial(path)
        self.gpio: GpioStack = self._gpio

    def close(self) -> None:
        self._gpio.close()
        super().close()


async def shown(board: Board, pin: int, level: int) -> None:
    """Wait until an output shows a level."""
    async with asyncio.timeout(DEADLINE_S):
        while board.level(pin) != level:  # noqa: ASYNC110  pins have no asyncio side
            await asyncio.sleep(0.001)


async def edges_of(board: Board, pin: int, count: int) -> list[Edge]:
    """The edges of an output, once there are so many."""
    async with asyncio.timeout(DEADLINE_S):
        while len(board.edges(pin)) < count:  # noqa: ASYNC110  as above
            await asyncio.sleep(0.001)
    return board.edges(pin)


@asynccontextmanager
async def storm(board: Board, pin: int) -> AsyncIterator[None]:
    """Edges as fast as the board makes them, up to 20 kHz, on a line that rests high."""
    over = threading.Event()

    def rage() -> None:
        while not over.wait(0.0001):
            board.drive(pin, 0)
            board.drive(pin, 1)

    raging = asyncio.create_task(asyncio.to_thread(rage))
    try:
        yield
    finally:
        over.set()
        await raging
