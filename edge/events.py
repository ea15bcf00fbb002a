"""What devices tell the box: past-tense facts, the only part of the edge that drivers know.

Every event carries the monotonic clock of the thread that saw it (`at_monotonic_ns`), so that
the way from the pin or the card to the commit can be measured. None carries a wall-clock time:
that is the sync protocol's business.
"""

from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum

from edge.door_frames import Step, Totals


class DeviceState(StrEnum):
    """Whether a device does its work now."""

    OK = "ok"
    DEGRADED = "degraded"
    """It is there, but needs a person: paper low, paper out, cover open, a bouncing sensor."""
    ABSENT = "absent"
    """Nobody answers: unplugged, switched off, its daemon is down, not opened yet."""


class Direction(StrEnum):
    """Which way a person went through a door."""

    IN = "in"
    OUT = "out"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CardTapped:
    """A card came onto a reader and told its UID (4 to 10 bytes)."""

    reader: str
    uid: bytes
    at_monotonic_ns: int


@dataclass(frozen=True, slots=True)
class CardRemoved:
    """The card that was on a reader is gone."""

    reader: str
    at_monotonic_ns: int


@dataclass(frozen=True, slots=True)
class CardUnread:
    """A card came onto a reader and its UID could not be read; `reason` is a reason code."""

    reader: str
    reason: str
    at_monotonic_ns: int


@dataclass(frozen=True, slots=True)
class BarcodeScanned:
    """A scanner read a code: 1 to 256 printable characters."""

    scanner: str
    text: str
    at_monotonic_ns: int


@dataclass(frozen=True, slots=True)
class DoorCrossed:
    """A person went through a door."""

    door: str
    direction: Direction
    at_monotonic_ns: int


@dataclass(frozen=True, slots=True)
class ExitPressed:
    """Somebody inside pressed a door's exit button, and the relay is drawn."""

    door: str
    at_monotonic_ns: int


@dataclass(frozen=True, slots=True)
class PowerFailed:
    """The mains failed, or has failed already where the input is first seen."""

    device: str
    at_monotonic_ns: int


@dataclass(frozen=True, slots=True)
class PowerReturned:
    """The mains is back and steady."""

    device: str
    at_monotonic_ns: int


@dataclass(frozen=True, slots=True)
class DoorCommitted:
    """The box has counted a node's crossings up to `held`; `wall_ms` is its clock (UTC)."""

    held: Totals
    wall_ms: int


@dataclass(frozen=True, slots=True)
class DoorReported:
    """A door node told its totals since `known`, which it has an answer for.

    The one event that is answered: `committed` is set when the counts are committed, cancelled
    when they cannot be.
    """

    door: str
    node: bytes
    known: Totals
    steps: tuple[Step, ...]
    committed: "Future[DoorCommitted]"
    at_monotonic_ns: int


@dataclass(frozen=True, slots=True)
class DrawerMoved:
    """The cash drawer on a printer was opened or shut, or is first seen as it stands."""

    printer: str
    is_open: bool
    at_monotonic_ns: int


@dataclass(frozen=True, slots=True)
class DeviceStateChanged:
    """A device's state or its reason became another one.

    `reason` is a code of `edge.drivers.errors.Reason`, empty when the state is ok. `hint` says
    what a person does about it.
    """

    device: str
    kind: str
    state: DeviceState
    reason: str
    hint: str
    at_monotonic_ns: int


DeviceEvent = (
    CardTapped
    | CardRemoved
    | CardUnread
    | BarcodeScanned
    | DoorCrossed
    | ExitPressed
    | PowerFailed
    | PowerReturned
    | DoorReported
    | DrawerMoved
    | DeviceStateChanged
)
