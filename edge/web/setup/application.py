"""The set-up's web application: served in the counter page's place until the box is set up.

Nothing but the page for the PIN is answered to a browser that has not given it. Once the set-up is
over this application is gone: at the counter `/setup` leads to `/`, and the page of the devices
alone stays, behind a log-in and a right (`edge/web/setup/later.py`).
"""

import logging
from datetime import tzinfo

from aiohttp import web

from edge.domain.refusals import refuse
from edge.setup.gate import Gate
from edge.setup.setup import Setup
from edge.web.application import FOLDER, choose_language
from edge.web.live import LIVE_STREAMS, LiveStreams, close_streams
from edge.web.page_security import Handler, add_security_headers, refuse_foreign_pages
from edge.web.rendering import Renderer
from edge.web.setup.pages import SETUP_COOKIE, Pages
from edge.web.setup.stream import stream
from edge.web.terms import term

log = logging.getLogger(__name__)

BODY_BYTES_MAX = 64 * 1024
LOOKS_S = 600
OPEN_PATHS = frozenset({"/", "/healthz", "/setup/pin", "/setup/pin/print"})
OPEN_FOLDERS = ("/static/", "/language/")


def build_setup_application(setup: Setup, gate: Gate, zone: tzinfo) -> web.Application:
    """The pages under `/setup`, and `/healthz`."""
    app = web.Application(
        client_max_size=BODY_BYTES_MAX,
        middlewares=[
            refuse_foreign_pages,
            _only_with_pin,
            _nothing_after_the_end,
            _say_what_the_disk_refused,
        ],
    )
    pages = Pages(setup, gate, Renderer(FOLDER, zone, term))
    app[Pages.KEY] = pages
    app[LIVE_STREAMS] = LiveStreams()
    app.on_response_prepare.append(add_security_headers)
    app.on_response_prepare.append(_keep_looks_alone)
    app.on_shutdown.append(close_streams)
    app.router.add_get("/", pages.begin)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/setup", pages.begin)
    app.router.add_get("/setup/events", stream)
    for step, take in (
        ("pin", pages.take_pin),
        ("language", pages.take_language),
        ("code", pages.take_code),
        ("successor", pages.take_over),
        ("devices", pages.take_devices),
        ("slip", pages.take_slip),
        ("card", pages.take_card),
    ):
        app.router.add_get(f"/setup/{{step:{step}}}", pages.show)
        app.router.add_post(f"/setup/{step}", take)
    app.router.add_post("/setup/pin/print", pages.print_pin)
    app.router.add_post("/setup/devices/look", pages.look)
    app.router.add_post("/language/{language}", choose_language)
    app.router.add_static("/static", FOLDER / "static")
    return app


async def healthz(_request: web.Request) -> web.Response:
    """A box that waits for a technician is well: an update of it is confirmed."""
    values = {"ok": True, "problem": "", "setting_up": True, "devices": {}}
    return web.json_response(values)


@web.middleware
async def _only_with_pin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let nobody through who has not given the setup PIN."""
    path = request.path
    if path in OPEN_PATHS or path.startswith(OPEN_FOLDERS):
        return await handler(request)
    if _knows(request):
        return await handler(request)
    if request.method == "GET" and path.startswith("/setup"):
        raise web.HTTPSeeOther("/setup/pin")
    raise web.HTTPForbidden(text="refused: give the setup PIN first (setup_pin_first)")


@web.middleware
async def _nothing_after_the_end(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Once the set-up is over there is its last page alone.

    Whoever set the box up asks again when that page has all its parts, by a script or by its link:
    then the counter takes over.
    """
    pages = request.app[Pages.KEY]
    if not pages.setup.is_over or request.path.startswith(OPEN_FOLDERS):
        return await handler(request)
    if _knows(request):
        pages.setup.handed_over.set()
    return await handler(request) if request.path == "/healthz" else pages.end(request)


@web.middleware
async def _say_what_the_disk_refused(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A step whose file cannot be written is refused like any other."""
    try:
        return await handler(request)
    except OSError as error:
        if request.method != "POST" or not request.path.startswith("/setup/"):
            raise
        log.exception("not written")
        step = request.path.split("/")[2]
        refusal = refuse("setup_disk", why=error.strerror or str(error))
        return request.app[Pages.KEY].page(request, step, refusal)


def _knows(request: web.Request) -> bool:
    return request.app[Pages.KEY].gate.knows(request.cookies.get(SETUP_COOKIE, ""))


async def _keep_looks_alone(request: web.Request, response: web.StreamResponse) -> None:
    """No browser shows a step from its memory when the box has gone on; looks stay the same."""
    keep = f"max-age={LOOKS_S}" if request.path.startswith("/static/") else "no-store"
    response.headers.setdefault("Cache-Control", keep)
