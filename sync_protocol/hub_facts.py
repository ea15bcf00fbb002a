"""What the hub's host tells a session with a node: its limits, the node's facts, the log's end."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW = 16
"""Batches of one node that may be on their way."""


class HubLimits:
    """What the hub takes of a node: ops and bytes of one batch, batches in flight."""

    __slots__ = ("ops_max", "bytes_max", "window")

    def __init__(self, ops_max: int, bytes_max: int, window: int = WINDOW) -> None:
        self.ops_max = ops_max
        self.bytes_max = bytes_max
        self.window = window


class NodeFacts:
    """What the hub knows of a node when it greets.

    `epoch` is the current one, `watermark` and `hash` its last committed op (0 and the genesis
    hash before the first), `hash_at_acked` the hash of op `hello.acked_seq`, None if the hub has
    no such op. `verify(signature, data)` checks against the node's key.
    """

    __slots__ = ("epoch", "watermark", "hash", "hash_at_acked", "verify")

    def __init__(
        self,
        epoch: int,
        watermark: int,
        hash: bytes,
        hash_at_acked: "bytes | None",
        verify: "Callable[[bytes, bytes], bool]",
    ) -> None:
        self.epoch = epoch
        self.watermark = watermark
        self.hash = hash
        self.hash_at_acked = hash_at_acked
        self.verify = verify


class LogHead:
    """Where the hub's log ends, and the last block that its backup holds."""

    __slots__ = ("generation", "stream", "position", "block_number", "backup_number")

    def __init__(
        self, generation: int, stream: int, position: int, block_number: int, backup_number: int
    ) -> None:
        self.generation = generation
        self.stream = stream
        self.position = position
        self.block_number = block_number
        self.backup_number = backup_number
