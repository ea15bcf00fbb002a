"""Slices, limits, repayments and expiry at the hub: never more than the hub holds."""

from hypothesis import given
from hypothesis import strategies as st

from cloud.domain.advances import limit_change, repayment
from cloud.domain.expiry import expiry
from cloud.domain.grants import Holding, without
from cloud.domain.slices import slice_moves, slice_request, usual_cafe, window_start
from sync_protocol.accounts import (
    ADVANCE_BOOK,
    ADVANCE_RIGHT,
    BREAKAGE,
    POINTS_HELD,
    POINTS_ISSUED,
    RECEIVABLE,
    VOUCHER,
    WALLET,
)
from sync_protocol.kinds import TRANSACTION
from sync_protocol.ledger import fault_of, transaction_from_body
from sync_protocol.ops import HUB, Header
from sync_protocol.rights_rule import RightsRule

DAY = (20260715, 480)
HEADER = Header(1, TRANSACTION, HUB, 1, 1, 1, 0, 2, 1, 0, 0, 0, 0, 0)

holdings = st.lists(
    st.builds(
        Holding,
        st.sampled_from([WALLET, POINTS_HELD]),
        st.just(4001),
        st.sampled_from([0, 202607, 202712]),
        st.just("fen"),
        st.integers(1, 50_000),
    ),
    max_size=5,
    unique_by=lambda holding: (holding.code, holding.month),
)


def _moved(transaction, code, holder=(0, 0)):
    return sum(
        posting[6]
        for posting in transaction.postings
        if posting[0] == code and posting[2:4] == holder
    )


def _holds(transaction):
    assert fault_of(HEADER, transaction_from_body(transaction.body()), 0) is None


@given(
    holdings,
    st.dictionaries(st.sampled_from([WALLET, POINTS_HELD]), st.integers(0, 90_000)),
    st.integers(0, 100),
    st.integers(0, 30_000),
)
def test_a_slice_never_grants_more_than_the_hub_holds(held, there, percent, bound):
    at_cafe = {(code, "fen"): amount for code, amount in there.items()}
    has = dict(at_cafe)
    for holding in held:
        place = (holding.code, "fen")
        has[place] = has.get(place, 0) + holding.amount
    rule = RightsRule(1, percent, bound, 0, 0)
    moves = slice_moves(held, has, at_cafe, rule)
    assert all(0 < amount <= holding.amount for holding, amount in moves)
    for place, amount in has.items():
        granted = sum(move for holding, move in moves if holding.code == place[0])
        assert granted == max(rule.slice_of(amount, True) - at_cafe.get(place, 0), 0)


def test_the_usual_cafe_is_where_most_days_were_and_stays_on_a_tie():
    assert usual_cafe({}, 0) == 0
    assert usual_cafe({}, 3) == 3
    assert usual_cafe({1: [20260701], 2: [20260702]}, 0) == 2
    assert usual_cafe({1: [20260701], 2: [20260702]}, 1) == 1
    assert usual_cafe({1: [20260701], 2: [20260702, 20260703]}, 1) == 2
    assert window_start(20260301) == 20260202


def test_a_slice_of_a_day_and_member_has_one_id():
    ids = {slice_request(day, member) for day in range(20260701, 20260731) for member in range(50)}
    assert len(ids) == 30 * 50
    assert slice_request(20260701, 7) == slice_request(20260701, 7)


@given(holdings, st.lists(st.integers(1, 30_000), max_size=3))
def test_a_repayment_is_exact_and_gives_the_right_back(held, owed):
    debts = [(4001 + index, fen) for index, fen in enumerate(owed)]
    money = sum(holding.amount for holding in held if holding.code == WALLET)
    paid = min(sum(owed), money)
    transaction = repayment(debts, held, *DAY)
    if not paid:
        assert transaction is None
        return
    _holds(transaction)
    assert _moved(transaction, WALLET) == paid
    assert _moved(transaction, RECEIVABLE) == -paid
    assert _moved(transaction, ADVANCE_RIGHT) == -paid
    assert _moved(transaction, ADVANCE_BOOK) == paid


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000), st.booleans())
def test_a_limit_comes_to_the_usual_cafe_and_is_never_taken_from_a_cafe(
    limit, at_cafes, at_hub, has_usual
):
    holder = (7, 2) if has_usual else None
    granted = at_cafes + at_hub
    transaction = limit_change(4001, limit, granted, at_hub, holder, DAY)
    if transaction is None:
        assert not has_usual or granted == limit or (granted > limit and not at_hub)
        return
    _holds(transaction)
    raised = -_moved(transaction, ADVANCE_RIGHT, (7, 2))
    left_at_hub = at_hub - _moved(transaction, ADVANCE_RIGHT)
    assert raised >= 0
    assert left_at_hub >= 0
    after = at_cafes + raised + left_at_hub
    assert after == granted + _moved(transaction, ADVANCE_BOOK)
    assert (
        after == (limit if has_usual else min(granted, max(limit, at_cafes))) or after == at_cafes
    )


def test_what_is_past_its_month_lapses():
    held = [
        Holding(POINTS_HELD, 4001, 202606, "points", 10),
        Holding(POINTS_HELD, 4001, 202607, "points", 20),
        Holding(VOUCHER, 9, 202601, "fen", 500),
        Holding(WALLET, 4001, 0, "fen", 700),
    ]
    transaction = expiry(held, *DAY)
    _holds(transaction)
    assert _moved(transaction, POINTS_HELD) == 10
    assert _moved(transaction, POINTS_ISSUED) == -10
    assert _moved(transaction, VOUCHER) == 500
    assert _moved(transaction, BREAKAGE) == -500
    assert _moved(transaction, WALLET) == 0
    assert expiry(held[1:2], *DAY) is None


@given(holdings, st.integers(0, 200_000))
def test_what_is_spoken_for_is_left_out(held, reserved):
    left = sum(holding.amount for holding in without(held, reserved))
    assert left == max(sum(holding.amount for holding in held) - reserved, 0)
