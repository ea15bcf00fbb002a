"""The few calls of aiohttp's client that the node makes, where aiohttp is not at hand.

HTTP/1.1, one request a connection, bodies with a length, no TLS: what goes through it proves
itself (edge/door_frames.py). Same names as https://docs.aiohttp.org, `async with` on both.
"""

import asyncio

HEAD_LINES_MAX = 40
BODY_BYTES_MAX = 4096


class ClientError(Exception):
    """The other end does not speak HTTP as we do."""


class ClientSession:
    """Makes requests; keeps nothing between them."""

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        pass

    def post(self, url, data=b""):
        """Return a request to be entered by `async with`."""
        return _Request(url, data)


class _Request:
    def __init__(self, url, data):
        scheme, _, rest = url.split("/", 2)
        if scheme != "http:":
            raise ValueError("only http:// addresses")
        authority, _, path = rest.partition("/")
        self._host, _, port = authority.partition(":")
        self._port = int(port or 80)
        self._head = (
            f"POST /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n"
            f"Content-Type: application/octet-stream\r\nContent-Length: {len(data)}\r\n\r\n"
        )
        self._data = data
        self._writer = None

    async def __aenter__(self):
        reader, self._writer = await asyncio.open_connection(self._host, self._port)
        try:
            self._writer.write(self._head.encode() + self._data)
            await self._writer.drain()
            return await _read_head(reader)
        except BaseException:
            self._writer.close()
            raise

    async def __aexit__(self, *error):
        self._writer.close()


class ClientResponse:
    """An answer: its status, and its body by `read`."""

    def __init__(self, status, length, reader):
        self.status = status
        self._length = length
        self._reader = reader

    async def read(self):
        return await self._reader.readexactly(self._length)


async def _read_head(reader):
    words = (await reader.readline()).split()
    if len(words) < 2 or not words[0].startswith(b"HTTP/1."):
        raise ClientError("no HTTP")
    status = _number(words[1])
    length = 0
    for _ in range(HEAD_LINES_MAX):
        line = await reader.readline()
        if line in (b"\r\n", b""):
            return ClientResponse(status, length, reader)
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = _number(value)
            if not 0 <= length <= BODY_BYTES_MAX:
                raise ClientError("too long")
    raise ClientError("too many header lines")


def _number(text):
    try:
        return int(text)
    except ValueError:
        raise ClientError("no number") from None
