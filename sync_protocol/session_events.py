"""What a session tells its host: what happened (past tense), and what it needs next (`Wanted`)."""

from sync_protocol.blocks import Block
from sync_protocol.greetings import Hello, Welcome
from sync_protocol.messages import GrantAnswer, GrantRequest, Recall
from sync_protocol.ops import Op


class Event:
    """An event of a session."""


class Transmit(Event):
    """Publish `data` on `topic`."""

    def __init__(self, topic: str, data: bytes) -> None:
        self.topic = topic
        self.data = data


class PeerErred(Event):
    """The peer sent what it must not; nothing changed. `code` is for a counter."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        self.detail = detail


class MessageIgnored(Event):
    """A message was of an unknown type or version, or came twice or late; see `reason`."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class SessionFenced(Event):
    """The epoch is fenced for a FENCED_ reason, found at op `seq`."""

    def __init__(self, reason: int, seq: int) -> None:
        self.reason = reason
        self.seq = seq


class ClockMeasured(Event):
    """The node's wall clock is `offset_ms` behind the hub's, give or take `error_ms`."""

    def __init__(self, segment: int, offset_ms: int, error_ms: int) -> None:
        self.segment = segment
        self.offset_ms = offset_ms
        self.error_ms = error_ms


# Of a node's session.


class Welcomed(Event):
    """The hub and the node agree up to the hub's watermark; pushing begins."""

    def __init__(self, welcome: Welcome) -> None:
        self.welcome = welcome


class HashWanted(Event):
    """Answer with `hash_known(seq, hash of our op seq)`."""

    def __init__(self, seq: int) -> None:
        self.seq = seq


class OpsWanted(Event):
    """Answer with `push(ops)`: one to `limit` ops from `from_seq` on."""

    def __init__(self, from_seq: int, limit: int) -> None:
        self.from_seq = from_seq
        self.limit = limit


class OpsAcked(Event):
    """The hub has committed all our ops up to `seq`, whose hash is `hash`. After the hub was
    restored from a backup `seq` may be lower than before."""

    def __init__(self, seq: int, hash: bytes) -> None:
        self.seq = seq
        self.hash = hash


class BatchRejected(Event):
    """The hub did not take the batch at `from_seq`; it is sent again after a pause."""

    def __init__(self, from_seq: int, code: str) -> None:
        self.from_seq = from_seq
        self.code = code


class Cursor:
    """A place in the hub's log: behind `position`, at the end of block `block_number`."""

    __slots__ = ("generation", "stream", "position", "block_number", "block_hash")

    def __init__(
        self, generation: int, stream: int, position: int, block_number: int, block_hash: bytes
    ) -> None:
        self.generation = generation
        self.stream = stream
        self.position = position
        self.block_number = block_number
        self.block_hash = block_hash


class BlocksReceived(Event):
    """Verified blocks that follow what was handed over before; commit them in this order and
    answer with `blocks_applied(cursor)`. `signature` is the hub's, of the last one."""

    def __init__(self, blocks: "list[Block]", cursor: Cursor, signature: bytes) -> None:
        self.blocks = blocks
        self.cursor = cursor
        self.signature = signature

    def ops(self) -> int:
        """Return how many ops the blocks hold."""
        return self.cursor.position - self.blocks[0].first_position + 1

    def joined(self, later: "BlocksReceived") -> "BlocksReceived":
        """Return this range and the one that follows it as one."""
        return BlocksReceived(self.blocks + later.blocks, later.cursor, later.signature)


class BlocksWanted(Event):
    """Fetch blocks `first` to `last` from the hub and feed each answer to `receive_blocks`."""

    def __init__(self, generation: int, first: int, last: int) -> None:
        self.generation = generation
        self.first = first
        self.last = last


class BlocksRefused(Event):
    """A range of blocks does not verify; nothing changed."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        self.detail = detail


class GenerationChanged(Event):
    """The hub's log goes on in a new generation, so that our cursor means nothing to it."""

    def __init__(self, generation: int) -> None:
        self.generation = generation


class HeadAnnounced(Event):
    """The hub's log ends at `block_number`, `position`; `backup_number` is backed up."""

    def __init__(
        self, generation: int, block_number: int, position: int, backup_number: int
    ) -> None:
        self.generation = generation
        self.block_number = block_number
        self.position = position
        self.backup_number = backup_number


class GrantAnswered(Event):
    """The hub granted rights or refused them."""

    def __init__(self, answer: GrantAnswer) -> None:
        self.answer = answer


class RecallReceived(Event):
    """The hub asks for rights back."""

    def __init__(self, recall: Recall) -> None:
        self.recall = recall


# Of the hub's session with a node.


class HelloReceived(Event):
    """Answer with `take_hello(facts)` or `fence(reason)`. What was handed over before and is not
    yet committed must be committed or dropped first: the node sends it again."""

    def __init__(self, hello: Hello) -> None:
        self.hello = hello


class BatchReceived(Event):
    """Verified ops that follow those handed over before; commit them in this order, then answer
    with `committed(seq)`, or with `not_committed(code)` if they cannot be committed."""

    def __init__(self, ops: "list[Op]", signature: bytes) -> None:
        self.ops = ops
        self.signature = signature


class HistoryWanted(Event):
    """Answer with `history_known(hash of op before_seq, hash of op last_seq)` of this node."""

    def __init__(self, before_seq: int, last_seq: int) -> None:
        self.before_seq = before_seq
        self.last_seq = last_seq


class BatchQuarantined(Event):
    """A batch was not taken; keep `data` with the reason. Other nodes flow past it."""

    def __init__(self, code: str, detail: str, data: bytes) -> None:
        self.code = code
        self.detail = detail
        self.data = data


class GrantRequested(Event):
    """A node asks for rights; answer with `answer_grant`."""

    def __init__(self, request: GrantRequest) -> None:
        self.request = request
