"""The door node's firmware on either interpreter, with pipes for its beam and its light.

Usage: door_node_run.py FLASH_FOLDER ADDRESS KEY REPORT_EVERY_S

ADDRESS is the box's http:// address or the path of a serial line. Each byte that comes in is a
crossing (i, o or ?); each byte that goes out says that one is in flash. First comes a line: the
totals that the flash held at the start.
"""

import asyncio
import os
import sys
from binascii import unhexlify

sys.path.insert(0, "edge")
sys.path.insert(0, "firmware_scripts/micropython")

from crossings import Crossings
from door_node import DoorNode, HttpLink, SerialLink

CROSSINGS = {b"i": (1, 0, 0), b"o": (0, 1, 0), b"?": (0, 0, 1)}


class PipeBeam:
    """Somebody walks through for each byte of the standard input."""

    def __init__(self):
        self._reader = None

    async def crossed(self):
        if self._reader is None:
            self._reader = asyncio.StreamReader(sys.stdin.buffer)
        return CROSSINGS[await self._reader.readexactly(1)]


def light():
    sys.stdout.buffer.write(b".")


def link_to(address):
    if address.startswith("http:"):
        return HttpLink(address)
    line = open(address, "r+b")  # noqa: PTH123, SIM115 - as MicroPython opens it, until the end
    import termios  # noqa: PLC0415 - MicroPython's own, beneath the serial line alone

    termios.setraw(line.fileno())
    return SerialLink(asyncio.StreamReader(line), asyncio.StreamWriter(line, {}))


def main():
    folder, address, key, report_every_s = sys.argv[1:]
    crossings = Crossings(folder, os.urandom)
    print(*crossings.totals.counts())
    node = DoorNode(
        crossings, PipeBeam(), link_to(address), unhexlify(key), light, float(report_every_s)
    )
    asyncio.run(node.run())


main()
