"""The card reader where only a fake can play: replugging, outages under a card, bad answers."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from edge.drivers.fake.card import VirtualCard
from edge.drivers.fake.pcsc import READER_NAMES, FakePcsc
from edge.drivers.pcsc_card_reader import Options, PcscCardReader
from edge.events import CardRemoved, CardTapped, CardUnread, DeviceState
from tests.contracts.collector import DEADLINE_S, Collector

UID = bytes.fromhex("04A1B2C3")
OTHER_UID = bytes.fromhex("04A1B2C4")


@pytest.fixture
def fake() -> FakePcsc:
    return FakePcsc()


@pytest.fixture
async def collector() -> Collector:
    return Collector()


@pytest.fixture
async def reader(fake: FakePcsc, collector: Collector) -> AsyncIterator[PcscCardReader]:
    """Watches every reader there is."""
    driver = PcscCardReader("counter", Options(), collector.bridge, fake)
    await driver.open()
    await collector.state(DeviceState.OK)
    yield driver
    await driver.close()


async def test_readers_unplugged_and_plugged_in_again(
    fake: FakePcsc, reader: PcscCardReader, collector: Collector
) -> None:
    fake.unplug(READER_NAMES[0])
    fake.unplug(READER_NAMES[1])
    await collector.state(DeviceState.ABSENT, "no_reader")
    fake.plug(READER_NAMES[1])
    await collector.state(DeviceState.OK)
    fake.insert(1, VirtualCard(UID))
    assert (await collector.nth(CardTapped, 1)).uid == UID


async def test_two_readers_tell_their_own_cards(
    fake: FakePcsc, reader: PcscCardReader, collector: Collector
) -> None:
    fake.insert(0, VirtualCard(UID))
    fake.insert(1, VirtualCard(OTHER_UID))
    await collector.nth(CardTapped, 2)
    assert {tapped.uid for tapped in collector.of(CardTapped)} == {UID, OTHER_UID}


async def test_a_card_that_lies_through_an_outage_is_one_tap(
    fake: FakePcsc, reader: PcscCardReader, collector: Collector
) -> None:
    fake.insert(0, VirtualCard(UID))
    await collector.nth(CardTapped, 1)
    fake.stop_daemon()
    await collector.state(DeviceState.ABSENT, "no_daemon")
    fake.start_daemon()
    await collector.state(DeviceState.OK)
    fake.remove(0)
    await collector.nth(CardRemoved, 1)
    assert len(collector.of(CardTapped)) == 1


async def test_a_card_changed_during_an_outage_is_a_tap(
    fake: FakePcsc, reader: PcscCardReader, collector: Collector
) -> None:
    fake.insert(0, VirtualCard(UID))
    await collector.nth(CardTapped, 1)
    fake.stop_daemon()
    await collector.state(DeviceState.ABSENT, "no_daemon")
    fake.insert(0, VirtualCard(OTHER_UID))
    fake.start_daemon()
    assert (await collector.nth(CardTapped, 2)).uid == OTHER_UID
    assert len(collector.of(CardRemoved)) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (bytes.fromhex("6300"), "card_mute"),
        (bytes.fromhex("9000"), "no_uid"),
        (bytes(3) + bytes.fromhex("9000"), "no_uid"),
        (bytes(11) + bytes.fromhex("9000"), "no_uid"),
        (b"\x90", "card_mute"),
        (b"", "card_mute"),
    ],
)
async def test_an_answer_that_is_no_uid_is_told_and_never_a_tap(
    fake: FakePcsc, reader: PcscCardReader, collector: Collector, answer: bytes, reason: str
) -> None:
    card = VirtualCard(UID)
    card.answers.extend([answer] * 100)
    fake.insert(0, card)
    assert (await collector.nth(CardUnread, 1)).reason == reason
    assert reader.status.state == DeviceState.OK
    fake.remove(0)
    await collector.nth(CardRemoved, 1)
    assert collector.of(CardTapped) == []


async def test_a_card_that_is_offered_under_no_protocol_is_read_raw(
    fake: FakePcsc, reader: PcscCardReader, collector: Collector
) -> None:
    fake.offers_raw_only = True
    fake.insert(0, VirtualCard(UID))
    assert (await collector.nth(CardTapped, 1)).uid == UID
    assert await reader.cards_there() == (UID,)


async def test_a_card_that_answers_late_is_read_without_a_new_tap(
    fake: FakePcsc, reader: PcscCardReader, collector: Collector
) -> None:
    card = VirtualCard(UID)
    # one more than the attempts of the first reading, as an ACR122U and as pcscd say it
    card.answers.extend([b"", bytes.fromhex("6300")] * 2)
    fake.insert(0, card)
    assert (await collector.nth(CardTapped, 1)).uid == UID
    assert [unread.reason for unread in collector.of(CardUnread)] == ["card_mute"]
    assert collector.of(CardRemoved) == []


async def test_a_daemon_that_lets_nobody_in_is_told_apart(
    fake: FakePcsc, collector: Collector
) -> None:
    fake.forbids = True
    driver = PcscCardReader("counter", Options(), collector.bridge, fake)
    await driver.open()
    await collector.state(DeviceState.ABSENT, "no_permission")
    fake.forbids = False
    await collector.state(DeviceState.OK)
    await driver.close()


async def test_a_daemon_that_is_down_tells_no_card(
    fake: FakePcsc, reader: PcscCardReader, collector: Collector
) -> None:
    fake.insert(0, VirtualCard(UID))
    await collector.nth(CardTapped, 1)
    fake.stop_daemon()
    assert await reader.cards_there() == ()


async def test_closing_while_the_daemon_is_down(fake: FakePcsc, collector: Collector) -> None:
    fake.stop_daemon()
    driver = PcscCardReader("counter", Options(), collector.bridge, fake)
    await driver.open()
    await collector.state(DeviceState.ABSENT, "no_daemon")
    async with asyncio.timeout(DEADLINE_S):
        await driver.close()
