"""What the first start puts into the demo: staff, a catalogue, members with cards, stock, assets.

All of it goes in by the product's own doors: the operator's commands, head office's pages, and
the counters' commands as JSON.
"""

import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

import aiohttp

from examples.two_cafes.stack import CAFES, Progress, Stack, StackError

RULES = Path(__file__).parent / "rules.toml"
CASHIER_ROLES = (("王店长", "manager"), ("小李", "cashier"))
PRODUCTS = (
    # code, name, English name, category, barcode, price, member price (yuan), counted
    ("COLA", "可乐 500ml", "Cola 500 ml", "drinks", "6901234000016", "4.50", "4.00", True),
    ("WATER", "矿泉水", "Spring water", "drinks", "6901234000023", "2.00", "", True),
    ("REDBULL", "红牛", "Red Bull", "drinks", "6901234000030", "7.00", "6.50", True),
    ("NOODLE", "香辣牛肉面", "Spicy beef noodles", "food", "6901234000047", "6.00", "5.50", True),
    ("SAUSAGE", "火腿肠", "Sausage", "food", "6901234000054", "3.00", "", True),
    ("CRISPS", "薯片", "Crisps", "food", "6901234000061", "8.50", "7.50", True),
    ("HOUR", "上网一小时", "One hour on line", "online", "", "5.00", "4.00", False),
    ("NIGHT", "包夜", "Night pass", "online", "", "25.00", "22.00", False),
)
MEMBERS = (
    # cafe, name, phone, card, top-up in fen
    ("a", "王小明", "13800138001", "04A1B2C301", 10000),
    ("a", "李雷", "13800138002", "04A1B2C302", 5000),
    ("b", "韩梅梅", "13800138003", "04A1B2C303", 8000),
    ("b", "Zhang Wei", "13800138004", "04A1B2C304", 0),
)
NEW_CARD = "04A1B2C399"
STOCK = {"COLA": 48, "WATER": 60, "REDBULL": 24, "NOODLE": 30, "SAUSAGE": 40, "CRISPS": 20}
FLOAT_FEN = 50_000
SEATS = (
    # letter, first, last, zone, row, seats in a row
    ("A", 1, 20, "hall", 1, 5),
    ("V", 1, 4, "vip", 5, 4),
)
OUT_OF_ORDER = 17
"""The seat, in the order of setting up, that somebody has spilt tea on."""
GUESTS = (
    # place in the order of setting up, name, identity number (made up), yuan paid before (0: none)
    (1, "赵一", "11010519880808012X", 0),
    (2, "钱二", "110105199902140330", 20),
    (20, "孙三", "110105199510300219", 1),
)
ASSETS = (("KB-0001", "机械键盘"), ("KB-0002", "机械键盘"), ("HS-0001", "头戴耳机"))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a secret: a PIN at the counters, a password at head office."""

    name: str
    secret: str
    id: int = 0


@dataclass(frozen=True, slots=True)
class Card:
    """A card that the panel can lay on a reader."""

    name: str
    uid: str


@dataclass(slots=True)
class Demo:
    """What the first start made up; kept in `demo.json`, readable by its owner alone."""

    office: Person
    staff: list[Person] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)


def load(folder: Path) -> Demo:
    """What a start before this one made up."""
    kept = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
    staff = [Person(**person) for person in kept["staff"]]
    return Demo(Person(**kept["office"]), staff, [Card(**card) for card in kept["cards"]])


def _keep(folder: Path, demo: Demo) -> None:
    path = folder / "demo.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(demo), ensure_ascii=False, indent=1), encoding="utf-8")


async def seed(stack: Stack, progress: Progress) -> Demo:
    """Fill a new stack whose hub runs; the boxes run when this returns."""
    progress("两家门店和员工 · cafes and staff")
    demo = await _operate(stack)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        progress("规则和商品 · rules and catalogue")
        await stack.operate_hub("publish-rules", str(RULES))
        await _set_products(stack, client, demo.office)
        for cafe in CAFES:
            await stack.start_box(cafe)
        await stack.wait_for(*map(stack.counter_address, CAFES))
        for cafe in CAFES:
            progress(f"{stack.titles[cafe]}：会员、卡、库存 · members, cards, stock")
            await _open_cafe(Counter(stack, cafe, client), demo.staff[0])
    demo.cards = [Card(name, uid) for _cafe, name, _phone, uid, _fen in MEMBERS]
    demo.cards.append(Card("新卡 new card", NEW_CARD))
    _keep(stack.folder, demo)
    return demo


async def _operate(stack: Stack) -> Demo:
    """Cafes, people and boxes, by the operator's commands."""
    password = secrets.token_hex(9)
    await stack.operate_hub(
        "add-staff", "--name", "总部", "--role", "admin", "--password", password
    )
    demo = Demo(Person("总部", password))
    for name, role in CASHIER_ROLES:
        pin = f"{secrets.randbelow(10**6):06}"
        added = await stack.operate_hub("add-staff", "--name", name, "--role", role, "--pin", pin)
        demo.staff.append(Person(name, pin, json.loads(added)["staff"]))
    for cafe, (name, name_en) in zip(CAFES, (("甲店", "Cafe A"), ("乙店", "Cafe B")), strict=True):
        added = await stack.operate_hub(
            "add-cafe", "--code", cafe.upper(), "--name", name, "--name-en", name_en
        )
        number = str(json.loads(added)["cafe"])
        made = await stack.operate_hub("enrol-code", "--cafe", number, "--name", f"{name}前台")
        await stack.enrol_box(cafe, json.loads(made)["code"])
    return demo


async def _set_products(stack: Stack, client: aiohttp.ClientSession, office: Person) -> None:
    """The catalogue, by head office's page."""
    form = {"name": office.name, "password": office.secret}
    async with client.post(f"{stack.hub_address}log-in", data=form) as answer:
        answer.raise_for_status()
    for sku, name, name_en, category, barcode, price, member_price, counted in PRODUCTS:
        product = {
            "sku": sku,
            "name": name,
            "name_en": name_en,
            "category": category,
            "barcode": barcode,
            "price_yuan": price,
            "member_price_yuan": member_price,
            "on_sale": "on",
        } | ({"counted": "on"} if counted else {})
        async with client.post(f"{stack.hub_address}products", data=product) as answer:
            answer.raise_for_status()


class Counter:
    """One cafe's counter, spoken to in JSON as a program would."""

    def __init__(self, stack: Stack, cafe: str, client: aiohttp.ClientSession) -> None:
        self.stack = stack
        self.cafe = cafe
        self._client = client
        self._address = stack.counter_address(cafe)
        self._session = ""

    async def try_to(self, command: str, **inputs: object) -> dict[str, object]:
        """Send a command; the answer says whether it was done."""
        inputs["request_id"] = secrets.token_urlsafe(16)
        headers = {"Cookie": self._session} if self._session else {}
        url = f"{self._address}desk/{command}"
        async with self._client.post(url, json=inputs, headers=headers) as answer:
            said: dict[str, object] = await answer.json()
            if command == "log_in" and said["ok"]:
                cookie = next(iter(answer.cookies.values()))
                self._session = f"{cookie.key}={cookie.value}"
            return said

    async def page(self) -> str:
        """The page as a browser without JavaScript gets it."""
        async with self._client.get(self._address) as answer:
            return await answer.text()

    async def do(self, command: str, **inputs: object) -> dict[str, object]:
        """Send a command that must be done; returns its values."""
        said = await self.try_to(command, **inputs)
        if not said["ok"]:
            raise StackError(f"{self.cafe}: {command}: {said['code']}: {said['words']}")
        values = said["values"]
        assert isinstance(values, dict)
        return values


async def _open_cafe(counter: Counter, manager: Person) -> None:
    """Seats, guests, members with cards and money, stock and assets, by the counter's commands."""

    async def knows_staff() -> bool:
        return f'value="{manager.id}"' in await counter.page()

    await counter.stack.eventually(knows_staff, f"staff to reach cafe {counter.cafe}")
    await counter.do("log_in", staff=manager.id, pin=manager.secret)
    seats = await _set_up_seats(counter)
    await counter.do("open_shift", float_fen=FLOAT_FEN)

    async def stocked() -> bool:
        said = await counter.try_to("goods_receipt", lines=list(map(list, STOCK.items())))
        return bool(said["ok"])

    await counter.stack.eventually(stocked, f"the catalogue to reach cafe {counter.cafe}")
    for cafe, name, phone, uid, amount_fen in MEMBERS:
        if cafe != counter.cafe:
            continue
        made = await counter.do(
            "register_member", name=name, phone=phone, card_uid=uid, consent=True
        )
        if amount_fen:
            await counter.do("top_up", member=made["member"], amount_fen=amount_fen, tender="cash")
    await _seat_guests(counter, seats)
    if counter.cafe == CAFES[0]:
        for tag, name in ASSETS:
            await counter.do("asset_receipt", tag=tag, name=name)
    await _close_shift(counter)
    await counter.do("log_out")


async def _set_up_seats(counter: Counter) -> list[object]:
    """The floor, one seat of it out of order."""
    seats: list[object] = []
    for prefix, first, last, zone, row, per_row in SEATS:
        grid = {"row": row, "column": 1, "per_row": per_row}
        made = await counter.do(
            "set_up_seats", prefix=prefix, first=first, last=last, zone=zone, **grid
        )
        found = made["seats"]
        assert isinstance(found, list)
        seats += found
    await counter.do("close_seat", seat=seats[OUT_OF_ORDER], note="键盘进水")
    return seats


async def _seat_guests(counter: Counter, seats: list[object]) -> None:
    """Walk-ins whose documents were looked at, so that the map is alive."""
    for place, name, number, yuan in GUESTS:
        document = {"name": name, "document_kind": "id_card", "document_number": number}
        paid = {"payment": "prepaid", "amount_yuan": yuan, "tender": "cash"} if yuan else {}
        await counter.do("start_session", seat=seats[place], **document, **paid)


async def _close_shift(counter: Counter) -> None:
    """Count the drawer and close, so that whoever comes next opens a shift of their own."""
    taken_fen = sum(amount_fen for cafe, *_, amount_fen in MEMBERS if cafe == counter.cafe)
    taken_fen += sum(int(yuan or 0) * 100 for *_, yuan in GUESTS)
    await counter.do("count_cash", lines=[["100", (FLOAT_FEN + taken_fen) // 100]])
    await counter.do("close_shift", left_fen=FLOAT_FEN)
