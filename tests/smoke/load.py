"""What goes on in the two cafes: cards on readers, money on counters, goods on the road."""

import asyncio
import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp

from edge.drivers.fake.cafe import VirtualCafe
from tests.smoke.counter import Counter, RefusedError
from tests.smoke.evidence import Evidence, Tap, WatchedCard
from tests.stack import Stack, eventually

MEMBERS = 50
TAPS_EACH = 150
"""At each of the two readers."""
TRANSFERS = 50
TAGS = 25
SKUS = {"cola": 500, "noodles": 1200}
FIRST_TOP_UP_FEN = 6000
SEEN_SECONDS = 60.0
READ_SECONDS = 3.0
FIELD_SECONDS = 0.45
"""vpcd looks every 0.4 s: a card must lie and be gone for that long."""
SHOPPING_SECONDS = (2.0, 6.0)
TRANSFER_SECONDS = 1.5
ARRIVAL_SECONDS = 120.0


@dataclass(frozen=True)
class Member:
    """A member with a card."""

    id: int
    uid: bytes


@dataclass
class Cafe:
    """One cafe as the outside sees it."""

    name: str
    counter: Counter
    devices: VirtualCafe

    async def line_is_up(self) -> bool:
        """Whether the box says that the hub answers."""
        try:
            return bool((await self.counter.health())["line_up"])
        except (aiohttp.ClientError, TimeoutError):
            return False


@dataclass
class Load:
    """Everything that people do."""

    stack: Stack
    cafes: Mapping[str, Cafe]
    evidence: Evidence
    members: list[Member] = field(default_factory=list)
    transfers_received: int = 0
    _draw: random.Random = field(default_factory=lambda: random.Random(1))
    _tapping: bool = True

    @property
    def taps_done(self) -> int:
        """How many cards were read so far."""
        return len(self.evidence.taps)

    async def prepare(self) -> None:
        """Register members and give them money; bring goods and assets in."""
        await self.stack.until_in_step()  # staff and products come over the line
        for cafe in self.cafes.values():
            await cafe.counter.log_in()
            lines = [[sku, 1000] for sku in SKUS]
            await cafe.counter.do("goods_receipt", lines=lines)
        for number in range(TAGS):
            name = f"手柄{number}"
            await self.cafes["a"].counter.do("asset_receipt", tag=f"PAD-{number:03d}", name=name)
        for index in range(MEMBERS):
            await self._register(index)
        # everybody is to be known everywhere before the cards are laid
        for cafe in self.cafes.values():
            for member in (self.members[0], self.members[-1]):
                await self._wait_until_known(cafe, member)

    async def run(self, faults: "asyncio.Task[None]") -> None:
        """Tap, shop and send goods until cards and goods were enough and the faults are over."""
        shoppers = [asyncio.create_task(self._shop(member)) for member in self.members]
        async with asyncio.TaskGroup() as tasks:
            for cafe in self.cafes.values():
                tasks.create_task(self._tap_cards(cafe, faults))
            tasks.create_task(self._send_goods())
        self._tapping = False
        await asyncio.gather(*shoppers)

    # --- cards ------------------------------------------------------------------------------------

    async def _tap_cards(self, cafe: Cafe, faults: "asyncio.Task[None]") -> None:
        """Lay one card after the other until enough were read."""
        order = deque(self.members)
        self._draw.shuffle(order)
        read = 0
        while read < TAPS_EACH or not faults.done():
            member = order[0]
            order.rotate(-1)
            read += await self._tap(cafe, member)

    async def _tap(self, cafe: Cafe, member: Member) -> bool:
        card = WatchedCard(member.uid)
        await asyncio.to_thread(cafe.devices.field.insert, card)
        try:
            await eventually(lambda: card.read_ns, "the card to be read", READ_SECONDS)
        except TimeoutError:
            return False  # the box is down
        finally:
            await asyncio.sleep(FIELD_SECONDS)
            await asyncio.to_thread(cafe.devices.lift)
            await asyncio.sleep(FIELD_SECONDS)
        tap = Tap(cafe.name, card.powered_ns, card.read_ns)
        self.evidence.taps.append(tap)
        return True

    # --- money ------------------------------------------------------------------------------------

    async def _shop(self, member: Member) -> None:
        """Spend more than there is, in both cafes at once; top up now and then; give some back."""
        draw = random.Random(member.id)
        while self._tapping:
            await asyncio.sleep(draw.uniform(*SHOPPING_SECONDS))
            what = draw.random()
            cafe = draw.choice(list(self.cafes.values()))
            if what < 0.2:
                await self._try(cafe, "top_up", member=member.id, amount_fen=2000, tender="cash")
            elif what < 0.3:
                await self._spend_and_refund(cafe, member)
            else:
                amount_fen = draw.randrange(300, 3000)
                await asyncio.gather(
                    *(self._contest(each, member, amount_fen) for each in self.cafes.values())
                )

    async def _contest(self, cafe: Cafe, member: Member, amount_fen: int) -> None:
        await self._try(cafe, "set_ticket_member", member=member.id)
        await asyncio.sleep(0.3)  # a grant may come
        await self._try(cafe, "spend", member=member.id, amount_fen=amount_fen)

    async def _spend_and_refund(self, cafe: Cafe, member: Member) -> None:
        sold = await self._try(cafe, "spend", member=member.id, amount_fen=700)
        if sold is not None:
            back = {"sale": sold["sale"], "amount_fen": 500, "reason": "机器故障"}
            await self._try(cafe, "refund", **back)

    async def _try(self, cafe: Cafe, command: str, **inputs: object) -> Mapping[str, object] | None:
        try:
            return await cafe.counter.do(command, **inputs)
        except RefusedError:
            return None

    # --- goods ------------------------------------------------------------------------------------

    async def _send_goods(self) -> None:
        """Send counted stock, and every other time a tagged asset, to and fro."""
        at = {f"PAD-{number:03d}": "a" for number in range(TAGS)}
        async with asyncio.TaskGroup() as arrivals:
            for number in range(TRANSFERS):
                source, target = ("a", "b") if number % 2 == 0 else ("b", "a")
                tag = ""
                if number % 4 < 2:
                    tag = next((tag for tag, where in at.items() if where == source), "")
                    at.pop(tag, None)
                short = number % 5 == 0
                arrivals.create_task(self._send(source, target, tag, short))
                await asyncio.sleep(TRANSFER_SECONDS)

    async def _send(self, source: str, target: str, tag: str, short: bool) -> None:
        to = self.cafes[target]
        sent = await self.cafes[source].counter.do(
            "dispatch_transfer", to_cafe=to.counter.box.cafe, lines=[["cola", 5]], tags=tag
        )
        quantity = 4 if short else 5

        async def arrived() -> bool:
            try:
                await to.counter.do(
                    "receive_transfer",
                    transfer=sent["transfer"],
                    lines=[["cola", quantity]],
                    tags=tag,
                )
            except RefusedError as refusal:
                if refusal.code != "transfer_unknown":
                    raise
                await asyncio.sleep(0.5)
                return False
            return True

        await eventually(arrived, f"transfer {sent['transfer']} to arrive", ARRIVAL_SECONDS)
        self.transfers_received += 1

    # --- getting ready ----------------------------------------------------------------------------

    async def _register(self, index: int) -> None:
        uid = bytes((0x04, 0x51, index >> 8, index & 0xFF))
        cafe = self.cafes["a" if index % 2 == 0 else "b"]
        values = await cafe.counter.do(
            "register_member",
            name=f"会员{index:02d}",
            phone=f"139{index:08d}",
            card_uid=uid.hex(),
            consent=True,
        )
        member = Member(int(str(values["member"])), uid)
        self.members.append(member)
        money = {"member": member.id, "amount_fen": FIRST_TOP_UP_FEN, "tender": "cash"}
        await cafe.counter.do("top_up", **money)

    async def _wait_until_known(self, cafe: Cafe, member: Member) -> None:
        async def known() -> bool:
            return await self._try(cafe, "show_member", member=member.id) is not None

        await eventually(known, f"{cafe.name} to know member {member.id}", SEEN_SECONDS)
