"""A hub put back from an older backup: boxes bring the rest, nothing is lost or granted twice."""

import asyncio
import shutil
import sqlite3
from contextlib import asynccontextmanager

import pytest

from cloud import app
from cloud.configuration import BrokerSection, Configuration, HubSection
from cloud.hub.keys import verifier
from cloud.store import log
from cloud.store.refold import refold
from edge.sync.grants import GrantWanted
from edge.sync.settings import SyncState
from sync_protocol.accounts import FEN, HUB_HOLDER, WALLET
from sync_protocol.kinds import CARD_CLAIM, MEMBER, TRANSACTION, VISIT
from sync_protocol.ledger import REASON_RELEASE
from tests.cloud.remote_box import eventually
from tests.edge.store import bodies
from tests.edge.sync.boxes import box_maker, broker_login
from tests.edge.sync.conftest import Hub
from tests.ports import free_port

ACK_MS = 2_000
MEMBER_ID = 812
HUB_WALLET = (WALLET, MEMBER_ID, *HUB_HOLDER, 0, FEN)


class House:
    """A hub that is stopped, put back and started, on one data folder and one port."""

    def __init__(self, folder, broker):
        self.folder = folder
        section = HubSection(chain="test", data_dir="hub", listen_port=free_port())
        self.configuration = Configuration(folder, section, BrokerSection(url=broker.url))
        self.hub = Hub(None, "", broker)

    @property
    def database(self):
        return self.folder / "hub" / "hub.sqlite"

    @asynccontextmanager
    async def running(self):
        async with app.running(self.configuration) as running:
            self.hub.office, self.hub.url = running.office, running.url
            if not self.hub.cafes:
                for code in ("A", "B"):
                    values = {"code": code, "name": code}
                    self.hub.cafes.append(await running.office.add_cafe(values, 0))
            yield self.hub

    def put_back(self, copy):
        for suffix in ("", "-wal", "-shm"):
            self.database.with_name("hub.sqlite" + suffix).unlink(missing_ok=True)
        shutil.copyfile(copy, self.database)


def top_up(box, amount):
    till = (1, box.cafe, 0, 0, 0, FEN, amount)
    return bodies.ledger(box.cafe, 1, [till, (*bodies.wallet(MEMBER_ID, box.node), -amount)])


def release(box, amount):
    wallet = (*bodies.wallet(MEMBER_ID, box.node), amount)
    return bodies.ledger(box.cafe, REASON_RELEASE, [wallet, (*HUB_WALLET, -amount)])


async def work(box, number):
    await box.append(TRANSACTION, top_up(box, 100))
    await box.append(TRANSACTION, release(box, 60))
    document = bodies.document(VISIT, f"{box.cafe}-{number}", box.cafe, {"taps": number})
    await box.append(VISIT, document)
    await box.append(CARD_CLAIM, bodies.claim(CARD_CLAIM, b"%d-%d" % (box.cafe, number), 1, 7))
    await box.settled()


async def granted(box, request_id, amount):
    answer = await box.sync.grant(
        GrantWanted(request_id, WALLET, MEMBER_ID, FEN, amount, "tap"), 20
    )
    assert answer is not None
    assert answer.ref is not None, answer.code
    await eventually(lambda: box.read(lambda reader: reader.op(answer.ref)), "the grant")
    return answer.ref


async def recovered(hub, *boxes):
    await eventually(lambda: not hub.office.hub.is_recovering(), "the end of the recovery")
    for box in boxes:
        await eventually(lambda box=box: box.sync.up, "the line")


async def assert_whole(hub, *boxes):
    for box in boxes:
        await box.settled()
    for box in boxes:
        await box.assert_equal_to_hub()
    result = refold(hub.office.hub.reader, verifier(hub.office.hub.keys.public_bytes))
    assert result.differences == []


@pytest.fixture
async def house(tmp_path, broker, monkeypatch):
    """What a box sent to a hub that was away is sent again soon."""
    monkeypatch.setattr("sync_protocol.node_session.ACK_MS", ACK_MS)
    return House(tmp_path, broker)


@asynccontextmanager
async def lost_log(house, tmp_path, broker, marked):
    """Yield (hub, make, a, b, what was known) once the hub was put back to before most of it."""
    login = broker_login(broker.port)
    async with box_maker(tmp_path, house.hub, login) as make:
        async with house.running() as hub:
            a, b = await make(0), await make(1)
            await work(a, 1)
            copy = tmp_path / "copy.sqlite"
            if marked:
                await hub.office.back_up(copy)
            else:
                _plain_copy(house.database, copy)
            await work(a, 2)
            await work(b, 2)
            grant = await granted(b, 5, 150)
            person = await hub.office.add_staff("Lin", "manager", [], ("", ""), 0)
            await assert_whole(hub, a, b)
            known = {
                "head": hub.office.hub.head(),
                "grant": grant,
                "person": person,
                "wallet": b.read(lambda r: r.balance(bodies.wallet(MEMBER_ID, b.node))),
            }
        # The hub is gone; the boxes go on without a line.
        for box in (a, b):
            await box.append(TRANSACTION, top_up(box, 7))
        house.put_back(copy)
        async with house.running() as hub:
            yield hub, make, a, b, known


def _plain_copy(database, target):
    with sqlite3.connect(database) as source, sqlite3.connect(target) as copy:
        source.backup(copy)


@pytest.mark.parametrize("marked", [True, False], ids=["backup", "plain copy"])
async def test_a_hub_put_back_takes_its_log_back_from_the_boxes(house, tmp_path, broker, marked):
    async with lost_log(house, tmp_path, broker, marked) as (hub, make, a, b, known):
        await eventually(lambda: hub.office.hub.head().generation == 2, "the new generation")
        await recovered(hub, a, b)
        rows = log.read_blocks(hub.office.hub.reader, known["head"].block_number, 10**9)
        assert (rows[0].hash, rows[0].generation) == (known["head"].block_hash, 1)
        await assert_whole(hub, a, b)
        # A repeat of the grant's request is answered by the op that the lost hub wrote.
        assert await granted(b, 5, 150) == known["grant"]
        now = b.read(lambda r: r.balance(bodies.wallet(MEMBER_ID, b.node)))
        assert now.shown == known["wallet"].shown - 7
        await work(a, 3)
        await work(b, 3)
        await assert_whole(hub, a, b)
        c = await make(0)
        assert c.node > 1000, "a number that the lost hub may have given is not given again"


async def test_while_it_recovers_the_hub_gives_nothing_and_two_people_excuse_a_box(
    house, tmp_path, broker
):
    login = broker_login(broker.port)
    copy = tmp_path / "copy.sqlite"
    async with box_maker(tmp_path, house.hub, login) as make:
        async with house.running() as hub:
            a, b = await make(0), await make(1)
            people = [
                await hub.office.add_staff(name, "manager", [], ("", ""), 0) for name in ("P", "Q")
            ]
            await work(a, 1)
            await hub.office.back_up(copy)
            await work(b, 1)
            await a.settled()
        await b.stop()
        house.put_back(copy)
        async with house.running() as hub:
            office = hub.office
            assert office.hub.is_recovering()
            refused = await office.add_cafe({"code": "C", "name": "C"}, 0)
            assert refused.code == "recovering"

            async def only_b_is_missing():
                return (await office.recovery()).get("waits_for") == [b.node]

            await eventually(only_b_is_missing, "the report of a")
            await a.append(MEMBER, bodies.document(MEMBER, 900, a.cafe, {"name": "meanwhile"}))
            await asyncio.sleep(0.3)
            assert a.unconfirmed() > 0
            assert (await office.excuse(b.node, (people[0], people[0]))).code == "two_people"
            assert (await office.excuse(a.node, tuple(people))).code == "not_waited_for"
            assert await office.excuse(b.node, tuple(people)) is None
            await recovered(hub, a)
            await assert_whole(hub, a)
            # What only b could bring in full has its place, and nothing else is missing.
            b.start()
            await eventually(lambda: b.sync.state is SyncState.FENCED, "b's fence")
            await b.stop()
            code = await office.create_code(b.cafe, "box", b.node)
            await b.enrol(code, again=True)
            b.start()
            await eventually(lambda: b.sync.up, "the line of b's next epoch")
