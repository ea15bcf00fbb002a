"""Head office's pages: each reads the store in a thread, each change goes through `HeadOffice`."""

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar, TypeVar

from aiohttp import web

from cloud.domain.refusals import Refusal
from cloud.domain.rights import may
from cloud.hub.approvals import Approvals
from cloud.hub.office import HeadOffice
from cloud.hub.staff import Person
from cloud.store.database import Database
from cloud.web.rendering import Renderer
from cloud.web.translations import chosen_language

PERSON = web.RequestKey("person", Person)
"""Who asks; set for every page that needs a log-in."""
MUST = web.RequestKey("must", str)
"""What they must do before anything else (`cloud.domain.passwords`), empty for nothing."""
SESSION_COOKIE = "cafebox_head_office"
NAME_LENGTH_MAX = 60
"""Characters of a name that is typed at head office."""
T = TypeVar("T")


class Pages:
    """What every handler needs: who asks, reads in a thread, the renderer."""

    KEY: ClassVar[web.AppKey["Pages"]]

    def __init__(self, office: HeadOffice, renderer: Renderer) -> None:
        self.office = office
        self.approvals = Approvals(office)
        self.renderer = renderer

    async def person(self, request: web.Request) -> Person | None:
        """Who is logged in at the browser that asks."""
        token = session_token(request)
        return await self.office.person(token) if token else None

    async def read(self, function: Callable[[Database], T]) -> T:
        """Run a read of one moment in a thread."""
        reader = self.office.hub.reader

        def run() -> T:
            with reader.consistent_read():
                return function(reader)

        return await asyncio.to_thread(run)

    def respond(
        self,
        request: web.Request,
        template: str,
        facts: Mapping[str, object],
        outcome: Refusal | str | None = None,
    ) -> web.Response:
        """A page; `outcome` is what the change before it did, or why it was refused."""
        refusal = outcome if isinstance(outcome, Refusal) else None
        person = request.get(PERSON)
        text = self.renderer.render(
            template,
            chosen_language(request.cookies),
            **{
                "session": person,
                "may": partial(may, person.role, own=person.cafes)
                if person is not None
                else _nothing,
                "chain_name": self.office.hub.chain,
                "here": "/" + request.path.strip("/").partition("/")[0],
                "refusal": refusal,
                "done": outcome if isinstance(outcome, str) else "",
                **facts,
            },
        )
        return web.Response(
            text=text,
            status=422 if refusal else 200,
            content_type="text/html",
            headers={"Cache-Control": "no-store"},
        )


def _nothing(_operation: str) -> bool:
    """Return what somebody who is not logged in may do."""
    return False


Pages.KEY = web.AppKey("pages", Pages)


def session_token(request: web.Request) -> str:
    """The token of the session that a browser shows, empty for none."""
    return request.cookies.get(SESSION_COOKIE, "")


_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def one_line(text: str) -> str:
    """Text as a field of one line has it.

    A control character, or half of a pair, is a space: nobody types one, a receipt printer would
    obey it, PostgreSQL keeps no U+0000.
    """
    return _CONTROLS.sub(" ", text).strip()


def form_text(form: Mapping[str, object], name: str) -> str:
    """A field of one line of a posted form; empty where it is missing or a file."""
    value = form.get(name, "")
    return one_line(value) if isinstance(value, str) else ""


def form_secret(form: Mapping[str, object], name: str) -> str:
    """A password of a posted form, each character as it was typed; empty where it is missing."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
