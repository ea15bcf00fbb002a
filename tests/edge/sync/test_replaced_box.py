"""A box that died with money in its hands: two people write it off, and the next one settles it."""

import asyncio
import time

import pytest

from edge.desk import facts
from edge.desk.answers import Answer
from sync_protocol.accounts import PREPAID, REFUNDABLE
from sync_protocol.kinds import SALE, SESSION, TRANSFER
from tests.edge.sync.boxes import DEADLINE_S, Box, eventually
from tests.edge.sync.counters import PIN, Counter

PAID_BEFORE_FEN = 1_000
SPENT_FEN = 700
POINTS_AWARDED = 1_200
STAYS, IS_LENT, ARRIVES = "PC-1", "PC-2", "PC-3"
PAPERS = {"name": "张三", "document_kind": "id_card", "document_number": "11010519491231002X"}


async def _do_in_the_end(counter, command, **inputs):
    """Do a command that waits for what the hub was asked for: the cashier tries again."""
    deadline_s = time.monotonic() + DEADLINE_S
    while not isinstance(outcome := await counter.ask(command, **inputs), Answer):
        assert time.monotonic() < deadline_s, outcome.words("en")
        await asyncio.sleep(0.05)
    return outcome


async def _things(old, sender, user):
    """One asset of the old box stays, one is lent, and one is on its way; the transfer of it."""
    for tag in (STAYS, IS_LENT):
        await old.do("asset_receipt", tag=tag, name="屏幕")
    await old.do("asset_issue", tag=IS_LENT, user=user)
    await sender.do("asset_receipt", tag=ARRIVES, name="屏幕")
    sending = {"to_cafe": old.box.cafe, "tags": ARRIVES}
    sent = await _do_in_the_end(sender, "dispatch_transfer", **sending)
    await sender.box.settled()
    await _has(old.box, TRANSFER, sent.values["transfer"])
    return sent.values["transfer"]


async def _has(box, kind, key):
    await eventually(
        lambda: box.read(lambda reader: reader.register(kind, key)), "what another box wrote"
    )


async def _redemption(counter, member, approver):
    """Points that became bonus credit; the redemption."""
    points = {"member": member, "form": "award", "points": POINTS_AWARDED, "reason": "x"}
    await counter.do("adjust_points", **points, approver=approver, approver_pin=PIN)
    done = await counter.do("redeem_points", member=member, code="credit10")
    return done.values["sale"]


async def _is_refused(counter, redeemed, code):
    refused = await counter.ask("return_redemption", sale=redeemed, reason="不要了")
    assert refused.code == code


async def _is_returned(counter, redeemed, member):
    """Once, and with all of its points, beside those that the sale of SPENT_FEN earned."""
    await _do_in_the_end(counter, "return_redemption", sale=redeemed, reason="不要了")
    await _is_refused(counter, redeemed, "redemption_returned")
    has = counter.box.read(lambda reader: facts.points_of(reader, member))
    assert has == POINTS_AWARDED + SPENT_FEN // 100


@pytest.mark.covers("A049")
async def test_what_was_paid_at_a_dead_box_is_settled_at_its_successor(make_box, hub, tmp_path):
    people = [await hub.office.add_staff(name, "manager", [], ("", PIN), 0) for name in "李赵"]
    old = Counter(await make_box(0, start=False))
    await eventually(lambda: old.box.sync.up, "the line")
    await old.log_in(people[0])
    seats = await old.do(
        "set_up_seats", prefix="A", first=1, last=1, zone="hall", row=1, column=1, per_row=1
    )
    started = await old.do(
        "start_session",
        seat=seats.values["seats"][0],
        payment="prepaid",
        amount_fen=PAID_BEFORE_FEN,
        tender="cash",
        **PAPERS,
    )
    session = started.values["session"]
    member = (await old.do("register_member", name="王", consent=True)).values["member"]
    await old.do("top_up", member=member, amount_fen=SPENT_FEN, tender="cash")
    sale = (await old.do("spend", member=member, amount_fen=SPENT_FEN)).values["sale"]
    redeemed = await _redemption(old, member, people[1])
    sender = Counter(await make_box(1, start=False))
    await sender.log_in(people[0], opens_shift=False)
    transfer = await _things(old, sender, people[0])
    await old.box.settled()
    await old.box.stop()

    code = await hub.office.create_code(old.box.cafe, "box", old.box.node)
    box = Box(tmp_path / "successor", old.box.hub_url, old.box.login, old.box.client)
    await box.enrol(code)
    try:
        new = Counter(box)
        for kind, key in ((SESSION, session), (SALE, redeemed), (TRANSFER, transfer)):
            await _has(box, kind, key)
        await new.log_in(people[0], opens_shift=False)
        settling = {"session": session, "expected_total_fen": 0}
        refused = await new.ask("end_session", **settling)
        assert refused.code == "prepayment_elsewhere"
        shown = next(one for one in await new.desk.views.sales() if one.sale == sale)
        assert (shown.sale, shown.refundable_fen) == (sale, SPENT_FEN), "offered on the page"
        refunding = {"sale": sale, "amount_fen": SPENT_FEN, "reason": "x"}
        assert (await new.ask("refund", **refunding)).code == "refund_elsewhere"
        void = await new.ask("void_sale", sale=sale, reason="x")
        assert void.code == "refund_elsewhere", "it would give nothing back, and end the sale"
        await _is_refused(new, redeemed, "redemption_elsewhere")
        moves = {
            "dispatch_transfer": {"to_cafe": sender.box.cafe, "tags": STAYS},
            "asset_return": {"tag": IS_LENT},
            "receive_transfer": {"transfer": transfer, "tags": ARRIVES},
        }
        codes = [(await new.ask(command, **inputs)).code for command, inputs in moves.items()]
        assert codes == [*["asset_held_elsewhere"] * 2, "transfer_held_elsewhere"]

        await hub.office.close_epoch(box.node, 1, tuple(people))
        await eventually(
            lambda: new.shown(PREPAID, session, (0, 0)) == PAID_BEFORE_FEN, "the write-off"
        )
        await _do_in_the_end(new, "end_session", **settling)
        await _do_in_the_end(new, "refund", **refunding)
        await _is_returned(new, redeemed, member)
        for command, inputs in moves.items():
            await _do_in_the_end(new, command, **inputs)
        for holder in ((0, 0), (box.node, 1), (box.node, 2)):
            assert new.shown(PREPAID, session, holder) == 0
            assert new.shown(REFUNDABLE, sale, holder) == 0
        # The points of the sale stand at head office: what they are worth was kept.
        assert await new.spendable(member) == SPENT_FEN - SPENT_FEN // 100
        await box.settled()
        await box.assert_equal_to_hub()
    finally:
        await box.stop()
