"""Asks all finders at once: what is attached, and what keeps the rest from being seen."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from edge.discovery.found import Finder, Found, Trouble
from edge.discovery.pcsc_readers import PcscReaders
from edge.discovery.serial_ports import SerialPorts
from edge.drivers.errors import DeviceConfigurationError
from edge.drivers.stacks import Stacks


@dataclass(frozen=True, slots=True)
class Survey:
    """What the finders told, in their order."""

    found: tuple[Found, ...]
    troubles: tuple[Trouble, ...]


def finders_of(stacks: Stacks) -> tuple[Finder, ...]:
    """The finders of this machine."""
    return (PcscReaders(stacks), SerialPorts())


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
