"""Charges of sessions: as a slow reference says that prices one minute after the other."""

from datetime import datetime, timedelta, timezone

from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge.domain.bands import Band
from edge.domain.charges import (
    MINUTE_MS,
    Charge,
    Guest,
    Rate,
    Stretch,
    Terms,
    charge,
    minutes_for,
    minutes_within,
    used_minutes,
)

OFFSET_MIN = 480
MONDAY_MS = 1_767_542_400_000  # 2026-01-05 00:00 in UTC+8


def at(hour, minute=0, day=0):
    return MONDAY_MS + ((day * 24 + hour) * 60 + minute) * MINUTE_MS


def reference(stretches, rates, guest, terms):
    """Every minute on its own: walk the milliseconds of the session, price where each begins."""
    moments = []
    spent = 0
    for stretch in stretches:
        now = stretch.from_ms
        while now < stretch.to_ms:
            if spent % MINUTE_MS == 0:
                moments.append((now, stretch.zone))
            step = min(MINUTE_MS - spent % MINUTE_MS, stretch.to_ms - now)
            now += step
            spent += step
    used = len(moments)
    if used <= terms.free_minutes:
        return Charge(0, 0)
    next_ms = stretches[-1].to_ms + -spent % MINUTE_MS
    while len(moments) % max(terms.step_minutes, 1):
        moments.append((next_ms, stretches[-1].zone))
        next_ms += MINUTE_MS
    sixtieths = 0
    for moment, zone in moments:
        local = datetime.fromtimestamp(moment / 1000, timezone(timedelta(minutes=OFFSET_MIN)))
        best = None
        for rate in rates:
            if not rate.suits(zone, guest.tier, guest.walk_in):
                continue
            if not holds_slowly(rate.band, local):
                continue
            if best is None or rate.closeness >= best.closeness:
                best = rate
        sixtieths += best.fen_per_hour if best else 0
    return Charge(len(moments), max(sixtieths // 60, terms.minimum_fen))


def holds_slowly(band, local):
    """Lay the band on yesterday and today and look whether the moment is in either."""
    length = (band.to_minute - band.from_minute) % 1440 or 1440
    whole_day = band.from_minute % 1440 == band.to_minute % 1440
    for back in (0, 1):
        day = (local - timedelta(days=back)).replace(hour=0, minute=0, second=0, microsecond=0)
        if band.weekdays and day.isoweekday() not in band.weekdays:
            continue
        begin = day if whole_day else day + timedelta(minutes=band.from_minute)
        if begin <= local < begin + timedelta(minutes=length):
            return True
    return False


def test_two_hours_over_midnight_cost_both_bands():
    rates = [Rate(600), Rate(300, band=Band(1380, 480))]
    stretch = Stretch("hall", at(22), at(24))
    assert charge([stretch], rates, Guest(), Terms(), OFFSET_MIN) == Charge(120, 900)


def test_a_pause_is_not_charged_and_a_change_of_seat_is_charged_where_one_sat():
    rates = [Rate(600), Rate(1200, zone="vip")]
    stretches = [Stretch("hall", at(10), at(11)), Stretch("vip", at(12), at(12, 30))]
    assert charge(stretches, rates, Guest(), Terms(), OFFSET_MIN) == Charge(90, 1200)


def test_a_begun_step_counts_whole_and_free_minutes_are_free():
    rates = [Rate(600)]
    stretch = Stretch("hall", at(10), at(10, 16))
    assert charge([stretch], rates, Guest(), Terms(step_minutes=15), OFFSET_MIN).amount_fen == 300
    assert charge([stretch], rates, Guest(), Terms(free_minutes=16), OFFSET_MIN).amount_fen == 0
    assert charge([stretch], rates, Guest(), Terms(minimum_fen=500), OFFSET_MIN).amount_fen == 500


def test_the_closest_rate_holds():
    rates = [Rate(600), Rate(500, tier="gold"), Rate(800, zone="vip"), Rate(700, walk_in=True)]
    hour = [Stretch("vip", at(10), at(11))]
    for guest, fen in ((Guest("gold"), 500), (Guest(), 800), (Guest("", True), 700)):
        assert charge(hour, rates, guest, Terms(), OFFSET_MIN).amount_fen == fen


ZONES = st.sampled_from(["hall", "vip"])
BANDS = st.builds(
    Band,
    st.integers(0, 1440),
    st.integers(0, 1440),
    st.frozensets(st.integers(1, 7), max_size=3),
)
RATES = st.lists(
    st.builds(
        Rate,
        st.integers(0, 2_000),
        st.sampled_from(["", "hall", "vip"]),
        st.sampled_from(["", "gold"]),
        st.booleans(),
        BANDS,
    ),
    max_size=5,
)
GUESTS = st.builds(Guest, st.sampled_from(["", "gold"]), st.booleans())
TERMS = st.builds(Terms, st.integers(1, 30), st.integers(0, 1_000), st.integers(0, 30))


@st.composite
def sessions(draw):
    now = MONDAY_MS + draw(st.integers(0, 7 * 1440)) * 30_000
    stretches = []
    for _ in range(draw(st.integers(1, 4))):
        now += draw(st.integers(0, 200_000))
        length = draw(
            st.one_of(st.integers(1, 200_000), st.integers(1, 400).map(lambda n: n * 60_000))
        )
        stretches.append(Stretch(draw(ZONES), now, now + length))
        now += length
    return stretches


@settings(max_examples=150, deadline=None)
@given(sessions(), RATES, GUESTS, TERMS)
def test_a_charge_is_what_its_minutes_cost_one_by_one(stretches, rates, guest, terms):
    assert charge(stretches, rates, guest, terms, OFFSET_MIN) == reference(
        stretches, rates, guest, terms
    )


@example(  # two seats within one minute
    0,
    [Stretch("hall", MONDAY_MS, MONDAY_MS + 1), Stretch("hall", MONDAY_MS + 1, MONDAY_MS + 2)],
    [Rate(60, band=Band(1, 0))],
    Guest(),
    Terms(),
    0,
)
@settings(max_examples=80, deadline=None)
@given(st.integers(0, 20_000), sessions(), RATES, GUESTS, TERMS, st.sampled_from([0, 0, 45, 180]))
def test_prepaid_minutes_cost_no_more_than_was_paid_and_a_step_more_would(
    amount, stretches, rates, guest, terms, covered
):
    used = used_minutes(stretches)
    most = used + 1440
    minutes = minutes_for(amount, stretches, rates, guest, terms, OFFSET_MIN, most, covered)

    def cost(count):
        last = stretches[-1]
        longer = count * MINUTE_MS - sum(one.to_ms - one.from_ms for one in stretches)
        lasting = [*stretches[:-1], Stretch(last.zone, last.from_ms, last.to_ms + longer)]
        return charge(lasting, rates, guest, terms, OFFSET_MIN, covered).amount_fen

    if minutes >= used:
        assert cost(minutes) <= amount
        more = minutes + terms.step_minutes
        assert more > most or cost(more) >= amount


def test_a_package_covers_the_first_minutes_and_the_rest_is_charged():
    rates = [Rate(600), Rate(300, band=Band(1380, 480))]
    stretch = Stretch("hall", at(20), at(23, 30))
    charged = charge([stretch], rates, Guest(), Terms(15, 500, 10), OFFSET_MIN, 180)
    assert charged == Charge(30, 150)
    assert charge([stretch], rates, Guest(), Terms(), OFFSET_MIN, 210) == Charge(0, 0)


def test_minutes_within_a_band_end_with_it():
    night = Band(1380, 480)
    assert minutes_within(night, at(23, 30), 1440, OFFSET_MIN) == 510
    assert minutes_within(night, at(7, 30), 1440, OFFSET_MIN) == 30
    assert minutes_within(night, at(12), 1440, OFFSET_MIN) == 0
    assert minutes_within(Band(), at(12), 90, OFFSET_MIN) == 90
