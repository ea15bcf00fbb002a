"""The code of head office: taken once, refused with words, and nothing left behind by a refusal."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from edge import app, first_boot, machine
from edge.cli import main
from edge.domain.words import WORDS
from edge.second_copy.follower import CopyPlace, SecondCopy
from edge.second_copy.sealed_files import Sealing
from edge.store.errors import StoreError
from edge.store.store import Store
from edge.sync.enrolment import load_enrolment
from sync_protocol.kinds import VISIT
from tests.edge.setup.conftest import Bench, Hub, Technician
from tests.ports import free_port
from tests.stack import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

NO_WAY_OUT = "http://255.255.255.255:8600"
"""The kernel says of this address at once that the network is unreachable (ENETUNREACH)."""


@asynccontextmanager
async def some_web_server() -> AsyncIterator[str]:
    """A server that answers every path with a page, as a router's log-in does."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<h1>router</h1>", content_type="text/html")

    elsewhere = web.Application()
    elsewhere.router.add_route("*", "/{path:.*}", page)
    server = TestServer(elsewhere)
    await server.start_server()
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


async def assert_refused(bench: Bench, technician: Technician, code: str) -> None:
    """Refused in the page's words, and the box is as bare as before."""
    assert (technician.status, technician.at) == (422, "/setup/code")
    assert f"<code>{code}</code>" in technician.page
    first_words = WORDS[code][0].partition("{")[0]
    assert first_words in technician.page
    await technician.send("/language/en")
    assert load_enrolment(bench.configuration().data_dir / app.IDENTITY_NAME) is None
    assert bench.configuration().hub.url == "http://provisioned.invalid:8600"
    assert await technician.see("/setup/devices") == "/setup/code"
    assert first_boot.is_needed(bench.configuration())


@pytest.mark.parametrize(
    ("hub_typed", "code_typed", "refusal"),
    [
        ("{hub}", "0000-0000-0000", "setup_code_unknown"),
        ("{hub}", " ", "setup_code_missing"),
        ("{hub}", "A" * 41, "setup_code_missing"),
        ("no address", "0000-0000-0000", "setup_hub_address"),
        ("ftp://hub", "0000-0000-0000", "setup_hub_address"),
        ("http://127.0.0.1:{closed}", "0000-0000-0000", "setup_hub_unreachable"),
        (NO_WAY_OUT, "0000-0000-0000", "setup_no_line"),
    ],
)
async def test_a_refusal_says_why_and_changes_nothing(
    bench: Bench, hub: Hub, hub_typed: str, code_typed: str, refusal: str
) -> None:
    async with bench.first_boot() as technician:
        address = hub_typed.format(hub=hub.url, closed=free_port())
        await technician.send("/setup/code", ("hub", address), ("code", code_typed))
        assert f'value="{address}"' in technician.page
        await assert_refused(bench, technician, refusal)


async def test_another_server_at_the_address_is_no_hub(bench: Bench) -> None:
    async with some_web_server() as address, bench.first_boot() as technician:
        await technician.send("/setup/code", ("hub", address), ("code", "0000-0000-0000"))
        await assert_refused(bench, technician, "setup_not_a_hub")


async def test_a_code_that_another_box_used_is_refused(
    bench: Bench, hub: Hub, tmp_path_factory: pytest.TempPathFactory
) -> None:
    code = await hub.code()
    async with bench.first_boot() as technician:
        form = (("hub", hub.url), ("code", code))
        assert await technician.send("/setup/code", *form) == "/setup/devices"
        # With its key gone it is another box to the hub.
        (bench.configuration().data_dir / app.IDENTITY_NAME).unlink()
    async with bench.first_boot() as technician:
        await technician.send("/setup/code", *form)
        await assert_refused(bench, technician, "setup_code_used")


async def test_the_right_code_is_taken_however_it_is_typed(bench: Bench, hub: Hub) -> None:
    async with bench.first_boot() as technician:
        typed = (await hub.code()).replace("-", " ").lower()
        address = hub.url.removeprefix("http://") + "/"
        where = await technician.send("/setup/code", ("hub", address), ("code", typed))
        assert where == "/setup/devices"
        enrolment = load_enrolment(bench.configuration().data_dir / app.IDENTITY_NAME)
        assert enrolment is not None
        assert enrolment.answer.cafe == hub.cafe
        # The step is over: it is not shown again, and a second form does nothing.
        assert await technician.see("/setup/code") == "/setup/devices"
        other = (("hub", hub.url), ("code", await hub.code()))
        assert await technician.send("/setup/code", *other) == "/setup/devices"
        again = load_enrolment(bench.configuration().data_dir / app.IDENTITY_NAME)
        assert again is not None
        assert again.answer.pack() == enrolment.answer.pack()


async def test_a_power_cut_after_the_code_goes_on_with_the_devices(bench: Bench, hub: Hub) -> None:
    async with bench.first_boot() as technician:
        assert await technician.enrol(hub) == "/setup/devices"
        pin = technician.setup.pin
    assert first_boot.is_needed(bench.configuration())
    async with bench.first_boot(known=False) as technician:
        assert technician.setup.pin == pin
        assert await technician.see("/setup") == "/setup/pin"
        assert await technician.give_pin() == "/setup/devices"


async def test_a_box_that_was_enrolled_by_hand_needs_no_page(bench: Bench, hub: Hub) -> None:
    configuration = bench.configuration()
    progress = configuration.data_dir / first_boot.PROGRESS_NAME
    async with bench.first_boot() as technician:
        before_the_code = progress.read_bytes()
        await technician.enrol(hub)
    assert first_boot.is_needed(configuration)
    progress.write_bytes(before_the_code)  # as `cafebox enrol` leaves it
    assert not first_boot.is_needed(configuration)


async def test_a_successor_is_not_set_up_before_it_has_what_the_dead_box_had(
    bench: Bench, hub: Hub
) -> None:
    """With an empty store it would give the dead box's numbers once more."""
    async with bench.first_boot() as technician:
        await technician.enrol(hub)
        await technician.send("/setup/card")
        assert technician.status == 200
    data = bench.configuration().data_dir
    dead = load_enrolment(data / app.IDENTITY_NAME)
    assert dead is not None
    shutil.rmtree(data)
    code = await hub.running.office.create_code(hub.cafe, "counter", dead.identity.node)
    async with bench.first_boot() as technician:
        await technician.send("/setup/code", ("hub", hub.url), ("code", str(code)))
        await technician.send("/setup/card")
        assert (technician.status, "cafebox rebuild" in technician.page) == (422, True)
    with pytest.raises(StoreError, match="cafebox rebuild"):
        async with app.running(bench.configuration()):
            pass
    words = ["--config", str(bench.path), "rebuild"]
    assert await asyncio.to_thread(main, words) == 0
    async with bench.first_boot() as technician:
        await technician.send("/setup/card")
        assert technician.status == 200


async def test_a_successor_takes_over_on_the_page_with_the_dead_box_s_stick(
    bench: Bench, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench.first_boot() as technician:
        await technician.enrol(hub)
        await technician.send("/setup/card")
    data, stick = bench.configuration().data_dir, bench.folder / "stick"
    dead = load_enrolment(data / app.IDENTITY_NAME)
    assert dead is not None
    stick.mkdir()
    clock = machine.machine_clock()
    with Store.open(data / app.STORE_NAME, dead.identity, clock, secrets.token_bytes, b"") as store:
        await store.write(
            lambda transaction: transaction.append(VISIT, [b"", "1.20261106.5", 1, [[5, 1, None]]])
        )
        sealing = Sealing.of(dead, machine.wall_ms, secrets.token_bytes)
        SecondCopy(store, CopyPlace(stick, data, False), sealing, lambda: None).copy()
        with store.read() as reader:
            written = reader.own_head().seq
    shutil.rmtree(data)
    code = await hub.running.office.create_code(hub.cafe, "counter", dead.identity.node)
    with bench.path.open("a") as file:
        file.write("[second_copy]\nother_disk = false\n")
    monkeypatch.setattr(first_boot, "COPY_FOLDER", stick)  # where a stick is mounted
    async with bench.first_boot() as technician:
        values = (("hub", hub.url), ("code", str(code)))
        assert await technician.send("/setup/code", *values) == "/setup/successor"
        assert str(stick) in technician.page
        await technician.send("/setup/successor", ("copy", str(bench.folder / "elsewhere")))
        assert (technician.status, str(stick) in technician.page) == (422, True)
        stick.rename(bench.folder / "pocket")
        await technician.send("/setup/successor", ("copy", str(stick)))
        assert technician.status == 422
        (bench.folder / "pocket").rename(stick)
        await technician.send("/setup/successor", ("copy", str(stick)))
        succession = technician.setup.succession
        await eventually(lambda: not succession.is_running, "the box to be rebuilt", 60)
        assert await technician.see("/setup/successor") == "/setup/successor"
        assert (succession.refusal, technician.status) == (None, 200)
        assert succession.rebuilt is not None
        assert succession.rebuilt.new_ops == written
        assert "close-epoch" in technician.page
        await technician.send("/setup/card")
        assert technician.status == 200
    async with app.running(bench.configuration()) as box:
        assert box.store.identity.epoch == 2
    assert bench.configuration().second_copy_folder == stick  # and goes on to be copied to it


async def test_a_rebuild_that_breaks_off_says_why_and_is_asked_for_again(
    bench: Bench, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench.first_boot() as technician:
        await technician.enrol(hub)
        await technician.send("/setup/card")
    data = bench.configuration().data_dir
    dead = load_enrolment(data / app.IDENTITY_NAME)
    assert dead is not None
    shutil.rmtree(data)
    code = await hub.running.office.create_code(hub.cafe, "counter", dead.identity.node)

    async def full(*_given: object) -> int:
        raise OSError(28, "No space left on device")

    async with bench.first_boot() as technician:
        await technician.send("/setup/code", ("hub", hub.url), ("code", str(code)))
        succession = technician.setup.succession
        with monkeypatch.context() as broken:
            broken.setattr("edge.rebuilding.take_state", full)
            await technician.send("/setup/successor", ("copy", ""))
            await eventually(lambda: not succession.is_running, "the try to break off", 60)
        await technician.see("/setup/successor")
        assert (technician.status, "No space left" in technician.page) == (422, True)
    async with bench.first_boot() as technician:  # after a power cut it stands there again
        assert await technician.see("/setup") == "/setup/successor"
        await technician.send("/setup/successor", ("copy", ""))
        await eventually(lambda: not technician.setup.succession.is_running, "the rebuild", 60)
        await technician.send("/setup/card")
        assert technician.status == 200
