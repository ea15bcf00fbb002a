"""A member's account at the counter: balance, records, traced top-ups, reconciliation."""

import re

import pytest

from edge.domain.decision import Here, document_change
from sync_protocol.accounts import BONUS, BREAKAGE, FEN, OPENING, WALLET
from sync_protocol.kinds import TOP_UP, TRANSACTION
from sync_protocol.ledger import REASON_GRANT, REASON_OPENING, Transaction
from tests.edge.counter.money.conftest import APPROVED, Till
from tests.edge.desk.counter import BOX, CARD, EAST_BOX, EPOCH

TIER: dict[str, object] = {"from_fen": 10_000, "bonus_fen": 1_000, "bonus_months": 1}


@pytest.mark.covers("A042")
async def test_each_member_has_records_of_top_ups_and_of_spends(till: Till) -> None:
    other = await till.done("register_member", name="李雷", consent=True)
    await till.top_up(10_000)
    await till.top_up(7_700, member=other["member"])
    await till.done("spend", member=till.member, amount_fen=1_500, note="网费")
    fragment = {"HX-Request": "true"}
    page = await till.get("/show/account", **fragment)
    assert "+100.00" in page
    assert "-15.00" in page
    assert "+77.00" not in page
    theirs = await till.get(f"/show/account?member={other['member']}", **fragment)
    assert "+77.00" in theirs
    assert "-15.00" not in theirs
    account = await till.counter.desk.money_views.account(till.member)
    assert [record.kind for record in account.records] == ["spend", "top_up"]
    assert (account.view.topped_up_fen, account.view.spent_fen) == (10_000, 1_500)


@pytest.mark.covers("A343")
async def test_an_account_shows_balance_points_and_its_records_by_day_and_amount(
    till: Till,
) -> None:
    await till.publish("top_up_tiers", TIER)
    await till.top_up(10_000)
    await till.done("spend", member=till.member, amount_fen=1_500)
    page = await till.get("/show/account")
    assert 'data-balance-fen="9500"' in page
    assert "Bonus credit" in page
    assert "15</dd>" in page.replace("\n", "")
    for query, shown in (
        ("kind=top_up", ["+110.00"]),
        ("kind=spend", ["-15.00"]),
        ("from_yuan=20", ["+110.00"]),
        ("to_yuan=20", ["-15.00"]),
        ("from_day=2026-11-01&to_day=2099-01-01", ["-15.00", "+110.00"]),
        ("to_day=2026-11-01", []),
    ):
        text = await till.get(f"/show/account?{query}", **{"HX-Request": "true"})
        assert re.findall(r'class="money (?:gain|loss)">([^<]+)<', text) == shown
    assert "王小明" in page
    assert "Cashier" in page


@pytest.mark.covers("A495")
async def test_an_enquiry_says_what_may_be_spent_here_and_why_not_more(till: Till) -> None:
    await till.publish("top_up_tiers", TIER)
    await till.top_up(10_000)
    await till.counter.hub.owe(till.member, 4_000, EAST_BOX, 1)
    view = (await till.counter.desk.money_views.account(till.member)).view
    assert (view.balance_fen, view.spendable_fen) == (15_000, 11_000)
    page = await till.get("/show/account")
    assert 'data-balance-fen="15000"' in page
    assert 'data-spendable-fen="11000"' in page
    assert 'data-reason="rest_elsewhere"' in page
    assert "East Gate" in page
    assert "¥10.00 of the bonus credit ends with 2026-12" in page
    await till.publish("spending", {"single_limit_fen": 2_000, "pin_above_fen": 500})
    page = await till.get("/show/account")
    assert 'data-spendable-fen="2000"' in page
    assert "At most ¥20.00 at once" in page
    assert "Above ¥5.00 with the card" in page


@pytest.mark.covers("A139")
async def test_a_disputed_top_up_is_found_by_number_and_taken_back(till: Till) -> None:
    made = await till.top_up(5_000)
    number = str(made["number"])
    assert re.fullmatch(r"\S+-\d{8}-\d{4}", number)
    await till.done("clear_screen")
    page = await till.get(f"/show/top-ups?number={number}")
    assert 'data-state="waiting"' in page
    assert "¥50.00" in page
    await till.counter.hub.confirm_all()
    page = await till.get(f"/show/top-ups?number={number}")
    assert 'data-state="acknowledged"' in page
    assert 'data-advice="traced_credited"' in page
    approved = {name: str(value) for name, value in APPROVED.items()}
    text = await till.form("cancel_top_up", top_up=str(made["top_up"]), reason="错", **approved)
    assert "give ¥50.00 back" in text
    page = await till.get(f"/show/top-ups?number={number}")
    assert 'data-advice="traced_cancelled"' in page
    assert till.wallet_fen == 0


@pytest.mark.covers("A154")
async def test_a_failed_top_up_is_guided_step_by_step(till: Till) -> None:
    page = await till.get("/show/top-ups?number=1-20261106-0099")
    assert "No top-up found" in page
    assert "customer's bank" in page.replace("&#39;", "'")
    await till.top_up(5_000)
    page = await till.get("/show/top-ups")
    for step in ("traced_no_line", "traced_spend_here", "traced_support"):
        assert f'data-advice="{step}"' in page
    assert "Check the network" in page
    till.counter.line.up = True
    page = await till.get("/show/top-ups")
    assert 'data-advice="traced_waiting"' in page
    assert 'data-advice="traced_no_line"' not in page
    asked: dict[str, object] = {"member": till.member, "amount_fen": 5_000, "tender": "card"}
    till.visitor.cookie_jar.update_cookies({"language": "zh"})
    status, answer = await till.json("top_up", **asked)
    assert (status, answer["code"]) == (422, "tender_reference_missing")
    assert "参考号" in str(answer["words"])


@pytest.mark.covers("A132")
async def test_top_ups_less_spends_are_the_balance_or_the_difference_is_named(till: Till) -> None:
    await till.publish("top_up_tiers", TIER)
    made = await till.top_up(10_000)
    sold = await till.done("spend", member=till.member, amount_fen=2_500)
    asked: dict[str, object] = {"member": till.member, "tender": "cash", "reason": "退"}
    await till.done("cash_out", amount_fen=1_000, **asked, **APPROVED)
    await till.log_in(502)
    await till.done("refund", sale=sold["sale"], amount_fen=500, reason="停电")
    page = await till.get("/show/reconcile")
    assert page.count('data-differences="0"') == 2
    found = await till.counter.desk.money_views.reconciled_member(till.member)
    sums = {one.code: one.amount_fen for one in found.sums}
    assert sums["top_up"] == 11_000
    assert sums["spend"] == -2_500
    assert sums["opening"] == 0
    assert sum(sums.values()) == found.balance_fen == till.wallet_fen + till.bonus_fen
    cafe = await till.counter.desk.money_views.reconciled_cafe()
    assert sum(one.amount_fen for one in cafe.sums) == cafe.balance_fen
    # A paper that says more than the ledger, as a faulty box might have written it:
    await till.counter.store.write(
        lambda transaction: _spoil(transaction, int(str(made["top_up"])))
    )
    page = await till.get("/show/reconcile")
    assert page.count('data-differences="1"') == 2
    assert str(made["number"]) in page
    assert "papers ¥120.00, ledger ¥110.00" in page


def _spoil(transaction, top_up: int) -> None:
    document = transaction.register(TOP_UP, top_up)
    here = Here(transaction.identity.cafe, transaction.identity.node, 1, 0, 0, 0)
    values = {"amount_fen": 11_000, "tenders": [["cash", 11_000, ""]]}
    op = document_change(here, TOP_UP, top_up, document.shown, values)
    transaction.append(op.kind, op.body)


@pytest.mark.covers("A443")
async def test_card_deposit_and_withdrawal_on_one_work(till: Till) -> None:
    await till.done("clear_screen")
    member = str((await till.done("register_member", name="快", consent=True))["member"])
    await till.done("show_member", member=int(member))
    page = await till.get("/show/quick-card")
    for command in ("issue_card", "top_up", "cash_out"):
        assert f'action="/desk/{command}"' in page
    work = {"member": member, "after": "quick-card"}
    text = await till.form("issue_card", **work, card_uid="04A1B2EE")
    assert "Card in use" in text
    text = await till.form("top_up", **work, amount_yuan="80", tender="cash")
    assert 'data-balance-fen="8000"' in text
    assert 'action="/desk/cash_out"' in text
    approved = {name: str(value) for name, value in APPROVED.items()}
    fields = {"amount_yuan": "30", "tender": "cash", "reason": "取款"}
    text = await till.form("cash_out", **work, **fields, **approved)
    assert "Give ¥30.00 back; the balance is ¥50.00." in text
    assert till.has(WALLET, int(member)) == 5_000


async def test_bonus_credit_is_released_granted_and_expires_as_money_does(till: Till) -> None:
    await till.publish("top_up_tiers", TIER)
    await till.top_up(10_000)
    counter, member = till.counter, till.member

    def held(node: int, epoch: int) -> int:
        return -counter.shown((BONUS, member, node, epoch, 202612, FEN))

    await till.done("release", member=member)
    assert (held(BOX, EPOCH), held(0, 0)) == (0, 1_000)
    postings = [
        (BONUS, member, 0, 0, 202612, FEN, 1_000),
        (BONUS, member, BOX, EPOCH, 202612, FEN, -1_000),
    ]
    body = Transaction(0, REASON_GRANT, 0, 0, 0, 9, None, postings).body()
    await counter.hub.confirm_all()
    await counter.hub.write((TRANSACTION, body))
    view = (await counter.desk.money_views.account(member)).view
    assert (view.bonus, view.spendable_fen) == (((1_000, 202612),), 1_000)
    assert await counter.desk.rights.release_recalled(member, BONUS)
    assert held(0, 0) == 1_000
    await counter.hub.confirm_all()
    await counter.hub.write((TRANSACTION, body))
    counter.clock.forward(60 * 24 * 3600)
    view = (await counter.desk.money_views.account(member)).view
    assert (view.balance_fen, view.spendable_fen) == (10_000, 0)
    assert await counter.desk.rights.expire_due() == 1
    assert till.bonus_fen == 0
    assert counter.shown((BREAKAGE, 0, 0, 0, 0, FEN)) == -1_000


async def test_bonus_credit_of_another_cafe_is_asked_for_with_the_money(till: Till) -> None:
    postings = [
        (OPENING, 0, 0, 0, 0, FEN, 7_000),
        (WALLET, till.member, EAST_BOX, 1, 0, FEN, -5_000),
        (BONUS, till.member, EAST_BOX, 1, 202701, FEN, -2_000),
    ]
    body = Transaction(0, REASON_OPENING, 0, 0, 0, 0, None, postings).body()
    await till.counter.hub.write((TRANSACTION, body))
    till.counter.line.up = True
    await till.counter.tap(CARD)
    assert {(asked[1], asked[4]) for asked in till.counter.line.asked} == {
        (WALLET, 5_000),
        (BONUS, 2_000),
    }
