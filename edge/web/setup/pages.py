"""One step of the set-up for one request: what is shown, what is taken, which step comes next.

A step that was taken leads to the next by a redirect; one that was refused is shown again with
what was typed and why.
"""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from aiohttp import web

from edge.domain.refusals import Refusal, refuse
from edge.setup.choice import BAUDS, BY_HAND, settings_of
from edge.setup.gate import Gate
from edge.setup.setup import Setup
from edge.web.rendering import Renderer
from edge.web.setup.forms import choice_of, token_of
from edge.web.setup.words import STACK_WORDS, STEP_WORDS
from edge.web.translations import LANGUAGE_COOKIE, chosen_language

SETUP_COOKIE = "cafebox_setup"
HAND_OVER_S = 30.0
"""Until then the last page has asked for its parts; a browser without JavaScript never says so."""
LANGUAGE_COOKIE_SECONDS = 10 * 365 * 86400

Values = Mapping[str, object]
NOTHING: Values = {}


class Pages:
    """The pages of one first boot."""

    KEY: ClassVar[web.AppKey["Pages"]]

    def __init__(self, setup: Setup, gate: Gate, renderer: Renderer) -> None:
        self.setup = setup
        self.gate = gate
        self._renderer = renderer

    async def begin(self, _request: web.Request) -> web.Response:
        """The first step that is still to be taken."""
        if self.setup.enrolment is None:
            return _see("language")
        return _see("successor" if self.setup.is_to_be_rebuilt else "devices")

    async def show(self, request: web.Request) -> web.Response:
        """A step, or the one that must come before it."""
        step = request.match_info["step"]
        if step == "code" and self.setup.enrolment is not None:
            return _see("devices")
        if step in ("successor", "devices", "slip", "card") and self.setup.enrolment is None:
            return _see("code")
        if step == "successor":
            return await self._successor(request)
        if step == "pin" and self.gate.knows(request.cookies.get(SETUP_COOKIE, "")):
            return await self.begin(request)
        return self.page(request, step, None)

    async def take_pin(self, request: web.Request) -> web.Response:
        form = await _form(request)
        token = self.gate.give_pin(request.remote or "", form.get("pin", ""))
        if isinstance(token, Refusal):
            return self.page(request, "pin", token)
        response = await self.begin(request)
        response.set_cookie(SETUP_COOKIE, token, httponly=True, samesite="Strict", path="/")
        return response

    async def print_pin(self, request: web.Request) -> web.Response:
        """A slip with the PIN, which only who stands at the printer can read."""
        refusal = self.gate.may_print_pin() or await self.setup.print_pin()
        return self.page(request, "pin", refusal, {"slip": refusal is None})

    async def take_language(self, request: web.Request) -> web.Response:
        language = (await _form(request)).get("language", "")
        refusal = self.setup.choose_language(language)
        if refusal is not None:
            return self.page(request, "language", refusal)
        response = _see("code")
        response.set_cookie(
            LANGUAGE_COOKIE, language, max_age=LANGUAGE_COOKIE_SECONDS, samesite="Strict", path="/"
        )
        return response

    async def take_code(self, request: web.Request) -> web.Response:
        form = await _form(request)
        hub, code = form.get("hub", ""), form.get("code", "")
        refusal = await self.setup.enrol(hub, code)
        if refusal is not None:
            return self.page(request, "code", refusal, {"hub": hub, "code": code})
        return await self.begin(request)

    async def take_over(self, request: web.Request) -> web.Response:
        """Begin to take a dead box's place; its page shows how far it is."""
        if self.setup.enrolment is None:
            return _see("code")
        refusal = await self.setup.take_over((await _form(request)).get("copy", ""))
        return _see("successor") if refusal is None else await self._successor(request, refusal)

    async def _successor(
        self, request: web.Request, refusal: Refusal | None = None
    ) -> web.Response:
        succession = self.setup.succession
        if not self.setup.is_to_be_rebuilt and succession.rebuilt is None:
            return _see("devices")
        copies = [] if succession.is_running else await self.setup.copies()
        known: Values = {"copies": [str(folder) for folder in copies]}
        return self.page(request, "successor", refusal or succession.refusal, known)

    async def look(self, _request: web.Request) -> web.Response:
        """Look for devices again, and ask the serial ports what hangs on them."""
        if self.setup.enrolment is None:
            return _see("code")
        await self.setup.trial.close()
        await self.setup.look(ask=True)
        return _see("devices")

    async def take_devices(self, request: web.Request) -> web.Response:
        choice = choice_of(await request.post())
        refusal = choice if isinstance(choice, Refusal) else await self.setup.use_devices(choice)
        return _see("slip") if refusal is None else self.page(request, "devices", refusal)

    async def take_slip(self, request: web.Request) -> web.Response:
        printed = await self.setup.print_test_slip()
        if isinstance(printed, Refusal):
            return self.page(request, "slip", printed)
        refusal = refuse("setup_slip_failed") if printed else None
        return self.page(request, "slip", refusal, {"printed": not printed, "reason": printed})

    async def take_card(self, request: web.Request) -> web.Response:
        """The last step: the counter page takes over, when the page of it stands in the browser."""
        refusal = await self.setup.finish()
        if refusal is not None:
            return self.page(request, "card", refusal)
        asyncio.get_running_loop().call_later(HAND_OVER_S, self.setup.handed_over.set)
        return self.end(request)

    def end(self, request: web.Request) -> web.Response:
        """The last page: it goes to the counter by itself."""
        return web.Response(text=self.render(request, "setup/done.html"), content_type="text/html")

    def render(self, request: web.Request, template: str, **more: object) -> str:
        """A template with what all of them may name."""
        setup = self.setup
        values: dict[str, object] = {
            "setup": setup,
            "step": "",
            "step_words": {
                step: words
                for step, words in STEP_WORDS.items()
                if step != "successor" or setup.succeeds
            },
            "stack_words": STACK_WORDS,
            "trial": setup.trial,
            "refusal": None,
            **more,
        }
        return self._renderer.render(template, chosen_language(request.cookies), **values)

    def page(
        self, request: web.Request, step: str, refusal: Refusal | None, values: Values = NOTHING
    ) -> web.Response:
        """A step as it is now, and why it was refused; `values` are what it knows besides."""
        known: dict[str, object] = {
            "hub": self.setup.hub,
            "code": "",
            "slip": False,
            "printed": False,
            "reason": "",
            "bauds": BAUDS,
            "by_hand": BY_HAND,
            "settings_of": settings_of,
            "token_of": token_of,
            "box_address": request.host,
        }
        known.update(values)
        text = self.render(
            request, f"setup/{step}.html", refusal=refusal, **(known | {"step": step})
        )
        status = HTTPStatus.OK if refusal is None else HTTPStatus.UNPROCESSABLE_ENTITY
        return web.Response(text=text, content_type="text/html", status=status)


Pages.KEY = web.AppKey("pages", Pages)


async def _form(request: web.Request) -> dict[str, str]:
    """The texts of a form."""
    form = await request.post()
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _see(step: str) -> web.Response:
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": f"/setup/{step}"})
