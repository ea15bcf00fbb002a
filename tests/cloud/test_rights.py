"""Rights through the hub: grants, repeats, recalls, releases, closed epochs."""

from cloud.store import reports
from sync_protocol.accounts import ASSET_IN_STOCK, POINTS_HELD, PREPAID, TRANSIT, WALLET
from sync_protocol.kinds import TRANSACTION, TRANSFER
from sync_protocol.messages import GrantAnswer, GrantRequest, Recall
from tests.cloud import bodies

MEMBER_ID = 4001
SESSION_ID = 7001
TRANSFER_ID = 8001
PC, DESK = "asset:PC-1", "asset:DESK-1"


def _held(hub, node, epoch, code=WALLET, subject=MEMBER_ID):
    rows = reports.balances_of_subject(hub.hub.reader, subject)
    return -sum(
        row.amount for row in rows if (row.code, row.node, row.epoch) == (code, node, epoch)
    )


async def _ask(box, request_id, amount, code=WALLET, unit="fen", subject=MEMBER_ID):
    await box.send(GrantRequest(box.epoch, request_id, code, subject, unit, amount, "tap"))
    return await box.heard(GrantAnswer, lambda answer: answer.request_id == request_id)


async def _released(box, amount):
    """Top up at `box` and release it to the hub."""
    await box.commit(
        box.op(TRANSACTION, bodies.top_up(box.cafe, MEMBER_ID, box.node, box.epoch, amount)),
        box.op(TRANSACTION, bodies.release(box.cafe, MEMBER_ID, box.node, box.epoch, amount)),
    )


async def test_a_grant_moves_what_the_hub_holds_and_a_repeat_gets_the_same_op(hub):
    a, b = await hub.enrol(1), await hub.enrol(2)
    async with a.connected(), b.connected():
        await _released(a, 5000)
        first = await _ask(b, 1, 3000)
        again = await _ask(b, 1, 3000)
        assert first.ref is not None
        assert again.ref == first.ref
        assert (_held(hub, 0, 0), _held(hub, b.node, b.epoch)) == (2000, 3000)
        await b.commit(b.op(TRANSACTION, bodies.spend(2, MEMBER_ID, b.node, b.epoch, 3000)))
    assert _held(hub, b.node, b.epoch) == 0
    assert hub.refolded().equal


async def test_less_is_granted_where_there_is_less_and_nothing_is_a_refusal_in_words(hub):
    a, b = await hub.enrol(1), await hub.enrol(2)
    async with a.connected(), b.connected():
        assert (await _ask(b, 1, 100)).code == "grant_nothing_held"
        await _released(a, 50)
        assert (await _ask(b, 2, 100)).ref is not None
        assert _held(hub, b.node, b.epoch) == 50
        assert (await _ask(b, 3, 100, code=1)).code == "grant_class"


async def test_what_another_box_holds_is_recalled_and_its_release_can_be_granted(hub):
    a, b = await hub.enrol(1), await hub.enrol(2)
    async with a.connected(), b.connected():
        await a.commit(a.op(TRANSACTION, bodies.top_up(1, MEMBER_ID, a.node, a.epoch, 700)))
        assert (await _ask(b, 1, 500)).code == "grant_nothing_held"
        recall = await a.heard(Recall)
        assert (recall.subject, recall.amount) == (MEMBER_ID, 700)
        await a.commit(a.op(TRANSACTION, bodies.release(1, MEMBER_ID, a.node, a.epoch, 700)))
        assert (await _ask(b, 2, 500)).ref is not None
    assert (_held(hub, 0, 0), _held(hub, b.node, b.epoch)) == (200, 500)


async def test_points_of_the_month_that_ends_first_are_granted_first(hub):
    a, b = await hub.enrol(1), await hub.enrol(2)
    async with a.connected(), b.connected():
        for month in (202801, 202712):
            await a.commit(
                a.op(TRANSACTION, bodies.points(1, MEMBER_ID, a.node, 1, 10, month)),
                a.op(
                    TRANSACTION,
                    [
                        1,
                        7,
                        bodies.DAY,
                        480,
                        0,
                        0,
                        None,
                        [
                            [POINTS_HELD, MEMBER_ID, a.node, 1, month, "points", 10],
                            [POINTS_HELD, MEMBER_ID, 0, 0, month, "points", -10],
                        ],
                    ],
                ),
            )
        assert (await _ask(b, 1, 15, POINTS_HELD, "points")).ref is not None
    rows = reports.balances_of_subject(hub.hub.reader, MEMBER_ID)
    held = {(row.node, row.month): -row.amount for row in rows if row.code == POINTS_HELD}
    assert held == {(b.node, 202712): 10, (b.node, 202801): 5, (0, 202801): 5}


async def test_closing_an_epoch_returns_what_it_held_with_two_peoples_word(hub):
    a = await hub.enrol(1)
    async with a.connected():
        await a.commit(a.op(TRANSACTION, bodies.top_up(1, MEMBER_ID, a.node, a.epoch, 900)))
    people = [await hub.office.add_staff(name, "manager", [], ("", ""), 0) for name in "PQ"]
    clerk = await hub.office.add_staff("clerk", "cashier", [], ("", ""), 0)
    for approvers, code in (
        ((people[0], people[0]), "two_people"),
        ((people[0], clerk), "approver_unknown"),
        ((people[0], 77), "approver_unknown"),
    ):
        assert (await hub.office.close_epoch(a.node, a.epoch, approvers)).code == code
    assert _held(hub, a.node, a.epoch) == 900
    await hub.office.close_epoch(a.node, a.epoch, tuple(people))
    assert (_held(hub, a.node, a.epoch), _held(hub, 0, 0)) == (0, 900)
    again = await hub.office.close_epoch(a.node, a.epoch, tuple(people))
    assert again.code == "epoch_closed"
    assert hub.refolded().equal


async def test_what_a_closed_epoch_held_in_its_cafes_book_is_granted_to_that_cafe_alone(hub):
    dead, elsewhere, successor = await hub.enrol(1), await hub.enrol(2), await hub.enrol(1)
    async with dead.connected():
        await dead.commit(
            dead.op(TRANSACTION, bodies.prepayment(1, SESSION_ID, dead.node, dead.epoch, 600))
        )
    people = [await hub.office.add_staff(name, "manager", [], ("", ""), 0) for name in "PQ"]
    await hub.office.close_epoch(dead.node, dead.epoch, tuple(people))
    assert _held(hub, 0, 0, PREPAID, SESSION_ID) == 600
    async with elsewhere.connected(), successor.connected():
        refused = await _ask(elsewhere, 1, 600, PREPAID, subject=SESSION_ID)
        assert refused.code == "grant_nothing_held"
        assert (await _ask(successor, 1, 600, PREPAID, subject=SESSION_ID)).ref is not None
    assert _held(hub, 0, 0, PREPAID, SESSION_ID) == 0
    assert _held(hub, successor.node, successor.epoch, PREPAID, SESSION_ID) == 600
    assert hub.refolded().equal


async def test_things_are_granted_to_the_cafe_where_they_are_or_go_and_nobody_gives_them_back(hub):
    dead, sender, successor = await hub.enrol(1), await hub.enrol(2), await hub.enrol(1)
    holder, own = (dead.node, dead.epoch), (sender.node, sender.epoch)
    on_its_way = {"from_cafe": 2, "to_cafe": 1, "status": "dispatched"}
    async with dead.connected(), sender.connected():
        await dead.commit(
            dead.op(TRANSACTION, bodies.asset_at(ASSET_IN_STOCK, 1, 1, holder, holder, PC))
        )
        await sender.commit(
            sender.op(TRANSFER, bodies.register(TRANSFER, TRANSFER_ID, 2, on_its_way)),
            sender.op(TRANSACTION, bodies.asset_at(TRANSIT, TRANSFER_ID, 2, own, holder, DESK)),
        )
        wanted = ((ASSET_IN_STOCK, PC, 1), (TRANSIT, DESK, TRANSFER_ID))
        for number, (code, unit, subject) in enumerate(wanted):
            answer = await _ask(sender, 10 + number, 1, code, unit, subject)
            assert answer.code == "grant_nothing_held"
    people = [await hub.office.add_staff(name, "manager", [], ("", ""), 0) for name in "PQ"]
    await hub.office.close_epoch(*holder, tuple(people))
    async with sender.connected(), successor.connected():
        for number, (code, unit, subject) in enumerate(wanted):
            answer = await _ask(sender, 20 + number, 1, code, unit, subject)
            assert answer.code == "grant_nothing_held"
            assert (await _ask(successor, 30 + number, 1, code, unit, subject)).ref is not None
            assert _held(hub, successor.node, successor.epoch, code, subject) == -1
    assert hub.refolded().equal
