"""Prices, points, tiers and passes as rules alone: never above the list, nor what is held."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.domain.bands import Band
from edge.domain.conversions import Ratios, convert
from edge.domain.decision import Decision
from edge.domain.members import number_of_text, number_text
from edge.domain.parts import Part
from edge.domain.passes import (
    Pass,
    PassOffer,
    best_pass,
    new_pass,
    pass_refusal,
    refundable_fen,
    use_pass,
    valid_days,
)
from edge.domain.points import (
    Bought,
    EarnedToday,
    EarnRule,
    PointsFacts,
    Weight,
    points_of_sale,
    points_spent,
)
from edge.domain.pricing import MEMBER_PRICE, Discount, Service, Terms, priced, priced_line
from edge.domain.tiers import Grown, Tier, last_day, settled, tier_due, tier_in_force
from sync_protocol.accounts import (
    BONUS,
    POINTS,
    POINTS_HELD,
    VISITS,
    VISITS_HELD,
    WALLET,
)
from sync_protocol.kinds import MEMBER as MEMBER_KIND
from sync_protocol.voucher_codes import code_text
from tests.edge.domain.facts import (
    EPOCH,
    HERE,
    MEMBER,
    NODE,
    NOW_MS,
    SALT,
    TODAY,
    check,
    code_of,
    moved,
    row,
)

OWN = (NODE, EPOCH)
HOUR_MS = 3_600_000
prices = st.integers(0, 100_000)
percents = st.integers(0, 300)


@given(prices, prices, st.integers(1, 50), st.lists(st.integers(0, 150), max_size=4), st.booleans())
def test_a_line_costs_the_least_it_may_and_says_why(
    list_fen: int, member_fen: int, quantity: int, discounts: list[int], member_price: bool
) -> None:
    terms = Terms(
        member=True,
        member_price=member_price,
        discounts=tuple(Discount(("折", "off"), percent) for percent in discounts),
    )
    line = priced_line(Service(list_fen, member_price_fen=member_fen), quantity, terms)
    offers = [list_fen * quantity * percent // 100 for percent in discounts]
    if member_price and member_fen:
        offers.append(member_fen * quantity)
    assert line.total_fen == min([list_fen * quantity, *offers])
    assert 0 <= line.total_fen <= line.list_fen
    assert bool(line.reason[0]) == (line.total_fen < line.list_fen)


def test_discounts_of_a_category_hold_there_and_do_not_add_up() -> None:
    terms = Terms(
        member=True,
        member_price=True,
        discounts=(Discount(("酒水", "drinks"), 50, "drinks"), Discount(("黄金", "gold"), 90)),
    )
    tea, rice = Service(1001, "drinks", 900), Service(1001, "food", 900)
    ticket = priced(((tea, 1), (rice, 1), (Service(99, free=True), 2)), terms)
    assert [line.total_fen for line in ticket.lines] == [500, 900, 0]
    assert [line.reason[0] for line in ticket.lines] == ["酒水 5折", MEMBER_PRICE[0], "免费"]
    assert ticket.discount_fen == 501 + 101 + 198


@given(
    st.lists(st.tuples(st.integers(0, 50_000), percents), min_size=1, max_size=5),
    st.lists(percents, max_size=3),
    percents,
    st.data(),
)
def test_points_are_the_weighed_sum_rounded_down_once(
    lines: list[tuple[int, int]], weights: list[int], stored_percent: int, data: st.DataObject
) -> None:
    gross = sum(fen for fen, _ in lines)
    offset = data.draw(st.integers(0, gross))
    stored = data.draw(st.integers(0, gross - offset))
    rule = EarnRule(1, 3, 0, stored_value_percent=stored_percent)
    points = points_of_sale(
        rule,
        [Bought(fen, rate) for fen, rate in lines],
        [Weight(weight) for weight in weights],
        offset_fen=offset,
        stored_value_fen=stored,
    )
    exact = sum(fen * rate for fen, rate in lines) / 10_000 * 3
    for weight in weights:
        exact *= weight / 100
    share = (gross - offset - stored + stored * stored_percent / 100) / gross if gross else 0
    assert points <= exact * share + 1e-6
    assert points > exact * share - 1 - 1e-6


def test_a_days_points_end_at_the_cap_and_at_the_count_of_purchases() -> None:
    rule = EarnRule(1, 1, 0, per_sale=2, daily_cap=10, times_per_day=3)
    ten_yuan = (Bought(1000),)
    assert points_of_sale(rule, ten_yuan, today=EarnedToday(0, 0)) == 10
    assert points_of_sale(rule, ten_yuan, today=EarnedToday(7, 1)) == 3
    assert points_of_sale(rule, ten_yuan, today=EarnedToday(0, 3)) == 0


@given(st.lists(st.integers(1, 500), max_size=4), st.integers(1, 2000))
def test_points_are_taken_where_they_are_held_and_no_more(held: list[int], wanted: int) -> None:
    parts = [Part(POINTS_HELD, MEMBER, 202701 + n, POINTS, one) for n, one in enumerate(held)]
    postings = points_spent(HERE, MEMBER, wanted, parts, has=1500)
    if wanted <= sum(held):
        assert isinstance(postings, tuple)
        assert sum(posting[6] for posting in postings) == 0
        assert sum(one[6] for one in postings if one[0] == POINTS_HELD) == wanted
    else:
        assert code_of(postings) == ("points_elsewhere" if wanted <= 1500 else "points_too_few")


def test_points_of_a_month_that_is_over_pay_for_nothing() -> None:
    month = TODAY // 100
    over = Part(POINTS_HELD, MEMBER, month - 1, POINTS, 50)
    last = Part(POINTS_HELD, MEMBER, month, POINTS, 30)
    postings = points_spent(HERE, MEMBER, 20, (over, last))
    assert isinstance(postings, tuple)
    assert [one[4] for one in postings if one[0] == POINTS_HELD] == [month]
    assert code_of(points_spent(HERE, MEMBER, 31, (over, last))) == "points_too_few"


@given(
    st.sampled_from(["points", "money", "spend_points"]),
    st.sampled_from(["points", "money", "spend_points"]),
    st.integers(1, 3_000),
)
def test_a_conversion_balances_and_never_makes_money_of_spend_points(
    give: str, get: str, amount: int
) -> None:
    parts = (
        Part(POINTS_HELD, MEMBER, 0, POINTS, 1000),
        Part(WALLET, MEMBER, 0, "fen", 1000),
        Part(BONUS, MEMBER, 0, "fen", 1000),
    )
    facts = PointsFacts(MEMBER, "王", parts, EarnRule(1, 1, 1), 1000)
    done = convert(HERE, facts, give, get, amount, Ratios(10, 3))
    if give == get or (give, get) == ("spend_points", "money"):
        assert code_of(done) == "conversion_unknown"
    elif isinstance(done, Decision):
        assert amount <= 1000
        assert check(done.ops[0]) is not None
    else:
        assert code_of(done) in ("points_too_few", "conversion_too_much", "conversion_too_little")


LADDER = tuple(
    Tier(code, (code, code), points, fen, 95, 100, 0, 365, False, False, "")
    for code, points, fen in (("gold", 100, 0), ("diamond", 0, 50_000), ("royal", 900, 0))
)


@pytest.mark.parametrize(
    ("points", "fen", "code"),
    [(0, 0, ""), (100, 0, "gold"), (99, 50_000, "diamond"), (900, 0, "royal"), (0, 49_999, "")],
)
def test_the_highest_step_that_is_reached_is_due(points: int, fen: int, code: str) -> None:
    due = tier_due(LADDER, None, Grown(points, fen), TODAY)
    assert (due.code if due else "") == code


def test_a_step_in_force_is_kept_and_one_that_ran_out_is_settled_anew() -> None:
    held = row(MEMBER_KIND, {"tier": "diamond", "tier_until_day": TODAY})
    assert tier_in_force(LADDER, held, TODAY) == LADDER[1]
    assert settled(HERE, MEMBER, held, LADDER, Grown(0, 0), SALT) is None
    assert tier_in_force(LADDER, held, TODAY + 1) is None
    late = replace(HERE, business_day=TODAY + 1)
    down = settled(late, MEMBER, held, LADDER, Grown(100, 0), SALT)
    assert down is not None
    assert "gold" in str(down.body)
    gone = settled(late, MEMBER, held, LADDER, Grown(0, 0), SALT)
    assert gone is not None
    assert "gold" not in str(gone.body)
    assert last_day(20260228, 365) == 20270228
    assert last_day(20260228, 100_000_000) == 21260204


OFFER = PassOffer("night", ("包夜", "night"), "visits", 2_500, 3, 1, "", 1380, 480, "")


@given(st.integers(0, 47), st.integers(0, 47))
def test_a_night_pass_holds_in_the_night_that_it_was_sold_for(sold: int, used: int) -> None:
    """Sold and used at full hours of two days: it holds from 23 to 8 of its first night only."""
    midnight_ms = NOW_MS - (NOW_MS + 8 * HOUR_MS) % (24 * HOUR_MS)
    first, last = valid_days(OFFER, midnight_ms + sold * HOUR_MS, 480)
    assert first == last
    one = Pass(
        5,
        MEMBER,
        "night",
        "visits",
        3,
        first,
        last,
        "",
        1380,
        480,
        "",
        2_500,
        "active",
        0,
        (Part(VISITS_HELD, 5, 0, VISITS, 3),),
        3,
    )
    here = replace(HERE, now_ms=midnight_ms + used * HOUR_MS)
    night_of = {hour: (hour - 8 if hour % 24 < 8 else hour) // 24 for hour in (sold, used)}
    in_hours = used % 24 >= 23 or used % 24 < 8
    holds = pass_refusal(here, one, "") is None
    assert holds == (in_hours and night_of[sold] == night_of[used])


def test_a_visit_is_used_once_and_only_where_it_is_held() -> None:
    here = replace(HERE, now_ms=NOW_MS)
    offer = replace(OFFER, from_minute=0, to_minute=0, days=30)
    document, postings = new_pass(here, 5, 9, MEMBER, offer)
    check(document)
    assert [posting[6] for posting in postings] == [-3, 3]
    first, last = valid_days(offer, NOW_MS, 480)
    one = Pass(
        5,
        MEMBER,
        "ten",
        "visits",
        3,
        first,
        last,
        "",
        0,
        0,
        "",
        2_500,
        "active",
        9,
        (Part(VISITS_HELD, 5, 0, VISITS, 2),),
        3,
    )
    assert moved(use_pass(here, one, "", "王", ("卡", "card")), VISITS_HELD, OWN) == {VISITS: 1}
    away = replace(one, visits_here=())
    assert code_of(use_pass(here, away, "", "王", ("卡", "card"))) == "pass_elsewhere"
    cut_off = replace(here, cut_off=True)
    assert code_of(use_pass(cut_off, away, "", "王", ("卡", "card"))) == "pass_cut_off"
    assert best_pass(here, (away, one), "") == one
    assert [refundable_fen(replace(one, visits=n), 3, TODAY) for n in (3, 1, 0)] == [2_500, 833, 0]


@pytest.mark.parametrize(
    ("band", "minute", "inside"),
    [
        ((0, 0), 5, True),
        ((1440, 0), 5, True),
        ((600, 700), 600, True),
        ((600, 700), 700, False),
        ((1380, 480), 0, True),
    ],
)
def test_a_band_holds_its_start_and_not_its_end(
    band: tuple[int, int], minute: int, inside: bool
) -> None:
    assert Band(*band).covers(minute) == inside
    assert Band(1380, 480).hours == "23:00-08:00"
    assert Band().hours == ""


@given(st.integers(0, (1 << 52) - 1))
def test_a_vouchers_code_reads_back_as_any_number_does(number: int) -> None:
    assert code_text(number) == number_text(number)
    assert number_of_text(code_text(number).lower()) == number
