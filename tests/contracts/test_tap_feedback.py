"""The contract of light and sound at the reader: on fake pins, on pcscd and on the fake PC/SC."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Protocol

import pytest

from edge.drivers.contract import TapFeedback
from edge.drivers.errors import DeviceAbsentError, DeviceFaultError
from edge.drivers.fake.card import VirtualCard
from edge.drivers.fake.gpio import FakeGpio
from edge.drivers.fake.pcsc import READER_NAMES, FakePcsc
from edge.drivers.fake.virtual_pcscd import VirtualPcscd
from edge.drivers.gpio_tap_feedback import GpioTapFeedback
from edge.drivers.gpio_tap_feedback import Options as PinOptions
from edge.drivers.pcsc_tap_feedback import ACCEPTED, OWN_BEEP_OFF, REFUSED, PcscTapFeedback
from edge.drivers.pcsc_tap_feedback import Options as ReaderOptions
from edge.drivers.stacks import PcscStack, Stacks
from edge.drivers.winscard import PROTOCOL_T0_OR_T1, SCOPE_USER, SHARE_SHARED, SUCCESS, code_of
from edge.events import DeviceState
from tests.contracts.collector import DEADLINE_S, Collector

GREEN, RED, BUZZER = 22, 23, 24
UID = bytes.fromhex("04A1B2C3")
ACCEPTED_SIGNS, REFUSED_SIGNS = ["accepted"], ["refused"]


class Rig(Protocol):
    """A device, and what a customer saw and heard of it."""

    def feedback(self, collector: Collector) -> TapFeedback: ...
    def signs(self) -> list[str]: ...
    def close(self) -> None: ...


class PinRig:
    """Fake pins."""

    def __init__(self) -> None:
        self.gpio = FakeGpio()

    def feedback(self, collector: Collector) -> TapFeedback:
        options = PinOptions("", GREEN, RED, BUZZER, light_ms=50, beep_ms=20)
        return GpioTapFeedback("lamp", options, collector.bridge, self.gpio)

    def signs(self) -> list[str]:
        """Told once the light is off again and all beeps have sounded."""
        beeps, lights = 0, []
        told = []
        for edge in list(self.gpio.edges):
            if edge.pin == BUZZER:
                beeps += edge.level
            else:
                lights.append((edge.pin, edge.level))
            if (lights, beeps) == ([(GREEN, 1), (GREEN, 0)], 1):
                told.append("accepted")
            elif (sorted(lights), beeps) == ([(RED, 0), (RED, 1)], 3):
                told.append("refused")
            else:
                continue
            lights, beeps = [], 0
        return told

    def close(self) -> None:
        assert all(self.gpio.input(pin) == 0 for pin in (GREEN, RED, BUZZER))


class ReaderRig:
    """An ACR122U with a card on it, by the PC/SC stack of a machine or by the fake one."""

    def __init__(self, pcsc: PcscStack, name: str, lay: Callable[[VirtualCard], object]) -> None:
        self._pcsc, self._name = pcsc, name
        self.card = VirtualCard(UID)
        lay(self.card)
        self._wait_for_card()

    def _wait_for_card(self) -> None:
        _, context = self._pcsc.SCardEstablishContext(SCOPE_USER)
        result = -1
        while result != SUCCESS:
            connected = self._pcsc.SCardConnect(
                context, self._name, SHARE_SHARED, PROTOCOL_T0_OR_T1
            )
            result = code_of(connected[0])
        self._pcsc.SCardDisconnect(connected[1], 0)
        self._pcsc.SCardReleaseContext(context)

    def feedback(self, collector: Collector) -> TapFeedback:
        options = ReaderOptions(port=self._name)
        return PcscTapFeedback("lamp", options, collector.bridge, self._pcsc)

    def signs(self) -> list[str]:
        first, *signals = self.card.signals or [bytes(OWN_BEEP_OFF)]
        assert first == bytes(OWN_BEEP_OFF)
        words = {bytes(ACCEPTED): "accepted", bytes(REFUSED): "refused"}
        return [words[signal] for signal in signals]

    def close(self) -> None:
        """The fixture takes the card away."""


@pytest.fixture(params=["pins", "fake", "pcscd"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    if request.param == "pins":
        yield PinRig()
    elif request.param == "fake":
        fake = FakePcsc()
        yield ReaderRig(fake, READER_NAMES[0], lambda card: fake.insert(0, card))
    else:
        pcscd: VirtualPcscd = request.getfixturevalue("private_pcscd")
        slot = pcscd.slots[0]
        yield await asyncio.to_thread(ReaderRig, Stacks().pcsc, pcscd.reader_names[0], slot.insert)
        await asyncio.to_thread(slot.remove)


@pytest.fixture
async def feedback(rig: Rig, collector: Collector) -> AsyncIterator[TapFeedback]:
    driver = rig.feedback(collector)
    await driver.open()
    await collector.state(DeviceState.OK)
    yield driver
    await driver.close()
    rig.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110  pins and cards have no asyncio side
            await asyncio.sleep(0.005)


async def test_an_accepted_and_a_refused_tap_are_told_apart(
    rig: Rig, feedback: TapFeedback
) -> None:
    feedback.signal(accepted=True)
    await until(lambda: rig.signs() == ["accepted"])
    feedback.signal(accepted=False)
    await until(lambda: rig.signs() == ["accepted", "refused"])


async def test_closing_brings_it_to_rest_and_ends_the_thread(
    rig: Rig, feedback: TapFeedback
) -> None:
    feedback.signal(accepted=False)
    await feedback.close()
    await feedback.close()
    assert not any(thread.name == "tells:lamp" for thread in threading.enumerate())
    with pytest.raises(DeviceAbsentError):
        feedback.signal(accepted=True)


async def test_a_later_signal_takes_an_earlier_ones_place(collector: Collector) -> None:
    gpio = FakeGpio()
    options = PinOptions("", GREEN, RED, light_ms=5000)
    lamp = GpioTapFeedback("lamp", options, collector.bridge, gpio)
    await lamp.open()
    lamp.signal(accepted=True)
    await until(lambda: gpio.input(GREEN) == 1)
    lamp.signal(accepted=False)
    await until(lambda: (gpio.input(GREEN), gpio.input(RED)) == (0, 1))
    await lamp.close()
    assert gpio.input(RED) == 0


async def test_a_pin_that_fails_is_told_with_a_hint(collector: Collector) -> None:
    gpio = FakeGpio()
    lamp = GpioTapFeedback("lamp", PinOptions("", GREEN), collector.bridge, gpio)
    await lamp.open()
    gpio.cleanup(GREEN)  # as another program on the same pin would
    lamp.signal(accepted=True)
    await collector.state(DeviceState.DEGRADED, "pin_fault")
    with pytest.raises(DeviceFaultError):
        lamp.signal(accepted=True)
    gpio.setup(GREEN, gpio.OUT, initial=gpio.LOW)
    await lamp.close()


async def test_a_reader_without_a_card_is_told_by_its_driver(collector: Collector) -> None:
    fake = FakePcsc()
    options = ReaderOptions(port=READER_NAMES[0])
    lamp = PcscTapFeedback("lamp", options, collector.bridge, fake)
    await lamp.open()
    lamp.signal(accepted=False)
    await until(lambda: fake.escapes == [bytes(OWN_BEEP_OFF), bytes(REFUSED)])
    await lamp.close()


async def test_a_reader_that_is_unplugged_is_told_and_found_again(collector: Collector) -> None:
    fake = FakePcsc(READER_NAMES[:1])
    lamp = PcscTapFeedback("lamp", ReaderOptions(port="*"), collector.bridge, fake)
    await lamp.open()
    await collector.state(DeviceState.OK)
    fake.unplug(READER_NAMES[0])
    lamp.signal(accepted=True)
    await collector.state(DeviceState.ABSENT, "no_reader")
    fake.plug(READER_NAMES[0])
    lamp.signal(accepted=True)
    await collector.state(DeviceState.OK)
    await lamp.close()
