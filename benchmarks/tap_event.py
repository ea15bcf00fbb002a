"""A card's tap to `CardTapped`, through pcscd, beside a bare status-change loop in the same run.

Driver and loop watch a reader each of one private pcscd and take turns. Both are timed from the
moment at which the reader powers the card up: the driver until it posts its event, the loop until
it has the UID.
"""

import asyncio
import os
import queue
import tempfile
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from benchmarks.measure import Line, at_most, percentile
from cloud.app import calm_collector
from edge.drivers.bridge import Bridge, Straight
from edge.drivers.fake.virtual_pcscd import VirtualPcscd
from edge.drivers.fake.vpcd import CardSlot
from edge.drivers.pcsc_card_reader import Options, PcscCardReader
from edge.drivers.pcsc_exchange import GET_UID
from edge.drivers.stacks import PcscStack, Stacks
from edge.drivers.winscard import (
    INFINITE_MS,
    LEAVE_CARD,
    PROTOCOL_T0_OR_T1,
    SCOPE_USER,
    SHARE_SHARED,
    STATE_CHANGED,
    STATE_PRESENT,
    STATE_UNAWARE,
    SUCCESS,
)
from edge.events import CardTapped, DeviceEvent
from tests.smoke.evidence import WatchedCard

TAPS = 120
"""Of each: a p99 that is not the one slowest tap."""
FIELD_SECONDS = 0.6
"""vpcd looks every 0.4 s and a little late on a busy machine: a card must be gone for longer."""
SEEN_SECONDS = 10.0
RATIO_MAX = 1.3

Told = queue.Queue[int]
"""When a tap was told (monotonic clock, ns)."""


class Noting(Straight):
    """Notes when the driver posts a tap, on the driver's own thread."""

    def __init__(self, told: Told) -> None:
        self._told = told

    def begin(self, event: DeviceEvent) -> "Future[Any] | None":
        if isinstance(event, CardTapped):
            self._told.put(time.monotonic_ns())
        return None

    def end(self, event: DeviceEvent, begun: "Future[Any]") -> None:
        """Nothing is ever begun."""


def _ignore(_event: DeviceEvent) -> None:
    """Taps are noted before the loop hears of them."""


def _bare_loop(pcsc: PcscStack, reader: str, told: Told) -> None:
    _, context = pcsc.SCardEstablishContext(SCOPE_USER)
    state = STATE_UNAWARE
    while True:
        result, changes = pcsc.SCardGetStatusChange(context, INFINITE_MS, [(reader, state)])
        if result != SUCCESS:
            return  # the daemon was ended
        state = changes[0][1] & ~STATE_CHANGED
        if not state & STATE_PRESENT:
            continue
        _, card, protocol = pcsc.SCardConnect(context, reader, SHARE_SHARED, PROTOCOL_T0_OR_T1)
        _, answer = pcsc.SCardTransmit(card, protocol, GET_UID)
        if answer:
            told.put(time.monotonic_ns())
        pcsc.SCardDisconnect(card, LEAVE_CARD)


def _tap(slot: CardSlot, told: Told, index: int) -> float:
    """Return the ms from the card's power-up to what is told."""
    card = WatchedCard(bytes((0x04, 0x7B, *index.to_bytes(2, "big"))))
    slot.insert(card)
    told_ns = told.get(timeout=SEEN_SECONDS)
    slot.remove()
    return (told_ns - card.powered_ns) / 1e6


async def _measure(folder: Path) -> tuple[list[float], list[float]]:
    driver_told: Told = queue.Queue()
    loop_told: Told = queue.Queue()
    async with VirtualPcscd(folder) as pcscd:
        os.environ.update(pcscd.environment)
        pcsc = Stacks().pcsc
        bridge = Bridge(_ignore, straight=Noting(driver_told))
        driver = PcscCardReader("driver", Options(port=pcscd.reader_names[0]), bridge, pcsc)
        await driver.open()
        threading.Thread(
            target=_bare_loop, args=(pcsc, pcscd.reader_names[1], loop_told), daemon=True
        ).start()
        await asyncio.sleep(FIELD_SECONDS)
        calm_collector()  # as the box does once it runs
        driver_ms, loop_ms = [], []
        for index in range(TAPS):
            driver_ms.append(await asyncio.to_thread(_tap, pcscd.slots[0], driver_told, index))
            await asyncio.sleep(FIELD_SECONDS)
            loop_ms.append(await asyncio.to_thread(_tap, pcscd.slots[1], loop_told, index))
        await driver.close()
    return driver_ms, loop_ms


def run() -> list[Line]:
    """Tap cards on both readers in turn."""
    with tempfile.TemporaryDirectory(prefix="tap") as folder:
        driver_ms, loop_ms = asyncio.run(_measure(Path(folder)))
    return [
        at_most(
            f"tap to event, {name}",
            percentile(driver_ms, share),
            "ms",
            "bare status-change loop",
            percentile(loop_ms, share),
            RATIO_MAX,
        )
        for name, share in (("p50", 0.5), ("p99", 0.99))
    ]
