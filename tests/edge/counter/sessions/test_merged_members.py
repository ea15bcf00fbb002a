"""Two members are one: what ran on the one that is no more goes by the other's purse and limits."""

from sync_protocol.accounts import BONUS, FEN, WALLET
from sync_protocol.kinds import ALIAS
from tests.edge.counter.benefits.conftest import Shop
from tests.edge.counter.sessions.floor import ADULT, Floor, identity_number, papers

HOUR_FEN = 600


async def _merge(shop: Shop, member: int, into: int) -> None:
    """Let head office merge two members."""
    await shop.counter.hub.confirm_all()
    await shop.counter.hub.document(ALIAS, member, {"into": into})
    shop.counter.desk.log_applied()


async def test_an_open_ticket_and_a_session_are_within_the_limits_of_the_one_person(
    floor: Floor,
) -> None:
    await floor.publish("rates", {"zone": "hall", "fen_per_hour": HOUR_FEN})
    await floor.publish("spending", {"daily_limit_fen": 1_000})
    former = await floor.guest()
    kept = await floor.guest("王小明", identity_number(19900307))
    for member in (former, kept):
        await floor.done("top_up", member=member, amount_fen=2_000, tender="cash")
    session = await floor.start("A01", member=former, **papers(ADULT, "王小明"))
    due_fen = await floor.ticket(former, NOODLE=1)
    await _merge(floor, former, kept)
    await floor.done("spend", member=kept, amount_fen=600)

    paying: dict[str, object] = {"expected_total_fen": due_fen, "tender": "wallet"}
    assert await floor.refused("pay", **paying) == "spend_above_daily_limit"
    floor.minutes(60)
    ending: dict[str, object] = {"session": session, "expected_total_fen": HOUR_FEN}
    code = await floor.refused("end_session", tender="wallet", **ending)
    assert code == "spend_above_daily_limit"

    await floor.publish("spending", {})
    await floor.done("pay", **paying)
    await floor.done("end_session", tender="wallet", **ending)
    left_fen = sum(floor.held(code, one, FEN) for code in (WALLET, BONUS) for one in (former, kept))
    assert left_fen == 4_000 - 600 - due_fen - HOUR_FEN


async def test_what_is_given_once_is_given_once_to_the_one_person(floor: Floor) -> None:
    await floor.publish("events", {"code": "open-day", "to_day": floor.today, "points": 100})
    await floor.publish("points", {"birthday_gift": "COLA"})
    once = {"code": "mug", "points": 50, "gives": "gift", "takes_points": False}
    await floor.publish("redemptions", once)
    birth_date = 19900000 + floor.today % 10_000
    former, kept = [await floor.member(name, birth_date=birth_date) for name in ("甲", "乙")]
    gift = f"birthday-{floor.today // 10_000}"
    given = ("join_event", {"event": "open-day"}), ("give_gift", {"gift": gift})
    for command, inputs in (*given, ("redeem_points", {"code": "mug"})):
        await floor.done(command, member=former, **inputs)
    await _merge(floor, former, kept)
    assert await floor.points(kept) == 100
    assert await floor.refused("join_event", member=kept, event="open-day") == "event_joined_before"
    for command, inputs in (given[1], ("redeem_points", {"code": "mug"})):
        assert await floor.refused(command, member=kept, **inputs) == "gift_given_before"
