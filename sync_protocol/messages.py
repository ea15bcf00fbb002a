"""Every message between a box and the hub, its fields with their limits, and the topics.

A message is the canonical bytes of [type, version, fields ...]. Decoding is strict: field for
field, each within the limits written beside it. A type or version that is not known here comes
back as `Unknown`, to be counted and otherwise ignored, so that a peer may be newer.

| topic                       | from | messages                                                |
|-----------------------------|------|---------------------------------------------------------|
| cafebox/<chain>/up/<node>   | node | Hello, Push, Fenced, GrantRequest, Ping, Pong           |
| cafebox/<chain>/down/<node> | hub  | Welcome, Ack, Reject, Fenced, GrantAnswer, Recall, ...  |
| cafebox/<chain>/blocks      | hub  | Blocks                                                  |
| cafebox/<chain>/head        | hub  | Head                                                    |

(down also carries Ping and Pong.)
"""

from sync_protocol.blocks import BLOCK_OPS_MAX
from sync_protocol.codec import pack, unpack
from sync_protocol.errors import LimitError
from sync_protocol.expect import (
    AMOUNT_MAX,
    ID_MAX,
    expect_bytes,
    expect_int,
    expect_key,
    expect_list,
    expect_text,
)
from sync_protocol.frames import FRAME_BYTES_MAX
from sync_protocol.ops import (
    EPOCH_MAX,
    HASH_BYTES,
    NODE_MAX,
    POSITION_MAX,
    REFERENCE_HASH_BYTES,
    SEQ_MAX,
    STAMP_MAX,
    OpRef,
    ref_from_row,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Fields = tuple[tuple[Any, ...], ...]

MESSAGE_VERSION = 1
MESSAGE_BYTES_MAX = FRAME_BYTES_MAX + 16384
"""Of any message. Brokers take 20 MiB, so the limit is ours to set."""

SIGNATURE_BYTES = 64
"""Ed25519 (RFC 8032)."""
UNSIGNED = b"\x00" * SIGNATURE_BYTES
"""Stands in a message until it is signed; no key has made it."""

RANGE_BLOCKS_MAX = 1024
"""Blocks coded as one range."""

MS_MAX = STAMP_MAX >> 16
COUNT_MAX = 0xFFFFFFFF

FENCED_REWIND = 1
"""The box has fewer ops than the hub: its store is an older copy."""
FENCED_FORK = 2
"""The box and the hub have different ops of one number: two boxes share one identity."""
FENCED_EPOCH_CLOSED = 3
FENCED_UNKNOWN_NODE = 4
FENCED_REVOKED = 5

FENCED_REASONS = {
    FENCED_REWIND: "rewind",
    FENCED_FORK: "fork",
    FENCED_EPOCH_CLOSED: "epoch_closed",
    FENCED_UNKNOWN_NODE: "unknown_node",
    FENCED_REVOKED: "revoked",
}

CODE_HELLO = "hello"
"""Reject code: the hub does not know the session; the node greets anew."""
CODE_GAP = "gap"
"""Reject code: batches before this one are missing."""


def _expect_codecs(value: object, name: str) -> "list[int]":
    return [expect_int(codec, name, 0, 0xFF) for codec in expect_list(value, name, 1, 16)]


def _expect_counts(value: object, name: str) -> "list[int]":
    counts = expect_list(value, name, 1, RANGE_BLOCKS_MAX)
    return [expect_int(count, name, 1, BLOCK_OPS_MAX) for count in counts]


def _expect_ref(value: object, name: str) -> "OpRef | None":
    return None if value is None else ref_from_row(expect_list(value, name, 4, 4))


_NODE = ("node", expect_int, 0, NODE_MAX)
_EPOCH = ("epoch", expect_int, 1, EPOCH_MAX)
_GENERATION = ("generation", expect_int, 0, EPOCH_MAX)
_STREAM = ("stream", expect_int, 0, 0xFFFF)
_SESSION = ("session", expect_int, 0, COUNT_MAX)
_WALL = ("wall_ms", expect_int, 0, MS_MAX)
_SEGMENT = ("segment", expect_int, 0, COUNT_MAX)
_CODECS = ("codecs", _expect_codecs)
_SIGNATURE = ("signature", expect_bytes, SIGNATURE_BYTES, SIGNATURE_BYTES)
_REQUEST = ("request_id", expect_int, 0, ID_MAX)
_CLASS = ("account_class", expect_int, 1, 0xFFFF)
_SUBJECT = ("subject", expect_key)
_UNIT = ("unit", expect_text, 64)
_AMOUNT = ("amount", expect_int, 1, AMOUNT_MAX)


def _hash(name: str, low: int = HASH_BYTES) -> "tuple[Any, ...]":
    return (name, expect_bytes, low, HASH_BYTES)


def _seq(name: str, low: int = 0) -> "tuple[Any, ...]":
    return (name, expect_int, low, SEQ_MAX)


def _place(name: str) -> "tuple[Any, ...]":
    """Return the field of a log position or a block number."""
    return (name, expect_int, 0, POSITION_MAX)


class Message:
    """What every message has: a numeric TYPE and FIELDS of (attribute, check, limits ...)."""

    TYPE = 0
    FIELDS: "Fields" = ()

    def values(self) -> "list[object]":
        """Return the message as an array."""
        values: list[object] = [self.TYPE, MESSAGE_VERSION]
        for field in self.FIELDS:
            value = getattr(self, field[0])
            values.append(value.row() if isinstance(value, OpRef) else value)
        return values

    def pack(self) -> bytes:
        """Return the message as it is published."""
        return pack(self.values())


class SignedMessage(Message):
    """A message whose last field is its sender's signature of all that is before it."""

    signature = b""

    def signing_bytes(self, chain: str, node: int) -> bytes:
        """Return what is signed in the session of `node`, whichever side sends it."""
        return pack(["cafebox message", chain, node] + self.values()[:-1])

    def sign(self, chain: str, node: int, sign: "Callable[[bytes], bytes]") -> bytes:
        """Sign the message and return its bytes."""
        self.signature = sign(self.signing_bytes(chain, node))
        return self.pack()


class Hello(SignedMessage):
    """A node opens a session: who it is, what it has, what it has applied. Signed by the node.

    `seq` and `hash` are its last op's, (0, genesis hash) before the first; `acked_seq` and
    `acked_hash` those of the last op that the hub acked. `generation` to `block_hash` are the
    cursor. `session` is random and comes back in the WELCOME that answers.
    """

    TYPE = 1
    FIELDS = (
        ("chain", expect_text, 64),
        _NODE,
        _EPOCH,
        _SESSION,
        _seq("seq"),
        _hash("hash"),
        _seq("acked_seq"),
        _hash("acked_hash"),
        _GENERATION,
        _STREAM,
        _place("position"),
        _place("block_number"),
        _hash("block_hash"),
        _CODECS,
        _WALL,
        _SEGMENT,
        ("software", expect_text, 64),
        ("hardware", expect_bytes, 0, 64),
        _SIGNATURE,
    )

    def __init__(
        self,
        chain: str,
        node: int,
        epoch: int,
        session: int,
        seq: int,
        hash: bytes,
        acked_seq: int,
        acked_hash: bytes,
        generation: int,
        stream: int,
        position: int,
        block_number: int,
        block_hash: bytes,
        codecs: "list[int]",
        wall_ms: int,
        segment: int,
        software: str,
        hardware: bytes,
        signature: bytes = UNSIGNED,
    ) -> None:
        self.chain = chain
        self.node = node
        self.epoch = epoch
        self.session = session
        self.seq = seq
        self.hash = hash
        self.acked_seq = acked_seq
        self.acked_hash = acked_hash
        self.generation = generation
        self.stream = stream
        self.position = position
        self.block_number = block_number
        self.block_hash = block_hash
        self.codecs = codecs
        self.wall_ms = wall_ms
        self.segment = segment
        self.software = software
        self.hardware = hardware
        self.signature = signature


class Welcome(SignedMessage):
    """The hub answers HELLO: its watermark for the epoch with the op's hash, its head, its limits.
    Signed by the hub.

    `backup_number` is the last block in the hub's last backup: a box keeps what is later.
    `window` is how many batches may wait for their ack.
    """

    TYPE = 2
    FIELDS = (
        _EPOCH,
        _SESSION,
        _seq("watermark"),
        _hash("hash"),
        _GENERATION,
        _STREAM,
        _place("position"),
        _place("block_number"),
        _place("backup_number"),
        _WALL,
        _CODECS,
        ("ops_max", expect_int, 1, BLOCK_OPS_MAX),
        ("bytes_max", expect_int, 1024, FRAME_BYTES_MAX),
        ("window", expect_int, 1, 64),
        _SIGNATURE,
    )

    def __init__(
        self,
        epoch: int,
        session: int,
        watermark: int,
        hash: bytes,
        generation: int,
        stream: int,
        position: int,
        block_number: int,
        backup_number: int,
        wall_ms: int,
        codecs: "list[int]",
        ops_max: int,
        bytes_max: int,
        window: int,
        signature: bytes = UNSIGNED,
    ) -> None:
        self.epoch = epoch
        self.session = session
        self.watermark = watermark
        self.hash = hash
        self.generation = generation
        self.stream = stream
        self.position = position
        self.block_number = block_number
        self.backup_number = backup_number
        self.wall_ms = wall_ms
        self.codecs = codecs
        self.ops_max = ops_max
        self.bytes_max = bytes_max
        self.window = window
        self.signature = signature


class Push(Message):
    """A batch of consecutive ops: a frame of rows [header, body], or [header, body hash] where
    the body was erased, signed over `push_signing_bytes` of its last op."""

    TYPE = 3
    FIELDS = (
        _NODE,
        _EPOCH,
        _seq("first_seq", 1),
        ("frame", expect_bytes, 1, FRAME_BYTES_MAX),
        _SIGNATURE,
    )

    def __init__(
        self, node: int, epoch: int, first_seq: int, frame: bytes, signature: bytes
    ) -> None:
        self.node = node
        self.epoch = epoch
        self.first_seq = first_seq
        self.frame = frame
        self.signature = signature


class Ack(Message):
    """All ops of the epoch up to `seq` are committed at the hub; `hash8` is of that op."""

    TYPE = 4
    FIELDS = (
        _EPOCH,
        _seq("seq"),
        ("hash8", expect_bytes, REFERENCE_HASH_BYTES, REFERENCE_HASH_BYTES),
    )

    def __init__(self, epoch: int, seq: int, hash8: bytes) -> None:
        self.epoch = epoch
        self.seq = seq
        self.hash8 = hash8


class Reject(Message):
    """A batch was not taken, for the reason `code`; the hub's watermark is `from_seq` - 1."""

    TYPE = 5
    FIELDS = (_EPOCH, _seq("from_seq", 1), ("code", expect_text, 64))

    def __init__(self, epoch: int, from_seq: int, code: str) -> None:
        self.epoch = epoch
        self.from_seq = from_seq
        self.code = code


class Fenced(SignedMessage):
    """This epoch writes no more, for one of the FENCED_ reasons. Either side may find it.

    `session` is that of the HELLO that it answers, so that an old one says nothing later. `seq`
    and `hash` are the sender's op at which the two differ; hash b"" where it has none. Signed by
    the sender.
    """

    TYPE = 6
    FIELDS = (
        _EPOCH,
        _SESSION,
        ("reason", expect_int, FENCED_REWIND, FENCED_REVOKED),
        _seq("seq"),
        _hash("hash", 0),
        _SIGNATURE,
    )

    def __init__(
        self,
        epoch: int,
        session: int,
        reason: int,
        seq: int,
        hash: bytes,
        signature: bytes = UNSIGNED,
    ) -> None:
        self.epoch = epoch
        self.session = session
        self.reason = reason
        self.seq = seq
        self.hash = hash
        self.signature = signature


class Blocks(Message):
    """A range of blocks coded as one, verified by the hub's signature of the last.

    `counts`: entries of each block; the frame holds the entries of all, see `blocks`.
    """

    TYPE = 7
    FIELDS = (
        _GENERATION,
        _STREAM,
        _place("first_number"),
        _place("first_position"),
        _hash("previous_hash"),
        ("counts", _expect_counts),
        ("frame", expect_bytes, 1, FRAME_BYTES_MAX),
        _SIGNATURE,
    )

    def __init__(
        self,
        generation: int,
        stream: int,
        first_number: int,
        first_position: int,
        previous_hash: bytes,
        counts: "list[int]",
        frame: bytes,
        signature: bytes,
    ) -> None:
        self.generation = generation
        self.stream = stream
        self.first_number = first_number
        self.first_position = first_position
        self.previous_hash = previous_hash
        self.counts = counts
        self.frame = frame
        self.signature = signature

    def last_number(self) -> int:
        """Return the number of the last block."""
        return self.first_number + len(self.counts) - 1


class Head(SignedMessage):
    """The hub's log ends here; sent every few seconds, so that a box finds what it missed.

    Signed by the hub for all, with its own node number: what a box believes of generations, of the
    log's end and of backups it has from here and from WELCOME alone.
    """

    TYPE = 8
    FIELDS = (
        _GENERATION,
        _STREAM,
        _place("block_number"),
        _place("position"),
        ("hash8", expect_bytes, REFERENCE_HASH_BYTES, REFERENCE_HASH_BYTES),
        _place("backup_number"),
        _WALL,
        _SIGNATURE,
    )

    def __init__(
        self,
        generation: int,
        stream: int,
        block_number: int,
        position: int,
        hash8: bytes,
        backup_number: int,
        wall_ms: int,
        signature: bytes = UNSIGNED,
    ) -> None:
        self.generation = generation
        self.stream = stream
        self.block_number = block_number
        self.position = position
        self.hash8 = hash8
        self.backup_number = backup_number
        self.wall_ms = wall_ms
        self.signature = signature


class GrantRequest(Message):
    """A box asks for rights on a limited account; a repeat of `request_id` gets the same op."""

    TYPE = 9
    FIELDS = (
        _EPOCH,
        _REQUEST,
        _CLASS,
        _SUBJECT,
        _UNIT,
        _AMOUNT,
        ("purpose", expect_text, 32),
    )

    def __init__(
        self,
        epoch: int,
        request_id: int,
        account_class: int,
        subject: "int | str",
        unit: str,
        amount: int,
        purpose: str,
    ) -> None:
        self.epoch = epoch
        self.request_id = request_id
        self.account_class = account_class
        self.subject = subject
        self.unit = unit
        self.amount = amount
        self.purpose = purpose


class GrantAnswer(Message):
    """The hub's answer: `ref` of the op that grants, or None and the `code` of the refusal."""

    TYPE = 10
    FIELDS = (_REQUEST, ("ref", _expect_ref), ("code", expect_text, 64))

    def __init__(self, request_id: int, ref: "OpRef | None", code: str) -> None:
        self.request_id = request_id
        self.ref = ref
        self.code = code


class Recall(Message):
    """The hub asks a box to release up to `amount`; the answer is a ledger op of the box."""

    TYPE = 11
    FIELDS = (_CLASS, _SUBJECT, _UNIT, _AMOUNT)

    def __init__(self, account_class: int, subject: "int | str", unit: str, amount: int) -> None:
        self.account_class = account_class
        self.subject = subject
        self.unit = unit
        self.amount = amount


class Ping(Message):
    """Ask for the other's wall clock. `sent_ms` is the asker's own clock, for it alone to read."""

    TYPE = 12
    FIELDS = (("sent_ms", expect_int, 0, MS_MAX),)

    def __init__(self, sent_ms: int) -> None:
        self.sent_ms = sent_ms


class Pong(Message):
    """The answer: `sent_ms` back, the answerer's wall clock and its clock segment (hub: 0)."""

    TYPE = 13
    FIELDS = (("sent_ms", expect_int, 0, MS_MAX), _WALL, _SEGMENT)

    def __init__(self, sent_ms: int, wall_ms: int, segment: int) -> None:
        self.sent_ms = sent_ms
        self.wall_ms = wall_ms
        self.segment = segment


class Unknown(Message):
    """A message of a type or version that this node does not know."""

    def __init__(self, type: int, version: int) -> None:
        self.type = type
        self.version = version


def _by_type() -> "dict[int, type[Message]]":
    classes: tuple[type[Message], ...] = (
        Hello,
        Welcome,
        Push,
        Ack,
        Reject,
        Fenced,
        Blocks,
        Head,
        GrantRequest,
        GrantAnswer,
        Recall,
        Ping,
        Pong,
    )
    table = {}
    for message_class in classes:
        table[message_class.TYPE] = message_class
    return table


MESSAGES = _by_type()


def unpack_message(data: bytes) -> Message:
    """Return the message of published bytes. Raises `DecodeError` or `LimitError`."""
    if len(data) > MESSAGE_BYTES_MAX:
        raise LimitError("message_bytes", str(len(data)))
    values = expect_list(unpack(data), "message", 2, 64)
    type_number = expect_int(values[0], "message.type", 0, 0xFFFF)
    version = expect_int(values[1], "message.version", 0, 0xFFFF)
    message_class = MESSAGES.get(type_number)
    if message_class is None or version != MESSAGE_VERSION:
        return Unknown(type_number, version)
    fields = message_class.FIELDS
    expect_list(values, "message", 2 + len(fields), 2 + len(fields))
    checked = []
    for index in range(len(fields)):
        field = fields[index]
        checked.append(field[1](values[2 + index], field[0], *field[2:]))
    return message_class(*checked)


def push_signing_bytes(chain: str, node: int, epoch: int, last_seq: int, head_hash: bytes) -> bytes:
    """Return what a node signs for a batch: the hash chain stands for all ops before."""
    return pack(["cafebox push", chain, node, epoch, last_seq, head_hash])


def up_topic(chain: str, node: int) -> str:
    """Return the topic on which `node` publishes to the hub."""
    return "cafebox/%s/up/%d" % (chain, node)


def up_topics(chain: str) -> str:
    """Return the filter by which the hub subscribes to all nodes."""
    return "cafebox/%s/up/+" % chain


def node_of_topic(chain: str, topic: str) -> "int | None":
    """Return the node of an `up_topic`, or None if it is not one."""
    prefix = "cafebox/%s/up/" % chain
    number = topic[len(prefix) :]
    if not topic.startswith(prefix) or len(number) > 8 or not number.isdigit():
        return None
    node = int(number)
    return node if node <= NODE_MAX and number == str(node) else None


def down_topic(chain: str, node: int) -> str:
    """Return the topic on which the hub publishes to `node`."""
    return "cafebox/%s/down/%d" % (chain, node)


def blocks_topic(chain: str) -> str:
    """Return the topic of the hub's log."""
    return "cafebox/%s/blocks" % chain


def head_topic(chain: str) -> str:
    """Return the topic of head announcements."""
    return "cafebox/%s/head" % chain
