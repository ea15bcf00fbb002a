"""Finds card readers that pcscd cannot have: kernel drivers take an ACR122U before it.

The ACR122U's NFC chip is a PN533, for which Linux has a driver of its own (pn533_usb). It claims
the reader when it is plugged in, and pcscd then lists none.
"""

from collections.abc import Iterable
from pathlib import Path

from edge.discovery.found import Found, Trouble

CLAIMANTS = ("pn533_usb",)
REMEDY = (
    "echo 'blacklist pn533_usb' | sudo tee /etc/modprobe.d/cafebox-readers.conf;"
    " sudo modprobe -r pn533_usb; sudo systemctl restart pcscd"
)


class UsbClaims:
    """See the module."""

    stack = "usb"

    def __init__(self, root: Path = Path("/")) -> None:
        """`root` is what the folder `sys` is in."""
        self._root = root

    def look(self) -> Iterable[Found | Trouble]:
        """Only troubles: a reader that is free is the PC/SC finder's."""
        for claimant in CLAIMANTS:
            folder = self._root / "sys/bus/usb/drivers" / claimant
            if any(":" in interface.name for interface in folder.glob("*")):
                found = f"the kernel's {claimant} holds a card reader, and pcscd cannot have it"
                yield Trouble(self.stack, found, REMEDY)
