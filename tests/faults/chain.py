"""A chain of real processes under load: a broker, a hub and two boxes, and what must hold of them.

async with open_chain(folder) as chain:
    async with chain.load():
        chain.stack.hub.kill()
        ...
    await chain.settle()
chain.check(report, "what was done")    # the processes have ended
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from examples.two_cafes.agreement import look, read_box, read_hub
from tests.brokers.servers import Broker
from tests.faults.report import Report
from tests.faults.services import ForkedService, ForkedStack, StoringMosquitto
from tests.refold import read_hub_log, refold_box, refold_hub, sum_differences
from tests.smoke.counter import Counter, RefusedError
from tests.smoke.evidence import Evidence
from tests.smoke.verdict import judge
from tests.stack import CHAIN, Box, Stack, eventually

MEMBERS_EACH = 4
WORKERS_EACH = 2
FIRST_FEN = 100_000
PAUSE_SECONDS = 0.02
SETTLED_SECONDS = 60.0
IN_STEP_SECONDS = 60.0
DIFFERENCES_SHOWN = 5
RULES = """[top_up]
approval_above_fen = 100000000
[spending]
pin_above_fen = 0
"""
"""Few members top up and spend all the while: no day's limit is to stop them."""


@dataclass
class Chain:
    """A running chain; `evidence` is what its boxes answered."""

    folder: Path
    stack: Stack
    broker: Broker
    evidence: Evidence = field(default_factory=Evidence)
    counters: dict[str, Counter] = field(default_factory=dict)
    members: dict[str, list[int]] = field(default_factory=dict)

    @property
    def hub(self) -> ForkedService:
        assert isinstance(self.stack.hub, ForkedService)
        return self.stack.hub

    @property
    def stores(self) -> dict[str, Path]:
        return {name: box.store for name, box in self.stack.boxes.items()}

    def hub_position(self) -> int:
        """Return where the hub's log ends."""
        return read_hub(self.stack.hub_store).position

    async def add_box(self, name: str, environment: dict[str, str] | None = None) -> Box:
        """Make a cafe with a box that is forked, and members who have money."""
        box = await self.stack.add_box(name, environment=environment)
        position = self.hub_position()
        store = box.store
        await eventually(
            lambda: read_box(store).position >= position, f"{name} in step", IN_STEP_SECONDS
        )
        counter = self.counters[name] = Counter(name, box, self.stack.staff, self.evidence)
        await counter.log_in()
        self.members[name] = []
        for index in range(MEMBERS_EACH):
            phone = f"13{box.node:03d}{index:06d}"
            member = await counter.do(
                "register_member", name=f"会员{name}{index}", phone=phone, consent=True
            )
            self.members[name].append(int(str(member["member"])))
            await self.top_up(name, index, FIRST_FEN)
        return box

    async def top_up(self, name: str, index: int, amount_fen: int) -> None:
        """Top up one of a box's members."""
        member = self.members[name][index]
        inputs = {"member": member, "amount_fen": amount_fen, "tender": "cash"}
        await self.counters[name].do("top_up", **inputs)

    @asynccontextmanager
    async def load(self, pause_s: float = PAUSE_SECONDS) -> AsyncIterator[None]:
        """Top up and spend at all boxes all the while; whoever gets no answer asks again."""
        going = True

        async def work(name: str, seed: int) -> None:
            draw = random.Random(seed)
            while going:
                index, amount_fen = draw.randrange(MEMBERS_EACH), draw.randrange(100, 600)
                if draw.random() < 0.5:
                    await self.top_up(name, index, amount_fen)
                else:
                    await self.spend(name, index, amount_fen)
                await asyncio.sleep(pause_s)

        async with asyncio.TaskGroup() as tasks:
            for name in self.counters:
                for seed in range(WORKERS_EACH):
                    tasks.create_task(work(name, seed))
            try:
                yield
            finally:
                going = False

    async def spend(self, name: str, index: int, amount_fen: int) -> bool:
        """Have one of a box's members spend; False if it was refused."""
        member = self.members[name][index]
        try:
            await self.counters[name].do("spend", member=member, amount_fen=amount_fen)
        except RefusedError:
            return False
        return True

    async def settle(self) -> None:
        """Wait until hub and boxes have the same state and nothing waits."""

        def agree() -> bool:
            return look(self.stack.hub_store, self.stores).agree

        await eventually(agree, "hub and boxes to agree", SETTLED_SECONDS)

    async def flows_again(self, since: int, timeout_s: float) -> bool:
        """Wait until the hub's log has grown beyond a position; False if it did not in time."""
        try:
            await eventually(lambda: self.hub_position() > since, "ops to flow", timeout_s)
        except TimeoutError:
            return False
        return True

    def check(self, report: Report, what: str) -> None:
        """Compare what was answered with the hub's log, and every store with its own refold."""
        log = read_hub_log(self.stack.hub_store)
        nodes = {name: box.node for name, box in self.stack.boxes.items()}
        for name in nodes:
            self.evidence.pulses.setdefault(name, [])
            self.evidence.receipts.setdefault(name, [])
        findings = judge(self.evidence, log, nodes).findings
        hub = refold_hub(self.stack.hub_store)
        findings += [f"hub: {difference}" for difference in hub.differences]
        for name, box in self.stack.boxes.items():
            own = refold_box(box.store, CHAIN, box.cafe)
            findings += [f"{name}: {difference}" for difference in own.differences]
            reach = {key: value for key, value in hub.sums.items() if key[1] in (0, box.cafe)}
            findings += sum_differences(reach, own.sums, "hub", name)
        for finding in findings[:DIFFERENCES_SHOWN]:
            report.violated(f"{what}: {finding}")
        if len(findings) > DIFFERENCES_SHOWN:
            report.violated(f"{what}: and {len(findings) - DIFFERENCES_SHOWN} more")


@asynccontextmanager
async def open_chain(folder: Path, *boxes: str) -> AsyncIterator[Chain]:
    """Start a broker, a hub and boxes of these names (`a` and `b`)."""
    async with AsyncExitStack() as opened:
        broker = opened.enter_context(StoringMosquitto(folder / "broker"))
        stack = ForkedStack(folder / "stack", broker.url)
        await opened.enter_async_context(stack)
        rules = folder / "rules.toml"
        rules.write_text(RULES, encoding="utf-8")
        await stack.operate("publish-rules", str(rules))
        chain = Chain(folder, stack, broker)

        async def close_counters() -> None:
            for counter in chain.counters.values():
                await counter.close()

        opened.push_async_callback(close_counters)
        for name in boxes or ("a", "b"):
            await chain.add_box(name)
        yield chain
