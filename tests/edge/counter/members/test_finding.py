"""Finding a member: by card, list, phone, number, name and initials; swipe only where so ruled."""

import pytest

from tests.edge.counter.members.people import (
    PHONE,
    UID,
    found,
    publish,
    refused,
    register,
    work,
)
from tests.edge.desk.counter import CARD
from tests.edge.web.test_counter_http import Site


@pytest.mark.covers("A152")
async def test_a_member_is_found_by_account_or_phone(site: Site) -> None:
    member = await register(site, phone=PHONE)
    await register(site, "赵四", phone="13900139000")
    number = (await site.done("identify_member", text=PHONE))["member"]
    assert number == member
    view = await site.counter.desk.views.member(member)
    assert view is not None
    assert (await site.done("identify_member", text=view.number))["member"] == member
    for text in (PHONE, "138 0013 8000", view.number, view.number.lower(), "8000"):
        page = await found(site, text)
        assert "王小明" in page
        assert "赵四" not in page
    assert await refused(site, "identify_member", text="13700137000") == "member_not_identified"


@pytest.mark.covers("A415")
async def test_a_member_is_identified_in_several_ways(site: Site) -> None:
    member = await register(site, "欧阳小明", phone=PHONE, card_uid=UID)
    await site.done("issue_card", member=member, card_uid="04A1B2C9", label="K-7788")
    await register(site, "赵四")
    # swipe
    await site.counter.tap(CARD)
    page = await site.get("/")
    assert f'data-member="{member}"' in page
    # card number and UID typed, phone, initials, part of the name, the list
    for text in ("K-7788", "k-7788", UID):
        assert (await site.done("identify_member", text=text))["member"] == member
    for text in ("oyxm", "OYX", "欧阳", "小明", "K-7788"):
        page = await found(site, text)
        assert "欧阳小明" in page
        assert "赵四" not in page
    listed = await work(site, "members?list=all")
    assert "欧阳小明" in listed
    assert "赵四" in listed


@pytest.mark.covers("A427")
async def test_where_cards_are_only_swiped_a_typed_number_is_refused(site: Site) -> None:
    member = await register(site, card_uid=UID)
    await site.done("issue_card", member=member, card_uid="04A1B2C9", label="K-7788")
    assert (await site.done("identify_member", text="K-7788"))["member"] == member
    await publish(site, "counter", [True])
    for text in ("K-7788", UID):
        assert await refused(site, "identify_member", text=text) == "card_number_manual"
        assert "王小明" not in await found(site, text)
    # the swipe itself is as good as before
    view = await site.counter.tap(CARD)
    assert view.refusal is None


async def test_a_card_that_may_not_be_used_says_why(site: Site) -> None:
    member = await register(site, card_uid=UID)
    card = (await site.counter.desk.card_views.of_member(member))[0].card
    await site.done("report_card_lost", card=card)
    assert await refused(site, "identify_member", text=UID) == "card_lost"
