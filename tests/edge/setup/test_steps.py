"""The steps after the code: devices, test slip, first card, and the page that is gone then."""

import asyncio
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
import pytest_asyncio

from edge import app, first_boot
from edge.drivers.fake.printer import Paper
from edge.setup import gate
from edge.web.setup import pages
from tests.edge.setup.conftest import Bench, Hub, Technician

pytestmark = pytest.mark.asyncio(loop_scope="module")

CARD = bytes.fromhex("04A1B2C3D4E5F6")
READER = ("use", "card_reader/pcsc@Fake PICC")
WAIT_S = 60
NO_SOONER_S = 3600.0
"""So that a slow machine does not outwait what is tested."""


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not holds():  # noqa: ASYNC110  # devices tell threads, not this loop
            await asyncio.sleep(0.01)


def printer_at(bench: Bench) -> tuple[str, str]:
    place = bench.printer_port
    return (f"use@{place}", f"receipt_printer/serial@{place}")


@pytest_asyncio.fixture(loop_scope="module")
async def technician(bench: Bench, hub: Hub) -> AsyncIterator[Technician]:
    """One whose code was taken."""
    async with bench.first_boot() as opened:
        assert await opened.send("/setup/language", ("language", "en")) == "/setup/code"
        assert await opened.enrol(hub) == "/setup/devices"
        yield opened


async def test_nothing_is_shown_or_taken_before_the_pin(bench: Bench, hub: Hub) -> None:
    async with bench.first_boot(known=False) as stranger:
        for path in ("/", "/setup", "/setup/code", "/setup/devices", "/setup/events"):
            assert await stranger.see(path) == "/setup/pin"
        assert stranger.setup.pin not in stranger.page
        for path in ("code", "language", "devices", "slip", "card", "devices/look"):
            await stranger.send(f"/setup/{path}", ("hub", hub.url), ("code", await hub.code()))
            assert stranger.status == 403
        await stranger.send("/setup/pin", ("pin", "no pin"))
        assert (stranger.status, "setup_pin_wrong" in stranger.page) == (422, True)
        assert first_boot.is_needed(bench.configuration())
        await stranger.see("/healthz")
        assert (stranger.status, '"setting_up": true' in stranger.page) == (200, True)


async def test_another_sites_page_cannot_set_the_box_up(bench: Bench) -> None:
    async with bench.first_boot() as technician:
        headers = {"Sec-Fetch-Site": "cross-site"}
        form = {"language": "en"}
        async with technician.client.post("/setup/language", data=form, headers=headers) as answer:
            assert answer.status == 403


async def test_the_page_says_what_was_found_and_what_was_not(
    technician: Technician, bench: Bench
) -> None:
    assert READER[1] in technician.page
    assert bench.printer_port in technician.page
    bench.unplug_printer()
    assert await technician.send("/setup/devices/look") == "/setup/devices"
    assert bench.printer_port not in technician.page
    await technician.send("/setup/devices", printer_at(bench))
    assert (technician.status, "setup_device_gone" in technician.page) == (422, True)
    assert bench.configuration().devices == ()


async def test_a_port_that_is_asked_says_what_hangs_on_it(
    technician: Technician, bench: Bench
) -> None:
    place = bench.printer_port
    assert f'name="use@{place}"' in technician.page  # a person has to say
    await technician.send("/setup/devices/look")
    assert f'name="use@{place}"' not in technician.page
    assert f'value="receipt_printer/serial@{place}" checked' in technician.page


@pytest.mark.parametrize(
    ("form", "refusal"),
    [
        ([("port", "ttyUSB0"), ("port_use", "receipt_printer/serial")], "setup_port"),
        ([("port", "/dev/ttyUSB0"), ("port_use", "coffee/machine")], "setup_port"),
        ([("keep", "all")], "setup_number"),
        (
            [("port", "/dev/x"), ("port_use", "receipt_printer/serial"), ("port_baud", "1")],
            "setup_device_refused",
        ),
        ([("port", "/dev/x"), ("port_use", "door_counter/serial")], "setup_device_refused"),
    ],
)
async def test_devices_that_cannot_be_used_are_not_written(
    technician: Technician, bench: Bench, form: list[tuple[str, str]], refusal: str
) -> None:
    before = bench.path.read_text()
    await technician.send("/setup/devices", *form)
    assert (technician.status, technician.at) == (422, "/setup/devices")
    assert f"<code>{refusal}</code>" in technician.page
    assert bench.path.read_text() == before


async def test_confirmed_devices_stand_in_the_file_and_its_comments_stay(
    technician: Technician, bench: Bench, hub: Hub
) -> None:
    where = await technician.send("/setup/devices", READER, printer_at(bench))
    assert where == "/setup/slip"
    text = bench.path.read_text()
    for comment in ("# The box. Every key", "# where it keeps its own", "# as provisioned"):
        assert comment in text
    written = bench.configuration()
    assert (written.hub.url, written.box.language) == (hub.url, "en")
    assert [table["name"] for table in written.devices] == ["counter", "receipts"]
    # Another choice takes the place of this one.
    await technician.see("/setup/devices")
    assert technician.page.count('name="keep"') == 2
    by_hand = [("port", bench.printer_port), ("port_use", "receipt_printer/serial")]
    assert await technician.send("/setup/devices", *by_hand) == "/setup/slip"
    assert [table["kind"] for table in bench.configuration().devices] == ["receipt_printer"]


async def test_a_file_that_cannot_be_written_is_refused(
    technician: Technician, bench: Bench
) -> None:
    before = bench.path.read_text()
    bench.path.with_name(bench.path.name + ".part").mkdir()
    await technician.send("/setup/devices", READER)
    assert (technician.status, "setup_disk" in technician.page) == (422, True)
    assert bench.path.read_text() == before


async def test_the_slip_is_printed_in_both_languages(technician: Technician, bench: Bench) -> None:
    await technician.send("/setup/devices", printer_at(bench))
    await technician.send("/setup/slip")
    assert technician.status == 200
    [slip] = bench.cafe.printer.receipts
    assert "打印测试" in slip.text
    assert "1,234.50" in slip.text


async def test_a_printer_without_paper_says_so(technician: Technician, bench: Bench) -> None:
    await technician.send("/setup/devices", printer_at(bench))
    bench.cafe.printer.set_paper(Paper.OUT)
    await technician.send("/setup/slip")
    assert (technician.status, "setup_slip_failed" in technician.page) == (422, True)
    assert "out of paper" in technician.page
    bench.cafe.printer.set_paper(Paper.PLENTY)
    await technician.send("/setup/slip")
    assert technician.status == 200
    assert len(bench.cafe.printer.receipts) == 1


async def test_without_a_printer_there_is_nothing_to_print(technician: Technician) -> None:
    await technician.send("/setup/devices")
    await technician.send("/setup/slip")
    assert "setup_no_printer" in technician.page
    assert await technician.see("/setup/card") == "/setup/card"


async def test_a_tapped_card_shows_its_number_at_once(technician: Technician, bench: Bench) -> None:
    await technician.send("/setup/devices", READER)
    await until(lambda: technician.setup.trial.devices[0].state == "ok")
    async with technician.client.get("/setup/events") as stream:
        assert stream.content_type == "text/event-stream"
        bench.cafe.tap(CARD)
        async with asyncio.timeout(WAIT_S):
            while f'data-card="{CARD.hex().upper()}"' not in technician.page:
                technician.page = (await stream.content.readline()).decode()
    await technician.see("/setup/card")
    assert CARD.hex().upper() in technician.page


async def test_the_pin_comes_on_paper_to_who_stands_at_the_printer(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "SLIP_EVERY_S", NO_SOONER_S)
    async with bench.first_boot() as technician:
        await technician.setup.look(ask=True)
        async with aiohttp.ClientSession(bench.configuration().address) as stranger:
            async with stranger.post("/setup/pin/print") as answer:
                assert answer.status == 200
                assert technician.setup.pin not in await answer.text()
            async with stranger.post("/setup/pin/print") as answer:
                assert "setup_slip_later" in await answer.text()
        [slip] = bench.cafe.printer.receipts
        assert technician.setup.pin in slip.text


async def test_once_set_up_the_page_is_gone(
    technician: Technician, bench: Bench, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "HAND_OVER_S", NO_SOONER_S)
    await technician.send("/setup/devices", READER)
    identity = bench.configuration().data_dir / app.IDENTITY_NAME
    before = identity.read_bytes()
    await technician.send("/setup/card")
    assert (technician.status, "data-counter-at" in technician.page) == (200, True)
    async with aiohttp.ClientSession(bench.configuration().address) as stranger:
        await (await stranger.get("/healthz")).read()
    assert not technician.setup.handed_over.is_set()  # its page may still ask for its parts
    await technician.see("/healthz")
    assert technician.setup.handed_over.is_set()
    assert not first_boot.is_needed(bench.configuration())
    assert not (identity.parent / first_boot.PROGRESS_NAME).exists()
    for path in ("/", "/setup/code", "/setup/devices"):
        await technician.see(path)
        assert "data-counter-at" in technician.page
    await technician.enrol(hub)
    await technician.send("/setup/devices")
    assert identity.read_bytes() == before
    assert len(bench.configuration().devices) == 1


async def test_the_counter_has_no_set_up_page(bench: Bench, hub: Hub) -> None:
    async with bench.first_boot() as technician:
        await technician.enrol(hub)
        await technician.send("/setup/card")
    configuration = bench.configuration()
    async with app.running(configuration):
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(configuration.address, cookie_jar=jar) as client:
            async with client.get("/setup/code", allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (303, "/")
            form = {"hub": hub.url, "code": await hub.code()}
            async with client.post("/setup/code", data=form) as answer:
                assert answer.status in (404, 405)
            async with client.get("/healthz") as answer:
                assert "setting_up" not in await answer.json()
