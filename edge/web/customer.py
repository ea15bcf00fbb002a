"""`GET /customer`: what the customer reads, on a second screen that faces them.

The lines are those of the customer's display (`edge.desk.customer_screen`), in the language of the
receipts. While no paper comes out, the receipt's code stands beneath them. `GET /customer/events`
pushes them as HTML. The screen is one of the counter's own browser: without its log-in there is a
welcome and nothing else.
"""

import asyncio
from contextlib import suppress
from io import BytesIO

import qrcode
from aiohttp import web
from markupsafe import Markup
from qrcode.image.svg import SvgPathImage

from edge.web.counter import Counter
from edge.web.live import WRITE_TIMEOUT_SECONDS, Changes, streamed
from edge.web.screen import TERMINAL
from edge.web.server_sent_events import event

BETWEEN = "  "
"""A word and its amount are held apart by blanks; a single blank stands within a name."""


async def show_customer(request: web.Request) -> web.Response:
    """The page."""
    html = await _rendered(request, "customer.html")
    return web.Response(text=html, content_type="text/html")


async def customer_stream(request: web.Request) -> web.StreamResponse:
    """What changes on it, until it goes away."""
    return await streamed(request, _serve)


async def _serve(request: web.Request, response: web.StreamResponse, changes: Changes) -> None:
    """Ends when somebody else logs in: the page comes back with the new cookie by itself."""
    desk = request.app[Counter.KEY].desk
    shown, begun_ms = "", desk.session_begun_ms(TERMINAL)
    with suppress(ConnectionError, TimeoutError):
        while desk.session_begun_ms(TERMINAL) == begun_ms:
            html = await _rendered(request, "customer_lines.html")
            if html != shown:
                async with asyncio.timeout(WRITE_TIMEOUT_SECONDS):
                    await response.write(event("customer", html).encode())
            shown = html
            await anext(changes)


async def _rendered(request: web.Request, template: str) -> str:
    counter = request.app[Counter.KEY]
    screen = counter.desk.customer_screen
    lines = screen.lines() if await counter.session(request) is not None else screen.welcome()
    return counter.renderer.render(
        template,
        screen.language,
        rows=[_row(lines.first), _row(lines.second)],
        qr=_picture(lines.qr) if lines.qr else "",
    )


def _row(line: str) -> tuple[str, str]:
    """(word, amount) of a line; a line without an amount is all word."""
    word, between, amount = line.rpartition(BETWEEN)
    return (word.rstrip(), amount) if between else (line, "")


def _picture(text: str) -> Markup:
    """A QR code as an SVG element."""
    file = BytesIO()
    qrcode.make(text, image_factory=SvgPathImage).save(file)
    svg = file.getvalue().decode()
    return Markup(svg[svg.index("<svg") :])  # noqa: S704  of a library, from a code of our own
