"""Finds card readers that speak PC/SC, by the daemon's own list."""

import re
from collections.abc import Iterable

from edge.discovery.found import Found, Trouble
from edge.drivers.errors import HINTS, Reason
from edge.drivers.stacks import Stacks
from edge.drivers.winscard import (
    NO_READERS_AVAILABLE,
    SCOPE_USER,
    SECURITY_VIOLATION,
    SUCCESS,
    code_of,
)

COUNTED = re.compile(r" [0-9A-F]{2} [0-9A-F]{2}$")
"""What pcscd appends to a reader's name: which of its like, and which slot. It changes with the
order of plugging."""
SAM = re.compile(r"\bSAM\b")
"""A slot inside the reader, where no customer lays a card."""


AS_THE_BOX = "Ask as the user that the box runs as: sudo -u cafebox"
WITH_LAMP = "ACR122"
LAMP = "its light and buzzer, which then tell how a tap ended"


class PcscReaders:
    """See the module."""

    stack = "pcsc"

    def __init__(self, stacks: Stacks) -> None:
        self._stacks = stacks

    def look(self) -> Iterable[Found | Trouble]:
        """One `Found` for all readers that are called alike: one driver watches them all."""
        pcsc = self._stacks.pcsc
        result, context = pcsc.SCardEstablishContext(SCOPE_USER)
        if code_of(result) == SECURITY_VIOLATION:
            return [Trouble(self.stack, "pcscd does not let this user in", AS_THE_BOX)]
        if code_of(result) != SUCCESS:
            return [_no_daemon()]
        try:
            result, names = pcsc.SCardListReaders(context, [])
        finally:
            pcsc.SCardReleaseContext(context)
        if code_of(result) not in {SUCCESS, NO_READERS_AVAILABLE}:
            return [_no_daemon()]
        return list(_found(names or []))


def _found(names: Iterable[str]) -> Iterable[Found]:
    alike: dict[str, list[str]] = {}
    for name in names:
        if not SAM.search(name):
            alike.setdefault(COUNTED.sub("", name), []).append(name)
    for base, readers in alike.items():
        note = f"{len(readers)} readers are called so; this table watches them all"
        options = {"port": f"{base}*"}
        several = len(readers) > 1
        yield Found("card_reader", "pcsc", options, base, base, note=note if several else "")
        if WITH_LAMP in base:
            yield Found("feedback", "pcsc", options, f"{base} (light)", base, note=LAMP)


def _no_daemon() -> Trouble:
    return Trouble(PcscReaders.stack, "pcscd does not answer", HINTS[Reason.NO_DAEMON])
