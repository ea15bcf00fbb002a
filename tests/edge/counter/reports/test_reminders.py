"""Reminders: what falls due is listed so many days before as head office says, seen and done."""

import re

import pytest

from edge.domain.decision import Here, document_change
from edge.domain.reminders import next_birthday
from sync_protocol.kinds import CARD, MEMBER, PRODUCT
from tests.edge.counter.money.conftest import Till
from tests.edge.desk.counter import BOX, CAFE, EPOCH
from tests.edge.desk.counter import CARD as CARD_UID

TODAY = 20261106
LOOK = {"HX-Request": "true"}


async def write(till: Till, kind: int, key: int | str, values: dict[str, object]) -> None:
    """Change a document as this box would."""
    with till.counter.store.read() as reader:
        known = reader.register(kind, key)
    row = known.shown if known is not None else None
    here = Here(CAFE, BOX, EPOCH, 0, TODAY, 480)
    salt = b"s" * 16 if kind == MEMBER else b""
    op = document_change(here, kind, key, row, values, salt)
    await till.counter.store.write(lambda transaction: transaction.append(op.kind, op.body))


async def card_of(till: Till) -> int | str:
    with till.counter.store.read() as reader:
        return reader.registers_where(CARD, "member", till.member)[0].key


def listed(page: str) -> list[tuple[str, str]]:
    return re.findall(r'data-reminder="(\w+)" data-state="(\w*)"', page)


@pytest.mark.covers("A449")
async def test_what_falls_due_is_listed_with_its_own_lead_time_and_can_be_settled(
    till: Till,
) -> None:
    await till.publish(
        "reminders",
        {"about": "card", "lead_days": 3},
        {"about": "birthday", "lead_days": 1},
        {"about": "balance"},
        {"about": "stock"},
    )
    await till.publish("counter", {"low_balance_fen": 500})
    card = await card_of(till)
    await write(till, CARD, card, {"valid_to_day": 20261110})
    assert listed(await till.get("/show/reminders", **LOOK)) == []
    await write(till, CARD, card, {"valid_to_day": 20261109})
    await write(till, MEMBER, till.member, {"birth_date": 19901107})
    await till.counter.tap(CARD_UID)
    await till.counter.hub.document(PRODUCT, "COLA", {"low_stock": 5})
    till.counter.desk.log_applied()
    page = await till.get("/show/reminders", **LOOK)
    found = dict(listed(page))
    assert found == {"card": "", "birthday": "", "balance": "", "stock": ""}
    assert "The card of 王小明 expires on 2026-11-09" in page
    assert 'data-reminders-due="4"' in await till.get("/")
    key = f"card:{card}:20261109"
    await till.done("settle_reminder", reminder=key, state="done")
    await till.done("settle_reminder", reminder="all", state="seen")
    found = dict(listed(await till.get("/show/reminders", **LOOK)))
    assert found == {"card": "done", "birthday": "seen", "balance": "seen", "stock": "seen"}
    assert "data-reminders-due" not in await till.get("/")
    assert await till.refused("settle_reminder", reminder="card:1:2", state="done") == (
        "reminder_unknown"
    )
    # Enough money again, and the lead time is another one.
    await till.top_up(1_000)
    await till.publish("reminders", {"about": "card", "lead_days": 2}, {"about": "balance"})
    assert listed(await till.get("/show/reminders", **LOOK)) == []


async def test_a_tap_shows_what_falls_due_for_the_member(till: Till) -> None:
    await till.top_up(50_000)
    assert 'data-reminder="tier"' not in await till.get("/")
    await write(till, MEMBER, till.member, {"tier": "gold", "tier_until_day": 20261120})
    await till.counter.tap(CARD_UID)
    page = await till.get("/")
    assert re.search(r'data-reminder="tier">Tier ends 2026-11-20', page)
    assert 'data-reminder="balance"' not in page


def test_a_birthday_is_found_within_its_days_and_on_the_28th_of_february() -> None:
    assert next_birthday(19901108, TODAY, 2) == 20261108
    assert next_birthday(19901108, TODAY, 1) == 0
    assert next_birthday(20000229, 20270225, 7) == 20270228
    assert next_birthday(0, TODAY, 300) == 0
