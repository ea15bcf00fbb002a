"""Review of what was entered, changes of locked data, leaving and coming back."""

import pytest

from sync_protocol.kinds import MEMBER
from tests.edge.counter.members.people import PHONE, UID, refused, register, work
from tests.edge.desk.counter import CARD, CASHIER, MANAGER, PIN
from tests.edge.web.test_counter_http import Site


@pytest.mark.covers("A383")
async def test_what_was_registered_is_collected_and_reviewed(site: Site) -> None:
    good, bad = await register(site, "好人"), await register(site, "坏人")
    waiting = await work(site, "members?list=waiting")
    assert "好人" in waiting
    assert "坏人" in waiting
    status, answer = await site.json("approve_member", member=good)
    assert (status, answer["code"]) == (403, "no_right")
    await site.log_in(MANAGER)
    await site.done("approve_member", member=good)
    assert await refused(site, "reject_member", member=bad) == "reason_missing"
    await site.done("reject_member", member=bad, reason="资料不实")
    waiting = await work(site, "members?list=waiting")
    assert "好人" not in waiting
    assert "坏人" not in waiting
    rejected = await work(site, "members?list=rejected")
    assert "坏人" in rejected
    assert "资料不实" in rejected
    assert (
        await refused(site, "top_up", member=bad, amount_fen=1000, tender="cash")
        == "member_rejected"
    )


@pytest.mark.covers("A462")
async def test_approved_data_is_locked(site: Site) -> None:
    member = await register(site, phone=PHONE)
    await site.done("change_member", member=member, name="王大明", phone=PHONE)
    await site.log_in(MANAGER)
    await site.done("approve_member", member=member)
    assert await refused(site, "approve_member", member=member) == "member_approved_already"
    await site.log_in(CASHIER)
    change = {"member": member, "name": "王二明", "phone": PHONE, "reason": "写错了"}
    assert await refused(site, "change_member", **change) == "approval_needed"
    file = await site.counter.desk.member_views.file(member)
    assert file is not None
    assert (file.name, file.approved_by) == ("王大明", "赵")
    # notes are no approved data
    await site.done("add_member_note", member=member, about="service", text="借了耳机")
    assert "借了耳机" in await work(site, f"member-file?member={member}")


@pytest.mark.covers("A463")
async def test_an_authorised_change_is_recorded_with_who_and_why(site: Site) -> None:
    member = await register(site, phone=PHONE)
    await site.log_in(MANAGER)
    await site.done("approve_member", member=member)
    await site.log_in(CASHIER)
    change = {"member": member, "name": "王二明", "phone": PHONE}
    second = {"approver": MANAGER, "approver_pin": PIN}
    assert await refused(site, "change_member", **change, **second) == "reason_missing"
    await site.done("change_member", **change, **second, reason="身份证更正")
    shown = await work(site, f"member-file?member={member}")
    assert "身份证更正" in shown
    with site.counter.store.read() as reader:
        changed = reader.register_history(MEMBER, member)[0].op
        document = reader.register(MEMBER, member)
    assert changed.header.actor == CASHIER
    assert document is not None
    assert document.value("name") == "王二明"
    assert document.value("change_reason") == "身份证更正"
    assert document.value("approved_by") == MANAGER
    # the manager alone may, too
    await site.log_in(MANAGER)
    await site.done("change_member", member=member, name="王三明", phone=PHONE, reason="改名")
    assert "改名" in await work(site, f"member-file?member={member}")


@pytest.mark.covers("A471")
async def test_an_exit_is_asked_for_paid_out_approved_and_taken_back(site: Site) -> None:
    member = await register(site, card_uid=UID, card_type="annual", tender="cash")
    await site.done("top_up", member=member, amount_fen=5000, tender="cash")
    asked = await site.done("request_exit", member=member, reason="搬家")
    assert (asked["balance_fen"], asked["deposit_fen"]) == (5000, 1000)
    assert await refused(site, "request_exit", member=member, reason="x") == (
        "exit_requested_already"
    )
    assert "王小明" in await work(site, "members?list=exit_requested")
    status, answer = await site.json("approve_exit", member=member)
    assert (status, answer["code"]) == (403, "no_right")
    shown = await work(site, f"exit?member={member}")
    assert "50.00" in shown
    assert "搬家" in shown
    await site.log_in(MANAGER)
    assert await refused(site, "approve_exit", member=member) == "exit_balance_left"
    await site.log_in(CASHIER)
    await site.done(
        "cash_out",
        member=member,
        amount_fen=5000,
        tender="cash",
        reason="退会",
        approver=MANAGER,
        approver_pin=PIN,
    )
    (card,) = await site.counter.desk.card_views.of_member(member)
    await site.log_in(MANAGER)
    assert await refused(site, "approve_exit", member=member) == "exit_deposit_left"
    await site.done("return_card", card=card.card, card_uid=UID, tender="cash")
    await site.done("approve_exit", member=member)
    assert (
        await refused(site, "top_up", member=member, amount_fen=1000, tender="cash")
        == "member_closed"
    )
    assert "王小明" in await work(site, "members?list=closed")
    await site.done("restore_member", member=member)
    await site.done("top_up", member=member, amount_fen=1000, tender="cash")
    await site.done("issue_card", member=member, card_uid=UID)
    view = await site.counter.tap(CARD)
    assert view.refusal is None


async def test_the_approval_of_an_exit_voids_the_cards(site: Site) -> None:
    member = await register(site, card_uid=UID)
    await site.log_in(MANAGER)
    assert await refused(site, "approve_exit", member=member) == "exit_not_requested"
    await site.done("request_exit", member=member, reason="搬家")
    await site.done("approve_exit", member=member)
    (card,) = await site.counter.desk.card_views.of_member(member)
    assert card.status == "void"
    assert await refused(site, "restore_member", member=1) == "member_unknown"
