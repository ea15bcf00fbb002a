"""What a finder tells: devices that are attached, and why a stack could not be looked at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

Option = str | int | bool


@dataclass(frozen=True, slots=True)
class Found:
    """A device, as what it may be used: `kind`, `driver` and `options` of its table.

    `place` is where it is attached: of uses that exclude each other it is the same. `label` is
    what it calls itself. Not `sure`: nothing says that it is this, a person must. `note` says in
    a few words what the person has to know or to do first, and may be empty.
    """

    kind: str
    driver: str
    options: Mapping[str, Option]
    place: str
    label: str
    sure: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why devices of a stack cannot be found or used; `remedy` is the next command to type."""

    stack: str
    found: str
    remedy: str


class Finder(Protocol):
    """Looks at one stack."""

    @property
    def stack(self) -> str:
        """Its name, as people know it."""

    def look(self) -> Iterable[Found | Trouble]:
        """All that is attached now. Blocks for a second at most, unless more was asked for.

        Raises DeviceConfigurationError if the stack cannot be used here.
        """
