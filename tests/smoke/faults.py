"""What goes wrong while the load runs: broker, hub and box killed, the line cut for a minute."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from tests.brokers.servers import Broker
from tests.smoke.load import Load
from tests.stack import Stack, eventually

KILL_HUB = {"CAFEBOX_KILL_POINT": "hub_committed:5"}
"""The hub's own point for this: a block is committed and nobody is told yet."""
BROKER_DOWN_SECONDS = 2.0
WITHOUT_LINE_SECONDS = 60.0
DEATH_SECONDS = 60.0
WRITES_BEFORE_DEATH = 7
"""A tap writes some fifteen times into the log: this is in the middle of one."""
NEXT_FAULT_SECONDS = 600.0
RECOVERY_SECONDS = 120.0
KILLED_BOX = "b"


@dataclass
class Faults:
    """Injects each fault once, after so many taps, and counts what it did."""

    stack: Stack
    broker: Broker
    load: Load
    tell: Callable[[str], None]
    hub_kills: int = 0
    box_kills: int = 0

    async def run(self) -> None:
        await self._after_taps(40)
        await self._kill_broker()
        await self._after_taps(self.load.taps_done + 20)
        await self._kill_hub()
        await self._after_taps(self.load.taps_done + 20)
        await self._cut_lines()
        await self._after_taps(self.load.taps_done + 20)
        await self._kill_box()

    async def _after_taps(self, count: int) -> None:
        await eventually(lambda: self.load.taps_done >= count, f"{count} taps", NEXT_FAULT_SECONDS)

    async def _kill_broker(self) -> None:
        async with self._disturbance("the broker is killed"):
            await asyncio.to_thread(self.broker.kill)
            await asyncio.sleep(BROKER_DOWN_SECONDS)
            await asyncio.to_thread(self.broker.start)

    async def _kill_hub(self) -> None:
        """Let the hub die between a commit and its ack, and start it again."""
        hub = self.stack.hub
        async with self._disturbance("the hub is killed between commit and ack"):
            await asyncio.to_thread(hub.stop)
            await self.stack.start_hub(KILL_HUB)
            await asyncio.to_thread(hub.wait_for_end, DEATH_SECONDS)
            self.hub_kills += 1
            await self.stack.start_hub()

    async def _cut_lines(self) -> None:
        async with self._disturbance(f"{WITHOUT_LINE_SECONDS:.0f} s without a line"):
            for box in self.stack.boxes.values():
                box.line.cut()
            await asyncio.sleep(WITHOUT_LINE_SECONDS)
            for box in self.stack.boxes.values():
                box.line.mend()

    async def _kill_box(self) -> None:
        """Kill a box (-9) as it writes to its store, and start it again."""
        box = self.stack.boxes[KILLED_BOX]
        strace = shutil.which("strace")
        if strace is None:
            raise FileNotFoundError("strace is missing. Run: apt install strace")
        kill = f"--inject=pwrite64:signal=SIGKILL:when={WRITES_BEFORE_DEATH}"
        output = f"--output={self.stack.folder / 'strace.log'}"
        attach = f"--attach={box.service.pid}"
        async with self._disturbance("a box is killed in mid-write"):
            tracer = await asyncio.create_subprocess_exec(
                strace, "--follow-forks", "--quiet=all", "--trace=pwrite64", kill, output, attach
            )
            try:
                await asyncio.to_thread(box.service.wait_for_end, DEATH_SECONDS)
            finally:
                with suppress(ProcessLookupError):  # it ends with the process that it traces
                    tracer.terminate()
                await tracer.wait()
            self.box_kills += 1
            await self.stack.start_box(KILLED_BOX)

    @asynccontextmanager
    async def _disturbance(self, what: str) -> AsyncIterator[None]:
        """Mark the time until both lines are up again: what is tapped in it is not timed."""
        self.tell(what)
        start_ns = time.monotonic_ns()
        yield
        for cafe in self.load.cafes.values():
            await eventually(cafe.line_is_up, f"the line of {cafe.name}", RECOVERY_SECONDS)
        self.load.evidence.disturbances.append((start_ns, time.monotonic_ns()))
        self.tell("recovered")
