"""Commands on a real store: done once, refused in words, one commit each."""

import asyncio
from pathlib import Path

import pytest

from edge.desk.answers import Answer
from edge.desk.table import COMMANDS
from edge.domain.refusals import Refusal
from sync_protocol.accounts import (
    DUE_FROM_CAFE,
    DUE_TO_CHAIN,
    FEN,
    ITEM,
    POINTS,
    POINTS_HELD,
    REFUNDABLE,
    REVENUE,
    STOCK,
    TILL,
    WALLET,
)
from sync_protocol.kinds import STAFF
from tests.edge.desk.counter import (
    BOX,
    CAFE,
    CARD,
    CASHIER,
    EAST_BOX,
    EPOCH,
    MANAGER,
    PIN,
    Counter,
    open_counter,
)


def _wallet(member: int) -> tuple[int, int, int, int, int, str]:
    return (WALLET, member, BOX, EPOCH, 0, FEN)


def _own(code: int) -> tuple[int, int, int, int, int, str]:
    return (code, CAFE, 0, 0, 0, FEN)


async def test_a_top_up_is_spendable_here_at_once(counter: Counter) -> None:
    member = await counter.member()
    answer = await counter.do("top_up", member=member, amount_yuan="50", tender="cash")
    assert answer.values["balance_fen"] == 5000
    assert answer.values["spendable_fen"] == 5000
    assert answer.chain_code.startswith(f"{BOX}.{EPOCH}.")
    assert counter.shown(_own(TILL)) == 5000
    assert counter.shown(_own(DUE_TO_CHAIN)) == -5000
    assert counter.shown(_own(DUE_FROM_CAFE)) == 5000


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ({"amount_fen": -100}, "amount_negative"),
        ({"amount_fen": 0}, "amount_zero"),
        ({"amount_fen": 10.5}, "amount_fractional"),
        ({"amount_fen": 10**15}, "amount_too_large"),
        ({"amount_yuan": "1.234"}, "amount_fractional"),
        ({"amount_yuan": "ten"}, "amount_not_a_number"),
        ({}, "amount_missing"),
    ],
)
async def test_an_amount_that_is_none_is_refused(
    counter: Counter, amount: dict[str, object], code: str
) -> None:
    member = await counter.member()
    for command in ({"top_up": "cash"}, {"spend": ""}):
        name, tender = next(iter(command.items()))
        refusal = await counter.refused(name, member=member, tender=tender or "cash", **amount)
        assert refusal.code == code


async def test_a_repeated_request_gets_the_first_answer(counter: Counter) -> None:
    member = await counter.member()
    inputs = {"member": member, "amount_fen": 1000, "tender": "cash"}
    answers = await asyncio.gather(
        *(
            counter.desk.perform("top_up", counter.session, "the-same-one", inputs)
            for _ in range(20)
        )
    )
    given = [answer for answer in answers if isinstance(answer, Answer)]
    assert len({(answer.chain_code, str(answer.values)) for answer in given}) == 1
    assert sum(not answer.repeated for answer in given) == 1
    assert counter.shown(_wallet(member)) == -1000
    other = await counter.desk.perform("spend", counter.session, "the-same-one", inputs)
    assert isinstance(other, Refusal)
    assert other.code == "request_id_reused"


async def test_a_refused_request_may_be_tried_again(counter: Counter) -> None:
    member = await counter.member()
    inputs = {"member": member, "amount_fen": 1000}
    first = await counter.desk.perform("spend", counter.session, "try-again-1", inputs)
    assert isinstance(first, Refusal)
    await counter.do("top_up", member=member, amount_fen=1000, tender="cash")
    again = await counter.desk.perform("spend", counter.session, "try-again-1", inputs)
    assert isinstance(again, Answer)


async def test_fifty_spends_at_once_never_overdraw(counter: Counter) -> None:
    member = await counter.member()
    await counter.do("top_up", member=member, amount_fen=1000, tender="cash")
    outcomes = await asyncio.gather(
        *(counter.ask("spend", member=member, amount_fen=100) for _ in range(50))
    )
    assert sum(isinstance(outcome, Answer) for outcome in outcomes) == 10
    assert counter.shown(_wallet(member)) == 0


async def test_money_elsewhere_is_refused_with_place_and_amount(counter: Counter) -> None:
    member = await counter.member()
    await counter.hub.confirm_all()
    await counter.hub.owe(member, 5000, EAST_BOX, 1)
    await counter.do("top_up", member=member, amount_fen=700, tender="cash")
    refusal = await counter.refused("spend", member=member, amount_fen=1000)
    words = refusal.words("zh")
    assert refusal.code == "spendable_elsewhere"
    assert "¥7.00" in words
    assert "东门店" in words


async def test_a_grant_makes_it_spendable_and_a_release_gives_it_back(counter: Counter) -> None:
    member = await counter.member()
    await counter.hub.confirm_all()
    await counter.hub.owe(member, 3000, 0, 0)
    await counter.hub.grant(member, 3000)
    await counter.do("spend", member=member, amount_fen=1000)
    answer = await counter.do("release", member=member)
    assert answer.values["amount_fen"] == 2000
    assert counter.shown(_wallet(member)) == 0
    assert counter.shown((WALLET, member, 0, 0, 0, FEN)) == -2000


async def test_rights_go_back_some_hours_after_the_last_tap(counter: Counter) -> None:
    member = await counter.member()
    await counter.tap()
    await counter.do("top_up", member=member, amount_fen=1000, tender="cash")
    assert await counter.desk.rights.release_due() == 0
    counter.clock.forward(7 * 3600)
    assert await counter.desk.rights.release_due() == 1
    assert counter.shown(_wallet(member)) == 0
    assert counter.shown((POINTS_HELD, member, BOX, EPOCH, 0, POINTS)) == 0
    assert await counter.desk.rights.release_due() == 0


async def test_a_top_up_without_a_tap_goes_back_too(counter: Counter) -> None:
    member = await counter.member(card=None)
    await counter.do("top_up", member=member, amount_fen=1000, tender="cash")
    counter.clock.forward(5 * 3600)
    assert await counter.desk.rights.release_due() == 0
    counter.clock.forward(3600)
    assert await counter.desk.rights.release_due() == 1


async def test_who_tapped_before_the_cut_over_is_still_here_after_it(counter: Counter) -> None:
    member = await counter.member()
    until_cut_over_s = (30 - (8 + counter.clock.now_ms / 3_600_000) % 24) % 24 * 3600
    counter.clock.forward(until_cut_over_s - 600)
    await counter.do("top_up", member=member, amount_fen=1000, tender="cash")
    await counter.tap()
    counter.clock.forward(1200)
    assert await counter.desk.rights.release_due() == 0


async def test_a_closed_account_ends_its_session(counter: Counter) -> None:
    await counter.hub.document(STAFF, CASHIER, {"active": False})
    counter.desk.log_applied()
    refusal = await counter.refused("add_line", sku="COLA")
    assert refusal.code == "log_in_first"


async def test_a_recall_is_answered_by_a_release(counter: Counter) -> None:
    member = await counter.member()
    await counter.do("top_up", member=member, amount_fen=1000, tender="cash")
    assert await counter.desk.rights.release_recalled(member)
    assert counter.shown((WALLET, member, 0, 0, 0, FEN)) == -1000
    assert not await counter.desk.rights.release_recalled(member)


async def test_a_ticket_is_sold_and_refunded(counter: Counter) -> None:
    member = await counter.member()
    await counter.do(
        "top_up", member=member, amount_fen=10_000, tender="wechat", tender_reference="WX1001"
    )
    await counter.do("goods_receipt", lines=[["COLA", 24]])
    await counter.do("set_ticket_member", member=member)
    await counter.do("add_line", sku="COLA", quantity=2)
    total = (await counter.do("add_line", sku="HOUR")).values["total_fen"]
    assert total == 2 * 450 + 300
    refusal = await counter.refused("pay", tender="wallet", expected_total_fen=100)
    assert refusal.code == "ticket_changed"
    paid = await counter.do("pay", tender="wallet", expected_total_fen=total)
    assert paid.values["points"] == 12
    assert paid.values["below_zero"] == []
    assert counter.shown((STOCK, CAFE, 0, 0, 0, ITEM + "COLA")) == 22
    page = await counter.desk.views.counter(counter.session, 1)
    assert page.ticket.lines == ()
    sale = paid.values["sale"]
    cashier = await counter.refused("refund", sale=sale, amount_fen=600, reason="坏了")
    assert cashier.code == "no_right"
    await counter.log_in(MANAGER)
    back = await counter.do("refund", sale=sale, amount_fen=600, reason="坏了")
    assert (back.values["refundable_fen"], back.values["points"]) == (600, 6)
    assert counter.shown(_wallet(member)) == -(10_000 - 1200 + 600)
    too_much = await counter.refused("refund", sale=sale, amount_fen=601, reason="坏了")
    assert too_much.code == "refund_too_large"
    assert counter.shown((REFUNDABLE, sale, BOX, EPOCH, 0, FEN)) == -600
    assert counter.shown(_own(REVENUE)) == -600
    sales = await counter.desk.views.sales()
    assert [(one.total_fen, one.refundable_fen) for one in sales] == [(1200, 600)]


async def test_a_walk_in_pays_cash_and_stock_below_zero_is_told(counter: Counter) -> None:
    await counter.do("add_line", sku="COLA")
    paid = await counter.do("pay", tender="cash", expected_total_fen=500)
    assert paid.values["below_zero"] == ["COLA"]
    assert paid.values["points"] == 0
    await counter.printer.wait_for(1)
    receipt, copy = counter.printer.printed[0]
    assert receipt.kick_drawer
    assert not copy


async def test_a_payment_pays_only_the_ticket_it_was_shown(counter: Counter) -> None:
    await counter.do("add_line", sku="COLA")
    shown = (await counter.desk.views.counter(counter.session, 1)).ticket.id
    await counter.do("abandon")
    await counter.do("add_line", sku="COLA")  # the next customer's, of the same total
    inputs = {"tender": "cash", "expected_total_fen": 500}
    late = await counter.refused("pay", **inputs, ticket=shown)
    assert late.code == "ticket_changed"
    now = (await counter.desk.views.counter(counter.session, 1)).ticket.id
    assert now not in (0, shown)
    assert (await counter.do("pay", **inputs, ticket=now)).values["total_fen"] == 500


async def test_a_ticket_outlives_a_restart(tmp_path: Path, counter: Counter) -> None:
    await counter.do("add_line", sku="COLA", quantity=3)
    token = counter.session.token if counter.session else ""
    counter.printer_queue.wake()
    counter.store.close()
    async with open_counter(tmp_path, counter.clock) as again:
        again.session = await again.desk.session(token)
        assert again.session is not None
        page = await again.desk.views.counter(again.session, 1)
        assert [(line.sku, line.quantity) for line in page.ticket.lines] == [("COLA", 3)]
        assert page.truth.cashier == "李"


async def test_wrong_pins_lock_and_the_lock_is_on_the_disk(
    tmp_path: Path, counter: Counter
) -> None:
    for _ in range(4):
        assert (await counter.refused("log_in", staff=MANAGER, pin="0")).code == "log_in_failed"
    assert (await counter.refused("log_in", staff=MANAGER, pin="0")).code == "log_in_locked"
    counter.store.close()
    async with open_counter(tmp_path, counter.clock) as again:
        assert (await again.refused("log_in", staff=MANAGER, pin=PIN)).code == "log_in_locked"
        again.clock.forward(15 * 60 + 1)
        await again.log_in(MANAGER)


async def test_nothing_is_done_without_a_log_in(counter: Counter) -> None:
    member = await counter.member()
    await counter.do("log_out")
    for name in ("top_up", "spend", "add_line", "register_member"):
        refusal = await counter.refused(name, member=member)
        assert refusal.code == "log_in_first"
    counter.session = None
    refusal = await counter.refused("refund", sale=1)
    assert refusal.code == "log_in_first"


async def test_a_log_in_ends_the_one_before_it_at_the_terminal(counter: Counter) -> None:
    old = counter.session
    await counter.log_in(MANAGER)
    assert old is not None
    assert await counter.desk.session(old.token) is None
    assert (await counter.desk.views.truth_line()).cashier == "赵"


async def test_bad_inputs_are_refused_by_field(counter: Counter) -> None:
    assert (await counter.refused("fly")).code == "command_unknown"
    missing = await counter.refused("show_member")
    assert (missing.code, missing.parameters["field"]) == ("field_missing", "member")
    for bad in ("x", -1, 0.5, True, 1 << 60, [1]):
        assert (await counter.refused("show_member", member=bad)).code == "field_invalid"
    for bad_lines in ("[", [["COLA"]], [["", 1]], [[1, 1]], "x" * 30_000, {}):
        refusal = await counter.refused("goods_receipt", lines=bad_lines)
        assert refusal.code == "field_invalid"
    outcome = await counter.desk.perform("top_up", counter.session, "short", {})
    assert isinstance(outcome, Refusal)
    assert outcome.code == "request_id_invalid"


async def test_every_command_survives_rubbish(counter: Counter) -> None:
    rubbish: list[object] = [None, "", "x", -1, 0, 1, 2**70, 1.5, True, [], [[]], {}, "\x00" * 300]
    for name, command in COMMANDS.items():
        for value in rubbish:
            inputs = {parameter.name: value for parameter in command.parameters}
            outcome = await counter.ask(name, **inputs)
            assert isinstance(outcome, Answer | Refusal)
            if name == "log_out":
                await counter.log_in()


async def test_members_are_found_by_phone_number_and_name(counter: Counter) -> None:
    answer = await counter.do(
        "register_member", name="王小明", phone="138 0013 8000", consent="on", card_uid=CARD.hex()
    )
    await counter.member(card=None, name="李四")
    for text in ("13800138000", str(answer.values["number"]), "小明", "8000"):
        found = await counter.desk.views.find_members(text)
        assert [view.name for view in found] == ["王小明"], text
    taken = await counter.refused("register_member", name="赵", phone="13800138000", consent=True)
    assert taken.code == "phone_taken"
    assert found[0].specials[0].code == "claim_provisional"
    await counter.hub.confirm_all()
    (confirmed,) = await counter.desk.views.find_members("小明")
    assert confirmed.specials == ()


async def test_a_ledger_shows_each_op(counter: Counter) -> None:
    member = await counter.member()
    answer = await counter.do("top_up", member=member, amount_fen=1000, tender="cash")
    (entry,) = await counter.desk.views.ledger(member)
    assert (entry.amount, entry.reason, entry.actor, entry.cafe_name) == (
        1000,
        "top_up",
        CASHIER,
        ("本店", "Home"),
    )
    assert entry.chain_code == answer.chain_code
    assert entry.position == 0
    await counter.hub.confirm_all()
    (entry,) = await counter.desk.views.ledger(member)
    assert entry.position > 0
    assert entry.verdict == "applied"


async def test_the_truth_line_counts_what_only_this_disk_has(counter: Counter) -> None:
    await counter.hub.confirm_all()
    assert (await counter.desk.views.truth_line()).safe_to_unplug
    member = await counter.member()
    await counter.do("top_up", member=member, amount_fen=1000, tender="cash")
    await counter.printer.wait_for(1)
    truth = await counter.desk.views.truth_line()
    assert truth.money_waiting_fen == 1000
    assert truth.ops_waiting > 0
    assert not truth.safe_to_unplug
    await counter.hub.confirm_all()
    assert (await counter.desk.views.truth_line()).ops_waiting == 0
