"""Copied and restored stores: found, fenced, nothing dropped, admitted verbatim as a branch."""

from edge.store.integrity import check_all
from edge.store.refold import refold
from edge.store.snapshot import load
from sync_protocol.accounts import CHAIN_LOSS
from sync_protocol.kinds import MEMBER, TRANSACTION
from tests.edge.store import bodies
from tests.edge.store.log_hub import sums_of, write_snapshot

MEMBER_ID = 4001


def append(store, kind, body):
    return store.submit(lambda tx: tx.append(kind, body)).result()


def sync(hub, *stores):
    for store in stores:
        hub.take(store)
    for store in stores:
        hub.deliver(store)


def assert_whole(store, hub):
    assert sums_of(store) == hub.sums_for(store.identity.cafe)
    with store.read() as reader:
        assert refold(reader).differences == []


def copied(open_box, hub, tmp_path):
    """Return (box, its copy): 100 fen are topped up, then the box spends all of it, acked."""
    box = open_box()
    append(box, TRANSACTION, bodies.top_up(3, MEMBER_ID, 100))
    box.backup(tmp_path / "copy.db")
    append(box, TRANSACTION, bodies.spend(3, MEMBER_ID, 100))
    return box, open_box(name="copy.db")


def test_an_old_copy_is_found_fenced_and_goes_on_without_spending(open_box, hub, tmp_path):
    box, copy = copied(open_box, hub, tmp_path)
    sync(hub, box)
    hub.deliver(copy)
    with copy.read() as reader:
        assert reader.stop_spending() == "fenced_rewind"
        assert reader.own_head().seq == 2
    append(copy, MEMBER, bodies.document(MEMBER, MEMBER_ID, 3, {"name": "still written"}))
    hub.deliver(copy)
    assert_whole(copy, hub)
    copy.close()
    copy = open_box(name="copy.db")
    with copy.read() as reader:
        assert reader.stop_spending() == "fenced_rewind"
        assert reader.register(MEMBER, MEMBER_ID).value("name") == "still written"


def fork_of(open_box, hub, tmp_path):
    """Return (box, copy as epoch 2, what it left over, the op where both part)."""
    box, copy = copied(open_box, hub, tmp_path)
    other = open_box(4)
    append(copy, TRANSACTION, bodies.spend(3, MEMBER_ID, 70))
    append(copy, TRANSACTION, bodies.points(3, MEMBER_ID, 9))
    sync(hub, box, other)
    hub.deliver(copy)
    assert_whole(copy, hub)
    with copy.read() as reader:
        assert reader.stop_spending() == "fenced_fork"
    copy.close()
    copy = open_box(name="copy.db", epoch=2)
    with copy.read() as reader:
        assert reader.stop_spending() is None
        (left,) = reader.left_overs()
        outbox = reader.outbox()
        parent = reader.op_row(hub.blocks[0].entries[1].op.ref()).op()
    assert (left.epoch, left.parent_seq, left.last_seq) == (1, 2, 5)
    assert (outbox.count, outbox.money_fen) == (3, 70)
    return box, copy, other, left, parent


def test_what_a_copy_wrote_is_admitted_verbatim_and_its_excess_is_the_chains(
    open_box, hub, tmp_path
):
    box, copy, other, left, parent = fork_of(open_box, hub, tmp_path)
    hub.admit(copy, left, parent, 3)
    append(copy, TRANSACTION, bodies.points(3, MEMBER_ID, 1))
    for store in (copy, other):
        hub.deliver(store)
        assert_whole(store, hub)
    with copy.read() as reader:
        assert reader.left_overs() == []
        # The alarm of an earlier epoch is head office's to look at: this one goes on.
        assert reader.stop_spending() is None
        ((place, loss),) = reader.balances_of(CHAIN_LOSS, 3)
        assert (place[5], loss.confirmed) == ("fen", 70)
    with other.read() as reader:
        assert reader.balances_of(CHAIN_LOSS, 3) == []  # its cafe's and the hub's alone
        assert reader.balance(bodies.wallet(MEMBER_ID, 3)).confirmed == 0
        assert reader.heads()[3, 3][0] == 5
    # The box that was copied stays in the trunk, fenced by the hub, and follows as well.
    hub.deliver(box)
    assert_whole(box, hub)
    copy.close()
    again = open_box(name="copy.db", epoch=2)
    hub.take(again)
    hub.deliver(again)
    assert_whole(again, hub)
    with again.read() as reader:
        check_all(reader)  # a branch begins where the epoch began that it left


def test_a_left_over_survives_a_snapshot_and_is_counted_once(open_box, hub, tmp_path):
    _box, copy, _other, left, parent = fork_of(open_box, hub, tmp_path)
    manifest = write_snapshot(hub, 3, tmp_path / "snapshot")
    copy.submit(lambda tx: load(tx, manifest, tmp_path / "snapshot")).result()
    assert_whole(copy, hub)
    with copy.read() as reader:
        assert [(item.epoch, item.last_seq) for item in reader.left_overs()] == [(1, 5)]
    hub.admit(copy, left, parent, 3)
    hub.deliver(copy)
    assert_whole(copy, hub)
    with copy.read() as reader:
        assert reader.left_overs() == []


def test_a_new_epoch_keeps_what_the_old_one_had_not_sent(open_box, hub):
    box = open_box()
    append(box, TRANSACTION, bodies.top_up(3, MEMBER_ID, 100))
    sync(hub, box)
    append(box, TRANSACTION, bodies.spend(3, MEMBER_ID, 40))
    box.close()
    box = open_box(epoch=2)
    with box.read() as reader:
        (left,) = reader.left_overs()
        assert (left.parent_seq, left.last_seq) == (2, 3)
        assert reader.balance(bodies.wallet(MEMBER_ID, 3)).shown == -60
        ops = reader.left_over_ops(left, 3, 100)
        assert refold(reader).differences == []
    hub.commit(ops)
    hub.deliver(box)
    assert_whole(box, hub)
    with box.read() as reader:
        assert reader.left_overs() == []
        assert reader.balance(bodies.wallet(MEMBER_ID, 3)).confirmed == -60
