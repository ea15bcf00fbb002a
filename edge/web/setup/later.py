"""`/setup/devices` of a box that is set up: a technician adds a device or takes one out.

Behind the right `set_up_devices`. The change is written to the audit log; then the box starts anew
in its own process, and the page waits for it.
"""

import asyncio
import secrets
from collections.abc import Callable

from aiohttp import web

from edge.desk.answers import Session
from edge.desk.commit import Request
from edge.domain.refusals import Refusal, refuse
from edge.domain.staff import right_refusal
from edge.setup.changing import DeviceChange
from edge.setup.choice import BAUDS, BY_HAND, settings_of
from edge.web.counter import Counter
from edge.web.setup.forms import choice_of, token_of
from edge.web.setup.words import STACK_WORDS
from edge.web.statuses import status_of
from edge.web.translations import chosen_language

OPERATION = "set_up_devices"
START_HEADER = "Box-Start"
ANEW_AFTER_S = 2.0
"""So that the page which waits for it has all its parts."""


class DevicesLater:
    """The page of one run of the box; `anew` ends that run."""

    def __init__(self, change: DeviceChange, anew: Callable[[], None]) -> None:
        self._change = change
        self._anew = anew
        self._start = secrets.token_hex(8)

    def add_routes(self, app: web.Application) -> None:
        """Add the page to the counter's application."""
        app.router.add_get("/setup/devices", self.show)
        app.router.add_post("/setup/devices", self.take)
        app.on_response_prepare.append(self._say_which_start)

    async def show(self, request: web.Request) -> web.Response:
        session = await self._session(request)
        refusal = right_refusal(session, OPERATION)
        if refusal is not None:
            return await self._denied(request, session, refusal)
        await self._change.look()
        return self._page(request, session, None)

    async def take(self, request: web.Request) -> web.Response:
        session = await self._session(request)
        refusal = right_refusal(session, OPERATION)
        if refusal is not None:
            return await self._denied(request, session, refusal)
        choice = choice_of(await request.post())
        try:
            done = choice if isinstance(choice, Refusal) else await self._change.use(choice)
        except OSError as error:
            done = refuse("setup_disk", why=error.strerror or str(error))
        if done is not None:
            return self._page(request, session, done)
        await request.app[Counter.KEY].desk.audit.note_done(_asked(session))
        asyncio.get_running_loop().call_later(ANEW_AFTER_S, self._anew)
        return self._rendered(request, "setup/anew.html", None, start=self._start)

    async def _session(self, request: web.Request) -> Session:
        session = await request.app[Counter.KEY].session(request)
        if session is None:
            raise web.HTTPSeeOther("/")  # where one logs in
        return session

    async def _denied(
        self, request: web.Request, session: Session, refusal: Refusal
    ) -> web.Response:
        await request.app[Counter.KEY].desk.audit.note_denied(_asked(session), refusal)
        return self._page(request, session, refusal)

    def _page(
        self, request: web.Request, session: Session, refusal: Refusal | None
    ) -> web.Response:
        return self._rendered(
            request,
            "setup/later.html",
            refusal,
            setup=self._change,
            may_change=session.may(OPERATION),
            bauds=BAUDS,
            by_hand=BY_HAND,
            settings_of=settings_of,
            token_of=token_of,
            stack_words=STACK_WORDS,
        )

    def _rendered(
        self, request: web.Request, template: str, refusal: Refusal | None, **values: object
    ) -> web.Response:
        renderer = request.app[Counter.KEY].renderer
        values = {"step": "", "step_words": {}, "refusal": refusal, **values}
        text = renderer.render(template, chosen_language(request.cookies), **values)
        return web.Response(text=text, content_type="text/html", status=status_of(refusal))

    async def _say_which_start(self, _request: web.Request, response: web.StreamResponse) -> None:
        """So that a page knows the box that answers from the one that it waits for."""
        response.headers.setdefault(START_HEADER, self._start)


def _asked(session: Session) -> Request:
    return Request(OPERATION, "", session, session.terminal)
