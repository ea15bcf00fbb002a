"""The demo panel: the hands of the people in both cafes, as a page of its own.

One taps cards, walks through doors, takes paper out and cuts the line here, sees the printed
receipts, and watches both boxes and the hub come to the same state hashes again.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import edge.web
from edge.drivers.fake.cafe import DOOR_RELAY_PIN
from edge.drivers.fake.printer import Paper
from examples.two_cafes.seed import Demo
from examples.two_cafes.stack import Stack

FOLDER = Path(__file__).parent
SHARED_STATIC = Path(edge.web.__file__).parent / "static"
RECEIPTS_SHOWN = 4
PICTURE_SECONDS = 3600

Act = Callable[[web.Request], Awaitable[None]]


class Panel:
    """The panel of one running stack."""

    def __init__(self, stack: Stack, demo: Demo) -> None:
        self._stack = stack
        self._demo = demo
        self._templates = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._run = secrets.token_hex(4)
        """In the pictures' addresses: receipts count from nought at each start."""
        self._pictures: dict[tuple[str, int], bytes] = {}
        self._taps: set[asyncio.Task[None]] = set()

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/", self._page)
        app.router.add_get("/state", self._state)
        app.router.add_get("/receipt/{cafe}/{number}.png", self._receipt)
        app.router.add_post("/tap/{cafe}/{uid}", self._act(self._tap))
        app.router.add_post("/walk/{cafe}", self._act(self._walk))
        app.router.add_post("/paper/{cafe}/{state}", self._act(self._paper))
        app.router.add_post("/line/{cafe}/{state}", self._act(self._line))
        app.router.add_static("/look", SHARED_STATIC)
        app.router.add_static("/static", FOLDER / "static")
        return app

    async def _page(self, _request: web.Request) -> web.Response:
        return self._html("panel.html", await self._facts())

    async def _state(self, request: web.Request) -> web.Response:
        """The panel as it is now; nothing where the page has seen just that."""
        facts = await self._facts()
        if request.query.get("seen") == facts["version"]:
            return web.Response(status=204)
        return self._html("state.html", facts)

    def _html(self, template: str, facts: dict[str, object]) -> web.Response:
        text = self._templates.get_template(template).render(**facts)
        return web.Response(text=text, content_type="text/html")

    async def _facts(self) -> dict[str, object]:
        stack = self._stack
        agreement = await stack.agreement()
        cafes = []
        for name, cafe in stack.world.cafes.items():
            receipts = cafe.printer.receipts
            first = max(0, len(receipts) - RECEIPTS_SHOWN)
            cafes.append(
                {
                    "name": name,
                    "title": stack.titles[name],
                    "address": stack.counter_address(name),
                    "line_up": stack.line_is_up(name),
                    "paper": cafe.printer.paper is Paper.PLENTY,
                    "door_open": cafe.board.level(DOOR_RELAY_PIN) == 1,
                    "door_openings": len(cafe.door_openings),
                    "receipts": list(range(len(receipts) - 1, first - 1, -1)),
                    "box": agreement.boxes[name],
                }
            )
        facts: dict[str, object] = {
            "cafes": cafes,
            "run": self._run,
            "cards": self._demo.cards,
            "agreement": agreement,
            "hub_address": stack.hub_address,
            "office": self._demo.office,
            "staff": self._demo.staff,
        }
        facts["version"] = sha256(repr(facts).encode()).hexdigest()[:16]
        return facts

    async def _receipt(self, request: web.Request) -> web.Response:
        place = self._cafe(request), int(request.match_info["number"])
        if place not in self._pictures:
            receipts = self._stack.world.cafes[place[0]].printer.receipts
            if place[1] >= len(receipts):
                raise web.HTTPNotFound
            self._pictures[place] = await asyncio.to_thread(_picture, receipts[place[1]].save_png)
        return web.Response(
            body=self._pictures[place],
            content_type="image/png",
            headers={"Cache-Control": f"max-age={PICTURE_SECONDS}"},
        )

    def _act(self, act: Act) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            await act(request)
            return await self._state(request)

        return answer

    def _cafe(self, request: web.Request) -> str:
        name = request.match_info["cafe"]
        if name not in self._stack.world.cafes:
            raise web.HTTPNotFound
        return name

    async def _tap(self, request: web.Request) -> None:
        hand = self._stack.world.hands[self._cafe(request)]
        task = asyncio.create_task(hand.tap(bytes.fromhex(request.match_info["uid"])))
        self._taps.add(task)
        task.add_done_callback(self._taps.discard)

    async def _walk(self, request: web.Request) -> None:
        await self._stack.world.hands[self._cafe(request)].walk_through()

    async def _paper(self, request: web.Request) -> None:
        printer = self._stack.world.cafes[self._cafe(request)].printer
        printer.set_paper(Paper.PLENTY if request.match_info["state"] == "in" else Paper.OUT)

    async def _line(self, request: web.Request) -> None:
        cafe = self._cafe(request)
        if request.match_info["state"] == "cut":
            self._stack.cut_line(cafe)
        else:
            self._stack.mend_line(cafe)


def _picture(save: Callable[[Path], None]) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "receipt.png"
        save(path)
        return path.read_bytes()
