"""Selling: both checkout modes, walk-ins, members only, open tickets, voids."""

import pytest

from edge.domain.decision import read_int, read_text
from sync_protocol.accounts import FEN, POINTS_HELD, REVENUE, TILL, WALLET
from sync_protocol.kinds import SALE
from tests.edge.counter.tickets.conftest import APPROVED, Desk, texts
from tests.edge.desk.counter import CAFE, CASHIER, MANAGER, PIN

TICKET_MODE = {"checkout": "ticket"}


@pytest.mark.covers("A414")
async def test_a_supermarket_scans_and_pays_and_keeps_no_ticket(till: Desk) -> None:
    shop = till.shop
    await shop.product("WATER", 200, barcode="6901234567892", counted=True)
    added = await shop.done("add_line", sku="6901234567892")
    assert (added["lines"], added["total_fen"]) == ([["WATER", 1]], 200)
    assert await till.refused("keep_ticket", label="A01") == "checkout_supermarket"
    assert "挂单" not in await shop.show("ticket")
    paid = await shop.done("pay", tender="cash", expected_total_fen=200)
    assert paid["total_fen"] == 200
    await shop.publish("counter", TICKET_MODE)
    await shop.done("add_line", sku="WATER")
    assert (await shop.done("keep_ticket", label="A01"))["label"] == "A01"
    assert "A01" in await shop.show("ticket")


@pytest.mark.covers("A491")
async def test_open_tickets_are_kept_edited_merged_and_paid_one_by_one(till: Desk) -> None:
    shop = till.shop
    await shop.publish("counter", TICKET_MODE)
    member = await shop.member()
    first = await shop.ticket(member, COLA=2)
    seat = await shop.done("keep_ticket", label="A01")
    await shop.done("set_ticket_member")
    await shop.done("add_line", sku="NOODLE")
    assert await till.refused("keep_ticket", label="A01") == "ticket_label_taken"
    other = await shop.done("keep_ticket")
    assert (seat["total_fen"], other["total_fen"], other["label"]) == (first, 500, "#1")
    page = await shop.show("ticket")
    assert "A01 · ¥9.00" in page
    assert "#1 · ¥5.00" in page
    resumed = await shop.done("resume_ticket", ticket=seat["ticket"])
    assert (resumed["member"], resumed["lines"]) == (member, [["COLA", 2]])
    edited = await shop.done("change_line", sku="COLA", quantity=1)
    assert edited["total_fen"] == 450
    merged = await shop.done("merge_ticket", ticket=other["ticket"])
    assert merged["lines"] == [["COLA", 1], ["NOODLE", 1]]
    assert await till.refused("resume_ticket", ticket=other["ticket"]) == "kept_ticket_unknown"
    sold = await shop.done("pay", tender="cash", expected_total_fen=950)
    assert read_int(SALE, till.sale(sold["sale"]), "member") == member
    assert "A01" not in await shop.show("ticket")


async def test_one_ticket_in_hand_is_put_aside_for_the_one_that_is_taken_up(till: Desk) -> None:
    shop = till.shop
    await shop.publish("counter", TICKET_MODE)
    await shop.done("add_line", sku="COLA")
    first = await shop.done("keep_ticket", label="A01")
    await shop.done("add_line", sku="HOUR")
    await shop.done("resume_ticket", ticket=first["ticket"])
    page = await shop.show("ticket")
    assert "#1 · ¥3.00" in page
    assert 'data-due-fen="500"' in page


@pytest.mark.covers("A491")
async def test_a_paid_ticket_is_voided_by_a_senior_only_and_all_of_it_comes_back(
    till: Desk,
) -> None:
    shop = till.shop
    member = await shop.member()
    await shop.done("top_up", member=member, amount_fen=5_000, tender="cash")
    await shop.done("goods_receipt", lines=[["COLA", 10]])
    before = (await shop.balance_fen(member), await shop.points(member), shop.in_stock("COLA"))
    sold = await shop.buy(member, "wallet", COLA=3)
    asked = {"sale": sold["sale"], "reason": "点错了"}
    assert await till.refused("void_sale", **asked) == "approval_needed"
    junior = {"approver": CASHIER, "approver_pin": PIN}
    assert await till.refused("void_sale", **asked, **junior) == "approver_is_asker"
    assert shop.in_stock("COLA") == 7
    voided = await shop.done("void_sale", **asked, **APPROVED)
    assert voided["amount_fen"] == 1_350
    after = (await shop.balance_fen(member), await shop.points(member), shop.in_stock("COLA"))
    assert after == before
    row = till.sale(sold["sale"])
    assert read_int(SALE, row, "voided_by") == MANAGER
    assert read_text(SALE, row, "void_reason") == "点错了"
    assert await till.refused("void_sale", **asked, **APPROVED) == "sale_voided"
    slip = texts((await till.papers(3))[-1])
    assert "作废单" in slip
    assert "可乐 x3" in slip
    assert "已作废" in await shop.show("void")
    await shop.log_in(MANAGER)
    refund = {"sale": sold["sale"], "amount_fen": 100, "reason": "x"}
    assert await till.refused("refund", **refund) == "sale_voided"


async def test_what_cannot_be_voided_is_refused_with_what_to_do(till: Desk) -> None:
    shop = till.shop
    member = await shop.member()
    sold = await shop.buy(member, COLA=1)
    void = {"reason": "错", **APPROVED}
    await shop.log_in(MANAGER)
    await shop.done("refund", sale=sold["sale"], amount_fen=100, reason="少一瓶")
    await shop.log_in()
    assert await till.refused("void_sale", sale=sold["sale"], **void) == "void_refunded"
    await shop.done("sell_pass", member=member, code="ten", tender="cash")
    with shop.counter.store.read() as reader:
        sales = reader.registers_where(SALE, "business_day", shop.today)
    passes = [one for one in sales if read_int(SALE, one.shown, "total_fen") == 18_000]
    assert await till.refused("void_sale", sale=passes[0].key, **void) == "void_not_products"
    cash = await shop.buy(member, COLA=1)
    shop.at_hour(10, days=1)
    assert await till.refused("void_sale", sale=cash["sale"], **void) == "void_too_late"
    assert await till.refused("void_sale", sale=12345, **void) == "sale_unknown"


async def test_a_void_of_cash_leaves_till_and_revenue_as_they_were(till: Desk) -> None:
    shop = till.shop
    accounts = [(code, CAFE, 0, 0, 0, FEN) for code in (TILL, REVENUE)]
    before = [shop.counter.shown(account) for account in accounts]
    sold = await shop.buy(0, COLA=2)
    assert [shop.counter.shown(account) for account in accounts] != before
    await shop.done("void_sale", sale=sold["sale"], reason="错", **APPROVED)
    assert [shop.counter.shown(account) for account in accounts] == before


@pytest.mark.covers("A428")
async def test_f6_sells_without_a_card_under_the_walk_ins_number(till: Desk) -> None:
    shop = till.shop
    await shop.publish("counter", {"walk_in_number": "90000001"})
    member = await shop.member()
    await shop.done("show_member", member=member)
    await shop.done("add_line", sku="COLA")
    assert 'data-due-fen="450"' in await shop.show("ticket")
    walk_in = await shop.done("sell_to_walk_in")
    assert (walk_in["walk_in_number"], walk_in["total_fen"]) == ("90000001", 500)
    page = await shop.get("/")
    assert f'data-member="{member}"' not in page
    assert "散客 90000001" in page
    sold = await shop.done("pay", tender="cash", expected_total_fen=500)
    assert read_int(SALE, till.sale(sold["sale"]), "member") == 0
    assert "散客 90000001" in texts((await till.papers(1))[-1])


@pytest.mark.covers("A490")
async def test_walk_ins_have_free_items_only_and_members_spend_with_a_balance(
    till: Desk,
) -> None:
    shop = till.shop
    await shop.product("TEA", 300, free=True)
    await shop.publish("counter", {"members_only": True})
    assert await till.refused("add_line", sku="COLA") == "walk_in_free_only"
    free = await shop.done("add_line", sku="TEA")
    assert free["total_fen"] == 0
    assert (await shop.done("pay", expected_total_fen=0, tender="cash"))["total_fen"] == 0
    member = await shop.member()
    await shop.done("set_ticket_member", member=member)
    assert await till.refused("add_line", sku="COLA") == "member_needs_balance"
    await shop.done("top_up", member=member, amount_fen=1_000, tender="cash")
    await shop.done("add_line", sku="COLA")
    assert (await shop.done("pay", tender="wallet", expected_total_fen=450))["balance_fen"] == 550


@pytest.mark.covers("A453")
async def test_one_desk_sells_to_members_and_to_walk_ins(till: Desk) -> None:
    shop = till.shop
    member = await shop.member()
    await shop.done("show_member", member=member)
    await shop.done("add_line", sku="COLA")
    assert "王小明" in await shop.show("ticket")
    to_member = await shop.done("pay", tender="cash", expected_total_fen=450)
    await shop.done("sell_to_walk_in")
    await shop.done("add_line", sku="COLA")
    to_walk_in = await shop.done("pay", tender="cash", expected_total_fen=500)
    assert read_int(SALE, till.sale(to_member["sale"]), "member") == member
    assert read_int(SALE, till.sale(to_walk_in["sale"]), "member") == 0
    assert "points" in to_member
    assert not to_walk_in["points"]


@pytest.mark.covers("A317")
async def test_a_member_spends_at_the_counter_and_reads_what_is_left(till: Desk) -> None:
    shop = till.shop
    member = await shop.member()
    await shop.done("top_up", member=member, amount_fen=2_000, tender="cash")
    assert await till.refused("pay", tender="wallet", expected_total_fen=0) == "ticket_empty"
    due = await shop.ticket(member, COLA=2, HOUR=1)
    paid = await shop.done("pay", tender="wallet", expected_total_fen=due)
    assert (due, paid["balance_fen"], paid["points"]) == (1_200, 800, 12)
    assert shop.held(WALLET, member, FEN) == 800
    assert shop.held(POINTS_HELD, member, "points") or await shop.points(member) == 12
    slip = texts((await till.papers(2))[-1])
    assert "会员 王小明" in slip
    assert "账户余额 ¥8.00" in slip
    with_ledger = await shop.show("ledger", member)
    assert "-12.00" in with_ledger
