"""Finds the Pi's pins. What is wired to them no software can tell: a person must say.

A chip tells its name to GPIO_GET_CHIPINFO_IOCTL (linux/gpio.h): 32 bytes of name, 32 of label,
and the number of its lines.
"""

import contextlib
import os
import struct
from collections.abc import Callable, Iterable, Mapping
from fcntl import ioctl
from pathlib import Path

from edge.discovery.found import Found, Option, Trouble
from edge.drivers.stacks import Stacks

GET_CHIP_INFO = 0x8044B401
CHIP_INFO = struct.Struct("32s32sI")
PI_LABELS = ("pinctrl-bcm", "pinctrl-rp1")
"""The header of a Pi 1 to 4, and of a Pi 5; other chips are the board's own, or expanders."""

USES: Mapping[tuple[str, str], tuple[Mapping[str, Option], str]] = {
    ("door_relay", "gpio"): ({"pin": 17}, "if the door's relay hangs on it"),
    ("door_counter", "gpio"): ({"pin": 27}, "if a light beam or a door contact hangs on it"),
    ("card_reader", "wiegand"): ({"pin_d0": 5, "pin_d1": 6}, "if a Wiegand reader hangs on it"),
    ("power_input", "gpio"): ({"pin": 22}, "if a UPS or a mains sensor hangs on it"),
}
"""What may hang on pins: examples, with the pins that our wiring plan has."""


class GpioChips:
    """See the module."""

    stack = "gpio"

    def __init__(
        self,
        stacks: Stacks,
        root: Path = Path("/"),
        label_of: "Callable[[Path], str] | None" = None,
    ) -> None:
        """`root` is what the folder `dev` is in; `label_of` asks a chip for its label."""
        self._stacks = stacks
        self._root = root
        self._label_of = label_of or chip_label

    def look(self) -> Iterable[Found | Trouble]:
        """Uses of the Pi's header, none of them sure; nothing on a machine without one."""
        for chip in sorted((self._root / "dev").glob("gpiochip*")):
            try:
                label = self._label_of(chip)
            except PermissionError:
                remedy = "Let the box use the pins: usermod -aG gpio cafebox"
                yield Trouble(self.stack, f"{chip} may not be opened", remedy)
                return
            except OSError:
                continue  # an expander that was just pulled out
            if label.startswith(PI_LABELS):
                _ = self._stacks.gpio  # raises where the pins cannot be driven
                for (kind, driver), (options, note) in USES.items():
                    yield Found(kind, driver, options, str(chip), label, sure=False, note=note)
                return


def chip_label(chip: Path) -> str:
    """What a chip calls itself. Raises OSError."""
    handle = os.open(chip, os.O_RDONLY | os.O_CLOEXEC)
    with contextlib.closing(os.fdopen(handle, "rb", buffering=0)) as opened:
        answer = ioctl(opened, GET_CHIP_INFO, bytes(CHIP_INFO.size))
    _name, label, _lines = CHIP_INFO.unpack(answer)
    return bytes(label).split(b"\0", 1)[0].decode("ascii", "replace")
