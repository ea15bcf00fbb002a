"""Machines of three releases in one chain: which kinds of record each of them knows.

The table of kinds is the process's own, and all machines of a run share one process: before a
machine does anything, the table is made what its release knows. The later kinds are of this file
alone; no desk knows them, and people write them as documents.
"""

from typing import TYPE_CHECKING

from sync_protocol.kinds import ANY_CAFE, CHAIN, INT, KINDS, REGISTER, TEXT, Field, Kind

if TYPE_CHECKING:
    from tests.sim.box import Box
    from tests.sim.faults import Faults
    from tests.sim.hub import Hub

NEWER = 900
NEWEST = 901
LATER_KINDS = {NEWER: "newer", NEWEST: "newest"}
OLD, CURRENT, NEW = 0, 1, 2
"""Releases: N-1 knows neither of the later kinds, N the first, N+1 both."""

_FIELDS = (Field("text", TEXT), Field("count", INT))
_TABLE = {
    code: Kind(code, name, REGISTER, _FIELDS, ANY_CAFE, CHAIN, False, 30)
    for code, name in LATER_KINDS.items()
}


class Versions:
    """What the shared table shows now."""

    def __init__(self) -> None:
        self._shown = OLD

    def show(self, release: int) -> None:
        """Make the table that of a release."""
        if release == self._shown:
            return
        self._shown = release
        for number, code in enumerate(LATER_KINDS, 1):
            if release >= number:
                KINDS[code] = _TABLE[code]
            else:
                KINDS.pop(code, None)

    def close(self) -> None:
        """Leave the table as the product has it."""
        self.show(OLD)


def update(machine: "Box | Hub", faults: "Faults") -> None:
    """Start a machine anew on the newest release; what it had parked or deferred is counted."""
    waiting = machine.waiting_ops()
    machine.release = NEW
    if machine.is_up:
        for _ in range(waiting):
            faults.took_effect("mixed_versions")
        machine.shut_down()
        machine.boot()
