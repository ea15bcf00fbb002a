"""Commands forked from a process that has imported them, and a broker that keeps its database.

What is forked runs the very commands of `cafebox` and `cafebox-hub`, and starts in a tenth of the
time: a hub is killed a hundred times here.
"""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import cloud.cli_commands
import edge.cli_commands
from tests.brokers.servers import Mosquitto
from tests.stack import Service, ServiceError, Stack

MAINS: Mapping[str, Callable[[list[str]], int]] = {
    "cafebox": edge.cli_commands.perform,
    "cafebox-hub": cloud.cli_commands.perform,
}
COMMAND_SECONDS = 60.0
PR_SET_PDEATHSIG = 1
"""prctl(2)"""


def fork(
    program: str, arguments: Sequence[str], log: Path, environment: Mapping[str, str]
) -> "Forked":
    """Start a command; what it prints goes to the end of `log`."""
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=_main, args=(program, [*arguments], log, {**environment}))
    process.start()
    return Forked(process)


def _main(program: str, arguments: list[str], log: Path, environment: Mapping[str, str]) -> None:
    os.setsid()
    # Whoever kills the run takes its processes with it.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.environ.update(environment)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.exit(MAINS[program](arguments))


class Forked:
    """A forked process, with what `Service` asks of a Popen."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        self.pid = process.pid or 0

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired([], timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()


class ForkedService(Service):
    """A service that is forked; with an environment for the loader (LD_PRELOAD) it is not."""

    def __init__(self, name: str, program: str, arguments: Sequence[str], folder: Path) -> None:
        installed = Path(sys.executable).with_name(program)
        super().__init__(name, [str(installed), *arguments], folder)
        self._program = program
        self._last: Forked | None = None

    @property
    def exit_code(self) -> int | None:
        """Of the forked process that ran last, negative for a signal; None while it runs."""
        return None if self._last is None else self._last.poll()

    def start(self, environment: Mapping[str, str]) -> None:
        if "LD_PRELOAD" in environment:
            super().start(environment)
            return
        self._last = fork(self._program, self._command[1:], self.log_path, environment)
        self._process = self._last


class ForkedStack(Stack):
    """A chain whose commands are forked."""

    def make_service(self, name: str, program: str, *arguments: str) -> Service:
        return ForkedService(name, program, arguments, self.folder)

    async def run(self, program: str, *arguments: str) -> str:
        with tempfile.NamedTemporaryFile(prefix="command-") as log:
            process = fork(program, arguments, Path(log.name), {})
            code = await asyncio.to_thread(process.wait, COMMAND_SECONDS)
            output = await asyncio.to_thread(Path(log.name).read_text)
        if code:
            raise ServiceError(f"{program} {' '.join(arguments)}: {output}")
        return output


class StoringMosquitto(Mosquitto):
    """Mosquitto with its database on disk, written every second."""

    @property
    def database(self) -> Path:
        return self.folder / "mosquitto.db"

    def command(self, program: str) -> list[str]:
        words = super().command(program)
        configuration = Path(words[-1])
        text = configuration.read_text().replace("persistence false", "persistence true")
        stored = f"persistence_location {self.folder}/\nautosave_interval 1\nuser root\n"
        configuration.write_text(text + stored)
        return words
