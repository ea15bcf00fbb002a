"""Rights at the counter, on a real store: advances, merged members, expiry, slices, vouchers."""

from sync_protocol.accounts import (
    ADVANCE_BOOK,
    ADVANCE_RIGHT,
    BONUS,
    BREAKAGE,
    FEN,
    POINTS,
    POINTS_HELD,
    POINTS_ISSUED,
    RECEIVABLE,
    VOUCHER,
    VOUCHER_BOOK,
    WALLET,
)
from sync_protocol.kinds import ALIAS, RULE, TRANSACTION, USUAL_CAFE
from sync_protocol.ledger import REASON_ADVANCE, Transaction
from sync_protocol.rights_rule import RIGHTS_RULE_KEY, RightsRule
from tests.edge.desk.counter import (
    BOX,
    CAFE,
    EAST_BOX,
    EPOCH,
    MANAGER,
    OTHER_CARD,
    Counter,
)


def own(
    code: int, member: int, month: int = 0, unit: str = FEN
) -> tuple[int, int, int, int, int, str]:
    return (code, member, BOX, EPOCH, month, unit)


async def allow_advance(counter: Counter, member: int, limit_fen: int = 2000) -> None:
    postings = [
        (*own(ADVANCE_RIGHT, member), -limit_fen),
        (ADVANCE_BOOK, member, 0, 0, 0, FEN, limit_fen),
    ]
    body = Transaction(0, REASON_ADVANCE, 0, 0, 0, 0, None, postings).body()
    await counter.hub.write((TRANSACTION, body))


async def publish(counter: Counter, rule: RightsRule) -> None:
    values = {"version": rule.version, "values": rule.values()}
    await counter.hub.document(RULE, RIGHTS_RULE_KEY, values)
    counter.desk.log_applied()


async def test_without_a_line_an_advance_is_drawn_and_the_next_top_up_repays_it(
    counter: Counter,
) -> None:
    member = await counter.member()
    await counter.do("top_up", member=member, amount_fen=300, tender="cash")
    await counter.hub.confirm_all()
    await counter.hub.owe(member, 5000, EAST_BOX, 1)
    await allow_advance(counter, member)
    view = await counter.desk.views.member(member)
    assert view is not None
    assert (view.balance_fen, view.spendable_fen) == (5300, 2300)
    assert view.spendable_reason is not None
    assert "在东门店待回传，可在本店先用 ¥20.00（预支）" in view.spendable_reason.words("zh")
    refusal = await counter.refused("spend", member=member, amount_fen=2301)
    assert refusal.code == "spendable_elsewhere"
    assert "¥23.00" in refusal.words("en")
    answer = await counter.do("spend", member=member, amount_fen=1800)
    assert answer.values["spendable_fen"] == 500
    assert counter.shown(own(WALLET, member)) == 0
    assert counter.shown(own(RECEIVABLE, member)) == 1500
    assert counter.shown(own(ADVANCE_RIGHT, member)) == -500
    answer = await counter.do("top_up", member=member, amount_fen=2000, tender="cash")
    assert answer.values["repaid_fen"] == 1500
    assert counter.shown(own(RECEIVABLE, member)) == 0
    assert counter.shown(own(ADVANCE_RIGHT, member)) == -2000
    assert counter.shown(own(WALLET, member)) == -500
    assert counter.shown((ADVANCE_BOOK, member, 0, 0, 0, FEN)) == 2000


async def test_with_a_line_there_is_no_advance(counter: Counter) -> None:
    member = await counter.member()
    await counter.hub.confirm_all()
    await counter.hub.owe(member, 5000, EAST_BOX, 1)
    await allow_advance(counter, member)
    counter.line.up = True
    view = await counter.desk.views.member(member)
    assert view is not None
    assert view.spendable_fen == 0
    refusal = await counter.refused("spend", member=member, amount_fen=100)
    assert refusal.code == "spendable_elsewhere"


async def test_a_cafe_that_does_not_answer_is_bridged_once_the_hub_was_asked_in_vain(
    counter: Counter,
) -> None:
    member = await counter.member()
    await counter.hub.confirm_all()
    await counter.hub.owe(member, 5000, EAST_BOX, 1)
    await allow_advance(counter, member)
    counter.line.up = True
    await counter.tap()
    assert (await counter.refused("spend", member=member, amount_fen=1)).parameters
    counter.clock.forward(6)
    view = await counter.desk.views.member(member)
    assert view is not None
    assert view.spendable_fen == 2000
    assert view.spendable_reason is not None
    assert view.spendable_reason.code == "advance_usable"
    await counter.hub.owe(member, 100, 0, 0)
    assert (await counter.refused("spend", member=member, amount_fen=1)).parameters
    counter.desk.log_applied()
    counter.clock.forward(6)
    assert (await counter.refused("spend", member=member, amount_fen=1)).parameters
    await counter.hub.grant(member, 100)
    answer = await counter.do("spend", member=member, amount_fen=600)
    assert answer.values["spendable_fen"] == 1500


async def test_a_debt_goes_to_the_hub_as_soon_as_there_is_a_line(counter: Counter) -> None:
    member = await counter.member()
    await counter.hub.confirm_all()
    await counter.hub.owe(member, 5000, EAST_BOX, 1)
    await counter.hub.document(USUAL_CAFE, member, {"cafe": CAFE})
    await allow_advance(counter, member)
    await counter.do("spend", member=member, amount_fen=1000)
    assert await counter.desk.rights.release_due() == 0
    counter.line.up = True
    assert await counter.desk.rights.release_due() == 1
    assert counter.shown(own(RECEIVABLE, member)) == 0
    assert counter.shown((RECEIVABLE, member, 0, 0, 0, FEN)) == 1000
    assert counter.shown(own(ADVANCE_RIGHT, member)) == -1000


async def test_the_slice_stays_at_the_usual_cafe_and_the_rest_goes(counter: Counter) -> None:
    member = await counter.member()
    await publish(counter, RightsRule(1, 50, 0, 2000, 0))
    await counter.do("top_up", member=member, amount_fen=1000, tender="cash")
    await counter.hub.confirm_all()
    await allow_advance(counter, member)
    await counter.hub.document(USUAL_CAFE, member, {"cafe": CAFE})
    counter.clock.forward(7 * 3600)
    assert await counter.desk.rights.release_due() == 1
    assert counter.shown(own(WALLET, member)) == -500
    assert counter.shown(own(ADVANCE_RIGHT, member)) == -2000
    assert await counter.desk.rights.release_due() == 0
    await counter.hub.document(USUAL_CAFE, member, {"cafe": 2})
    counter.clock.forward(7 * 3600)
    assert await counter.desk.rights.release_due() == 1
    assert counter.shown(own(WALLET, member)) == 0
    assert counter.shown(own(ADVANCE_RIGHT, member)) == 0


async def test_a_recall_leaves_what_an_open_ticket_comes_to(counter: Counter) -> None:
    member = await counter.member()
    await counter.do("top_up", member=member, amount_fen=2000, tender="cash")
    await counter.do("set_ticket_member", member=member)
    await counter.do("add_line", sku="COLA", quantity=2)
    assert await counter.desk.rights.release_recalled(member)
    assert counter.shown(own(WALLET, member)) == -900
    await counter.do("pay", tender="wallet", expected_total_fen=900)
    assert counter.shown(own(WALLET, member)) == 0


async def test_two_merged_members_are_one_person_at_the_counter(counter: Counter) -> None:
    kept = await counter.member()
    gone = await counter.member(card=OTHER_CARD, name="王小名")
    await counter.do("top_up", member=kept, amount_fen=300, tender="cash")
    await counter.do("top_up", member=gone, amount_fen=500, tender="cash")
    await counter.hub.confirm_all()
    await counter.hub.document(ALIAS, gone, {"into": kept})
    view = await counter.desk.views.member(gone)
    assert view is not None
    assert (view.member, view.balance_fen, view.spendable_fen) == (kept, 800, 800)
    await counter.tap(OTHER_CARD)
    page = await counter.desk.views.counter(counter.session, 1)
    assert page.member is not None
    assert page.member.member == kept
    answer = await counter.do("spend", member=gone, amount_fen=700)
    assert answer.values["balance_fen"] == 100
    assert counter.shown(own(WALLET, kept)) == 0
    assert counter.shown(own(WALLET, gone)) == -100
    assert await counter.refused("spend", member=kept, amount_fen=101)
    entries = await counter.desk.views.ledger(kept)
    assert sum(e.amount for e in entries if e.account.startswith("wallet")) == 100
    await counter.do("release", member=kept)
    assert counter.shown(own(WALLET, gone)) == 0


async def test_points_stand_by_month_and_what_is_past_expires_here(counter: Counter) -> None:
    member = await counter.member()
    await publish(counter, RightsRule(1, 100, 0, 0, 1))
    await counter.do("top_up", member=member, amount_fen=5000, tender="cash")
    spent = await counter.do("spend", member=member, amount_fen=1000)
    assert counter.shown(own(POINTS_HELD, member, 202612, POINTS)) == -10
    sale = spent.values["sale"]
    counter.session = None
    await counter.log_in(MANAGER)
    await counter.do("refund", sale=sale, amount_fen=300, reason="退货")
    assert counter.shown(own(POINTS_HELD, member, 202612, POINTS)) == -7
    assert await counter.desk.rights.expire_due() == 0
    counter.clock.forward(60 * 24 * 3600)
    assert await counter.desk.rights.expire_due() == 1
    assert counter.shown(own(POINTS_HELD, member, 202612, POINTS)) == 0
    assert counter.shown((POINTS_ISSUED, member, 0, 0, 0, POINTS)) == 0
    assert await counter.desk.rights.expire_due() == 0


async def test_a_voucher_held_here_is_redeemed_once(counter: Counter) -> None:
    member = await counter.member()
    counter.session = None
    await counter.log_in(MANAGER)
    issued = await counter.do("issue_voucher", amount_fen=1500, only_here=True)
    code = issued.values["code"]
    answer = await counter.do("redeem_voucher", member=member, code=code)
    assert (answer.values["amount_fen"], answer.values["spendable_fen"]) == (1500, 1500)
    refusal = await counter.refused("redeem_voucher", member=member, code=code)
    assert refusal.code == "voucher_used"
    refusal = await counter.refused("redeem_voucher", member=member, code="ZZZZ")
    assert refusal.code == "voucher_unknown"
    voucher = issued.values["voucher"]
    assert isinstance(voucher, int)
    assert counter.shown((VOUCHER_BOOK, voucher, 0, 0, 0, FEN)) == 1500


async def test_a_voucher_of_the_chain_is_asked_for_and_then_used(counter: Counter) -> None:
    member = await counter.member()
    counter.session = None
    await counter.log_in(MANAGER)
    issued = await counter.do("issue_voucher", amount_fen=1500)
    voucher, code = issued.values["voucher"], issued.values["code"]
    assert isinstance(voucher, int)
    month = int(str(issued.values["month"]))
    refusal = await counter.refused("redeem_voucher", member=member, code=code)
    assert refusal.code == "voucher_cut_off"
    await counter.hub.confirm_all()
    counter.line.up = True
    refusal = await counter.refused("redeem_voucher", member=member, code=code)
    assert refusal.code == "voucher_elsewhere"
    assert [asked[1:5] for asked in counter.line.asked] == [(VOUCHER, voucher, FEN, 1500)]
    postings = [
        (VOUCHER, voucher, 0, 0, month, FEN, 1500),
        (VOUCHER, voucher, BOX, EPOCH, month, FEN, -1500),
    ]
    body = Transaction(0, 6, 0, 0, 0, 9, None, postings).body()
    await counter.hub.write((TRANSACTION, body))
    await counter.do("redeem_voucher", member=member, code=code)
    assert counter.shown(own(BONUS, member)) == -1500


async def test_an_unused_voucher_lapses_where_it_is_held(counter: Counter) -> None:
    counter.session = None
    await counter.log_in(MANAGER)
    issued = await counter.do("issue_voucher", amount_fen=1500, only_here=True)
    counter.clock.forward(200 * 24 * 3600)
    assert await counter.desk.rights.expire_due() == 1
    assert counter.shown((BREAKAGE, 0, 0, 0, 0, FEN)) == -1500
    assert issued.values["amount_fen"] == 1500
