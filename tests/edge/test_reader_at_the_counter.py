"""A card reader at a counter, with a whole box: swaps before the debit, the light at a tap."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from edge import app
from edge.configuration import read
from edge.drivers.fake.cafe import VirtualCafe
from edge.drivers.fake.pcsc import VirtualReaders
from tests.edge.desk.counter import CASHIER, PIN, HandHub, MovedClock, furnish_hub
from tests.edge.test_box import CARD, WAIT_S, Box, toml, write_identity
from tests.ports import free_port

OTHER_CARD = bytes.fromhex("04FFEEDDCCBBAA")
HAD_FEN, SPENT_FEN = 10_000, 1200
UNKNOWN_CARD = bytes.fromhex("04000000000001")
GREEN, RED, BUZZER = 22, 23, 24
LAMP: dict[str, object] = {
    "kind": "feedback",
    "driver": "gpio",
    "name": "lamp",
    "reader": "counter",
    "pin_accepted": GREEN,
    "pin_refused": RED,
    "pin_buzzer": BUZZER,
    "light_ms": 50,
    "beep_ms": 20,
}
ELSEWHERE = {
    "kind": "feedback",
    "driver": "gpio",
    "name": "far",
    "reader": "door",
    "pin_buzzer": 25,
}
NAMED = re.compile(r'name="tapped_card" value="(\d+)"')


@pytest.fixture(autouse=True)
def patient_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine reads a card again in more time than a cashier waits."""
    monkeypatch.setattr("edge.drivers.pcsc_card_reader.READ_AGAIN_S", WAIT_S)


class Payer:
    """A member with money whose card lies on the reader, and what the page knows of it."""

    def __init__(self, box: Box, member: int, other: int) -> None:
        self.box, self.member, self.other = box, member, other
        self.requests = 0

    async def tapped_card(self, work: str = "spend", member: int = 0) -> str:
        """The card that the form of a work names, once it is for the payer, or for `member`."""
        for_whom = f'name="member" value="{member or self.member}"'
        async with asyncio.timeout(WAIT_S):
            while True:
                async with self.box.client.get(f"/show/{work}") as response:
                    page = await response.text()
                found = NAMED.search(page)
                if found is not None and (for_whom in page or work == "pay"):
                    return found[1]
                await asyncio.sleep(0.02)

    async def spend(self, card: str, request_id: str = "") -> dict[str, object]:
        self.requests += 1
        body = {
            "request_id": request_id or f"spend-number-{self.requests}",
            "member": self.member,
            "amount_fen": SPENT_FEN,
            "tapped_card": card,
        }
        async with self.box.client.post("/desk/spend", json=body) as response:
            answer = await response.json()
        assert isinstance(answer, dict)
        return answer


@pytest.fixture
async def payer(tmp_path: Path) -> AsyncIterator[Payer]:
    readers = VirtualReaders(tmp_path / "readers.sock")
    cafe = VirtualCafe(tmp_path / "devices", readers.reader_names[0], readers.slots[0])
    tables: dict[str, dict[str, object]] = {
        "box": {"listen_port": free_port(), "language": "en"},
        "counter": {"same_tap_ms": 0},
        "stacks": dict(cafe.stacks_table(f"fake:{tmp_path / 'readers.sock'}")),
    }
    configuration = read(toml(tables, [*cafe.device_tables(), LAMP, ELSEWHERE]), tmp_path)
    write_identity(configuration.data_dir, free_port())
    jar = aiohttp.CookieJar(unsafe=True)
    async with (
        app.running(configuration) as running,
        aiohttp.ClientSession(configuration.address, cookie_jar=jar) as client,
    ):
        await furnish_hub(HandHub(running.store, MovedClock()))
        box = Box(running, cafe, client)
        await box.do("log_in", staff=CASHIER, pin=PIN)
        await box.do("open_shift")
        members = []
        for uid in (CARD, OTHER_CARD):
            name = {"name": "王小明", "consent": True, "card_uid": uid.hex()}
            members.append(int(str((await box.do("register_member", **name))["member"])))
            await box.do("top_up", member=members[-1], amount_fen=HAD_FEN, tender="cash")
        await asyncio.to_thread(cafe.tap, CARD)
        yield Payer(box, *members)
    cafe.close()
    readers.close()


@pytest.mark.covers("A041")
async def test_another_card_on_the_reader_is_charged_nothing_and_the_cashier_told(
    payer: Payer,
) -> None:
    card = await payer.tapped_card()
    await asyncio.to_thread(payer.box.cafe.tap, OTHER_CARD)
    assert await payer.tapped_card(member=payer.other) != card
    refused = await payer.spend(card)
    assert (refused["ok"], refused["code"]) == (False, "card_swapped")
    assert "没有扣款" in str(refused["words"])
    await asyncio.to_thread(payer.box.cafe.tap, CARD)
    assert await payer.tapped_card() == card
    done = await payer.spend(card)
    assert done["ok"]
    assert done["values"]["balance_fen"] == HAD_FEN - SPENT_FEN  # type: ignore[index]  # JSON


async def test_no_form_stands_that_would_charge_the_other_member(payer: Payer) -> None:
    form = {"member": payer.member, "amount_yuan": "12", "tapped_card": await payer.tapped_card()}
    await asyncio.to_thread(payer.box.cafe.tap, OTHER_CARD)
    await payer.tapped_card(member=payer.other)
    headers = {"HX-Request": "true"}
    data = {"request_id": "a-form-of-the-page", **form}
    async with payer.box.client.post("/desk/spend", data=data, headers=headers) as response:
        page = await response.text()
    assert "没有扣款" in page
    assert 'name="amount_yuan"' not in page


async def test_a_card_that_was_taken_away_pays(payer: Payer) -> None:
    card = await payer.tapped_card()
    await asyncio.to_thread(payer.box.cafe.lift)
    assert (await payer.spend(card))["ok"]


async def test_a_repeat_of_what_is_done_gets_its_answer_whatever_lies_there(payer: Payer) -> None:
    card = await payer.tapped_card()
    assert (await payer.spend(card, "the-same-request"))["ok"]
    await asyncio.to_thread(payer.box.cafe.tap, OTHER_CARD)
    await payer.tapped_card(member=payer.other)
    again = await payer.spend(card, "the-same-request")
    assert (again["ok"], again["repeated"]) == (True, True)


async def test_each_form_that_debits_names_the_tapped_card(payer: Payer) -> None:
    card = await payer.tapped_card()
    await payer.box.do("add_line", sku="COLA")
    for work in ("pay", "pay-fee"):
        assert await payer.tapped_card(work) == card


async def test_the_light_and_the_buzzer_tell_how_a_tap_ended(payer: Payer) -> None:
    """Of this reader alone: that of another one is silent."""
    box = payer.box

    def lit(pin: int) -> int:
        return sum(edge.level for edge in box.cafe.board.edges(pin))

    await box.until(lambda: (lit(GREEN), lit(RED), lit(BUZZER)) == (1, 0, 1))
    await asyncio.to_thread(box.cafe.tap, UNKNOWN_CARD)
    await box.until(lambda: (lit(GREEN), lit(RED), lit(BUZZER)) == (1, 1, 4))
    assert lit(25) == 0
