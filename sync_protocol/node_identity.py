"""Who a node is towards the hub, and how it greets."""

from sync_protocol.frames import CODECS_READ
from sync_protocol.greetings import Hello
from sync_protocol.outbox import Outbox
from sync_protocol.session_events import Cursor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class NodeIdentity:
    """Who the node is: its names, and its signing function."""

    __slots__ = ("chain", "node", "epoch", "software", "hardware", "sign")

    def __init__(
        self,
        chain: str,
        node: int,
        epoch: int,
        software: str,
        hardware: bytes,
        sign: "Callable[[bytes], bytes]",
    ) -> None:
        self.chain = chain
        self.node = node
        self.epoch = epoch
        self.software = software
        self.hardware = hardware
        self.sign = sign

    def hello(
        self, session: int, outbox: Outbox, applied: Cursor, wall_ms: int, segment: int
    ) -> Hello:
        """Return the greeting, unsigned, of a node with this log that has applied so much."""
        return Hello(
            self.chain,
            self.node,
            self.epoch,
            session,
            outbox.seq,
            outbox.hash,
            outbox.acked_seq,
            outbox.acked_hash,
            applied.generation,
            applied.stream,
            applied.position,
            applied.block_number,
            applied.block_hash,
            CODECS_READ,
            wall_ms,
            segment,
            self.software,
            self.hardware,
        )
