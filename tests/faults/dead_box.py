"""The dead-box drill: an offline box's disk is destroyed, and the written steps bring another up.

The steps are the table under *A dead box* in docs/OPERATIONS.md, typed as they stand there. All
that a box answered up to a second before it said that its second copy is in step is in the hub's
log afterwards; of what is newer the end may be lost with the disk.
"""

import asyncio
import json
import re
import shutil
import time
from pathlib import Path

from edge.second_copy.follower import IN_STEP_S
from tests.faults.chain import MEMBERS_EACH, Chain, open_chain
from tests.faults.report import Report, tell
from tests.faults.scale import Scale
from tests.refold import read_hub_log
from tests.smoke.verdict import code_of
from tests.stack import eventually

OPERATIONS = Path(__file__).parents[2] / "docs" / "OPERATIONS.md"
HEADING = "## A dead box"
_ROW = re.compile(r"^\| (hub|box) \| `([^`]+)` \|")
COPIED_SECONDS = 60.0
AMOUNT_FEN = 100
LAST_COMMITS = 5
FIRST_SALE = "first_sale"


def written_steps() -> list[tuple[str, list[str]]]:
    """Return (where, the words to type) of each step, as the manual has them."""
    text = OPERATIONS.read_text(encoding="utf-8").split(HEADING, 1)[1].split("\n## ", 1)[0]
    return [(row[1], row[2].split()) for row in map(_ROW.match, text.splitlines()) if row]


async def run(folder: Path, scale: Scale) -> Report:
    """Let a box without a line commit, destroy its disk, follow the manual."""
    report = Report()
    async with open_chain(folder, "a") as chain:
        drill = _Drill(chain, report)
        await drill.plug_in()
        await drill.work_without_a_line(scale.drill_commits)
        safe = await drill.last_safe_answer()
        await drill.work_without_a_line(LAST_COMMITS)
        await drill.destroy()
        await drill.follow_the_manual()
        drill.check_nothing_is_lost(safe)
        await chain.settle()
        answer = await chain.stack.operate("refold")
        report.expect(answer["equal"], f"the hub's refold differs: {answer}")
    return report


class _Drill:
    def __init__(self, chain: Chain, report: Report) -> None:
        self._chain = chain
        self._report = report
        self._box = chain.stack.boxes["a"]
        self._stick = chain.folder / "stick"
        self._told: list[tuple[float, str]] = []
        self._steps = written_steps()

    @property
    def _config(self) -> Path:
        return self._chain.stack.folder / "a.toml"

    async def plug_in(self) -> None:
        """Give the box a stick; its folder is on this machine's only disk."""
        self._stick.mkdir()
        await asyncio.to_thread(self._box.service.stop)
        section = f"[second_copy]\nfolder = {json.dumps(str(self._stick))}\nother_disk = false\n"
        self._config.write_text(f"{self._config.read_text()}\n{section}")
        await self._chain.stack.start_box("a")
        await self._chain.counters["a"].log_in()
        await self._chain.settle()

    async def work_without_a_line(self, commits: int) -> None:
        """Top up so many times, one after the other; each answer is noted with its time."""
        self._box.line.cut()
        for number in range(commits):
            await self._chain.top_up("a", number % MEMBERS_EACH, AMOUNT_FEN)
            self._told.append((time.monotonic(), self._chain.evidence.acknowledged[-1].code))

    async def last_safe_answer(self) -> int:
        """Return how many answers the second copy holds for sure, by what the box says of it."""
        safe = 0

        async def in_step() -> bool:
            nonlocal safe
            safe = self._safe(time.monotonic())
            health = await self._chain.counters["a"].health()
            return health["second_copy"] == "in_step" and safe == len(self._told)

        await eventually(in_step, "the second copy to be in step", COPIED_SECONDS)
        return safe

    def _safe(self, asked_s: float) -> int:
        return sum(told_s < asked_s - IN_STEP_S for told_s, _code in self._told)

    async def destroy(self) -> None:
        """Kill the box and take its disk away."""
        self._box.service.kill()
        shutil.rmtree(self._box.store.parent)
        self._report.injected("box_destroyed")
        self._report.injected("commits_before", len(self._told))

    async def follow_the_manual(self) -> None:
        """Type every step, timed; a bare box has the dead one's configuration and the stick."""
        self._box.line.mend()
        second = await self._chain.stack.add_staff("值班", "manager", "--pin", "135790")
        words = {
            "CAFE": str(self._box.cafe),
            "NODE": str(self._box.node),
            "FOLDER": str(self._stick),
            "FIRST": str(self._chain.stack.staff),
            "SECOND": str(second["staff"]),
        }
        began_s = time.monotonic()
        for where, step in self._steps:
            started_s = time.monotonic()
            typed = [words.get(word, word) for word in step]
            await (self._at_hub if where == "hub" else self._at_box)(typed[1:], words)
            tell(f"{time.monotonic() - started_s:6.2f} s  {where}: {' '.join(step)}")
        self._report.figures["dead_box_rebuilt_s"] = round(time.monotonic() - began_s, 1)

    async def _at_hub(self, typed: list[str], words: dict[str, str]) -> None:
        answer = await self._chain.stack.operate(*typed)
        nodes = answer.get("nodes")
        if isinstance(nodes, list):
            words["EPOCH"] = next(
                str(row["epoch"]) for row in nodes if row["node"] == self._box.node
            )
        if "code" in answer:
            words["CODE"] = str(answer["code"])

    async def _at_box(self, typed: list[str], _words: dict[str, str]) -> None:
        if typed == ["run"]:
            await self._chain.stack.start_box("a")
            await self._first_sale()
            return
        more = ["--json"] if typed[0] == "rebuild" else []
        output = await self._chain.stack.run(
            "cafebox", "--config", str(self._config), *typed, *more
        )
        if more:
            said = json.loads(output.splitlines()[-1])
            for line in said["unknown"]:
                tell(f"          unknown: {line}")
            self._report.expect(said["unknown"], "rebuild lists nothing as unknown")
            statuses = {row["status"] for row in said["files"]}
            self._report.expect(statuses == {"taken"}, f"the hub did not take all: {said}")

    async def _first_sale(self) -> None:
        await self._chain.counters["a"].log_in()
        await self._chain.top_up("a", 0, AMOUNT_FEN)
        sold = await self._chain.spend("a", 0, AMOUNT_FEN)
        self._report.expect(sold, "the successor's first sale was refused")
        self._report.injected(FIRST_SALE)

    def check_nothing_is_lost(self, safe: int) -> None:
        """Every answer up to the safe one is in the hub's log; of the rest a beginning may be."""
        log = {code_of(entry) for entry in read_hub_log(self._chain.stack.hub_store)}
        lost = [code for _told_s, code in self._told[:safe] if code not in log]
        self._report.expect(not lost, f"{len(lost)} answers are lost, the first is {lost[:1]}")
        newer = [code in log for _told_s, code in self._told[safe:]]
        self._report.expect(newer == sorted(newer, reverse=True), "the log has a hole")
        tell(f"{safe} answers were safe, {sum(newer)} of {len(newer)} newer ones are there too")
