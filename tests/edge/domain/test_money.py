"""Stored value and sales: every transaction balances, and nothing is lowered below what is held."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.domain.decision import Decision, Here
from edge.domain.parts import Part
from edge.domain.points import EarnRule
from edge.domain.pricing import MEMBER as MEMBER_TERMS
from edge.domain.pricing import WALK_IN
from edge.domain.products import Product
from edge.domain.refusals import Refusal
from edge.domain.sales import Payment, pay
from edge.domain.stored_value import (
    HEAD_OFFICE,
    Holding,
    Purse,
    purse,
    release,
    spend_refusal,
    spendable_fen,
    spendable_reason,
)
from edge.domain.tenders import ACCOUNTS, laid_by_one
from edge.domain.tickets import Ticket, TicketLine
from sync_protocol.accounts import (
    FEN,
    ITEM,
    POINTS,
    POINTS_HELD,
    REFUNDABLE,
    REVENUE,
    STOCK,
    WALLET,
)
from sync_protocol.kinds import SALE, TRANSACTION
from tests.edge.domain.facts import (
    CAFE,
    EPOCH,
    HERE,
    MEMBER,
    NODE,
    NOW_MS,
    OTHER_NODE,
    TODAY,
    check,
    code_of,
    moved,
    spend,
    transactions,
)

OWN = (NODE, EPOCH)
EAST = ("东门店", "East Gate")
RULE = EarnRule(2, 1, 5)
STOPPED = Here(CAFE, NODE, EPOCH, NOW_MS, TODAY, 480, spending_stopped=True)

fen = st.integers(1, 5_000_000)
prices = st.integers(0, 100_000)


@st.composite
def products(draw: st.DrawFn, index: int) -> Product:
    return Product(
        f"SKU{index}",
        "可乐",
        "Cola",
        draw(prices),
        draw(prices),
        draw(st.booleans()),
        draw(st.integers(0, 300)),
        True,
    )


@st.composite
def tickets(draw: st.DrawFn) -> Ticket:
    lines = tuple(
        TicketLine(draw(products(index)), draw(st.integers(1, 50)))
        for index in range(draw(st.integers(1, 8)))
    )
    member = draw(st.sampled_from([0, MEMBER]))
    return Ticket(lines, member, "王", terms=MEMBER_TERMS if member else WALK_IN)


@given(tickets(), st.sampled_from(["wallet", *sorted(ACCOUNTS)]), st.integers(0, 30_000_000))
def test_a_paid_ticket_balances_and_never_overdraws(ticket: Ticket, tender: str, held: int) -> None:
    laid = laid_by_one(tender, "" if tender in ("wallet", "cash") else "T1234")
    payment = Payment(77, 1, laid, ticket.total_fen, Purse(held, ()))
    decision = pay(HERE, ticket, payment, RULE)
    if isinstance(decision, Refusal):
        assert tender == "wallet"
        assert not ticket.member or ticket.total_fen > held
        return
    lowered = moved(decision, WALLET, OWN).get(FEN, 0)
    assert lowered == (ticket.total_fen if tender == "wallet" else 0)
    assert lowered <= held
    assert moved(decision, REVENUE).get(FEN, 0) == -ticket.total_fen
    assert moved(decision, REFUNDABLE, OWN).get(FEN, 0) == -ticket.total_fen
    assert moved(decision, POINTS_HELD, OWN).get(POINTS, 0) == -ticket.points(RULE)
    sold = moved(decision, STOCK)
    for line in ticket.lines:
        counted = -line.quantity if line.product.counted else 0
        assert sold.get(ITEM + line.product.sku, 0) == counted
    assert [op.kind for op in decision.ops].count(SALE) == 1
    for op in decision.ops:
        check(op)


@given(tickets())
def test_what_only_this_cafe_needs_stays_in_this_cafe(ticket: Ticket) -> None:
    payment = Payment(77, 1, laid_by_one("cash"), ticket.total_fen, Purse(0, ()))
    decision = pay(HERE, ticket, payment, RULE)
    assert isinstance(decision, Decision)
    chain_wide = any(op.kind == TRANSACTION for op in decision.ops)
    assert chain_wide == (ticket.member > 0 and ticket.total_fen > 0)


def test_a_ticket_that_changed_meanwhile_is_not_charged() -> None:
    product = Product("COLA", "可乐", "Cola", 500, 0, True, 100, True)
    ticket = Ticket((TicketLine(product, 2),), 0)
    payment = Payment(77, 1, laid_by_one("cash"), 900, Purse(0, ()))
    assert code_of(pay(HERE, ticket, payment, RULE)) == "ticket_changed"
    assert code_of(pay(HERE, Ticket((), 0), payment, RULE)) == "ticket_empty"
    wallet = Payment(77, 1, laid_by_one("wallet"), 1000, Purse(0, ()))
    assert code_of(pay(HERE, ticket, wallet, RULE)) == "ticket_needs_member"


@given(fen, st.integers(0, 5_000_000), st.integers(0, 5_000_000))
def test_a_spend_is_refused_in_words_unless_it_is_held_here(
    amount: int, held: int, elsewhere: int
) -> None:
    holdings = (Holding(NODE, EPOCH, EAST, held), Holding(OTHER_NODE, 1, EAST, elsewhere))
    split = purse(HERE, holdings)
    payment = Payment(77, 1, laid_by_one("wallet"), amount, split)
    decision = spend(HERE, payment, RULE)
    if amount <= held:
        assert moved(decision, WALLET, OWN) == {FEN: amount}
        return
    refusal = spend_refusal(HERE, split, amount)
    assert refusal is not None
    assert decision == refusal
    if amount <= held + elsewhere:
        assert refusal.code == "spendable_elsewhere"
        assert "东门店" in refusal.words("zh")
        assert "East Gate" in refusal.words("en")
    else:
        assert refusal.code == "spendable_too_little"


def test_the_reason_beside_a_balance() -> None:
    here = Holding(NODE, EPOCH, EAST, 300)
    assert spendable_reason(HERE, purse(HERE, (here,))) is None
    hub = purse(HERE, (here, Holding(0, 0, HEAD_OFFICE, 200)))
    reason = spendable_reason(HERE, hub)
    assert reason is not None
    assert reason.code == "rest_at_hub"
    east = spendable_reason(HERE, purse(HERE, (here, Holding(OTHER_NODE, 1, EAST, 200))))
    assert east is not None
    assert "¥2.00" in east.words("zh")
    assert "东门店" in east.words("zh")


def test_an_old_epoch_of_this_box_is_somewhere_else() -> None:
    split = purse(HERE, (Holding(NODE, EPOCH - 1, EAST, 500),))
    assert (split.here_fen, split.elsewhere_fen) == (0, 500)


def test_a_box_that_must_not_spend_spends_nothing() -> None:
    held = Purse(1000, ())
    assert spendable_fen(STOPPED, held) == 0
    assert code_of(spend_refusal(STOPPED, held, 1)) == "spending_stopped"
    payment = Payment(77, 1, laid_by_one("wallet"), 100, held)
    assert code_of(spend(STOPPED, payment, RULE)) == "spending_stopped"


@given(st.integers(-10, 10_000), st.integers(-10, 10_000))
def test_a_release_moves_what_is_held_and_no_more(wallet: int, points: int) -> None:
    held = (Part(WALLET, MEMBER, 0, FEN, wallet), Part(POINTS_HELD, MEMBER, 0, POINTS, points))
    decision = release(HERE, MEMBER, held)
    assert moved(decision, WALLET, OWN).get(FEN, 0) == max(wallet, 0)
    assert moved(decision, WALLET, (0, 0)).get(FEN, 0) == -max(wallet, 0)
    assert moved(decision, POINTS_HELD, (0, 0)).get(POINTS, 0) == -max(points, 0)
    assert bool(decision.ops) == (wallet > 0 or points > 0)


@pytest.mark.parametrize(("paid", "points"), [(99, 0), (100, 1), (199, 1), (12345, 123)])
def test_points_are_rounded_down_once(paid: int, points: int) -> None:
    payment = Payment(77, 1, laid_by_one("wallet"), paid, Purse(paid, ()))
    decision = spend(HERE, payment, RULE)
    assert moved(decision, POINTS_HELD, OWN).get(POINTS, 0) == -points
    assert transactions(decision)[0].rule_version == RULE.version
