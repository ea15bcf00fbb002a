"""Boxes that are copied, restored, moved or replaced, against a real hub: nothing is dropped."""

import pytest

from cloud.store.reports import read_document
from edge.sync.enrolment import EnrolmentError
from edge.sync.settings import SyncState
from sync_protocol.accounts import CHAIN_LOSS, FEN, WALLET
from sync_protocol.kinds import NODE, TRANSACTION
from tests.cloud.remote_box import eventually
from tests.edge.store import bodies

MEMBER_ID = 812


def top_up(box, amount):
    wallet = (*bodies.wallet(MEMBER_ID, box.node, box.enrolment.identity.epoch), -amount)
    return bodies.ledger(box.cafe, 1, [(1, box.cafe, 0, 0, 0, FEN, amount), wallet])


def spend(box, amount):
    wallet = (*bodies.wallet(MEMBER_ID, box.node, box.enrolment.identity.epoch), amount)
    return bodies.ledger(box.cafe, 2, [wallet, (5, box.cafe, 0, 0, 0, FEN, -amount)])


def stopped(box):
    return box.read(lambda reader: reader.stop_spending())


def standing(hub, node, epoch):
    authors = hub.office.hub.authors()
    return next(a.standing for a in authors if (a.node, a.epoch) == (node, epoch))


async def people(hub):
    return tuple(
        [await hub.office.add_staff(name, "manager", [], ("", ""), 0) for name in ("Li", "Wu")]
    )


async def next_epoch(hub, box):
    code = await hub.office.create_code(box.cafe, "box", box.node)
    await box.stop()
    await box.enrol(code, again=True)
    box.start()
    await eventually(lambda: box.sync.up, "the line of the new epoch")


@pytest.fixture
async def clones(hub, make_box, tmp_path):
    """Yield (box, its copy), both fenced: 100 topped up, one spent 60 of it and the other 70."""
    box = await make_box(0)
    await box.append(TRANSACTION, top_up(box, 100))
    await box.settled()
    await box.stop()
    clone = box.copied(tmp_path / "clone")
    box.start()
    await box.append(TRANSACTION, spend(box, 60))
    await box.settled()
    await box.stop()
    clone.start()
    await clone.append(TRANSACTION, spend(clone, 70))
    await eventually(lambda: stopped(clone) is not None, "the clone's fence")
    yield box, clone
    await clone.stop()


async def test_a_clone_is_found_and_both_are_fenced_over_restarts(hub, clones):
    box, clone = clones
    assert stopped(clone) in ("fenced_fork", "fenced_rewind")
    await eventually(lambda: standing(hub, box.node, 1) == "forked", "the hub's fence")
    box.start()
    await eventually(lambda: box.sync.state is SyncState.FENCED, "the original's fence")
    await eventually(lambda: stopped(box) == "fenced_fork", "the original's stop")
    await clone.stop()
    clone.start()
    assert stopped(clone) is not None
    node = read_document(hub.office.hub.reader, NODE, box.node)
    assert node.value(4) == "fenced"
    # Nothing was dropped: what the clone wrote is on its disk, waiting.
    assert clone.read(lambda reader: reader.outbox().money_fen) == 70


async def test_a_clones_ops_are_admitted_verbatim_and_its_excess_is_the_chains_loss(hub, clones):
    box, clone = clones
    await next_epoch(hub, clone)
    await eventually(lambda: _complete(hub), "all of what it left over")
    (kept,) = await hub.office.left_overs()
    assert clone.read(lambda reader: reader.outbox().count) > 0
    refused = await hub.office.admit_branch(kept["id"], (5, 5))
    assert refused.code == "two_people"
    approvers = await people(hub)
    await hub.office.admit_branch(kept["id"], approvers)
    again = await hub.office.admit_branch(kept["id"], approvers)
    assert again.code == "left_over_admitted"
    await eventually(lambda: clone.read(lambda r: r.left_overs()) == [], "the branch")
    await clone.append(TRANSACTION, top_up(clone, 5))
    await clone.settled()
    await clone.assert_equal_to_hub()
    loss = clone.read(lambda reader: reader.balances_of(CHAIN_LOSS, clone.cafe))
    assert [balance.confirmed for _, balance in loss] == [30]
    assert stopped(clone) is None
    await hub.office.close_epoch(box.node, 1, approvers)
    await clone.settled()
    await clone.assert_equal_to_hub()
    held = clone.read(lambda reader: reader.balances_of(WALLET, MEMBER_ID))
    amounts = {account[2:4]: b.confirmed for account, b in held if b.confirmed}
    assert amounts == {(clone.node, 2): -5}


async def _complete(hub):
    kept = await hub.office.left_overs()
    return bool(kept) and all(item["complete"] for item in kept)


async def test_what_a_replaced_box_had_not_sent_goes_on_by_itself(hub, make_box):
    """A new epoch, no fork: the ops of the old one continue its chain and need nobody's word."""
    box = await make_box(0)
    await box.append(TRANSACTION, top_up(box, 100))
    await box.settled()
    await box.stop()
    box.switch.cut()
    box.start()
    await box.append(TRANSACTION, spend(box, 30))
    with pytest.raises(EnrolmentError, match="--again"):
        await box.enrol("AAAA-BBBB-CCCC")
    box.switch.mend()
    await box.stop()
    # The line is back, but the old epoch has ended before it could send.
    code = await hub.office.create_code(box.cafe, "box", box.node)
    await box.enrol(code, again=True)
    box.start()
    await eventually(lambda: box.sync.up, "the line")
    await eventually(lambda: box.read(lambda r: r.left_overs()) == [], "the old epoch's ops")
    await box.settled()
    await box.assert_equal_to_hub()
    assert await hub.office.left_overs() == []
    assert box.read(lambda r: r.balance(bodies.wallet(MEMBER_ID, box.node))).confirmed == -70
    assert standing(hub, box.node, 1) == "superseded"


async def test_a_code_of_another_box_is_refused_with_the_right_command(hub, make_box):
    box = await make_box(0)
    code = await hub.office.create_code(box.cafe, "another")
    with pytest.raises(EnrolmentError, match=f"--node {box.node}"):
        await box.enrol(code, again=True)
    assert box.sync.up


async def test_what_lands_in_a_closed_epoch_is_swept_to_the_hub(hub, make_box):
    a, b = await make_box(0), await make_box(1)
    approvers = await people(hub)
    await a.append(TRANSACTION, top_up(a, 80))
    await a.settled()
    await hub.office.close_epoch(a.node, 1, approvers)
    # Anyone may raise another's part: b had not heard of the closing.
    wallet = (*bodies.wallet(MEMBER_ID, a.node), -15)
    raising = bodies.ledger(b.cafe, 1, [(1, b.cafe, 0, 0, 0, FEN, 15), wallet])
    await b.append(TRANSACTION, raising)
    await b.settled()
    await b.assert_equal_to_hub()
    held = b.read(lambda reader: reader.balances_of(WALLET, MEMBER_ID))
    assert {account[2:4]: x.confirmed for account, x in held if x.confirmed} == {(0, 0): -95}
