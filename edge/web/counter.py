"""The counter page: puts desk, renderer and works together for one request."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import ClassVar

from aiohttp import web

from edge.desk.answers import Answer, Outcome, Session
from edge.desk.commit import Request as AskedBy
from edge.desk.desk import Desk
from edge.desk.view_types import StaffView, without_members
from edge.domain.refusals import Refusal
from edge.domain.staff import right_refusal
from edge.web.actions import offered
from edge.web.rendering import Renderer
from edge.web.screen import TERMINAL, Done, Screen
from edge.web.statuses import status_of
from edge.web.translations import chosen_language
from edge.web.works import ACTIONS, AFTER_ANSWER, AFTER_REFUSAL, LOOK, RIGHTS_OF_WORKS, WORKS
from edge.web.works.asked import TICKET, Asked, id_of

SESSION_COOKIE = "cafebox_session"
QUIET_COMMANDS = frozenset(
    {"log_in", "log_out", "show_member", "clear_screen", "add_line", "remove_line"}
    | {"set_ticket_member", "abandon", "change_line", "sell_to_walk_in", "set_ticket_staff"}
    | {"keep_ticket", "resume_ticket", "merge_ticket"}
)
"""What the screen itself shows as done."""
CARD_SWAPPED = "card_swapped"
VERSION_HEADER = "Screen-Version"
WORK_HEADER = "Screen-Work"


class Counter:
    """One cafe's counter page."""

    KEY: ClassVar[web.AppKey["Counter"]]

    def __init__(self, desk: Desk, renderer: Renderer) -> None:
        self.desk = desk
        self.renderer = renderer
        self._done: Done | None = None
        self._start = secrets.token_hex(4)

    async def session(self, request: web.Request) -> Session | None:
        """Who is logged in at the browser that asks."""
        token = request.cookies.get(SESSION_COOKIE, "")
        return await self.desk.session(token) if token else None

    async def screen(
        self, request: web.Request, session: Session, refusal: Refusal | None = None
    ) -> Screen:
        """What this browser looks at now."""
        version = f"{self._start}-{self.desk.page_events.published}"  # before anything is read
        counter = await self.desk.views.counter(session, TERMINAL)
        if not session.may(LOOK):
            counter = without_members(counter)
        language = chosen_language(request.cookies)
        return Screen(language, session, counter, self._done, refusal, version)

    def render(self, template: str, screen: Screen, more: Mapping[str, object]) -> str:
        """A template of the page; `more` are the facts of the work in hand."""
        values = {
            "actions": offered(ACTIONS, screen),
            "topics": tuple(ACTIONS),
            "print_at_once": self.desk.sales_views.print_at_once,
            "seat_map": self.desk.session_views.seat_map,
            "reminders_due": self.desk.reminders.chip,
            "reminders_of": self.desk.reminders.of_member,
            "product_names": self.desk.views.product_names,
            "approvers": partial(self._approvers, screen.session.staff),
            **screen.values(),
        }
        return self.renderer.render(template, screen.language, **values, **more)

    def _approvers(self, asker: int, operation: str) -> tuple[StaffView, ...]:
        return self.desk.views.approvers(operation, asker)

    def note(self, session: Session | None, outcome: Outcome) -> None:
        """Keep what was done last, for the screen to say so."""
        if isinstance(outcome, Answer) and session is not None:
            self._done = _done(outcome)

    async def show_work(self, request: web.Request) -> web.Response:
        """A work in hand: the fragment for htmx, the whole page else."""
        name = request.match_info.get("work", TICKET)
        if name not in WORKS:
            raise web.HTTPNotFound
        session = await self.session(request)
        if session is None:
            return await self.log_in_page(request)
        refusal = _work_refusal(session, name)
        asked = AskedBy(f"show:{name}", "", session, session.terminal)
        await self.desk.audit.note_look(asked, request.query, refusal)
        screen = await self.screen(request, session, refusal)
        work = name if refusal is None else TICKET
        return await self._respond(request, screen, work, request.query, {})

    async def answer(
        self,
        request: web.Request,
        command: str,
        outcome: Outcome,
        values: Mapping[str, str],
    ) -> web.Response:
        """What a form's command did; its field `after` may name the work that stands then."""
        session = await self.session(request)
        if session is None:
            return await self.log_in_page(request)
        refusal = outcome if isinstance(outcome, Refusal) else None
        screen = await self.screen(request, session, refusal)
        if isinstance(outcome, Answer):  # whatever was done meanwhile at another page
            screen = replace(screen, done=_done(outcome))
        after = AFTER_ANSWER if refusal is None else AFTER_REFUSAL
        work = values.get("after", "")
        if work not in WORKS:
            work = after.get(command, TICKET)
        kept = {} if refusal is None else values
        if refusal is not None and refusal.code == CARD_SWAPPED:
            work, kept = TICKET, {}  # what was typed was for whoever has left the reader
        return await self._respond(request, screen, work, {}, kept)

    async def show_import(
        self, request: web.Request, session: Session, outcome: object
    ) -> web.Response:
        """The work `import` after a file came in; `outcome`: why it was not taken, or None."""
        screen = await self.screen(request, session)
        facts = {"progress": self.desk.imports.progress, "outcome": outcome, "work": "import"}
        htmx = "HX-Request" in request.headers
        text = self.render("work/import.html" if htmx else "page.html", screen, facts)
        return _html(text, 422 if outcome else 200)

    async def log_in_page(
        self, request: web.Request, refusal: Refusal | None = None, chosen: str = ""
    ) -> web.Response:
        """The page before the log-in; htmx is told to load it whole."""
        if "HX-Request" in request.headers:
            return web.Response(status=401, headers={"HX-Redirect": "/"})
        language = chosen_language(request.cookies)
        counter = await self.desk.views.counter(None, TERMINAL)
        text = self.renderer.render(
            "log_in.html",
            language,
            counter=counter,
            truth=counter.truth,
            staff=await self.desk.views.staff_to_log_in(),
            refusal=refusal,
            chosen=id_of(chosen) or self.desk.views.staff_of_last_tap(),
        )
        return _html(text, status_of(refusal))

    async def _respond(
        self,
        request: web.Request,
        screen: Screen,
        work: str,
        query: Mapping[str, str],
        values: Mapping[str, str],
    ) -> web.Response:
        facts = await WORKS[work](Asked(self.desk, screen, query, values))
        facts["work"] = work
        if "HX-Request" not in request.headers:
            text = self.render("page.html", screen, facts)
        elif request.method == "GET":
            text = self.render(f"work/{work}.html", screen, facts)
        else:
            text = self.render("middle.html", screen, facts)
            text += self.render("actions_out_of_band.html", screen, {})
        headers = {VERSION_HEADER: screen.version, WORK_HEADER: work}
        return _html(text, status_of(screen.refusal), headers)


def _done(answer: Answer) -> Done | None:
    """What the screen says of an answer, now."""
    shown = answer.command not in QUIET_COMMANDS
    return Done(answer, time.time_ns() // 1_000_000) if shown else None


def _work_refusal(session: Session, work: str) -> Refusal | None:
    """Why a person may not open a work, None where they may."""
    rights = sorted(RIGHTS_OF_WORKS[work])
    if work == TICKET or any(session.may(right) for right in rights):
        return None
    return right_refusal(session, rights[0])


Counter.KEY = web.AppKey("counter", Counter)


def _html(text: str, status: int = 200, more: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        text=text,
        status=status,
        content_type="text/html",
        headers={"Cache-Control": "no-store", **(more or {})},
    )
