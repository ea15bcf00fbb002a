"""Sessions at the counter: what time costs, what was paid before, what it runs on, and its end."""

import pytest

from sync_protocol.accounts import FEN, VISITS, VISITS_HELD, WALLET
from tests.edge.counter.sessions.floor import ADULT, Floor, identity_number, papers
from tests.edge.desk.counter import MANAGER

WALK_IN_RATE = {"zone": "", "walk_in": True, "fen_per_hour": 600}
RATES = [
    {"fen_per_hour": 500},
    {"zone": "vip", "fen_per_hour": 800},
    WALK_IN_RATE,
    {"fen_per_hour": 300, "from_minute": 1380, "to_minute": 480},
]


@pytest.mark.covers("A047")
async def test_a_session_is_on_record_with_time_fee_and_user(floor: Floor) -> None:
    member = await floor.guest()
    session = await floor.start("A03", member=member)
    floor.minutes(90)
    ended = await floor.end(session, 750)
    assert (ended["minutes"], ended["total_fen"]) == (90, 750)
    kept = floor.document(session)
    assert (kept["status"], kept["minutes"], kept["charged_fen"]) == ("ended", 90, 750)
    assert (kept["member"], kept["seat"]) == (member, floor.seats["A03"])
    shown = await floor.show("sessions")
    row = shown[shown.index(f'data-session="{session}"') :]
    for part in ("A03", "王小明", "10:00", "11:30", ">90<", ">7.50<"):
        assert part in row


@pytest.mark.covers("A048")
async def test_the_fee_follows_zone_band_tier_and_package(floor: Floor) -> None:
    await floor.publish("rates", *RATES)
    member = await floor.guest()
    vip = await floor.start("B01", member=member)
    floor.minutes(60)
    assert (await floor.end(vip, 800))["total_fen"] == 800
    floor.at_hour(22, days=0)
    night = await floor.start("A01", member=member)
    floor.minutes(120)
    assert (await floor.end(night, 800))["total_fen"] == 800  # an hour at 5.00, an hour at 3.00
    floor.at_hour(10, days=1)
    packaged = await floor.start(
        "A01", member=member, payment="package", package="3h", tender="cash"
    )
    floor.minutes(100)
    assert (await floor.end(packaged))["total_fen"] == 1_300
    gold = await floor.guest("钱八", identity_number(19900101), tier="gold")
    walk_in = await floor.start("A02", **papers(identity_number(19800202)))
    tiered = await floor.start("A01", member=gold)
    floor.minutes(60)
    assert (await floor.end(walk_in, 600))["total_fen"] == 600
    assert (await floor.end(tiered, 475))["total_fen"] == 475


async def test_a_tier_with_rates_of_its_own_has_no_discount_besides(floor: Floor) -> None:
    await floor.publish("rates", {"fen_per_hour": 500}, {"tier": "gold", "fen_per_hour": 400})
    gold = await floor.guest(tier="gold")
    session = await floor.start("A01", member=gold)
    floor.minutes(60)
    assert (await floor.end(session, 400))["total_fen"] == 400


@pytest.mark.covers("A049")
async def test_prepaid_time_warns_ends_at_zero_and_can_be_topped_up(floor: Floor) -> None:
    session = await floor.start(
        "A01", payment="prepaid", amount_fen=1_000, tender="cash", **papers()
    )
    assert floor.prepaid_fen(session) == 1_000
    watch = floor.counter.desk.session_watch
    heard: list[str] = []
    watch.listen(lambda event: heard.append(event.what))
    floor.minutes(89)
    await watch.look()
    assert heard == []
    assert await floor.map_state("A01") == "in_use"
    floor.minutes(2)
    await watch.look()
    await watch.look()
    assert heard == ["ending"]
    assert await floor.map_state("A01") == "ending"
    more = await floor.done("prepay_session", session=session, amount_fen=100, tender="cash")
    assert more["prepaid_fen"] == 1_100
    floor.minutes(14)
    await watch.look()
    floor.minutes(30)
    await watch.look()
    assert heard == ["ending", "ending", "over"]
    assert floor.document(session)["status"] == "ended"
    assert floor.document(session)["charged_fen"] == 1_100
    assert floor.prepaid_fen(session) == 0
    assert await floor.map_state("A01") == "free"


async def test_the_rest_of_a_prepayment_goes_back_as_it_came(floor: Floor) -> None:
    member = await floor.guest()
    await floor.done("top_up", member=member, amount_fen=5_000, tender="cash")
    till = floor.till_fen()
    session = await floor.start(
        "A01",
        member=member,
        payment="prepaid",
        amount_fen=1_000,
        tenders=[["wallet", 400], ["cash", 600]],
    )
    assert floor.till_fen() == till + 600
    floor.minutes(60)
    ended = await floor.end(session)
    assert (ended["total_fen"], ended["back_fen"]) == (500, 500)
    assert floor.till_fen() == till + 300
    assert await floor.balance_fen(member) == 5_000 - 200
    assert floor.prepaid_fen(session) == 0
    assert floor.revenue_fen() == 500
    refund = await floor.refused("end_session", session=session, expected_total_fen=0)
    assert refund == "session_ended_before"
    await floor.log_in(502)
    await floor.done("refund", sale=ended["sale"], amount_fen=500, reason="停电")
    assert floor.till_fen() == till
    assert await floor.balance_fen(member) == 5_000
    assert floor.revenue_fen() == 0


async def test_what_is_over_waits_for_a_person_where_cash_goes_back(floor: Floor) -> None:
    session = await floor.start(
        "A01", payment="prepaid", amount_fen=1_005, tender="cash", **papers()
    )
    floor.minutes(300)
    await floor.counter.desk.session_watch.look()
    assert await floor.map_state("A01") == "over"
    assert floor.prepaid_fen(session) == 1_005
    ended = await floor.end(session)
    assert (ended["total_fen"], ended["back_fen"], ended["minutes"]) == (1_000, 5, 100)


async def test_where_the_rule_only_warns_the_rest_is_due_at_the_end(floor: Floor) -> None:
    await floor.publish("sessions", {"at_zero": "warn"})
    session = await floor.start("A01", payment="prepaid", amount_fen=600, tender="cash", **papers())
    floor.minutes(90)
    await floor.counter.desk.session_watch.look()
    assert floor.document(session)["status"] == "running"
    ended = await floor.end(session, 300, tender="wechat", tender_reference="WX-1")
    assert (ended["total_fen"], ended["due_fen"]) == (900, 300)
    assert floor.revenue_fen() == 900


async def test_the_price_of_the_start_holds_to_the_end(floor: Floor) -> None:
    member = await floor.guest()
    session = await floor.start("A01", member=member)
    await floor.publish("rates", {"fen_per_hour": 9_900})
    floor.minutes(60)
    assert (await floor.end(session, 500))["total_fen"] == 500


async def test_pause_and_change_of_seat(floor: Floor) -> None:
    member = await floor.guest()
    session = await floor.start("A01", member=member)
    floor.minutes(30)
    await floor.done("pause_session", session=session)
    assert await floor.map_state("A01") == "paused"
    floor.minutes(45)
    assert await floor.refused("pause_session", session=session) == "session_not_running"
    await floor.done("resume_session", session=session)
    assert await floor.refused("resume_session", session=session) == "session_not_paused"
    await floor.done("change_seat", session=session, seat=floor.seats["B01"])
    assert (await floor.map_state("A01"), await floor.map_state("B01")) == ("free", "in_use")
    floor.minutes(30)
    assert (await floor.end(session, 650))["total_fen"] == 650  # 250 and 400
    slip = await floor.printed()
    assert "A01 → B01" in slip


async def test_the_shown_amount_holds_while_it_is_being_paid(floor: Floor) -> None:
    member = await floor.guest()
    session = await floor.start("A01", member=member)
    floor.minutes(60)
    shown_ms = floor.counter.clock.now_ms
    floor.minutes(3)
    inputs = {"session": session, "expected_total_fen": 500, "tender": "cash"}
    assert await floor.refused("end_session", **inputs) == "session_changed"
    ended = await floor.done("end_session", shown_ms=shown_ms, **inputs)
    assert ended["minutes"] == 60
    other = await floor.start("A01", member=member)
    floor.minutes(60)
    shown_ms = floor.counter.clock.now_ms
    floor.minutes(6)
    inputs = {"session": other, "expected_total_fen": 500, "tender": "cash"}
    assert await floor.refused("end_session", shown_ms=shown_ms, **inputs) == "session_changed"


async def test_who_sits_nowhere_else_and_where_nobody_sits(floor: Floor) -> None:
    member = await floor.guest()
    await floor.start("A01", member=member)
    for code, inputs in (
        ("session_open_already", {"seat": floor.seats["A02"], "member": member}),
        ("session_open_already", {"seat": floor.seats["A02"], **papers()}),
        ("seat_in_use", {"seat": floor.seats["A01"], **papers(identity_number(19900101))}),
        ("seat_unknown", {"seat": 99, **papers(identity_number(19900101))}),
    ):
        status, answer = await floor.json("start_session", **inputs)
        assert (status, answer["code"]) == (422, code)
    await floor.log_in(502)
    await floor.done("close_seat", seat=floor.seats["A02"], note="键盘坏")
    status, answer = await floor.json("start_session", seat=floor.seats["A02"], **papers())
    assert answer["code"] == "seat_out_of_order"


@pytest.mark.covers("A190")
async def test_the_trial_package_is_for_new_guests_alone(floor: Floor) -> None:
    member = await floor.guest()
    trial = {"member": member, "payment": "package", "package": "trial", "tender": "cash"}
    session = await floor.start("A01", **trial)
    floor.minutes(50)
    assert (await floor.end(session))["total_fen"] == 100
    second = await floor.refused("start_session", seat=floor.seats["A01"], **trial)
    assert second == "package_unknown"
    walk_in = {"payment": "package", "package": "trial", "tender": "cash"}
    number = papers(identity_number(19900101))
    await floor.done("check_identity", **number)
    status, answer = await floor.json("start_session", seat=floor.seats["A01"], **walk_in, **number)
    assert (status, answer["code"]) == (422, "package_unknown")


@pytest.mark.covers("A203")
async def test_a_monthly_pass_pays_for_sessions_of_its_month(floor: Floor) -> None:
    member = await floor.guest()
    sold = await floor.done("sell_pass", member=member, code="month", tender="cash")
    for _day in range(2):
        session = await floor.start("A01", member=member, payment="pass")
        floor.minutes(180)
        assert (await floor.end(session))["total_fen"] == 0
        floor.at_hour(10, days=1)
    floor.at_hour(10, days=31)
    late = {"member": member, "payment": "pass", "pass_id": sold["pass"]}
    status, answer = await floor.json("start_session", seat=floor.seats["A01"], **late)
    assert (status, answer["code"]) == (422, "pass_expired")


@pytest.mark.covers("A204")
async def test_a_night_pass_pays_until_its_hours_end(floor: Floor) -> None:
    member = await floor.guest()
    floor.at_hour(23)
    sold = await floor.done("sell_pass", member=member, code="night", tender="cash")
    session = await floor.start("A01", member=member, payment="pass")
    assert floor.held(VISITS_HELD, int(str(sold["pass"])), VISITS) == 0
    floor.minutes(60)
    await floor.done("pause_session", session=session)
    floor.minutes(30)
    await floor.done("resume_session", session=session)
    floor.at_hour(8, days=1)
    await floor.counter.desk.session_watch.look()
    assert floor.document(session)["status"] == "ended"
    assert floor.document(session)["charged_fen"] == 0
    noon = await floor.refused("sell_pass", member=member, code="midnight", tender="cash")
    assert noon == "pass_unknown"
    status, answer = await floor.json(
        "start_session", seat=floor.seats["A01"], member=member, payment="pass"
    )
    assert (status, answer["code"]) == (422, "pass_none_in_force")
    package = {"code": "noon", "price_fen": 800, "minutes": 180}
    await floor.publish("packages", {**package, "from_minute": 660, "to_minute": 840})
    at_nine = {"member": member, "payment": "package", "package": "noon", "tender": "cash"}
    refused = await floor.refused("start_session", seat=floor.seats["A01"], **at_nine)
    assert refused == "package_other_hours"
    floor.at_hour(13)
    session = await floor.start("A01", **at_nine)
    with_hour = floor.document(session)["ends_ms"]
    assert with_hour == floor.counter.clock.now_ms + 60 * 60_000  # till 14:00, not three hours


@pytest.mark.covers("A494")
async def test_seats_are_set_up_on_a_grid_and_shown_as_a_map(floor: Floor) -> None:
    page = await floor.get("/")
    assert page.count('class="seat"') == 8
    assert await floor.map_state("A01") == "free"
    for code, inputs in (
        ("seat_name_taken", {"prefix": "A", "first": 1, "last": 2, "zone": "hall", "row": 9}),
        ("seat_place_taken", {"prefix": "C", "first": 1, "last": 2, "zone": "hall", "row": 1}),
        ("zone_unknown", {"prefix": "C", "first": 1, "last": 2, "zone": "roof", "row": 9}),
        ("seat_numbers_invalid", {"prefix": "C", "first": 3, "last": 2, "zone": "hall", "row": 9}),
        ("seats_too_many", {"prefix": "C", "first": 1, "last": 900, "zone": "hall", "row": 9}),
    ):
        await floor.log_in(502)
        assert await floor.refused("set_up_seats", per_row=2, **inputs) == code
    await floor.done("close_seat", seat=floor.seats["A02"], note="显示器坏")
    assert await floor.map_state("A02") == "out_of_order"
    assert floor.seat_status("A02") == "out_of_order"
    await floor.done("reopen_seat", seat=floor.seats["A02"])
    moved = {"name": "VIP-1", "zone": "vip", "row": 5, "column": 1}
    await floor.done("edit_seat", seat=floor.seats["A02"], **moved)
    await floor.done("remove_seat", seat=floor.seats["A06"])
    page = await floor.get("/")
    assert page.count('class="seat"') == 7
    assert "VIP-1" in page


async def test_a_seat_in_use_is_not_moved_closed_or_taken_away(floor: Floor) -> None:
    member = await floor.guest(number=ADULT)
    await floor.start("A01", member=member)
    await floor.log_in(502)
    seat = floor.seats["A01"]
    moved = {"name": "X", "zone": "hall", "row": 9, "column": 9}
    assert await floor.refused("edit_seat", seat=seat, **moved) == "seat_in_use"
    assert await floor.refused("close_seat", seat=seat) == "seat_in_use"
    assert await floor.refused("remove_seat", seat=seat) == "seat_in_use"


async def test_what_a_guest_has_elsewhere_is_asked_for_when_the_bill_comes(floor: Floor) -> None:
    member = await floor.guest()
    await floor.counter.hub.confirm_all()
    await floor.counter.hub.owe(member, 5_000, 2, 1)
    session = await floor.start("A01", member=member)
    floor.minutes(60)
    floor.counter.line.up = True
    due = {"session": session, "expected_total_fen": 500, "tender": "wallet"}
    assert await floor.refused("end_session", **due) == "spendable_elsewhere"
    assert floor.counter.line.asked[-1][2] == member
    await floor.counter.hub.owe(member, 5_000, 1, 1)
    await floor.done("end_session", **due)


async def test_who_sits_at_a_seat_settles_it_before_the_membership_ends(floor: Floor) -> None:
    member = await floor.guest()
    session = await floor.start("A01", member=member, **papers(ADULT, "王小明"))
    await floor.done("request_exit", member=member, reason="搬家")
    await floor.log_in(MANAGER)
    assert await floor.refused("approve_exit", member=member) == "session_open_already"
    await floor.end(session)
    await floor.done("approve_exit", member=member)


async def test_what_a_guest_has_stays_while_they_sit_through_the_night(floor: Floor) -> None:
    member = await floor.guest()
    await floor.done("top_up", member=member, amount_fen=5_000, tender="cash")
    session = await floor.start("A01", member=member, **papers(ADULT, "王小明"))
    rights = floor.counter.desk.rights
    floor.minutes(9 * 60)
    await rights.release_due()
    assert floor.held(WALLET, member, FEN) == 5_000
    await floor.end(session, 4_500, tender="wallet")
    floor.minutes(7 * 60)
    assert await rights.release_due() == 1
    assert floor.held(WALLET, member, FEN) == 0
