"""Finds USB printers by the kernel's usblp: /dev/usb/lp0 and its like."""

from collections.abc import Iterable
from pathlib import Path

from edge.discovery.found import Found, Trouble

PORTS = "dev/usb"
NAMED = "dev/cafebox/printer-*"
"""Names that stay when printers change places (`71-cafebox-printers.rules`)."""
CLASS = "sys/class/usbmisc"
ID = "device/ieee1284_id"


class UsbPrinters:
    """See the module."""

    stack = "usb"

    def __init__(self, root: Path = Path("/")) -> None:
        """`root` is what the folders `dev` and `sys` are in."""
        self._root = root

    def look(self) -> Iterable[Found | Trouble]:
        """Every printer that the kernel has given a port."""
        named = {link.resolve(): link for link in self._root.glob(NAMED)}
        for port in sorted((self._root / PORTS).glob("lp*")):
            place = str(named.get(port.resolve(), port))
            label = self._label(port.name) or place
            yield Found("receipt_printer", "usb", {"port": place}, place, label)

    def _label(self, port: str) -> str:
        """Maker and model of the printer's IEEE 1284 device id: `MFG:EPSON;MDL:TM-T20;...`."""
        try:
            text = (self._root / CLASS / port / ID).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        fields = dict(part.split(":", 1) for part in text.split(";") if ":" in part)
        names = {name.strip().upper(): value.strip() for name, value in fields.items()}
        maker = names.get("MFG") or names.get("MANUFACTURER") or ""
        model = names.get("MDL") or names.get("MODEL") or ""
        return f"{maker} {model}".strip()
