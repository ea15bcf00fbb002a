"""Old ops go below a signed manifest, balances and rows stay, and the log still refolds."""

import asyncio

import pytest

from edge.store.errors import StoreDamagedError
from edge.store.facts import Balance
from edge.store.refold import refold
from edge.store.tables import LogOp, Mention
from sync_protocol.kinds import MEMBER, TRANSACTION, VISIT
from tests.edge.store import bodies
from tests.edge.store.log_hub import manifest_of, sums_of

DAY_MS = 24 * 3600 * 1000
MEMBER_ID = 812


def append(box, kind, body):
    return box.submit(lambda tx: tx.append(kind, body)).result()


def day_of_work(hub, boxes, day):
    for box in boxes:
        cafe = box.identity.cafe
        append(box, TRANSACTION, bodies.top_up(cafe, MEMBER_ID, 100 + day))
        append(box, VISIT, bodies.document(VISIT, f"{cafe}-{day}", cafe, {"taps": day}))
        hub.take(box)
    for box in boxes:
        hub.deliver(box)


def keep_up(hub, box, backed_up=None):
    async def upkeep():
        manifest = manifest_of(hub, box.identity.cafe)
        await box.keep_manifest(manifest, bytes(64))
        await box.note_backup(len(hub.blocks) if backed_up is None else backed_up)
        return await box.retain()

    return asyncio.run(upkeep())


@pytest.fixture
def year(open_box, hub, hands):
    """100 days of two cafes."""
    a, b = open_box(3), open_box(4)
    append(a, MEMBER, bodies.document(MEMBER, MEMBER_ID, 3, {"name": "A"}))
    for day in range(100):
        hands.ms = day * DAY_MS
        day_of_work(hub, (a, b), day)
    return a, b


def counts(box):
    with box.read() as reader:
        ops = LogOp.select().count(reader.database)
        return ops, Mention.select().count(reader.database)


def test_old_ops_go_and_everything_else_stays(year, hub, open_box):
    a, _b = year
    before, mentions_before = counts(a)
    retained = keep_up(hub, a)
    after, mentions_after = counts(a)
    assert retained.opening_position == hub.position()
    assert before - after == retained.dropped_ops
    # 30 days of transactions and stubs, 60 of own visits.
    assert 30 * 3 + 60 <= after <= 32 * 3 + 62
    assert mentions_after < mentions_before
    with a.read() as reader:
        assert reader.balance(bodies.wallet(MEMBER_ID, 4)) == Balance(-sum(range(100, 200)), 0)
        assert reader.register(MEMBER, MEMBER_ID).value("name") == "A"
        assert len(list(reader.registers(VISIT))) == 100
        assert refold(reader).differences == []
        assert 29 <= len(reader.entries(MEMBER_ID, (10,), limit=1000)) // 2 <= 32
    assert keep_up(hub, a).dropped_ops == 0
    a.close()
    again = open_box(3)
    op = append(again, TRANSACTION, bodies.points(3, MEMBER_ID, 5))
    assert op.header.seq > 200
    hub.take(again)
    hub.deliver(again)
    assert sums_of(again) == hub.sums_for(3)
    with again.read() as reader:
        assert refold(reader).differences == []


def test_nothing_goes_that_the_hub_has_not_backed_up(year, hub):
    a, _b = year
    assert keep_up(hub, a, backed_up=0).dropped_ops == 0
    dropped = keep_up(hub, a, backed_up=20).dropped_ops
    assert dropped == 20 * 2 + 3  # with a segment of each box and the member


def test_nothing_goes_where_our_state_is_not_the_signed_one(year, hub):
    a, _b = year
    before, _ = counts(a)
    hub.state.add((50, 0), (10, 1, 0, 0, 0, "fen"), 1)
    with pytest.raises(StoreDamagedError, match="state_hash"):
        keep_up(hub, a)
    assert counts(a)[0] == before


def test_manifest_ahead_of_the_cursor_is_not_kept(open_box, hub):
    a, b = open_box(3), open_box(4)
    append(a, TRANSACTION, bodies.top_up(3, MEMBER_ID, 100))
    hub.take(a)

    async def keep():
        return await b.keep_manifest(manifest_of(hub, 4), bytes(64))

    assert asyncio.run(keep()) is False
    hub.deliver(b)
    assert asyncio.run(keep()) is True
