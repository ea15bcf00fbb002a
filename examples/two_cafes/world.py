"""The world around the two boxes: readers, printers and doors that outlive them.

With DEVICES=real a private pcscd serves two virtual readers; with DEVICES=fake the same cards are
laid on fakes beneath the box's card driver, and nothing needs to be installed.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from edge.drivers.fake.cafe import VirtualCafe
from edge.drivers.fake.pcsc import READER_NAMES as FAKE_READER_NAMES
from edge.drivers.fake.pcsc import VirtualReaders
from edge.drivers.fake.virtual_pcscd import READER_NAMES as REAL_READER_NAMES
from edge.drivers.fake.virtual_pcscd import VirtualPcscd
from edge.drivers.stacks import FAKE_PREFIX, SYSTEM

FAKE_READERS_PATH = "world/readers.sock"
"""Relative to the folder that the boxes run in."""
GAP_SECONDS = 0.5
"""Between taking a card away and laying the next: vpcd looks every 0.4 s."""
LAID_SECONDS = 0.7


class Hand:
    """Lays one card after the other on one reader, as a person would."""

    def __init__(self, cafe: VirtualCafe) -> None:
        self._cafe = cafe
        self._lock = asyncio.Lock()

    async def tap(self, uid: bytes) -> None:
        """Lay a card, leave it for a moment, take it away; one at a time."""
        async with self._lock:
            await asyncio.to_thread(self._cafe.tap, uid)
            await asyncio.sleep(LAID_SECONDS)
            await asyncio.to_thread(self._cafe.lift)
            await asyncio.sleep(GAP_SECONDS)

    async def walk_through(self) -> None:
        """Break the beam of the door and free it again."""
        self._cafe.break_beam()
        await asyncio.sleep(0.2)
        self._cafe.free_beam()


class World:
    """Two cafes' devices, `cafes["a"]` and `cafes["b"]`."""

    def __init__(self, folder: Path, devices: str) -> None:
        self._folder = folder
        self._is_fake = devices == "fake"
        self._pcscd: VirtualPcscd | None = None
        self._readers: VirtualReaders | None = None
        self.cafes: dict[str, VirtualCafe] = {}
        self.hands: dict[str, Hand] = {}

    def open(self) -> None:
        """Make everything. Raises VirtualPcscdError, whose words say what to install."""
        self._folder.mkdir(parents=True, exist_ok=True)
        readers: VirtualPcscd | VirtualReaders
        if self._is_fake:
            readers = self._readers = VirtualReaders(self._folder / "readers.sock")
        else:
            readers = self._pcscd = VirtualPcscd(self._folder / "pcscd")
            self._pcscd.open()
        for name, reader_name, field in zip(
            ("a", "b"), readers.reader_names, readers.slots, strict=True
        ):
            cafe = VirtualCafe(self._folder / name, reader_name, field)
            self.cafes[name] = cafe
            self.hands[name] = Hand(cafe)

    def close(self) -> None:
        for cafe in self.cafes.values():
            cafe.close()
        if self._pcscd is not None:
            self._pcscd.close()
        if self._readers is not None:
            self._readers.close()

    @property
    def environment(self) -> Mapping[str, str]:
        """What a box needs in its environment to reach its reader."""
        return self._pcscd.environment if self._pcscd is not None else {}

    def fitted(self, configuration: str) -> str:
        """A box's configuration for the readers that there are."""
        if not self._is_fake:
            return configuration
        text = configuration.replace(
            f'pcsc = "{SYSTEM}"', f'pcsc = "{FAKE_PREFIX}{FAKE_READERS_PATH}"'
        )
        for real, fake in zip(REAL_READER_NAMES, FAKE_READER_NAMES, strict=True):
            text = text.replace(real, fake)
        return text
