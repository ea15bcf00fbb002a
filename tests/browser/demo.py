"""The demo as a person starts it: a process that prints addresses and ends with Ctrl-C."""

import asyncio
import os
import re
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

START_SECONDS = 120.0
STOP_SECONDS = 60.0


@dataclass
class Demo:
    """One running demo: what it printed, and what a person reads out of it."""

    process: asyncio.subprocess.Process
    panel: str
    head_office: str
    counters: dict[str, str]
    password: str
    pins: dict[str, str]
    took_s: float
    family: list[psutil.Process] = field(default_factory=list)

    async def end(self) -> list[str]:
        """Press Ctrl-C; returns the processes that live on, which there must not be."""
        self.family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(STOP_SECONDS):
            await self.process.wait()
        _gone, alive = psutil.wait_procs(self.family, timeout=STOP_SECONDS)
        names = [" ".join(process.cmdline()) for process in alive]
        for process in alive:
            process.kill()
        return names


async def start(folder: Path, devices: str = "real") -> Demo:
    """Start the demo on free ports with its state in `folder`."""
    started_s = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "examples.two_cafes",
        "--free-ports",
        "--folder",
        str(folder),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "DEVICES": devices},
    )
    assert process.stdout is not None
    text = ""
    async with asyncio.timeout(START_SECONDS):
        while "Ctrl-C" not in text:
            line = await process.stdout.readline()
            if not line:
                raise AssertionError(f"the demo ended:\n{text}")
            text += line.decode()
    panel, head_office, counter_a, counter_b = re.findall(r"http://127\.0\.0\.1:\d+/", text)
    password = re.search(r"总部 / (\S+)", text)
    assert password is not None, text
    return Demo(
        process,
        panel,
        head_office,
        {"a": counter_a, "b": counter_b},
        password[1],
        dict(re.findall(r"(\S+) PIN (\d+)", text)),
        time.monotonic() - started_s,
    )
