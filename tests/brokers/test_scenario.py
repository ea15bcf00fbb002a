"""One scenario on every broker: two boxes and a hub, both ways, a cut line, and all agree again."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.brokers.servers import Mosquitto, Nats
from tests.faults.services import ForkedStack
from tests.refold import refold_box, refold_hub, sum_differences
from tests.smoke.counter import Counter, RefusedError
from tests.smoke.evidence import Evidence
from tests.stack import CHAIN, EMBEDDED, Stack, eventually

BROKERS = {"mosquitto": (Mosquitto, "5"), "nats": (Nats, "3.1.1")}
SEEN_SECONDS = 60.0
AGAIN_SECONDS = 0.2


@pytest.mark.parametrize("broker", ["mosquitto", "embedded", "nats"])
async def test_two_cafes_agree_again_after_a_cut(broker: str, tmp_path: Path) -> None:
    with ExitStack() as opened:
        url, protocol = EMBEDDED, "3.1.1"
        if broker != "embedded":
            kind, protocol = BROKERS[broker]
            url = opened.enter_context(kind(tmp_path / "broker")).url
        async with ForkedStack(tmp_path / "stack", url, protocol) as stack:
            await stack.add_box("a")
            await stack.add_box("b")
            await _play(stack)
            await stack.until_in_step()
        _assert_all_agree(stack)


async def _play(stack: Stack) -> None:
    await stack.until_in_step()
    counters = {
        name: Counter(name, box, stack.staff, Evidence()) for name, box in stack.boxes.items()
    }
    here, there = counters["a"], counters["b"]
    try:
        for counter in counters.values():
            await counter.log_in()
        member = (await here.do("register_member", name="张三", consent=True))["member"]
        await here.do("top_up", member=member, amount_fen=5000, tender="cash")

        # the other cafe sees the member, and is granted what the first one releases
        await _until_done(there, ("show_member", {"member": member}))
        await here.do("release", member=member)
        spend = {"member": member, "amount_fen": 700}
        await _until_done(there, ("show_member", {"member": member}), ("spend", spend))

        stack.boxes["b"].line.cut()
        await _until_line(there, False)
        await there.do("spend", member=member, amount_fen=300)
        with pytest.raises(RefusedError, match="spendable_elsewhere"):
            await here.do("spend", member=member, amount_fen=100)
        await here.do("top_up", member=member, amount_fen=1000, tender="cash")
        stack.boxes["b"].line.mend()
        await _until_line(there, True)

        await stack.until_in_step()
        seen = await here.do("top_up", member=member, amount_fen=500, tender="cash")
        assert seen["balance_fen"] == 5000 - 700 - 300 + 1000 + 500
    finally:
        for counter in counters.values():
            await counter.close()


async def _until_done(counter: Counter, *commands: tuple[str, dict[str, object]]) -> None:
    """Do commands one after the other, from the first again until none is refused."""

    async def done() -> bool:
        try:
            for command, inputs in commands:
                await counter.do(command, **inputs)
        except RefusedError:
            await asyncio.sleep(AGAIN_SECONDS)
            return False
        return True

    names = ", ".join(name for name, _ in commands)
    await eventually(done, f"{counter.name}: {names}", SEEN_SECONDS)


async def _until_line(counter: Counter, up: bool) -> None:
    async def changed() -> bool:
        return (await counter.health())["line_up"] is up

    await eventually(changed, f"the line of {counter.name} to be {up}", SEEN_SECONDS)


def _assert_all_agree(stack: Stack) -> None:
    hub = refold_hub(stack.hub_store)
    assert hub.differences == []
    for box in stack.boxes.values():
        refolded = refold_box(box.store, CHAIN, box.cafe)
        assert refolded.differences == []
        shared = {of: value for of, value in hub.sums.items() if of[1] in (0, box.cafe)}
        assert sum_differences(shared, refolded.sums, "hub", "box") == []
