"""How much of each fault a run injects: all of it, or the small tier that `make test` runs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Counts; `every_...`: each so many-th boundary is taken."""

    every_boundary: int = 1
    every_failure: int = 1
    broker_kills: int = 100
    hub_kills: int = 100
    hub_failures: int = 6
    hub_restores: int = 20
    bit_flips: int = 1_000
    backlog_ops: int = 10_000
    reader_faults: int = 30
    printer_faults: int = 30
    drill_commits: int = 1_000


WHOLE = Scale()
SMALL = Scale(
    every_boundary=23,
    every_failure=23,
    broker_kills=3,
    hub_kills=3,
    hub_failures=1,
    hub_restores=1,
    bit_flips=12,
    backlog_ops=500,
    reader_faults=1,
    printer_faults=2,
    drill_commits=60,
)
