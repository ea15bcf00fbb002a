"""The contract of customer displays, on a pseudo-terminal with a virtual display behind it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from edge.drivers import serial_customer_display
from edge.drivers.contract import CustomerDisplay
from edge.drivers.display_bytes import RENDERERS, row
from edge.drivers.errors import DeviceAbsentError, DeviceFaultError
from edge.drivers.fake.display import VirtualDisplay
from edge.drivers.fake.outlets import PtyOutlet
from edge.drivers.stacks import Stacks
from edge.events import DeviceState, DeviceStateChanged
from tests.contracts.collector import Collector
from tests.stack import eventually

DEADLINE_S = 60
DUE = ("可乐             2件", "应收            9.00")
THANKS = ("PAID            9.00", "THANK YOU")
MUCH = "长" * 200


@pytest.fixture
def glass(tmp_path: Path) -> Iterator[VirtualDisplay]:
    """The virtual display, plugged in."""
    display = VirtualDisplay(PtyOutlet(tmp_path / "display"))
    yield display
    display.close()


@pytest.fixture(params=RENDERERS)
async def display(
    request: pytest.FixtureRequest, glass: VirtualDisplay, tmp_path: Path, collector: Collector
) -> AsyncIterator[CustomerDisplay]:
    """The driver, open and well."""
    table = {
        "port": str(tmp_path / "display"),
        "commands": request.param,
        "stall_ms": 300,
        "look_every_ms": 40,
    }
    driver = serial_customer_display.build("customer", table, "d", collector.bridge, Stacks())
    await driver.open()
    await collector.state(DeviceState.OK)
    yield driver
    await driver.close()


async def shows(glass: VirtualDisplay, first: str, second: str) -> None:
    wanted = (first.rstrip(), second.rstrip())
    await eventually(lambda: glass.rows == wanted, f"{wanted}; it shows {glass.rows}", DEADLINE_S)


async def fill(display: CustomerDisplay) -> None:
    """Show lines until the kernel holds no more of them."""
    while True:
        await display.show_lines(MUCH, MUCH)


@pytest.mark.covers("A372")
async def test_two_lines_stand_on_it_and_nothing_of_those_before(
    display: CustomerDisplay, glass: VirtualDisplay
) -> None:
    await display.show_lines(*DUE)
    await shows(glass, *DUE)
    await display.show_lines(*THANKS)
    await shows(glass, *THANKS)
    await display.show_lines("", "找零")
    await shows(glass, "", "找零")
    await display.show_qr("CB1:sale")
    await shows(glass, "", "找零")
    assert glass.unknown == []


async def test_a_display_that_comes_back_shows_what_it_missed(
    display: CustomerDisplay, glass: VirtualDisplay, collector: Collector
) -> None:
    await display.show_lines(*DUE)
    await asyncio.to_thread(glass.unplug)
    await collector.state(DeviceState.ABSENT, "no_port")
    with pytest.raises(DeviceAbsentError):
        await display.show_lines(*THANKS)
    await asyncio.to_thread(glass.plug)
    await collector.state(DeviceState.OK)
    await shows(glass, *THANKS)


async def test_one_that_takes_no_bytes_is_at_fault_and_holds_nobody_up_for_ever(
    display: CustomerDisplay, glass: VirtualDisplay, collector: Collector
) -> None:
    glass.set_stalled(True)
    with pytest.raises(DeviceFaultError):
        await fill(display)
    states = collector.of(DeviceStateChanged)
    assert (DeviceState.DEGRADED, "stalled") in {(one.state, one.reason) for one in states}
    glass.set_stalled(False)
    await collector.state(DeviceState.OK)


async def test_closing_answers_and_may_be_repeated(display: CustomerDisplay) -> None:
    await display.close()
    await display.close()
    with pytest.raises(DeviceAbsentError) as caught:
        await display.show_lines(*DUE)
    assert caught.value.reason == "not_opened"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("可乐", "可乐".encode("gb18030") + b" " * 16),
        ("长" * 11, ("长" * 10).encode("gb18030")),
        ("a" + "长" * 10, ("a" + "长" * 9).encode("gb18030") + b" "),
        ("Bob\x1b@\r\x0c!", b"Bob @  !" + b" " * 12),
        ("😀x", b"??x" + b" " * 17),
    ],
)
def test_a_row_is_exactly_as_wide_as_the_display_and_commands_nothing(
    text: str, shown: bytes
) -> None:
    assert row(text, "gb18030") == shown
    assert len(shown) == 20
