"""PINs: no more than five looked at in a quarter of an hour, whatever happens to box and clock."""

import random
from pathlib import Path

import pytest

from edge.desk.pins import Pins
from edge.domain.members import keyed_hash
from edge.domain.refusals import Refusal
from edge.store.identity import Clock, Identity
from edge.store.store import Store
from sync_protocol.kinds import RULE
from sync_protocol.rules import RULES
from tests.edge.counter.shifts.conftest import Drawer
from tests.edge.desk.counter import (
    BOX,
    CAFE,
    CARD,
    CASHIER,
    CHAIN,
    EPOCH,
    MANAGER,
    OTHER_CARD,
    PIN,
    SETTINGS,
    START_MS,
    Counter,
    MovedClock,
    furnish,
    open_counter,
)

QUARTER_MS = 15 * 60_000
GUESSES = 10_000


class Machine:
    """A machine's clocks: the wall can be stepped, a reboot begins the monotonic one anew."""

    def __init__(self) -> None:
        self.wall_ms = START_MS
        self.since_boot_ms = 60_000
        self.boot = 1

    def clock(self) -> Clock:
        boot_id = self.boot.to_bytes(8, "big")
        return Clock(lambda: self.wall_ms, lambda: self.since_boot_ms, boot_id)

    def wait(self, ms: int) -> None:
        self.wall_ms += ms
        self.since_boot_ms += ms

    def reboot(self) -> None:
        self.boot += 1
        self.since_boot_ms = 0


class CountedPins(Pins):
    """Counts what is looked at, and when, by a time that nobody steps."""

    looked_at: list[int]
    now_ms = 0

    def _matches(self, pin_hash: str, pin: str) -> bool:
        self.looked_at.append(self.now_ms)
        return pin_hash == pin


def open_pins(folder: Path, machine: Machine, looked_at: list[int]) -> tuple[Store, CountedPins]:
    identity = Identity(CHAIN, BOX, EPOCH, CAFE)
    store = Store.open(folder / "box.db", identity, machine.clock(), random.randbytes)
    pins = CountedPins(store)
    pins.looked_at = looked_at
    return store, pins


async def test_of_ten_thousand_guesses_five_in_a_quarter_of_an_hour_are_looked_at(
    tmp_path: Path,
) -> None:
    """Over some 100 minutes, with restarts, reboots and clock steps in both directions."""
    machine, looked_at, real_ms = Machine(), [], 0
    chance = random.Random(20261107)
    store, pins = open_pins(tmp_path, machine, looked_at)
    for guess in range(GUESSES):
        step_ms = chance.randrange(1_200)
        real_ms += step_ms
        machine.wait(step_ms)
        if guess % 2_000 == 700:  # the program alone
            store.close()
            store, pins = open_pins(tmp_path, machine, looked_at)
        if guess % 2_500 == 900:
            store.close()
            machine.reboot()
            store, pins = open_pins(tmp_path, machine, looked_at)
        if guess % 500 == 250:
            machine.wall_ms += chance.choice((-1, 1)) * chance.randrange(10**11)
        pins.now_ms = real_ms
        refusal = await pins.check(CASHIER, 1, ["right"], f"{guess:06}")
        assert isinstance(refusal, Refusal)
    store.close()
    assert len(looked_at) >= 15  # nobody is locked out for ever
    for first, sixth in zip(looked_at, looked_at[5:], strict=False):
        assert sixth - first >= QUARTER_MS


async def test_one_terminal_cannot_go_over_all_accounts(tmp_path: Path) -> None:
    machine, looked_at = Machine(), []
    store, pins = open_pins(tmp_path, machine, looked_at)
    for guess in range(300):
        await pins.check(1_000 + guess % 100, 1, ["right"], "guess")
    assert len(looked_at) == 20
    await pins.check(CASHIER, 2, ["right"], "guess")
    assert len(looked_at) == 21
    store.close()


async def test_the_right_pin_forgives(tmp_path: Path) -> None:
    machine, looked_at = Machine(), []
    store, pins = open_pins(tmp_path, machine, looked_at)
    for _ in range(6):
        for _ in range(4):
            assert await pins.check(CASHIER, 1, ["right"], "wrong") is not None
        assert await pins.check(CASHIER, 1, ["right"], "right") is None
    store.close()


@pytest.mark.covers("A037")
async def test_a_person_logs_in_with_number_and_pin_and_is_locked_after_five_wrong_ones(
    drawer: Drawer,
) -> None:
    assert await drawer.refused("log_in", staff=CASHIER, pin="0000") == "log_in_failed"
    signed_in = await drawer.sign_in()
    assert (signed_in["staff"], signed_in["name"], signed_in["role"]) == (CASHIER, "李", "cashier")
    await drawer.done("log_out")
    codes = [await drawer.refused("log_in", staff=CASHIER, pin="0000") for _ in range(6)]
    assert codes == ["log_in_failed"] * 4 + ["log_in_locked"] * 2
    assert await drawer.refused("log_in", staff=CASHIER, pin=PIN) == "log_in_locked"
    await drawer.sign_in(MANAGER)  # others are not locked
    drawer.counter.clock.forward(15 * 60 + 1)
    await drawer.sign_in()


async def test_a_staff_card_says_who_it_is_and_the_pin_that_it_is_they(drawer: Drawer) -> None:
    card = keyed_hash(SETTINGS.chain_key, OTHER_CARD.hex().upper())
    await drawer.staff(CASHIER, card_hash=card)
    uid = OTHER_CARD.hex()
    assert await drawer.refused("log_in", card_uid=uid, pin="0000") == "log_in_failed"
    assert await drawer.refused("log_in", card_uid=CARD.hex(), pin=PIN) == "staff_card_unknown"
    assert await drawer.refused("log_in", pin=PIN) == "field_missing"
    await drawer.counter.tap(OTHER_CARD)
    page = await drawer.get("/")
    assert f'name="staff" value="{CASHIER}" required checked' in page
    assert card.hex() not in page
    signed_in = await drawer.done("log_in", card_uid=uid, pin=PIN)
    assert signed_in["staff"] == CASHIER


async def test_the_log_in_page_hears_of_a_staff_card(drawer: Drawer) -> None:
    card = keyed_hash(SETTINGS.chain_key, OTHER_CARD.hex().upper())
    await drawer.staff(CASHIER, card_hash=card)
    async with drawer.visitor.get(f"{drawer.address}/log-in/events") as stream:
        await drawer.counter.tap(OTHER_CARD)
        await stream.content.readuntil(b"event: staff-card\n")
        assert await stream.content.readline() == f"data: {CASHIER}\n".encode()


async def test_a_staff_card_is_no_unknown_card_and_none_to_give_away(drawer: Drawer) -> None:
    card = keyed_hash(SETTINGS.chain_key, OTHER_CARD.hex().upper())
    await drawer.staff(CASHIER, card_hash=card)
    await drawer.sign_in()
    await drawer.counter.tap(OTHER_CARD)
    page = await drawer.get("/")
    assert "card_of_staff" in page
    assert "/show/register" not in page[page.index("card_of_staff") :][:400]
    assert OTHER_CARD.hex().upper() not in await drawer.get("/show/register")


async def test_a_wrong_approver_pin_counts_as_a_log_ins(drawer: Drawer) -> None:
    await drawer.sign_in()
    await drawer.done("open_shift")
    asked = {"amount_fen": 100, "reason": "水", "receipt_number": "1"}
    for _ in range(4):
        wrong = {"approver": MANAGER, "approver_pin": "0"}
        assert await drawer.refused("petty_cash", **asked, **wrong) == "pin_wrong"
    assert await drawer.refused("petty_cash", **asked, **wrong) == "log_in_locked"
    assert await drawer.refused("log_in", staff=MANAGER, pin=PIN) == "log_in_locked"


async def test_the_rule_of_head_office_says_how_many_and_how_long(tmp_path: Path) -> None:
    async with open_counter(tmp_path, MovedClock()) as counter:
        await furnish(counter)
        await _publish(counter, failures_max=2, lock_minutes=60)
        assert (await counter.refused("log_in", staff=CASHIER, pin="0")).code == "log_in_failed"
        locked = await counter.refused("log_in", staff=CASHIER, pin="0")
        assert (locked.code, locked.parameters["minutes"]) == ("log_in_locked", 60)


async def _publish(counter: Counter, **values: object) -> None:

    row = [values.get(column.name, column.default) for column in RULES["security"].columns]
    await counter.hub.document(RULE, "security", {"version": 1, "values": [row]})
