"""Hears door nodes on the network: what they send to the box's port, for a time that is asked for.

A node is heard, not proven: that takes its key. It is answered 503, and keeps its counts. The
head of its frames is that of `edge.door_frames`.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiohttp import web

from edge.discovery.found import Found, Option, Trouble
from edge.door_frames import FRAME_BYTES_MAX, NODE_BYTES

PORT = 8602
"""Where nodes report unless their settings say otherwise."""
KEY_FILE = "/etc/cafebox/door.key"
HEAD = struct.Struct(f">2sBB{NODE_BYTES}s")
MAGIC = b"CD"
NOTE = "write the key of its settings.json into `key_file`"


class DoorNodes:
    """See the module."""

    stack = "network"

    def __init__(self, listen_s: float, host: str = "0.0.0.0", port: int = PORT) -> None:  # noqa: S104 - nodes are on the LAN
        self._listen_s = listen_s
        self._host, self._port = host, port

    def look(self) -> Iterable[Found | Trouble]:
        """Every node that reported meanwhile. Blocks for `listen_s`."""
        try:
            heard = asyncio.run(self._listen())
        except OSError:
            found = f"port {self._port} is taken, so that no door node can be heard"
            remedy = "Stop what listens there, if it is the box: sudo systemctl stop cafebox"
            return [Trouble(self.stack, found, remedy)]
        options: dict[str, Option] = {"key_file": KEY_FILE, "listen_port": self._port}
        return [
            Found("door_counter", "http", options, place, f"door node {node.hex()}", note=NOTE)
            for node, place in sorted(heard.items())
        ]

    async def _listen(self) -> dict[bytes, str]:
        async with hearing(self._host, self._port) as heard:
            await asyncio.sleep(self._listen_s)
        return heard


@asynccontextmanager
async def hearing(host: str, port: int) -> AsyncIterator[dict[bytes, str]]:
    """The nodes that have reported until now, and from where. Raises OSError for a taken port."""
    heard: dict[bytes, str] = {}

    async def receive(request: web.Request) -> web.Response:
        data = await request.read()
        if len(data) >= HEAD.size:
            magic, _version, _kind, node = HEAD.unpack_from(data)
            if magic == MAGIC:
                heard[node] = request.remote or ""
        raise web.HTTPServiceUnavailable

    app = web.Application(client_max_size=FRAME_BYTES_MAX)
    app.router.add_post("/", receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, reuse_address=True).start()
        yield heard
    finally:
        await runner.cleanup()
