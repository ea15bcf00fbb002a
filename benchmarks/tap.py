"""A card's tap to its durable commit to the relay's call, through pcscd, beside its floor.

Both run as processes of their own on one private pcscd, the box on its first reader and the floor
on its second, and take turns. Each is timed from the moment at which the reader powers the card
up. The box: until its relay is drawn, which follows the commit. The floor (`tap_floor`): until the
same APDU round trip and one raw sqlite3 commit are done.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.measure import Line, at_most, percentile, progress
from edge.drivers.fake.cafe import VirtualCafe
from edge.drivers.fake.virtual_pcscd import VirtualPcscd
from edge.drivers.fake.vpcd import CardSlot
from tests.brokers.servers import Mosquitto
from tests.smoke.counter import Counter
from tests.smoke.evidence import Evidence, WatchedCard
from tests.stack import Stack, eventually

TAPS = 150
FIELD_SECONDS = 0.45
"""vpcd looks every 0.4 s: a card must lie and be gone for that long."""
SEEN_SECONDS = 10.0
P50_RATIO_MAX, P99_RATIO_MAX = 1.5, 2.0


class Floor:
    """The floor's process."""

    def __init__(self, reader: str, folder: Path, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "benchmarks.tap_floor", reader, str(folder / "floor.db")]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=os.environ | environment
        )
        self.next_line()

    def next_line(self) -> str:
        """Return what it prints next."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the floor of the tap ended")
        return line

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


def card_uid(index: int) -> bytes:
    return bytes((0x04, 0x7A, *index.to_bytes(2, "big")))


async def _register(counter: Counter) -> None:
    for index in range(TAPS):
        await counter.do(
            "register_member", name=f"会员{index:03d}", card_uid=card_uid(index).hex(), consent=True
        )


async def _tap_box(cafe: VirtualCafe, index: int) -> float:
    """Return the ms from the card's power-up to the relay."""
    card = WatchedCard(card_uid(index))
    before = len(cafe.door_openings)
    await asyncio.to_thread(cafe.field.insert, card)
    await eventually(lambda: len(cafe.door_openings) > before, "the door", SEEN_SECONDS)
    drawn_ns = cafe.door_openings[before].at_monotonic_ns
    await asyncio.to_thread(cafe.field.remove)
    return (drawn_ns - card.powered_ns) / 1e6


async def _tap_floor(slot: CardSlot, floor: Floor, index: int) -> float:
    """Return the ms from the card's power-up to the commit."""
    card = WatchedCard(card_uid(index))
    await asyncio.to_thread(slot.insert, card)
    committed_ns = int(await asyncio.to_thread(floor.next_line))
    await asyncio.to_thread(slot.remove)
    return (committed_ns - card.powered_ns) / 1e6


async def _measure(folder: Path) -> tuple[list[float], list[float]]:
    with ExitStack() as opened:
        broker = opened.enter_context(Mosquitto(folder / "broker"))
        pcscd = VirtualPcscd(folder / "pcscd")
        await asyncio.to_thread(pcscd.open)
        opened.callback(pcscd.close)
        cafe = VirtualCafe(folder / "cafe", pcscd.reader_names[0], pcscd.slots[0])
        opened.callback(cafe.close)
        floor = Floor(pcscd.reader_names[1], folder, pcscd.environment)
        opened.callback(floor.close)
        async with Stack(folder / "stack", broker.url) as stack:
            box = await stack.add_box(
                "a", cafe.device_tables(), cafe.stacks_table(), pcscd.environment
            )
            await stack.until_in_step()
            counter = Counter("a", box, stack.staff, Evidence())
            try:
                await counter.log_in()
                await _register(counter)
            finally:
                await counter.close()
            await stack.until_in_step()
            box_ms, floor_ms = [], []
            for index in range(TAPS):
                box_ms.append(await _tap_box(cafe, index))
                await asyncio.sleep(FIELD_SECONDS)
                floor_ms.append(await _tap_floor(pcscd.slots[1], floor, index))
                if index % 50 == 49:
                    progress(f"  {index + 1} of {TAPS} taps")
    return box_ms, floor_ms


def run() -> list[Line]:
    """Tap cards of members who were not here today, one after the other."""
    with tempfile.TemporaryDirectory() as name:
        box_ms, floor_ms = asyncio.run(_measure(Path(name)))
    reference = "the same APDU, one raw sqlite3 commit"
    return [
        at_most(
            f"tap to commit to relay {name}",
            percentile(box_ms, share),
            "ms",
            reference,
            percentile(floor_ms, share),
            ratio_max,
        )
        for name, share, ratio_max in (("p50", 0.5, P50_RATIO_MAX), ("p99", 0.99, P99_RATIO_MAX))
    ]
