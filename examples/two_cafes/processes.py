"""Runs the product's commands as processes of their own and ends every one of them."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

STOP_SECONDS = 10.0
"""After this a process that was asked to end is killed."""
LOG_LINES_SHOWN = 20


class ProcessEndedError(Exception):
    """A process of the demo ended by itself; the message shows the end of its log."""


def command_line(name: str, *arguments: str) -> list[str]:
    """An installed command of this environment, such as `cafebox`."""
    return [str(Path(sys.executable).with_name(name)), *arguments]


class Processes:
    """The processes of one run, by name; each writes `<name>.log`."""

    def __init__(self, log_folder: Path) -> None:
        self._log_folder = log_folder
        self._running: dict[str, asyncio.subprocess.Process] = {}

    async def start(
        self, name: str, command: list[str], environment: Mapping[str, str], folder: Path
    ) -> None:
        """Start a process in `folder` that runs until it is stopped."""
        with self.log_path(name).open("ab") as log:
            self._running[name] = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env={**os.environ, **environment},
                start_new_session=True,  # Ctrl-C reaches the demo, which ends them in order
            )

    async def run(self, command: list[str], folder: Path) -> str:
        """Run a process to its end and return what it printed; raises ProcessEndedError."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=folder,
        )
        output, errors = await process.communicate()
        if process.returncode:
            raise ProcessEndedError(errors.decode(errors="replace").strip())
        return output.decode()

    def log_path(self, name: str) -> Path:
        return self._log_folder / f"{name}.log"

    def check(self) -> None:
        """Raise ProcessEndedError if one has ended by itself."""
        for name, process in self._running.items():
            if process.returncode is not None:
                log = self.log_path(name).read_text(errors="replace").splitlines()
                shown = "\n".join(log[-LOG_LINES_SHOWN:])
                raise ProcessEndedError(f"{name} ended ({process.returncode}):\n{shown}")

    async def wait_for_one_to_end(self) -> None:
        """Return when any of them has ended by itself."""
        waits = [asyncio.ensure_future(process.wait()) for process in self._running.values()]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def stop(self, name: str) -> None:
        """Ask one process to end, and kill it if it does not."""
        process = self._running.pop(name)
        if process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def stop_all(self) -> None:
        """End all at once."""
        await asyncio.gather(*(self.stop(name) for name in tuple(self._running)))
