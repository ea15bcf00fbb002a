"""Recovery of a hub whose database was put back from an older backup. See docs/adr.

The blocks that the backup has not are signed by the hub itself and stand at the boxes, which keep
everything beyond the announced backup. In recovery the hub takes them back, whole and as they were,
before it does anything else: no op, no grant, no enrolment, no claim. Once every enrolled node has
handed in what it has, or two people have excused it, the blocks are appended again verbatim, and a
new generation of the log begins behind them. Nothing is judged twice, so nothing acked is lost and
nothing is granted twice; boxes go on where they were.
"""

import logging
from dataclasses import dataclass

from cloud.domain.judge import CURRENT
from cloud.domain.refusals import Refusal, refusal
from cloud.hub.builder import BlockBuilder, Committed
from cloud.hub.keys import verifier
from cloud.store import returned
from cloud.store.database import Database
from sync_protocol.blocks import Block, ChainHeads, block_signing_bytes, blocks_from_rows
from sync_protocol.errors import ChainError, DecodeError, ProtocolError, SignatureError
from sync_protocol.frames import unpack_frame
from sync_protocol.http_api import RecoveryAnswer, RecoveryRequest
from sync_protocol.kinds import KINDS, NODE, field_index
from sync_protocol.messages import Blocks, unpack_message
from sync_protocol.registers import write_from_body
from sync_protocol.session_events import Cursor

logger = logging.getLogger(__name__)

SKIPPED_NODES = 1000
"""Node numbers that are not given again: the lost hub may have given them."""


@dataclass(slots=True)
class _HandBack:
    """How far one node has handed in, with the chains' heads at that block."""

    cursor: Cursor
    heads: ChainHeads


class Recovery:
    """The hub's recovery; every method runs on the writer's thread."""

    def __init__(self, builder: BlockBuilder) -> None:
        self._builder = builder
        self._database = builder.database
        self._verify = verifier(builder.authors[0, builder.head.generation].public_key)
        self._nodes: dict[int, _HandBack] = {}
        self.under_way = returned.is_recovering(self._database)

    def begin(self) -> None:
        """Enter recovery; nothing happens where it is under way."""
        if not self.under_way:
            logger.warning("recovery begins", extra={"block": self._builder.head.block_number})
            returned.begin(self._database, self._builder.head.block_number)
            self.under_way = True

    def answer(self, node: int) -> RecoveryAnswer:
        """Return what a box is told: how far the hub's log goes and what it wants next."""
        head = self._builder.head
        under_way = self.under_way
        wanted = self._handed_back(node).cursor.block_number + 1 if under_way else 0
        return RecoveryAnswer(under_way, head.generation, head.block_number, wanted)

    def take(self, node: int, request: RecoveryRequest) -> RecoveryAnswer | Refusal:
        """Take what a box hands in. Raises `ProtocolError`: nothing was changed.

        Blocks are signed by the hub, so that it does not matter who brings them. Some beyond the
        log's end show that the database is an older one: that begins a recovery too.
        """
        if request.blocks:
            fault = self._take_blocks(node, request.blocks)
            if fault is not None:
                return fault
        elif self.under_way and node:
            fault = self._report(node, request)
            if fault is not None:
                return fault
        return self.answer(node)

    def _handed_back(self, node: int) -> _HandBack:
        known = self._nodes.get(node)
        if known is None:
            head = self._builder.head
            cursor = Cursor(
                head.generation, head.stream, head.position, head.block_number, head.block_hash
            )
            heads = {
                place: (author.seq, author.hash) for place, author in self._builder.authors.items()
            }
            known = self._nodes[node] = _HandBack(
                cursor, ChainHeads(self._builder.head.chain, heads)
            )
        return known

    def _take_blocks(self, node: int, data: bytes) -> Refusal | None:
        message = unpack_message(data)
        if not isinstance(message, Blocks):
            raise DecodeError("message_type", "blocks")
        if not self.under_way:
            self._nodes.clear()  # the log may have grown since
        handed = self._handed_back(node)
        cursor = handed.cursor
        if message.first_number != cursor.block_number + 1:
            return None  # the answer says what is wanted
        if message.generation < cursor.generation or message.previous_hash != cursor.block_hash:
            return refusal("other_log")
        heads = ChainHeads(handed.heads.chain, handed.heads.heads)
        blocks = blocks_from_rows(
            message.generation,
            message.stream,
            message.first_number,
            cursor.position + 1,
            cursor.block_hash,
            message.counts,
            unpack_frame(message.frame),
            heads,
        )
        last = blocks[-1]
        signed = block_signing_bytes(heads.chain, last.hash)
        if not self._verify(message.signature, signed):
            raise SignatureError("signature", str(last.number))
        self.begin()
        with self._database.transaction():
            for block in blocks:
                if not returned.keep(self._database, block):
                    raise ChainError("other_log", str(block.number))
        handed.cursor = Cursor(
            last.generation, last.stream, last.last_position(), last.number, last.hash
        )
        handed.heads = heads
        return None

    def _report(self, node: int, request: RecoveryRequest) -> Refusal | None:
        """Note that a node has nothing more; what it says it has must be here."""
        head = self._builder.head
        if request.block_number > head.block_number:
            known = returned.hash_of(self._database, request.block_number)
        else:
            known = returned.logged_hash(self._database, request.block_number)
        if request.block_number and known != request.block_hash:
            return refusal("other_log")
        returned.note_report(self._database, node, request.block_number)
        return None

    def excuse(self, node: int, approvers: tuple[int, int]) -> Refusal | None:
        """Do without a node: what it alone had comes back, if ever, as a branch."""
        if node not in self.waited_for():
            return refusal("not_waited_for")
        returned.note_excuse(self._database, node, approvers)
        return None

    def key_of(self, node: int, epoch: int) -> bytes | None:
        """Return the key of a node that was enrolled after the backup, as handed-back ops say."""
        for number, (found_epoch, key, status) in self._enrolled_since().items():
            if (number, found_epoch) == (node, epoch) and status == "active":
                return key
        return None

    def waited_for(self) -> list[int]:
        """Return the enrolled nodes that have neither reported nor been excused."""
        current = {
            author.node
            for author in self._builder.authors.values()
            if author.node and author.standing == CURRENT
        }
        for node, (_epoch, _key, status) in self._enrolled_since().items():
            if status == "active":
                current.add(node)
            else:
                current.discard(node)
        return sorted(current - returned.settled_nodes(self._database))

    def _enrolled_since(self) -> dict[int, tuple[int, bytes, str]]:
        """Return node -> (epoch, key, status) as the handed-back NODE ops leave them."""
        kind = KINDS[NODE]
        names = ("epoch", "public_key", "status")
        found: dict[int, tuple[int, bytes, str]] = {}
        for op in returned.ops_of_kind(self._database, NODE):
            try:
                write = write_from_body(kind, op.body)
            except ProtocolError:
                continue
            if op.header.node or not isinstance(write.key, int):
                continue
            row = self._builder.state.register(NODE, write.key)
            before = found.get(write.key)
            values: list[object] = (
                list(before)
                if before is not None
                else [None if row is None else row.value(field_index(NODE, name)) for name in names]
            )
            for change in write.changes:
                for at, name in enumerate(names):
                    if change.index == field_index(NODE, name):
                        values[at] = change.value
            epoch, key, status = values
            if isinstance(epoch, int) and isinstance(key, bytes):
                found[write.key] = (epoch, key, str(status))
        return found

    def is_complete(self) -> bool:
        """Return whether the log can be made whole."""
        return self.under_way and not self.waited_for()

    def next_block(self) -> Block | None:
        """Return the next handed-back block to append, None when all are in the log."""
        head = self._builder.head
        return returned.block_after(self._database, head, head.stream)

    def restore(self, block: Block) -> Committed:
        """Append a handed-back block as it was."""
        return self._builder.restore(block)

    def finish(self) -> list[int]:
        """Begin the next generation behind the whole log; return the excused nodes."""
        excused = returned.excused_nodes(self._database)
        highest = max((node for node, _epoch in self._builder.authors), default=0)
        self._builder.begin_generation(highest + SKIPPED_NODES)
        self._nodes.clear()
        self.under_way = False
        logger.warning("recovery is over", extra={"generation": self._builder.head.generation})
        return excused


def status(database: Database) -> dict[str, object]:
    """Return where a recovery stands, for `cafebox-hub status`."""
    return returned.status(database)
