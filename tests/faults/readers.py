"""Devices that fail in use: the desk serves all the while, and charges nobody wrongly.

A reader unplugged in mid-exchange and a storm at the door play on fake stacks; a card daemon that
is killed, and a card that is swapped between the tap and the debit, on a real pcscd.
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from edge.drivers.fake.cafe import DOOR_COUNTER, DOOR_COUNTER_PIN, READER
from edge.drivers.fake.card import VirtualCard
from edge.drivers.fake.pcsc import VirtualReaders
from edge.drivers.fake.virtual_pcscd import VirtualPcscd
from edge.drivers.pcsc_exchange import CardUnreadError, PcscExchange
from edge.drivers.stacks import SYSTEM, Stacks
from edge.drivers.winscard import (
    INFINITE_MS,
    SCOPE_USER,
    STATE_CHANGED,
    STATE_EMPTY,
    STATE_UNAWARE,
)
from tests.faults.reader_box import (
    OTHER_CARD,
    PAYER_CARD,
    WAIT_SECONDS,
    ReaderBox,
    open_reader_box,
)
from tests.faults.report import Report, tell
from tests.faults.scale import Scale

STORM_HZ = 10_000
STORM_EDGES = 2000
"""Of one storm, at the least."""
STORM_BATCH = 20


async def run(folder: Path, scale: Scale) -> Report:
    """Pull, kill, swap and storm, so often each."""
    report = Report()
    readers = VirtualReaders(folder / "readers.sock")
    name, field = readers.reader_names[0], readers.slots[0]
    pcsc = f"fake:{folder / 'readers.sock'}"
    async with open_reader_box(folder / "fakes", report, name, pcsc, field) as box:
        await _unplug(box, readers, scale.reader_faults)
        await _storm(box, readers, scale.reader_faults)
    readers.close()
    async with VirtualPcscd(folder / "pcscd") as pcscd:
        os.environ.update(pcscd.environment)
        name, slot = pcscd.reader_names[0], pcscd.slots[0]
        async with open_reader_box(folder / "pcsc", report, name, SYSTEM, slot) as box:
            await _kill_daemon(box, pcscd, scale.reader_faults)
            await _swap_cards(box, pcscd, scale.reader_faults)
    return report


# --- fake stacks ----------------------------------------------------------------------------------


async def _unplug(box: ReaderBox, readers: VirtualReaders, times: int) -> None:
    """The reader goes while it waits for the card's answer; once it is back, the card is a tap."""
    field = readers.slots[0]
    for _ in range(times):
        taps = await box.pulses()
        field.unplug(in_mid_exchange=True)
        field.insert(PAYER_CARD)
        await box.until_device(READER, "absent", "no_reader")
        box.report.expect(await box.pulses() == taps, "half an exchange opened the door")
        await box.serves("the reader is unplugged")
        field.plug()
        await box.until_pulses(taps + 1)
        await box.until_device(READER, "ok")
        box.report.expect(await box.pulses() == taps + 1, "a card was two taps")
        field.remove()
        box.report.injected("reader_unplugged_in_mid_exchange")
    tell(f"{times} readers unplugged")


async def _storm(box: ReaderBox, readers: VirtualReaders, times: int) -> None:
    """The door's sensor chatters; taps and commands go on, and it counts again afterwards."""
    edges, seconds = 0, 0.0
    for _ in range(times):
        taps = await box.pulses()
        over = threading.Event()
        began_s = time.monotonic()
        storming = asyncio.create_task(asyncio.to_thread(_chatter, box, over))
        try:
            await box.serves("the door's sensor storms")
            readers.slots[0].insert(PAYER_CARD)
            await box.until_pulses(taps + 1)
            readers.slots[0].remove()
        finally:
            over.set()
            edges += await storming
        seconds += time.monotonic() - began_s
        await box.until_device(DOOR_COUNTER, "ok")
        box.report.injected("door_storm")
    box.report.figures["door_storm_hz"] = round(edges / seconds)
    tell(f"{times} storms of {edges / seconds:.0f} Hz")


def _chatter(box: ReaderBox, over: threading.Event) -> int:
    """Drive the sensor's line up and down at STORM_HZ until `over`; how many edges it had."""
    edges, due_s = 0, time.monotonic()
    while not over.is_set() or edges < STORM_EDGES:
        for _ in range(STORM_BATCH):
            edges += 1
            box.cafe.board.drive(DOOR_COUNTER_PIN, edges % 2)
        due_s += STORM_BATCH / STORM_HZ
        time.sleep(max(0.0, due_s - time.monotonic()))
    box.cafe.board.drive(DOOR_COUNTER_PIN, 1)
    return edges


# --- a real pcscd ---------------------------------------------------------------------------------


class FatalCard(VirtualCard):
    """A card at whose first answer something happens."""

    def __init__(self, uid: bytes, happens: Callable[[], None]) -> None:
        super().__init__(uid)
        self._happens = happens
        self.fired = threading.Event()

    def answer(self, apdu: bytes) -> bytes | None:
        if not self.fired.is_set():
            self.fired.set()
            self._happens()
        return super().answer(apdu)


async def _kill_daemon(box: ReaderBox, pcscd: VirtualPcscd, times: int) -> None:
    """The daemon dies while a card is read, or while a debit has it read again."""
    slot = pcscd.slots[0]
    for round_ in range(times):
        taps = await box.pulses()
        if round_ % 2:
            card = FatalCard(PAYER_CARD, pcscd.kill)
            await asyncio.to_thread(slot.insert, card)
            await asyncio.to_thread(card.fired.wait, WAIT_SECONDS)
        else:
            await asyncio.to_thread(slot.insert, PAYER_CARD)
            await box.until_pulses(taps + 1)
            await box.until_payers_card_is_shown()
            debit = asyncio.create_task(box.charge(box.payers_card))
            await asyncio.to_thread(pcscd.kill)
            answer = await debit
            box.report.expect(answer["ok"], f"a daemon that died refused a debit: {answer}")
        await box.until_device(READER, "absent", "no_daemon")
        await box.serves("pcscd is down")
        await asyncio.to_thread(pcscd.start)
        await box.until_device(READER, "ok")
        await box.until_pulses(taps + 1)
        await asyncio.to_thread(slot.remove)
        await asyncio.to_thread(_until_empty, pcscd.reader_names[0])
        box.report.expect(await box.pulses() == taps + 1, "a card was two taps")
        box.report.injected("pcscd_killed")
    tell(f"pcscd killed {times} times")


async def _swap_cards(box: ReaderBox, pcscd: VirtualPcscd, times: int) -> None:
    """Another card comes onto the reader in one movement before the cashier presses Enter."""
    slot, reader = pcscd.slots[0], pcscd.reader_names[0]
    for _ in range(times):
        await asyncio.to_thread(slot.insert, PAYER_CARD)
        await box.until_payers_card_is_shown()
        await asyncio.to_thread(slot.insert, OTHER_CARD)
        await asyncio.to_thread(_until_lies, reader, OTHER_CARD)
        answer = await box.charge(box.payers_card)
        told = answer.get("code") == "card_swapped" and "没有扣款" in str(answer.get("words"))
        box.report.expect(told, f"a swapped card was charged, or not told: {answer}")
        await box.serves("another card lies on the reader")
        await asyncio.to_thread(slot.remove)
        await asyncio.to_thread(_until_empty, reader)
        box.report.injected("card_swapped")
    tell(f"{times} cards swapped")


def _until_lies(reader: str, uid: bytes) -> None:
    """Return once the card that answers on a reader is this one."""
    pcsc = Stacks().pcsc
    exchange = PcscExchange(pcsc)
    _, context = pcsc.SCardEstablishContext(SCOPE_USER)
    deadline_s = time.monotonic() + WAIT_SECONDS
    there = b""
    while there != uid:
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"waited {WAIT_SECONDS:.0f} s for a card")
        try:
            there, card = exchange.read_uid(context, reader)
        except CardUnreadError:
            continue
        exchange.let_go(card)
    pcsc.SCardReleaseContext(context)


def _until_empty(reader: str) -> None:
    """Return once a reader tells that nothing lies on it."""
    pcsc = Stacks().pcsc
    _, context = pcsc.SCardEstablishContext(SCOPE_USER)
    event_state = STATE_UNAWARE
    while not event_state & STATE_EMPTY:
        _, changes = pcsc.SCardGetStatusChange(context, INFINITE_MS, [(reader, event_state)])
        event_state = changes[0][1] & ~STATE_CHANGED
    pcsc.SCardReleaseContext(context)
