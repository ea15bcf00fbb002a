"""Who this box is and what it is handed from outside: identity, clocks, randomness."""

from collections.abc import Callable
from dataclasses import dataclass

from sync_protocol.ops import TRUST_NONE


@dataclass(frozen=True, slots=True)
class Identity:
    """The incarnation in whose name this store writes.

    `chain` names the chain of cafes, `node` and `epoch` this box and its incarnation as the hub
    gave them at enrolment, `cafe` the cafe whose books it keeps.
    """

    chain: str
    node: int
    epoch: int
    cafe: int


@dataclass(frozen=True, slots=True)
class Clock:
    """The machine's clocks.

    `wall_ms` returns milliseconds since 1970, `monotonic_ms` milliseconds that never step;
    `boot_id` (8 to 16 bytes) names the stretch over which `monotonic_ms` counts; `trust` is one of
    `sync_protocol.ops.TRUST_*` at the start.
    """

    wall_ms: Callable[[], int]
    monotonic_ms: Callable[[], int]
    boot_id: bytes
    trust: int = TRUST_NONE


@dataclass(frozen=True, slots=True)
class ClockReading:
    """Both clocks at one moment: in the boot `boot_id`, with `trust` in the wall clock."""

    boot_id: bytes
    wall_ms: int
    monotonic_ms: int
    trust: int


RandomBytes = Callable[[int], bytes]
"""Returns that many unpredictable bytes, as `secrets.token_bytes` does."""
