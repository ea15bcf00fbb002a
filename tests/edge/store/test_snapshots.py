"""A new box, or one too far behind, takes the hub's state; its own unacked ops stay on top."""

import pytest

from edge.store import snapshot as store_snapshot
from edge.store.errors import StoreDamagedError
from edge.store.facts import Balance
from edge.store.integrity import check_all
from edge.store.refold import refold
from edge.store.snapshot import SnapshotRefusedError
from sync_protocol.kinds import CARD_CLAIM, ERASE, MEMBER, TRANSACTION, VISIT
from tests.edge.store import bodies
from tests.edge.store.log_hub import sums_of, write_snapshot

MEMBER_ID = 812


def append(box, kind, body):
    return box.submit(lambda tx: tx.append(kind, body)).result()


def load(box, manifest, path):
    return box.submit(lambda tx: store_snapshot.load(tx, manifest, path)).result()


@pytest.fixture
def chain(open_box, hub):
    """Cafe 4 has worked; cafe 3 has worked, was synced once, and goes on without a line."""
    a, b = open_box(3), open_box(4)
    append(b, MEMBER, bodies.document(MEMBER, MEMBER_ID, 4, {"name": "B", "phone": "138"}))
    append(b, CARD_CLAIM, bodies.claim(CARD_CLAIM, b"k", 4, MEMBER_ID))
    append(b, VISIT, bodies.document(VISIT, "b1", 4, {"taps": 1}))
    append(b, TRANSACTION, bodies.top_up(4, MEMBER_ID, 900))
    append(a, TRANSACTION, bodies.top_up(3, MEMBER_ID, 500))
    append(a, VISIT, bodies.document(VISIT, "a1", 3, {"taps": 1}))
    for box in (b, a):
        hub.take(box)
    append(a, TRANSACTION, bodies.spend(3, MEMBER_ID, 200))
    append(a, VISIT, bodies.document(VISIT, "a2", 3, {"taps": 2}))
    return a, b


def test_snapshot_replaces_state_and_keeps_own_ops_on_top(chain, hub, tmp_path):
    a, _b = chain
    manifest = write_snapshot(hub, 3, tmp_path / "snapshot")
    cursor = load(a, manifest, tmp_path / "snapshot")
    assert cursor.position == hub.position()
    assert sums_of(a) == hub.sums_for(3)
    with a.read() as reader:
        assert refold(reader).differences == []
        assert reader.register(MEMBER, MEMBER_ID).value("name") == "B"
        assert [each.key for each in reader.registers_where(MEMBER, "phone", "138")] == [MEMBER_ID]
        assert [each.key for each in reader.registers(VISIT)] == ["a1", "a2"]
        assert reader.balance(bodies.wallet(MEMBER_ID, 3)) == Balance(-500, 200)
        assert reader.outbox().count == 2
    append(a, TRANSACTION, bodies.spend(3, MEMBER_ID, 300))
    hub.take(a)
    hub.deliver(a)
    with a.read() as reader:
        assert reader.balance(bodies.wallet(MEMBER_ID, 3)) == Balance(0, 0)
        assert refold(reader).differences == []
    assert sums_of(a) == hub.sums_for(3)


def test_new_box_starts_from_a_snapshot(chain, hub, open_box, tmp_path):
    new = open_box(5)
    load(new, write_snapshot(hub, 5, tmp_path / "snapshot"), tmp_path / "snapshot")
    assert sums_of(new) == hub.sums_for(5)
    with new.read() as reader:
        assert list(reader.registers(VISIT)) == []
        assert refold(reader).differences == []
    new.close()
    assert sums_of(open_box(5)) == hub.sums_for(5)


@pytest.mark.parametrize("column", ["header", "body", "hash"])
def test_what_came_first_behind_a_snapshot_is_held_against_it(
    chain, hub, open_box, tmp_path, column
):
    _a, b = chain
    new = open_box(5)
    load(new, write_snapshot(hub, 5, tmp_path / "snapshot"), tmp_path / "snapshot")
    append(b, TRANSACTION, bodies.top_up(4, MEMBER_ID, 100))
    hub.take(b)
    hub.deliver(new)
    with new.read() as reader:
        check_all(reader)
    read = f"SELECT key, {column} FROM op WHERE body IS NOT NULL"
    (row,) = new.submit(lambda tx: tx.connection.execute(read).fetchall()).result()
    damaged = bytes([row[1][0] ^ 1]) + row[1][1:]
    write = f"UPDATE op SET {column} = ? WHERE key = ?"
    new.submit(lambda tx: tx.connection.execute(write, (damaged, row[0]))).result()
    with new.read() as reader, pytest.raises(StoreDamagedError):
        check_all(reader)


@pytest.mark.parametrize("broken", ["bytes", "state_hash", "truncated"])
def test_snapshot_that_is_not_what_was_signed_changes_nothing(chain, hub, tmp_path, broken):
    a, _b = chain
    path = tmp_path / "snapshot"
    manifest = write_snapshot(hub, 3, path)
    before = sums_of(a)
    if broken == "bytes":
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    elif broken == "truncated":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        kind, cafe, _ = manifest.state_hashes[0]
        manifest.state_hashes[0] = (kind, cafe, bytes(32))
    with pytest.raises(SnapshotRefusedError):
        load(a, manifest, path)
    assert sums_of(a) == before
    with a.read() as reader:
        assert refold(reader).differences == []
        assert reader.outbox().count == 5


def test_a_snapshot_that_knows_other_own_ops_fences_the_epoch_and_drops_nothing(
    chain, hub, open_box, tmp_path
):
    manifest = write_snapshot(hub, 3, tmp_path / "snapshot")
    fresh = open_box(3, name="fresh.db")
    written = append(fresh, MEMBER, bodies.document(MEMBER, 4711, 3, {"name": "N"}))
    load(fresh, manifest, tmp_path / "snapshot")
    assert sums_of(fresh) == hub.sums_for(3)
    with fresh.read() as reader:
        assert reader.stop_spending() in ("fenced_fork", "fenced_rewind")
        assert reader.own_head().hash == written.hash
        assert reader.register(MEMBER, 4711).value("name") == "N"
        assert refold(reader).differences == []


def test_snapshot_carries_the_standing_rule_of_an_erasure(chain, hub, open_box, tmp_path):
    a, _b = chain
    hub.deliver(a)
    append(a, MEMBER, bodies.document(MEMBER, MEMBER_ID, 3, {"note": "secret"}))
    hub.write(ERASE, [MEMBER_ID])
    manifest = write_snapshot(hub, 3, tmp_path / "snapshot")
    load(a, manifest, tmp_path / "snapshot")
    with a.read() as reader:
        assert reader.is_erased(MEMBER_ID)
        assert reader.register(MEMBER, MEMBER_ID).erased
        assert all(op.body is None for op in reader.own_ops(1, 100) if op.header.kind == MEMBER)
        assert refold(reader).differences == []
