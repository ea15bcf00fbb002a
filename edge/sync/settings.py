"""What the sync is told at its start, whom it tells, and what it says of the line."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from edge.store.apply import Applied
from edge.sync.mqtt_transport import BrokerLogin
from sync_protocol.messages import Recall


class SyncState(StrEnum):
    """What a person is told of the line."""

    DOWN = "down"
    UP = "up"
    FENCED = "fenced"
    """The hub takes no more ops of this epoch; blocks still come."""
    STOPPED = "stopped"
    """The store and the hub contradict each other; a person must look."""


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """Where the hub is and what this box calls itself."""

    login: BrokerLogin
    software: str
    hardware: bytes
    snapshot_path: Path
    """Where a snapshot is downloaded to; kept over restarts, so that a download goes on."""


@dataclass(frozen=True, slots=True)
class SyncHandlers:
    """Who is told, on the loop: `recalled` releases rights that the hub asks back, `applied` hears
    of every range that changed the store, `line_changed` of the line's ups and downs."""

    recalled: Callable[[Recall], Awaitable[None]]
    applied: Callable[[Applied], None]
    line_changed: Callable[[], None]
