"""Follows the hub's log: verified blocks in order, each once, and gaps asked for.

Blocks come over a broadcast that may lose, double and reorder them, and from HTTP repairs. What
comes early is kept a while; what is missing is wanted after a short random pause, so that boxes
behind one broker do not all ask at once. What was missing before the line was up never comes by
itself and is wanted at once: lines come up each at its time. Numbers and hashes go on over
generations.
"""

from sync_protocol.blocks import ChainHeads, block_signing_bytes, blocks_from_rows
from sync_protocol.errors import ChainError, ProtocolError, SignatureError
from sync_protocol.frames import unpack_frame
from sync_protocol.messages import Blocks
from sync_protocol.session_events import (
    BlocksReceived,
    BlocksRefused,
    BlocksWanted,
    Cursor,
    Event,
    GenerationChanged,
    MessageIgnored,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

OTHER_LOG = "other_log"
"""Refused: a later generation does not go on behind our cursor, so that ours was left behind."""
EARLY_MAX = 32
"""Ranges kept that came before their turn; 1 MiB each at most."""
UNAPPLIED_OPS_MAX = 50000
"""Positions handed over and not yet applied; beyond it ranges are dropped and fetched later."""
GAP_PAUSE_MS = 300
"""Within this time a broker delivers what only came out of order."""
GAP_JITTER_MS = 700
REPAIR_MS = 5000
"""A repair that brought nothing for so long is asked for again, then after twice this, ..."""
REPAIR_MS_MAX = 240000


class BlockFollower:
    """The node's side of the log.

    `cursor` is what was verified and handed over, `applied` what the host committed. `heads` are
    those of every author at `cursor`. `verify(signature, data)` checks against the hub's key.
    """

    def __init__(
        self,
        chain: str,
        cursor: Cursor,
        heads: ChainHeads,
        verify: "Callable[[bytes, bytes], bool]",
        random_below: "Callable[[int], int]",
    ) -> None:
        self.chain = chain
        self.cursor = cursor
        self.applied = cursor
        self.heads = heads
        self.head_number = cursor.block_number
        self._verify = verify
        self._random_below = random_below
        self._early: list[Blocks] = []
        self._repair_at_ms: "int | None" = None
        self._repairs = 0
        self._announced_generation = cursor.generation

    def is_behind(self) -> bool:
        """Say whether the hub's log is known to go further than `cursor`."""
        return self.head_number > self.cursor.block_number

    def head_known(self, generation: int, block_number: int, now_ms: int) -> "list[Event]":
        """Note where the hub says, signed, that its log ends: it corrects what a range claimed."""
        if generation > self._announced_generation:
            self._announced_generation = generation
            return [GenerationChanged(generation)]
        if generation >= self.cursor.generation:
            self.head_number = self.cursor.block_number
            self._note_head(block_number, now_ms)
        return []

    def welcomed(self, generation: int, block_number: int, now_ms: int) -> "list[Event]":
        """Note where the log ended as the hub welcomed us; ask for what was broadcast before."""
        events = self.head_known(generation, block_number, now_ms)
        if events or not self.is_behind():
            return events
        self._repairs = 0
        self._repair_at_ms = now_ms
        return self.tick(now_ms)

    def receive(self, message: Blocks, now_ms: int, is_repair: bool) -> "list[Event]":
        """Take a range of blocks, broadcast or fetched."""
        cursor = self.cursor
        if message.generation > self._announced_generation:
            return [MessageIgnored("blocks_unannounced")]  # the hub's next HEAD says so, signed
        if message.generation < cursor.generation or message.stream != cursor.stream:
            return [MessageIgnored("blocks_of_other_log")]
        self._note_head(message.last_number(), now_ms)
        if message.last_number() <= cursor.block_number:
            return [MessageIgnored("blocks_known")]
        if cursor.position - self.applied.position > UNAPPLIED_OPS_MAX:
            return [MessageIgnored("blocks_unapplied")]
        if message.first_number > cursor.block_number + 1:
            self._keep_early(message)
            return []
        events = self._take(message)
        while self._early and self._early[0].first_number <= self.cursor.block_number + 1:
            early = self._early.pop(0)
            if early.last_number() > self.cursor.block_number:
                events = events + self._take(early)
        if not self.is_behind():
            self._repair_at_ms = None
            self._repairs = 0
        elif is_repair and self.cursor is not cursor:
            self._repairs = 0
            self._repair_at_ms = now_ms
            events = events + self.tick(now_ms)
        return events

    def blocks_applied(self, cursor: Cursor, now_ms: int) -> None:
        """Note what the host committed."""
        self.applied = cursor
        if self.is_behind() and self._repair_at_ms is None:
            self._plan_repair(now_ms)

    def tick(self, now_ms: int) -> "list[Event]":
        """Ask for what is missing when its time has come."""
        if self._repair_at_ms is None or now_ms < self._repair_at_ms:
            return []
        if self.cursor.position - self.applied.position > UNAPPLIED_OPS_MAX:
            self._repair_at_ms = None  # planned again when the host has applied
            return []
        wait_ms = min(REPAIR_MS << min(self._repairs, 8), REPAIR_MS_MAX)
        self._repairs += 1
        self._repair_at_ms = now_ms + wait_ms + self._random_below(wait_ms)
        last = self._early[0].first_number - 1 if self._early else self.head_number
        return [BlocksWanted(self.cursor.generation, self.cursor.block_number + 1, last)]

    def _note_head(self, block_number: int, now_ms: int) -> None:
        self.head_number = max(self.head_number, block_number)
        if self.is_behind() and self._repair_at_ms is None:
            self._plan_repair(now_ms)

    def _plan_repair(self, now_ms: int) -> None:
        self._repair_at_ms = now_ms + GAP_PAUSE_MS + self._random_below(GAP_JITTER_MS)

    def _keep_early(self, message: Blocks) -> None:
        index = 0
        while index < len(self._early) and (self._early[index].first_number < message.first_number):
            index += 1
        self._early.insert(index, message)
        if len(self._early) > EARLY_MAX:
            self._early.pop()

    def _take(self, message: Blocks) -> "list[Event]":
        """Verify what of the range is new and move the cursor behind it."""
        cursor = self.cursor
        known = cursor.block_number + 1 - message.first_number
        try:
            if not known and message.previous_hash != cursor.block_hash:
                other = message.generation > cursor.generation
                code = OTHER_LOG if other else "previous_hash"
                raise ChainError(code, str(message.first_number))
            rows = unpack_frame(message.frame)
            heads = ChainHeads(self.chain, self.heads.heads)
            blocks = blocks_from_rows(
                message.generation,
                cursor.stream,
                cursor.block_number + 1,
                cursor.position + 1,
                cursor.block_hash,
                message.counts[known:],
                rows[sum(message.counts[:known]) :],
                heads,
            )
            last = blocks[-1]
            if not self._verify(message.signature, block_signing_bytes(self.chain, last.hash)):
                raise SignatureError("signature", str(last.number))
        except ProtocolError as error:
            return [BlocksRefused(error.code, error.detail)]
        self.heads = heads
        self.cursor = Cursor(
            message.generation, cursor.stream, last.last_position(), last.number, last.hash
        )
        return [BlocksReceived(blocks, self.cursor, message.signature)]
