"""A member's file: who they are, what they have and bought, when they came, what was said."""

import pytest

from tests.edge.counter.members.people import PHONE, UID, register, work
from tests.edge.desk.counter import CARD
from tests.edge.web.test_counter_http import Site


async def _customer(site: Site) -> int:
    member = await register(site, phone=PHONE, card_uid=UID)
    await site.counter.tap(CARD)
    await site.done("top_up", member=member, amount_fen=10_000, tender="cash")
    for sku, quantity in (("NOODLE", 1), ("COLA", 3)):
        await site.done("set_ticket_member", member=member)
        lines = await site.done("add_line", sku=sku, quantity=quantity)
        await site.done("pay", tender="wallet", expected_total_fen=lines["total_fen"])
    return member


@pytest.mark.covers("A051")
async def test_the_data_set_of_a_customer(site: Site) -> None:
    member = await _customer(site)
    await site.done("add_member_note", member=member, about="service", text="借了耳机")
    await site.done("add_member_note", member=member, about="feedback", text="空调太冷")
    shown = await work(site, f"member-file?member={member}")
    for expected in ("王小明", "+8613800138000", "借了耳机", "空调太冷", "反馈", "服务", "销售"):
        assert expected in shown
    file = await site.counter.desk.member_views.file(member)
    assert file is not None
    assert [(note.about, note.author) for note in file.notes] == [
        ("feedback", "李"),
        ("service", "李"),
    ]
    assert [entry.reason for entry in file.spends] == ["sale", "sale"]
    status, answer = await site.json("add_member_note", member=member, about="gossip", text="x")
    assert (status, answer["code"]) == (422, "field_invalid")


@pytest.mark.covers("A108")
async def test_the_file_tells_spends_preferences_and_visits_and_keeps_up(site: Site) -> None:
    member = await _customer(site)
    file = await site.counter.desk.member_views.file(member)
    assert file is not None
    assert [(name, count) for name, _name_en, count in file.bought] == [("可乐", 3), ("泡面", 1)]
    assert [entry.amount for entry in file.top_ups] == [10_000]
    assert sum(entry.amount for entry in file.spends) == file.balance_fen - 10_000
    assert len(file.visit_days) == 1
    site.counter.clock.forward(24 * 3600)
    await site.counter.tap(CARD)
    await site.done("set_ticket_member", member=member)
    lines = await site.done("add_line", sku="NOODLE", quantity=5)
    await site.done("pay", tender="wallet", expected_total_fen=lines["total_fen"])
    file = await site.counter.desk.member_views.file(member)
    assert file is not None
    assert [count for _name, _name_en, count in file.bought] == [6, 3]
    assert len(file.visit_days) == 2
    # every entry of the file leads to its op in the ledger
    ledger = await work(site, f"ledger?member={member}")
    for entry in (*file.spends, *file.top_ups, *file.points):
        assert entry.chain_code in ledger
