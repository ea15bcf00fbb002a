"""A whole box without a line, two members with money and a cashier; what it answers is kept.

Its reader is of a real pcscd or of the fake PC/SC stack; its door hangs on virtual pins.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from edge import app
from edge.configuration import read
from edge.drivers.fake.cafe import DOOR_COUNTER, READER, VirtualCafe
from edge.store.opening import open_reader
from edge.store.refold import refold
from sync_protocol.accounts import FEN, WALLET
from tests.edge.desk.counter import (
    BOX,
    CASHIER,
    EPOCH,
    PIN,
    HandHub,
    MovedClock,
    furnish_hub,
)
from tests.edge.test_box import toml, write_identity
from tests.faults.report import Report
from tests.ports import free_port
from tests.stack import eventually

PAYER_CARD, OTHER_CARD = bytes.fromhex("04A1B2C3D4E5F6"), bytes.fromhex("04FFEEDDCCBBAA")
HAD_FEN, SPENT_FEN = 100_000, 20
WAIT_SECONDS = 60.0
PULSES = re.compile(r'^cafebox_door_pulses_total\{outcome="opened"\} (\S+)$', re.MULTILINE)
NAMED = re.compile(r'name="tapped_card" value="(\d+)"')


@dataclass
class ReaderBox:
    """The running box; `held_fen` is what each member must have left."""

    client: aiohttp.ClientSession
    cafe: VirtualCafe
    report: Report
    payer: int = 0
    other: int = 0
    payers_card: int = 0
    held_fen: dict[int, int] = field(default_factory=dict)
    requests: int = 0

    async def post(self, command: str, **inputs: object) -> Mapping[str, object]:
        """Perform a command; the answer, whether done or refused."""
        self.requests += 1
        body = {"request_id": f"request-{self.requests}", **inputs}
        async with self.client.post(f"/desk/{command}", json=body) as response:
            answer: Mapping[str, object] = await response.json()
            return answer

    async def charge(self, tapped_card: int = 0) -> Mapping[str, object]:
        """Have the payer spend; what was done is expected to be gone."""
        tapped = {"tapped_card": tapped_card} if tapped_card else {}
        answer = await self.post("spend", member=self.payer, amount_fen=SPENT_FEN, **tapped)
        if answer["ok"]:
            self.held_fen[self.payer] -= SPENT_FEN
        return answer

    async def serves(self, when: str) -> None:
        """Ask the desk for something: it must be done, whatever happens to devices."""
        answer = await self.charge()
        self.report.expect(answer["ok"], f"the desk refused while {when}: {answer}")

    async def pulses(self) -> int:
        """How often a tap has opened the door."""
        async with self.client.get("/metrics") as response:
            found = PULSES.search(await response.text())
        return int(float(found[1])) if found else 0

    async def until_pulses(self, count: int) -> None:
        async def opened() -> bool:
            return await self.pulses() >= count

        await eventually(opened, f"tap number {count}", WAIT_SECONDS)

    async def until_device(self, name: str, state: str, reason: str = "") -> None:
        """Wait until a device says so of itself."""

        async def told() -> bool:
            async with self.client.get("/healthz") as response:
                values = await response.json()
            return (values["devices"][name], values["device_reasons"][name]) == (state, reason)

        await eventually(told, f"{name} to be {state} {reason}", WAIT_SECONDS)

    async def until_payers_card_is_shown(self) -> None:
        """Wait until the payer is on the screen by a tap, so that a debit names the card."""

        async def shown() -> bool:
            async with self.client.get("/show/spend") as response:
                page = await response.text()
            card = NAMED.search(page)
            if card is None or f'name="member" value="{self.payer}"' not in page:
                return False
            self.payers_card = int(card[1])
            return True

        await eventually(shown, "the payer's card on the screen", WAIT_SECONDS)


@asynccontextmanager
async def open_reader_box(
    folder: Path,
    report: Report,
    reader: str,
    pcsc: str,
    field: object,
) -> AsyncIterator[ReaderBox]:
    """Run a box whose `[stacks]` names `pcsc`; what it has left is compared at the end."""
    cafe = VirtualCafe(folder / "devices", reader, field)  # type: ignore[arg-type]  # a CardField
    tables: dict[str, dict[str, object]] = {
        "box": {"listen_port": free_port()},
        "counter": {"same_tap_ms": 0},
        "stacks": dict(cafe.stacks_table(pcsc)),
    }
    configuration = read(toml(tables, cafe.device_tables()), folder)
    write_identity(configuration.data_dir, free_port())
    jar = aiohttp.CookieJar(unsafe=True)
    async with (
        app.running(configuration) as running,
        aiohttp.ClientSession(configuration.address, cookie_jar=jar) as client,
    ):
        await furnish_hub(HandHub(running.store, MovedClock()))
        box = ReaderBox(client, cafe, report)
        await box.post("log_in", staff=CASHIER, pin=PIN)
        await box.post("open_shift")
        box.other = await _member(box, OTHER_CARD)
        box.payer = await _member(box, PAYER_CARD)
        await box.until_device(READER, "ok")
        await box.until_device(DOOR_COUNTER, "ok")
        yield box
    cafe.close()
    _check(configuration.data_dir / app.STORE_NAME, box)


async def _member(box: ReaderBox, card: bytes) -> int:
    made = await box.post("register_member", name="王小明", consent=True, card_uid=card.hex())
    values = made["values"]
    assert isinstance(values, dict)
    member = int(values["member"])
    paid = await box.post("top_up", member=member, amount_fen=HAD_FEN, tender="cash")
    assert paid["ok"], paid
    box.held_fen[member] = HAD_FEN
    return member


def _check(path: Path, box: ReaderBox) -> None:
    """Nobody was charged but by what was answered, and the store folds to what it shows."""
    reader = open_reader(path)
    with closing(reader.database):
        for member, held_fen in box.held_fen.items():
            left_fen = -reader.balance((WALLET, member, BOX, EPOCH, 0, FEN)).shown
            box.report.expect(
                left_fen == held_fen, f"member {member} has {left_fen} fen, not {held_fen}"
            )
        reader.connection.execute("BEGIN")
        for difference in refold(reader).differences:
            box.report.violated(f"refold: {difference}")
