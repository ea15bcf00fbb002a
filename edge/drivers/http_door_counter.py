"""Door counter on a door node that reaches the box over Wi-Fi: an HTTP address of its own.

Nothing but the node's frames is served there, so that the counter page need not leave the box.
The frames are those of `edge.door_frames`.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from edge.door_frames import FRAME_BYTES_MAX, FrameError
from edge.drivers.bridge import Bridge
from edge.drivers.contract import DoorCounter
from edge.drivers.door_node_reports import ANSWER_S, SILENT_S, Reports, read_key
from edge.drivers.errors import DeviceConfigurationError, Reason
from edge.drivers.options import option, read_options
from edge.drivers.stacks import Stacks
from edge.events import DeviceState


@dataclass(frozen=True, slots=True)
class Options:
    """`listen_host` is the box's address in the network of its devices."""

    key_file: str = option(low=1, high=255)
    listen_host: str = option("0.0.0.0", low=1, high=255)  # noqa: S104 - the node is on the LAN
    listen_port: int = option(8602, low=1, high=65535)


class HttpDoorCounter(DoorCounter):
    """See the module."""

    def __init__(self, name: str, options: Options, bridge: Bridge) -> None:
        super().__init__(name, bridge)
        self._options = options
        self._runner: web.AppRunner | None = None
        self._silence: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        reports = Reports(self.name, read_key(self.name, self._options.key_file), self._bridge.post)

        async def receive(request: web.Request) -> web.Response:
            return await self._receive(reports, request)

        app = web.Application(client_max_size=FRAME_BYTES_MAX)
        app.router.add_post("/", receive)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=ANSWER_S)
        await runner.setup()
        host, port = self._options.listen_host, self._options.listen_port
        try:
            await web.TCPSite(runner, host, port, reuse_address=True).start()
        except (OSError, UnicodeError) as error:  # UnicodeError: of what can be no name
            await runner.cleanup()
            raise DeviceConfigurationError(
                f"{self.name}.listen_port", str(error), "Set a free port and an own address"
            ) from error
        self._runner = runner
        self._hear_nothing()

    async def close(self) -> None:
        runner, self._runner = self._runner, None
        if runner is None:
            return
        await runner.cleanup()
        if self._silence is not None:
            self._silence.cancel()
        self._report(DeviceState.ABSENT, Reason.NOT_OPENED)

    async def _receive(self, reports: Reports, request: web.Request) -> web.Response:
        try:
            frame, committed = reports.take(await request.read())
        except FrameError:
            self._report(DeviceState.DEGRADED, Reason.NODE_UNPROVEN)
            raise web.HTTPForbidden from None
        self._hear()
        await asyncio.wait([asyncio.wrap_future(committed)], timeout=ANSWER_S)
        if not committed.done() or committed.cancelled():
            raise web.HTTPServiceUnavailable
        return web.Response(body=reports.answer(frame, committed.result()))

    def _hear(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
        loop = asyncio.get_running_loop()
        self._silence = loop.call_later(SILENT_S, self._hear_nothing)
        self._report(DeviceState.OK)

    def _hear_nothing(self) -> None:
        self._report(DeviceState.ABSENT, Reason.NODE_SILENT)


def build(
    name: str, table: Mapping[str, object], where: str, bridge: Bridge, stacks: Stacks
) -> HttpDoorCounter:
    """Raises DeviceConfigurationError."""
    del stacks
    return HttpDoorCounter(name, read_options(Options, table, where), bridge)
