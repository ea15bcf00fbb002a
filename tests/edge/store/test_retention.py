"""Old ops go below a signed manifest, balances and rows stay, and the log still refolds."""

import asyncio

import pytest

from edge.store.errors import StoreDamagedError
from edge.store.facts import Balance
from edge.store.integrity import check_all
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
    """Of what ops there is more than a stub, and how many mentions of them."""
    with box.read() as reader:
        ops = LogOp.select().where(LogOp.header.is_null(False)).count(reader.database)
        return ops, Mention.select().count(reader.database)


def run(box, sql, *values):
    """Run a statement of the test's own on the box's file."""
    return box.submit(lambda tx: tx.connection.execute(sql, values).fetchall()).result()


def test_old_ops_go_and_everything_else_stays(year, hub, open_box):
    a, _b = year
    before, mentions_before = counts(a)
    retained = keep_up(hub, a)
    after, mentions_after = counts(a)
    assert retained.opening_position == hub.position()
    assert before - after == retained.dropped_ops
    # 30 days of transactions, 60 of own visits.
    assert 30 * 2 + 60 <= after <= 32 * 2 + 62
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


def test_a_flipped_bit_is_found_in_every_op_that_is_kept(year, hub):
    """What retention left of the op before is enough to hold the next one against."""
    a, _b = year
    keep_up(hub, a)
    whole = run(a, "SELECT key, header, body, hash FROM op WHERE body IS NOT NULL")
    there = {key for (key,) in run(a, "SELECT key FROM op")}
    assert all(key - 1 in there for key, *_ in whole)
    keys = {key for key, *_ in whole}
    behind_a_gap = [row for row in whole if row[0] - 1 not in keys]
    assert len(behind_a_gap) > 20
    with a.read() as reader:
        check_all(reader)
    for key, *columns in behind_a_gap:
        for name, value in zip(("header", "body", "hash"), columns, strict=True):
            damaged = bytes([value[0] ^ 1]) + value[1:]
            run(a, f"UPDATE op SET {name} = ? WHERE key = ?", damaged, key)
            with a.read() as reader, pytest.raises(StoreDamagedError):
                check_all(reader)
            run(a, f"UPDATE op SET {name} = ? WHERE key = ?", value, key)


def test_what_is_left_of_dropped_ops_goes_with_those_that_follow(year, hub, hands):
    a, _b = year
    keep_up(hub, a)
    stubs = "SELECT key >> 48 FROM op WHERE header IS NULL AND position IS NOT NULL"
    assert len(run(a, stubs)) > 20
    hands.ms += 365 * DAY_MS
    keep_up(hub, a)
    authors = run(a, stubs)
    assert len(authors) == len(set(authors)), "one of each author, before what it writes next"


def test_nothing_goes_that_the_hub_has_not_backed_up(year, hub):
    a, _b = year
    assert keep_up(hub, a, backed_up=0).dropped_ops == 0
    dropped = keep_up(hub, a, backed_up=20).dropped_ops
    # With the member and a segment; the visits and the segment of the other cafe are stubs anyway.
    assert dropped == 20 + 10 + 2


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
