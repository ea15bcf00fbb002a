"""Hub and boxes as processes of their own, by the product's commands, on private lines.

    async with Stack(folder, broker_url) as stack:
        await stack.add_box("a", device_tables, stacks_table, environment)
        stack.boxes["a"].line.cut()
        stack.hub.kill()
        await stack.start_hub()

Each box reaches broker and hub through forwarders of its own, so that its line can be cut.
"""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp

from examples.two_cafes.line import Line
from tests.ports import free_port
from tests.refold import applied_position, hub_position, ops_waiting

CHAIN = "test"
EMBEDDED = "embedded"
START_SECONDS = 60.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.02
LOG_LINES_SHOWN = 30
STEP_SECONDS = 120.0
PIN = "246810"
PASSWORD = "correct horse battery"


class ServiceError(Exception):
    """A process failed; the message shows the end of its log."""


class Service:
    """One process that is started, killed and started again; it writes `<name>.log`."""

    def __init__(self, name: str, command: Sequence[str], folder: Path) -> None:
        self.name = name
        self._command = list(command)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log_path(self) -> Path:
        return self._folder / f"{self.name}.log"

    @property
    def pid(self) -> int:
        if self._process is None:
            raise ServiceError(f"{self.name} does not run")
        return self._process.pid

    def start(self, environment: Mapping[str, str]) -> None:
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
                start_new_session=True,
            )

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Kill it (-9)."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in good order; a second call does nothing."""
        self._end(signal.SIGTERM)

    def wait_for_end(self, timeout_s: float) -> None:
        """Return when it has ended by itself; raises ServiceError if it does not."""
        if self._process is None:
            return
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise self.error("still runs") from None
        self._process = None

    def error(self, what: str) -> ServiceError:
        """Return what to raise, with the end of the log."""
        lines = self.log_path.read_text(errors="replace").splitlines()
        return ServiceError("\n".join([f"{self.name} {what}:", *lines[-LOG_LINES_SHOWN:]]))

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise self.error("had to be killed") from None


class BoxLine:
    """A box's line to broker and hub."""

    def __init__(self, broker_port: int, hub_port: int) -> None:
        self.broker = Line(0, broker_port)
        self.hub = Line(0, hub_port)

    async def open(self) -> None:
        await self.broker.open()
        await self.hub.open()

    async def close(self) -> None:
        await self.broker.close()
        await self.hub.close()

    def cut(self) -> None:
        self.broker.cut()
        self.hub.cut()

    def mend(self) -> None:
        self.broker.mend()
        self.hub.mend()


@dataclass
class Box:
    """A box: its process, its line, where its page and its store are."""

    service: Service
    line: BoxLine
    environment: Mapping[str, str]
    url: str
    store: Path
    cafe: int
    node: int


class Stack:
    """A chain: one hub on the broker at `broker_url`, and the boxes that `add_box` makes.

    `broker_url` EMBEDDED is the hub's own broker; `protocol` is "5" or "3.1.1".
    """

    def __init__(self, folder: Path, broker_url: str, protocol: str = "5") -> None:
        self.folder = folder
        self._broker_url = broker_url
        self._protocol = protocol
        self._broker_port = urlsplit(broker_url).port or free_port()
        self._hub_port = free_port()
        self._config = folder / "hub.toml"
        self.hub = self.make_service("hub", "cafebox-hub", "--config", str(self._config), "run")
        self.boxes: dict[str, Box] = {}
        self.staff = 0

    def make_service(self, name: str, program: str, *arguments: str) -> Service:
        """Return an installed command as a service."""
        return Service(name, command(program, *arguments), self.folder)

    async def run(self, program: str, *arguments: str) -> str:
        """Run an installed command to its end; see `run`."""
        return await run(program, *arguments)

    @property
    def hub_url(self) -> str:
        return f"http://127.0.0.1:{self._hub_port}"

    @property
    def hub_store(self) -> Path:
        return self.folder / "hub" / "hub.sqlite"

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._config.write_text(
            toml(
                {
                    "hub": {"chain": CHAIN, "data_dir": "hub", "listen_port": self._hub_port},
                    "broker": {
                        "url": self._broker_url,
                        "port": self._broker_port,
                        "protocol": self._protocol,
                    },
                }
            )
        )
        try:
            await self.start_hub()
            manager = ("--name", "店长", "--role", "manager", "--pin", PIN)
            self.staff = int(str((await self.operate("add-staff", *manager))["staff"]))
            office = ("--name", "office", "--role", "admin", "--password", PASSWORD)
            await self.operate("add-staff", *office)
        except BaseException:
            await asyncio.to_thread(self.hub.stop)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for box in self.boxes.values():
            await asyncio.to_thread(box.service.stop)
            await box.line.close()
        await asyncio.to_thread(self.hub.stop)

    async def start_hub(self, environment: Mapping[str, str] | None = None) -> None:
        """Start the hub (again) and wait until it answers."""
        self.hub.start(environment or {})
        await wait_for_health(self.hub, self.hub_url)

    async def operate(self, *arguments: str) -> dict[str, object]:
        """Run an operator's command on the hub and return its answer."""
        output = await self.run("cafebox-hub", "--config", str(self._config), "--json", *arguments)
        answer: dict[str, object] = json.loads(output)
        return answer

    async def add_staff(self, name: str, role: str, *secret: str) -> dict[str, object]:
        """Add a person of every cafe."""
        return await self.operate("add-staff", "--name", name, "--role", role, *secret)

    async def add_products(self, products: Mapping[str, int]) -> None:
        """Put counted products (sku -> price in fen) into the chain's catalogue, by its page."""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
            form = {"name": "office", "password": PASSWORD}
            async with client.post(f"{self.hub_url}/log-in", data=form) as response:
                response.raise_for_status()
            for sku, price_fen in products.items():
                form = {
                    "sku": sku,
                    "name": sku,
                    "price_yuan": f"{price_fen // 100}.{price_fen % 100:02d}",
                    "counted": "on",
                    "on_sale": "on",
                }
                async with client.post(f"{self.hub_url}/products", data=form) as response:
                    response.raise_for_status()

    async def add_box(
        self,
        name: str,
        devices: Sequence[Mapping[str, object]] = (),
        stacks: Mapping[str, object] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Box:
        """Make a cafe with one box, enrol it and start it."""
        made = await self.operate("add-cafe", "--code", name.upper(), "--name", f"{name}店")
        cafe = int(str(made["cafe"]))
        code = await self.operate("enrol-code", "--cafe", str(cafe), "--name", name)
        line = BoxLine(self._broker_port, self._hub_port)
        await line.open()
        port = free_port()
        config = self.folder / f"{name}.toml"
        config.write_text(
            toml(
                {
                    "box": {"data_dir": name, "listen_port": port},
                    "hub": {
                        "url": f"http://127.0.0.1:{line.hub.port}",
                        "broker_url": f"mqtt://127.0.0.1:{line.broker.port}",
                        "protocol": self._protocol,
                    },
                    "stacks": dict(stacks or {}),
                },
                devices,
            )
        )
        await self.run("cafebox", "--config", str(config), "enrol", str(code["code"]))
        service = self.make_service(name, "cafebox", "--config", str(config), "run")
        status = await self.operate("status")
        nodes = status["nodes"]
        assert isinstance(nodes, list)
        node = next(int(row["node"]) for row in nodes if row["cafe"] == cafe)
        box = Box(
            service,
            line,
            environment or {},
            f"http://127.0.0.1:{port}",
            self.folder / name / "box.db",
            cafe,
            node,
        )
        self.boxes[name] = box
        await self.start_box(name)
        return box

    async def until_in_step(self, timeout_s: float = STEP_SECONDS) -> None:
        """Return when no box has anything to send and all have the whole log."""
        for name in self.boxes:
            await self.until_in_step_of(name, timeout_s)

    async def until_in_step_of(self, name: str, timeout_s: float = STEP_SECONDS) -> None:
        """Return when one box has nothing to send and has the whole log."""
        store = self.boxes[name].store

        def in_step() -> bool:
            try:
                waiting, position = ops_waiting(store), applied_position(store)
            except sqlite3.OperationalError:  # not to be opened while its last writer closes it
                return False
            return not waiting and position == hub_position(self.hub_store)

        await eventually(in_step, f"{name} to be in step", timeout_s)

    async def start_box(self, name: str) -> None:
        """Start a box (again) and wait until it answers."""
        box = self.boxes[name]
        box.service.start(box.environment)
        await wait_for_health(box.service, box.url)


def command(program: str, *arguments: str) -> list[str]:
    """Return an installed command of this environment."""
    return [str(Path(sys.executable).with_name(program)), *arguments]


async def run(program: str, *arguments: str) -> str:
    """Run a command to its end and return what it printed; raises ServiceError."""
    process = await asyncio.to_thread(
        subprocess.run,
        command(program, *arguments),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        words = (process.stderr + process.stdout).strip()
        raise ServiceError(f"{program} {' '.join(arguments)}: {words}")
    return process.stdout


async def wait_for_health(service: Service, url: str) -> None:
    """Return when the service's /healthz answers 200."""

    async def healthy() -> bool:
        if not service.is_running():
            raise service.error("ended")
        try:
            async with client.get(f"{url}/healthz") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    async with aiohttp.ClientSession() as client:
        await eventually(healthy, f"{service.name} to be well", START_SECONDS)


async def eventually(
    condition: Callable[[], Coroutine[Any, Any, object] | object], what: str, timeout_s: float
) -> None:
    """Wait until `condition()`, or what it awaits, is true."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s:.0f} s for {what}")
        await asyncio.sleep(POLL_SECONDS)


def toml(
    sections: Mapping[str, Mapping[str, object]], devices: Sequence[Mapping[str, object]] = ()
) -> str:
    """Return a configuration of texts and numbers."""
    lines: list[str] = []
    for name, section in sections.items():
        lines += [f"[{name}]", *_values(section)]
    for device in devices:
        lines += ["[[devices]]", *_values(device)]
    return "\n".join(lines) + "\n"


def _values(section: Mapping[str, object]) -> list[str]:
    return [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in section.items()]
