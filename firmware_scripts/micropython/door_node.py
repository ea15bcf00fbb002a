"""Counts crossings into flash and reports them to the box until it has them.

One source for MicroPython and CPython. What is beneath is handed in: a beam that tells crossings,
a link that carries a frame to the box and brings its answer, a call that shows a count.
"""

import asyncio
import time

from door_frames import (
    ANSWER,
    REPORT,
    Frame,
    FrameError,
    from_line,
    read_answer,
    report_payload,
    seal,
    to_line,
    unseal,
)

try:
    import aiohttp
    from aiohttp import ClientError
except ImportError:
    import http_client as aiohttp
    from http_client import ClientError

REPORT_EVERY_S = 60
"""How often the box hears of the node; each report with crossings is an op of the box's."""
ANSWER_S = 5


class LinkError(Exception):
    """The box did not answer, or not as a box does."""


class HttpLink:
    """Over Wi-Fi: a POST to the box's address. A link returns what `read` makes of the answer."""

    def __init__(self, url):
        self._url = url

    async def exchange(self, data, read):
        async with aiohttp.ClientSession() as session:
            async with session.post(self._url, data=data) as answer:
                if answer.status != 200:
                    raise LinkError(f"status {answer.status}")
                return read(await answer.read())


class SerialLink:
    """Over a serial line: a line there, a line back."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer

    async def exchange(self, data, read):
        self._writer.write(to_line(data))
        await self._writer.drain()
        while True:
            line = await self._reader.readline()
            if not line:
                raise LinkError("closed")
            try:
                return read(from_line(line))
            except FrameError:
                pass  # noise, or an answer that came too late


class DoorNode:
    """`beam.crossed()` waits for people and returns (entered, left, unknown)."""

    def __init__(self, crossings, beam, link, key, counted, report_every_s=REPORT_EVERY_S):
        self._crossings = crossings
        self._beam = beam
        self._link = link
        self._key = key
        self._counted = counted
        self._report_every_s = report_every_s
        self._frames = 0
        self._wall_offset_s = None

    async def run(self):
        """Count and report until cancelled."""
        reporting = asyncio.create_task(self._report_on())
        try:
            await self._count()
        finally:
            reporting.cancel()

    async def _count(self):
        while True:
            crossed = await self._beam.crossed()
            self._crossings.add(self._minute(), *crossed)
            self._counted()

    async def _report_on(self):
        while True:
            try:
                more = await asyncio.wait_for(self._report(), ANSWER_S)
            except (OSError, EOFError, asyncio.TimeoutError, ClientError, LinkError, FrameError):
                more = False  # it is in flash, and goes with the next report
            if not more:
                await asyncio.sleep(self._report_every_s)

    async def _report(self):
        """Send what waits; return whether more than a report's worth still does."""
        crossings = self._crossings
        self._frames += 1
        counter = crossings.boots << 32 | self._frames
        sent = crossings.waiting()
        payload = report_payload(crossings.known, sent)
        report = Frame(REPORT, crossings.node, counter, payload)

        def read(data):
            answer = unseal(self._key, data)
            if (answer.kind, answer.node, answer.counter) != (ANSWER, crossings.node, counter):
                raise FrameError("an answer to something else")
            return read_answer(answer.payload)

        held, wall_ms = await self._link.exchange(seal(self._key, report), read)
        self._wall_offset_s = wall_ms // 1000 - int(time.time())
        crossings.acknowledge(held)
        return bool(sent) and bool(crossings.waiting())

    def _minute(self):
        """Minutes since 1970 by the box's clock; 0 until it was heard since the start."""
        if self._wall_offset_s is None:
            return 0
        return (int(time.time()) + self._wall_offset_s) // 60
