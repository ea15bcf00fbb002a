"""The pages that change: staff, erasure, log-in."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from aiohttp import web
from multidict import MultiMapping

from cloud.domain.refusals import Refusal, refusal
from cloud.domain.rights import ADMIN
from cloud.hub.staff import Person
from cloud.store.database import Database
from cloud.web import documents, ledgers
from cloud.web.head_office import (
    NAME_LENGTH_MAX,
    PERSON,
    SESSION_COOKIE,
    Pages,
    form_secret,
    form_text,
    session_token,
)
from cloud.web.reading import cafe_names, number_of, show_member
from cloud.web.translations import LANGUAGE_COOKIE, LANGUAGE_NAMES, chosen_language
from sync_protocol.expect import ID_MAX

ROLES = ("service", "cashier", "manager", "technician", "read_only", "head_office", "admin")
CAFE_MAX = 0xFFFFFF
LANGUAGE_COOKIE_SECONDS = 10 * 365 * 86400

Outcome = Refusal | str | None


async def log_in(request: web.Request) -> web.Response:
    """Show the log-in page, or log in."""
    pages = request.app[Pages.KEY]
    name, refusal = "", None
    if request.method == "POST":
        form = await request.post()
        name = form_text(form, "name")
        outcome = await pages.office.log_in(
            name, form_secret(form, "password"), form_text(form, "code")
        )
        if not isinstance(outcome, Refusal):
            response = web.Response(status=303, headers={"Location": _own_path(form)})
            response.set_cookie(
                SESSION_COOKIE,
                outcome[0],
                httponly=True,
                secure=_is_encrypted(request),
                samesite="Strict",
                path="/",
            )
            return response
        refusal = outcome
    facts = {"name": name, "next": request.path_qs if request.method == "GET" else "/"}
    return pages.respond(request, "log_in.html", facts, refusal)


def _is_encrypted(request: web.Request) -> bool:
    """Whether the browser came by TLS, as a proxy in front says: its cookie then leaves only so."""
    return request.headers.get("X-Forwarded-Proto", request.scheme) == "https"


def _own_path(form: Mapping[str, object]) -> str:
    """Where the person wanted to go, if that is a page of ours."""
    path = form_text(form, "next")
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\", "/log"))
    return path if is_ours else "/"


async def log_out(request: web.Request) -> web.Response:
    """End the session."""
    pages = request.app[Pages.KEY]
    await pages.office.log_out(session_token(request))
    response = web.Response(status=303, headers={"Location": "/"})
    response.del_cookie(SESSION_COOKIE, path="/", samesite="Strict")
    return response


async def choose_language(request: web.Request) -> web.Response:
    """Keep the language that a person chose and go back to the page."""
    language = request.match_info["language"]
    if language not in LANGUAGE_NAMES:
        raise web.HTTPNotFound
    response = web.Response(status=303, headers={"Location": await _page_before(request)})
    response.set_cookie(
        LANGUAGE_COOKIE, language, max_age=LANGUAGE_COOKIE_SECONDS, samesite="Strict", path="/"
    )
    return response


async def _page_before(request: web.Request) -> str:
    """The page of ours that a person comes from; the first one where it shows only an answer."""
    before = urlsplit(request.headers.get("Referer", ""))
    if before.netloc != request.host or not before.path.startswith("/"):
        return "/"
    path = before.path + (f"?{before.query}" if before.query else "")
    asked = request.clone(method="GET", rel_url=path)
    found = await request.app.router.resolve(asked)
    return "/" if found.http_exception is not None or path.startswith("//") else path


async def staff(request: web.Request) -> web.Response:
    """Everyone; a POST adds a person."""
    outcome = await _add_staff(request) if request.method == "POST" else None
    pages, person = request.app[Pages.KEY], request[PERSON]

    def read(database: Database) -> dict[str, object]:
        return {
            "staff": [one for one in documents.staff(database) if _works_with(one, person)],
            "cafes": documents.cafes(database),
            "cafe_names": cafe_names(database, chosen_language(request.cookies)),
            "roles": ROLES,
        }

    return pages.respond(request, "staff.html", await pages.read(read), outcome)


def _works_with(one: documents.Staff, person: Person) -> bool:
    """Whether somebody works where a person sees what is done: at one of their cafes, or at all."""
    return not one.cafes or any(map(person.sees, one.cafes))


async def _add_staff(request: web.Request) -> Outcome:
    form = await request.post()
    name, role = form_text(form, "name"), form_text(form, "role")
    password, pin = form_secret(form, "password"), form_text(form, "pin")
    if not 1 <= len(name) <= NAME_LENGTH_MAX or role not in ROLES or not (password or pin):
        return Refusal(
            "staff_incomplete",
            "请填写姓名、职务，以及 PIN 或密码",
            "Give a name, a role, and a PIN or a password",
        )
    if role == ADMIN and request[PERSON].role != ADMIN:
        return refusal("admin_only")
    cafes = cafes_ticked(form)
    outcome = await request.app[Pages.KEY].office.add_staff(
        name, role, cafes, (password, pin), request[PERSON].id
    )
    return outcome if isinstance(outcome, Refusal) else name


def cafes_ticked(form: MultiMapping[object]) -> list[int]:
    """The numbers of the cafes that a form names, each once."""
    named = (number_of(str(cafe), CAFE_MAX) for cafe in form.getall("cafe", []))
    return list(dict.fromkeys(cafe for cafe in named if cafe))


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
