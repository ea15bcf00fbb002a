"""The demo's stack: a hub and two boxes as processes, lines that can be cut, the world around them.

Everything that lasts stands in one folder: the three configurations, the stores, the logs, and
`demo.json` with what the first start made up (PINs, a password, cards). Processes run in that
folder, so that the configurations' paths are short and relative.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp

from examples.two_cafes.agreement import Agreement, look
from examples.two_cafes.line import Line
from examples.two_cafes.ports import Ports
from examples.two_cafes.processes import Processes, command_line
from examples.two_cafes.world import World

EXAMPLE = Path(__file__).parent
CAFES = ("a", "b")
TITLES = {"a": "甲店 Cafe A", "b": "乙店 Cafe B"}
START_SECONDS = 30.0
POLL_SECONDS = 0.05

Progress = Callable[[str], None]


class StackError(Exception):
    """The stack does not come up; the message says what to do."""


class Stack:
    """One running demo."""

    def __init__(self, folder: Path, devices: str, ports: Ports) -> None:
        self.folder = folder.absolute()
        self.ports = ports
        self.world = World(self.folder / "world", devices)
        self.processes = Processes(self.folder)
        self.titles = TITLES
        self._lines = {
            "a": (
                Line(ports.line_hub_a, ports.hub),
                Line(ports.line_broker_a, ports.broker),
            ),
            "b": (
                Line(ports.line_hub_b, ports.hub),
                Line(ports.line_broker_b, ports.broker),
            ),
        }

    @property
    def hub_address(self) -> str:
        return f"http://127.0.0.1:{self.ports.hub}/"

    def counter_address(self, cafe: str) -> str:
        port = {"a": self.ports.counter_a, "b": self.ports.counter_b}[cafe]
        return f"http://127.0.0.1:{port}/"

    @property
    def is_new(self) -> bool:
        """Whether this folder has never held a demo."""
        return not (self.folder / "hub" / "hub.sqlite").exists()

    def prepare(self) -> None:
        """Make the world and write the configurations. Raises VirtualPcscdError, StackError."""
        taken = self.ports.taken()
        if taken:
            ports = ", ".join(map(str, taken))
            raise StackError(f"ports {ports} are in use: end the other demo, or use --free-ports")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.world.open()
        for name in ("hub", "cafe_a", "cafe_b"):
            text = (EXAMPLE / f"{name}.toml").read_text(encoding="utf-8")
            text = self.world.fitted(text)
            (self.folder / f"{name}.toml").write_text(self.ports.moved(text), encoding="utf-8")

    async def open_lines(self) -> None:
        for lines in self._lines.values():
            for line in lines:
                await line.open()

    async def start_hub(self) -> None:
        await self.processes.start("hub", self._hub("run"), {}, self.folder)

    async def start_box(self, cafe: str) -> None:
        command = self._box(cafe, "run")
        environment = self.world.environment
        await self.processes.start(f"cafe_{cafe}", command, environment, self.folder)

    async def operate_hub(self, *arguments: str) -> str:
        """Run an operator's command on the hub; returns its JSON."""
        return await self.processes.run(self._hub("--json", *arguments), self.folder)

    async def enrol_box(self, cafe: str, code: str) -> None:
        """Give a box its identity."""
        await self.processes.run(self._box(cafe, "enrol", code), self.folder)

    async def wait_for(self, *addresses: str) -> None:
        """Return when every one of these answers as well."""
        async with aiohttp.ClientSession() as client:

            async def is_well(address: str) -> bool:
                try:
                    async with client.get(f"{address}healthz") as answer:
                        return answer.status == 200
                except aiohttp.ClientError:
                    return False

            for address in addresses:
                await self.eventually(lambda address=address: is_well(address), f"{address}healthz")

    async def eventually(self, condition: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait until a condition holds; a process that ended meanwhile is an error with its log."""
        deadline = time.monotonic() + START_SECONDS
        while not await condition():
            self.processes.check()
            if time.monotonic() > deadline:
                raise StackError(f"waited {START_SECONDS:.0f} s for {what}; logs: {self.folder}")
            await asyncio.sleep(POLL_SECONDS)

    async def close(self) -> None:
        """End every process, line and device."""
        await self.processes.stop_all()
        for lines in self._lines.values():
            for line in lines:
                await line.close()
        await asyncio.to_thread(self.world.close)

    def line_is_up(self, cafe: str) -> bool:
        return self._lines[cafe][0].up

    def cut_line(self, cafe: str) -> None:
        """Cut a cafe off from head office."""
        for line in self._lines[cafe]:
            line.cut()

    def mend_line(self, cafe: str) -> None:
        for line in self._lines[cafe]:
            line.mend()

    async def agreement(self) -> Agreement:
        """Look whether all three agree."""
        boxes = {cafe: self.folder / f"cafe_{cafe}" / "box.db" for cafe in CAFES}
        return await asyncio.to_thread(look, self.folder / "hub" / "hub.sqlite", boxes)

    def _hub(self, *arguments: str) -> list[str]:
        return command_line("cafebox-hub", "--config", "hub.toml", *arguments)

    def _box(self, cafe: str, *arguments: str) -> list[str]:
        return command_line("cafebox", "--config", f"cafe_{cafe}.toml", *arguments)
