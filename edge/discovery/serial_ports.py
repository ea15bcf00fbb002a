"""Finds serial ports, and guesses by the USB maker what hangs on each.

A port does not say what is behind it. Where the maker does not tell either, every use that the
box has for it is told, none of them sure; a probe asks what answers (`serial_probe`).
"""

import importlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol, cast

from edge.discovery.found import Found, Option, Trouble
from edge.drivers.errors import HINTS, DeviceConfigurationError, Reason

NAMED = ("dev/cafebox", "dev/serial/by-id")
"""Folders of names that stay when devices change places, the better ones first."""
NOT_SERIAL = "printer-"
"""What USB printers are called in the first of them (`usb_printers`)."""
KEY_FILE = "/etc/cafebox/door.key"

BOARDS = {0x2E8A: "Raspberry Pi Pico", 0x303A: "ESP32"}
"""USB makers of door nodes."""
PRINTERS = {0x04B8: "Epson", 0x0519: "Star", 0x1504: "Bixolon", 0x154F: "SNBC", 0x0DD4: "Custom"}
"""USB makers of receipt printers (linux-usb.org/usb.ids)."""

USES: Mapping[tuple[str, str], Mapping[str, Option]] = {
    ("card_reader", "rdm6300"): {},
    ("receipt_printer", "serial"): {},
    ("customer_display", "serial"): {},
    ("door_counter", "serial"): {"key_file": KEY_FILE},
}
"""What may hang on a serial port, and the options that its table cannot be without."""
NOTES = {
    "card_reader": "if a reader for 125 kHz tags hangs on it",
    "receipt_printer": "if a receipt printer hangs on it; `baud` as on its self-test page",
    "customer_display": "if a customer's display hangs on it; `baud` as in its manual",
    "door_counter": "if a door node hangs on it; its key: openssl rand -hex 32",
}


class Port(Protocol):
    """What pyserial's list_ports tells of a port."""

    device: str
    description: str
    vid: int | None


def system_ports() -> Iterable[Port]:
    """What pyserial finds on this machine. Raises DeviceConfigurationError without pyserial."""
    try:
        module = importlib.import_module("serial.tools.list_ports")
    except ModuleNotFoundError as error:
        raise DeviceConfigurationError(
            "serial", "pyserial is not installed", "Run: pip install 'cafebox[hardware]'"
        ) from error
    return cast("Iterable[Port]", module.comports())


class SerialPorts:
    """See the module."""

    stack = "serial"

    def __init__(
        self,
        root: Path = Path("/"),
        comports: Callable[[], Iterable[Port]] = system_ports,
        *,
        probe: bool = False,
    ) -> None:
        """`root` is what the folder `dev` is in; `probe`: open each port and ask."""
        self._root = root
        self._comports = comports
        self._probe = probe

    def look(self) -> Iterable[Found | Trouble]:
        """Every port once, by the best name that it has."""
        ports = {Path(port.device).resolve(): port for port in self._comports()}
        named = self._names()
        for device in sorted({*ports, *named}):
            port = ports.get(device)
            place = named.get(device, str(device))
            label = port.description if port and port.description != "n/a" else place
            uses = _uses(place, label, port.vid if port else None)
            yield from _asked(place, label, list(uses)) if self._probe else uses

    def _names(self) -> dict[Path, str]:
        names: dict[Path, str] = {}
        for folder in NAMED:
            for link in sorted((self._root / folder).glob("*")):
                if not link.name.startswith(NOT_SERIAL):
                    names.setdefault(link.resolve(), str(link))
        return names


def _uses(place: str, label: str, maker: int | None) -> Iterable[Found]:
    kinds = [kind for kind, _driver in USES]
    if maker in BOARDS:
        kinds, label = ["door_counter"], f"{label} ({BOARDS[maker]})"
    elif maker in PRINTERS:
        kinds, label = ["receipt_printer"], f"{label} ({PRINTERS[maker]})"
    for (kind, driver), options in USES.items():
        if kind in kinds:
            known = {"port": place, **options}
            sure = len(kinds) == 1
            yield Found(kind, driver, known, place, label, sure, NOTES[kind])


def _asked(place: str, label: str, uses: Iterable[Found]) -> Iterable[Found | Trouble]:
    """What answered in place of what might; all uses where nobody did."""
    heard = importlib.import_module("edge.discovery.serial_probe").probe(place)
    if isinstance(heard, Reason):
        yield Trouble(SerialPorts.stack, f"{place} cannot be asked ({heard})", HINTS[heard])
    if heard is None or isinstance(heard, Reason):
        yield from uses
        return
    needed = USES[heard.kind, heard.driver]
    options = {"port": place, **needed, **heard.options}
    yield Found(heard.kind, heard.driver, options, place, label, note="it answered")
