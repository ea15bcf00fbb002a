"""Registering members: what is asked, what is checked, what is claimed."""

import pytest

from edge.domain.members import keyed_hash
from sync_protocol.kinds import IDENTITY_CLAIM, MEMBER
from tests.edge.counter.members.people import (
    IDENTITY,
    PHONE,
    UID,
    found,
    publish,
    refused,
    register,
    work,
)
from tests.edge.desk.counter import MANAGER, SETTINGS
from tests.edge.web.test_counter_http import Site


@pytest.mark.covers("A040")
async def test_a_member_is_registered_changed_and_listed(site: Site) -> None:
    member = await register(site, phone=PHONE)
    assert "王小明" in await work(site, "members?list=all")
    changed = await site.done("change_member", member=member, name="王大明", phone="13900139000")
    assert changed["changed"] == ["initials", "name", "phone"] or changed["changed"] == [
        "name",
        "phone",
    ]
    listed = await work(site, "members?list=all")
    assert "王大明" in listed
    assert "王小明" not in listed
    # the former phone is free again, the new one is the member's
    assert "王大明" in await found(site, "13900139000")
    await register(site, "赵", phone=PHONE)
    assert (
        await refused(site, "register_member", name="钱", phone="13900139000", consent=True)
        == "phone_taken"
    )


@pytest.mark.covers("A052")
async def test_nobody_is_registered_who_has_not_agreed(site: Site) -> None:
    assert await refused(site, "register_member", name="王小明") == "consent_missing"
    with site.counter.store.read() as reader:
        assert list(reader.registers(MEMBER)) == []
    # and nothing but the name is asked for: phone, document and birthday are given freely
    member = await register(site)
    file = await site.counter.desk.member_views.file(member)
    assert file is not None
    assert (file.phone, file.identity, file.birth_date) == ("", "", 0)


@pytest.mark.covers("A243")
async def test_the_consent_names_the_versions_and_new_terms_are_agreed_to_anew(site: Site) -> None:
    await publish(site, "company", ["某某", "Some", "", "", "", "2026-1", "7"])
    member = await register(site)
    assert "2026-1/7" in await work(site, f"member-file?member={member}")
    assert await refused(site, "renew_consent", member=member) == "consent_current"
    await publish(site, "company", ["某某", "Some", "", "", "", "2027-1", "7"], version=2)
    view = await site.counter.desk.views.member(member)
    assert view is not None
    assert "consent_outdated" in [special.code for special in view.specials]
    assert (await site.done("renew_consent", member=member))["consent"] == "2027-1/7"
    view = await site.counter.desk.views.member(member)
    assert view is not None
    assert "consent_outdated" not in [special.code for special in view.specials]


@pytest.mark.covers("A100")
async def test_what_is_registered_is_checked(site: Site) -> None:
    person = {"name": "王小明", "consent": True}
    for wrong, code in (
        ({"phone": "1380013800"}, "phone_invalid"),
        ({"identity": IDENTITY[:-1] + "1"}, "identity_invalid"),
        ({"identity": "E1", "identity_kind": "passport"}, "document_number_invalid"),
        ({"identity": "E12345678", "identity_kind": "library"}, "identity_kind_unknown"),
        ({"birth_date": 20990101}, "birth_date_invalid"),
        ({"category": "vip"}, "category_unknown"),
    ):
        assert await refused(site, "register_member", **{**person, **wrong}) == code
    member = await register(site, identity=IDENTITY.lower(), birth_date=20010101)
    file = await site.counter.desk.member_views.file(member)
    assert file is not None
    # the document tells the birth date, whatever was typed
    assert file.birth_date == 19491231
    assert file.identity == "1101…002X"


@pytest.mark.covers("A126")
async def test_one_person_has_one_account(site: Site) -> None:
    member = await register(site, phone=PHONE, identity=IDENTITY)
    for more, code in (
        ({"phone": PHONE}, "phone_taken"),
        ({"identity": IDENTITY}, "identity_taken"),
    ):
        assert await refused(site, "register_member", name="王小明", consent=True, **more) == code
    other = await register(site, "王二", identity="E12345678", identity_kind="passport")
    assert (
        await refused(site, "change_member", member=other, name="王二", identity=IDENTITY)
        == "identity_taken"
    )
    # the account of the one who left is not opened a second time
    await site.done("request_exit", member=member, reason="搬家")
    await site.log_in(MANAGER)
    await site.done("approve_exit", member=member)
    assert (
        await refused(site, "register_member", name="王小明", consent=True, identity=IDENTITY)
        == "identity_taken"
    )
    with site.counter.store.read() as reader:
        claim = reader.claim(IDENTITY_CLAIM, keyed_hash(SETTINGS.chain_key, IDENTITY))
        assert claim is not None
        assert claim.row.subject == member


@pytest.mark.covers("A460")
async def test_head_office_adds_fields_to_the_file(site: Site) -> None:
    await publish(
        site,
        "custom_fields",
        ["qq", "QQ 号", "QQ", True],
        ["game", "常玩游戏", "Favourite game", False],
    )
    form = await work(site, "register")
    assert 'name="custom:qq"' in form
    assert "QQ 号" in form
    person = {"name": "王小明", "consent": True}
    assert await refused(site, "register_member", **person) == "field_missing"
    assert (
        await refused(site, "register_member", **person, custom=[["qq", "1"], ["shoe", "42"]])
        == "custom_field_unknown"
    )
    assert (
        await refused(site, "register_member", **person, custom=[["qq", "1" * 101]])
        == "field_too_long"
    )
    form_data = {
        "request_id": site.request_id(),
        "name": "王小明",
        "consent": "on",
        "custom:qq": "10001",
        "custom:game": "DOTA 2",
    }
    url = f"{site.address}/desk/register_member"
    async with site.visitor.post(url, data=form_data) as answer:
        assert answer.status == 200
    with site.counter.store.read() as reader:
        (document,) = reader.registers(MEMBER)
    shown = await work(site, f"member-file?member={document.key}")
    assert "常玩游戏" in shown
    assert "DOTA 2" in shown


@pytest.mark.covers("A461")
async def test_a_card_needs_document_and_phone_where_the_rule_says_so(site: Site) -> None:
    await publish(site, "counter", [False, True, True, True, True])
    card = {"name": "王小明", "consent": True, "card_uid": UID}
    assert await refused(site, "register_member", **card, phone=PHONE) == "identity_needed"
    assert await refused(site, "register_member", **card, identity=IDENTITY) == "phone_needed"
    member = await register(site, "赵")
    assert await refused(site, "issue_card", member=member, card_uid=UID) == "identity_needed"
    await register(site, phone=PHONE, identity=IDENTITY, card_uid=UID)


@pytest.mark.covers("A062", "A258")
async def test_members_are_filed_by_category_and_a_card_gives_its_discount(site: Site) -> None:
    await publish(
        site,
        "categories",
        ["member", "student", "学生", "Student"],
        ["member", "staff", "商圈员工", "Neighbour"],
        ["product", "drink", "饮料", "Drinks"],
    )
    student = await register(site, "学生甲", category="student", card_uid=UID, card_type="discount")
    await register(site, "员工乙", category="staff")
    assert (
        await refused(site, "register_member", name="丙", consent=True, category="drink")
        == "category_unknown"
    )
    listed = await work(site, "members?category=student")
    assert "学生甲" in listed
    assert "员工乙" not in listed
    shown = await work(site, f"member-file?member={student}")
    assert "学生" in shown
    assert "折扣卡" in shown
    assert "付 90 %" in shown
    await site.done("set_ticket_member", member=student)
    assert (await site.done("add_line", sku="NOODLE"))["total_fen"] == 450
