"""Issuing cards: types, fees, deposits, batches, at once and everywhere."""

import pytest

from edge.domain.cards import normal_uid
from edge.domain.members import keyed_hash
from sync_protocol.accounts import CARD_DEPOSIT, FEN, REVENUE, TILL
from sync_protocol.claims import TAKE, ClaimWrite
from sync_protocol.kinds import CARD, CARD_CLAIM, MEMBER
from tests.edge.counter.members.people import (
    OTHER_UID,
    PHONE,
    UID,
    publish,
    refused,
    register,
    work,
)
from tests.edge.desk.counter import BOX, CAFE, CASHIER, EPOCH, MANAGER, PIN, SETTINGS
from tests.edge.desk.counter import CARD as TAPPED
from tests.edge.desk.counter import OTHER_CARD as OTHER_TAPPED
from tests.edge.web.test_counter_http import Site


@pytest.mark.covers("A041")
async def test_the_records_of_a_members_cards(site: Site) -> None:
    member = await register(site, card_uid=UID)
    await site.done(
        "issue_card", member=member, card_uid=OTHER_UID, label="K-2", card_type="discount"
    )
    await site.done("show_member", member=member)
    shown = await work(site, "cards")
    assert "K-2" in shown
    assert "折扣卡" in shown
    assert "储值卡" in shown
    assert shown.count("data-card=") == 2
    other = await register(site, "赵")
    assert await refused(site, "issue_card", member=other, card_uid=UID) == "card_taken"


@pytest.mark.covers("A284")
async def test_a_card_can_be_used_as_soon_as_the_member_signed_up(site: Site) -> None:
    # no line, nothing confirmed yet
    member = await register(site, card_uid=UID)
    view = await site.counter.tap(TAPPED)
    assert (view.refusal, view.outcome) == (None, "welcome")
    await site.done("top_up", member=member, amount_fen=2000, tender="cash")
    spent = await site.done("spend", member=member, amount_fen=500)
    assert spent["balance_fen"] == 1500


@pytest.mark.covers("A285")
async def test_sign_up_at_the_counter_with_payment(site: Site) -> None:
    card = {"name": "王小明", "consent": True, "card_uid": UID, "card_type": "annual"}
    assert await refused(site, "register_member", **card) == "card_payment_needed"
    assert await refused(site, "register_member", **card, tender="shells") == "tender_unknown"
    done = await site.done("register_member", **card, tender="cash")
    assert (done["fee_fen"], done["deposit_fen"]) == (2000, 1000)
    counter = site.counter
    assert counter.shown((REVENUE, CAFE, 0, 0, 0, FEN)) == -2000
    deposit = (CARD_DEPOSIT, int(str(done["card"])), BOX, EPOCH, 0, FEN)
    assert counter.shown(deposit) == -1000
    await counter.printer.wait_for(1)
    with counter.store.read() as reader:
        job = reader.print_job(int(str(done["print_job"])))
    assert job is not None
    assert job.kind == "card_issued"


@pytest.mark.covers("A101")
async def test_a_member_has_points_with_a_card_and_without(site: Site) -> None:
    for name, more in (("有卡", {"card_uid": UID}), ("无卡", {"phone": PHONE})):
        member = await register(site, name, **more)
        if "card_uid" in more:
            await site.counter.tap(TAPPED)
        else:
            assert (await site.done("identify_member", text=PHONE))["member"] == member
        await site.done("set_ticket_member", member=member)
        lines = await site.done("add_line", sku="COLA", quantity=2)
        paid = await site.done("pay", tender="cash", expected_total_fen=lines["total_fen"])
        assert int(str(paid["points"])) > 0
        view = await site.counter.desk.views.member(member)
        assert view is not None
        assert view.points >= int(str(paid["points"]))


@pytest.mark.covers("A363", "A416")
async def test_cards_of_different_types_have_different_benefits(site: Site) -> None:
    member = await register(site)
    types = ("stored_value", "discount", "points", "visits")
    for number, card_type in enumerate(types):
        uid = f"04A1B2D{number}"
        await site.done("issue_card", member=member, card_uid=uid, card_type=card_type)
    cards = {card.type: card for card in await site.counter.desk.card_views.of_member(member)}
    assert set(cards) == set(types)
    assert cards["discount"].discount_percent == 90
    assert cards["points"].points_percent == 150
    assert [cards[one].type_name for one in types] == ["储值卡", "折扣卡", "积分卡", "计次卡"]
    assert (
        await refused(site, "issue_card", member=member, card_uid="04A1B2DD", card_type="golden")
        == "card_type_unknown"
    )


@pytest.mark.covers("A364")
async def test_a_card_of_another_branch_is_good_here(site: Site) -> None:
    hub, member, card = site.counter.hub, 4711, 4712
    await hub.write(
        (MEMBER, [b"s" * 16, member, 2, [[1, "东门会员", None], [6, "active", None]]]),
        (CARD, [b"", card, 2, [[0, member, None], [1, "active", None]]]),
    )
    key = keyed_hash(SETTINGS.chain_key, normal_uid(TAPPED))
    await hub.write((CARD_CLAIM, ClaimWrite(b"", key, 2, card, TAKE).body()))
    view = await site.counter.tap(TAPPED)
    assert (view.refusal, view.outcome) == (None, "welcome")
    assert "东门会员" in await site.get("/")
    await site.done("top_up", member=member, amount_fen=2000, tender="cash")
    await site.done("report_card_lost", card=card)
    lost = await site.counter.tap(TAPPED)
    assert lost.refusal is not None
    assert lost.refusal.code == "card_lost"


@pytest.mark.covers("A418")
async def test_cards_are_made_in_batches(site: Site) -> None:
    status, answer = await site.json("generate_cards", count=3)
    assert (status, answer["code"]) == (403, "no_right")
    await site.log_in(MANAGER)
    for count in (0, 101, "many"):
        code = await refused(site, "generate_cards", count=count)
        assert code == "batch_size_invalid"
    labels = (await site.done("generate_cards", count=3, card_type="discount"))["labels"]
    assert isinstance(labels, list)
    assert len(set(labels)) == 3
    more = (await site.done("generate_cards", count=2))["labels"]
    assert not set(labels) & set(more)  # type: ignore[arg-type]  # a list of JSON
    # or tapped one after the other
    await site.done("add_blank_card", card_uid=UID, label="k-1", card_type="points")
    assert await refused(site, "add_blank_card", card_uid=UID) == "card_known_already"
    blank = await site.counter.tap(TAPPED)
    assert blank.refusal is not None
    assert blank.refusal.code == "card_blank"
    shown = await work(site, "blank-cards")
    for label in (*labels, *more, "K-1"):  # type: ignore[misc]  # a list of JSON
        assert str(label) in shown
    # and handed out: by the printed number, or by the tap
    member = await register(site)
    await site.done("issue_card", member=member, card_number=labels[1])
    await site.done("issue_card", member=member, card_uid=UID)
    assert (await site.counter.tap(TAPPED)).refusal is None
    assert (await site.done("identify_member", text=labels[1]))["member"] == member
    assert (
        await refused(site, "issue_card", member=member, card_number=labels[1])
        == "card_number_not_blank"
    )
    types = {card.type for card in await site.counter.desk.card_views.of_member(member)}
    assert types == {"discount", "points"}
    # and topped up many at once, by the numbers on the cards
    second = await register(site, "赵四")
    await site.done("issue_card", member=second, card_number=labels[2])
    lines = [[labels[1], "20"], [labels[2], "30"]]
    await site.log_in(CASHIER)
    await site.done("top_up_many", lines=lines, tender="cash", approver=MANAGER, approver_pin=PIN)
    for one, balance_fen in ((member, 2000), (second, 3000)):
        view = await site.counter.desk.views.member(one)
        assert view is not None
        assert view.balance_fen == balance_fen


@pytest.mark.covers("A382")
async def test_the_scheme_says_who_may_join_what_it_costs_and_gives(site: Site) -> None:
    await publish(site, "company", ["某某", "Some", "", "", "", "3", "4"])
    await publish(site, "counter", [False, True, True, True, True])
    shown = await work(site, "scheme")
    for expected in ("第 3 版", "第 4 版", "发卡要有有效证件", "发卡要有手机号", "年满 18 周岁"):
        assert expected in shown
    for expected in ("年卡", "20.00", "10.00", "365 天", "免费", "钻石会员", "退会"):
        assert expected in shown
    await publish(site, "counter", [False, True, True, False, False], version=2)
    assert "发卡不要求证件" in await work(site, "scheme")


async def test_a_card_with_a_fee_needs_an_open_shift(site: Site) -> None:
    till = site.counter.shown((TILL, CAFE, 0, 0, 0, FEN))
    member = await register(site)
    await site.done("issue_card", member=member, card_uid=OTHER_UID)
    assert (await site.counter.tap(OTHER_TAPPED)).refusal is None
    assert site.counter.shown((TILL, CAFE, 0, 0, 0, FEN)) == till
