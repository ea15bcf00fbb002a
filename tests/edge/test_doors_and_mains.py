"""A whole box whose door has an exit button, and whose mains fails."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from edge import app
from edge.configuration import read
from edge.drivers.fake.cafe import DOOR_RELAY, DOOR_RELAY_PIN, VirtualCafe
from edge.drivers.fake.pcsc import VirtualReaders
from tests.edge.desk.counter import CASHIER, PIN, HandHub, MovedClock, furnish_hub
from tests.edge.test_box import Box, toml, write_identity
from tests.ports import free_port

EXIT_PIN, MAINS_PIN = 22, 23
WAIT_S = 60


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    readers = VirtualReaders(tmp_path / "readers.sock")
    cafe = VirtualCafe(tmp_path / "devices", readers.reader_names[0], readers.slots[0])
    devices = cafe.device_tables()
    for table in devices:
        if table["name"] == DOOR_RELAY:
            table["exit_pin"] = EXIT_PIN
    mains = {"kind": "power_input", "driver": "gpio", "name": "mains", "pin": MAINS_PIN}
    tables: dict[str, dict[str, object]] = {
        "box": {"listen_port": free_port(), "language": "en"},
        "stacks": dict(cafe.stacks_table(f"fake:{tmp_path / 'readers.sock'}")),
    }
    loaded = read(toml(tables, [*devices, {**mains, "back_ms": 50}]), tmp_path)
    write_identity(loaded.data_dir, free_port())
    try:
        async with (
            app.running(loaded) as running,
            aiohttp.ClientSession(
                loaded.address, cookie_jar=aiohttp.CookieJar(unsafe=True)
            ) as client,
        ):
            await furnish_hub(HandHub(running.store, MovedClock()))
            opened = Box(running, cafe, client)
            await opened.do("log_in", staff=CASHIER, pin=PIN)
            await opened.do("open_shift")
            yield opened
    finally:
        cafe.close()
        readers.close()


async def text_of(box: Box, path: str) -> str:
    async with box.client.get(path) as response:
        assert response.status == 200
        return await response.text()


async def until_text(box: Box, path: str, words: str, *, there: bool = True) -> None:
    """Wait until a page has words, or has them no more."""
    async with asyncio.timeout(WAIT_S):
        while (words in await text_of(box, path)) is not there:  # noqa: ASYNC110  the page's own
            await asyncio.sleep(0.02)


async def test_the_exit_button_opens_the_door_and_is_counted(box: Box) -> None:
    box.cafe.board.drive(EXIT_PIN, 0)
    await box.until(lambda: len(box.cafe.door_openings) == 1)
    box.cafe.board.drive(EXIT_PIN, 1)
    await box.until(lambda: box.cafe.board.level(DOOR_RELAY_PIN) == 0)
    await until_text(box, "/metrics", 'cafebox_door_pulses_total{outcome="exit"} 1.0')


async def test_a_mains_that_fails_and_comes_back_is_on_the_page(box: Box) -> None:
    box.cafe.board.drive(MAINS_PIN, 0)
    await until_text(box, "/", "data-mains-failed")
    await until_text(box, "/metrics", "cafebox_mains_failed 1.0")
    assert (await box.post("add_line", sku="HOUR"))["code"] == "power_failed"
    box.cafe.board.drive(MAINS_PIN, 1)
    await until_text(box, "/", "data-mains-failed", there=False)
    await box.do("add_line", sku="HOUR")


async def test_a_door_counter_shows_who_is_inside(box: Box) -> None:
    box.cafe.break_beam()
    await until_text(box, "/", 'data-inside="1"')
    await until_text(box, "/metrics", "cafebox_people_inside 1.0")
