"""Head office's web application: routes and what stands around every request."""

from datetime import tzinfo
from pathlib import Path

from aiohttp import web

from cloud.hub.office import HeadOffice
from cloud.web import cases, changing, reading
from cloud.web.head_office import PERSON, Pages
from cloud.web.page_security import Handler, add_security_headers, refuse_foreign_pages
from cloud.web.rendering import Renderer
from cloud.web.terms import term
from cloud.web.translations import LANGUAGE_COOKIE, LANGUAGE_NAMES

FOLDER = Path(__file__).parent
LANGUAGE_COOKIE_SECONDS = 10 * 365 * 86400
BODY_BYTES_MAX = 64 * 1024


def build_application(office: HeadOffice, zone: tzinfo) -> web.Application:
    """The pages under `/`; times are shown in `zone`. The caller adds what is not for people."""
    app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[refuse_foreign_pages])
    app[Pages.KEY] = Pages(office, Renderer(FOLDER, zone, term))
    app.on_response_prepare.append(add_security_headers)
    pages = {
        "/": reading.home,
        "/members": reading.members,
        "/members/{member}": reading.member,
        "/entries": reading.entries,
        "/ops/{position}": reading.op,
        "/cases": cases.inbox,
    }
    for path, handler in pages.items():
        app.router.add_get(path, _for_staff(handler))
    forms = {
        "/products": changing.products,
        "/staff": changing.staff,
        "/cafes": changing.cafes,
    }
    for path, handler in forms.items():
        app.router.add_get(path, _for_staff(handler))
        app.router.add_post(path, _for_staff(handler))
    app.router.add_post("/cases/{case}/settle", _for_staff(cases.settle))
    app.router.add_post("/cafes/{cafe}/code", _for_staff(changing.create_code))
    app.router.add_post("/members/{member}/erase", _for_staff(changing.erase))
    app.router.add_post("/log-in", changing.log_in)
    app.router.add_post("/log-out", changing.log_out)
    app.router.add_post("/language/{language}", choose_language)
    app.router.add_static("/static", FOLDER / "static")
    return app


def _for_staff(handler: Handler) -> Handler:
    """Let in who is logged in; show the log-in page to everyone else."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        person = await request.app[Pages.KEY].person(request)
        if person is None:
            if request.method != "GET":
                raise web.HTTPSeeOther("/")
            return await changing.log_in(request)
        request[PERSON] = person
        return await handler(request)

    return guarded


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
