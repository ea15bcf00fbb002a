"""Advances, parts, expiry, vouchers: nothing is spent beyond what is held plus the limit."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.domain.advances import Advance, drawable_fen
from edge.domain.decision import Here
from edge.domain.expiry import expire
from edge.domain.parts import Part, leave, take, total
from edge.domain.points import EarnRule, points_earned
from edge.domain.refusals import Refusal
from edge.domain.sales import Payment
from edge.domain.spending import SPENDING_DEFAULT, Debit, debit_postings
from edge.domain.stored_value import (
    Holding,
    purse,
    release,
    spendable_fen,
    spendable_reason,
)
from edge.domain.tenders import laid_by_one
from edge.domain.top_up import top_up
from edge.domain.vouchers import (
    NewVoucher,
    VoucherFacts,
    issue_voucher,
    normal_code,
    redeem_voucher,
)
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
from sync_protocol.rights_rule import (
    RIGHTS_RULE_DEFAULT,
    RightsRule,
    is_expired,
    month_after,
    rights_rule,
)
from tests.edge.domain.facts import (
    EPOCH,
    HERE,
    MEMBER,
    NO_LIMITS,
    NODE,
    OTHER_NODE,
    TODAY,
    cash_top_up,
    code_of,
    moved,
    spend,
    transactions,
)

OWN = (NODE, EPOCH)
EAST = ("东门店", "East Gate")
CUT_OFF = replace(HERE, cut_off=True)
RULE = EarnRule(1, 0, 0)
LIMIT = 2000

fen = st.integers(1, 20_000)


class Books:
    """A member's balances of one cafe that is cut off, moved by what the rules decide."""

    def __init__(self, elsewhere_fen: int) -> None:
        self.wallet = 0
        self.right = LIMIT
        self.owed = 0
        self.elsewhere_fen = elsewhere_fen

    def purse(self, here: Here):
        holdings = [Holding(OTHER_NODE, 1, EAST, self.elsewhere_fen)]
        if self.wallet:
            holdings.append(Holding(NODE, EPOCH, EAST, self.wallet))
        return purse(here, tuple(holdings), (), self.advance())

    def advance(self) -> Advance:
        return Advance(
            (Part(ADVANCE_RIGHT, MEMBER, 0, FEN, self.right),) if self.right else (),
            (Part(RECEIVABLE, MEMBER, 0, FEN, self.owed),) if self.owed else (),
        )

    def fold(self, decision: object) -> None:
        assert not isinstance(decision, Refusal)
        self.wallet -= moved(decision, WALLET, OWN).get(FEN, 0)
        self.right -= moved(decision, ADVANCE_RIGHT, OWN).get(FEN, 0)
        self.owed += moved(decision, RECEIVABLE, OWN).get(FEN, 0)


@given(
    st.integers(0, 20_000),
    st.lists(st.tuples(st.sampled_from(["top_up", "spend"]), fen, st.booleans()), max_size=12),
)
def test_nothing_is_spent_above_what_is_held_and_the_limit(
    elsewhere_fen: int, steps: list[tuple[str, int, bool]]
) -> None:
    books = Books(elsewhere_fen)
    topped_up = spent = 0
    for step, amount, cut_off in steps:
        here = CUT_OFF if cut_off else HERE
        if step == "top_up":
            decision = top_up(here, cash_top_up(amount, books.advance()), NO_LIMITS)
            topped_up += amount
        else:
            payment = Payment(77, 1, laid_by_one("wallet"), amount, books.purse(here))
            decision = spend(here, payment, RULE)
            allowed = spendable_fen(here, books.purse(here))
            assert isinstance(decision, Refusal) == (amount > allowed)
            assert allowed <= books.wallet + (books.right if cut_off else 0)
            if isinstance(decision, Refusal):
                continue
            spent += amount
        books.fold(decision)
        assert books.wallet >= 0
        assert books.right >= 0
        assert books.owed >= 0
        assert books.right + books.owed == LIMIT
        assert spent <= topped_up + LIMIT
        assert spent <= topped_up + max(elsewhere_fen, books.owed)
        assert topped_up - spent == books.wallet - books.owed


@given(fen, fen)
def test_an_advance_is_repaid_exactly_within_the_next_top_up(owed: int, amount: int) -> None:
    advance = Advance((), (Part(RECEIVABLE, MEMBER, 0, FEN, owed),))
    decision = top_up(HERE, cash_top_up(amount, advance), NO_LIMITS)
    repaid = min(owed, amount)
    assert moved(decision, RECEIVABLE, OWN) == {FEN: -repaid}
    assert moved(decision, ADVANCE_RIGHT, OWN) == {FEN: -repaid}
    assert moved(decision, ADVANCE_BOOK) == {FEN: repaid}
    assert moved(decision, WALLET, OWN).get(FEN, 0) == -(amount - repaid)


def test_no_advance_with_a_line_or_without_money_elsewhere() -> None:
    advance = Advance((Part(ADVANCE_RIGHT, MEMBER, 0, FEN, LIMIT),))
    assert drawable_fen(HERE, advance, 5000) == 0
    assert drawable_fen(CUT_OFF, advance, 5000) == LIMIT
    assert drawable_fen(CUT_OFF, advance, 300) == 300
    assert drawable_fen(CUT_OFF, replace(advance, owed_elsewhere_fen=4500), 5000) == 500
    assert drawable_fen(replace(CUT_OFF, spending_stopped=True), advance, 5000) == 0


def test_the_counter_says_what_may_be_used_in_advance_and_why() -> None:
    books = Books(5000)
    reason = spendable_reason(CUT_OFF, books.purse(CUT_OFF))
    assert reason is not None
    assert reason.words("zh") == "余额 ¥50.00 在东门店待回传，可在本店先用 ¥20.00（预支）"
    assert "¥20.00 of it may be used here" in reason.words("en")
    with_line = spendable_reason(HERE, books.purse(HERE))
    assert with_line is not None
    assert with_line.code == "rest_elsewhere"


parts = st.lists(
    st.builds(
        Part,
        st.just(POINTS_HELD),
        st.just(MEMBER),
        st.sampled_from([0, 202610, 202611, 202701]),
        st.just(POINTS),
        st.integers(1, 1000),
    ),
    max_size=6,
)


@given(parts, st.integers(0, 4000))
def test_what_is_taken_and_what_is_left_are_all_of_it(held: list[Part], amount: int) -> None:
    taken, rest = take(held, amount), leave(held, amount)
    assert total(taken) == min(amount, total(held))
    assert total(taken) + total(rest) == total(held)
    if taken and rest:
        assert max(p.month or 999912 for p in taken) <= min(p.month or 999912 for p in rest)


@given(parts)
def test_only_what_is_past_its_month_expires(held: list[Part]) -> None:
    decision = expire(HERE, held)
    lapsed = sum(part.amount for part in held if part.month == 202610)
    if not lapsed:
        assert decision.ops == ()
        return
    assert moved(decision, POINTS_HELD, OWN) == {POINTS: lapsed}
    assert moved(decision, POINTS_ISSUED) == {POINTS: -lapsed}


@pytest.mark.parametrize(
    ("day", "months", "expires"), [(20261106, 1, 202612), (20261231, 14, 202802), (20260101, 0, 0)]
)
def test_points_of_a_day_stand_in_the_account_of_their_month(
    day: int, months: int, expires: int
) -> None:
    here = replace(HERE, business_day=day)
    posting = points_earned(here, MEMBER, 10, EarnRule(1, 1, 1, months))[1]
    assert posting == (POINTS_HELD, MEMBER, NODE, EPOCH, expires, POINTS, -10)


def test_months() -> None:
    assert month_after(202611, 2) == 202701
    assert is_expired(202610, TODAY)
    assert not is_expired(202611, TODAY)
    assert not is_expired(0, TODAY)


@pytest.mark.parametrize("values", [None, [], [1, 2, 3], [101, 0, 0, 0], [True, 0, 0, 0], ["", 0]])
def test_a_rule_that_is_none_leaves_the_default(values: object) -> None:
    assert rights_rule(1, values) is RIGHTS_RULE_DEFAULT


@given(st.integers(0, 100), st.integers(0, 5000), st.integers(-5, 100_000))
def test_a_slice_is_never_more_than_there_is(percent: int, bound: int, amount: int) -> None:
    rule = rights_rule(2, RightsRule(2, percent, bound, 0, 0).values())
    assert 0 <= rule.slice_of(amount, True) <= max(amount, 0)
    assert not bound or rule.slice_of(amount, True) <= bound


def test_merged_members_are_debited_part_by_part() -> None:
    both = (Part(WALLET, MEMBER, 0, FEN, 300), Part(WALLET, 813, 0, FEN, 500))
    split = purse(HERE, (Holding(NODE, EPOCH, EAST, 800),), both)
    debit = debit_postings(HERE, split, 700, SPENDING_DEFAULT)
    assert isinstance(debit, Debit)
    postings = debit.postings
    assert [(posting[1], posting[6]) for posting in postings] == [(MEMBER, 300), (813, 400)]
    given_back = transactions(release(HERE, MEMBER, both))[0].postings
    assert sum(posting[6] for posting in given_back) == 0
    assert len(given_back) == 4


def test_a_voucher_is_used_once_and_only_where_it_is_held() -> None:
    new = NewVoucher(900, 12345, b"k" * 16, 1000, True)
    issued = issue_voucher(HERE, new)
    assert moved(issued, VOUCHER, OWN) == {FEN: -1000}
    assert moved(issued, VOUCHER_BOOK) == {FEN: 1000}
    assert normal_code(str(issued.values["code"])) == normal_code(" c1 s ") == "voucher C1S"
    month = int(str(issued.values["month"]))
    part = Part(VOUCHER, 900, month, FEN, 1000)
    facts = VoucherFacts(900, (part,), 0, ("", ""), (month,))
    redeemed = redeem_voucher(HERE, MEMBER, facts)
    assert moved(redeemed, VOUCHER, OWN) == {FEN: 1000}
    assert moved(redeemed, BONUS, OWN) == {FEN: -1000}
    assert not moved(redeemed, WALLET, OWN)
    assert code_of(redeem_voucher(HERE, MEMBER, replace(facts, parts=()))) == "voucher_used"
    away = replace(facts, parts=(), elsewhere=1000, places=EAST)
    assert code_of(redeem_voucher(HERE, MEMBER, away)) == "voucher_elsewhere"
    assert code_of(redeem_voucher(CUT_OFF, MEMBER, away)) == "voucher_cut_off"
    late = replace(HERE, business_day=20270301)
    assert code_of(redeem_voucher(late, MEMBER, facts)) == "voucher_expired"
    lapsed = expire(late, (part,))
    assert moved(lapsed, BREAKAGE) == {FEN: -1000}
