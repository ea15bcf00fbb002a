"""The contract of card readers, on a real pcscd and on the fake PC/SC stack."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Protocol

import pytest

from edge.drivers.fake.card import ChipCard, Sector, VirtualCard
from edge.drivers.fake.pcsc import FakePcsc
from edge.drivers.fake.virtual_pcscd import VirtualPcscd
from edge.drivers.mifare_classic import NumberPlace
from edge.drivers.pcsc_card_reader import Options, PcscCardReader
from edge.drivers.stacks import PcscStack, Stacks
from edge.drivers.winscard import (
    INFINITE_MS,
    SCOPE_USER,
    STATE_CHANGED,
    STATE_EMPTY,
    STATE_UNAWARE,
)
from edge.events import CardRemoved, CardTapped, CardUnread, DeviceState
from tests.contracts.collector import DEADLINE_S, Collector

UID_A = bytes.fromhex("04A1B2C3")
UID_B = bytes.fromhex("04112233445566")  # seven bytes, as most new cards have
NOT_SUPPORTED = bytes.fromhex("6A81")
KEY = bytes.fromhex("A0A1A2A3A4A5")
NUMBER = bytes.fromhex("20260731")
SERIAL = bytes.fromhex("6150A1B2C3D40107")


class Rig(Protocol):
    """A stack and the hands that lay cards and pull plugs beneath it."""

    reader_name: str
    pcsc: PcscStack

    def insert(self, card: VirtualCard, slot: int = 0) -> None: ...
    def remove(self, slot: int = 0) -> None: ...
    def kill_daemon(self) -> None: ...
    def start_daemon(self) -> None: ...
    def close(self) -> None: ...


class PcscdRig:
    """pcscd with vpcd."""

    def __init__(self, pcscd: VirtualPcscd) -> None:
        self._pcscd = pcscd
        self.reader_name = pcscd.reader_names[0]
        self.pcsc = Stacks().pcsc
        self.kill_daemon, self.start_daemon = pcscd.kill, pcscd.start

    def insert(self, card: VirtualCard, slot: int = 0) -> None:
        self._pcscd.slots[slot].insert(card)

    def remove(self, slot: int = 0) -> None:
        self._pcscd.slots[slot].remove()

    def close(self) -> None:
        """Leave the readers empty for the next test, and known to be empty."""
        _, context = self.pcsc.SCardEstablishContext(SCOPE_USER)
        for slot, name in enumerate(self._pcscd.reader_names):
            self.remove(slot)
            event_state = STATE_UNAWARE
            while not event_state & STATE_EMPTY:
                _, changes = self.pcsc.SCardGetStatusChange(
                    context, INFINITE_MS, [(name, event_state)]
                )
                event_state = changes[0][1] & ~STATE_CHANGED
        self.pcsc.SCardReleaseContext(context)


class FakeRig:
    """The fake stack."""

    def __init__(self) -> None:
        fake = FakePcsc()
        self.pcsc: PcscStack = fake
        self.reader_name = "Fake PICC 00 00"
        self._fake = fake
        self.kill_daemon, self.start_daemon = fake.stop_daemon, fake.start_daemon

    def insert(self, card: VirtualCard, slot: int = 0) -> None:
        self._fake.insert(slot, card)

    def remove(self, slot: int = 0) -> None:
        self._fake.remove(slot)

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture(params=["pcscd", "fake"])
def rig(request: pytest.FixtureRequest) -> Rig:
    if request.param == "fake":
        return FakeRig()
    return PcscdRig(request.getfixturevalue("private_pcscd"))


@pytest.fixture
async def reader(rig: Rig, collector: Collector) -> AsyncIterator[PcscCardReader]:
    """An open reader that has said that it is well."""
    driver = PcscCardReader("counter", Options(port=rig.reader_name), collector.bridge, rig.pcsc)
    await driver.open()
    await collector.state(DeviceState.OK)
    yield driver
    await driver.close()
    await asyncio.to_thread(rig.close)


async def tap(rig: Rig, uid: bytes) -> None:
    await asyncio.to_thread(rig.insert, VirtualCard(uid))


async def test_a_tap_tells_the_uid_and_a_removal_follows(
    rig: Rig, reader: PcscCardReader, collector: Collector
) -> None:
    for round_, uid in enumerate((UID_A, UID_B), start=1):
        await tap(rig, uid)
        tapped = await collector.nth(CardTapped, round_)
        assert (tapped.reader, tapped.uid) == (reader.name, uid)
        await asyncio.to_thread(rig.remove)
        removed = await collector.nth(CardRemoved, round_)
        assert removed.at_monotonic_ns > tapped.at_monotonic_ns


async def test_a_card_swapped_in_one_movement_is_read_anew(
    rig: Rig, reader: PcscCardReader, collector: Collector
) -> None:
    await tap(rig, UID_A)
    await collector.nth(CardTapped, 1)
    await tap(rig, UID_B)  # laid over the first one: vpcd may show it as no change of presence
    assert (await collector.nth(CardTapped, 2)).uid == UID_B
    assert [type(event) for event in collector.events[-3:]] == [CardTapped, CardRemoved, CardTapped]


async def test_the_card_that_lies_there_is_read_anew(
    rig: Rig, reader: PcscCardReader, collector: Collector
) -> None:
    assert await reader.cards_there() == ()
    await tap(rig, UID_A)
    await collector.nth(CardTapped, 1)
    assert await reader.cards_there() == (UID_A,)
    await tap(rig, UID_B)  # pcscd may still take it for the one before
    async with asyncio.timeout(DEADLINE_S):
        while (there := await reader.cards_there()) != (UID_B,):
            assert UID_A not in there
        while len(collector.of(CardTapped)) < 2:  # a look finds what pcscd has not seen
            await reader.cards_there()
        await asyncio.to_thread(rig.remove)
        while await reader.cards_there():  # noqa: ASYNC110  cards have no asyncio side
            await asyncio.sleep(0.01)


async def test_a_card_that_lies_there_at_the_start_is_no_tap(
    rig: Rig, collector: Collector, reader: PcscCardReader
) -> None:
    await tap(rig, UID_A)
    await collector.nth(CardTapped, 1)
    second = Collector()
    late = PcscCardReader("late", Options(port=rig.reader_name), second.bridge, rig.pcsc)
    await late.open()
    await second.state(DeviceState.OK)
    await asyncio.to_thread(rig.remove)
    await second.nth(CardRemoved, 1)
    await late.close()
    assert second.of(CardTapped) == []


async def test_the_daemon_killed_and_back_needs_no_restart(
    rig: Rig, reader: PcscCardReader, collector: Collector
) -> None:
    await asyncio.to_thread(rig.kill_daemon)
    await collector.state(DeviceState.ABSENT, "no_daemon")
    assert "pcscd" in reader.status.hint
    await asyncio.to_thread(rig.start_daemon)
    await collector.state(DeviceState.OK)
    await tap(rig, UID_A)
    assert (await collector.nth(CardTapped, 1)).uid == UID_A


async def test_a_card_without_a_uid_is_told_and_the_next_one_read(
    rig: Rig, reader: PcscCardReader, collector: Collector
) -> None:
    card = VirtualCard(UID_A)
    card.answers.append(NOT_SUPPORTED)
    await asyncio.to_thread(rig.insert, card)
    assert (await collector.nth(CardUnread, 1)).reason == "no_uid"
    await asyncio.to_thread(rig.remove)
    await collector.nth(CardRemoved, 1)
    await tap(rig, UID_B)
    assert (await collector.nth(CardTapped, 1)).uid == UID_B


async def test_a_card_pulled_in_mid_exchange_is_never_a_tap(
    rig: Rig, reader: PcscCardReader, collector: Collector
) -> None:
    card = VirtualCard(UID_A)
    card.answers.append(None)
    await asyncio.to_thread(rig.insert, card)
    await collector.nth(CardUnread, 1)
    await tap(rig, UID_B)
    assert (await collector.nth(CardTapped, 1)).uid == UID_B
    assert len(collector.of(CardTapped)) == 1


async def test_two_readers_at_once_tell_their_own_cards(rig: Rig, collector: Collector) -> None:
    """Both are watched by one driver, which tells two taps however near they are."""
    reader = PcscCardReader("both", Options(), collector.bridge, rig.pcsc)
    await reader.open()
    await collector.state(DeviceState.OK)
    async with asyncio.TaskGroup() as hands:
        for slot, uid in enumerate((UID_A, UID_B)):
            hands.create_task(asyncio.to_thread(rig.insert, VirtualCard(uid), slot))
    await collector.nth(CardTapped, 2)
    assert {tapped.uid for tapped in collector.of(CardTapped)} == {UID_A, UID_B}
    for slot in (0, 1):
        await asyncio.to_thread(rig.remove, slot)
    await collector.nth(CardRemoved, 2)
    await reader.close()
    await asyncio.to_thread(rig.close)


@pytest.fixture
async def number_reader(rig: Rig, collector: Collector) -> AsyncIterator[PcscCardReader]:
    """Reads the number that the former system wrote: four bytes of block 5, from the second on."""
    place = NumberPlace(block=5, key=KEY, key_type="a", at=1, size=4)
    options = Options(port=rig.reader_name)
    driver = PcscCardReader("counter", options, collector.bridge, rig.pcsc, place)
    await driver.open()
    await collector.state(DeviceState.OK)
    yield driver
    await driver.close()
    await asyncio.to_thread(rig.close)


def number_card(block: bytes, key: bytes = KEY) -> VirtualCard:
    return VirtualCard(UID_A, Sector(1, key, (bytes(16), block, bytes(16))))


@pytest.mark.covers("A370")
async def test_a_number_in_a_sector_is_read_instead_of_the_uid(
    rig: Rig, number_reader: PcscCardReader, collector: Collector
) -> None:
    await asyncio.to_thread(rig.insert, number_card(b"\x07" + NUMBER + bytes(11)))
    assert (await collector.nth(CardTapped, 1)).uid == NUMBER


@pytest.mark.parametrize(
    "card",
    [
        lambda: VirtualCard(UID_A),
        lambda: number_card(NUMBER * 4, key=bytes(6)),
        lambda: number_card(bytes(16)),
        lambda: number_card(b"\xff" * 16),
    ],
    ids=["no_sector", "other_key", "blank", "erased"],
)
async def test_a_card_without_the_number_is_told_and_never_known_by_its_uid(
    rig: Rig,
    number_reader: PcscCardReader,
    collector: Collector,
    card: Callable[[], VirtualCard],
) -> None:
    await asyncio.to_thread(rig.insert, card())
    assert (await collector.nth(CardUnread, 1)).reason == "no_number"
    await asyncio.to_thread(rig.remove)
    await collector.nth(CardRemoved, 1)
    assert collector.of(CardTapped) == []


@pytest.fixture
async def chip_reader(rig: Rig, collector: Collector) -> AsyncIterator[PcscCardReader]:
    options = Options(port=rig.reader_name, known_by="chip")
    driver = PcscCardReader("counter", options, collector.bridge, rig.pcsc)
    await driver.open()
    await collector.state(DeviceState.OK)
    yield driver
    await driver.close()
    await asyncio.to_thread(rig.close)


@pytest.mark.covers("A370", "A371")
@pytest.mark.parametrize("says", ["whole", "6C", "61"])
async def test_a_contact_card_is_known_by_its_chips_serial_number(
    rig: Rig, chip_reader: PcscCardReader, collector: Collector, says: str
) -> None:
    await asyncio.to_thread(rig.insert, ChipCard(SERIAL, says))
    assert (await collector.nth(CardTapped, 1)).uid == SERIAL
    assert await chip_reader.cards_there() == (SERIAL,)


@pytest.mark.parametrize(
    "card",
    [lambda: ChipCard(bytes(8)), lambda: VirtualCard(UID_A)],
    ids=["blank", "contactless"],
)
async def test_a_card_without_a_chips_number_is_told_and_never_a_tap(
    rig: Rig,
    chip_reader: PcscCardReader,
    collector: Collector,
    card: Callable[[], VirtualCard],
) -> None:
    await asyncio.to_thread(rig.insert, card())
    assert (await collector.nth(CardUnread, 1)).reason == "no_number"
    await asyncio.to_thread(rig.remove)
    await collector.nth(CardRemoved, 1)
    assert collector.of(CardTapped) == []


async def test_only_readers_that_fit_the_pattern_are_watched(
    rig: Rig, reader: PcscCardReader, collector: Collector
) -> None:
    other = Collector()
    elsewhere = PcscCardReader("sam", Options(port="* SAM *"), other.bridge, rig.pcsc)
    await elsewhere.open()
    await other.state(DeviceState.ABSENT, "no_reader")
    await tap(rig, UID_A)
    await collector.nth(CardTapped, 1)
    await elsewhere.close()
    assert other.of(CardTapped) == []


async def test_closing_ends_the_thread_and_may_be_done_twice(
    rig: Rig, reader: PcscCardReader
) -> None:
    assert any(thread.name == "pcsc:counter" for thread in threading.enumerate())
    async with asyncio.timeout(DEADLINE_S):
        await reader.close()
        await reader.close()
    assert not any(thread.name == "pcsc:counter" for thread in threading.enumerate())
