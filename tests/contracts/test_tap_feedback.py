"""The contract of a reader's own light and buzzer: on a real pcscd and on the fake PC/SC stack."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

import pytest

from edge.drivers.errors import DeviceAbsentError
from edge.drivers.fake.card import VirtualCard
from edge.drivers.fake.pcsc import READER_NAMES, FakePcsc
from edge.drivers.fake.virtual_pcscd import VirtualPcscd
from edge.drivers.pcsc_tap_feedback import (
    ACCEPTED,
    OWN_BEEP_OFF,
    REFUSED,
    Options,
    PcscTapFeedback,
)
from edge.drivers.stacks import PcscStack, Stacks
from edge.drivers.winscard import PROTOCOL_T0_OR_T1, SCOPE_USER, SHARE_SHARED, SUCCESS, code_of
from edge.events import DeviceState
from tests.contracts.collector import DEADLINE_S, Collector

UID = bytes.fromhex("04A1B2C3")
OFF, GOOD, BAD = bytes(OWN_BEEP_OFF), bytes(ACCEPTED), bytes(REFUSED)


class Rig:
    """A reader with a card on it."""

    def __init__(self, pcsc: PcscStack, name: str, lay: Callable[[VirtualCard], object]) -> None:
        self.pcsc, self.name = pcsc, name
        self.card = VirtualCard(UID)
        lay(self.card)

    def wait_for_card(self) -> None:
        """Return once the reader has seen it."""
        _, context = self.pcsc.SCardEstablishContext(SCOPE_USER)
        result = -1
        while result != SUCCESS:
            code, card, _ = self.pcsc.SCardConnect(
                context, self.name, SHARE_SHARED, PROTOCOL_T0_OR_T1
            )
            result = code_of(code)
        self.pcsc.SCardDisconnect(card, 0)
        self.pcsc.SCardReleaseContext(context)


@pytest.fixture(params=["fake", "pcscd"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    if request.param == "fake":
        fake = FakePcsc()
        yield Rig(fake, READER_NAMES[0], lambda card: fake.insert(0, card))
        return
    pcscd: VirtualPcscd = request.getfixturevalue("private_pcscd")
    slot = pcscd.slots[0]
    yield Rig(Stacks().pcsc, pcscd.reader_names[0], slot.insert)
    await asyncio.to_thread(slot.remove)


@pytest.fixture
async def lamp(rig: Rig, collector: Collector) -> AsyncIterator[PcscTapFeedback]:
    await asyncio.to_thread(rig.wait_for_card)
    driver = PcscTapFeedback("lamp", Options(port=rig.name), collector.bridge, rig.pcsc)
    await driver.open()
    await collector.state(DeviceState.OK)
    yield driver
    await driver.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110  cards have no asyncio side
            await asyncio.sleep(0.005)


async def test_an_accepted_and_a_refused_tap_are_told_apart(
    rig: Rig, lamp: PcscTapFeedback
) -> None:
    lamp.signal(accepted=True)
    await until(lambda: rig.card.signals == [OFF, GOOD])
    lamp.signal(accepted=False)
    await until(lambda: rig.card.signals == [OFF, GOOD, BAD])


async def test_closing_ends_the_thread(rig: Rig, lamp: PcscTapFeedback) -> None:
    await lamp.close()
    await lamp.close()
    assert not any(thread.name == "tells:lamp" for thread in threading.enumerate())
    with pytest.raises(DeviceAbsentError):
        lamp.signal(accepted=True)


async def test_a_reader_without_a_card_is_told_by_its_driver(collector: Collector) -> None:
    fake = FakePcsc()
    lamp = PcscTapFeedback("lamp", Options(port=READER_NAMES[0]), collector.bridge, fake)
    await lamp.open()
    lamp.signal(accepted=False)
    await until(lambda: fake.escapes == [OFF, BAD])
    await lamp.close()


async def test_a_reader_that_is_unplugged_is_told_and_found_again(collector: Collector) -> None:
    fake = FakePcsc(READER_NAMES[:1])
    lamp = PcscTapFeedback("lamp", Options(port="*"), collector.bridge, fake)
    await lamp.open()
    await collector.state(DeviceState.OK)
    fake.unplug(READER_NAMES[0])
    lamp.signal(accepted=True)
    await collector.state(DeviceState.ABSENT, "no_reader")
    fake.plug(READER_NAMES[0])
    lamp.signal(accepted=True)
    await collector.state(DeviceState.OK)
    await until(lambda: fake.escapes[-1:] == [GOOD])
    await lamp.close()
