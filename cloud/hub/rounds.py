"""What the writer gathers for one block, within the limits that nodes are told of."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cloud.hub.builder import Batch, Proposal
from cloud.hub.grants import GrantCase
from sync_protocol.hub_session import HubSession
from sync_protocol.session_events import BatchQuarantined

BATCH_OPS_MAX = 500
BATCH_BYTES_MAX = 128 * 1024
"""What WELCOME tells a node."""
ROUND_OPS_MAX = 2000
"""Ops of nodes in one block: with a case for each it stays below `blocks.BLOCK_OPS_MAX`."""
BLOCK_BODY_BYTES_MAX = 512 * 1024
"""Bodies of one block: pictures do not shrink, and they must fit `frames.FRAME_BYTES_MAX` with
`ROUND_OPS_MAX` headers, annotations and cases. Ops of money stay below it."""


@dataclass(slots=True)
class Round:
    """What one block is made of, and what is sent after it."""

    batches: list[tuple[HubSession, Batch]] = field(default_factory=list)
    grants: list[tuple[HubSession, GrantCase, Proposal]] = field(default_factory=list)
    calls: list[tuple[Proposal, Callable[[Proposal], None]]] = field(default_factory=list)
    quarantined: list[tuple[int, BatchQuarantined]] = field(default_factory=list)
    ops: int = 0
    body_bytes: int = 0
