"""Finds readers and scanners that pose as keyboards, and leaves the cashier's keyboard alone.

A reader cannot be told from a keyboard for certain: both type. What calls itself a reader or a
scanner is one; what types digits and has no lights is perhaps one; all else is a keyboard.
Source: Linux's input documentation (event-codes: EV_KEY, EV_LED).
"""

import re
from collections.abc import Iterable
from pathlib import Path

from edge.discovery.found import Found, Option, Trouble
from edge.drivers.key_codes import EV_KEY
from edge.drivers.stacks import EvdevStack, InputDevice, Stacks

BY_ID = "dev/input/by-id"
EVENTS = "dev/input"
EV_LED = 0x11
DIGITS = set(range(2, 12))
"""KEY_1 to KEY_0, above the letters."""

MAGNETIC = re.compile(r"magn|stripe|swipe|\bmsr", re.IGNORECASE)
SCANNER = re.compile(
    r"scan|bar.?code|\bqr\b|honeywell|symbol|zebra|datalogic|newland", re.IGNORECASE
)
READER = re.compile(r"reader|rfid|\bcard|\bi[cd]\b|sycreader", re.IGNORECASE)
"""Words of a device's name, looked for in this order."""

UNSURE = "if it is a reader or scanner; never the cashier's own keyboard"
COMPARE = "compare `number` with what it types into a text editor"


class InputDevices:
    """See the module."""

    stack = "evdev"

    def __init__(self, stacks: Stacks, root: Path = Path("/")) -> None:
        """`root` is what the folder `dev` is in."""
        self._stacks = stacks
        self._root = root

    def look(self) -> Iterable[Found | Trouble]:
        """What types, once for each device; a device that is just pulled out is none."""
        evdev = self._stacks.evdev
        paths = evdev.list_devices()
        if not paths and list((self._root / EVENTS).glob("event*")):
            remedy = "Let the box open them: usermod -aG input cafebox"
            yield Trouble(self.stack, "the input devices may not be opened", remedy)
        names = {link.resolve(): str(link) for link in (self._root / BY_ID).glob("*-event-kbd")}
        for path in sorted(paths):
            place = names.get(Path(path).resolve(), path)
            yield from _uses(evdev, path, place)


def _uses(evdev: EvdevStack, path: str, place: str) -> Iterable[Found]:
    try:
        device = evdev.InputDevice(path)
    except OSError:
        return
    try:
        name, types, lights = device.name, _types(device), EV_LED in device.capabilities()
    finally:
        device.close()
    # a by-id path stays; the number of an event device does not, but the name does
    options: dict[str, Option] = {"port": place if place != path else name}
    said = SCANNER.search(name) or MAGNETIC.search(name) or READER.search(name)
    if not types or (lights and not said):
        return
    scans = SCANNER.search(name) is not None
    if scans or not said:
        note = "" if said else UNSURE
        yield Found("barcode_scanner", "keyboard", options, place, name, scans, note)
    if not scans:
        number = "magnetic" if MAGNETIC.search(name) else "decimal"
        note = COMPARE if said else UNSURE
        reads = {**options, "number": number}
        yield Found("card_reader", "keyboard", reads, place, name, said is not None, note)


def _types(device: InputDevice) -> bool:
    return set(device.capabilities().get(EV_KEY, ())) >= DIGITS
