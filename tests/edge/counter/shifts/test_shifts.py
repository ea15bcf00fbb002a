"""Shifts: opened before any cash, counted blind, ended or handed over with every fen accounted."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.desk.tills import shift_of, shift_totals
from edge.domain.shift_totals import Totals, blind
from edge.domain.shifts import DENOMINATIONS_FEN, count_of
from edge.effects.slips.job import from_bytes
from edge.effects.slips.paper import receipt_of
from edge.receipt import Pair
from sync_protocol.accounts import BONUS, PROMOTION, REVENUE, TILL, WECHAT_CLEARING
from sync_protocol.kinds import RULE
from sync_protocol.ledger import REASON_FLOAT, REASON_REFUND, REASON_SALE
from sync_protocol.rules import RULES
from tests.edge.counter.shifts.conftest import APPROVED, Books, Drawer
from tests.edge.desk.counter import CASHIER, MANAGER, PIN


def paper(drawer: Drawer, print_job: object, language: str = "zh") -> dict[str, str]:
    """The pairs on a printed slip."""
    with drawer.counter.store.read() as reader:
        job = reader.print_job(int(str(print_job)))
    assert job is not None
    lines = receipt_of(from_bytes(job.document), language).lines
    return {line.left: line.right for line in lines if isinstance(line, Pair)}


@pytest.mark.covers("A433")
async def test_no_money_is_taken_before_a_shift_is_open(drawer: Drawer) -> None:
    signed_in = await drawer.sign_in()
    assert signed_in["shift"] == 0
    await drawer.done("add_line", sku="HOUR")
    pays = {"tender": "cash", "expected_total_fen": 300}
    assert await drawer.refused("pay", **pays) == "shift_not_open"
    opened = await drawer.done("open_shift", float_yuan="200")
    assert drawer.books == Books(20_000, -20_000, 0, 0)
    await drawer.done("pay", **pays)
    assert drawer.books.till == 20_300
    with drawer.counter.store.read() as reader:
        (last,) = reader.own_ops(drawer.counter.own_seq(), 1)
    assert last.header.shift == opened["shift"]


async def test_a_shift_outlives_the_log_out_and_is_its_persons_alone(drawer: Drawer) -> None:
    await drawer.sign_in()
    opened = await drawer.done("open_shift", float_fen=1000)
    await drawer.done("log_out")
    again = await drawer.sign_in()
    assert again["shift"] == opened["shift"]
    await drawer.sell_hour()
    await drawer.sign_in(MANAGER)
    await drawer.done("add_line", sku="HOUR")
    code = await drawer.refused("pay", tender="cash", expected_total_fen=300)
    assert code == "shift_of_another"
    assert await drawer.refused("open_shift") == "shift_of_another"


async def test_drops_and_petty_cash_leave_the_drawer_with_a_slip(drawer: Drawer) -> None:
    await drawer.sign_in()
    opened = await drawer.done("open_shift", float_fen=50_000)
    dropped = await drawer.done("drop_cash", amount_yuan="300")
    assert drawer.books == Books(20_000, -20_000, 0, 0)
    assert paper(drawer, dropped["print_job"])["金额"] == "¥300.00"
    asked = {"amount_yuan": "12.5", "reason": "打印纸", "receipt_number": "FP-8812"}
    assert await drawer.refused("petty_cash", **asked) == "approval_needed"
    alone = {"approver": CASHIER, "approver_pin": PIN}
    assert await drawer.refused("petty_cash", **asked, **alone) == "approver_is_asker"
    wrong = {"approver": MANAGER, "approver_pin": "1111"}
    assert await drawer.refused("petty_cash", **asked, **wrong) == "pin_wrong"
    paid = await drawer.done("petty_cash", **asked, **APPROVED)
    assert drawer.books == Books(18_750, -20_000, 1_250, 0)
    assert paper(drawer, paid["print_job"])["凭证号"] == "FP-8812"
    kept = drawer.shift(opened["shift"])["petty_cash"]
    assert isinstance(kept, list)
    assert kept[0][:4] == [1_250, "打印纸", "FP-8812", MANAGER]


async def test_the_count_is_blind(drawer: Drawer) -> None:
    await drawer.sign_in()
    await drawer.done("open_shift", float_fen=10_000)
    await drawer.sell_hour()
    await drawer.sell_hour("wechat")
    page = await drawer.get("/show/shift")
    assert "data-expected-fen" not in page
    assert "103.00" not in page
    assert re.search(r'data-row="tender.wechat".*?3\.00', page, re.S)
    counted = await drawer.count(10_000)
    assert (counted["expected_fen"], counted["difference_fen"]) == (10_300, -300)
    assert 'data-expected-fen="10300"' in await drawer.get("/show/end-shift")
    assert await drawer.refused("count_cash", lines=[["100", 103]]) == "approval_needed"
    again = await drawer.count(10_300, **APPROVED)
    assert again["difference_fen"] == 0
    await drawer.done("add_line", sku="HOUR")
    code = await drawer.refused("pay", tender="cash", expected_total_fen=300)
    assert code == "shift_counted"


async def test_after_the_count_no_deposit_of_a_card_moves_either(drawer: Drawer) -> None:
    columns = [(one.name, one.default) for one in RULES["card_types"].columns]
    plain = {"code": "plain", "name": "卡", "deposit_fen": 1_000}
    row = [plain.get(name, default) for name, default in columns]
    await drawer.counter.hub.document(RULE, "card_types", {"version": 2, "values": [row]})
    await drawer.sign_in()
    await drawer.done("open_shift", float_fen=0)
    card: dict[str, object] = {"name": "王小明", "consent": True, "tender": "cash"}
    first = await drawer.done("register_member", card_uid="04A1B2C3", **card)
    assert (await drawer.count(1_000))["difference_fen"] == 0
    for tender in ("cash", "wechat"):
        code = await drawer.refused("return_card", card=first["card"], tender=tender)
        assert code == "shift_counted"
    assert await drawer.refused("register_member", card_uid="04A1B2C4", **card) == "shift_counted"
    await drawer.done("register_member", name="李小红", consent=True)
    ended = await drawer.done("close_shift", left_fen=0)
    assert (ended["difference_fen"], drawer.books) == (0, Books(0, 1_000, 0, 0))


async def test_the_report_in_between_needs_somebody_who_may_see_the_till(drawer: Drawer) -> None:
    await drawer.sign_in()
    await drawer.done("open_shift", float_fen=10_000)
    await drawer.sell_hour()
    assert await drawer.refused("print_shift_report") == "approval_needed"
    printed = await drawer.done("print_shift_report", **APPROVED)
    said = paper(drawer, printed["print_job"], "en")
    assert said["Float ×1"] == "¥100.00"
    assert said["Sales ×1"] == "¥3.00"


@pytest.mark.covers("A496")
async def test_a_shift_is_settled_and_its_report_says_all_it_took(drawer: Drawer) -> None:
    await drawer.sign_in()
    opened = await drawer.done("open_shift", float_fen=10_000)
    member = (await drawer.done("register_member", name="王小明", consent=True))["member"]
    await drawer.done("top_up", member=member, amount_fen=5_000, tender="wechat", **REFERENCE)
    first = await drawer.sell_hour()
    last = await drawer.sell_hour()
    await drawer.count(10_400)
    assert await drawer.refused("close_shift", left_fen=10_000) == "difference_needs_note"
    assert await drawer.refused("close_shift", left_fen=99_999, note="少找零") == "left_too_much"
    closed = await drawer.done("close_shift", left_yuan="100", note="多找零")
    assert (closed["expected_fen"], closed["difference_fen"]) == (10_600, -200)
    assert drawer.books == Books(0, 400, 0, 200)
    document = drawer.shift(opened["shift"])
    assert (document["status"], document["left_fen"]) == ("closed", 10_000)
    said = paper(drawer, closed["print_job"])
    assert said["差额"] == "-¥2.00"
    assert said["现金 ×2"] == "¥6.00"
    assert said["微信 ×1"] == "¥50.00"
    assert (said["首单号"], said["末单号"]) == (str(first["number"]), str(last["number"]))
    assert await drawer.refused("drop_cash", amount_fen=100) == "shift_not_open"
    page = await drawer.get(f"/show/shifts?shift={opened['shift']}")
    assert 'data-difference-fen="-200"' in page


async def test_a_report_counts_stored_value_where_it_pays_and_nowhere_else(drawer: Drawer) -> None:
    await drawer.sign_in()
    opened = await drawer.done("open_shift", float_fen=0)
    member = (await drawer.done("register_member", name="王小明", consent=True))["member"]
    money: dict[str, object] = {"member": member, "amount_fen": 10_000, "tender": "cash"}
    await drawer.done("top_up", **money)
    wrong = await drawer.done("top_up", **money)
    await drawer.done("cancel_top_up", top_up=wrong["top_up"], reason="错", **APPROVED)
    await drawer.done("sell_pass", member=member, code="noon", tender="wallet")
    with drawer.counter.store.read() as reader:
        shift = shift_of(reader, int(str(opened["shift"])))
        assert shift is not None
        rows = {(row[0], row[1]): row[2:] for row in shift_totals(reader, shift).rows()}
    assert rows["tender", "wallet"] == (1, 1_200)
    assert rows["tender", "cash"] == (3, 10_000)
    assert (rows["reason", "void"], rows["reason", "pass_sale"]) == ((1, -10_000), (1, 1_200))


def test_a_rebate_is_no_payment_and_taking_it_back_is_none() -> None:
    totals = Totals()
    fen = (0, 0, 0, "fen")
    rebate = [(BONUS, 7, *fen, -50), (PROMOTION, 1, *fen, 50)]
    paid = [(TILL, 1, *fen, 800), (BONUS, 7, *fen, 200), (REVENUE, 1, *fen, -1_000)]
    totals.add(REASON_SALE, [*paid, *rebate])
    bought = {(row[0], row[1]): row[3] for row in totals.rows()}
    tenders = {("tender", "cash"): 800, ("tender", "bonus"): 200}
    assert bought == {**tenders, ("reason", "sale"): 1_000, ("cash", "sale"): 800}
    back = [(*posting[:6], -posting[6]) for posting in (*paid, *rebate)]
    totals.add(REASON_REFUND, back)
    left = {(row[0], row[1]): row[3] for row in totals.rows()}
    assert (left["tender", "cash"], left["tender", "bonus"]) == (0, 0)
    assert left["reason", "refund"] == -1_000


REFERENCE = {"tender_reference": "WX1001"}


@pytest.mark.covers("A436")
async def test_a_shift_is_handed_over_by_two_pins_on_one_slip(drawer: Drawer) -> None:
    await drawer.sign_in()
    opened = await drawer.done("open_shift", float_fen=20_000)
    await drawer.sell_hour()
    await drawer.done("add_line", sku="HOUR")  # a ticket stays open
    to = {"to": MANAGER, "blank_cards": 37}
    pins = {"giver_pin": PIN, "receiver_pin": PIN}
    assert await drawer.refused("hand_over", **to, **pins) == "count_first"
    await drawer.count(20_300)
    assert await drawer.refused("hand_over", **to, **{**pins, "giver_pin": "1"}) == "pin_wrong"
    assert await drawer.refused("hand_over", **to, **{**pins, "receiver_pin": "1"}) == "pin_wrong"
    oneself = {"to": CASHIER, "blank_cards": 0}
    assert await drawer.refused("hand_over", **oneself, **pins) == "handover_to_oneself"
    handed = await drawer.done("hand_over", **to, **pins)
    assert drawer.books == Books(20_300, -20_000, 0, 0)
    before, after = drawer.shift(opened["shift"]), drawer.shift(handed["new_shift"])
    assert (before["status"], before["handed_to"], before["blank_cards"]) == (
        "handed_over",
        MANAGER,
        37,
    )
    assert (after["staff"], after["float_fen"]) == (MANAGER, 20_300)
    said = paper(drawer, handed["print_job"])
    assert (said["交班人"], said["接班人"]) == ("李", "赵")
    assert (said["空白卡"], said["未结单"]) == ("37", "1")
    await drawer.done("drop_cash", amount_fen=300)  # whoever took over works at once


async def test_whoever_takes_over_may_ask_for_it_too(drawer: Drawer) -> None:
    await drawer.sign_in()
    await drawer.done("open_shift", float_fen=1_000)
    await drawer.count(1_000)
    await drawer.sign_in(MANAGER)
    page = await drawer.get("/show/end-shift")
    assert "李" in page
    pins = {"giver_pin": PIN, "receiver_pin": PIN}
    await drawer.done("hand_over", to=MANAGER, blank_cards=0, **pins)
    await drawer.done("drop_cash", amount_fen=300)


async def test_a_shift_that_was_left_open_over_the_cut_over_is_named(drawer: Drawer) -> None:
    await drawer.sign_in()
    await drawer.done("open_shift")
    assert "data-shift-overdue" not in await drawer.get("/")
    drawer.counter.clock.forward(86_400)
    assert "data-shift-overdue" in await drawer.get("/")
    await drawer.done("log_out")
    assert "data-shift-overdue" in await drawer.get("/")


async def test_the_drawer_always_holds_what_the_tills_ledger_says(drawer: Drawer) -> None:
    """Each shift's fold is its till; all of them together are the account."""
    await drawer.sign_in()
    first = await drawer.done("open_shift", float_fen=7_700)
    await drawer.sell_hour()
    await drawer.done("drop_cash", amount_fen=2_000)
    await drawer.count(6_100)
    pins = {"giver_pin": PIN, "receiver_pin": PIN}
    handed = await drawer.done("hand_over", to=MANAGER, blank_cards=1, note="多一元", **pins)
    await drawer.sell_hour()
    with drawer.counter.store.read() as reader:
        sums = []
        for shift in (first["shift"], handed["new_shift"]):
            found = shift_of(reader, int(str(shift)))
            assert found is not None
            sums.append(shift_totals(reader, found).cash_fen)
    assert sums == [0, 6_400]
    assert drawer.books.till == 6_400


def test_a_count_names_notes_that_exist() -> None:
    assert count_of([("10000", 2), ("1", "5")]) == ([[10_000, 2], [1, 5]], 20_005)
    assert count_of([]) == ([], 0)
    for lines in ([("777", 1)], [("100", -1)], [("100", 1.5)], [("1e3", 1)], [("100", "x")]):
        assert not isinstance(count_of(lines), tuple)


@given(st.lists(st.tuples(st.sampled_from(DENOMINATIONS_FEN), st.integers(0, 40)), max_size=9))
def test_a_count_adds_up(lines: list[tuple[int, int]]) -> None:
    counted = count_of([(str(fen), pieces) for fen, pieces in lines])
    if isinstance(counted, tuple):
        rows, total = counted
        assert total == sum(fen * pieces for fen, pieces in lines)
        assert total == sum(fen * pieces for fen, pieces in rows)


def test_totals_take_no_float_for_a_taking_and_hide_cash_while_blind() -> None:
    totals = Totals()
    totals.add(REASON_FLOAT, [(TILL, 1, 0, 0, 0, "fen", 9_000)])
    sale = [(TILL, 1, 0, 0, 0, "fen", 700), (WECHAT_CLEARING, 1, 0, 0, 0, "fen", 300)]
    totals.add(REASON_SALE, [*sale, (REVENUE, 1, 0, 0, 0, "fen", -1_000)])
    rows = totals.rows()
    assert ("tender", "cash", 1, 700) in rows
    assert ("reason", "sale", 1, 1_000) in rows
    assert totals.cash_fen == 9_700
    hidden = blind(rows)
    assert ("tender", "wechat", 1, 300) in hidden
    assert not {700, 1_000, 9_000} & {row[3] for row in hidden}
