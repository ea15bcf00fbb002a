"""The catalogue: its page, and the form that adds a product or changes one."""

from collections.abc import Mapping

from aiohttp import web

from cloud.domain.refusals import Refusal, refusal
from cloud.hub.registers import mark_of, seen_check
from cloud.store.database import Database
from cloud.store.reports import read_document
from cloud.web import documents
from cloud.web.amounts import fen_of_yuan, yuan_of_fen
from cloud.web.head_office import NAME_LENGTH_MAX, PERSON, Pages, form_text
from sync_protocol.expect import ID_MAX
from sync_protocol.kinds import PRODUCT
from sync_protocol.registers import RegisterRow

SKU_LENGTH_MAX = 32
PERCENT_MAX = 100
LOW_STOCK_MAX = 100_000
CAFES_MAX = 200
"""Cafes that one product's scope names."""
TEXTS = ("name", "name_en", "category", "barcode", "unit", "brand", "audience")
AMOUNTS = ("price", "member_price")
NUMBERS = {"commission_percent": PERCENT_MAX, "low_stock": LOW_STOCK_MAX}
FLAGS = ("counted", "on_sale", "free", "service")
SHOWN = (*TEXTS, "price_fen", "member_price_fen", *NUMBERS, *FLAGS, "cafes")
"""The fields that the form sets."""
NEW = {"counted": "on", "on_sale": "on"}
"""What the form of a new product begins with."""

Form = Mapping[str, str]


async def products(request: web.Request) -> web.Response:
    """The catalogue; `?sku=` fills the form with that product, a POST sets one."""
    outcome: Refusal | str | None = None
    form, asked = NEW, request.query.get("sku", "")
    if request.method == "POST":
        posted = await request.post()
        form = {name: form_text(posted, name) for name in posted}
        outcome = await _set_product(request, form)
        if not isinstance(outcome, Refusal):
            form = NEW
    pages = request.app[Pages.KEY]

    def read(database: Database) -> dict[str, object]:
        shown: Form = form
        if asked and (row := product_row(database, asked)) is not None:
            shown = form_of(asked, row)
        return {
            "products": documents.products(database),
            "category_names": documents.category_names(database),
            "form": shown,
            "stands": _stands(database, form, outcome),
        }

    return pages.respond(request, "products.html", await pages.read(read), outcome)


def product_row(database: Database, sku: str) -> RegisterRow | None:
    """A product's document; None for a code that is none's, or that no document can have."""
    return read_document(database, PRODUCT, sku) if len(sku) <= SKU_LENGTH_MAX else None


def _stands(database: Database, form: Form, outcome: Refusal | str | None) -> Form:
    """What a refused form would have written over: the product as it stands, with its mark."""
    if not isinstance(outcome, Refusal) or outcome.code != "record_changed":
        return {}
    row = product_row(database, form.get("sku", ""))
    return {} if row is None else form_of(form["sku"], row)


def form_of(sku: str, row: RegisterRow) -> Form:
    """A product's document as its form shows it: amounts in yuan, flags as `on`, its mark."""
    fields = documents.fields_of(PRODUCT, row)
    shown = {"sku": sku, "seen": mark_of(PRODUCT, SHOWN, row)}
    for name in (*TEXTS, *NUMBERS):
        shown[name] = str(fields.get(name) or "")
    for name in AMOUNTS:
        amount_fen = fields.get(f"{name}_fen")
        is_shown = isinstance(amount_fen, int) and (amount_fen or name == "price")
        shown[f"{name}_yuan"] = yuan_of_fen(int(str(amount_fen))) if is_shown else ""
    cafes = fields.get("cafes")
    shown["cafes"] = " ".join(map(str, cafes)) if isinstance(cafes, list) else ""
    # A product says only when it is off sale.
    flags = {**fields, "on_sale": fields.get("on_sale") is not False}
    return shown | {name: "on" for name in FLAGS if flags.get(name)}


async def _set_product(request: web.Request, form: Form) -> Refusal | str:
    sku, name = form.get("sku", ""), form.get("name", "")
    texts = {text: form.get(text, "") for text in TEXTS}
    if not sku or not name:
        return Refusal("product_incomplete", "请填写编号和名称", "Give a code and a name")
    if len(sku) > SKU_LENGTH_MAX or max(map(len, texts.values())) > NAME_LENGTH_MAX:
        return refusal("value_invalid")
    price_fen = fen_of_yuan(form.get("price_yuan", ""))
    member_price_fen = fen_of_yuan(form.get("member_price_yuan") or "0")
    if isinstance(price_fen, Refusal):
        return price_fen
    if isinstance(member_price_fen, Refusal):
        return member_price_fen
    numbers = _numbers_of(form)
    if isinstance(numbers, Refusal):
        return numbers
    cafes = _cafes_of(form)
    if isinstance(cafes, Refusal):
        return cafes
    outcome = await request.app[Pages.KEY].office.set_fields(
        PRODUCT,
        sku,
        {
            **texts,
            **numbers,
            **{flag: flag in form for flag in FLAGS},
            "audience": " ".join(texts["audience"].split()),
            "price_fen": price_fen,
            "member_price_fen": member_price_fen,
            "cafes": cafes,
        },
        request[PERSON].id,
        seen_check(PRODUCT, SHOWN, form.get("seen", "")),
    )
    return outcome if isinstance(outcome, Refusal) else name


def _numbers_of(form: Form) -> dict[str, int] | Refusal:
    """What serving it earns, and when its stock is low."""
    numbers = {}
    for field, most in NUMBERS.items():
        text = form.get(field) or "0"
        if not (text.isascii() and text.isdecimal()) or len(text) > 9 or int(text) > most:
            return Refusal(
                "product_number_invalid",
                f"提成和库存下限要填 0 到 {most} 的整数",
                f"Commission and low stock are whole numbers, here at most {most}",
            )
        numbers[field] = int(text)
    return numbers


def _cafes_of(form: Form) -> list[int] | Refusal:
    """Where it is sold; none named is everywhere."""
    cafes = form.get("cafes", "").replace(",", " ").replace("，", " ").split()
    if len(cafes) > CAFES_MAX or not all(
        cafe.isascii() and cafe.isdecimal() and len(cafe) <= 17 and int(cafe) <= ID_MAX
        for cafe in cafes
    ):
        return Refusal(
            "product_cafes_invalid", "门店要填编号，用空格分开", "Give cafes by number, with spaces"
        )
    return [int(cafe) for cafe in cafes]
