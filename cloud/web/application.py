"""Head office's web application: its routes and what stands around every request."""

from datetime import tzinfo
from pathlib import Path

from aiohttp import web

from cloud.domain.passwords import FIRST_RUN
from cloud.domain.rights import right_fault
from cloud.hub.office import HeadOffice
from cloud.web import changing
from cloud.web.head_office import MUST, PERSON, Pages
from cloud.web.page_security import Handler, add_security_headers, refuse_foreign_pages
from cloud.web.rendering import Renderer
from cloud.web.routes import EVERYBODY, OPEN_WHILE_DUE, ROUTES, Route
from cloud.web.terms import term

FOLDER = Path(__file__).parent
BODY_BYTES_MAX = 1024 * 1024
"""A rule of 200 rows as a form, every Chinese character of which takes nine bytes."""


def build_application(office: HeadOffice, zone: tzinfo) -> web.Application:
    """The pages under `/`; times are shown in `zone`. The caller adds what is not for people."""
    app = web.Application(
        client_max_size=BODY_BYTES_MAX, middlewares=[refuse_foreign_pages, _refuse_unreadable]
    )
    app[Pages.KEY] = Pages(office, Renderer(FOLDER, zone, term))
    app.on_response_prepare.append(add_security_headers)
    for route in ROUTES:
        handler = route.handler
        if route.right != EVERYBODY:
            handler = _for_staff(handler, route)
        app.router.add_route(route.method, route.path, handler)
    app.router.add_static("/static", FOLDER / "static")
    return app


@web.middleware
async def _refuse_unreadable(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a form that is none: cut off, or in a charset that nobody knows."""
    if request.method == "POST":
        try:
            await request.post()  # it is kept; a body of another type is left alone
        except (LookupError, ValueError) as error:
            words = (
                "无法读取表单，请重试。This form cannot be read; send it again. (form_unreadable)"
            )
            raise web.HTTPBadRequest(text=words) from error
    return await handler(request)


def _for_staff(handler: Handler, route: Route) -> Handler:
    """Let in who is logged in and may; show the log-in page, or why not, to everyone else."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        pages = request.app[Pages.KEY]
        person = await pages.person(request)
        if person is None:
            if request.method != "GET":
                raise web.HTTPSeeOther("/")
            return await changing.log_in(request)
        request[PERSON] = person
        must = await pages.office.accounts.must(person)
        if must and route.path not in OPEN_WHILE_DUE:
            raise web.HTTPSeeOther("/first-run" if must == FIRST_RUN else "/account")
        request[MUST] = must
        fault = right_fault(person.role, route.right, person.cafes)
        if fault is not None:
            refused = pages.respond(request, "refused.html", {}, fault)
            refused.set_status(web.HTTPForbidden.status_code)
            return refused
        return await handler(request)

    return guarded
