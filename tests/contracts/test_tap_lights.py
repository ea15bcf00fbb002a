"""The contract of lights and a buzzer on pins; see `conftest` for what the pins are."""

import threading

import pytest

from edge.drivers.errors import DeviceAbsentError
from edge.drivers.gpio_tap_feedback import GpioTapFeedback, Options
from edge.events import DeviceState, DeviceStateChanged
from tests.contracts.collector import Collector
from tests.contracts.walls import Wall, edges_of, shown

GREEN, RED, BUZZER = 22, 23, 17
BRIEF_MS, LONG_MS = 300, 5000


async def opened(wall: Wall, collector: Collector, light_ms: int) -> GpioTapFeedback:
    options = Options("", GREEN, RED, BUZZER, light_ms=light_ms)
    lamp = GpioTapFeedback("lamp", options, collector.bridge, wall.gpio)
    await lamp.open()
    await collector.state(DeviceState.OK)
    for pin in (GREEN, RED, BUZZER):
        await shown(wall, pin, 0)
    return lamp


async def test_an_accepted_tap_is_green_and_one_beep_a_refused_one_red_and_three(
    near_wall: Wall, collector: Collector
) -> None:
    lamp = await opened(near_wall, collector, BRIEF_MS)
    edges = 0
    for accepted, light, beeps in ((True, GREEN, 1), (False, RED, 3)):
        lamp.signal(accepted=accepted)
        edges += 2 * beeps
        told = await edges_of(near_wall, BUZZER, edges)
        assert [edge.level for edge in told] == [1, 0] * (edges // 2)
        await shown(near_wall, light, 0)
    await lamp.close()
    assert len(near_wall.edges(BUZZER)) == edges


async def test_a_later_signal_takes_an_earlier_ones_place(
    near_wall: Wall, collector: Collector
) -> None:
    lamp = await opened(near_wall, collector, LONG_MS)
    lamp.signal(accepted=True)
    await shown(near_wall, GREEN, 1)
    lamp.signal(accepted=False)
    await shown(near_wall, RED, 1)
    assert near_wall.level(GREEN) == 0
    await lamp.close()


async def test_closing_puts_all_out_and_ends_the_thread(
    near_wall: Wall, collector: Collector
) -> None:
    lamp = await opened(near_wall, collector, LONG_MS)
    lamp.signal(accepted=True)
    await shown(near_wall, GREEN, 1)
    await lamp.close()
    await lamp.close()
    assert [near_wall.level(pin) for pin in (GREEN, RED, BUZZER)] == [0, 0, 0]
    assert not any(thread.name == "tells:lamp" for thread in threading.enumerate())
    with pytest.raises(DeviceAbsentError):
        lamp.signal(accepted=True)


async def test_a_pin_that_failed_is_told_and_shines_at_the_next_tap(
    near_wall: Wall, collector: Collector
) -> None:
    lamp = await opened(near_wall, collector, LONG_MS)
    near_wall.gpio.cleanup(GREEN)  # as another program on the same pin would
    lamp.signal(accepted=True)
    await collector.until(
        lambda: any(told.reason == "pin_fault" for told in collector.of(DeviceStateChanged)),
        "fault",
    )
    lamp.signal(accepted=True)
    await shown(near_wall, GREEN, 1)
    await lamp.close()
