"""A box that exists twice: its card image cloned, an older copy of its store put back.

Either is found by the hub's and the box's comparison of hashes: the epoch is fenced and spends no
more, and no store loses an op that it acknowledged. With a new epoch the box goes on.
"""

import asyncio
import re
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import aiohttp

from edge.store.opening import open_reader
from examples.two_cafes.agreement import look, read_hub
from tests.faults.chain import Chain, open_chain
from tests.faults.report import Report, tell
from tests.faults.scale import Scale
from tests.ports import free_port
from tests.refold import read_hub_log
from tests.smoke.counter import Counter, RefusedError
from tests.smoke.evidence import Evidence
from tests.smoke.verdict import code_of
from tests.stack import eventually

FOUND_SECONDS = 60.0
CLONE = "clone"


async def run(folder: Path, _scale: Scale) -> Report:
    """Put an older copy back, give the box a new epoch, then clone the other one."""
    report = Report()
    async with open_chain(folder) as chain:
        await _restore(chain, report)
        await _clone(chain, report)
        await _check_logs(chain, report)
    return report


async def _restore(chain: Chain, report: Report) -> None:
    """Put an older copy of box a's store back: it would write old numbers again."""
    box = chain.stack.boxes["a"]
    await chain.settle()
    await asyncio.to_thread(box.service.stop)
    old = chain.folder / "old"
    shutil.copytree(box.store.parent, old)
    await chain.stack.start_box("a")
    for index in range(3):
        await chain.top_up("a", index, 1000)
    await chain.settle()
    await asyncio.to_thread(box.service.stop)
    shutil.rmtree(box.store.parent)
    shutil.copytree(old, box.store.parent)
    await chain.stack.start_box("a")
    report.injected("old_store_put_back")
    await eventually(lambda: _stopped(chain.counters["a"]), "the rewind to be found", FOUND_SECONDS)
    report.expect(not await chain.spend("a", 0, 100), "a rewound box let somebody spend")
    report.expect(read_hub(chain.stack.hub_store).position > 0, "the hub's log is gone")
    await _enrol_again(chain, "a")
    await chain.settle()
    await chain.counters["a"].log_in()
    await chain.top_up("a", 0, 500)
    await chain.settle()
    tell("the restored box goes on in a new epoch")


async def _enrol_again(chain: Chain, name: str) -> None:
    """Give a fenced box a new epoch, as its doctor says."""
    box = chain.stack.boxes[name]
    code = await chain.stack.operate(
        "enrol-code", "--cafe", str(box.cafe), "--node", str(box.node), "--name", name
    )
    await asyncio.to_thread(box.service.stop)
    config = str(chain.stack.folder / f"{name}.toml")
    await chain.stack.run("cafebox", "--config", config, "enrol", str(code["code"]), "--again")
    await chain.stack.start_box(name)


async def _clone(chain: Chain, report: Report) -> None:
    """Run box b twice: the same store and keys in two processes, each with ops of its own."""
    box = chain.stack.boxes["b"]
    await chain.settle()
    await asyncio.to_thread(box.service.stop)
    copy = chain.stack.folder / CLONE
    shutil.copytree(box.store.parent, copy)
    port = free_port()
    text = (chain.stack.folder / "b.toml").read_text()
    text = text.replace('data_dir = "b"', f'data_dir = "{CLONE}"')
    config = chain.stack.folder / f"{CLONE}.toml"
    config.write_text(re.sub(r"listen_port = \d+", f"listen_port = {port}", text))
    service = chain.stack.make_service(CLONE, "cafebox", "--config", str(config), "run")
    twin = replace(
        box, service=service, url=f"http://127.0.0.1:{port}", store=copy / box.store.name
    )
    box.line.cut()
    chain.stack.boxes[CLONE] = twin
    await chain.stack.start_box("b")
    await chain.stack.start_box(CLONE)
    told = Evidence()
    counter = Counter(CLONE, twin, chain.stack.staff, told)
    member = chain.members["b"][0]
    try:
        await chain.top_up("b", 0, 700)
        await counter.log_in()
        for amount_fen in (300, 400):
            await counter.do("top_up", member=member, amount_fen=amount_fen, tender="cash")
        box.line.mend()
        report.injected("box_cloned")
        for each in (chain.counters["b"], counter):
            what = f"{each.name} to be fenced"
            await eventually(lambda each=each: _stopped(each), what, FOUND_SECONDS)
            report.expect(await _refuses_to_spend(each, member), f"{each.name}: a clone spends on")
        check_kept(chain.evidence, "b", box.store, report)
        check_kept(told, CLONE, twin.store, report)
        tell("both clones are fenced, and each has all that it answered")
    finally:
        await counter.close()
        await asyncio.to_thread(service.stop)
        del chain.stack.boxes[CLONE]


async def _stopped(counter: Counter) -> bool:
    try:
        return bool((await counter.health())["spending_stopped"])
    except (aiohttp.ClientError, TimeoutError):
        return False


async def _refuses_to_spend(counter: Counter, member: int) -> bool:
    try:
        await counter.do("spend", member=member, amount_fen=100)
    except RefusedError:
        return True
    return False


def check_kept(evidence: Evidence, name: str, store: Path, report: Report) -> None:
    """Each op that a box named in an answer is still in its store."""
    with closing(open_reader(store).database) as database:
        rows = database.execute_sql("SELECT key & 281474976710655 FROM op").fetchall()
    kept = {row[0] for row in rows}
    for seen in evidence.acknowledged:
        seq = int(seen.code.split(".")[2].split("-")[0])
        if seen.box == name and seq not in kept:
            report.violated(f"{name} answered {seen.code} and has it no more")


async def _check_logs(chain: Chain, report: Report) -> None:
    """The hub has one branch, and box a is in step: a fenced box holds nobody up."""
    await chain.top_up("a", 1, 900)
    code = chain.evidence.acknowledged[-1].code

    def arrived() -> bool:
        return any(code_of(entry) == code for entry in read_hub_log(chain.stack.hub_store))

    await eventually(arrived, "box a's ops to flow past the fenced box", FOUND_SECONDS)
    agreement = look(chain.stack.hub_store, {"a": chain.stack.boxes["a"].store})
    report.expect(agreement.hub.position > 0, "the hub's log is gone")
    answer = await chain.stack.operate("refold")
    report.expect(answer["equal"], f"the hub's refold differs: {answer}")
