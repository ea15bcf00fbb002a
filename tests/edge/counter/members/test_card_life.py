"""The life of a card: lost, suspended, void, extended, renewed, replaced, handed on, returned."""

import pytest

from sync_protocol.accounts import CARD_DEPOSIT, FEN, TILL
from sync_protocol.kinds import CARD
from tests.edge.counter.members.people import (
    OTHER_UID,
    PHONE,
    UID,
    publish,
    refused,
    register,
    work,
)
from tests.edge.desk.counter import (
    BOX,
    CAFE,
    CASHIER,
    EAST_BOX,
    EPOCH,
    MANAGER,
)
from tests.edge.desk.counter import CARD as TAPPED
from tests.edge.desk.counter import OTHER_CARD as OTHER_TAPPED
from tests.edge.web.test_counter_http import Site

DAY_S = 24 * 3600


async def _card(site: Site, **more: object) -> tuple[int, int]:
    """(member, card) of a new member."""
    member = await register(site, card_uid=UID, **more)
    (card,) = await site.counter.desk.card_views.of_member(member)
    return member, card.card


async def _tap(site: Site, uid: bytes = TAPPED) -> str:
    """The code with which a tap is refused, empty where it is welcome."""
    view = await site.counter.tap(uid)
    return view.refusal.code if view.refusal is not None else ""


@pytest.mark.covers("A330")
async def test_a_lost_card_is_refused_until_it_is_found(site: Site) -> None:
    _member, card = await _card(site)
    assert await _tap(site) == ""
    assert (await site.done("report_card_lost", card=card))["status"] == "lost"
    assert await _tap(site) == "card_lost"
    assert "王小明" in await work(site, "lost-cards")
    assert await refused(site, "report_card_lost", card=card) == "card_is_lost"
    assert (await site.done("cancel_card_lost", card=card))["status"] == "active"
    assert "王小明" not in await work(site, "lost-cards")
    assert await refused(site, "cancel_card_lost", card=card) == "card_is_active"
    site.counter.clock.forward(60)
    assert await _tap(site) == ""


@pytest.mark.covers("A335")
async def test_a_card_is_suspended_and_restored(site: Site) -> None:
    _member, card = await _card(site)
    await site.done("suspend_card", card=card)
    assert await _tap(site) == "card_suspended"
    assert await refused(site, "suspend_card", card=card) == "card_is_suspended"
    status, answer = await site.json("resume_card", card=card)
    assert (status, answer["code"]) == (403, "no_right")
    await site.log_in(MANAGER)
    await site.done("resume_card", card=card)
    assert await _tap(site) == ""


@pytest.mark.covers("A336")
async def test_a_void_card_stays_void(site: Site) -> None:
    _member, card = await _card(site)
    status, answer = await site.json("void_card", card=card)
    assert (status, answer["code"]) == (403, "no_right")
    await site.log_in(MANAGER)
    await site.done("void_card", card=card)
    assert await _tap(site) == "card_void"
    for command in ("void_card", "suspend_card", "resume_card", "report_card_lost"):
        assert await refused(site, command, card=card) == "card_is_void"


@pytest.mark.covers("A329")
async def test_the_validity_of_a_card_is_extended(site: Site) -> None:
    _member, card = await _card(site, card_type="annual", tender="cash")
    with site.counter.store.read() as reader:
        document = reader.register(CARD, card)
    assert document is not None
    day = document.value("valid_to_day")
    assert isinstance(day, int)
    await site.log_in(MANAGER)
    for sooner in (day, day - 10_000):
        assert await refused(site, "extend_card", card=card, to_day=sooner) == "card_day_not_later"
    assert await refused(site, "extend_card", card=card, to_day=99990101) == "card_day_too_far"
    await site.done("extend_card", card=card, to_day=day + 10_000)
    site.counter.clock.forward(500 * DAY_S)
    assert await _tap(site) == ""
    site.counter.clock.forward(300 * DAY_S)
    assert await _tap(site) == "card_expired"
    plain = await register(site, "赵", card_uid=OTHER_UID)
    (endless,) = await site.counter.desk.card_views.of_member(plain)
    assert (
        await refused(site, "extend_card", card=endless.card, to_day=20991231) == "card_without_end"
    )


@pytest.mark.covers("A396")
async def test_an_annual_card_is_valid_for_one_year_from_its_issue(site: Site) -> None:
    _member, card = await _card(site, card_type="annual", tender="cash")
    with site.counter.store.read() as reader:
        document = reader.register(CARD, card)
    assert document is not None
    issued, valid_to = document.value("issued_day"), document.value("valid_to_day")
    assert isinstance(issued, int)
    assert isinstance(valid_to, int)
    # the day before the same day of next year
    assert issued + 10_000 - 1 == valid_to
    site.counter.clock.forward(364 * DAY_S)
    assert await _tap(site) == ""
    site.counter.clock.forward(DAY_S)
    assert await _tap(site) == "card_expired"


@pytest.mark.covers("A398")
async def test_renewal_is_free_at_any_branch_and_points_carry_over(site: Site) -> None:
    member, card = await _card(site, card_type="annual", tender="cash")
    await site.counter.tap(TAPPED)
    await site.done("top_up", member=member, amount_fen=5000, tender="cash")
    # issued by another branch: its document says so
    hub = site.counter.hub
    await hub.write(
        (
            CARD,
            [
                b"",
                99,
                2,
                [[0, member, None], [1, "active", None], [5, 20250101, None], [6, "annual", None]],
            ],
        )
    )
    site.counter.clock.forward(400 * DAY_S)
    await site.log_in(CASHIER)
    before = await site.counter.desk.views.member(member)
    till = site.counter.shown((TILL, CAFE, 0, 0, 0, FEN))
    for one in (card, 99):
        renewed = await site.done("renew_card", card=one)
        assert renewed["fee_fen"] == 0
        assert int(str(renewed["valid_to_day"])) > 20270101
    after = await site.counter.desk.views.member(member)
    assert before is not None
    assert after is not None
    assert (after.points, after.balance_fen) == (before.points, before.balance_fen)
    assert after.balance_fen == 5000
    assert site.counter.shown((TILL, CAFE, 0, 0, 0, FEN)) == till
    assert await _tap(site) == ""


async def test_a_card_that_is_renewed_early_loses_no_day_and_may_cost_a_fee(site: Site) -> None:
    member, card = await _card(site, card_type="annual", tender="cash")
    (view,) = await site.counter.desk.card_views.of_member(member)
    renewed = await site.done("renew_card", card=card)
    assert renewed["valid_to_day"] == view.valid_to_day + 10_000
    annual = ["annual", "年卡", "annual card", "member", 100, 100, 0, 0, 365, 0, 500]
    await publish(site, "card_types", annual)
    assert await refused(site, "renew_card", card=card) == "card_payment_needed"
    till = site.counter.shown((TILL, CAFE, 0, 0, 0, FEN))
    assert (await site.done("renew_card", card=card, tender="cash"))["fee_fen"] == 500
    assert site.counter.shown((TILL, CAFE, 0, 0, 0, FEN)) == till + 500


@pytest.mark.covers("A399")
async def test_who_does_not_renew_is_no_member_until_they_do(site: Site) -> None:
    _member, card = await _card(site, card_type="annual", tender="cash")
    assert "data-lapsed" not in await work(site, "lapsed-cards")
    site.counter.clock.forward(400 * DAY_S)
    await site.log_in(CASHIER)
    view = await site.counter.tap(TAPPED)
    assert view.refusal is not None
    assert view.refusal.code == "card_expired"
    assert "会员资格已停" in view.refusal.words("zh")
    assert f'data-lapsed="{card}"' in await work(site, "lapsed-cards")
    await site.done("renew_card", card=card)
    assert "data-lapsed" not in await work(site, "lapsed-cards")
    assert await _tap(site) == ""


@pytest.mark.covers("A337")
async def test_a_new_card_takes_over_from_an_old_one(site: Site) -> None:
    member, card = await _card(site, card_type="annual", tender="cash")
    await site.done("set_card_pin", card=card, pin="2580", pin_again="2580")
    await site.done("report_card_lost", card=card)
    assert await refused(site, "reissue_card", card=card, card_uid=UID) in (
        "card_taken",
        "card_same",
    )
    done = await site.done("reissue_card", card=card, card_uid=OTHER_UID)
    assert (done["member"], done["replaced"]) == (member, card)
    assert await _tap(site) == "card_void"
    assert await _tap(site, OTHER_TAPPED) == ""
    new, old = await site.counter.desk.card_views.of_member(member)
    assert (new.card, old.card, old.status) == (done["card"], card, "void")
    assert (new.type, new.valid_to_day, new.has_pin) == ("annual", old.valid_to_day, True)
    # the deposit of the old one is that of the new one
    assert new.deposit_fen == 1000
    assert await refused(site, "reissue_card", card=card, card_uid="04A1B2FF") == "card_is_void"


@pytest.mark.covers("A331")
async def test_a_card_is_handed_over_to_another_member(site: Site) -> None:
    former, card = await _card(site)
    await site.done("set_card_pin", card=card, pin="2580", pin_again="2580")
    await site.done("top_up", member=former, amount_fen=5000, tender="cash")
    heir = await register(site, "赵四", phone=PHONE)
    status, answer = await site.json("transfer_card", card=card, to=PHONE)
    assert (status, answer["code"]) == (403, "no_right")
    await site.log_in(MANAGER)
    assert await refused(site, "transfer_card", card=card, to="13999999999") == (
        "member_not_identified"
    )
    done = await site.done("transfer_card", card=card, to=PHONE)
    assert (done["member"], done["former_member"]) == (heir, former)
    assert await refused(site, "transfer_card", card=card, to=PHONE) == "card_same_member"
    assert await _tap(site) == ""
    assert f'data-member="{heir}"' in await site.get("/")
    (view,) = await site.counter.desk.card_views.of_member(heir)
    assert not view.has_pin
    for member, balance_fen in ((former, 5000), (heir, 0)):
        shown = await site.counter.desk.views.member(member)
        assert shown is not None
        assert shown.balance_fen == balance_fen


@pytest.mark.covers("A332")
async def test_a_returned_card_gives_its_deposit_back_and_can_be_issued_anew(site: Site) -> None:
    member, card = await _card(site, card_type="annual", tender="cash")
    till = site.counter.shown((TILL, CAFE, 0, 0, 0, FEN))
    assert await refused(site, "return_card", card=card) == "field_missing"
    other = await register(site, "赵", card_uid=OTHER_UID)
    assert (
        await refused(site, "return_card", card=card, card_uid=OTHER_UID, tender="cash")
        == "card_other"
    )
    done = await site.done("return_card", card=card, card_uid=UID, tender="cash")
    assert done["deposit_fen"] == 1000
    assert site.counter.shown((TILL, CAFE, 0, 0, 0, FEN)) == till - 1000
    assert site.counter.shown((CARD_DEPOSIT, card, BOX, EPOCH, 0, FEN)) == 0
    with site.counter.store.read() as reader:
        job = reader.print_job(int(str(done["print_job"])))
    assert job is not None
    assert job.kind == "card_returned"
    assert await refused(site, "return_card", card=card, tender="cash") == "card_is_void"
    # the plastic is free for the next one
    assert await _tap(site) == "card_unknown"
    await site.done("issue_card", member=other, card_uid=UID)
    assert await _tap(site) == ""
    assert f'data-member="{other}"' in await site.get("/")
    assert member != other


async def test_a_deposit_held_elsewhere_is_not_paid_out_here(site: Site) -> None:
    member, card = await _card(site)
    await site.counter.hub.write(
        (
            50,
            [
                0,
                8,
                0,
                0,
                0,
                0,
                None,
                [[62, 0, 0, 0, 0, "fen", 700], [CARD_DEPOSIT, card, EAST_BOX, 1, 0, "fen", -700]],
            ],
        )
    )
    status, answer = await site.json("return_card", card=card, tender="cash")
    assert (status, answer["code"]) == (422, "deposit_elsewhere")
    assert "东门店" in str(answer["words"])
    file = await site.counter.desk.member_views.file(member)
    assert file is not None
    assert file.deposit_fen == 700


async def test_a_deposit_goes_with_the_card_that_is_handed_over_and_outlives_a_void_one(
    site: Site,
) -> None:
    former, card = await _card(site, card_type="annual", tender="cash")
    heir = await register(site, "赵四", phone=PHONE)
    card = int(str((await site.done("reissue_card", card=card, card_uid=OTHER_UID))["card"]))
    await site.log_in(MANAGER)
    await site.done("transfer_card", card=card, to=PHONE)
    await site.done("void_card", card=card)
    for member, deposit_fen in ((former, 0), (heir, 1_000)):
        asked = await site.done("request_exit", member=member, reason="搬家了")
        assert asked["deposit_fen"] == deposit_fen
    await site.done("approve_exit", member=former)
    assert await refused(site, "approve_exit", member=heir) == "exit_deposit_left"
    await site.done("show_member", member=heir)
    assert f'name="card" value="{card}"' in await work(site, "cards"), "it can be returned"
    returned: dict[str, object] = {"card": card, "tender": "cash"}
    assert (await site.done("return_card", **returned))["deposit_fen"] == 1_000
    assert await refused(site, "return_card", **returned) == "card_is_void"
    await site.done("approve_exit", member=heir)


@pytest.mark.covers("A360")
async def test_a_card_from_issue_to_return(site: Site) -> None:
    member, card = await _card(site, card_type="annual", tender="cash")
    await site.log_in(MANAGER)
    steps: list[tuple[str, dict[str, object], str]] = [
        ("report_card_lost", {}, "card_lost"),
        ("cancel_card_lost", {}, ""),
        ("suspend_card", {}, "card_suspended"),
        ("resume_card", {}, ""),
        ("extend_card", {"to_day": 20991231}, ""),
        ("renew_card", {}, ""),
    ]
    for command, more, tapped in steps:
        await site.done(command, card=card, **more)
        site.counter.clock.forward(60)
        assert await _tap(site) == tapped
    new = (await site.done("reissue_card", card=card, card_uid=OTHER_UID))["card"]
    done = await site.done("return_card", card=new, card_uid=OTHER_UID, tender="cash")
    assert done["deposit_fen"] == 1000
    views = await site.counter.desk.card_views.of_member(member)
    assert [view.status for view in views] == ["void", "void"]


@pytest.mark.covers("A442")
async def test_the_pin_of_a_card_is_set_changed_and_reset(site: Site) -> None:
    member, card = await _card(site)
    await site.done("top_up", member=member, amount_fen=50_000, tender="cash")
    for pin, again, code in (
        ("12", "12", "card_pin_invalid"),
        ("12ab", "12ab", "card_pin_invalid"),
        ("1111", "1111", "card_pin_guessable"),
        ("3456", "3456", "card_pin_guessable"),
        ("2580", "2581", "card_pin_differs"),
    ):
        assert await refused(site, "set_card_pin", card=card, pin=pin, pin_again=again) == code
    await site.done("set_card_pin", card=card, pin="2580", pin_again="2580")
    with site.counter.store.read() as reader:
        document = reader.register(CARD, card)
    assert document is not None
    assert str(document.value("pin_hash")).startswith("$argon2id$")
    spend = {"member": member, "amount_fen": 25_000}
    assert await refused(site, "spend", **spend) == "card_pin_needed"
    assert await refused(site, "spend", **spend, card_pin="2581") == "card_pin_wrong"
    new = {"pin": "7913", "pin_again": "7913"}
    assert await refused(site, "set_card_pin", card=card, **new) == "card_pin_set_already"
    wrong = {"card": card, "former_pin": "0000", **new}
    assert await refused(site, "change_card_pin", **wrong) == "card_pin_wrong"
    await site.done("change_card_pin", card=card, former_pin="2580", **new)
    assert await refused(site, "spend", **spend, card_pin="2580") == "card_pin_wrong"
    await site.done("spend", **spend, card_pin="7913")
    # guesses are few, and a manager sets a new one
    for _ in range(5):
        await site.json("change_card_pin", **wrong)
    locked = {"card": card, "former_pin": "7913", "pin": "8246", "pin_again": "8246"}
    assert await refused(site, "change_card_pin", **locked) == "card_pin_locked"
    reset = {"card": card, "pin": "8246", "pin_again": "8246"}
    status, answer = await site.json("reset_card_pin", **reset)
    assert (status, answer["code"]) == (403, "no_right")
    await site.log_in(MANAGER)
    await site.done("reset_card_pin", **reset)
    await site.done("spend", member=member, amount_fen=24_000, card_pin="8246")


async def test_the_older_the_list_of_lost_cards_the_less_is_debited_without_a_line(
    site: Site,
) -> None:
    member, _card_id = await _card(site)
    await site.done("top_up", member=member, amount_fen=50_000, tender="cash")
    site.counter.clock.forward(23 * 3600)
    await site.log_in(CASHIER)
    await site.done("spend", member=member, amount_fen=6000)
    site.counter.clock.forward(2 * 3600)
    await site.log_in(CASHIER)
    status, answer = await site.json("spend", member=member, amount_fen=6000)
    assert (status, answer["code"]) == (422, "lost_list_stale")
    assert "25" in str(answer["words"])
    assert "¥50.00" in str(answer["words"])
    await site.done("spend", member=member, amount_fen=5000)
    shown = await work(site, "lost-cards")
    assert "25 小时" in shown
    assert "50.00" in shown
    # the hub speaks: what is known of lost cards is as of now
    await site.counter.hub.document(CARD, 5, {"member": 6, "status": "lost"})
    await site.done("spend", member=member, amount_fen=6000)
    shown = await work(site, "lost-cards")
    assert "25 小时" not in shown
    assert "名单是最新的" not in shown
    site.counter.line.up = True
    assert "名单是最新的" in await work(site, "lost-cards")
