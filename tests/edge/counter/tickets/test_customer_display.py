"""What the customer reads: two lines of 20 columns that follow tap, ticket and payment."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge.domain.customer_display import COLUMNS, DisplayLines, due, greeting, paid, width
from edge.drivers import serial_customer_display
from edge.drivers.bridge import Bridge
from edge.drivers.display_bytes import RENDERERS
from edge.drivers.errors import DeviceAbsentError, Reason
from edge.drivers.fake.display import VirtualDisplay
from edge.drivers.fake.outlets import PtyOutlet
from edge.drivers.stacks import Stacks
from edge.effects.customer_display import CustomerDisplay
from tests.edge.counter.tickets.conftest import Desk
from tests.stack import eventually

LONG = "超级无敌霹雳大杯可乐加冰加柠檬"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "lines",
    [
        lambda language: due(language, LONG, 12, 1_234_500),
        lambda language: greeting(language, LONG, 5_000_000),
        lambda language: paid(language, 10_000, 3_250),
        lambda language: paid(language, 10_000, 0),
    ],
    ids=["due", "greeting", "change", "paid"],
)
def test_no_line_is_wider_than_the_display(language: str, lines) -> None:
    shown = lines(language)
    assert max(width(shown.first), width(shown.second)) <= COLUMNS


def test_amounts_stand_at_the_right_edge() -> None:
    shown = due("zh", "可乐", 2, 900)
    assert shown == DisplayLines("可乐             2件", "应收            9.00")
    assert width(shown.first) == width(shown.second) == COLUMNS


@dataclass
class RecordedDisplay:
    """A display that keeps what it showed; `away` answers like an unplugged one."""

    name: str = "customer"
    shown: list[tuple[str, ...]] = field(default_factory=list)
    away: bool = False
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def show_lines(self, first: str, second: str) -> None:
        if self.away:
            raise DeviceAbsentError("show", self.name, Reason.SILENT)
        self.shown.append((first, second))
        self.arrived.set()

    async def show_qr(self, content: str) -> None:
        self.shown.append((content,))
        self.arrived.set()

    async def wait_for(self, text: str) -> None:
        """Wait until a line that holds `text` was shown."""
        async with asyncio.timeout(60):
            while not any(text in line for lines in self.shown for line in lines):
                self.arrived.clear()
                await self.arrived.wait()


@pytest.fixture
async def display(till: Desk) -> AsyncIterator[RecordedDisplay]:
    """A display at the desk's counter, wired as the composition root does it."""
    desk, recorded = till.shop.counter.desk, RecordedDisplay()
    object.__setattr__(desk._effects, "customer_display", CustomerDisplay([recorded], "zh"))
    showing = asyncio.create_task(desk.customer_screen.run())
    await recorded.wait_for("欢迎光临")
    yield recorded
    showing.cancel()
    await asyncio.gather(showing, return_exceptions=True)


async def test_the_display_follows_tap_ticket_and_payment(
    till: Desk, display: RecordedDisplay
) -> None:
    shop = till.shop
    member = await shop.member()
    await shop.done("top_up", member=member, amount_fen=5_000, tender="cash")
    await shop.done("show_member", member=member)
    await display.wait_for("50.00")
    await shop.done("add_line", sku="COLA", quantity=2)
    await display.wait_for("可乐")
    await display.wait_for("9.00")
    await shop.done("pay", expected_total_fen=900, tender="cash", received_fen=2_000)
    await display.wait_for("找零           11.00")
    await display.wait_for("CB1:sale:")


@pytest.mark.covers("A372", "A417")
@pytest.mark.parametrize("commands", RENDERERS)
async def test_the_sale_stands_on_a_serial_display(
    till: Desk, tmp_path: Path, commands: str
) -> None:
    """The desk's lines, the driver, a line, and a display that reads its commands."""
    glass = VirtualDisplay(PtyOutlet(tmp_path / "display"))
    table = {"port": str(tmp_path / "display"), "commands": commands}
    driver = serial_customer_display.build(
        "customer", table, "d", Bridge(lambda _event: None), Stacks()
    )
    await driver.open()
    desk = till.shop.counter.desk
    object.__setattr__(desk._effects, "customer_display", CustomerDisplay([driver], "zh"))
    showing = asyncio.create_task(desk.customer_screen.run())
    await eventually(lambda: glass.rows[1] == "欢迎光临", "the welcome", 60)
    await till.shop.done("add_line", sku="COLA", quantity=2)
    wanted = ("可乐             2件", "应收           10.00")
    await eventually(lambda: glass.rows == wanted, "what is due", 60)
    showing.cancel()
    await asyncio.gather(showing, return_exceptions=True)
    await driver.close()
    glass.close()
    assert glass.unknown == []


async def test_a_display_that_is_away_stops_nobody_and_shows_the_next_change(
    till: Desk, display: RecordedDisplay
) -> None:
    shop = till.shop
    display.away = True
    await shop.done("add_line", sku="COLA")
    await shop.done("add_line", sku="NOODLE")
    display.away = False
    await shop.done("add_line", sku="HOUR")
    await display.wait_for("13.00")
