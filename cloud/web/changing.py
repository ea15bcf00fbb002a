"""The pages that change: products, staff, cafes and enrolment codes, erasure, log-in."""

from collections.abc import Mapping

from aiohttp import web

from cloud.domain.refusals import Refusal, refusal
from cloud.domain.rights import ADMIN
from cloud.store.database import Database
from cloud.web import documents, ledgers
from cloud.web.amounts import fen_of_yuan
from cloud.web.head_office import PERSON, SESSION_COOKIE, Pages, form_text
from cloud.web.reading import cafe_names, number_of, show_member
from cloud.web.translations import LANGUAGE_COOKIE, LANGUAGE_NAMES
from sync_protocol.expect import ID_MAX
from sync_protocol.kinds import PRODUCT

ROLES = ("service", "cashier", "manager", "technician", "read_only", "head_office", "admin")
LANGUAGE_COOKIE_SECONDS = 10 * 365 * 86400
SKU_LENGTH_MAX = 32
NAME_LENGTH_MAX = 60
PERCENT_MAX = 100
LOW_STOCK_MAX = 100_000
CAFES_MAX = 200
"""Cafes that one product's scope names."""

Outcome = Refusal | str | None


async def log_in(request: web.Request) -> web.Response:
    """Show the log-in page, or log in."""
    pages = request.app[Pages.KEY]
    name, refusal = "", None
    if request.method == "POST":
        form = await request.post()
        name = form_text(form, "name")
        outcome = await pages.office.log_in(
            name, str(form.get("password", "")), form_text(form, "code")
        )
        if not isinstance(outcome, Refusal):
            response = web.Response(status=303, headers={"Location": _own_path(form)})
            response.set_cookie(
                SESSION_COOKIE, outcome[0], httponly=True, samesite="Strict", path="/"
            )
            return response
        refusal = outcome
    facts = {"name": name, "next": request.path_qs if request.method == "GET" else "/"}
    return pages.respond(request, "log_in.html", facts, refusal)


def _own_path(form: Mapping[str, object]) -> str:
    """Where the person wanted to go, if that is a page of ours."""
    path = form_text(form, "next")
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\", "/log"))
    return path if is_ours else "/"


async def log_out(request: web.Request) -> web.Response:
    """End the session."""
    pages = request.app[Pages.KEY]
    await pages.office.log_out(request.cookies.get(SESSION_COOKIE, ""))
    response = web.Response(status=303, headers={"Location": "/"})
    response.del_cookie(SESSION_COOKIE, path="/", samesite="Strict")
    return response


async def choose_language(request: web.Request) -> web.Response:
    """Keep the language that a person chose and go back to the page."""
    language = request.match_info["language"]
    if language not in LANGUAGE_NAMES:
        raise web.HTTPNotFound
    response = web.Response(status=303, headers={"Location": "/"})
    response.set_cookie(
        LANGUAGE_COOKIE, language, max_age=LANGUAGE_COOKIE_SECONDS, samesite="Strict", path="/"
    )
    return response


async def products(request: web.Request) -> web.Response:
    """The catalogue; a POST sets one product."""
    outcome = await _set_product(request) if request.method == "POST" else None
    pages = request.app[Pages.KEY]

    def read(database: Database) -> dict[str, object]:
        return {"products": documents.products(database)}

    return pages.respond(request, "products.html", await pages.read(read), outcome)


async def _set_product(request: web.Request) -> Outcome:
    form = await request.post()
    sku, name = form_text(form, "sku"), form_text(form, "name")
    if not 1 <= len(sku) <= SKU_LENGTH_MAX or not 1 <= len(name) <= NAME_LENGTH_MAX:
        return Refusal("product_incomplete", "请填写编号和名称", "Give a code and a name")
    price_fen = fen_of_yuan(form_text(form, "price_yuan"))
    member_price_fen = fen_of_yuan(form_text(form, "member_price_yuan") or "0")
    if isinstance(price_fen, Refusal):
        return price_fen
    if isinstance(member_price_fen, Refusal):
        return member_price_fen
    scope = _scope_of(form)
    if isinstance(scope, Refusal):
        return scope
    outcome = await request.app[Pages.KEY].office.set_fields(
        PRODUCT,
        sku,
        {
            "name": name,
            "name_en": form_text(form, "name_en"),
            "category": form_text(form, "category"),
            "barcode": form_text(form, "barcode"),
            "price_fen": price_fen,
            "member_price_fen": member_price_fen,
            "counted": "counted" in form,
            "on_sale": "on_sale" in form,
            **scope,
        },
        request[PERSON].id,
    )
    return outcome if isinstance(outcome, Refusal) else name


def _scope_of(form: Mapping[str, object]) -> dict[str, object] | Refusal:
    """For whom and where a product is sold, what serving it earns, what it is counted in."""
    numbers = {}
    for field, most in (("commission_percent", PERCENT_MAX), ("low_stock", LOW_STOCK_MAX)):
        text = form_text(form, field) or "0"
        if not (text.isascii() and text.isdecimal()) or int(text[:9]) > most:
            return Refusal(
                "product_number_invalid",
                f"提成和库存下限要填 0 到 {most} 的整数",
                f"Commission and low stock are whole numbers, here at most {most}",
            )
        numbers[field] = int(text)
    cafes = form_text(form, "cafes").replace(",", " ").split()
    if len(cafes) > CAFES_MAX or not all(
        cafe.isascii() and cafe.isdecimal() and int(cafe[:17]) <= ID_MAX for cafe in cafes
    ):
        return Refusal(
            "product_cafes_invalid", "门店要填编号，用空格分开", "Give cafes by number, with spaces"
        )
    return {
        **numbers,
        "unit": form_text(form, "unit")[:NAME_LENGTH_MAX],
        "brand": form_text(form, "brand")[:NAME_LENGTH_MAX],
        "audience": " ".join(form_text(form, "audience")[:NAME_LENGTH_MAX].split()),
        "cafes": [int(cafe) for cafe in cafes],
        "free": "free" in form,
        "service": "service" in form,
    }


async def staff(request: web.Request) -> web.Response:
    """Everyone; a POST adds a person."""
    outcome = await _add_staff(request) if request.method == "POST" else None
    pages = request.app[Pages.KEY]

    def read(database: Database) -> dict[str, object]:
        return {
            "staff": documents.staff(database),
            "cafes": documents.cafes(database),
            "cafe_names": cafe_names(database),
            "roles": ROLES,
        }

    return pages.respond(request, "staff.html", await pages.read(read), outcome)


async def _add_staff(request: web.Request) -> Outcome:
    form = await request.post()
    name, role = form_text(form, "name"), form_text(form, "role")
    password, pin = form_text(form, "password"), form_text(form, "pin")
    if not 1 <= len(name) <= NAME_LENGTH_MAX or role not in ROLES or not (password or pin):
        return Refusal(
            "staff_incomplete",
            "请填写姓名、职务，以及 PIN 或密码",
            "Give a name, a role, and a PIN or a password",
        )
    if role == ADMIN and request[PERSON].role != ADMIN:
        return refusal("admin_only")
    cafes = [
        int(cafe) for cafe in form.getall("cafe", []) if isinstance(cafe, str) and cafe.isdecimal()
    ]
    outcome = await request.app[Pages.KEY].office.add_staff(
        name, role, cafes, (password, pin), request[PERSON].id
    )
    return outcome if isinstance(outcome, Refusal) else name


async def cafes(request: web.Request) -> web.Response:
    """Cafes and enrolment codes; a POST adds a cafe."""
    outcome: Outcome = None
    if request.method == "POST":
        form = await request.post()
        code, name = form_text(form, "code"), form_text(form, "name")
        if not code or not 1 <= len(name) <= NAME_LENGTH_MAX:
            outcome = Refusal("cafe_incomplete", "请填写门店编号和名称", "Give a code and a name")
        else:
            values = {"code": code, "name": name, "name_en": form_text(form, "name_en")}
            made = await request.app[Pages.KEY].office.add_cafe(
                {**values, "open": True}, request[PERSON].id
            )
            outcome = made if isinstance(made, Refusal) else name
    return await _show_cafes(request, outcome)


async def create_code(request: web.Request) -> web.Response:
    """Give out an enrolment code; it is shown once."""
    form = await request.post()
    cafe = number_of(request.match_info["cafe"], 0xFFFFFF) or 0
    name = form_text(form, "name") or f"box {cafe}"
    code = await request.app[Pages.KEY].office.create_code(cafe, name[:NAME_LENGTH_MAX])
    return await _show_cafes(request, code if isinstance(code, Refusal) else None, code)


async def _show_cafes(
    request: web.Request, outcome: Outcome, new_code: str | Refusal = ""
) -> web.Response:
    pages = request.app[Pages.KEY]

    def read(database: Database) -> dict[str, object]:
        return {
            "cafes": documents.cafes(database),
            "codes": documents.codes(database),
            "cafe_names": cafe_names(database),
            "new_code": "" if isinstance(new_code, Refusal) else new_code,
        }

    return pages.respond(request, "cafes.html", await pages.read(read), outcome)


async def erase(request: web.Request) -> web.Response:
    """Erase a member for good, once the number was typed."""
    pages = request.app[Pages.KEY]
    form = await request.post()
    key = number_of(request.match_info["member"], ID_MAX)
    found = await pages.read(lambda database: ledgers.member(database, key or 0))
    if found is None:
        raise web.HTTPNotFound
    if form_text(form, "confirm") != found.number or not found.number:
        outcome: Outcome = Refusal(
            "erasure_unconfirmed",
            "会员号与输入的不一致，没有删除",
            "The number typed is not this member's; nothing was erased",
        )
    else:
        erased = await pages.office.erase(found.member, request[PERSON].id)
        outcome = erased if isinstance(erased, Refusal) else found.number
    return await show_member(request, outcome)
