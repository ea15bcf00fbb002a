"""The contract of readers that only tell numbers: serial 125 kHz on a pty, Wiegand on pins."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest
import serial

from edge.drivers.contract import CardReader
from edge.drivers.fake.rdm6300 import VirtualRdm6300, frame_of
from edge.drivers.fake.wiegand import bits_of, send_bits
from edge.drivers.rdm6300_card_reader import Options as TagOptions
from edge.drivers.rdm6300_card_reader import Rdm6300CardReader
from edge.drivers.wiegand_card_reader import Options as WiegandOptions
from edge.drivers.wiegand_card_reader import WiegandCardReader
from edge.events import CardRemoved, CardTapped, CardUnread, DeviceState
from tests.contracts.collector import DEADLINE_S, Collector
from tests.contracts.walls import Wall

D0, D1 = 5, 6
GONE_MS = 300
LONG_GONE_MS = 1000
"""Longer than a busy machine stalls whoever sends the numbers of a tag that lies there."""
FRAME_GAP_MS = 200
"""Longer than the product's, and than a busy machine stalls the hand that pulses the wires."""
FRAME_S = 0.5
"""After which the next Wiegand bits are a frame of their own."""


class Rig(Protocol):
    """A reader and the hand that lays cards on it."""

    uids: tuple[bytes, bytes]

    def reader(self, collector: Collector) -> CardReader: ...
    def lay(self, uid: bytes) -> None: ...
    def lift(self) -> None: ...
    def damage(self) -> None: ...
    def close(self) -> None: ...


class SerialRig:
    """A pseudo-terminal with tags that repeat themselves."""

    uids = (bytes.fromhex("0A00112233"), bytes.fromhex("0A00112234"))

    def __init__(self, folder: Path) -> None:
        self.gone_ms = GONE_MS
        self.tags = VirtualRdm6300(folder / "tags")
        self.lay, self.lift, self.close = self.tags.lay, self.tags.lift, self.tags.close

    def reader(self, collector: Collector) -> CardReader:
        options = TagOptions(port=str(self.tags.port), gone_ms=self.gone_ms)
        return Rdm6300CardReader("tags", options, collector.bridge)

    def damage(self) -> None:
        self.tags.send(frame_of(self.uids[0]).replace(b"3", b"7"))


class WiegandRig:
    """Pins; the reader says a card once."""

    def __init__(self, data_bits: int, wall: Wall) -> None:
        self._data_bits = data_bits
        self._wall = wall
        top = 8 * (data_bits // 8 - 3)
        self.uids = ((0x123456).to_bytes(4, "big"), (0xFF0001 | top << 20).to_bytes(4, "big"))

    def reader(self, collector: Collector) -> CardReader:
        options = WiegandOptions(pin_d0=D0, pin_d1=D1, gone_ms=GONE_MS)
        return WiegandCardReader("door", options, collector.bridge, self._wall.gpio)

    def lay(self, uid: bytes) -> None:
        self.pulse(bits_of(int.from_bytes(uid, "big"), self._data_bits))

    def pulse(self, bits: list[int]) -> None:
        send_bits(self._wall.drive, D0, D1, bits)

    def lift(self) -> None:
        """A Wiegand reader says a card once: it is gone by itself."""

    def damage(self) -> None:
        bits = bits_of(int.from_bytes(self.uids[0], "big"), self._data_bits)
        self.pulse([*bits[:3], 1 - bits[3], *bits[4:]])

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture(params=["rdm6300", "wiegand26", "wiegand34"])
def rig(request: pytest.FixtureRequest, near_wall: Wall, tmp_path: Path) -> Rig:
    if request.param == "rdm6300":
        return SerialRig(tmp_path)
    return WiegandRig(int(request.param.removeprefix("wiegand")) - 2, near_wall)


@pytest.fixture(autouse=True)
def unhurried_frames(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A kernel's virtual time needs no patience."""
    if not request.config.getoption("--kernel-pins"):
        monkeypatch.setattr("edge.drivers.wiegand_card_reader.FRAME_GAP_MS", FRAME_GAP_MS)


@pytest.fixture
async def reader(rig: Rig, collector: Collector) -> AsyncIterator[CardReader]:
    """Open and well, and past the time in which a card lay there before."""
    driver = rig.reader(collector)
    await driver.open()
    await collector.state(DeviceState.OK)
    await asyncio.sleep(2 * GONE_MS / 1000)
    yield driver
    await driver.close()
    await asyncio.to_thread(rig.close)


@pytest.mark.covers("A371")
async def test_a_tap_tells_the_number_once_and_a_removal_follows(
    rig: Rig, reader: CardReader, collector: Collector
) -> None:
    for round_, uid in enumerate(rig.uids, start=1):
        rig.lay(uid)
        tapped = await collector.nth(CardTapped, round_)
        assert (tapped.reader, tapped.uid) == (reader.name, uid)
        rig.lift()
        removed = await collector.nth(CardRemoved, round_)
        assert removed.at_monotonic_ns - tapped.at_monotonic_ns >= GONE_MS * 1_000_000
    assert len(collector.of(CardTapped)) == 2


async def test_another_card_at_once_is_a_tap_of_its_own(
    rig: Rig, reader: CardReader, collector: Collector
) -> None:
    rig.lay(rig.uids[0])
    await collector.nth(CardTapped, 1)
    rig.lay(rig.uids[1])
    assert (await collector.nth(CardTapped, 2)).uid == rig.uids[1]
    assert [type(event) for event in collector.events[-3:]] == [CardTapped, CardRemoved, CardTapped]


async def test_a_damaged_frame_is_told_once_and_never_a_tap(
    rig: Rig, reader: CardReader, collector: Collector
) -> None:
    rig.damage()
    assert (await collector.nth(CardUnread, 1)).reason == "card_mute"
    rig.damage()
    await asyncio.sleep(FRAME_S)
    rig.lay(rig.uids[0])
    await collector.nth(CardTapped, 1)
    rig.lift()
    await collector.nth(CardRemoved, 1)
    assert (len(collector.of(CardTapped)), len(collector.of(CardUnread))) == (1, 1)


async def test_closing_ends_the_thread(rig: Rig, reader: CardReader, collector: Collector) -> None:
    await reader.close()
    await reader.close()
    assert reader.status.reason == "not_opened"
    assert not any(thread.name == f"reader:{reader.name}" for thread in threading.enumerate())


@pytest.fixture
async def serial_rig(tmp_path: Path) -> AsyncIterator[SerialRig]:
    rig = SerialRig(tmp_path)
    yield rig
    await asyncio.to_thread(rig.close)


async def test_a_tag_that_lies_there_at_the_start_is_no_tap(
    serial_rig: SerialRig, collector: Collector
) -> None:
    serial_rig.gone_ms = LONG_GONE_MS
    serial_rig.lay(serial_rig.uids[0])
    reader = serial_rig.reader(collector)
    await reader.open()
    await collector.state(DeviceState.OK)
    await asyncio.sleep(1.3 * LONG_GONE_MS / 1000)
    serial_rig.lift()
    await collector.nth(CardRemoved, 1)
    assert collector.of(CardTapped) == []
    serial_rig.lay(serial_rig.uids[0])
    await collector.nth(CardTapped, 1)
    await reader.close()


async def test_the_tag_that_lies_there_is_told_when_asked(
    serial_rig: SerialRig, collector: Collector
) -> None:
    reader = serial_rig.reader(collector)
    await reader.open()
    await collector.state(DeviceState.OK)
    assert await reader.cards_there() == ()
    async with asyncio.timeout(DEADLINE_S):
        for uid in serial_rig.uids:
            serial_rig.lay(uid)
            while await reader.cards_there() != (uid,):  # noqa: ASYNC110  tags have no asyncio side
                await asyncio.sleep(0.01)
        serial_rig.lift()
        while await reader.cards_there():  # noqa: ASYNC110  as above
            await asyncio.sleep(0.01)
    await reader.close()


async def test_a_port_that_another_program_holds_is_told_and_taken_once_it_is_free(
    serial_rig: SerialRig, collector: Collector
) -> None:
    reader = serial_rig.reader(collector)
    with serial.Serial(str(serial_rig.tags.port), exclusive=True):
        await reader.open()
        await collector.state(DeviceState.ABSENT, "port_busy")
    await collector.state(DeviceState.OK)
    await reader.close()


async def test_a_line_lost_and_back_needs_no_restart_and_is_no_second_tap(
    serial_rig: SerialRig, collector: Collector
) -> None:
    reader = serial_rig.reader(collector)
    await reader.open()
    await collector.state(DeviceState.OK)
    await asyncio.sleep(2 * GONE_MS / 1000)
    serial_rig.lay(serial_rig.uids[0])
    await collector.nth(CardTapped, 1)
    await asyncio.to_thread(serial_rig.tags.unplug)
    await collector.state(DeviceState.ABSENT, "no_port")
    assert reader.status.hint
    await asyncio.to_thread(serial_rig.tags.plug)
    await collector.state(DeviceState.OK)
    serial_rig.lay(serial_rig.uids[1])
    assert (await collector.nth(CardTapped, 2)).uid == serial_rig.uids[1]
    await reader.close()


@pytest.mark.parametrize("noise", [b"\xff\x00junk", b"\x0212", b"\x02" + b"A" * 40, b"\x03\x03"])
async def test_a_whole_frame_is_found_behind_noise(
    serial_rig: SerialRig, collector: Collector, noise: bytes
) -> None:
    reader = serial_rig.reader(collector)
    await reader.open()
    await collector.state(DeviceState.OK)
    await asyncio.sleep(2 * GONE_MS / 1000)
    serial_rig.tags.send(noise)
    serial_rig.lay(serial_rig.uids[0])
    assert (await collector.nth(CardTapped, 1)).uid == serial_rig.uids[0]
    await reader.close()


async def test_a_keypad_key_and_a_storm_are_no_card(near_wall: Wall, collector: Collector) -> None:
    rig = WiegandRig(24, near_wall)
    reader = rig.reader(collector)
    await reader.open()
    await collector.state(DeviceState.OK)
    await asyncio.sleep(2 * GONE_MS / 1000)
    rig.pulse([1, 0, 1, 0])
    await asyncio.sleep(FRAME_S)
    over = threading.Event()

    def storm() -> None:
        while not over.wait(0.0001):
            rig.pulse([0, 1])

    storming = asyncio.create_task(asyncio.to_thread(storm))
    try:
        await collector.state(DeviceState.DEGRADED, "reader_fault")
    finally:
        over.set()
        await storming
    await collector.state(DeviceState.OK)
    assert collector.of(CardTapped) == []
    await asyncio.sleep(2 * GONE_MS / 1000)
    rig.lay(rig.uids[0])
    assert (await collector.nth(CardTapped, 1)).uid == rig.uids[0]
    await reader.close()
