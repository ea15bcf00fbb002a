"""`GET /setup/events`: how the devices do and which card was tapped, the moment either changes."""

import asyncio
from contextlib import suppress

from aiohttp import web

from edge.web.live import HEARTBEAT_SECONDS, LIVE_STREAMS, WRITE_TIMEOUT_SECONDS
from edge.web.server_sent_events import event
from edge.web.setup.pages import Pages

REGIONS = ("devices", "card")


async def stream(request: web.Request) -> web.StreamResponse:
    """Events `devices` and `card`, each with the HTML of its region."""
    task = asyncio.current_task()
    streams = request.app[LIVE_STREAMS]
    if task is not None:
        streams.add(task)
    try:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await _serve(request, response)
        return response
    finally:
        if task is not None:
            streams.discard(task)


async def _serve(request: web.Request, response: web.StreamResponse) -> None:
    pages = request.app[Pages.KEY]
    with suppress(ConnectionError):
        while True:
            change = pages.setup.trial.next_change
            text = "".join(
                event(name, pages.render(request, f"setup/{name}_now.html")) for name in REGIONS
            )
            try:
                async with asyncio.timeout(WRITE_TIMEOUT_SECONDS):
                    await response.write(text.encode())
            except TimeoutError:
                return  # the page is gone; it reconnects by itself
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await change.wait()
