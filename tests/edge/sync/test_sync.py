"""Boxes, a hub and a broker: with and without a line nothing is lost, and all end equal."""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest

from cloud import app
from cloud.configuration import BrokerSection, Configuration, HubSection
from edge.store.facts import Balance
from edge.sync.grants import GrantWanted
from edge.sync.hub_http import HubHttp, HubUnreachableError
from edge.sync.line_switch import LineCutError
from edge.sync.settings import SyncState
from sync_protocol.accounts import FEN, HUB_HOLDER, WALLET
from sync_protocol.kinds import CARD_CLAIM, MEMBER, SEGMENT, TRANSACTION, VISIT
from sync_protocol.ledger import REASON_RELEASE
from sync_protocol.ops import TRUST_MEASURED
from tests.edge.store import bodies
from tests.edge.sync.boxes import box_maker, broker_login, eventually
from tests.edge.sync.conftest import Hub
from tests.ports import free_port

MEMBER_ID = 812
HUB_WALLET = (WALLET, MEMBER_ID, *HUB_HOLDER, 0, FEN)


async def work(box, count=5):
    """Some of everything."""
    cafe, node = box.cafe, box.node
    for number in range(count):
        top_up = bodies.ledger(
            cafe,
            1,
            [(1, cafe, 0, 0, 0, FEN, 100), (*bodies.wallet(MEMBER_ID, node), -100)],
        )
        await box.append(TRANSACTION, top_up)
        key = f"{cafe}-{number}"
        shown = box.read(lambda reader, key=key: reader.register(VISIT, key))
        await box.append(VISIT, bodies.document(VISIT, key, cafe, {"taps": number}, shown))
    member = box.read(lambda reader: reader.register(MEMBER, MEMBER_ID))
    change = bodies.document(MEMBER, MEMBER_ID, cafe, {"note": f"of {cafe}"}, member)
    await box.append(MEMBER, change)
    await box.append(CARD_CLAIM, bodies.claim(CARD_CLAIM, b"k", cafe, 1))


async def settle(*boxes):
    for box in boxes:
        await box.settled()
    for box in boxes:
        await box.assert_equal_to_hub()


@pytest.mark.covers("A409", "A412")
@pytest.mark.parametrize("kind", ["mosquitto 5", "mosquitto 3.1.1", "embedded"])
async def test_two_boxes_and_the_hub_agree(tmp_path, broker, kind):
    """Over each kind of broker and protocol version."""
    embedded = kind == "embedded"
    section = BrokerSection(port=free_port()) if embedded else BrokerSection(url=broker.url)
    configuration = Configuration(
        tmp_path, HubSection(chain="test", data_dir="hub", listen_port=free_port()), section
    )
    protocol = "5" if kind == "mosquitto 5" else "3.1.1"
    login = broker_login(section.port if embedded else broker.port, protocol)
    async with app.running(configuration) as running:
        hub = Hub(running.office, running.url, broker)
        for code in ("A", "B"):
            hub.cafes.append(await running.office.add_cafe({"code": code, "name": code}, 0))
        async with box_maker(tmp_path, hub, login) as make:
            a, b = await make(0), await make(1)
            await asyncio.gather(work(a), work(b))
            await settle(a, b)
            for box in (a, b):
                for holder in (a, b):
                    account = bodies.wallet(MEMBER_ID, holder.node)
                    balance = box.read(lambda reader, account=account: reader.balance(account))
                    assert balance == Balance(-500, 0)


async def test_both_go_on_without_a_line_and_agree_after(make_box):
    a, b = await make_box(0), await make_box(1)
    await work(a, 2)
    await settle(a, b)
    a.switch.cut()
    await eventually(lambda: a.sync.state is SyncState.DOWN, "the line to be noticed as down")
    await asyncio.gather(work(a), work(b))
    await b.settled()
    assert a.unconfirmed() >= 12
    outbox = a.read(lambda reader: reader.outbox())
    assert (outbox.money_fen, outbox.count) == (500, a.unconfirmed())
    with pytest.raises(LineCutError):
        await a.http.newest_snapshot()
    since = a.sync.since_ms
    a.switch.mend()
    await eventually(lambda: a.sync.up, "the line")
    assert a.sync.since_ms >= since
    await settle(a, b)
    assert a.lines == [SyncState.UP, SyncState.DOWN, SyncState.UP]


async def test_broker_killed_and_started_again(make_box, broker):
    a, b = await make_box(0), await make_box(1)
    await work(a)
    broker.kill()
    await work(a)
    await work(b)
    broker.start()
    await settle(a, b)


async def test_a_hub_that_comes_back_asks_for_what_it_did_not_hear(tmp_path, broker, monkeypatch):
    """No box waits until its ack is overdue: here that would take ten minutes."""
    monkeypatch.setattr("sync_protocol.node_session.ACK_MS", 600_000)
    configuration = Configuration(
        tmp_path,
        HubSection(chain="test", data_dir="hub", listen_port=free_port()),
        BrokerSection(url=broker.url),
    )
    async with AsyncExitStack() as boxes:
        async with app.running(configuration) as running:
            hub = Hub(running.office, running.url, broker)
            hub.cafes.append(await running.office.add_cafe({"code": "A", "name": "A"}, 0))
            login = broker_login(broker.port)
            make = await boxes.enter_async_context(box_maker(tmp_path, hub, login))
            box = await make(0)
            await box.settled()
        await work(box, 1)
        outbox = box.sync._pump.session.outbox
        await eventually(lambda: outbox.waits_ms(time.monotonic_ns()), "a batch that nobody hears")
        async with app.running(configuration) as running:
            hub.office = running.office
            await settle(box)


async def test_box_switched_off_and_on_goes_on_where_it_was(make_box):
    a, b = await make_box(0), await make_box(1)
    await work(a, 2)
    await a.stop()
    await work(b, 2)
    a.start()
    await work(a, 2)
    await settle(a, b)


async def test_rights_move_by_grant_and_release(make_box):
    """A top-up at A is released to the hub; B is granted what it asks for, once per request."""
    a, b = await make_box(0), await make_box(1)
    await work(a)
    release = bodies.ledger(
        a.cafe, REASON_RELEASE, [(*bodies.wallet(MEMBER_ID, a.node), 500), (*HUB_WALLET, -500)]
    )
    await a.append(TRANSACTION, release)
    await eventually(
        lambda: b.read(lambda reader: reader.balance(HUB_WALLET)).shown == -500, "the release"
    )
    result = await b.sync.grant(GrantWanted(77, WALLET, MEMBER_ID, FEN, 300, "tap"), 10)
    again = await b.sync.grant(GrantWanted(77, WALLET, MEMBER_ID, FEN, 300, "tap"), 10)
    assert result.ref == again.ref is not None
    account = bodies.wallet(MEMBER_ID, b.node)
    await eventually(
        lambda: b.read(lambda reader: reader.balance(account)).shown == -300, "the grant"
    )
    nothing = await b.sync.grant(GrantWanted(78, WALLET, 999, FEN, 300, "tap"), 10)
    assert nothing.ref is None
    assert nothing.code
    b.switch.cut()
    assert await b.sync.grant(GrantWanted(79, WALLET, MEMBER_ID, FEN, 1, "tap"), 0.05) is None
    b.switch.mend()
    await settle(a, b)


async def test_clock_is_measured_and_trusted(make_box):
    box = await make_box(0)
    await work(box, 1)
    await eventually(
        lambda: box.read(lambda reader: reader.own_ops(1, 1)[0].header.kind) == SEGMENT, "an op"
    )

    async def trust():
        op = await box.append(VISIT, bodies.document(VISIT, "clock", box.cafe, {"taps": 1}))
        return op.header.trust

    await eventually(lambda: box.metrics.line_up._value.get() == 1, "the line")
    for _ in range(200):
        if await trust() == TRUST_MEASURED:
            break
        await asyncio.sleep(0.02)
    assert await trust() == TRUST_MEASURED
    assert abs(box.sync.clock_offset_ms) < 1000


async def test_new_box_far_behind_takes_a_snapshot(make_box, monkeypatch):
    a = await make_box(0)
    await work(a, 20)
    await a.settled()
    monkeypatch.setattr("edge.sync.sync.SNAPSHOT_BEHIND_OPS", 10)

    async def out_of_reach(*_asked):
        raise HubUnreachableError("what is missing would take an hour")

    with monkeypatch.context() as slowly:
        # So few blocks may be here before the session ends that asked for them.
        slowly.setattr(HubHttp, "blocks", out_of_reach)
        b = await make_box(1)
        await eventually(lambda: b.metrics.snapshots._value.get() == 1, "a snapshot")
    await eventually(lambda: b.sync.up, "the line")
    assert b.read(lambda reader: reader.own_ops(1, 10)) == []
    await work(b, 2)
    await settle(a, b)


async def test_broken_download_goes_on(make_box, tmp_path):
    a = await make_box(0)
    await work(a, 20)
    await a.settled()
    answer = await a.http.newest_snapshot()
    whole, part = tmp_path / "whole", tmp_path / "part"
    await a.http.download_snapshot(answer, whole)
    part.write_bytes(whole.read_bytes()[: answer.size // 2])
    await a.http.download_snapshot(answer, part)
    assert part.read_bytes() == whole.read_bytes()
    assert len(whole.read_bytes()) == answer.size


async def test_older_copy_of_a_box_is_fenced_and_stops_spending(make_box, tmp_path):
    box = await make_box(0)
    await work(box, 2)
    await box.settled()
    box.store.backup(tmp_path / "older.db")
    await work(box, 2)
    await box.settled()
    await box.stop()
    (tmp_path / "older.db").replace(box.folder / "box.db")
    for name in ("box.db-wal", "box.db-shm"):
        (box.folder / name).unlink(missing_ok=True)
    box.start()
    await eventually(
        lambda: box.sync.state in (SyncState.FENCED, SyncState.STOPPED), "the rewind to be found"
    )
    await eventually(
        lambda: box.read(lambda reader: reader.stop_spending()) is not None, "the stop"
    )


async def test_nightly_upkeep_follows_the_signed_manifest(make_box, hub):
    a, b = await make_box(0), await make_box(1)
    await asyncio.gather(work(a), work(b))
    await settle(a, b)
    retained = await a.sync.keep_up()
    assert retained.opening_position == a.position()
    assert retained.dropped_ops == 0
    assert a.refolded().differences == []
    await work(a, 2)
    await settle(a, b)
    a.switch.cut()
    assert await a.sync.keep_up() is None
