"""`GET /events`: regions of the counter page, pushed as HTML the moment they are stale.

Events: `left`, `seats`, `who`, `right`, `truth` and `ticket` each replace their region; their id is
the version of the screen that they show (`edge.web.screen`). `card` brings the number of an
unregistered card to a form that waits for one. `scanned` brings what a scanner read, as JSON, to
the terminal that was used last; a scan of the last seconds also to a page that opens. `gone`:
nobody is logged in any more by this page's cookie.

`GET /log-in/events`: `staff-card` brings the number of the person whose card was tapped, `truth`
the truth line.

Every stream has a `beat`, by which a page knows that its line is not cut.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import suppress

from aiohttp import web

from edge.effects.page_events import Region, TooManySubscribersError
from edge.web.counter import Counter
from edge.web.screen import TERMINAL, Screen
from edge.web.server_sent_events import event, last_event_id
from edge.web.translations import chosen_language

HEARTBEAT_SECONDS = 10.0
"""How long a page may show an old truth line when nothing happens."""
WRITE_TIMEOUT_SECONDS = 10.0
"""A page that takes nothing for this long is gone; it reconnects by itself."""
STRANGERS_MAX = 16
"""Streams for pages at which nobody is logged in: whoever is in the cafe's network may open them,
and leaves most places to those who work here."""
RECONNECT_MS = 1_000
BEGINNING = f"retry: {RECONNECT_MS}\n\n".encode()
BEAT = event("beat", "").encode()
GONE = event("gone", "").encode()


class LiveStreams(set[asyncio.Task[object]]):
    """The tasks that serve open pages, `strangers` of them where nobody is logged in."""

    strangers = 0


LIVE_STREAMS = web.AppKey("live_streams", LiveStreams)

_REGION_EVENTS = {
    Region.TAP: ("who", "ticket", "right", "left"),
    Region.TICKET: ("ticket", "right"),
    Region.PRESENT: ("left",),
    Region.TRANSFERS: ("left",),
    Region.EVENTS: ("left",),
    Region.TRUTH: ("truth",),
    Region.PRODUCTS: (),
    Region.SEATS: ("seats",),
    Region.SCAN: (),
}
_TEMPLATES = {
    "left": "left.html",
    "who": "who.html",
    "right": "actions.html",
    "truth": "truth.html",
    "ticket": "ticket_lines.html",
    "seats": "seats.html",
}

Changes = AsyncIterator[tuple[Region, ...]]
Serve = Callable[[web.Request, web.StreamResponse, Changes], Coroutine[None, None, None]]
OnScreen = tuple[int, int]
"""When the shown card was tapped, and the shown member: what a tap changes."""


async def stream(request: web.Request) -> web.StreamResponse:
    """Serve one page until it goes away, logs out, or the box stops."""
    if await request.app[Counter.KEY].session(request) is None:
        return web.Response(body=GONE, content_type="text/event-stream")
    return await streamed(request, _serve)


async def log_in_stream(request: web.Request) -> web.StreamResponse:
    """Tell the log-in page whose staff card was tapped."""
    return await streamed(request, _serve_log_in)


async def streamed(request: web.Request, serve: Serve) -> web.StreamResponse:
    """Serve one page's events by `serve`, until it goes away or the box stops."""
    counter = request.app[Counter.KEY]
    task = asyncio.current_task()
    streams = request.app[LIVE_STREAMS]
    is_stranger = await counter.session(request) is None
    if is_stranger and streams.strangers >= STRANGERS_MAX:
        return _later()
    streams.strangers += is_stranger
    if task is not None:
        streams.add(task)
    try:
        with counter.desk.page_events.subscribe() as changes:
            response = web.StreamResponse(
                headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
            )
            with suppress(ConnectionError):  # the page went away before it began
                await response.prepare(request)
                await response.write(BEGINNING)
                await _first_of(serve(request, response, aiter(changes)), _beat(response))
            return response
    except TooManySubscribersError:
        return _later()
    finally:
        streams.strangers -= is_stranger
        if task is not None:
            streams.discard(task)


def _later() -> web.Response:
    return web.Response(status=503, headers={"Retry-After": "10"})


async def _beat(response: web.StreamResponse) -> None:
    """Write to a page until it is gone: while nothing is written, nobody notices that it is."""
    with suppress(ConnectionError, TimeoutError):
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            async with asyncio.timeout(WRITE_TIMEOUT_SECONDS):
                await response.write(BEAT)


async def _first_of(*works: Coroutine[None, None, None]) -> None:
    """Do all until one is done; raises what that one raises."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def close_streams(app: web.Application) -> None:
    """End every open stream, so that the box stops without waiting for browsers."""
    streams = app[LIVE_STREAMS]
    for task in tuple(streams):
        task.cancel()


async def _serve(
    request: web.Request,
    response: web.StreamResponse,
    changes: Changes,
) -> None:
    counter = request.app[Counter.KEY]
    regions: tuple[Region, ...] = (Region.TAP, Region.TICKET, Region.TRUTH, Region.SEATS)
    shown: OnScreen | None = None
    scans = counter.desk.scans
    told = scans.last_too_old()
    waiting: asyncio.Task[tuple[Region, ...]] | None = None
    try:
        while (session := await counter.session(request)) is not None:
            screen = await counter.screen(request, session)
            on_screen = _on_screen(screen)
            text = last_event_id(screen.version) + _regions(counter, screen, regions)
            if shown is not None and on_screen != shown:
                text += _card(counter, screen)
            shown = on_screen
            for scan in scans.after(told, session.terminal):
                text += event("scanned", json.dumps({"id": scan.id, "text": scan.text}))
            told = scans.last_number
            async with asyncio.timeout(WRITE_TIMEOUT_SECONDS):
                await response.write(text.encode())
            if waiting is None:
                waiting = asyncio.ensure_future(anext(changes))
            done, _pending = await asyncio.wait({waiting}, timeout=HEARTBEAT_SECONDS)
            regions = waiting.result() if done else (Region.TRUTH,)
            waiting = None if done else waiting
        await response.write(GONE)
    except (ConnectionError, TimeoutError):
        return  # the page went away
    finally:
        if waiting is not None:
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting


async def _serve_log_in(
    request: web.Request,
    response: web.StreamResponse,
    changes: Changes,
) -> None:
    counter = request.app[Counter.KEY]
    views = counter.desk.views
    language = chosen_language(request.cookies)
    told = 0
    regions: tuple[Region, ...] = (Region.TRUTH,)
    with suppress(ConnectionError, TimeoutError):
        while True:
            text = ""
            if Region.TRUTH in regions:
                shown = await views.counter(None, TERMINAL)
                facts = {"counter": shown, "truth": shown.truth}
                text = event("truth", counter.renderer.render("truth.html", language, **facts))
            staff = views.staff_of_last_tap() if Region.TAP in regions else told
            if staff and staff != told:
                text += event("staff-card", str(staff))
            told = staff
            async with asyncio.timeout(WRITE_TIMEOUT_SECONDS):
                await response.write(text.encode())
            regions = await anext(changes)


def _on_screen(screen: Screen) -> OnScreen:
    tap, member = screen.counter.tap, screen.counter.member
    return (tap.at_ms if tap else 0, member.member if member else 0)


def _regions(counter: Counter, screen: Screen, regions: Iterable[Region]) -> str:
    names = dict.fromkeys(name for region in regions for name in _REGION_EVENTS[region])
    return "".join(event(name, counter.render(_TEMPLATES[name], screen, {})) for name in names)


def _card(counter: Counter, screen: Screen) -> str:
    """What the tap of an unregistered card brings besides its regions."""
    tap = screen.counter.tap
    if tap is None or not tap.card_uid:
        return ""
    return event("card", counter.render("tapped_card.html", screen, {"card_uid": tap.card_uid}))
