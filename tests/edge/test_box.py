"""A whole box, through its HTTP API and its devices: fakes stand beneath the drivers only.

There is no line here: what a cafe must do without one is all of this.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest

from edge import app
from edge.configuration import Configuration, read
from edge.drivers.fake.cafe import DOOR_RELAY_PIN, VirtualCafe
from edge.drivers.fake.pcsc import VirtualReaders
from edge.drivers.fake.printer import Paper
from edge.effects.page_events import Region
from edge.events import DeviceState
from sync_protocol.codec import pack
from sync_protocol.http_api import EnrolAnswer
from tests.edge.desk.counter import (
    BOX,
    CAFE,
    CASHIER,
    CHAIN,
    EPOCH,
    MANAGER,
    PIN,
    HandHub,
    MovedClock,
    furnish_hub,
)
from tests.edge.second_copy.sticks import HUB
from tests.ports import free_port
from tests.stack import eventually

CARD = bytes.fromhex("04A1B2C3D4E5F6")
WAIT_S = 60


def toml(tables: dict[str, dict[str, object]], devices: list[dict[str, object]]) -> str:
    """A configuration's text."""

    def value(one: object) -> str:
        return f'"{one}"' if isinstance(one, str) else str(one).lower()

    def table(values: dict[str, object]) -> str:
        return "".join(f"{key} = {value(one)}\n" for key, one in values.items())

    text = "".join(f"[{name}]\n{table(values)}" for name, values in tables.items())
    return text + "".join(f"[[devices]]\n{table(device)}" for device in devices)


def write_identity(folder: Path, broker_port: int) -> None:
    """An identity as enrolment leaves it; nobody listens at its broker."""
    broker = f"mqtt://127.0.0.1:{broker_port}"
    keys = (bytes(32), b"k" * 32, broker, HUB.sealing_public_bytes)
    answer = EnrolAnswer(CHAIN, CAFE, BOX, EPOCH, 1, *keys)
    folder.mkdir(parents=True)
    path = folder / app.IDENTITY_NAME
    path.write_bytes(pack([b"s" * 32, answer.pack()]))
    path.chmod(0o600)


@dataclass
class Box:
    """The box under test, its devices, and a program that talks to it."""

    running: app.Running
    cafe: VirtualCafe
    client: aiohttp.ClientSession
    requests: int = 0

    async def post(self, command: str, **inputs: object) -> dict[str, object]:
        """Perform a command; the answer's JSON, whether done or refused."""
        self.requests += 1
        body = {"request_id": f"request-{self.requests}", **inputs}
        async with self.client.post(f"/desk/{command}", json=body) as response:
            answer = await response.json()
            assert (response.status == 200) == answer["ok"], answer
            assert isinstance(answer, dict)
            return answer

    async def do(self, command: str, **inputs: object) -> dict[str, object]:
        """Perform a command that must be done; its values."""
        answer = await self.post(command, **inputs)
        assert answer["ok"], answer
        values = answer["values"]
        assert isinstance(values, dict)
        return values

    async def tap(self, card: bytes = CARD) -> None:
        """Lay a card on the reader, and take it away once the box has told what came of it."""
        events = self.running.desk.page_events
        before = events.times_stale(Region.TAP)
        await asyncio.to_thread(self.cafe.tap, card)
        await self.until(lambda: events.times_stale(Region.TAP) > before)
        await asyncio.to_thread(self.cafe.lift)

    async def until_reader_is_seen(self) -> None:
        """A card that lies there when the box first sees its reader is no tap."""

        async def seen() -> bool:
            truth = await self.running.desk.views.truth_line()
            readers = [one for one in truth.devices if one.kind == "card_reader"]
            return all(one.state is DeviceState.OK for one in readers)

        await eventually(seen, "the reader to be seen", WAIT_S)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(WAIT_S):
            while not holds():  # noqa: ASYNC110  # devices tell threads, not this loop
                await asyncio.sleep(0.01)

    async def receipt(self, number: int) -> str:
        """The text of the receipt of that number, once it is printed."""
        printer = self.cafe.printer
        await self.until(lambda: len(printer.receipts) >= number)
        return printer.receipts[number - 1].text


@pytest.fixture
async def configuration(tmp_path: Path) -> AsyncIterator[tuple[Configuration, VirtualCafe]]:
    """A box's configuration and the devices that it names."""
    readers = VirtualReaders(tmp_path / "readers.sock")
    cafe = VirtualCafe(tmp_path / "devices", readers.reader_names[0], readers.slots[0])
    stacks = dict(cafe.stacks_table(f"fake:{tmp_path / 'readers.sock'}"))
    tables: dict[str, dict[str, object]] = {
        "box": {"listen_port": free_port(), "language": "en"},
        "counter": {"same_tap_ms": 0},
        "stacks": dict(stacks),
    }
    loaded = read(toml(tables, cafe.device_tables()), tmp_path)
    write_identity(loaded.data_dir, free_port())
    try:
        yield loaded, cafe
    finally:
        cafe.close()
        readers.close()


@pytest.fixture
async def box(configuration: tuple[Configuration, VirtualCafe]) -> AsyncIterator[Box]:
    """A running box with the cashier logged in."""
    loaded, cafe = configuration
    jar = aiohttp.CookieJar(unsafe=True)  # unsafe: also for an address without a name
    async with (
        app.running(loaded) as running,
        aiohttp.ClientSession(loaded.address, cookie_jar=jar) as client,
    ):
        await furnish_hub(HandHub(running.store, MovedClock()))
        opened = Box(running, cafe, client)
        await opened.do("log_in", staff=CASHIER, pin=PIN)
        await opened.do("open_shift")
        await opened.until_reader_is_seen()
        yield opened


async def _register(box: Box, **more: object) -> int:
    values = await box.do(
        "register_member", name="王小明", consent=True, card_uid=CARD.hex(), **more
    )
    member = values["member"]
    assert isinstance(member, int)
    return member


@pytest.mark.covers("A101")
async def test_a_tapped_card_opens_the_door_and_earns_points(box: Box) -> None:
    await _register(box)
    await box.tap()
    await box.until(lambda: len(box.cafe.door_openings) == 1)
    slip = await box.receipt(1)
    assert "WELCOME" in slip
    assert "王小明" in slip
    assert "+5" in slip
    await box.until(lambda: box.cafe.board.level(DOOR_RELAY_PIN) == 0)
    await box.tap()
    await box.until(lambda: len(box.cafe.door_openings) == 2)
    assert len(box.cafe.printer.receipts) == 1


@pytest.mark.covers("A333", "A041")
async def test_a_card_is_topped_up_and_pays(box: Box) -> None:
    member = await _register(box)
    values = await box.do("top_up", member=member, amount_yuan="100", tender="cash")
    assert values["spendable_fen"] == 10_000
    slip = await box.receipt(1)
    assert "TOP-UP" in slip
    assert "100.00" in slip
    await box.tap()
    await box.until(lambda: len(box.cafe.door_openings) == 1)
    await box.do("add_line", sku="COLA", quantity=2)
    paid = await box.do("pay", tender="wallet", expected_total_fen=900)
    assert paid["balance_fen"] == 9100


@pytest.mark.covers("A287", "A429", "A435")
async def test_each_way_of_paying_prints_its_receipt_at_once(box: Box) -> None:
    for number, tender in enumerate(("cash", "card", "wechat", "alipay"), start=1):
        await box.do("add_line", sku="NOODLE")
        await box.do("pay", tender=tender, expected_total_fen=500, tender_reference="REF-1")
        slip = await box.receipt(number)
        assert "Noodles ×1" in slip or "Noodles" in slip
        assert "5.00" in slip
    assert len(box.cafe.printer.kicks_ns) == 1


@pytest.mark.covers("A453")
async def test_a_walk_in_pays_the_price_and_a_member_theirs(box: Box) -> None:
    assert (await box.do("add_line", sku="COLA"))["total_fen"] == 500
    await box.do("pay", tender="cash", expected_total_fen=500)
    member = await _register(box)
    await box.do("set_ticket_member", member=member)
    assert (await box.do("add_line", sku="COLA"))["total_fen"] == 450
    sold = await box.do("pay", tender="cash", expected_total_fen=450)
    assert sold["points"] == 4


@pytest.mark.covers("A019")
async def test_an_asset_is_received_issued_and_returned(box: Box) -> None:
    await box.do("asset_receipt", tag="PC-1", name="主机")
    await box.do("asset_issue", tag="PC-1", user=MANAGER)
    refusal = await box.post("asset_issue", tag="PC-1", user=MANAGER)
    assert refusal["code"] == "asset_not_here"
    await box.do("asset_return", tag="PC-1")


@pytest.mark.covers("A038")
async def test_a_role_may_do_what_its_rights_say(box: Box) -> None:
    refusal = await box.post("issue_voucher", amount_fen=300)
    assert refusal["code"] == "no_right"
    await box.do("log_in", staff=MANAGER, pin=PIN)
    await box.do("issue_voucher", amount_fen=300)


async def test_an_amount_that_is_none_is_refused_with_a_code(box: Box) -> None:
    member = await _register(box)
    for amount, code in (
        (-5, "amount_negative"),
        (0, "amount_zero"),
        (0.5, "amount_fractional"),
        (10**18, "amount_too_large"),
    ):
        answer = await box.post("top_up", member=member, amount_fen=amount, tender="cash")
        assert answer["code"] == code
        assert answer["words"]


async def test_fifty_posts_of_one_request_are_one_top_up(box: Box) -> None:
    member = await _register(box)
    body = {"request_id": "one-request", "member": member, "amount_fen": 100, "tender": "cash"}

    async def post() -> dict[str, object]:
        async with box.client.post("/desk/top_up", json=body) as response:
            answer = await response.json()
            assert isinstance(answer, dict)
            return answer

    answers = await asyncio.gather(*(post() for _ in range(50)))
    assert sum(not answer["repeated"] for answer in answers) == 1
    assert len({answer["chain_code"] for answer in answers}) == 1
    await box.receipt(1)
    await box.do("top_up", member=member, amount_fen=100, tender="cash")
    await box.receipt(2)
    assert len(box.cafe.printer.receipts) == 2


async def test_paper_that_runs_out_stops_no_sale(box: Box) -> None:
    box.cafe.printer.set_paper(Paper.OUT)
    await box.do("add_line", sku="HOUR")
    await box.do("pay", tender="cash", expected_total_fen=300)
    async with box.client.get("/healthz") as response:
        health = await response.json()
    assert response.status == 200
    assert health["print_jobs_waiting"] == 1
    assert health["line_up"] is False
    assert health["ops_waiting"] > 0
    assert health["money_waiting_fen"] == 300
    box.cafe.printer.set_paper(Paper.PLENTY)
    await box.receipt(1)


@pytest.mark.covers("A441")
async def test_a_drawer_that_is_opened_by_its_key_leaves_a_row(
    configuration: tuple[Configuration, VirtualCafe],
) -> None:
    """From the switch in its plug to the audit log, through the printer's status."""
    loaded, cafe = configuration
    watched = {"drawer_sense": "low", "status_every_ms": 20}
    devices = tuple(
        {**table, **watched} if table["kind"] == "receipt_printer" else table
        for table in loaded.devices
    )
    async with app.running(replace(loaded, devices=devices)) as running:
        desk = running.desk

        async def opened() -> bool:
            return (await desk.views.truth_line()).drawer_open

        async def well() -> bool:
            devices = (await desk.views.truth_line()).devices
            return any(one.kind == "receipt_printer" and one.state == "ok" for one in devices)

        await eventually(well, "the printer to be well, and its drawer shut", WAIT_S)
        cafe.printer.set_drawer_open(True)
        await eventually(opened, "the drawer to be open", WAIT_S)
        await eventually(
            lambda: desk.audit.entries(command="drawer_opened"), "a row in the audit log", WAIT_S
        )


async def test_metrics_tell_how_the_box_does(box: Box) -> None:
    await _register(box)
    await box.tap()
    await box.until(lambda: len(box.cafe.door_openings) == 1)
    async with box.client.get("/metrics") as response:
        text = await response.text()
    assert 'cafebox_door_pulses_total{outcome="opened"} 1.0' in text
    assert "cafebox_tap_to_door_seconds_count 1.0" in text
    assert 'cafebox_device_state{device="door",state="ok"} 1.0' in text
    assert "cafebox_sync_line_up 0.0" in text
    assert "王小明" not in text


async def test_a_disk_that_refuses_is_told_and_nothing_is_called_done(box: Box) -> None:
    box.running.store.close()
    answer = await box.post("add_line", sku="HOUR")
    assert answer["code"] == "disk_refused"
    async with box.client.get("/healthz") as response:
        assert response.status == 503


async def test_a_taken_port_ends_the_start_and_frees_the_store(
    configuration: tuple[Configuration, VirtualCafe],
) -> None:
    loaded, _ = configuration
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", loaded.box.listen_port))
        taken.listen()
        with pytest.raises(OSError, match=str(loaded.box.listen_port)):
            async with app.running(loaded):
                pass
    async with app.running(loaded) as running:
        assert running.address == loaded.address
