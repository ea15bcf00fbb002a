"""Asks all finders at once: what is attached, and what keeps the rest from being seen."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.discovery.door_nodes import DoorNodes
from edge.discovery.found import Finder, Found, Trouble
from edge.discovery.gpio_chips import GpioChips
from edge.discovery.input_devices import InputDevices
from edge.discovery.pcsc_readers import PcscReaders
from edge.discovery.serial_ports import SerialPorts
from edge.discovery.usb_claims import UsbClaims
from edge.discovery.usb_printers import UsbPrinters
from edge.drivers.errors import DeviceConfigurationError
from edge.drivers.stacks import Stacks


@dataclass(frozen=True, slots=True)
class Survey:
    """What the finders told, in their order."""

    found: tuple[Found, ...]
    troubles: tuple[Trouble, ...]


def finders_of(
    stacks: Stacks, root: Path = Path("/"), *, probe: bool = False, listen_s: float = 0.0
) -> tuple[Finder, ...]:
    """The finders of this machine, whose `dev` and `sys` are in `root`.

    `probe` opens serial ports and asks what hangs on them; `listen_s` is how long to hear door
    nodes on the network. Without either nothing is disturbed, and all is told within a second.
    """
    finders: tuple[Finder, ...] = (
        PcscReaders(stacks),
        UsbClaims(root),
        SerialPorts(root, probe=probe),
        UsbPrinters(root),
        InputDevices(stacks, root),
        GpioChips(stacks, root),
    )
    return (*finders, DoorNodes(listen_s)) if listen_s else finders


async def survey(finders: Sequence[Finder]) -> Survey:
    """Look everywhere; a stack that cannot be used here is a trouble, and stops no other."""
    looks = await asyncio.gather(*(asyncio.to_thread(_look, finder) for finder in finders))
    told = [one for look in looks for one in look]
    return Survey(
        tuple(one for one in told if isinstance(one, Found)),
        tuple(one for one in told if isinstance(one, Trouble)),
    )


def _look(finder: Finder) -> list[Found | Trouble]:
    try:
        return list(finder.look())
    except DeviceConfigurationError as error:
        return [Trouble(finder.stack, error.reason, error.hint)]
