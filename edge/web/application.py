"""The counter page's web application: routes and what stands around every request."""

from datetime import tzinfo
from pathlib import Path

from aiohttp import web

from edge.desk.desk import Desk
from edge.web.commands import post_command
from edge.web.counter import Counter
from edge.web.customer import customer_stream, show_customer
from edge.web.exports import export_report
from edge.web.live import LIVE_STREAMS, LiveStreams, close_streams, log_in_stream, stream
from edge.web.page_security import add_security_headers, refuse_foreign_pages
from edge.web.rendering import Renderer
from edge.web.terms import term
from edge.web.translations import LANGUAGE_COOKIE, LANGUAGE_NAMES
from edge.web.uploads import post_import

FOLDER = Path(__file__).parent

BODY_BYTES_MAX = 64 * 1024
"""Of a command: the longest form is a transfer of 100 lines, some 10 KB."""
LANGUAGE_COOKIE_SECONDS = 10 * 365 * 86400


def build_application(desk: Desk, zone: tzinfo) -> web.Application:
    """The pages under `/`; times are shown in `zone`. The caller adds what is not for people."""
    app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[refuse_foreign_pages])
    counter = Counter(desk, Renderer(FOLDER, zone, term))
    app[Counter.KEY] = counter
    app[LIVE_STREAMS] = LiveStreams()
    app.on_response_prepare.append(add_security_headers)
    app.on_shutdown.append(close_streams)
    app.router.add_get("/", counter.show_work)
    app.router.add_get("/show/{work}", counter.show_work)
    app.router.add_get("/reports/{report}.{format}", export_report)
    app.router.add_post("/imports", post_import)
    app.router.add_get("/events", stream)
    app.router.add_get("/log-in/events", log_in_stream)
    app.router.add_get("/customer", show_customer)
    app.router.add_get("/customer/events", customer_stream)
    app.router.add_post("/desk/{command}", post_command)
    app.router.add_post("/language/{language}", choose_language)
    app.router.add_get("/setup{rest:(/.*)?}", leave_setup)
    app.router.add_static("/static", FOLDER / "static")
    return app


async def leave_setup(_request: web.Request) -> web.Response:
    """A box that is set up has no set-up page: who still has it open comes to the counter."""
    raise web.HTTPSeeOther("/")


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
