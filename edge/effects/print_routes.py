"""Which printer prints which slips, and which stands in for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edge.effects.slips import SLIPS
from edge.receipt import Receipt, SlipGroup


class Printer(Protocol):
    """What the queue needs of a printer (`edge.drivers.contract.ReceiptPrinter`)."""

    name: str
    slips: frozenset[str]
    stands_in_for: frozenset[str]

    async def print_receipt(self, receipt: Receipt, *, copy: bool = False) -> None:
        """Print and return once the printer confirmed it. Raises `DeviceError`."""

    async def kick_drawer(self) -> None:
        """Open the drawer that hangs on it. Raises `DeviceError`."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Slips, by their names, and who prints them: their own printer, then those that stand in."""

    slips: tuple[str, ...]
    printers: tuple[Printer, ...]


def lanes_of(printers: Sequence[Printer]) -> tuple[Lane, ...]:
    """Every slip in exactly one lane, so that no two printers take one job; none without printers.

    A group of slips goes to the first printer that names it, else to the first that names none,
    else to the first: what nobody was told to print is not lost.
    """
    if not printers:
        return ()
    slips: dict[tuple[Printer, ...], list[str]] = {}
    for name, slip in SLIPS.items():
        slips.setdefault(printers_of(slip.group, printers), []).append(name)
    return tuple(Lane(tuple(names), printing) for printing, names in slips.items())


def printers_of(group: SlipGroup, printers: Sequence[Printer]) -> tuple[Printer, ...]:
    """Who prints a group, and who does while that one cannot; `printers` is not empty."""
    naming = [printer for printer in printers if group in printer.slips]
    naming_none = [printer for printer in printers if not printer.slips]
    own = [*naming, *naming_none, printers[0]][0]
    standing_in = [one for one in printers if group in one.stands_in_for and one is not own]
    return (own, *standing_in)
